// Neural network lab, course package: the record of a student's work, and its short form for a course system. Pure functions.
//
// A record is the object of an answers file (nn-lab/answers, version 1). First guesses, verdicts, and times are never dropped.
'use strict';

const isObject = (value) => typeof value === 'object' && value !== null;
const isAttempt = (attempt) => isObject(attempt) && typeof attempt.id === 'string' && !Number.isNaN(Date.parse(attempt.time)) && typeof (attempt.guess ?? {}) === 'object' && typeof (attempt.outcome ?? {}) === 'object';
const isAnswer = (answer) => isObject(answer) && [answer.id, answer.section, answer.question ?? ''].every((text) => typeof text === 'string') && Array.isArray(answer.attempts) && answer.attempts.length > 0 && answer.attempts.every(isAttempt);
const isRecord = (record) => record?.schema === 'nn-lab/answers' && record.schema_version === 1 && Array.isArray(record.answers);
const countAttempts = (record) => record.answers.filter(isAnswer).reduce((sum, { attempts }) => sum + attempts.length, 0);

/** Adds the attempts of another record. Nothing is removed, so a first guess stays the first guess. */
function mergeRecord(record, other) {
  record.student = other.student || record.student;
  record.lab_version = other.lab_version || record.lab_version;
  for (const answer of other.answers.filter(isAnswer)) {
    const known = record.answers.find(({ id }) => id === answer.id);
    if (!known) {
      record.answers.push(answer);
      continue;
    }
    known.question = answer.question || known.question;
    for (const attempt of answer.attempts) {
      const same = known.attempts.find(({ id }) => id === attempt.id);
      if (!same) known.attempts.push(attempt);
      // A result that was shortened gives way to the complete one.
      else if (attempt.outcome && !Object.keys(same.outcome?.settings ?? {}).length) same.outcome = attempt.outcome;
    }
    known.attempts.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  }
}

/** Returns the keys of the questions in a lesson's address, by name and by text. A lesson in a file has none in its address. */
function questionsIn(link) {
  const questions = new Map();
  for (const [name, item] of new URLSearchParams(link.slice(link.indexOf('?', link.indexOf('#')) + 1))) {
    if (!/^item\d+$/.test(name)) continue;
    const [path, query] = item.split(/\?(.*)/s);
    const keys = new URLSearchParams(query);
    const section = path.split('/')[0];
    questions.set(`${section}/${keys.get('ask_id')}`, keys).set(`${section}?${keys.get('ask')}`, keys);
  }
  return questions;
}

/** Returns the right answer as [minimum, maximum, value] or as the text of an option, if it is known. */
function rightAnswer(questions, { id, section, question }, { guess, outcome }) {
  if (typeof guess?.choice === 'string' && outcome?.verdict?.result === 'right') return guess.choice;
  const keys = questions.get(id) ?? questions.get(`${section}?${question}`);
  const right = keys?.get('ask_answer');
  if (!right) return undefined;
  const measured = (keys.get('ask_metric') ?? '').split(',').map((name) => outcome?.measured?.[name.trim()]);
  if (typeof guess?.choice === 'string') {
    const options = (keys.get('ask_options') ?? '').split('|').map((option) => option.trim());
    if (!['largest', 'smallest'].includes(right)) return options.includes(right) ? right : undefined;
    const best = Math[right === 'largest' ? 'max' : 'min'](...measured);
    return options.length === measured.length ? options[measured.indexOf(best)] : undefined;
  }
  if (!isPlain(guess?.number)) return undefined;
  const range = right.split('..').map(Number);
  if (range.length === 2) return range.every(isPlain) ? range : undefined;
  const value = right === 'measured' ? measured[0] : Number(right);
  const tolerance = Number(keys.get('ask_tolerance') ?? Math.abs(value) / 20);
  return isPlain(value) && isPlain(tolerance) ? [value - tolerance, value + tolerance, value] : undefined;
}

/** True for a number that every course system takes. */
const isPlain = (value) => Number.isFinite(value) && Math.abs(value) < 1e5;

/** Returns a number without an exponent, with seven significant digits. */
function decimal(value) {
  const text = value.toFixed(Math.min(18, Math.max(0, 6 - Math.floor(Math.log10(Math.abs(value) || 1)))));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Returns an option as a name of letters, digits, dots, and _, with a number where that loses something. */
function choiceName(text) {
  const name = text.trim().normalize('NFKD').replace(/\p{M}/gu, '').replace(/[^\w.]+/g, '_').slice(0, 200);
  if (name === text.trim().replaceAll(' ', '_')) return name;
  let hash = 0;
  for (const letter of text) hash = (hash * 31 + letter.codePointAt(0)) % 0x10000;
  return `${name}_${hash.toString(16)}`;
}

/** Returns at most 11 points of a curve. */
const thin = (curve) => (Array.isArray(curve) && curve.length > 11 ? Array.from({ length: 11 }, (_, i) => curve[Math.round((i * (curve.length - 1)) / 10)]) : curve);

/** Returns the type and the response of an interaction. The two versions of SCORM differ in their words. */
function responseTo(guess, is2004) {
  if (typeof guess?.choice === 'string') return ['choice', choiceName(guess.choice)];
  if (isPlain(guess?.number)) return ['numeric', decimal(guess.number)];
  if (!guess) return [is2004 ? 'other' : 'performance'];
  const points = (curve) => curve.filter((point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite)).map((point) => point.map(decimal).join(':')).join(' ');
  const text = Array.isArray(guess.curve) ? points(is2004 ? guess.curve : thin(guess.curve)) : String(guess.number);
  return is2004 ? ['other', text.slice(0, 4000)] : ['fill-in', text.slice(0, 255)];
}

const two = (part) => String(part).padStart(2, '0');

/** Returns a duration in the notation of the version. */
function duration(milliseconds, is2004) {
  const seconds = Math.floor(milliseconds / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return is2004 ? `PT${hours}H${minutes}M${rest}S` : [String(hours).padStart(4, '0'), two(minutes), two(rest)].join(':');
}

const changeOutcomes = (answers, from, change) => answers.forEach(({ attempts }) => attempts.slice(from).forEach(({ outcome }) => outcome && change(outcome)));

/** The steps that shorten answers, in their order. */
const SHORTENING = [
  (answers) => changeOutcomes(answers, 1, (outcome) => Object.assign(outcome, { settings: null, measured: null, words: null, device: null, curve: null })),
  (answers) => answers.forEach((answer) => (answer.attempts = answer.attempts.filter((_, i, { length }) => i === 0 || i === length - 1))),
  (answers) => {
    answers.forEach(({ attempts }) => attempts.forEach(({ guess }) => guess?.curve && (guess.curve = thin(guess.curve))));
    changeOutcomes(answers, 0, (outcome) => (outcome.curve = thin(outcome.curve)));
  },
  (answers) => answers.forEach((answer) => (answer.question = null)),
  (answers) => changeOutcomes(answers, 0, (outcome) => (outcome.measured = null)),
  (answers) => changeOutcomes(answers, 0, (outcome) => Object.assign(outcome, { settings: null, device: null, words: null })),
  (answers) => changeOutcomes(answers, 0, (outcome) => (outcome.curve = null)),
  (answers) => answers.forEach(({ attempts }) => attempts.splice(1)),
];

const FORMAT = 1;
const filled = (value) => (value && Object.keys(value).length ? value : null);
const trimmed = (list) => list.slice(0, list.findLastIndex((value) => value !== null && value !== undefined) + 1);
const packTime = (time) => Date.parse(time).toString(36);
const unpackTime = (text) => new Date(parseInt(text, 36)).toISOString();

/**
 * Returns a record as text of at most `room` characters, and whether answers are missing in it. `written` has the index and
 * the stage of each answer's interaction.
 */
function packRecord(record, written, room) {
  const outcome = ({ time, verdict, seed, seeds, measured, words, curve, settings, device, lab_version: version }) => {
    const { result, score, off, seeds: count, right } = verdict ?? {};
    return trimmed([packTime(time), trimmed([result, score, off, count, right]), seed, seeds, filled(measured), filled(words), curve, filled(settings), device, version === record.lab_version ? null : version]);
  };
  const attempt = (one) => trimmed([one.id, packTime(one.time), Object.values(one.guess ?? {})[0], one.outcome && outcome(one.outcome)]);
  const answer = ({ id, section, kind, question, attempts }) =>
    trimmed([id, attempts.map(attempt), written.get(id), question || null, kind === 'question' ? null : kind, id.startsWith(`${section}/`) ? null : section]);
  const write = (answers, round, isCut) => JSON.stringify({ v: FORMAT, s: record.student, b: record.lab_version, c: isCut, a: answers.map(answer) }, round);
  let text = write(record.answers);
  if (text.length <= room) return { text };

  const answers = JSON.parse(JSON.stringify(record.answers));
  const round = (_, value) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value);
  for (const shorten of SHORTENING) {
    shorten(answers);
    text = write(answers, round);
    if (text.length <= room) return { text };
  }
  while (text.length > room && answers.pop()) text = write(answers, round, 1);
  return { text, isCut: true };
}

/** Returns what such a text has. What was dropped is empty or null. Throws if the text is something else. */
function unpackRecord(text, questions) {
  const { v, s, b, c, a } = JSON.parse(text);
  if (v !== FORMAT) throw new Error('another format');
  const written = new Map();
  const outcome = ([time, [result = 'open', score = null, off = null, count = 0, right = null], seed, seeds, measured, words, curve, settings, device, version]) => ({
    time: unpackTime(time), measured: measured ?? {}, curve: curve ?? null, words: words ?? [], verdict: { result, score, off, seeds: count ?? 0, right },
    settings: settings ?? {}, seed: seed ?? 0, seeds: seeds ?? 0, device: device ?? null, lab_version: version ?? b ?? '',
  });
  const guessed = (guess) => (Array.isArray(guess) ? { curve: guess } : typeof guess === 'string' ? { choice: guess } : typeof guess === 'number' ? { number: guess } : null);
  const attempt = ([id, time, guess, result]) => ({ id, time: unpackTime(time), guess: guessed(guess), outcome: result ? outcome(result) : null });
  const answers = a.map(([id, attempts, interaction, question, kind, section]) => {
    if (interaction) written.set(id, interaction);
    return { id, section: section ?? id.split('/')[0], kind: kind ?? 'question', question: question ?? questions.get(id)?.get('ask') ?? '', attempts: attempts.map(attempt) };
  });
  return { record: { student: s ?? null, lab_version: b ?? '', answers }, written, isCut: c === 1 };
}
