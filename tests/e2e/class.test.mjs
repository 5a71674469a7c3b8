// The class view: sixty files become a table, distributions, findings, tables for spreadsheets, and runs that are repeated.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, address, checkAccess, checkFits, expect, shot, test, train } from './lib/test.mjs';
import { defaults, lesson, lessonFile, misfits, olderFile, otherLesson, QUESTIONS, sheet, sixty } from './class/fixtures.mjs';

const view = '[data-panel="class"]';
const list = (page, name) => page.locator(`${view} [data-list="${name}"] li`).allInnerTexts();
const names = (page) => page.locator(`${view} tbody tr`).evaluateAll((rows) => rows.map((row) => row.dataset.row));
const cell = (page, student, question) => page.locator(`${view} tr[data-row="${student}"] td[data-question="${question}"] [data-action="details"]`);

/** Numbers that stand in for a run, where none is repeated. */
const madeUp = { accuracy_linear: 0.61, accuracy_activated: 0.93, loss_activated: 0.21 };

/** Opens files, and waits until all are read. Returns the seconds that this took. */
async function give(page, files, count) {
  const began = Date.now();
  await page.locator(`${view} [data-action="class-files"]`).setInputFiles(files);
  await page.locator(`${view}[data-files="${count}"][data-state="idle"]`).waitFor();
  return (Date.now() - began) / 1000;
}

/** Presses a button that saves a file, and returns the file's rows. */
async function saved(page, action) {
  const [download] = await Promise.all([page.waitForEvent('download'), act(page, action)]);
  const text = readFileSync(await download.path(), 'utf8');
  assert.ok(text.startsWith('\ufeff'), 'spreadsheets recognize the encoding');
  return parse(text.slice(1));
}

/** Reads CSV by the rules of RFC 4180. */
function parse(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ',') rows.push([]);
  }
  rows.pop();
  const [header, ...cells] = rows;
  assert.ok(cells.every((row) => row.length === header.length), 'every row has all columns');
  return cells.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index]])));
}

test('an empty page says what it is for, by keyboard and on a phone', async ({ open }) => {
  const page = await open('#/class');
  await expect(page).toHaveTitle(/Class view/);
  await expect(page.locator('.class-drop')).toContainText('Drop the files of your class here, or a folder');
  await expect(page.locator('.class-drop')).toContainText('Nothing leaves this browser');
  await checkAccess(page, 'an empty page');
  await page.setViewportSize({ width: 390, height: 844 });
  await checkFits(page);
  for (const action of ['class-files', 'class-folder', 'show-link']) await expect(page.locator(`[data-action="${action}"]`)).toBeVisible();
  assert.equal(await page.locator('[data-action="class-folder"]').evaluate((input) => input.webkitdirectory), true);
});

test('sixty files become a table that can be sorted, saved and opened', async ({ open }) => {
  test.setTimeout(120_000);
  const page = await open('#/class');
  const files = sixty(madeUp);
  assert.equal(files.length, 60);
  const seconds = await give(page, files, 60);
  console.log(`sixty files to a table: ${seconds} s`);
  assert.ok(seconds < 10, `${seconds} s`);
  assert.equal((await names(page)).length, 60);
  await give(page, [lessonFile()], 60);
  await expect(page.locator(`${view} .class-count`)).toHaveText('A first network: 60 students, 4 questions.');

  // Grades are those of the lesson's keys, and not of the files, whose verdicts are open.
  await expect(cell(page, 'Student 01', QUESTIONS[0])).toHaveAttribute('data-grade', 'wrong');
  await expect(cell(page, 'Student 10', QUESTIONS[0])).toHaveAttribute('data-grade', 'right');
  await expect(cell(page, 'Student 03', QUESTIONS[1])).toHaveAttribute('data-grade', 'wrong');
  await expect(cell(page, 'Student 04', QUESTIONS[1])).toHaveAttribute('data-grade', 'right');
  await expect(cell(page, 'Student 04', QUESTIONS[2])).toHaveAttribute('data-grade', /right|wrong/);
  await expect(cell(page, 'Not Yet', QUESTIONS[0])).toHaveAttribute('data-grade', 'open');
  await expect(cell(page, 'Student 04', QUESTIONS[0])).toContainText('+1');
  await expect(cell(page, 'Other Settings', QUESTIONS[0])).toContainText('other settings');
  await expect(cell(page, 'Student 04', QUESTIONS[0])).toHaveAttribute('title', /^0\.54\. .*2026-11-30T/);

  // Names.
  const all = await names(page);
  for (const name of ['Ada Lovelace (same-1)', 'ada lovelace (same-2)', 'no-name']) assert.ok(all.includes(name) || all.includes(name.replace('ada lovelace', 'ada  lovelace')), name);
  const notes = (await list(page, 'notes')).join('\n');
  assert.match(notes, /One file has no name of a student.*no-name\.json/);
  assert.match(notes, /2 files have the name Ada Lovelace: same-1\.json, same-2\.json/);

  // Sorting.
  const header = (name) => page.locator(`${view} thead th`, { hasText: name });
  await header('Student').getByRole('button').click();
  await expect(header('Student')).toHaveAttribute('aria-sort', 'ascending');
  const sorted = await names(page);
  assert.deepEqual(sorted, [...sorted].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
  await header('Score').getByRole('button').click();
  const totals = await page.locator(`${view} [data-total]`).evaluateAll((cells) => cells.map((one) => Number(one.dataset.total)));
  assert.deepEqual(totals, [...totals].sort((a, b) => b - a));
  await header('accuracy').getByRole('button').click();
  assert.equal(await page.locator(`${view} tbody tr`).first().locator(`[data-question="${QUESTIONS[0]}"] [data-grade="right"]`).count() > 0, true);

  // Findings.
  const duplicates = await list(page, 'duplicates');
  assert.equal(duplicates.length, 1, duplicates.join('\n'));
  assert.match(duplicates[0], /^Student 03 and Copied From Three handed in the same answers to 3 questions/);
  const outliers = (await list(page, 'outliers')).join('\n');
  assert.match(outliers, /Far Away predicted 40 for mlp\/accuracy, far from the median of the class/);
  assert.match(outliers, /Wrong One has accuracy_linear = 0\.123, while \d+ others have 0\.61 with the same settings, seed and kind of device/);
  assert.equal(outliers.match(/Wrong Two has accuracy_linear = 0\.123/g).length, 1, 'a run that answers two questions is mentioned once');
  assert.equal(/Student \d+ predicted/.test(outliers), false, outliers);

  // Details.
  await cell(page, 'Student 04', QUESTIONS[0]).click();
  const dialog = page.locator('dialog[open]');
  await expect(dialog).toContainText('How accurate will the linear network be?');
  assert.equal(await dialog.locator('[data-attempt]').count(), 2);
  await expect(dialog).toContainText('accuracy_linear = 0.61');
  await expect(dialog).toContainText('Flex, 128-bit SIMD, one thread (cpu)');
  assert.match(await dialog.locator('[data-action="open-settings"]').first().getAttribute('href'), /^#\/mlp\?.*steps=40/);
  await checkAccess(page, 'details');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(cell(page, 'Student 04', QUESTIONS[0])).toBeFocused();

  // Tables.
  const students = await saved(page, 'csv-students');
  assert.equal(students.length, 60);
  assert.deepEqual(Object.keys(students[0]), ['name', 'file', 'total', 'max', ...QUESTIONS]);
  const ten = students.find(({ name }) => name === 'Student 10');
  assert.equal(ten.max, '3');
  assert.equal(Number(ten.total), QUESTIONS.reduce((sum, id) => sum + Number(ten[id]), 0));
  assert.ok(students.some(({ name }) => name === `'=HYPERLINK("x")`), 'a name is no formula');
  const answers = await saved(page, 'csv-answers');
  assert.equal(answers.length, 59 * 3 + 1);
  const four = answers.find(({ student, question_id }) => student === 'Student 04' && question_id === QUESTIONS[0]);
  assert.deepEqual(
    { ...four, first_time: undefined, last_time: undefined },
    {
      student: 'Student 04', file: 'nn-lab-answers-first-network-student-4.json', lesson: 'first-network', question_id: QUESTIONS[0], question: lesson.items[0].keys.ask,
      kind: 'question', first_guess: '0.54', result: 'wrong', score: '0', attempts: '2', first_time: undefined, last_time: undefined, seed: '1', device: 'cpu',
      measured_accuracy_activated: '', measured_accuracy_linear: '0.61', measured_loss_activated: '', settings: 'steps=40', reproduces: '',
    },
  );
  assert.match(four.first_time, /^2026-11-30T/);
  assert.ok(four.last_time > four.first_time);

  await checkAccess(page, 'the table');
  await shot(page, 'class-1280');
  await page.setViewportSize({ width: 390, height: 844 });
  await checkFits(page, 'the table on a phone');
  await shot(page, 'class-390');
});

test('every file that does not fit gets a sentence, and rows can be removed and put back', async ({ open }) => {
  const page = await open('#/class', { theme: 'dark' });
  const bad = misfits(madeUp);
  const good = [sheet(1, madeUp), sheet(2, madeUp)].map((content, n) => ({ name: `good-${n}.json`, mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(content)) }));
  await give(page, [...bad.slice(0, 4).map(([file]) => file), good[0], lessonFile(), ...bad.slice(4).map(([file]) => file), otherLesson(madeUp), olderFile(madeUp), good[1], { ...good[1], name: 'again.json' }], 4);
  const left = await list(page, 'left-out');
  assert.equal(left.length, bad.length, left.join('\n'));
  for (const [{ name }, words] of bad) assert.match(left.find((one) => one.startsWith(`${name}: `)) ?? '', words);
  assert.deepEqual(await list(page, 'misfits'), ['Elsewhere (other-lesson.json) belongs to the lesson "another-lesson".']);
  assert.match((await list(page, 'notes')).join('\n'), /again\.json was ignored: an identical file is already here/);
  assert.deepEqual(await names(page), ['Student 01', 'experiments', 'Student 02']);
  await expect(cell(page, 'experiments', QUESTIONS[3])).toContainText('0.8');
  await checkAccess(page, 'in the dark theme');
  await shot(page, 'class-dark');

  await page.locator('tr[data-row="Student 01"] [data-action="remove-row"]').click();
  assert.deepEqual(await names(page), ['experiments', 'Student 02']);
  await act(page, 'undo-remove');
  assert.deepEqual(await names(page), ['Student 01', 'experiments', 'Student 02']);
  await act(page, 'dismiss-files');
  await expect(page.locator('[data-list="left-out"]')).toHaveCount(0);
  await act(page, 'remove-all');
  assert.deepEqual(await names(page), []);
  await act(page, 'undo-remove');
  assert.deepEqual(await names(page), ['Student 01', 'experiments', 'Student 02']);
  await act(page, 'remove-lesson');
  assert.equal((await names(page)).length, 4);
  assert.match((await list(page, 'notes')).join('\n'), /belong to several lessons: no lesson \(1\), another-lesson \(1\), first-network \(2\)/);
});

test('files are dropped as they come', async ({ open }) => {
  const page = await open('#/class');
  for (const n of [1, 2]) {
    const data = await page.evaluateHandle(([text, name]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name, { type: 'application/json' }));
      return transfer;
    }, [JSON.stringify(sheet(n, madeUp)), `dropped-${n}.json`]);
    await page.locator('.class-drop').dispatchEvent('drop', { dataTransfer: data });
    await page.locator(`${view}[data-files="${n}"]`).waitFor();
  }
  assert.deepEqual(await names(page), ['Student 01', 'Student 02']);
});

test('first predictions are shown next to what was measured, also on a wall', async ({ open }) => {
  const page = await open('#/class');
  await give(page, [...sixty(madeUp), lessonFile()], 60);
  const picture = (id) => page.locator(`[data-picture="${id}"]`);
  assert.equal(await picture(QUESTIONS[0]).locator('.class-dot').count(), 60);
  await expect(picture(QUESTIONS[0]).locator('[data-measured="0.61"]')).toHaveCount(1);
  await expect(picture(QUESTIONS[0])).toContainText('60 predictions from 0.5 to 40');
  const bars = await picture(QUESTIONS[1]).locator('.class-bar').evaluateAll((all) => all.map((one) => [Number(one.dataset.count), one.dataset.right !== undefined]));
  assert.equal(bars.reduce((sum, [count]) => sum + count, 0), 59);
  assert.deepEqual(bars.map(([, right]) => right), [false, true]);
  await expect(picture(QUESTIONS[2]).locator('[data-drawing="curves"] svg').first()).toBeVisible();
  for (const id of QUESTIONS.slice(0, 3)) {
    await picture(id).locator('[data-action="show-large"]').click();
    const dialog = page.locator('dialog[open]');
    const { width, height } = await dialog.boundingBox();
    assert.ok(width >= 1265 && height >= 890, `${width} x ${height}`);
    const drawing = await dialog.locator('[data-large] svg').first().boundingBox();
    assert.ok(drawing.width > 900 && drawing.y + drawing.height <= 900, `${id}: ${JSON.stringify(drawing)}`);
    await checkAccess(page, `${id} in large`);
    await shot(page, `class-large-${id.split('/')[1]}`);
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
  }
});

test('a link for the class is shown as a code', async ({ open, site }) => {
  const page = await open('#/class');
  await act(page, 'show-link');
  const dialog = page.locator('dialog[open]');
  const field = dialog.locator('[data-input="link"]');
  await expect(dialog.locator('svg')).toHaveCount(0);
  await field.fill('nonsense');
  await expect(dialog).toContainText('This is not an address');
  await field.fill('#/rnn/memory?seq_len=50');
  await expect(dialog.locator('[data-link]')).toHaveText(/\/#\/rnn\/memory\?seq_len=50$/);
  const code = await dialog.locator('svg.class-qr').boundingBox();
  assert.ok(code.width > 400 && Math.abs(code.width - code.height) < 2, JSON.stringify(code));
  assert.ok((await dialog.locator('svg.class-qr path').getAttribute('d')).length > 1000);
  await checkAccess(page, 'the code');
  await shot(page, 'class-link');
  await field.fill(`#/rnn?ask=${'x'.repeat(4000)}`);
  await expect(dialog).toContainText('too many for a QR code');
  await page.keyboard.press('Escape');
  await give(page, [lessonFile()], 0);
  await act(page, 'show-link');
  // The typed address stays until it is cleared.
  await field.fill('');
  const link = await dialog.locator('[data-link]').innerText();
  assert.match(link, /#\/lesson\?lesson=first-network/);
  assert.ok(link.startsWith(new URL(site.url).origin));
  await expect(dialog.locator('svg.class-qr')).toBeVisible();
});

test('runs are repeated, and wrong numbers are found', async ({ open }) => {
  test.setTimeout(180_000);
  const panel = await open(address('mlp', { device: 'cpu', steps: 40 }));
  const run = await train(panel, ['accuracy_linear', 'accuracy_activated', 'loss_activated']);
  await panel.close();

  const page = await open('#/class?device=cpu');
  await give(page, [...sixty(run), lessonFile()], 60);
  const plan = page.locator('[data-plan]');
  await page.locator('[data-sample="all"]').check();
  // The default run, the one of two hidden layers; what cannot run is not counted.
  await expect(plan).toHaveAttribute('data-plan', '2');
  await expect(page.locator('[data-versions]')).toContainText('0.1.0');
  await act(page, 'recompute');
  await expect(page.locator('[data-recompute]')).toHaveAttribute('data-recompute', 'done', { timeout: 120_000 });
  const result = (student) => cell(page, student, QUESTIONS[0]).getAttribute('data-reproduces');
  assert.equal(await result('Student 01'), 'exactly');
  assert.equal(await cell(page, 'Student 04', QUESTIONS[2]).getAttribute('data-reproduces'), 'exactly');
  for (const wrong of ['Wrong One', 'Wrong Two', 'Other Settings']) assert.equal(await result(wrong), 'differs', wrong);
  assert.equal(await result('Cannot Run'), 'cannot');
  assert.equal(await result('Older Version'), 'exactly');
  assert.equal(await result('Not Yet'), null);
  const words = (await list(page, 'recomputed')).join('\n');
  assert.ok(words.includes(`Wrong One, mlp/accuracy: differs: accuracy_linear: expected 0.123, found ${Math.fround(run.accuracy_linear).toPrecision(8).replace(/0+$/, '').slice(0, 5)}`), words);
  assert.match(words, /Cannot Run, mlp\/accuracy: cannot be repeated: this version has no setting "magic"/);
  const rows = await saved(page, 'csv-answers');
  assert.equal(rows.find(({ student }) => student === 'Wrong Two').reproduces, 'differs');
  assert.equal(rows.find(({ student }) => student === 'Student 01').reproduces, 'exactly');
  await checkAccess(page, 'after recomputing');
  await shot(page, 'class-recomputed');
});

test('what a panel has recorded reproduces exactly', async ({ open }) => {
  test.setTimeout(120_000);
  const read = async (keys, guess) => {
    const panel = await open(address('mlp', { device: 'cpu', steps: 60, seed: 3, ask: 'What will it be?', ask_answer: 'measured', ...keys }));
    await guess(panel.locator('[data-guess-input]').first());
    await act(panel, 'guess');
    await train(panel, ['loss_activated']);
    const stored = await expect.poll(async () => (await panel.evaluate(() => localStorage.getItem('nn-lab.answers'))) ?? '', { timeout: 20_000 }).toContain('"measured"').then(() => panel.evaluate(() => localStorage.getItem('nn-lab.answers')));
    await panel.close();
    return { name: `${keys.ask_guess}.json`, mimeType: 'application/json', buffer: Buffer.from(stored) };
  };
  const number = await read({ ask_guess: 'number', ask_metric: 'accuracy_activated', ask_id: 'number' }, (field) => field.fill('0.5'));
  const curve = await read({ ask_guess: 'curve', ask_metric: 'loss_activated', ask_range: '0,1', ask_id: 'curve', seeds: 1 }, async (field) => {
    await field.focus();
    await field.press('ArrowUp');
  });
  const several = await read({ ask_guess: 'number', ask_metric: 'accuracy_linear', ask_id: 'several', seeds: 3 }, (field) => field.fill('0.5'));
  const item = (id, keys) => ({ id, panel: 'mlp', keys: { ask: 'What will it be?', ask_answer: 'measured', steps: 60, ...keys } });
  const items = [
    item('number', { ask_guess: 'number', ask_metric: 'accuracy_activated' }),
    item('curve', { ask_guess: 'curve', ask_metric: 'loss_activated', ask_range: '0,1' }),
    item('several', { ask_guess: 'number', ask_metric: 'accuracy_linear' }),
  ];
  const lessonOf = { schema: 'nn-lab/lesson', schema_version: 1, id: 'recorded', title: 'Recorded', items };
  const page = await open('#/class');
  await give(page, [number, curve, several, { name: 'lesson.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(lessonOf)) }], 3);
  await page.locator('[data-sample="all"]').check();
  await expect(page.locator('[data-plan]')).toHaveAttribute('data-plan', '2');
  await act(page, 'recompute');
  await expect(page.locator('[data-recompute]')).toHaveAttribute('data-recompute', 'done', { timeout: 60_000 });
  assert.equal(await page.locator('[data-reproduces="exactly"]').count(), 3, await page.locator('.class-recompute').innerText());
});

test('a sample is smaller, and repeated runs can be paused and stopped', async ({ open }) => {
  test.setTimeout(120_000);
  const page = await open('#/class?device=cpu');
  const long = sheet(1, madeUp, { more: { settings: { steps: 20000, seed: 1 } } });
  await give(page, [{ name: 'long.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(long)) }], 1);
  await act(page, 'recompute');
  const state = page.locator('[data-recompute]');
  await expect(state).toHaveAttribute('data-recompute', 'running');
  await act(page, 'recompute-pause');
  await expect(state).toHaveAttribute('data-recompute', 'paused');
  await act(page, 'recompute-resume');
  await expect(state).toHaveAttribute('data-recompute', 'running');
  await expect(page.locator('.class-recompute .run-numbers')).toContainText('left', { timeout: 60_000 });
  await act(page, 'recompute-stop');
  await expect(state).toHaveAttribute('data-recompute', 'done');
  await expect(page.locator('[data-recomputed]')).toContainText('No run has ended');
});

test('sixty default runs of the MLP are one run', async ({ open }) => {
  test.setTimeout(240_000);
  const panel = await open(address('mlp', { device: 'cpu' }));
  const run = await train(panel, ['accuracy_linear', 'accuracy_activated', 'loss_activated'], 120_000);
  await panel.close();
  const page = await open('#/class?device=cpu');
  await give(page, defaults(run), 60);
  await page.locator('[data-sample="all"]').check();
  await expect(page.locator('[data-plan]')).toHaveAttribute('data-plan', '1');
  const began = Date.now();
  await act(page, 'recompute');
  await expect(page.locator('[data-recompute]')).toHaveAttribute('data-recompute', 'done', { timeout: 200_000 });
  console.log(`sixty default runs of the MLP: ${(Date.now() - began) / 1000} s`);
  await expect(page.locator('[data-recomputed]')).toHaveText(/^Of (\d+) attempts, \1 reproduce exactly\.$/);
});
