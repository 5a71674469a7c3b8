// Course packages (static/course): SCORM 1.2 and SCORM 2004 in a course system made of scorm-again, and the manifests.

import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { checkAccess, expect } from './lib/test.mjs';
import { lessonLink, test } from './course/lms.mjs';
import { coursePackage } from './course/package.mjs';
import { answer, attempt, checkRecord, outcome, record, settings } from './course/records.mjs';

const items = [
  'rnn/memory?seq_len=50&ask_id=q1&ask=How%20accurate%20will%20the%20RNN%20be%3F&ask_guess=number&ask_metric=accuracy_rnn&ask_answer=measured&ask_tolerance=0.05',
  'rnn?ask_id=q2&ask=Which%20network%20is%20better%3F&ask_guess=choice&ask_options=RNN%7CThe%20LSTM%7CNeither&ask_metric=accuracy_rnn,accuracy_lstm,x&ask_answer=The%20LSTM',
  'mlp?ask_id=q3&ask=Draw%20the%20loss&ask_guess=curve&ask_metric=loss&ask_answer=measured',
];
const number = (result = null) => answer('rnn/q1', 'How accurate will the RNN be?', [attempt('aaaaaaaaaaa1', 0, { number: 0.5 }, result)]);
const choice = (result = null) => answer('rnn/q2', 'Which network is better?', [attempt('aaaaaaaaaaa2', 1, { choice: 'The LSTM' }, result)]);
const points = Array.from({ length: 41 }, (_, i) => [i / 40, 2.3 * Math.exp(-i / 13)]);
const curve = (result = null) => answer('mlp/q3', 'Draw the loss', [attempt('aaaaaaaaaaa3', 2, { curve: points }, result)]);
const experiment = answer('rnn/forget-bias', 'What happens without a forget bias?', [attempt('aaaaaaaaaaa4', 3, { choice: 'Nothing' }, outcome(4, { result: 'partly', score: 0.4, off: null, seeds: 5, right: 2 }))], 'experiment');
const code = answer('rnn/code', 'Your own RNN', [attempt('aaaaaaaaaaa5', 5, null, outcome(5, { result: 'right', score: 1, off: null }, { words: ['All checks passed.'] }))], 'code');
const right = { result: 'right', score: 1, off: null, right: 1 };
const done = { answered: 5, items: 5, score: 0.68, done: true };

/** Reports a record and waits until the course system has been asked to store it. */
function report(course, answers, progress, more) {
  return course.stored(() => course.tell('record', { record: record(answers, more), ...(progress && { progress }) }));
}

/** Returns the interactions of a course system as an array of objects. */
const interactions = (cmi) => Object.values(cmi.interactions);
const patterns = ({ correct_responses: all }) => Object.values(all).map(({ pattern }) => pattern);
const isClean = (calls) => calls.filter(([name, ...values]) => /SetValue|Commit|Initialize|Finish|Terminate/.test(name) && String(values.at(-1)) !== 'true');

test('SCORM 1.2: score, status, interactions and the record are kept, and come back', async ({ course: open }) => {
  const course = await open('12', { items, data: { core: { student_name: 'Lovelace, Ada' } } });
  assert.equal(await course.value('cmi.core.lesson_status'), 'incomplete');
  assert.deepEqual(await course.got('student'), [{ source: 'nn-lab-host', version: 1, type: 'student', name: 'Ada Lovelace' }]);
  assert.deepEqual(await course.got('restore'), []);

  // A guess is an interaction at once. Its result is written to the same one.
  await report(course, [number()], { answered: 0, items: 3, score: null, done: false });
  assert.equal(await course.value('cmi.core.score.raw'), '');
  await report(course, [number(outcome(1)), choice(outcome(2, right)), curve()], { answered: 2, items: 3, score: 1 / 3, done: false });
  assert.equal(await course.value('cmi.core.score.raw'), '33.33');
  assert.equal(await course.value('cmi.core.lesson_status'), 'incomplete');
  assert.equal(await course.notices.count(), 0);
  const calls = await course.calls();
  assert.deepEqual(isClean(calls), []);
  assert.equal(calls.filter(([name, element]) => name === 'LMSSetValue' && /interactions\.\d+\.id/.test(element)).length, 3);

  const cmi = await course.leave();
  assert.equal((await course.calls()).at(-1)[0], 'LMSFinish');
  const [first, second, third] = interactions(cmi);
  assert.deepEqual([first.id, first.type, first.student_response, first.result], ['rnn/q1', 'numeric', '0.5', 'wrong']);
  assert.deepEqual(patterns(first), ['0.125']);
  assert.match(first.time, /^\d\d:\d\d:00$/);
  assert.deepEqual([second.type, second.student_response, second.result, ...patterns(second)], ['choice', 'The_LSTM', 'correct', 'The_LSTM']);
  assert.deepEqual([third.type, third.result], ['fill-in', 'neutral']);
  assert.match(third.student_response, /^0:2\.3 0\.1:1\.\d+ .* 1:0\.106\d+$/);
  assert.deepEqual([cmi.core.score.min, cmi.core.score.max, cmi.core.exit], ['0', '100', 'suspend']);
  assert.match((await course.calls()).findLast(([, element]) => element === 'cmi.core.session_time')[2], /^0000:\d\d:\d\d$/);
  assert.ok(cmi.suspend_data.length <= 4096);

  // The student returns: the lesson gets its record, and the result of the third question goes to its interaction.
  await course.launch({ data: cmi });
  await course.lesson();
  const restored = await course.restored();
  assert.deepEqual(restored.lesson, { id: 'memory', title: 'Memory & depth' });
  checkRecord(restored);
  assert.deepEqual(restored.answers, [number(outcome(1)), choice(outcome(2, right)), curve()]);
  // A lesson that does not have the record yet neither removes what is kept nor changes the score.
  await report(course, [], { answered: 0, items: 3, score: 0, done: false });
  assert.equal(await course.value('cmi.core.score.raw'), '33.33');
  await report(course, [number(outcome(1)), choice(outcome(2, right)), curve(outcome(9, { off: 0.2 })), experiment, code], done);
  assert.deepEqual(await Promise.all(['cmi.core.score.raw', 'cmi.core.lesson_status'].map(course.value)), ['68', 'completed']);
  const after = await course.leave();
  assert.deepEqual(interactions(after).map(({ id, result }) => `${id} ${result}`), ['rnn/q1 wrong', 'rnn/q2 correct', 'mlp/q3 wrong', 'rnn/forget-bias 0.4', 'rnn/code correct']);
  assert.deepEqual([interactions(after)[4].type, interactions(after)[4].student_response], ['performance', '']);
  assert.equal(await course.notices.count(), 0);
});

test('SCORM 2004: score, progress, interactions and the record are kept, and come back', async ({ course: open }) => {
  const course = await open('2004', { items, data: { learner_name: 'Ada' } });
  assert.equal(await course.value('cmi.completion_status'), 'incomplete');
  assert.equal((await course.got('student'))[0].name, 'Ada');
  await report(course, [number(), choice(outcome(2, right))], { answered: 1, items: 4, score: 0.25, done: false });
  assert.deepEqual(isClean(await course.calls()), []);
  const cmi = await course.leave();
  assert.equal((await course.calls()).at(-1)[0], 'Terminate');
  assert.deepEqual([cmi.score.raw, cmi.score.scaled, cmi.progress_measure, cmi.completion_status, cmi.success_status, cmi.exit], ['25', '0.25', '0.25', 'incomplete', 'unknown', 'suspend']);
  assert.match(cmi.session_time, /^PT0H\d+M\d+S$/);

  await course.launch({ data: cmi });
  checkRecord(await course.restored());
  await report(course, [number(outcome(1)), choice(outcome(2, right)), curve(outcome(9)), experiment, code], done);
  const after = await course.leave();
  assert.deepEqual([after.score.raw, after.completion_status, after.success_status, after.progress_measure], ['68', 'completed', 'unknown', '1']);
  const [first, second, third, fourth, fifth] = interactions(after);
  assert.deepEqual([first.id, first.type, first.timestamp, first.learner_response, first.result, first.description], ['rnn/q1', 'numeric', '2026-11-30T19:50:00.00Z', '0.5', 'incorrect', 'How accurate will the RNN be?']);
  assert.deepEqual(patterns(first), ['0.075[:]0.175']);
  assert.deepEqual([second.type, second.learner_response, second.result, ...patterns(second)], ['choice', 'The_LSTM', 'correct', 'The_LSTM']);
  assert.equal(third.type, 'other');
  assert.equal(third.learner_response.split(' ').length, 41);
  assert.deepEqual([fourth.id, fourth.result, fifth.type, fifth.result], ['rnn/forget-bias', '0.4', 'other', 'correct']);
  assert.equal(interactions(after).length, 5);
});

test('a first guess stays the first, whatever is reported later', async ({ course: open }) => {
  const course = await open('2004', { items });
  await report(course, [number(outcome(1))], { answered: 1, items: 3, score: 0, done: false });
  const again = attempt('bbbbbbbbbbb1', 7, { number: 0.125 }, outcome(8, right));
  await report(course, [answer('rnn/q1', 'How accurate will the RNN be?', [again])], { answered: 1, items: 3, score: 1, done: false });
  const cmi = await course.leave();
  assert.deepEqual([cmi.score.raw, interactions(cmi).length, interactions(cmi)[0].learner_response], ['0', 1, '0.5']);
  await course.launch({ data: cmi });
  const kept = await course.restored();
  assert.deepEqual(kept.answers[0].attempts.map(({ id }) => id), ['aaaaaaaaaaa1', 'bbbbbbbbbbb1']);
});

test('interactions fit the words of both versions, for any text and number', async ({ course: open }) => {
  const ask = (id, guess, result) => answer(`mlp/${id}`, '{Was\n"ist" <größer>? ' + 'x'.repeat(400), [attempt(`c${id}`, 0, guess, outcome(1, result))]);
  const answers = [
    ask('less', { choice: '< 0.5' }, right),
    ask('more', { choice: '> 0.5' }, {}),
    ask('greek', { choice: 'Größer als λ' }, { result: 'open', score: null }),
    ask('long', { choice: 'ä'.repeat(3000) }, right),
    ask('tiny', { number: 1e-9 }, {}),
    ask('large', { number: -123456789 }, {}),
    ask('huge', { number: 1e300 }, {}),
    ask('flat', { curve: [] }, {}),
    ask('odd', { curve: [[0, null], [1], 'x', [1, 2]] }, {}),
    answer('mlp/ö x', 'None', [attempt('d', 0, { number: null })]),
  ];
  for (const version of ['12', '2004']) {
    const course = await open(version, { items });
    await report(course, answers);
    assert.deepEqual(isClean(await course.calls()), [], version);
    const cmi = await course.leave();
    const responses = interactions(cmi).map((one) => one.student_response ?? one.learner_response);
    assert.equal(new Set(responses.slice(0, 4)).size, 4);
    assert.match(responses[0], /^_0\.5_[0-9a-f]+$/);
    assert.deepEqual(responses.slice(4, 7), ['0.000000001', '-123456789', '1e+300']);
    assert.equal(responses[8], '1:2');
    assert.equal(interactions(cmi)[9].id, 'mlp/__x');
    if (version === '2004') assert.ok(interactions(cmi).every(({ description }) => description.length <= 250 && !description.startsWith('{')));
  }
});

test('the right answer is known from the key: a range, a value, an option, the largest', async ({ course: open }) => {
  const keyed = (id, keys) => `rnn?ask_id=${id}&ask=${id}&${keys}`;
  const course = await open('2004', {
    items: [
      keyed('range', 'ask_answer=0.85..0.95'),
      keyed('value', 'ask_answer=0.9'),
      keyed('largest', 'ask_answer=largest&ask_options=RNN%7CLSTM&ask_metric=accuracy_rnn,accuracy_lstm'),
      keyed('none', 'ask_guess=number'),
      'cnn?ask=By+its+text&ask_answer=2&ask_tolerance=1',
    ],
  });
  const given = (id, guess, question = id) => answer(id.includes('/') ? id : `rnn/${id}`, question, [attempt(`e${id}`, 0, guess, outcome(1))]);
  await report(course, [given('range', { number: 1 }), given('value', { number: 1 }), given('largest', { choice: 'RNN' }), given('none', { number: 1 }), given('cnn/ask-0badcafe', { number: 3 }, 'By its text')]);
  const cmi = await course.leave();
  assert.deepEqual(interactions(cmi).map(patterns), [['0.85[:]0.95'], ['0.855[:]0.945'], ['LSTM'], [], ['1[:]3']]);
});

test('a course system that starts with an empty list gets each interaction once', async ({ course: open }) => {
  const course = await open('12', { items });
  await report(course, [number(outcome(1)), choice()]);
  const cmi = await course.leave();
  await course.launch({ data: { suspend_data: cmi.suspend_data } });
  await report(course, [number(outcome(1)), choice(outcome(2, right))]);
  const after = await course.leave();
  // The finished one is not written again; the other one is written whole, with its result.
  assert.deepEqual(interactions(after).map(({ id, student_response: response, result }) => [id, response, result]), [['rnn/q2', 'The_LSTM', 'correct']]);
});

test('changes that follow each other are stored together, and a change just before leaving is stored', async ({ course: open }) => {
  const course = await open('12', { items, saveMs: 300 });
  await course.stored(async () => {
    for (let i = 0; i < 20; i++) await course.tell('record', { record: record([number()]), progress: { answered: 0, items: 3, score: null, done: false } });
  });
  const commits = (await course.calls()).filter(([name]) => name === 'LMSCommit').length;
  assert.ok(commits <= 4, `${commits} commits`);
  await course.tell('record', { record: record([number(outcome(1)), choice()]) });
  const cmi = await course.leave();
  assert.deepEqual(interactions(cmi).map(({ result }) => result), ['wrong', 'neutral']);
});

test('without a course system the lesson works, and a sentence says that nothing is recorded', async ({ course: open }) => {
  const course = await open('12', { items, starts: false });
  await course.page.goto(`${course.host.url}sco/index.html`);
  const lesson = course.page.frameLocator('#lab').locator('h1');
  await lesson.waitFor();
  await expect(course.page.locator('#notices p')).toHaveText(['No course system was found, so your answers are not recorded here. The lesson works all the same. “Hand in” saves your answers as a file.']);
  assert.equal(await course.page.title(), 'Memory & depth');
  await checkAccess(course.page, 'the page of the package');
  // One frame, full window.
  const { width, height } = await course.page.locator('iframe').boundingBox();
  assert.ok(width === 1280 && height > 800, `${width} x ${height}`);
  await course.tell('record', { record: record([number()]) });
});

test('a lesson that does not answer is reported after 20 seconds, with a link; the sentence goes when it answers', async ({ course: open }) => {
  const course = await open('2004', { lesson: '<!doctype html><h1>Nothing</h1>', starts: false });
  await course.page.clock.install();
  await course.launch();
  await course.lesson();
  await course.page.clock.fastForward(19_000);
  assert.equal(await course.notices.count(), 0);
  await course.page.clock.fastForward(2_000);
  await expect(course.notices).toHaveText(['The lesson has not answered after 20 seconds. Check the connection, or open the lesson in a new tab.']);
  assert.equal(await course.notices.locator('a').getAttribute('href'), course.link);
  await (await course.lesson()).evaluate(() => parent.postMessage({ source: 'nn-lab', version: 1, type: 'ready', panel: 'lesson' }, '*'));
  await expect(course.notices).toHaveCount(0);
});

test('errors of the course system are one sentence, and the lesson goes on', async ({ course: open }) => {
  for (const [version, fails] of [['12', 'suspend_data|Commit|Finish'], ['2004', 'score|interactions|Terminate']]) {
    const course = await open(version, { items, fails });
    await report(course, [number(outcome(1))], { ...done, done: false });
    await report(course, [number(outcome(1)), choice(outcome(2, right))], done);
    await expect(course.notices).toHaveText(['The course system did not store everything (error 351: General Set Failure). The lesson goes on. “Hand in” saves all your answers as a file.']);
    // Everything else is stored.
    assert.equal(await course.value(version === '12' ? 'cmi.core.lesson_status' : 'cmi.completion_status'), 'completed');
    await course.leave();
  }
});

test('an API that breaks, refuses to start, or lacks interactions is no reason to stop', async ({ course: open }) => {
  const course = await open('12', { items, starts: false });
  const start = (make) => course.page.evaluate((make) => {
    document.getElementById('sco')?.remove();
    window.API = new Function(`return ${make}`)();
    document.body.append(Object.assign(document.createElement('iframe'), { id: 'sco', src: 'sco/index.html' }));
  }, make);
  await start('({ LMSInitialize: () => "true", LMSGetValue() { throw new Error("gone"); }, LMSSetValue() { throw new Error("The window is closed."); } })');
  await expect(course.notices).toHaveText(['The course system did not store everything (The window is closed.). The lesson goes on. “Hand in” saves all your answers as a file.']);
  await start('({ LMSInitialize: () => "false", LMSGetValue: () => "", LMSGetLastError: () => "101" })');
  await expect(course.notices).toHaveText([/^The course system did not start recording, so your answers are not recorded here\./]);
  // SCORM 1.2 need not have interactions, and some systems return booleans.
  await start('({ kept: [], LMSInitialize: () => true, LMSGetValue: () => "", LMSGetLastError: () => 401, LMSGetErrorString: () => "", LMSCommit: () => true, LMSFinish: () => true, LMSSetValue(name) { const has = !name.includes("interactions"); if (has) this.kept.push(name); return has; } })');
  await course.tell('record', { record: record([number(outcome(1))]) });
  await expect.poll(() => course.page.evaluate(() => window.API.kept.includes('cmi.suspend_data'))).toBe(true);
  assert.equal(await course.notices.count(), 0);
  assert.ok(!(await course.page.evaluate(() => window.API.kept)).some((name) => name.includes('interactions')));
});

test('the API is found in pages further out and in the one that opened the package', { tag: '@long' }, async ({ course: open }) => {
  const nested = (depth) => (depth ? `<!doctype html><title>x</title><iframe src="${depth - 1}.html"></iframe>` : '<!doctype html><title>x</title><iframe src="sco/index.html"></iframe>');
  const files = Object.fromEntries(Array.from({ length: 12 }, (_, depth) => [`${depth}.html`, nested(depth)]));
  const course = await open('2004', { items, files, at: '8.html' });
  assert.deepEqual((await course.calls())[0].slice(0, 2), ['Initialize', '']);
  const deep = await open('2004', { items, files, at: '10.html', starts: false });
  await deep.launch();
  await deep.lesson();
  assert.equal(await deep.page.frames().find((frame) => frame.url().endsWith('sco/index.html')).locator('#notices p').count(), 1);
  assert.deepEqual(await deep.calls(), []);
  // A window of its own.
  await deep.page.evaluate(() => document.getElementById('sco').remove());
  const [popup] = await Promise.all([deep.page.waitForEvent('popup'), deep.page.evaluate(() => void window.open('sco/index.html'))]);
  await deep.page.waitForFunction(() => window.calls.some(([name]) => name === 'SetValue'));
  assert.equal(await popup.locator('#notices p').count(), 0);
});

test('a lesson under review is shown with its answers, and nothing is recorded', async ({ course: open }) => {
  const course = await open('12', { items });
  await report(course, [number(outcome(1))], done);
  const cmi = await course.leave();
  await course.launch({ data: { ...cmi, core: { ...cmi.core, lesson_mode: 'review' } } });
  await expect(course.notices).toHaveText(['The course system records nothing while you review this lesson.']);
  await course.restored();
  await course.tell('record', { record: record([number(outcome(1)), choice(outcome(2))]), progress: { ...done, score: 0 } });
  await course.leave();
  assert.deepEqual((await course.calls()).filter(([name]) => /SetValue|Commit/.test(name)), []);
});

test('messages of other windows, lessons and versions change nothing', async ({ course: open }) => {
  const course = await open('12', { items });
  const forged = { source: 'nn-lab', version: 1, type: 'record', panel: 'lesson', record: record([choice(outcome(1, right))]), progress: { ...done, score: 1 } };
  // From the course page, from the package itself, and from another frame in the lesson.
  await course.page.evaluate((forged) => document.getElementById('sco').contentWindow.postMessage(forged, '*'), forged);
  await course.page.frames()[1].evaluate((forged) => postMessage(forged, '*'), forged);
  await (await course.lesson()).evaluate((forged) => {
    const frame = document.body.appendChild(Object.assign(document.createElement('iframe'), { srcdoc: `<script>parent.parent.postMessage(${JSON.stringify(forged)}, '*')</script>` }));
    return new Promise((resolve) => frame.addEventListener('load', resolve));
  }, forged);
  // From the lesson, but not what it should be.
  const broken = [
    { ...forged, version: 2 }, { ...forged, source: 'other' }, { ...forged, record: null }, { ...forged, record: { ...forged.record, schema_version: 2 } },
    { ...forged, record: { ...forged.record, lesson: { id: 'another', title: '' } } }, { ...forged, record: { ...forged.record, answers: 'x' } }, null, 3, 'text', [],
  ];
  await (await course.lesson()).evaluate((all) => all.forEach((message) => parent.postMessage(message, '*')), broken);
  // Answers that are damaged are left out; the others are kept.
  const damaged = [null, 3, {}, { id: 'a/b', section: 'a', attempts: [] }, { id: 'a/b', section: 'a', attempts: [{ id: 'x', time: 'yesterday' }] }, { id: 'a/b', section: 'a', question: {}, attempts: [attempt('x', 0, null)] }];
  const strange = answer('a/c', 'x', [attempt('y', 0, { other: [] }, { time: 4, verdict: null, curve: 3, measured: 'x' })]);
  await report(course, [...damaged, strange, number()], { answered: 'x', items: {}, score: '1', done: 'yes' });
  const cmi = await course.leave();
  assert.deepEqual(interactions(cmi).map(({ id }) => id), ['a/c', 'rnn/q1']);
  assert.deepEqual([cmi.core.score.raw, cmi.core.lesson_status], ['', 'incomplete']);
});

test('data that another program left is reported; that of a newer package stays', async ({ course: open }) => {
  const course = await open('12', { items, data: { suspend_data: 'bookmark=3' } });
  await expect(course.notices).toHaveText(['The course system kept answers that this package cannot read. The lesson starts without them.']);
  await report(course, [number(outcome(1))], done);
  const cmi = await course.leave();
  assert.match(cmi.suspend_data, /^\{"v":1,/);
  for (const data of ['{"v":2,"z":"?"}', '{"v":1,"a":[[3]]}']) {
    await course.launch({ data: { suspend_data: data } });
    await expect(course.notices).toHaveText(['The course system kept answers that this package cannot read. They stay as they are, and the lesson starts without them.']);
    await report(course, [number(outcome(1))], done);
    const { suspend_data: kept, core } = await course.leave();
    assert.deepEqual([kept, core.score.raw, core.lesson_status], [data, '68', 'completed']);
  }
});

test('a record that is too long keeps first guesses, verdicts and times, and loses the rest in order', { tag: '@long' }, async ({ course: open }) => {
  const course = await open('12', { items });
  const many = (count, attempts, more = {}) =>
    Array.from({ length: count }, (_, i) =>
      answer(`rnn/question-${i}`, `Question ${i}: ${'long '.repeat(20)}`, Array.from({ length: attempts }, (_, j) => attempt(`id${i}x${j}`.padEnd(12, '0'), j, { number: i + j / 1000 }, outcome(j + 1, { off: 1 / 3 }, { curve: points, ...more })))),
    );
  /** Returns the answers that come back after this record was kept. */
  const kept = async (answers) => {
    await report(course, answers, done);
    const cmi = await course.leave();
    assert.ok(cmi.suspend_data.length <= 4096, `${cmi.suspend_data.length} characters`);
    await course.launch({ data: { suspend_data: cmi.suspend_data } });
    const restored = await course.restored();
    checkRecord(restored);
    assert.deepEqual(restored.answers.map(({ id }) => id), answers.slice(0, restored.answers.length).map(({ id }) => id));
    for (const [i, one] of restored.answers.entries()) {
      const [a, b] = [one.attempts[0], answers[i].attempts[0]];
      assert.deepEqual([a.id, a.time, a.guess, a.outcome.time, a.outcome.verdict.result, a.outcome.verdict.seeds], [b.id, b.time, b.guess, b.outcome.time, b.outcome.verdict.result, b.outcome.verdict.seeds]);
      assert.ok(Math.abs(a.outcome.verdict.off - b.outcome.verdict.off) < 1e-5);
    }
    await course.leave();
    await course.launch();
    await course.lesson();
    return restored.answers;
  };
  // Further attempts lose their settings and numbers; all of them are still there.
  const few = await kept(many(1, 6));
  assert.deepEqual([few[0].attempts.length, few[0].attempts[0].outcome.settings, few[0].attempts[1].outcome.settings, few[0].attempts[1].outcome.measured], [6, settings, {}, {}]);
  // Then only the latest of them stays.
  const more = await kept(many(1, 40));
  assert.deepEqual(more[0].attempts.map(({ guess }) => guess.number), [0, 0.039]);
  // Then points of curves, texts and numbers go.
  const several = await kept(many(4, 2));
  assert.deepEqual([several.length, several[0].attempts[0].outcome.curve.length, several[0].attempts[0].outcome.settings], [4, 11, settings]);
  const twelve = await kept(many(12, 3));
  assert.deepEqual([twelve.length, twelve[0].question, twelve[0].attempts[0].outcome.measured, twelve[0].attempts[0].outcome.settings], [12, '', {}, {}]);
  assert.equal((await kept(many(32, 3))).length, 32);
  assert.equal(await course.notices.count(), 0);
});

test('any record comes back from its short form, and the short form of that is the same', () => {
  const { 'record.js': script } = coursePackage('scorm12', { id: 'memory', title: 'Memory', link: '' });
  const { pack, unpack } = runInNewContext(`${script}\n({ pack: (json, room) => packRecord(JSON.parse(json), new Map(), room), unpack: (text) => JSON.stringify(unpackRecord(text, new Map())) })`, { URLSearchParams });
  let seed = 29;
  const random = (below) => Math.floor((below * ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 8)) / 2 ** 24);
  const one = (...of) => of[random(of.length)];
  const real = () => one(0, 1 / 3, -1e-12, 1e20, 0.5, 12345.678901234, random(1000) / 7);
  const text = () => one('', 'x', 'Größe „λ“ 🙂', '"\\\n', 'long '.repeat(random(60)), '[{"v":1}]');
  const line = () => Array.from({ length: random(70) }, (_, i) => [i / 70, one(real(), null)]);
  const result = () => outcome(random(1000), { result: one('right', 'partly', 'wrong', 'open'), score: one(null, real()), off: one(null, real()), seeds: random(9), right: one(null, 3) }, {
    curve: one(null, line()), words: one([], [text()]), measured: one({}, { loss: real(), other: null }), settings: one({}, settings), device: one(null, { asked: 'auto', kind: 'cpu', name: text(), fallback: null }), seed: random(2 ** 31), lab_version: one('0.2.0', '0.1.0'),
  });
  for (let i = 0; i < 40; i++) {
    const answers = Array.from({ length: random(one(4, 40)) }, (_, n) => {
      const attempts = Array.from({ length: 1 + random(5) }, (_, a) => attempt(`${n}-${a}`, a, one(null, { number: real() }, { choice: text() }, { curve: line() }), one(null, result())));
      return answer(`rnn/q${n}`, text(), attempts, one('question', 'experiment', 'code'));
    });
    const given = record(answers, { student: one(null, text()) });
    for (const room of [4096, 64_000]) {
      const packed = pack(JSON.stringify(given), room);
      assert.ok(packed.text.length <= room, `${packed.text.length} characters`);
      const { record: back, isCut } = JSON.parse(unpack(packed.text));
      assert.equal(isCut, packed.isCut === true);
      assert.equal(back.answers.length < answers.length, isCut);
      checkRecord({ ...given, ...back });
      if (pack(JSON.stringify(given), 1e9).text.length <= room) assert.deepEqual(back.answers, answers);
      back.answers.forEach(({ attempts: [first] }, n) => assert.deepEqual([first.id, first.time, first.guess?.choice, first.outcome?.verdict.result, first.outcome?.time], [`${n}-0`, answers[n].attempts[0].time, answers[n].attempts[0].guess?.choice, answers[n].attempts[0].outcome?.verdict.result, answers[n].attempts[0].outcome?.time]));
      if (!isCut) assert.equal(pack(JSON.stringify(back), room).text, packed.text);
    }
  }
});

test('more answers than a course system has room for are said to be too many, and scores are recorded all the same', { tag: '@long' }, async ({ course: open }) => {
  const answers = Array.from({ length: 400 }, (_, i) => answer(`rnn/question-${i}`, 'Q'.repeat(300), [attempt(`id${i}`.padEnd(12, '0'), i, { choice: 'o'.repeat(40) }, outcome(i, right, { curve: points }))]));
  for (const version of ['12', '2004']) {
    const course = await open(version, { items });
    await report(course, answers, done);
    const notice = 'The course system has too little room for all answers to this lesson. “Hand in” saves all of them as a file.';
    await expect(course.notices).toHaveText(version === '12' ? [notice] : []);
    const cmi = await course.leave();
    assert.ok(cmi.suspend_data.length <= (version === '12' ? 4096 : 64_000) && cmi.suspend_data.length > 3500, `${cmi.suspend_data.length} characters`);
    assert.equal((version === '12' ? cmi.core : cmi).score.raw, '68');
    assert.equal(interactions(cmi).length, 400);
    await course.launch({ data: cmi });
    const restored = await course.restored();
    checkRecord(restored);
    if (version === '2004') assert.equal(restored.answers.length, 400);
    // What did not fit comes from the lesson's own storage, and is not written again.
    await report(course, answers, done);
    assert.equal(interactions(await course.leave()).length, 400);
  }
});

test('manifests: well-formed, complete, and what they refer to is in the package', async ({ open, serve }) => {
  const host = await serve({ pages: { 'index.html': '<!doctype html><html lang="en"><title>x</title><link rel="icon" href="data:,"></html>' } });
  const page = await open('', { from: host, ready: false });
  const title = 'Memory & <depth> "now"';
  const link = lessonLink('https://lab.example/', items);
  for (const kind of ['scorm12', 'scorm2004', 'cartridge']) {
    const files = coursePackage(kind, { id: 'memory', title, link });
    const found = await page.evaluate((files) => {
      const parse = (name) => {
        const xml = new DOMParser().parseFromString(files[name], 'application/xml');
        return xml.querySelector('parsererror') ? { error: xml.documentElement.textContent } : xml;
      };
      const all = Object.keys(files).filter((name) => name.endsWith('.xml')).map(parse);
      const [manifest] = all;
      const attributes = (selector, name) => [...manifest.querySelectorAll(selector)].map((node) => node.getAttribute(name));
      const text = (selector) => [...manifest.querySelectorAll(selector)].map((node) => node.textContent.trim());
      return {
        errors: all.map(({ error }) => error).filter(Boolean),
        namespace: manifest.documentElement.namespaceURI,
        order: [...manifest.documentElement.children].map((node) => node.localName),
        ids: attributes('[identifier]', 'identifier'),
        schema: text('metadata > schema, metadata > schemaversion'),
        refs: attributes('[identifierref]', 'identifierref'),
        resources: attributes('resource', 'identifier'),
        types: attributes('resource', 'type'),
        hrefs: attributes('resource', 'href').filter(Boolean),
        files: attributes('file', 'href'),
        default: attributes('organizations', 'default')[0],
        organizations: attributes('organization', 'identifier'),
        titles: text('organizations title'),
        root: attributes('organization', 'structure')[0],
        sco: [...manifest.querySelectorAll('resource')].map((node) => [...node.attributes].find((one) => one.localName.toLowerCase() === 'scormtype')).map((one) => one && [one.name, one.namespaceURI, one.value]),
        delivery: [...manifest.querySelectorAll('deliveryControls')].map((node) => [node.parentNode.localName, node.parentNode.parentNode.localName]),
        weblink: all[1] && [all[1].documentElement.namespaceURI, all[1].documentElement.localName, all[1].querySelector('title').textContent, all[1].querySelector('url').getAttribute('href')],
      };
    }, files);
    assert.deepEqual(found.errors, [], kind);
    assert.deepEqual(found.order, ['metadata', 'organizations', 'resources'], kind);
    assert.equal(new Set(found.ids).size, found.ids.length, 'each identifier is there once');
    assert.ok(found.ids.every((id) => /^[A-Za-z_][\w.-]*$/.test(id)), 'identifiers are names');
    assert.deepEqual(found.refs, found.resources, 'each resource is an item');
    assert.ok(found.files.every((name) => name in files), found.files.join());
    assert.deepEqual([...found.files, 'imsmanifest.xml'].sort(), Object.keys(files).sort(), 'each file is listed');
    assert.ok(found.titles.length >= 2 && found.titles.every((text) => text === title), found.titles.join());
    if (kind === 'cartridge') {
      assert.deepEqual([found.namespace, found.schema, found.types, found.root], ['http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1', ['IMS Common Cartridge', '1.1.0'], ['imswl_xmlv1p1'], 'rooted-hierarchy']);
      // A web link has a file and no address of its own.
      assert.deepEqual([found.hrefs, found.weblink], [[], ['http://www.imsglobal.org/xsd/imsccv1p1/imswl_v1p1', 'webLink', title, link]]);
      continue;
    }
    const is2004 = kind === 'scorm2004';
    assert.equal(found.namespace, is2004 ? 'http://www.imsglobal.org/xsd/imscp_v1p1' : 'http://www.imsproject.org/xsd/imscp_rootv1p1p2');
    assert.deepEqual(found.schema, ['ADL SCORM', is2004 ? '2004 4th Edition' : '1.2']);
    assert.deepEqual([found.organizations, found.types, found.hrefs], [[found.default], ['webcontent'], ['index.html']]);
    // The attribute's name differs in one letter between the versions, and course systems insist on it.
    assert.deepEqual(found.sco, [is2004 ? ['adlcp:scormType', 'http://www.adlnet.org/xsd/adlcp_v1p3', 'sco'] : ['adlcp:scormtype', 'http://www.adlnet.org/xsd/adlcp_rootv1p2', 'sco']]);
    assert.deepEqual(found.delivery, is2004 ? [['sequencing', 'item']] : []);
    // The page loads only what is in the package.
    const loaded = [...files['index.html'].matchAll(/<script[^>]* src="([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(loaded.sort(), Object.keys(files).filter((name) => name.endsWith('.js')).sort());
    assert.ok(['scorm.js', 'record.js'].every((name) => Buffer.byteLength(files[name]) < 12 * 1024), 'the scripts stay small');
  }
});
