// Section 6 on the CPU, as a visitor uses it: training, generation, heads, own text, files.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, address, checkAccess, frames, metric, probed, readParam, reveal, setParam, shot, test, waitMetric, waitState } from './lib/test.mjs';

const small = { device: 'cpu', layers: 1, heads: 2, d_model: 32, context: 32, batch_size: 8, warmup: 0, sample_length: 40 };
const cpu = (params) => address('transformer', { ...small, ...params });
const panel = (page, selector) => page.locator(`[data-panel="transformer"] ${selector}`);

test('the preset "first look" beats the bigram baseline', { tag: '@long' }, async ({ open }) => {
  test.setTimeout(150_000);
  const page = await open(address('transformer', { device: 'cpu', preset: 'first-look' }));
  const bigram = await waitMetric(page, 'baseline_bigram', () => true, 40_000);
  assert.ok(bigram < (await metric(page, 'baseline_unigram')));
  await waitMetric(page, 'params_counted');
  assert.equal(await metric(page, 'params_counted'), await metric(page, 'params_formula'));
  assert.ok((await metric(page, 'pe_shift_max_dev')) < 1e-3);
  // The probe measures this last.
  await page.waitForFunction(() => /about .*\b(s|min|second)\./.test(document.querySelector('[data-cost]').innerText));
  console.log(await panel(page, '[data-cost]').innerText());
  await act(page, 'train');
  const began = Date.now();
  await waitMetric(page, 'loss_val', (loss) => loss < bigram, 120_000);
  console.log(`below the bigram baseline after ${Math.round((Date.now() - began) / 1000)} s, step ${await metric(page, 'step')}`);
  await shot(page, 'transformer-under-bigram');
});

test('it learns, generates text, and shows its heads and what each is worth', async ({ open }) => {
  const page = await open(cpu({ steps: 150, learning_rate: 0.01 }));
  await act(page, 'train');
  await waitState(page, 'done', 90_000);
  assert.equal(await metric(page, 'step'), 150);
  const loss = await waitMetric(page, 'loss_val');
  assert.ok(loss < (await metric(page, 'baseline_unigram')), `${loss}`);
  assert.ok(Math.abs((await metric(page, 'bits_per_char')) - loss / Math.LN2) < 1e-6);

  // Heads have small maps, a large map, the text, and a table.
  assert.equal(await panel(page, '[data-head]').count(), 2);
  await panel(page, '[data-head="1"]').click();
  assert.match(await panel(page, '[data-figure="attention"] h2').innerText(), /layer 1, head 2/);
  assert.ok(Math.abs((await metric(page, 'row_sum')) - 1) < 0.05);
  assert.ok((await metric(page, 'head_entropy')) >= 0 && (await metric(page, 'head_distance')) >= 0);
  const map = panel(page, '[data-figure="attention"] svg.chart-svg');
  await map.focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  assert.match(await panel(page, '.heads-stage .linked h3').innerText(), /position 2, .*pinned/);
  await panel(page, '[data-sort="entropy"]').click();
  assert.equal(await panel(page, 'th[aria-sort="descending"]').count(), 1);
  await panel(page, '[data-action="switch-each"]').click();
  await panel(page, '[data-lost]').nth(1).waitFor({ timeout: 30_000 });

  // The timeline goes back to the first sample.
  const timeline = panel(page, '[data-timeline]').first();
  await timeline.focus();
  await page.keyboard.press('Home');
  assert.equal(await metric(page, 'shown_step'), 0);
  await page.keyboard.press('End');
  assert.equal(await metric(page, 'shown_step'), 150);

  // The same seed generates the same text.
  const write = async () => {
    await panel(page, '[data-write="count"]').fill('60');
    await panel(page, '[data-action="write"]').click();
    await panel(page, '[data-written="60"][data-busy="false"]').waitFor({ timeout: 30_000 });
    return panel(page, '[data-written]').innerText();
  };
  const text = await write();
  await panel(page, '[data-written]').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await panel(page, '[data-likeliest] li').count(), 10);
  await panel(page, '[data-write="seed"]').fill('2');
  await frames(page);
  await panel(page, '[data-action="write"]').click();
  await page.waitForFunction((text) => document.querySelector('[data-written="60"][data-busy="false"]')?.innerText && document.querySelector('[data-written]').innerText !== text, text);
  await shot(page, 'transformer-done');
});

test('saved weights open again and give the same loss', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ steps: 40 }));
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  const loss = await waitMetric(page, 'loss_val');
  const download = page.waitForEvent('download');
  await panel(page, '[data-action="save"]').click();
  const file = await (await download).path();
  await act(page, 'reset');
  await panel(page, '[data-load]').setInputFiles({ name: 'a.safetensors', mimeType: 'application/octet-stream', buffer: readFileSync(file) });
  await panel(page, '[data-loaded="40"]').waitFor({ timeout: 30_000 });
  assert.equal(await waitMetric(page, 'loss_val'), loss);

  const damaged = readFileSync(file).subarray(0, 400);
  await panel(page, '[data-load]').setInputFiles({ name: 'b.safetensors', mimeType: 'application/octet-stream', buffer: damaged });
  await panel(page, '[data-refused]').first().waitFor({ timeout: 30_000 });
  assert.equal(await metric(page, 'loss_val'), loss, 'the model is as it was');
});

test('a pasted text can be trained on and removed', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ steps: 30 }));
  await reveal(panel(page, '[data-paste]'));
  await panel(page, '[data-paste]').fill('too short');
  await panel(page, '[data-action="use-text"]').click();
  await panel(page, '[data-own="text"] [data-kind="error"]').waitFor();
  await panel(page, '[data-paste]').fill('The cat sat on the mat. It was a fat cat.\n'.repeat(120));
  await panel(page, '[data-action="use-text"]').click();
  await page.waitForFunction(() => /text=own/.test(location.hash), undefined, { timeout: 20_000 });
  await panel(page, '.about-text', { hasText: 'Your own text' }).first().getByText('Your own text').waitFor({ timeout: 20_000 });
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  assert.ok((await waitMetric(page, 'loss_val')) < (await metric(page, 'baseline_unigram')));
  // The run names its text; without it, the panel says which one is missing.
  await panel(page, '[data-action="remove-stored"]').click();
  await panel(page, '[data-link="missing"]').waitFor();
  await panel(page, '[data-action="restore-stored"]').click();
  await panel(page, '[data-action="remove-stored"]').waitFor();
});

test('the settings of the optimizer are folded until one of them is changed', async ({ open }) => {
  const page = await open(cpu({ steps: 5 }));
  const group = panel(page, 'fieldset.folded details');
  assert.equal(await group.getAttribute('open'), null);
  await reveal(group.locator('[data-param="clip"]'));
  assert.notEqual(await group.getAttribute('open'), null);
  await setParam(page, 'clip', 0);
  await setParam(page, 'weight_decay', 0.5);
  await page.waitForFunction(() => /clip=0(\.0)?(&|$)/.test(location.hash) && /weight_decay=0.5/.test(location.hash));
  assert.notEqual(await group.getAttribute('open'), null, 'a changed value does not close the group');
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  assert.ok((await waitMetric(page, 'loss_val')) < 6);
  // A link with such a value shows it.
  const linked = await open(cpu({ beta1: 0.5 }));
  await linked.locator('.more-settings > summary').first().click();
  await linked.locator('[data-param="beta1"] input[role="spinbutton"]').waitFor({ state: 'visible' });
  assert.equal(String(await readParam(linked, 'beta1')), '0.5');
});

// ---------- The next character ----------

const bars = (page) =>
  panel(page, '[data-next="bars"] li').evaluateAll((list) => list.map((node) => ({ char: node.dataset.char, p: Number(node.dataset.p) })));
/** Waits until the bars differ from `before`, and returns them. */
async function newBars(page, before) {
  const end = Date.now() + 20_000;
  for (;;) {
    const now = await bars(page);
    if (now.length && JSON.stringify(now) !== JSON.stringify(before)) return now;
    assert.ok(Date.now() < end, 'the bars stay as they were');
    await frames(page);
  }
}
const sum = (list) => list.reduce((total, { p }) => total + p, 0);
const slide = (page, name, value) =>
  panel(page, `[data-next="${name}"]`).evaluate((node, value) => {
    node.value = value;
    node.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, value);

test('the next character: bars, temperature, top-k, heads, and what the vocabulary lacks', async ({ open }) => {
  const page = await open(address('transformer/next', { ...small, layers: 2, steps: 120 }));
  // The model before training answers at once, and writes.
  const untrained = await newBars(page, []);
  assert.equal(untrained.length, 10);
  await panel(page, '.next-answer[data-step="0"]').waitFor();
  await panel(page, '.next-sample[data-sample="0"]').waitFor();
  await panel(page, '[data-next="text"]').fill('The quality of mercy is not str');
  const other = await newBars(page, untrained);
  assert.equal(other.length, 10);
  await probed(page);
  await panel(page, '[data-next="text"]').fill("ROMEO:\nWhat say'st th");
  assert.deepEqual(await newBars(page, other), untrained, 'the same text, the same prediction');
  await act(page, 'train');
  // The prediction and the sample are updated during training.
  const early = await newBars(page, untrained);
  assert.equal(early.length, 10);
  await panel(page, '.next-sample:not([data-sample="0"])').waitFor({ timeout: 60_000 });
  await waitState(page, 'done', 60_000);
  await page.waitForFunction(() => document.querySelector('.next-answer')?.dataset.step === '120');
  const plain = await bars(page);
  assert.ok(sum(plain) <= 1 + 1e-9 && sum(plain) > 0.2, JSON.stringify(plain));
  assert.ok(plain.every(({ p }, i) => i === 0 || p <= plain[i - 1].p), 'the likeliest comes first');

  // Temperature and top-k act at once, without the worker.
  await slide(page, 'temperature', '0.1');
  const cold = await newBars(page, plain);
  assert.ok(cold[0].p > plain[0].p && cold[0].char === plain[0].char && sum(cold) <= 1 + 1e-9);
  await slide(page, 'temperature', '1');
  await slide(page, 'top-k', '3');
  const few = await newBars(page, cold);
  assert.ok(Math.abs(sum(few) - 1) < 1e-9 && few.slice(3).every(({ p }) => p === 0), JSON.stringify(few));
  await slide(page, 'top-k', '62');

  // Switching a head off changes the bars, and outlines the earlier ones.
  assert.equal(await panel(page, '[data-switch]').count(), 4);
  await panel(page, '[data-switch="1"]').focus();
  await page.keyboard.press('Enter');
  await panel(page, '.bar-before').first().waitFor();
  assert.equal(await panel(page, '[data-switch="1"]').getAttribute('aria-pressed'), 'false');
  assert.notDeepEqual(await bars(page), plain);
  await shot(page, 'transformer-next-token');
  await panel(page, '[data-switch="1"]').click();
  await page.waitForFunction(() => !document.querySelector('.bar-before'));
  assert.deepEqual(await bars(page), plain);

  // Another text has characters that are not in the vocabulary; the next one is longer than the context.
  const text = panel(page, '[data-next="text"]');
  await text.fill('Zürich § the');
  await newBars(page, plain);
  const notes = panel(page, '[data-next="notes"]');
  assert.match(await notes.innerText(), /Not in the vocabulary: “ü”, “§”; skipped\./);
  assert.equal(await text.inputValue(), 'Zürich § the');
  await text.fill('To be, or not to be, that is the question:\nWhether');
  await page.waitForFunction(() => /only its last 32 characters count/.test(document.querySelector('[data-next="notes"]').innerText));
  await text.fill('');
  await page.waitForFunction(() => /after a newline/.test(document.querySelector('[data-next="notes"]').innerText));
  assert.equal((await newBars(page, [])).length, 10);
  const rows = await panel(page, '[data-figure="next-token"]').evaluate(async (figure) => {
    figure.querySelector('summary').click();
    figure.querySelector('[data-export="table"]').click();
    while (!figure.querySelector('tbody tr')) await new Promise(requestAnimationFrame);
    return figure.querySelectorAll('tbody tr').length;
  });
  assert.equal(rows, 62);
  await checkAccess(page, 'the next character');
});

test('a paused run predicts the next character', async ({ open }) => {
  const page = await open(address('transformer/next', { ...small, steps: 5000 }));
  const untrained = await newBars(page, []);
  await act(page, 'train');
  await newBars(page, untrained);
  await act(page, 'pause');
  await waitState(page, 'paused');
  const before = await bars(page);
  await panel(page, '[data-next="text"]').fill('The quality of mer');
  await newBars(page, before);
  await act(page, 'stop');
  await waitState(page, 'done');
  const stopped = await bars(page);
  await panel(page, '[data-next="text"]').fill('Q');
  await newBars(page, stopped);
});

test('another seed and Reset show another model and the same model before training', async ({ open }) => {
  const page = await open(address('transformer/next', { ...small, steps: 20 }));
  const first = await newBars(page, []);
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  await panel(page, '.next-answer[data-step="20"]').waitFor();
  await act(page, 'reset');
  await panel(page, '.next-answer[data-step="0"]').waitFor();
  assert.deepEqual(await bars(page), first);
  await page.evaluate(() => (location.hash = location.hash.replace(/(seed=\d+)?$/, '&seed=2')));
  await newBars(page, first);
});

// ---------- The block and the mask ----------

test('pointing at a part of the block marks it in the diagram and in the list', async ({ open }) => {
  const page = await open(address('transformer/architecture', { ...small, layers: 2 }));
  await probed(page);
  await panel(page, '.parts [data-part="feed-forward"]').hover();
  await panel(page, '.schematic rect.lit[data-part="feed-forward"]').first().waitFor();
  await panel(page, '.schematic rect[data-part="embedding"]').hover();
  await panel(page, '.parts [data-part="embedding"][data-lit]').waitFor();
  assert.equal(await panel(page, '.parts [data-lit]').count(), 1);
  // The parts sum to the number of parameters in the module.
  const counts = await panel(page, '.parts tbody td:last-child').evaluateAll((cells) => cells.map((cell) => Number(cell.innerText.replace(/[^0-9]/g, ''))));
  assert.equal(counts.reduce((a, b) => a + b, 0), await metric(page, 'params_counted'));
  for (const figure of ['window', 'layer-norm', 'stream']) await panel(page, `[data-figure="${figure}"] svg`).first().waitFor();
  await checkAccess(page, 'the block');
});

test('without the mask the training loss lies', async ({ open }) => {
  const page = await open(address('transformer/mask', { ...small, layers: 2, steps: 300, learning_rate: 0.01, sample_length: 0 }));
  const cells = (kind) => panel(page, `.mask-picture rect.${kind}`).count();
  await panel(page, '.mask-picture').waitFor();
  assert.deepEqual([await cells('seen'), await cells('unseen')], [55, 36]);
  await setParam(page, 'mask', 'none');
  await page.waitForFunction(() => /mask=none/.test(location.hash));
  assert.deepEqual([await cells('seen'), await cells('unseen')], [100, 0]);
  await probed(page);
  await act(page, 'train');
  await waitState(page, 'done', 90_000);
  const [loss, last] = [await waitMetric(page, 'loss_train'), await waitMetric(page, 'loss_last')];
  assert.ok(last > loss + 0.5, `${loss} ${last}`);
  await checkAccess(page, 'the mask');
});

// ---------- Induction heads ----------

test('repeated sequences: a button sets them up, and scores and maps follow the run', async ({ open }) => {
  const page = await open('#/transformer/induction-heads?device=cpu');
  await panel(page, '[data-action="set-up-two"]').click();
  await page.waitForFunction(() => /preset=induction(&|$)/.test(location.hash));
  await page.waitForFunction(() => /about .*\b(s|min|second)\./.test(document.querySelector('[data-cost]').innerText));
  console.log(await panel(page, '[data-cost]').innerText());
  await setParam(page, 'steps', 40);
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  const names = ['loss_first', 'baseline_first', 'loss_second', 'induction_score', 'copying_score', 'previous_score', 'shown_induction', 'shown_copying', 'shown_previous'];
  for (const name of names) {
    const value = await waitMetric(page, name);
    assert.ok(Number.isFinite(value) && value >= 0 && value < 6, `${name}: ${value}`);
  }
  assert.ok((await metric(page, 'loss_first')) > (await metric(page, 'baseline_first')), 'the first block has a minimum');
  // All heads are ranked by prefix matching, each with its copying score.
  const ranked = await panel(page, '[data-figure="head-scores"] tbody tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText)));
  assert.equal(ranked.length, 4);
  assert.ok(ranked.every(([, prefix], i) => i === 0 || Number(prefix) <= Number(ranked[i - 1][1])), JSON.stringify(ranked));
  assert.equal(await panel(page, '[data-figure="copying"] [data-head]').count(), 4);
  const timeline = panel(page, '[data-timeline="induction"]');
  await timeline.focus();
  await page.keyboard.press('Home');
  assert.equal(await metric(page, 'induction_step'), 0);
  await page.keyboard.press('End');
  assert.equal(await metric(page, 'induction_step'), 40);
  const map = panel(page, '[data-figure="copying"] svg.chart-svg');
  await map.focus();
  for (const key of ['ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
  assert.match(await panel(page, '[data-figure="copying"] .linked').innerText(), /at position 1 has not occurred before/);
  await checkAccess(page, 'induction heads');
  await shot(page, 'transformer-induction');
});
