// The chapter of code in every section: the listing and its parts, the files to save, and one's own tensors and weights.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, checkAccess, checkFits, expect, metric, openSettings, probed, sections, setParam, shot, test, waitMetric, waitState } from './lib/test.mjs';

/** Settings for a recording and a run of seconds. */
const SMALL = {
  mlp: { steps: 20 },
  cnn: { n_train: 60, n_test: 40, epochs: 1, width: 2 },
  resnet: { steps: 4, depth: 8, batch_size: 8 },
  rnn: { steps: 10, seq_len: 20 },
  attention: { steps: 10 },
  transformer: { preset: 'first-look', steps: 10, context: 16, sample_length: 0 },
};
const chapter = (slug, params = {}) => `#/${slug}/code?${new URLSearchParams({ ...SMALL[slug], device: 'cpu', ...params })}`;
const listing = (page) => page.locator('.code-listing');
const view = (page, name) => page.locator(`[data-view="${name}"]`).click();

/** Presses a button, and returns the name and the bytes of the file that it saves. */
async function saved(page, action) {
  const download = page.waitForEvent('download', { timeout: 100_000 });
  await act(page, action);
  const file = await download;
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

/** Returns the names of a weight file's tensors with their shapes and values, and its metadata. */
function tensors(bytes) {
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  const values = ([from, to]) => Array.from({ length: (to - from) / 4 }, (_, i) => bytes.readFloatLE(8 + length + from + 4 * i));
  return { metadata, tensors: Object.fromEntries(Object.entries(entries).map(([name, { shape, data_offsets }]) => [name, { shape, values: values(data_offsets) }])) };
}

const choose = (page, slot, name, buffer) => page.locator(`[data-open="${slot}"]`).setInputFiles({ name, mimeType: 'application/octet-stream', buffer });

for (const slug of sections) {
  test(`${slug}: the code is there in three views, and its lines are linked with equations`, { tag: ['rnn', 'mlp'].includes(slug) ? [] : '@long' }, async ({ open }) => {
    const page = await open(chapter(slug), { width: 1366, height: 650 });
    await probed(page);
    await listing(page).waitFor();
    assert.match(await listing(page).innerText(), /import torch/);
    assert.doesNotMatch(await listing(page).innerText(), /#[=?@{}]/, 'no markers are left');
    // A line lights its equation, and an equation its lines. Every equation has a line.
    const parts = page.locator('.code-part');
    const ids = await parts.evaluateAll((list) => list.map((part) => part.dataset.part));
    assert.ok(ids.length >= 4 && new Set(ids).size === ids.length, `${ids}`);
    const implemented = await page.locator('.code-line[data-parts]').evaluateAll((lines) => lines.flatMap((line) => line.dataset.parts.split(' ')));
    assert.deepEqual(ids.filter((id) => !implemented.includes(id)), []);
    await parts.first().focus();
    await page.locator('.code-line[data-lit]').first().waitFor();
    const [box, frame] = [await page.locator('.code-line[data-lit]').first().boundingBox(), await listing(page).boundingBox()];
    assert.ok(box.y >= frame.y - 1 && box.y < frame.y + frame.height, 'the line is in view');
    await page.locator('.code-line[data-lit]').first().hover();
    await page.locator('.code-part[data-lit]').first().waitFor();
    await shot(page, `code-${slug}`);
    await checkAccess(page, slug);
    await view(page, 'burn (Rust)');
    await listing(page).getByText('fn main()').waitFor();
    assert.doesNotMatch(await listing(page).innerText(), /\/\/[=?@{}]/);
    await view(page, 'The lab itself');
    await listing(page).getByText('//!').first().waitFor();
    const sources = await page.locator('.code-views select option').allInnerTexts();
    assert.ok(sources.length >= 2);
    await page.locator('.code-views select').selectOption({ index: 1 });
    await listing(page).getByText('//!').first().waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await checkFits(page);
    await shot(page, `code-${slug}-390`);
  });

  test(`${slug}: weights and batches are saved, and the comparison finds what differs`, { tag: ['rnn', 'mlp'].includes(slug) ? [] : '@long' }, async ({ open }) => {
    test.setTimeout(150_000);
    const page = await open(chapter(slug));
    await probed(page);
    const { name, bytes } = await saved(page, 'set-up');
    assert.equal(name, `nn-lab-${slug}-setup.safetensors`);
    const file = tensors(bytes);
    assert.equal(file.metadata.section, slug);
    const names = Object.keys(file.tensors);
    const losses = names.filter((name) => name.endsWith('.loss'));
    assert.ok(losses.length >= 1);
    for (const loss of losses) assert.ok(file.tensors[loss].values.length >= 3 && file.tensors[loss].values.every(Number.isFinite));

    await choose(page, 'compare', 'mine.safetensors', bytes);
    await page.getByText(`All ${names.length} tensors agree with the lab’s.`).waitFor({ timeout: 100_000 });
    const wrong = Buffer.from(bytes);
    wrong.writeFloatLE(1e9, wrong.length - 4);
    await choose(page, 'compare', 'mine.safetensors', wrong);
    await page.getByText(`${names.length - 1} of ${names.length} tensors agree`).waitFor({ timeout: 100_000 });
    assert.equal(await page.locator('.code-compared tbody tr:not([data-agrees])').count(), 1);
    await choose(page, 'compare', 'mine.safetensors', bytes.subarray(0, bytes.length - 100));
    await page.locator('.code-check [role="alert"]').waitFor();
    await choose(page, 'compare', 'mine.pt', Buffer.from('PK\x03\x04 a file of torch.save'));
    await expect(page.locator('.code-check [role="alert"]')).toContainText('safetensors');
  });
}

test('the code has the settings of the page, and is saved as a script, a notebook and a check', async ({ open }) => {
  const page = await open(chapter('rnn'));
  await probed(page);
  await listing(page).getByText('SEQ_LEN = 20').waitFor();
  await openSettings(page);
  await setParam(page, 'seq_len', 25);
  await listing(page).getByText('SEQ_LEN = 25').waitFor();
  const script = await saved(page, 'save-py');
  assert.equal(script.name, 'nn_lab_rnn.py');
  assert.equal(script.bytes.toString().trim(), (await listing(page).evaluate((node) => node.textContent)).trim());
  const notebook = await saved(page, 'save-ipynb');
  const { cells, nbformat } = JSON.parse(notebook.bytes);
  assert.equal(nbformat, 4);
  assert.ok(cells.length > 5 && cells.some(({ source }) => source.includes('SEQ_LEN = 25')));
  const check = await saved(page, 'save-check');
  assert.equal(check.name, 'check_rnn.py');
  assert.match(check.bytes.toString(), /SEQ_LEN = 25/);
  await view(page, 'burn (Rust)');
  await listing(page).getByText('fn main()').waitFor();
  assert.equal((await saved(page, 'save-rs')).name, 'main.rs');
});

test('weights are saved after a run, and a run starts from a file', async ({ open }) => {
  const page = await open(chapter('rnn'));
  await probed(page);
  const untrained = tensors((await saved(page, 'save-lstm')).bytes);
  assert.deepEqual([untrained.metadata.network, untrained.metadata.step], ['lstm', '0']);
  assert.deepEqual(untrained.tensors['recurrent.weight'].shape, [128, 32]);
  await act(page, 'train');
  await waitState(page, 'done');
  const loss = await metric(page, 'loss_lstm');
  await page.locator('.code-weights').getByText('after step 10').first().waitFor();
  const trained = await saved(page, 'save-lstm');
  assert.equal(trained.name, 'nn-lab-rnn-lstm-10.safetensors');
  assert.notDeepEqual(tensors(trained.bytes).tensors['recurrent.weight'].values, untrained.tensors['recurrent.weight'].values);

  // A run from the weights before training is the same run; one from trained weights is not.
  const { bytes } = await saved(page, 'set-up');
  await choose(page, 'lstm', 'start.safetensors', bytes);
  await page.getByText('Training starts from the file’s weights.').waitFor({ timeout: 60_000 });
  await waitState(page, 'done');
  assert.equal(await metric(page, 'loss_lstm'), loss);
  await choose(page, 'lstm', 'trained.safetensors', trained.bytes);
  await waitMetric(page, 'loss_lstm', (now) => now !== loss);
  await waitState(page, 'done');

  await choose(page, 'lstm', 'other.safetensors', (await saved(page, 'save-rnn')).bytes);
  await page.locator('.code-weights-section [role="alert"]', { hasText: 'should have the shape' }).waitFor({ timeout: 60_000 });
});

test('code that does not arrive can be requested again', async ({ open, serve }) => {
  const site = await serve();
  const page = await open('', { from: site, ready: false, allow: [/503/] });
  let blocked = true;
  await page.route(/code\/rnn(-\w+)?\.py/, (route) => (blocked ? route.fulfill({ status: 503, body: 'busy' }) : route.continue()));
  await page.goto(`${site.url}${chapter('rnn')}`);
  await page.getByText('did not arrive: the server answered 503').waitFor();
  blocked = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await listing(page).waitFor();
});

test('what the check writes opens as a run, and its curves are drawn over the run’s own', async ({ open }) => {
  const page = await open('#/attention/runs?device=cpu&steps=10');
  await probed(page);
  const file = new URL('../code/attention/checked.nnlab.json', import.meta.url);
  await page.locator('[data-action="open-run"]').setInputFiles({ name: 'my_attention.nnlab.json', mimeType: 'application/json', buffer: readFileSync(file) });
  const row = page.locator('.run', { hasText: 'stopped after 50 of 200 steps' });
  await row.waitFor();
  // The check is an answer that is handed in with the others.
  const { answers } = await page.evaluate(() => JSON.parse(localStorage.getItem('nn-lab.answers')));
  assert.deepEqual(answers.map(({ id, kind, attempts }) => [id, kind, attempts.length]), [['attention/code', 'code', 1]]);
  assert.match(answers[0].attempts[0].outcome.verdict.result, /^(right|partly|wrong)$/);
  await act(page, 'train');
  await waitState(page, 'done');
  await page.locator('.run').nth(1).waitFor();
  for (const tick of await page.locator('.run input[type="checkbox"]').all()) await tick.check();
  await page.locator('[data-figure="compare-runs"]').waitFor();
  await shot(page, 'code-checked');
});
