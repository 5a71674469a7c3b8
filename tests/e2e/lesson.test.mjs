// Lessons: several questions one after another, alone and in the page of a course.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { checkAccess, expect } from './lib/test.mjs';
import { firefoxPath, withFirefox } from './lib/firefox.mjs';
import { test } from './lib/host.mjs';

const item = (path, keys) => `${path}?${new URLSearchParams({ device: 'cpu', ...keys })}`;
const short = { seq_len: 10, steps: 10, seed: 4 };
const ITEMS = [
  item('rnn/memory', { ...short, ask_id: 'q1', ask: 'How accurate will the RNN be?', ask_guess: 'number', ask_metric: 'accuracy_rnn', ask_answer: 'measured', ask_tolerance: 0.001 }),
  item('rnn/memory', { ...short, ask_id: 'q2', ask: 'Which network learns it?', ask_guess: 'choice', ask_options: 'RNN|LSTM', ask_metric: 'accuracy_rnn,accuracy_lstm', ask_answer: 'largest' }),
  item('rnn', { show: 'twelve-tokens' }),
];
const TITLE = 'Memory & more';
const TEXT = 'Predict first?\nThen train.';

/** Returns the address of a lesson. */
const lesson = (items = ITEMS, more = {}) =>
  `#/lesson?${new URLSearchParams({ lesson: 'memory', lesson_title: TITLE, lesson_text: TEXT, ...Object.fromEntries(items.map((item, index) => [`item${index + 1}`, item])), ...more })}`;

const panel = (root, number) => root.frameLocator(`iframe[data-item="${number}"]`);
const steps = (root) => root.locator('[data-step]').evaluateAll((all) => all.map((step) => step.dataset.stepState));
const openStep = (root, number) => root.locator(`[data-step="${number}"] button`).click();

/** Answers the first question with a number that no run measures, and trains to the end. */
async function answerNumber(root) {
  await panel(root, 1).locator('[data-guess-input="number"]').fill('0.987');
  await panel(root, 1).locator('[data-action="guess"]').click();
  await panel(root, 1).locator('[data-action="train"]').click();
}

async function answerChoice(root) {
  await openStep(root, 2);
  await panel(root, 2).getByRole('radio', { name: 'LSTM' }).check();
  await panel(root, 2).locator('[data-action="guess"]').click();
  await panel(root, 2).locator('[data-action="train"]').click();
}

async function answerExperiment(root) {
  await openStep(root, 3);
  await panel(root, 3).getByLabel('Both networks').check();
  await panel(root, 3).locator('[data-action="guess"]').click();
  await panel(root, 3).locator('[data-action="train"]').click();
}

const GRADED = /^(right|wrong|partly)$/;

test('a lesson of three questions is answered, kept, and handed in', async ({ open }) => {
  test.setTimeout(180_000);
  const page = await open(lesson());
  await expect(page).toHaveTitle(`${TITLE} – Neural network lab`);
  assert.equal(await page.locator('h1').innerText(), TITLE);
  assert.equal(await page.locator('.lesson-text').innerText(), TEXT);
  assert.deepEqual(await steps(page), ['open', 'open', 'open']);
  assert.equal(await page.locator('iframe').count(), 1, 'only the open step has a frame');
  assert.equal(await panel(page, 1).locator('[data-action="hand-in"]').count(), 0);

  await answerNumber(page);
  await expect.poll(() => steps(page), { timeout: 60_000 }).toEqual(['wrong', 'open', 'open']);
  assert.match(await page.locator('.lesson-head [role="status"]').innerText(), /1 of 3 answered/);
  await answerChoice(page);
  await expect.poll(async () => (await steps(page))[1], { timeout: 60_000 }).toMatch(GRADED);
  await answerExperiment(page);
  await expect.poll(async () => (await steps(page))[2], { timeout: 120_000 }).toMatch(GRADED);
  assert.equal(await page.locator('[data-lesson]').getAttribute('data-done'), 'true');
  assert.equal(await page.locator('iframe').count(), 3, 'the frames of earlier steps stay');
  const states = await steps(page);

  await page.reload();
  await expect.poll(() => steps(page), 'a reload restores the answers').toEqual(states);

  await page.locator('[data-hand-in="student"]').fill('Ada Lovelace');
  const arriving = page.waitForEvent('download');
  await page.locator('[data-action="hand-in"]').click();
  const download = await arriving;
  assert.equal(download.suggestedFilename(), 'nn-lab-answers-memory-ada-lovelace.json');
  const file = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.deepEqual([file.schema, file.schema_version, file.lesson, file.student], ['nn-lab/answers', 1, { id: 'memory', title: TITLE }, 'Ada Lovelace']);
  assert.deepEqual(file.answers.map(({ id, kind, attempts }) => [id, kind, attempts.length]), [['rnn/q1', 'question', 1], ['rnn/q2', 'question', 1], ['rnn/twelve-tokens', 'experiment', 1]]);
  const [number, choice] = file.answers.map(({ attempts }) => attempts[0]);
  assert.deepEqual([number.guess, number.outcome.verdict.result, number.outcome.settings.seq_len, number.outcome.seed, number.outcome.device.kind], [{ number: 0.987 }, 'wrong', 10, 4, 'cpu']);
  assert.deepEqual([choice.guess, Object.keys(choice.outcome.measured).sort()], [{ choice: 'LSTM' }, ['accuracy_lstm', 'accuracy_rnn']]);
});

test('the steps are reached with the buttons and the keyboard', async ({ open }) => {
  const page = await open(lesson());
  const current = () => page.locator('[data-step]:has([aria-current="step"])').getAttribute('data-step');
  assert.equal(await current(), '1');
  assert.equal(await page.locator('[data-action="previous"]').getAttribute('aria-disabled'), 'true');
  await page.locator('[data-action="next"]').press('Enter');
  await expect.poll(current).toBe('2');
  await expect(page.locator('iframe[data-item="1"]')).toBeHidden();
  await expect(page.locator('iframe[data-item="2"]')).toBeVisible();
  await page.locator('[data-step="3"] button').press('Enter');
  await expect.poll(current).toBe('3');
  // At the end, the button keeps the focus and does nothing.
  await page.locator('[data-action="next"]').press('Enter');
  assert.equal(await current(), '3');
  await page.locator('[data-action="previous"]').click();
  await expect.poll(current).toBe('2');
});

test('a run pauses while another step is open, and continues', async ({ open }) => {
  const long = item('rnn/memory', { seq_len: 10, steps: 20_000 });
  const page = await open(lesson([long, ITEMS[1]]));
  const state = () => panel(page, 1).locator('[data-panel]').getAttribute('data-state');
  await panel(page, 1).locator('[data-action="train"]').click();
  await expect.poll(state).toBe('running');
  await openStep(page, 2);
  await expect.poll(state).toBe('paused');
  await answerChoice(page);
  await expect.poll(async () => (await steps(page))[1], { timeout: 60_000 }).toMatch(GRADED);
  await openStep(page, 1);
  await expect.poll(state).toBe('running');
});

test('questions without feedback show only that they are answered', async ({ open }) => {
  const silent = item('rnn/memory', { ...short, ask_id: 'q1', ask: 'How accurate?', ask_guess: 'number', ask_metric: 'accuracy_rnn', ask_answer: 'measured', ask_feedback: 'none' });
  const reading = item('rnn/memory', { ask: 'Look at the figure.' });
  const page = await open(lesson([silent, reading]));
  assert.deepEqual(await steps(page), ['open', 'reading']);
  await answerNumber(page);
  await expect(page.locator('[data-lesson]')).toHaveAttribute('data-done', 'true', { timeout: 60_000 });
  assert.deepEqual(await steps(page), ['answered', 'reading']);
});

test('a lesson in a file of the lab is shown like one in the address', async ({ open, serve }) => {
  const [first] = ITEMS;
  const keys = Object.fromEntries(new URLSearchParams(first.split('?')[1]));
  const file = { schema: 'nn-lab/lesson', schema_version: 1, id: 'memory', title: TITLE, text: 'Long. '.repeat(60), items: [{ id: 'q1', panel: 'rnn', chapter: 'memory', keys }] };
  const site = await serve({ pages: { 'lessons/memory.json': JSON.stringify(file), 'lessons/run.json': '{"schema": "nn-lab/run"}', 'lessons/bent.json': '{' } });
  const page = await open('#/lesson?file=lessons/memory.json', { from: site });
  await expect(page.locator('h1')).toHaveText(TITLE);
  await panel(page, 1).locator('[data-guess-input="number"]').waitFor();
  await expect(page.locator('.lesson-instructions')).toHaveAttribute('open');

  for (const [path, words] of [['lessons/run.json', /it is not a lesson: its schema is "nn-lab\/run"/], ['lessons/bent.json', /it is not JSON/], ['lessons/missing.json', /the server answered 404/], ['../memory.json', /own folder/], ['https://example.org/a.json', /own folder/]]) {
    const page = await open(`#/lesson?file=${encodeURIComponent(path)}`, { from: site, allow: [/404/] });
    await expect(page.locator('[role="alert"]')).toHaveText(words);
  }
});

test('addresses that are not a lesson give a sentence, and unknown items leave the others alone', async ({ open }) => {
  for (const [hash, words] of [
    ['#/lesson', /This address has no lesson/],
    ['#/lesson?lesson=memory', /it has no items/],
    [lesson(ITEMS, { lesson: 'No Name' }), /small letters, digits, - and _/],
    [lesson([ITEMS[0], ITEMS[0]]), /two items have the name "q1"/],
  ]) {
    const page = await open(hash);
    await expect(page.locator('[role="alert"]')).toHaveText(words);
  }
  const page = await open(lesson(['rnm/memory', 'rnn?experiment=forget-bais', ITEMS[0].replace('ask_id=q1', 'ask_id=last')], { itme4: 'mlp' }));
  await expect(page.locator('.lesson-item [role="alert"]')).toHaveText(/There is no section “rnm”. Did you mean “rnn”\?/);
  await expect(page.locator('[data-problems]')).toContainText('There is no setting “itme4” on this page.');
  await openStep(page, 2);
  await expect(page.locator('.lesson-item:not([hidden]) [role="alert"]')).toHaveText(/There is no experiment “forget-bais” in this section. Did you mean “forget-bias”\?/);
  await openStep(page, 3);
  await panel(page, 3).locator('[data-guess-input="number"]').waitFor();
});

/** Opens a page of a course with a lesson in a frame, and collects its messages. */
const course = (attributes = '', hash = lesson(ITEMS, { embed: 1 })) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>host</title><link rel="icon" href="data:,">
  <iframe id="lesson" title="lesson" width="1000" height="600" ${attributes} src="LAB${hash.replaceAll('&', '&amp;')}"></iframe>
  <script>heard = []; addEventListener('message', ({ data }) => data?.source === 'nn-lab' && heard.push(data));
  tell = (message) => document.querySelector('#lesson').contentWindow.postMessage({ source: 'nn-lab-host', version: 1, ...message }, '*');</script>`;
const heard = (page, type, from) => page.evaluate(([type, from]) => window.heard.filter((data) => data.type === type && (!from || data.panel === from)), [type, from]);
const tell = (page, message) => page.evaluate((message) => window.tell(message), message);

test('the page of a course receives the record, the progress and the statements, and restores a record', async ({ onHost }) => {
  test.setTimeout(180_000);
  const page = await onHost(course());
  const root = page.frameLocator('#lesson');
  await expect.poll(async () => (await heard(page, 'ready', 'lesson')).length).toBe(1);
  const [{ record, progress }] = await heard(page, 'record', 'lesson');
  assert.deepEqual([record.schema, record.lesson, record.answers, progress], ['nn-lab/answers', { id: 'memory', title: TITLE }, [], { answered: 0, items: 3, score: null, done: false }]);
  assert.equal(await root.locator('header').count(), 0, 'there is no navigation around it');
  await expect.poll(async () => (await heard(page, 'resize', 'lesson')).at(-1)?.height).toBeGreaterThan(400);

  await answerNumber(root);
  await expect.poll(async () => (await heard(page, 'record', 'lesson')).at(-1).progress, { timeout: 60_000 }).toEqual({ answered: 1, items: 3, score: 0, done: false });
  for (const type of ['guess', 'outcome']) {
    await expect.poll(async () => (await heard(page, type, 'rnn')).at(-1)?.record?.answers.length, `a message ${type} of the panel arrives`).toBe(1);
  }
  await expect.poll(async () => (await heard(page, 'statement', 'rnn')).length).toBeGreaterThan(0);
  const [{ statement }] = await heard(page, 'statement', 'rnn');
  assert.deepEqual([statement.verb.id, statement.object.definition.interactionType, statement.result.response, statement.result.success], ['http://adlnet.gov/expapi/verbs/answered', 'numeric', '0.987', false]);
  assert.equal(statement.context.contextActivities.parent[0].id.split('#')[1], '/lesson?lesson=memory');

  // The other answers come from what the course system has kept.
  const kept = (await heard(page, 'record', 'lesson')).at(-1).record;
  const [known] = kept.answers;
  const like = (id, kind, guess) => ({ ...known, id, kind, attempts: known.attempts.map((attempt) => ({ ...attempt, id: `kept-${id.length}`, guess, outcome: { ...attempt.outcome, verdict: { result: 'right', score: 1, off: null, seeds: 1, right: null } } })) });
  await tell(page, { type: 'restore', record: { ...kept, answers: [like('rnn/q2', 'question', { choice: 'LSTM' }), like('rnn/twelve-tokens', 'experiment', { choice: 'Both networks' })] } });
  await expect.poll(() => steps(root)).toEqual(['wrong', 'right', 'right']);
  await expect.poll(async () => (await heard(page, 'record', 'lesson')).at(-1).progress).toEqual({ answered: 3, items: 3, score: 2 / 3, done: true });
  assert.deepEqual(await heard(page, 'statement', 'lesson'), [], 'a restored lesson was completed before');
  await tell(page, { type: 'student', name: 'Ada' });
  await expect(root.locator('[data-hand-in="student"]')).toHaveValue('Ada');
  await expect.poll(async () => (await heard(page, 'record', 'lesson')).at(-1).record.student).toBe('Ada');

  await tell(page, { type: 'restore', record: { ...kept, lesson: { id: 'other', title: 'Other' } } });
  await tell(page, { type: 'restore', record: { schema: 'nn-lab/answers', schema_version: 9 } });
  await expect.poll(async () => (await heard(page, 'error', 'lesson')).map(({ message }) => message).join('\n')).toMatch(/it belongs to the lesson “other”[^]*newer version of the lab/);
  assert.deepEqual(await steps(root), ['wrong', 'right', 'right']);

  const theme = () => panel(root, 1).locator('html').getAttribute('data-theme');
  await tell(page, { type: 'theme', theme: 'dark' });
  await expect.poll(theme, 'the panels follow the theme').toBe('dark');
});

test('a finished lesson is reported once', async ({ onHost }) => {
  const page = await onHost(course('', lesson([ITEMS[0]], { embed: 1 })));
  const root = page.frameLocator('#lesson');
  await answerNumber(root);
  await expect.poll(async () => (await heard(page, 'statement', 'lesson')).length, { timeout: 60_000 }).toBe(1);
  const [{ statement }] = await heard(page, 'statement', 'lesson');
  assert.deepEqual([statement.verb.id, statement.result], ['http://adlnet.gov/expapi/verbs/completed', { completion: true, score: { scaled: 0 } }]);
  await panel(root, 1).locator('[data-action="guess-again"]').click();
  await panel(root, 1).locator('[data-guess-input="number"]').fill('0.5');
  await panel(root, 1).locator('[data-action="guess"]').click();
  await expect.poll(async () => (await heard(page, 'record', 'lesson')).at(-1).record.answers[0].attempts.length).toBe(2);
  assert.equal((await heard(page, 'statement', 'lesson')).length, 1);
});

test('in a sandbox that allows scripts alone, the lesson keeps the answers while it is open', async ({ onHost }) => {
  const page = await onHost(course('sandbox="allow-scripts"'));
  const root = page.frameLocator('#lesson');
  await answerNumber(root);
  await expect.poll(async () => (await steps(root))[0], { timeout: 60_000 }).toBe('wrong');
  await expect(root.locator('[data-volatile]')).toContainText('may not store anything');
  await expect.poll(async () => (await heard(page, 'record', 'lesson')).at(-1).progress.answered).toBe(1);
  // A record that the host kept reaches the panels, too.
  const kept = (await heard(page, 'record', 'lesson')).at(-1).record;
  await page.locator('#lesson').evaluate((frame) => frame.replaceWith(frame.cloneNode()));
  await expect.poll(async () => (await heard(page, 'ready', 'lesson')).length).toBe(2);
  assert.deepEqual((await heard(page, 'record', 'lesson')).at(-1).record.answers, []);
  await tell(page, { type: 'restore', record: kept });
  await expect.poll(async () => (await steps(root))[0]).toBe('wrong');
  await panel(root, 1).locator('[data-action="guess-again"]').waitFor();
});

for (const theme of ['light', 'dark']) {
  test(`a lesson is accessible and fits, ${theme}`, async ({ open }) => {
    const page = await open(lesson(), { theme, width: 1366, height: 650 });
    await panel(page, 1).locator('[data-guess-input="number"]').waitFor();
    await checkAccess(page, 'the lesson', '.lesson');
    const top = await page.locator('iframe[data-item="1"]').evaluate((frame) => frame.getBoundingClientRect().top);
    const head = await page.locator('.lesson').evaluate((section) => section.getBoundingClientRect().top);
    const text = await page.locator('.lesson-text').evaluate((text) => text.getBoundingClientRect().height);
    assert.ok(top - head - text <= 110, `title and steps take ${top - head - text} pixels`);
    for (const width of [1366, 390, 320]) {
      await page.setViewportSize({ width, height: 844 });
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `no overflow at ${width}`).toBeLessThanOrEqual(0);
      await expect.poll(() => panel(page, 1).locator('html').evaluate((html) => html.scrollWidth - innerWidth), `no overflow in the frame at ${width}`).toBeLessThanOrEqual(0);
      await expect.poll(() => panel(page, 1).locator('html').evaluate((html) => html.scrollHeight - innerHeight), `the frame fits at ${width}`).toBeLessThanOrEqual(1);
    }
  });
}

test('the theme of the page reaches the panels, also that of the system', async ({ open }) => {
  const page = await open(lesson(), { theme: 'light' });
  const root = panel(page, 1).locator('html');
  await panel(page, 1).locator('[data-guess-input="number"]').waitFor();
  assert.equal(await root.getAttribute('data-theme'), null);
  await page.locator('.preferences summary').click();
  for (const [chosen, shown] of [['dark', 'dark'], ['auto', 'light']]) {
    await page.locator('[data-param="theme"] select').selectOption(chosen);
    await expect(root).toHaveAttribute('data-theme', shown);
  }
  assert.equal(await page.locator('iframe').count(), 1);
});

test('in Firefox, the panels of a lesson load in their frames', { tag: ['@long', '@firefox'] }, async ({ site }) => {
  test.skip(firefoxPath() === undefined, 'Firefox is not installed');
  test.setTimeout(120_000);
  await withFirefox(async (firefox) => {
    await firefox.go(site.url + lesson());
    const isThere = () => firefox.run(`() => Boolean(document.querySelector('iframe[data-item="1"]')?.contentDocument?.querySelector('[data-guess-input="number"]'))`);
    await expect.poll(isThere, { timeout: 60_000 }).toBe(true);
  });
});
