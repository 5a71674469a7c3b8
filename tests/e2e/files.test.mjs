// Files and folders that visitors drop: where they land, what is read, and that the page stays.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drag } from './lib/drag.mjs';
import { act, address, expect, probed, readParam, reveal, setParam, shot, test, train, waitMetric, waitState } from './lib/test.mjs';

const mlp = (params) => address('mlp', { device: 'cpu', steps: 40, ...params });
const inside = (page, action) => page.locator(`.history [data-action="${action}"]`);
const opened = (page) => page.locator('.run[data-origin="file"]');
const own = (page) => page.locator('.run[data-origin="here"]');
const names = (list) => list.locator('.run-name').evaluateAll((nodes) => nodes.map((node) => node.value ?? node.textContent));

/** A folder that is removed after the test. */
const folder = test.extend({
  folder: async ({}, use) => {
    const path = mkdtempSync(join(tmpdir(), 'nn-lab-'));
    await use(path);
    rmSync(path, { recursive: true });
  },
});

/** Returns the text of a run's file, after training. */
async function savedRun(page) {
  await train(page, []);
  await own(page).first().waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), inside(page, 'save-run').first().click()]);
  return readFileSync(await download.path(), 'utf8');
}

/** Returns files to choose in a file dialog. */
const runFiles = (text, from, to) =>
  Array.from({ length: to - from }, (_, i) => ({ name: `student-${from + i}.json`, mimeType: 'application/json', buffer: Buffer.from(text) }));

test('many run files are opened at once, beside the own runs, and can be removed and restored', async ({ open }) => {
  const page = await open(mlp());
  const text = await savedRun(page);
  await inside(page, 'open-run').setInputFiles([...runFiles(text, 1, 26), { name: 'bad.json', mimeType: 'application/json', buffer: Buffer.from('{}') }]);
  await expect(opened(page)).toHaveCount(25);
  assert.deepEqual((await names(opened(page))).slice(0, 2), ['student-25', 'student-24']);
  assert.deepEqual(await names(own(page)), ['Run 1'], 'the own run is still there');
  await expect(page.locator('.runs [role="status"]')).toContainText('bad.json was not opened.');

  await page.reload();
  await expect(opened(page)).toHaveCount(25);
  assert.deepEqual(await names(own(page)), ['Run 1']);

  // One is deleted and restored, then all.
  const student = page.locator('.run', { hasText: 'student-7' });
  await student.locator('[data-action="delete-run"]').click();
  await expect(opened(page)).toHaveCount(24);
  await inside(page, 'undo-delete').click();
  await expect(opened(page)).toHaveCount(25);
  await inside(page, 'delete-opened').click();
  await expect(opened(page)).toHaveCount(0);
  await expect(own(page)).toHaveCount(1);
  await expect(page.locator('[data-removed]')).toContainText('25 runs were deleted.');
  await inside(page, 'undo-delete').click();
  await expect(opened(page)).toHaveCount(25);

  // Beyond the limit, the oldest goes, is named, and can be kept.
  await inside(page, 'open-run').setInputFiles(runFiles(text, 26, 62));
  await expect(opened(page)).toHaveCount(60);
  await expect(page.locator('[data-removed]')).toContainText('student-1 was removed');
  await expect(own(page)).toHaveCount(1);
  await inside(page, 'undo-delete').click();
  await expect(opened(page)).toHaveCount(61);
  await expect(page.locator('.run', { hasText: 'student-1' }).last()).toContainText('pinned');
});

folder('run files and folders are dropped anywhere; the page stays', async ({ open, folder }) => {
  const page = await open(mlp());
  const text = await savedRun(page);
  mkdirSync(join(folder, 'class', 'group'), { recursive: true });
  const paths = ['a.json', 'b.json', 'notes.txt', 'class/c.json', 'class/group/d.json', 'class/list.csv'].map((name) => join(folder, name));
  for (const path of paths) writeFileSync(path, path.endsWith('.json') ? text : 'nothing');
  const heading = page.locator('[data-panel] h1').first();
  const url = page.url();

  // While files are over the page, the box shows where they may go.
  const cancel = await drag(page, heading, [paths[0]], { drop: false });
  await expect(page.locator('.runs[data-over]')).toContainText('Drop run files here');
  await cancel();
  await page.mouse.move(5, 5);
  await expect(page.locator('.runs[data-over]')).toHaveCount(0);

  await drag(page, heading, [paths[2]]);
  await drag(page, heading, [paths[0], paths[1]]);
  await expect(opened(page)).toHaveCount(2);
  await drag(page, page.locator('.runs'), [join(folder, 'class')]);
  await expect(opened(page)).toHaveCount(4);
  assert.deepEqual((await names(opened(page))).sort(), ['a', 'b', 'c', 'd']);
  // A file of another kind on the box is refused by name.
  await drag(page, page.locator('.runs'), [paths[2]]);
  await expect(page.locator('.runs [role="status"]')).toContainText('notes.txt was not opened.');
  assert.equal(page.url(), url);
  // Nothing takes files here.
  await page.evaluate(() => void (location.hash = '#/verify'));
  await page.locator('[data-panel="verify"]').waitFor();
  await drag(page, page.locator('footer'), [paths[2]]);
  assert.match(page.url(), /#\/verify$/);
  await page.locator('footer').getByText('Verify this device').waitFor();
});

test('runs of another version say that their numbers will differ', async ({ open }) => {
  const page = await open(mlp());
  const text = await savedRun(page);
  const { lab_version } = JSON.parse(text);
  await expect(page.locator('[data-rerun-note]')).toHaveCount(0);
  await inside(page, 'open-run').setInputFiles({ name: 'older.json', mimeType: 'application/json', buffer: Buffer.from(text.replace(`"lab_version": "${lab_version}"`, '"lab_version": "0.1.0"')) });
  await expect(opened(page).locator('[data-rerun-note]')).toHaveText(`This run was written by version 0.1.0. Version ${lab_version} draws other initial weights, so the numbers will differ.`);
});

/** Returns records of CIFAR-10's binary version. */
function cifar(records) {
  const bytes = Buffer.alloc(records * 3073, 90);
  for (let i = 0; i < records; i++) bytes[i * 3073] = i % 10;
  return bytes;
}

folder('a dropped folder of CIFAR-10 is read, and damaged files of its Python version are named', async ({ open, folder }) => {
  const page = await open(address('cnn', { device: 'cpu', n_train: 40, n_test: 20 }));
  const box = page.locator('[data-files="user/cifar10/"]');
  await reveal(box);
  for (const name of ['python', 'cifar-10-batches-bin', 'empty']) mkdirSync(join(folder, name));
  for (const name of ['data_batch_1', 'data_batch_2', 'test_batch']) writeFileSync(join(folder, 'python', name), Buffer.concat([Buffer.from([0x80, 2, 0x7d]), Buffer.from('labels data'), Buffer.alloc(4000, 200)]));
  const binary = join(folder, 'cifar-10-batches-bin');
  for (const [name, bytes] of [['data_batch_1.bin', cifar(40)], ['test_batch.bin', cifar(20)], ['batches.meta.txt', 'airplane'], ['readme.html', '<html>']]) writeFileSync(join(binary, name), bytes);
  writeFileSync(join(folder, 'empty', 'photo.png'), 'x');

  const alert = box.locator('[role="alert"]');
  await drag(page, box, [join(folder, 'python')]);
  await expect(alert).toContainText('data_batch_1 belongs to the Python version of CIFAR-10, and is cut short or damaged.');
  await expect(alert.locator('p')).toHaveCount(3);
  await drag(page, box, [join(folder, 'empty')]);
  await expect(alert).toContainText('The folder empty has no file that ends in one of .bin, .gz, .tgz, .tar.');
  await drag(page, page.locator('[data-panel] h1').first(), [binary]);
  await expect(box.locator('li')).toHaveCount(2);
  await expect(alert.locator('p')).toHaveCount(0);
});

const small = { device: 'cpu', layers: 1, heads: 2, d_model: 16, context: 8, batch_size: 4, steps: 20, warmup: 0, sample_length: 0 };
const transformer = (params) => address('transformer', { ...small, ...params });

test('text can be dragged into a text field, and a text in UTF-16 with rare characters is remarked on', async ({ open }) => {
  const page = await open(transformer());
  const area = page.locator('[data-paste]');
  await reveal(area);
  await area.scrollIntoViewIfNeeded();
  const { x, y } = await area.boundingBox();
  const session = await page.context().newCDPSession(page);
  const data = { items: [{ mimeType: 'text/plain', data: 'dragged words' }], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, x: x + 20, y: y + 10, data });
  await expect(area).toHaveValue('dragged words');

  const box = page.locator('[data-own="text"]');
  const rare = Array.from({ length: 3000 }, (_, i) => String.fromCharCode(0x4e00 + (i * 7) % 1000)).join('');
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(rare, 'utf16le')]);
  await box.locator('input[type="file"]').setInputFiles({ name: 'own.txt', mimeType: 'text/plain', buffer: utf16 });
  await expect(box.locator('[data-rare]')).toContainText('841 further characters are too rare', { timeout: 30_000 });
  await box.locator('[data-action="use-data"]').click();
  const remarks = page.locator('[data-figure="vocabulary"] [data-remark]');
  await expect(remarks.filter({ hasText: 'UTF-16 text' })).toHaveCount(1, { timeout: 30_000 });
  await expect(remarks.filter({ hasText: '84% of its characters, of 841 rare kinds, are outside the vocabulary of 160 characters' })).toHaveCount(1);
  await shot(page, 'files-rare-text');
  const binary = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(5000, 0)]);
  await box.locator('input[type="file"]').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: binary });
  await expect(box.locator('[role="alert"]')).toContainText('This file is not a text but a zip archive');
});

test('weights without metadata are loaded, and their settings are taken from the shapes', async ({ open }) => {
  test.setTimeout(120_000);
  const page = await open(transformer());
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  const loss = await waitMetric(page, 'loss_val');
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.weights [data-action="save"]').click()]);
  const bytes = readFileSync(await download.path());
  // The same tensors without the lab's metadata, as another program saves them.
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  delete header.__metadata__;
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const plain = Buffer.concat([size, text, bytes.subarray(8 + length)]);

  await act(page, 'reset');
  await setParam(page, 'layers', 2);
  await setParam(page, 'd_model', 32);
  await probed(page);
  const choose = (name, buffer) => page.locator('[data-load]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
  await choose('plain.safetensors', plain);
  await expect(page.locator('.weights [data-changed]')).toHaveText('Settings were taken from the file: Layers 2 → 1, Width 32 → 16.');
  await expect(page.locator('.weights [data-loaded]')).toContainText('The file names no training step.', { timeout: 30_000 });
  await expect(page.locator('.weights [data-remark]').first()).toContainText('no settings of this lab');
  assert.equal(await readParam(page, 'd_model'), '16');
  await waitMetric(page, 'loss_val', (found) => found === loss);

  await choose('model.safetensors', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(2000)]));
  await expect(page.locator('.weights [data-refused]').first()).toContainText('not a .safetensors file but a zip archive', { timeout: 30_000 });
  assert.equal(await waitMetric(page, 'loss_val'), loss, 'the model is as it was');
});
