// Records of a student's work for tests, and the check that a record has the form of an answers file.

import assert from 'node:assert/strict';

export const T0 = Date.parse('2026-11-30T19:50:00.000Z');
const iso = (minutes) => new Date(T0 + 60_000 * minutes).toISOString();

export const settings = { seq_len: 50, hidden: 64, steps: 400, learning_rate: 0.003, batch: 32, clip: 1, seed: 1, forget_bias: 1, cell: 'both' };
const device = { asked: 'auto', kind: 'cpu', name: 'Flex, 128-bit SIMD, one thread', fallback: null };

/** Returns an outcome. */
export const outcome = (minutes, verdict, more = {}) => ({
  time: iso(minutes),
  measured: { accuracy_rnn: 0.125, accuracy_lstm: 0.984375 },
  curve: null,
  words: [],
  verdict: { result: 'wrong', score: 0, off: 0.375, seeds: 1, right: 0, ...verdict },
  settings,
  seed: 1,
  seeds: 1,
  device,
  lab_version: '0.2.0',
  ...more,
});

/** Returns an attempt. */
export const attempt = (id, minutes, guess, result = null) => ({ id, time: iso(minutes), guess, outcome: result });

/** Returns an answer to a question; `id` is `section/name`. */
export const answer = (id, question, attempts, kind = 'question') => ({ id, section: id.split('/')[0], kind, question, attempts });

/** Returns the object of an answers file. */
export const record = (answers, more = {}) => ({
  schema: 'nn-lab/answers',
  schema_version: 1,
  lab_version: '0.2.0',
  lesson: { id: 'memory', title: 'Memory' },
  student: null,
  saved: iso(60),
  answers,
  ...more,
});

const isText = (value) => typeof value === 'string';
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);
const orNull = (is) => (value) => value === null || is(value);
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTime = (value) => isText(value) && new Date(value).toISOString() === value;

function check(object, fields, where) {
  assert.ok(isObject(object), `${where} is an object`);
  for (const [name, is] of Object.entries(fields)) assert.ok(is(object[name]), `${where}.${name} is ${JSON.stringify(object[name])}`);
}

/** Fails if a value is not what the lab reads as a record. The fields are those that the lab requires to be of a type. */
export function checkRecord(value) {
  check(value, { schema: (text) => text === 'nn-lab/answers', schema_version: (version) => version === 1, lab_version: isText, lesson: isObject, student: orNull(isText), saved: isTime, answers: Array.isArray }, 'record');
  for (const one of value.answers) {
    check(one, { id: isText, section: isText, kind: (kind) => ['question', 'experiment', 'code'].includes(kind), question: isText, attempts: Array.isArray }, one.id);
    assert.ok(one.attempts.length > 0, `${one.id} has an attempt`);
    for (const { id, time, guess, outcome: result } of one.attempts) {
      check({ id, time, guess }, { id: isText, time: isTime, guess: orNull(isObject) }, one.id);
      if (guess) assert.ok(isText(guess.choice) || isNumber(guess.number) || Array.isArray(guess.curve), JSON.stringify(guess));
      if (result === null) continue;
      const fields = { time: isTime, measured: isObject, curve: orNull(Array.isArray), words: Array.isArray, verdict: isObject, settings: isObject, seed: isNumber, seeds: isNumber, device: orNull(isObject), lab_version: isText };
      check(result, fields, `${one.id} outcome`);
      const verdict = { result: (word) => ['right', 'partly', 'wrong', 'open'].includes(word), score: orNull(isNumber), off: orNull(isNumber), seeds: isNumber, right: orNull(isNumber) };
      check(result.verdict, verdict, `${one.id} verdict`);
    }
  }
}
