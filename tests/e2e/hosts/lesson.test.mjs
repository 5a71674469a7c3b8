// A lesson of three questions in three tools: the same answers get the same scores, and are handed in as files.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { course } from '../lib/host.mjs';
import { build, expect, frames, inside, node, python, test, write } from './lib.mjs';

const LESSON = {
  schema: 'nn-lab/lesson',
  schema_version: 1,
  id: 'memory',
  title: 'Memory',
  text: 'Predict first, then train.',
  items: [
    { id: 'q1', panel: 'rnn', chapter: 'memory', keys: { seq_len: '12', steps: '6', device: 'cpu', show: 'loss,accuracy', ask: 'How accurate will the RNN be?', ask_guess: 'number', ask_metric: 'accuracy_rnn', ask_answer: 'measured', ask_tolerance: '0.05' } },
    { id: 'q2', panel: 'mlp', keys: { steps: '6', device: 'cpu', show: 'loss', ask: 'Whose loss will be larger?', ask_guess: 'choice', ask_options: 'linear|non-linear', ask_metric: 'loss_linear,loss_activated', ask_answer: 'largest' } },
    { id: 'q3', panel: 'attention', keys: { steps: '6', device: 'cpu', show: 'loss', ask: 'How accurate will the scaled network be?', ask_guess: 'number', ask_metric: 'accuracy_scaled', ask_answer: '0..1' } },
  ],
};

/** Answers the lesson in a page, hands it in, and returns the file. */
async function answer(page, selector) {
  const lesson = inside(page, selector);
  const item = (number) => lesson.frameLocator(`iframe[data-item="${number}"]`);
  const guesses = [
    (panel) => panel.locator('[data-guess-input]').fill('2'),
    (panel) => panel.getByLabel('linear', { exact: true }).check(),
    (panel) => panel.locator('[data-guess-input]').fill('0.5'),
  ];
  await page.locator(selector).scrollIntoViewIfNeeded();
  for (const [at, guess] of guesses.entries()) {
    const panel = item(at + 1);
    await panel.locator('[data-panel][data-probe="idle"]').waitFor({ timeout: 60_000 });
    await guess(panel);
    await panel.locator('[data-action="guess"]').click();
    await panel.locator('[data-action="train"]').click();
    await panel.locator('[data-panel][data-state="done"]').waitFor({ timeout: 120_000 });
    await expect(lesson.locator(`[data-step="${at + 1}"]`)).not.toHaveAttribute('data-step-state', /open|answered/);
    if (at + 1 < guesses.length) await lesson.locator('[data-action="next"]').click();
  }
  await expect(lesson.locator('[data-panel="lesson"]')).toHaveAttribute('data-done', 'true');
  await frames(page, 5);
  assert.ok(await lesson.locator('html').evaluate((html) => html.scrollHeight <= innerHeight + 1), 'the lesson has no scroll bar of its own');
  await lesson.locator('[data-hand-in="student"]').fill('Ada Lovelace');
  await lesson.locator('[data-hand-in="student"]').press('Tab');
  const [file] = await Promise.all([page.waitForEvent('download'), lesson.locator('[data-action="hand-in"]').click()]);
  assert.equal(file.suggestedFilename(), 'nn-lab-answers-memory-ada-lovelace.json');
  return JSON.parse(readFileSync(await file.path(), 'utf8'));
}

test('a lesson in MkDocs, VitePress and the div of a course system: the same scores and numbers', async ({ folder, nodeFolder, guide, open, serve, site }) => {
  test.setTimeout(500_000);
  site.pages['lessons/memory.json'] = JSON.stringify(LESSON);
  const text = `# Lesson\n\n${guide.lesson}\n`;
  write(folder, { 'mkdocs.yml': `site_name: Course\ntheme: { name: material, font: false }\n${guide.row('MkDocs').at(-1)}\n`, 'docs/index.md': text });
  await build(python('mkdocs'), ['build', '--quiet'], { cwd: folder });
  const [head, vue] = guide.row('VitePress').slice(-2);
  write(nodeFolder, { 'package.json': '{"name": "site", "private": true, "type": "module"}', '.vitepress/config.js': `export default { ${head}, ${vue} };\n`, 'index.md': text });
  await build(`${node}/node_modules/.bin/vitepress`, ['build'], { cwd: nodeFolder });
  const div = '<div class="nn-lab" data-panel="lesson" data-file="lessons/memory.json"></div>';
  const pages = { 'index.html': course(div).replace('LAB', site.url), 'favicon.ico': '' };
  const hosts = [
    [await serve({ folder: `${folder}/site` }), 'nn-lab'],
    [await serve({ folder: `${nodeFolder}/.vitepress/dist`, pages: { 'favicon.ico': '' } }), 'nn-lab'],
    [await serve({ pages }), '.nn-lab'],
  ];
  const files = [];
  for (const [from, selector] of hosts) {
    const page = await open('index.html', { from, ready: false, width: 1000 });
    files.push(await answer(page, selector));
  }
  delete site.pages['lessons/memory.json'];
  const results = files.map(({ student, lesson, answers }) => ({
    student,
    lesson: lesson.id,
    answers: answers.map(({ id, attempts: [{ guess, outcome }] }) => ({ id, guess, verdict: outcome.verdict, measured: outcome.measured })),
  }));
  assert.deepEqual(results[0].answers.map(({ id, verdict }) => [id, verdict.score]).filter(([id]) => id !== 'mlp/q2'), [['rnn/q1', 0], ['attention/q3', 1]]);
  assert.equal(results[0].student, 'Ada Lovelace');
  for (const result of results.slice(1)) assert.deepEqual(result, results[0]);
});
