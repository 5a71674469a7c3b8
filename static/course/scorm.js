// Neural network lab, course package: keeps the answers to a lesson in a course system (SCORM 1.2 and SCORM 2004).
//
// The page shows the lesson in a frame. The lesson reports the student's record of work in messages, and this script writes
// it to the course system: score, completion, one interaction per question (the first guess), and the record itself as
// suspend data, which the lesson gets back when the student returns. Without a course system the lesson works all the same.
//
// The status is "incomplete", then "completed" once every question is answered. It is never "passed" or "failed" (in SCORM
// 2004, the success status stays unknown), because a lesson has no passing mark: the score is the grade. The exit is always
// "suspend", because with another one some systems clear the record, which the student may want to read again.
'use strict';

const { link: lessonLink, id: lessonId } = document.body.dataset;
const labFrame = document.getElementById('lab');
const PATIENCE_MS = 20_000;
const SAVE_MS = 500;
const startedAt = Date.now();

/** Shows a sentence above the lesson, once per name. Without a text, removes it. */
function say(name, text, link) {
  const notices = document.getElementById('notices');
  const known = notices.querySelector(`[data-notice="${name}"]`);
  if (!text || known) return text || known?.remove();
  const notice = Object.assign(document.createElement('p'), { textContent: text });
  notice.dataset.notice = name;
  if (link) notice.append(' ', Object.assign(document.createElement('a'), { href: link, target: '_blank', rel: 'noopener', textContent: 'open the lesson in a new tab' }), '.');
  notices.append(notice);
}

// --- The course system ---

/** Returns the API of a course system, from the pages around this one or around the one that opened it. */
function findApi(name, method) {
  for (const first of [window, window.opener, window.top.opener]) {
    for (let at = first, level = 0; at && level <= 10; at = at.parent === at ? null : at.parent, level++) {
      // A page of another site cannot be read, but a page around it may be.
      try { if (typeof at[name]?.[method] === 'function') return at[name]; } catch {}
    }
  }
}

class CourseSystem {
  constructor(api, is2004) {
    Object.assign(this, { api, is2004, room: is2004 ? 64_000 : 4096, core: is2004 ? 'cmi.' : 'cmi.core.' });
  }

  /** Calls a function by its name in SCORM 2004. */
  call(name, ...values) {
    return String(this.api[this.is2004 ? name : name === 'Terminate' ? 'LMSFinish' : `LMS${name}`](...values) ?? '');
  }

  /** Returns a value; an empty text if there is none. */
  get(element) {
    try { return this.call('GetValue', element); } catch { return ''; }
  }

  /** Calls a function that returns "true", and shows the reason if it does not. */
  try(name, ...values) {
    let code = '';
    let text = '';
    try {
      if (this.call(name, ...values) === 'true') return true;
      code = this.call('GetLastError');
      text = this.call('GetErrorString', code);
    } catch (error) {
      text = String(error?.message ?? error);
    }
    // A course system may lack these elements. The suspend data has the whole record.
    const isOptional = ['401', '402'].includes(code) && /\.(interactions|progress_measure)/.test(values[0]);
    const reason = [code && `error ${code}`, text].filter(Boolean).join(': ') || 'no reason given';
    if (!isOptional) say('system', `The course system did not store everything (${reason}). The lesson goes on. “Hand in” saves all your answers as a file.`);
    return false;
  }

  set(element, value) { return this.try('SetValue', element, String(value)); }

  /** Starts recording. False if the course system refuses. */
  start() {
    this.statusName = this.is2004 ? 'cmi.completion_status' : 'cmi.core.lesson_status';
    let isStarted = false;
    try { isStarted = this.call('Initialize', '') === 'true'; } catch {}
    // After a reload, some systems refuse to start again but go on recording.
    this.status = this.get(this.statusName);
    if (!isStarted && !this.status) return false;
    this.isReview = ['review', 'browse'].includes(this.get(this.is2004 ? 'cmi.mode' : 'cmi.core.lesson_mode'));
    if (this.isReview) {
      say('review', 'The course system records nothing while you review this lesson.');
      return true;
    }
    if (!['completed', 'passed', 'failed'].includes(this.status)) this.setStatus('incomplete');
    this.set(`${this.core}exit`, 'suspend');
    return true;
  }

  setStatus(status) {
    if (this.status !== status && this.set(this.statusName, status)) this.status = status;
  }
}

/** Returns the course system, if there is one that records. */
function connect() {
  let isFound = false;
  for (const is2004 of [true, false]) {
    const api = findApi(is2004 ? 'API_1484_11' : 'API', is2004 ? 'Initialize' : 'LMSInitialize');
    const found = api && new CourseSystem(api, is2004);
    if (found?.start()) return found;
    isFound ||= Boolean(api);
  }
  say('system', `${isFound ? 'The course system did not start recording' : 'No course system was found'}, so your answers are not recorded here. The lesson works all the same. “Hand in” saves your answers as a file.`);
}

// --- What is written ---

const questions = questionsIn(lessonLink);
let record = { student: null, lab_version: '', answers: [] };
/** Answer id -> [index, stage] of its interaction. Stage 1 has the guess, stage 2 the result. */
let written = new Map();
/** True if answers were left out, whose interactions are not known then. */
let isCut = false;
/** The latest progress that the lesson reported. */
let progress;
let mayReplace = true;
let system = connect();

/** Writes the first attempt at a question, once with the guess and once more with the result. */
function writeInteraction(answer) {
  const [attempt] = answer.attempts;
  const { is2004 } = system;
  const stage = attempt.outcome ? 2 : 1;
  const [known = -1, done = 0] = written.get(answer.id) ?? [];
  if (done >= stage || (known < 0 && isCut && !is2004)) return;
  const id = answer.id.replace(/[^\x21-\x7e]/g, '_').slice(0, 250);
  const count = Number(system.get('cmi.interactions._count')) || 0;
  // Some systems start with an empty list in each session.
  const isKept = known >= 0 && known < count;
  const index = isKept ? known : count;
  const put = (name, value) => !value || system.set(`cmi.interactions.${index}.${name}`, value);
  written.set(answer.id, [index, stage]);
  if (!isKept) {
    if (!put('id', id)) return;
    const [type, response] = responseTo(attempt.guess, is2004);
    put('type', type);
    const date = new Date(attempt.time);
    if (is2004) put('timestamp', date.toISOString().replace(/\dZ$/, 'Z'));
    else put('time', [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':'));
    put(is2004 ? 'learner_response' : 'student_response', response);
    // A brace at the start would be read as a language.
    if (is2004 && answer.question) put('description', answer.question.replace(/\s+/g, ' ').replace(/^\{/, '(').slice(0, 250));
  }
  const right = rightAnswer(questions, answer, attempt);
  if (Array.isArray(right)) {
    const [minimum, maximum, value] = right.map(decimal);
    put('correct_responses.0.pattern', is2004 ? `${minimum}[:]${maximum}` : (value ?? `${minimum}:${maximum}`));
  } else if (right) {
    put('correct_responses.0.pattern', choiceName(right));
  }
  const { result, score } = attempt.outcome?.verdict ?? {};
  const partly = isPlain(score) && score >= 0 ? decimal(score) : 'neutral';
  put('result', { right: 'correct', wrong: is2004 ? 'incorrect' : 'wrong', partly }[result] ?? 'neutral');
}

function writeProgress({ answered, items, score, done }) {
  const { core, is2004 } = system;
  const share = (value) => Math.min(1, Math.max(0, value));
  if (Number.isFinite(score)) {
    system.set(`${core}score.min`, 0);
    system.set(`${core}score.max`, 100);
    system.set(`${core}score.raw`, decimal(Math.round(1e4 * share(score)) / 100));
    if (is2004) system.set('cmi.score.scaled', decimal(share(score)));
  }
  if (is2004 && Number.isFinite(answered / items)) system.set('cmi.progress_measure', decimal(share(answered / items)));
  if (done === true && !['passed', 'failed'].includes(system.status)) system.setStatus('completed');
}

let timer;

function save() {
  clearTimeout(timer);
  timer = undefined;
  if (!system || system.isReview) return;
  record.answers.forEach(writeInteraction);
  if (progress) writeProgress(progress);
  if (record.answers.length && mayReplace) {
    const packed = packRecord(record, written, system.room);
    system.set('cmi.suspend_data', packed.text);
    if (packed.isCut) say('room', 'The course system has too little room for all answers to this lesson. “Hand in” saves all of them as a file.');
  }
  system.set(`${system.core}session_time`, duration(Date.now() - startedAt, system.is2004));
  system.try('Commit', '');
}

// --- The lesson ---

let isReached = false;
let student = '';

if (system) {
  const text = system.get('cmi.suspend_data');
  try {
    if (text) ({ record, written, isCut } = unpackRecord(text, questions));
    // SCORM 2004 returns the ids of its interactions; with SCORM 1.2 the indexes of the last session must do.
    const count = system.is2004 ? Number(system.get('cmi.interactions._count')) || 0 : 0;
    for (let index = 0; index < count; index++) {
      const id = system.get(`cmi.interactions.${index}.id`);
      written.set(id, [index, written.get(id)?.[1] ?? 0]);
    }
  } catch {
    // A newer package may have written it.
    mayReplace = !/^\{"v":\d/.test(text);
    say('kept', `The course system kept answers that this package cannot read. ${mayReplace ? 'The lesson starts without them.' : 'They stay as they are, and the lesson starts without them.'}`);
  }
  student = system.get(system.is2004 ? 'cmi.learner_name' : 'cmi.core.student_name').trim();
  const parts = student.split(',').map((part) => part.trim());
  if (parts.length === 2) student = `${parts[1]} ${parts[0]}`.trim();
}

/** Sends the lesson the record that the course system kept, and the student's name. */
function greet(origin) {
  const send = (message) => labFrame.contentWindow.postMessage({ source: 'nn-lab-host', version: 1, ...message }, origin === 'null' ? '*' : origin);
  const lesson = { id: lessonId, title: document.title };
  if (record.answers.length) send({ type: 'restore', record: { schema: 'nn-lab/answers', schema_version: 1, lesson, saved: new Date().toISOString(), ...record } });
  if (student) send({ type: 'student', name: student });
}

addEventListener('message', ({ source, origin, data }) => {
  if (source !== labFrame.contentWindow || data?.source !== 'nn-lab' || data.version !== 1) return;
  if (!isReached || data.type === 'ready') greet(origin);
  isReached = true;
  say('lab');
  if (!isRecord(data.record) || (data.record.lesson && data.record.lesson.id !== lessonId)) return;
  const reported = countAttempts(data.record);
  mergeRecord(record, data.record);
  // Before the lesson has the record that was kept, it does not know the score.
  if (isObject(data.progress) && reported >= countAttempts(record)) ({ progress } = data);
  // A new message does not restart the timer: a lesson that reports all the time is saved, too.
  timer ??= setTimeout(save, SAVE_MS);
});

setTimeout(() => isReached || say('lab', `The lesson has not answered after ${PATIENCE_MS / 1000} seconds. Check the connection, or`, lessonLink), PATIENCE_MS);
// The address is set only now, so that no message is missed.
labFrame.src = lessonLink;

// Phones may close a hidden page without another event.
document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && timer && save());
addEventListener('pagehide', () => {
  save();
  system?.try('Terminate', '');
  system = undefined;
});
// A page that comes back from the browser's cache has ended its session.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
