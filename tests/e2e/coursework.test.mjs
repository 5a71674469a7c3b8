// The way of a lesson: written in the dialog, answered in three hosts, handed in, and graded in the class view, in a course system
// and in Python, with the same scores.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test as base } from './lib/test.mjs';
import { test as courseTest } from './course/lms.mjs';
import { mergeTests } from '@playwright/test';
import { choose, openDialog, snippet } from './lib/share.mjs';
import { root } from './lib/site.mjs';

const test = mergeTests(base, courseTest).extend({
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'nn-lab-lesson-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
});

/** The Python with pandas that scripts/python.sh installs. */
const python = join(process.env.NN_LAB_HOME ?? join(homedir(), '.cache/nn-lab'), 'python-test/bin/python');

const settings = 'device=cpu&seq_len=10&steps=12&seed=4';

/** A page of a course. */
const coursePage = (body) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Course</title><link rel="icon" href="data:,"><body>${body}</body></html>`;

/** Writes a lesson of three questions in the dialog. Returns its file, its snippets, its link and its package. */
async function write(open, folder) {
  const page = await open(`#/rnn/memory?${settings}`, { width: 1366, height: 650 });
  const dialog = await openDialog(page);
  const set = (hook, value) => dialog.locator(`[data-share="${hook}"]`).fill(value);
  const pick = (hook, value) => dialog.locator(`select[data-share="${hook}"]`).selectOption(value);
  const add = () => dialog.locator('[data-action="add-item"]').click();
  await choose(page, 'assignment');
  await set('lesson-title', 'Memory');
  await set('ask', 'How accurate will the RNN be?');
  await pick('guess', 'number');
  await pick('metric', 'accuracy_rnn');
  await set('tolerance', '0.9');
  await add();
  await set('ask', 'Which network is better?');
  await pick('guess', 'choice');
  await set('options', 'RNN\nLSTM');
  await dialog.locator('[data-right="smallest"] input').check();
  await dialog.getByLabel('“RNN” is answered by').selectOption('loss_rnn');
  await dialog.getByLabel('“LSTM” is answered by').selectOption('loss_lstm');
  await add();
  await page.keyboard.press('Escape');
  await page.evaluate(() => (location.hash = '#/mlp?device=cpu&steps=12'));
  await page.locator('[data-panel="mlp"]').waitFor();
  await openDialog(page);
  await set('ask', 'How high will the loss be?');
  await pick('guess', 'number');
  await pick('metric', 'loss_activated');
  await pick('right', 'range');
  await set('low', '0');
  await set('high', '5');
  await add();
  const download = async (button, name) => {
    const [file] = await Promise.all([page.waitForEvent('download'), dialog.locator(button).click()]);
    await file.saveAs(join(folder, name));
    return join(folder, name);
  };
  const lesson = await download('[data-action="save-lesson"]', 'lesson.json');
  const [element, frame, link] = [await snippet(page, 'html', 'element'), await snippet(page, 'frame', 'iframe'), await snippet(page, 'link')];
  await dialog.locator('[data-share="tool"]').selectOption('package');
  const zip = await download('[data-package="-scorm12.zip"]', 'memory-scorm12.zip');
  return { lesson, element, frame, link, zip };
}

/** Answers the questions of a lesson, and hands in. */
async function answer(page, lesson, student, guesses, folder) {
  const step = (number) => lesson.locator(`[data-step="${number}"]`);
  for (const [index, guess] of guesses.entries()) {
    await step(index + 1).locator('button').click();
    const panel = lesson.frameLocator(`iframe[data-item="${index + 1}"]`);
    await panel.locator('.guess-form').waitFor();
    if (typeof guess === 'number') await panel.locator('[data-guess-input="number"]').fill(String(guess));
    else await panel.getByRole('radio', { name: guess }).check();
    await panel.locator('[data-action="guess"]').click();
    await panel.locator('[data-action="train"]').click();
    await expect(step(index + 1)).toHaveAttribute('data-step-state', /right|wrong/, { timeout: 60_000 });
  }
  await lesson.locator('[data-hand-in="student"]').fill(student);
  await lesson.locator('[data-hand-in="student"]').blur();
  const [file] = await Promise.all([page.waitForEvent('download'), lesson.locator('[data-action="hand-in"]').click()]);
  await file.saveAs(join(folder, file.suggestedFilename()));
}

test('a lesson from the dialog is answered in three hosts and gets the same scores everywhere', { tag: '@long' }, async ({ open, serve, course, folder }) => {
  test.setTimeout(300_000);
  const made = await write(open, folder);
  const handedIn = join(folder, 'class');
  mkdirSync(handedIn);

  // A course page with the element, and one with a frame in a sandbox, both of another origin.
  const visit = async (body) => open('', { from: await serve({ pages: { 'index.html': body } }), ready: false });
  const withElement = await visit(coursePage(made.element));
  await answer(withElement, withElement.frameLocator('nn-lab iframe'), 'Ada', [0.5, 'RNN', 1], handedIn);
  const sandbox = 'sandbox="allow-scripts allow-downloads"';
  const withFrame = await visit(coursePage(made.frame.replace('<iframe ', `<iframe ${sandbox} `)));
  await answer(withFrame, withFrame.frameLocator('iframe'), 'Grace', [0.25, 'LSTM', 9], handedIn);

  // A course system, with the package that the dialog saved.
  const unpacked = join(folder, 'sco');
  execFileSync('python3', ['-m', 'zipfile', '-e', made.zip, unpacked]);
  const pack = Object.fromEntries(readdirSync(unpacked).map((name) => [name, readFileSync(join(unpacked, name), 'utf8')]));
  const system = await course('12', { pack, starts: false, data: { core: { student_name: 'Turing, Alan' } } });
  await system.launch();
  const inSystem = system.package.frameLocator('iframe');
  await expect(inSystem.locator('[data-step="1"]')).toBeVisible({ timeout: 30_000 });
  await answer(system.page, inSystem, 'Alan Turing', [0.75, 'LSTM', 0.5], handedIn);
  await expect.poll(() => system.value('cmi.core.lesson_status')).toBe('completed');
  const scored = { 'Alan Turing': Number(await system.value('cmi.core.score.raw')) / 100 };

  // The class view.
  const files = readdirSync(handedIn).map((name) => join(handedIn, name));
  assert.deepEqual(readdirSync(handedIn).sort(), ['ada', 'alan-turing', 'grace'].map((name) => `nn-lab-answers-memory-${name}.json`));
  const page = await open('#/class');
  await page.locator('[data-action="class-files"]').setInputFiles([made.lesson, ...files]);
  await page.locator('[data-panel="class"] tbody tr').nth(2).waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-action="csv-students"]').click()]);
  const table = readFileSync(await download.path(), 'utf8').replace('\ufeff', '').trim().split('\r\n').map((row) => row.split(','));
  const column = (name) => table[0].indexOf(name);
  const inClass = Object.fromEntries(table.slice(1).map((row) => [row[column('student')] || row[0], Number(row[column('total')]) / Number(row[column('max')])]));
  console.log(`scores: ${JSON.stringify(inClass)}`);
  assert.deepEqual(Object.keys(inClass).sort(), ['Ada', 'Alan Turing', 'Grace']);
  assert.ok(Math.abs(inClass['Alan Turing'] - scored['Alan Turing']) < 0.005, JSON.stringify([inClass, scored]));
  // What the files themselves say.
  for (const file of files) {
    const { student, answers } = JSON.parse(readFileSync(file, 'utf8'));
    const sum = answers.reduce((sum, { attempts }) => sum + attempts[0].outcome.verdict.score, 0);
    assert.ok(Math.abs(sum / 3 - inClass[student]) < 1e-9, `${student}: ${sum}`);
  }

  if (!existsSync(python)) return console.log('Python with pandas is missing; the grades of the Python package are not compared');
  const out = join(folder, 'grades.csv');
  execFileSync(python, ['-B', '-m', 'nn_lab.grade', handedIn, '--lesson', made.lesson, '--out', out], { env: { ...process.env, PYTHONPATH: join(root, 'python/src') } });
  const grades = readFileSync(out, 'utf8').trim().split(/\r?\n/).map((row) => row.split(','));
  const inPython = Object.fromEntries(grades.slice(1).map((row) => [row[grades[0].indexOf('name')], Number(row[grades[0].indexOf('score')]) / Number(row[grades[0].indexOf('max')])]));
  writeFileSync(join(folder, 'scores.json'), JSON.stringify(inPython));
  assert.deepEqual(inPython, inClass);
});
