// The visitor's own tables, pictures, lines and texts: from files to training, with bad input, and the camera.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchOptions } from './lib/browser.mjs';
import { drag } from './lib/drag.mjs';
import { png } from './lib/png.mjs';
import { address, checkAccess, checkFits, expect, frames, shot, test as base, train } from './lib/test.mjs';

// A camera that shows a test picture, and that nobody has to allow.
const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
base.use({ launchOptions: { ...launchOptions, args: [...launchOptions.args, ...camera] } });

/** A folder that is removed after the test. */
const test = base.extend({
  folder: async ({}, use) => {
    const path = mkdtempSync(join(tmpdir(), 'nn-lab-'));
    await use(path);
    rmSync(path, { recursive: true });
  },
});

const small = {
  mlp: { steps: 60, dataset: 'own' },
  cnn: { epochs: 2, dataset: 'own' },
  rnn: { task: 'lines', steps: 30, d_hidden: 8 },
  transformer: { text: 'own', layers: 1, heads: 2, d_model: 16, context: 8, batch_size: 4, steps: 20, warmup: 0, sample_length: 0 },
};
const own = (slug, params) => address(`${slug}/own`, { device: 'cpu', ...small[slug], ...params });
const box = (page, kind) => page.locator(`[data-own="${kind}"]`);
const become = (box, state) => expect(box).toHaveAttribute('data-state', state);
const press = (box, action) => box.locator(`[data-action="${action}"]`).first().click();
const option = (box, name) => box.locator(`[data-option="${name}"]`);
const inAddress = (page) => page.evaluate(() => new URLSearchParams(location.hash.split('?')[1]).get('data'));
const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });

/** Returns the id of the data set in the address, which follows the settings after a moment. */
async function data(page) {
  await expect.poll(() => inAddress(page)).not.toBeNull();
  return inAddress(page);
}

/** Chooses files in the dialog of a box. */
async function choose(box, ...files) {
  const fold = box.locator('.own-source:not([open]) > summary');
  if (await fold.count()) await fold.click();
  await box.locator('[data-action="open-files"]').setInputFiles(files);
}

/** Returns a table like that of Anderson's irises: 150 rows in three classes, as a German spreadsheet writes it. */
function irises() {
  const number = (value) => value.toFixed(1).replace('.', ',');
  const rows = Array.from({ length: 150 }, (_, i) => {
    const [kind, at] = [Math.floor(i / 50), ((i * 37) % 50) / 50];
    const [length, width] = [1.4 + 2.2 * kind + 0.8 * at, 0.2 + 0.9 * kind + 0.5 * ((at * 7) % 1)];
    return [5 + 0.8 * kind + at, 3.4 - 0.3 * kind + ((at * 3) % 1), length, width].map(number).concat(['setosa', 'versicolor', 'virginica'][kind]).join(';');
  });
  return ['sepal length;sepal width;petal length;petal width;species', ...rows].join('\r\n');
}

/** Writes pictures of two classes into a folder: stripes from left to right, and from top to bottom. */
function stripes(folder, each = 12) {
  for (const [name, along] of [['across', (x) => x], ['down', (x, y) => y]]) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let i = 0; i < each; i++) {
      const color = (x, y) => ((along(x, y) + i) % 8 < 4 ? [250, 250 - 9 * i, 40] : [20, 30, 90 + 9 * i]);
      writeFileSync(join(folder, name, `${i}.png`), png(48, 40, color));
    }
  }
}

test('a table with decimal commas is previewed, used, trained on, and kept', async ({ open }) => {
  const page = await open(own('mlp'));
  const table = box(page, 'table');
  await become(table, 'idle');
  await expect(table).toContainText('Nothing leaves this browser.');
  await choose(table, file('irises.csv', irises()));
  await become(table, 'preview');
  await expect(option(table, 'delimiter')).toHaveValue(';');
  await expect(option(table, 'decimal')).toHaveValue(',');
  await expect(option(table, 'header')).toHaveValue('yes');
  await expect(option(table, 'target')).toHaveValue('species');
  await expect(table.locator('[data-rows]')).toHaveText('150 of 150 rows are used.');
  await expect(table.locator('[data-feature]')).toHaveCount(4);
  await expect(table.locator('.own-rows th').first()).toContainText('sepal length');

  // Another target, and fewer features; then back.
  await option(table, 'target').selectOption('petal width');
  await expect(option(table, 'regression')).toHaveValue('yes');
  await expect(table.locator('[data-feature]')).toHaveCount(3);
  await option(table, 'target').selectOption('species');
  await press(table, 'no-features');
  await expect(table.locator('[data-problem]')).toBeVisible();
  await expect(table.locator('[data-action="use-data"]')).toBeDisabled();
  await press(table, 'all-features');
  await expect(table.locator('legend')).toContainText('4 of 4');
  // The box follows the preview, which the worker makes.
  await table.locator('[data-feature="sepal width"]').click();
  await expect(table.locator('[data-problem]')).toHaveCount(0);
  await expect(table.locator('legend')).toContainText('3 of 4');
  await press(table, 'all-features');
  await expect(table.locator('legend')).toContainText('4 of 4');
  await checkAccess(page, 'with the preview of a table', '.own-data');
  await shot(page, 'own-table-preview');

  await press(table, 'use-data');
  await become(table, 'ready');
  const id = await data(page);
  assert.match(id, /^f4k3-[0-9a-f]{16}$/);
  const card = table.locator('.own-card');
  await expect(card.locator('[data-card-part="number"]')).toHaveText(id.split('-')[1]);
  await expect(card.locator('[data-card-part="content"]')).toHaveText('150 rows, 4 features; predicts species: 3 classes');
  await expect(card.locator('[data-card-part="classes"]')).toHaveText('setosa 50, versicolor 50, virginica 50');
  await expect(card.locator('tbody tr')).toHaveCount(5);
  await card.locator('[data-card-field="license"]').fill('CC BY 4.0');
  await card.locator('[data-card-field="title"]').fill('My irises <b>');
  await card.locator('[data-card-field="source"]').focus();
  await expect(card.locator('h3')).toHaveText('My irises <b>');
  const [saved] = await Promise.all([page.waitForEvent('download'), press(table, 'save-data')]);
  const bytes = readFileSync(await saved.path());
  assert.equal(bytes.subarray(0, 8).toString(), 'NNLABDAT');
  await train(page, []);

  // The same file again has the same number, and keeps the title and the license.
  await choose(table, file('again.csv', irises()));
  await become(table, 'preview');
  await press(table, 'use-data');
  await become(table, 'ready');
  assert.equal(await data(page), id);
  await page.reload();
  await become(table, 'ready');
  await expect(card.locator('h3')).toHaveText('My irises <b>');
  await expect(card.locator('[data-card-field="license"]')).toHaveValue('CC BY 4.0');
  assert.equal(await data(page), id);

  // Removed by mistake.
  await press(table, 'remove-stored');
  await expect(table.locator('[data-link="missing"]')).toContainText(id);
  await press(table, 'restore-stored');
  await become(table, 'ready');
  await expect(card.locator('[data-card-field="license"]')).toHaveValue('CC BY 4.0');
  await checkAccess(page, 'with the card of a table', '.own-data');

  // The data file, in another browser.
  const other = await open(own('mlp', { data: id }));
  const there = box(other, 'table');
  const dataFile = (buffer) => ({ name: 'irises.nnlab', mimeType: '', buffer });
  const changed = Buffer.from(bytes);
  changed[changed.length - 1] ^= 1;
  await choose(there, dataFile(changed));
  await expect(there.locator('[role="alert"]')).toContainText('irises.nnlab is a data file of this lab, and ');
  await choose(there, dataFile(bytes));
  await expect(there.locator('[data-link="same"]')).toBeVisible();
  await press(there, 'use-data');
  await become(there, 'ready');
  await expect(there.locator('[data-card-field="license"]')).toHaveValue('CC BY 4.0');
  assert.equal(await data(other), id);
});

test('cells of a spreadsheet are pasted', async ({ open }) => {
  const page = await open(own('mlp'));
  const table = box(page, 'table');
  const cells = irises().replaceAll(';', '\t').replaceAll(',', '.');
  await table.locator('[data-paste]').fill(cells);
  await press(table, 'read-paste');
  await become(table, 'preview');
  await expect(option(table, 'delimiter')).toHaveValue('\t');
  await press(table, 'discard-data');
  await become(table, 'idle');
  // Without a text field.
  await page.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
  }, cells);
  await become(table, 'preview');
  await expect(table.locator('[data-rows]')).toHaveText('150 of 150 rows are used.');
});

test('a link names its data, and says so if the data are others', async ({ open }) => {
  const first = await open(own('mlp'));
  await choose(box(first, 'table'), file('irises.csv', irises()));
  await press(box(first, 'table'), 'use-data');
  await become(box(first, 'table'), 'ready');
  const id = await data(first);

  const page = await open(own('mlp', { data: id }));
  const table = box(page, 'table');
  await expect(table.locator('[data-link="missing"]')).toHaveText(`This link needs the data set ${id}. Open the same file here.`);
  await choose(table, file('other.csv', irises().replace('5,0', '9,0')));
  await expect(table.locator('[data-link="other"]')).toContainText('This is another data set than the link’s');
  await choose(table, file('irises.csv', irises()));
  await expect(table.locator('[data-link="same"]')).toBeVisible();
  await press(table, 'use-data');
  await become(table, 'ready');
  assert.equal(await data(page), id);
});

test('data that nobody has added yet is asked for, which is no error', async ({ open }) => {
  const asks = { cnn: [{ dataset: 'own' }, 'no picture data set yet'], rnn: [{ task: 'lines' }, 'no set of lines yet'], transformer: [{ text: 'own' }, 'Add a text first'] };
  for (const [slug, [params, words]] of Object.entries(asks)) {
    const page = await open(address(slug, { device: 'cpu', ...params }));
    await expect(page.locator('.notice[role="status"]').getByText(words), slug).toBeVisible();
    await expect(page.locator('[role="alert"]:visible'), slug).toHaveCount(0);
    await page.close();
  }
});

test('tables that cannot be used say why, and lose nothing', async ({ open }) => {
  test.setTimeout(240_000);
  const page = await open(own('mlp'));
  const table = box(page, 'table');
  await choose(table, file('irises.csv', irises()));
  await press(table, 'use-data');
  await become(table, 'ready');
  const id = await data(page);
  const rows = (count, row) => Array.from({ length: count }, (_, i) => row(i)).join('\n');
  const cases = [
    ['ragged', `a,b,c\n${rows(40, (i) => (i % 4 ? `${i},${i % 3},${i % 2 ? 'x' : 'y'}` : `${i},1`))}`, '[data-remark]'],
    ['one class', `a,b,c\n${rows(40, (i) => `${i},${i % 3},x`)}`, '[data-problem], [data-remark]'],
    ['ten thousand classes', `a,c\n${rows(10_000, (i) => `${i % 7},name ${i}`)}`, '[data-problem]'],
    ['constant columns', `a,b,c\n${rows(40, (i) => `1,1,${i % 2 ? 'x' : 'y'}`)}`, '[data-problem]'],
    ['only dates', `a,c\n${rows(40, (i) => `2026-01-${String(1 + (i % 28)).padStart(2, '0')},${i % 2 ? 'x' : 'y'}`)}`, '[data-problem]'],
    ['empty', '', '[data-problem], [role="alert"] .notice'],
    ['markup', `<img src=x onerror=alert(1)>,b,c\n${rows(40, (i) => `${i},${i % 3},${i % 2 ? '<b>x' : 'y'}`)}`, '[data-rows]'],
  ];
  const said = new Set();
  for (const [name, text, where] of cases) {
    await choose(table, file(`${name}.csv`, text));
    await expect(table).not.toHaveAttribute('data-state', 'reading');
    const sentence = table.locator('.own-preview, [role="alert"]').locator(where).first();
    await expect(sentence, name).toBeVisible();
    await expect(sentence, name).not.toHaveText('');
    said.add((await table.locator('[data-remark], [data-problem], [data-rows], [role="alert"]').allInnerTexts()).join('\n'));
    assert.equal(await data(page), id, name);
    if (await table.locator('[data-action="discard-data"]').count()) await press(table, 'discard-data');
  }
  assert.equal(said.size, cases.length, [...said].join('\n'));
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...Array(3000).fill(7)]);
  await choose(table, { name: 'photo.csv', mimeType: 'text/csv', buffer: png });
  await expect(table.locator('[data-problem], [role="alert"] .notice').first()).toBeVisible();
  await expect(table.locator('.own-card')).toHaveAttribute('data-card', id);
});

test('folders of pictures are classes: renamed, cleaned, trained on, and kept', async ({ open, folder }) => {
  test.setTimeout(240_000);
  const page = await open(own('cnn'));
  const pictures = box(page, 'pictures');
  stripes(folder);
  mkdirSync(join(folder, 'down', 'more'));
  writeFileSync(join(folder, 'down', 'broken.jpg'), Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(500, 9)]));
  writeFileSync(join(folder, 'down', 'notes <b>.txt'), 'no picture');
  writeFileSync(join(folder, 'down', '.DS_Store'), 'hidden');

  // One class is not enough, and is kept until there is another one.
  await option(pictures, 'side').selectOption('28');
  await drag(page, pictures.locator('.file-box'), [join(folder, 'across')]);
  await become(pictures, 'preview');
  await expect(pictures.locator('[data-problem]')).not.toBeEmpty();
  await expect(pictures.locator('[data-action="use-data"]')).toBeDisabled();
  await drag(page, pictures.locator('.file-box'), [join(folder, 'down')]);
  await expect(pictures.locator('[data-problem]')).toHaveCount(0);
  await expect(pictures.locator('[data-rows]')).toHaveText('24 pictures, 28 × 28 pixels in color, 2 classes');
  await expect(pictures.locator('[data-skipped]')).toHaveAttribute('data-skipped', '2');
  await expect(pictures.locator('[data-skipped]')).toContainText('broken.jpg: ');
  await expect(pictures.locator('[data-picture]')).toHaveCount(24);
  await expect(pictures.locator('[data-class="0"]')).toHaveValue('across');
  await shot(page, 'own-pictures-preview');

  await pictures.locator('[data-class="0"]').fill('left to right');
  await pictures.locator('[data-picture]').nth(1).click();
  await pictures.locator('[data-picture]').nth(2).press('Enter');
  await expect(pictures.locator('[data-changes]')).toContainText('2 pictures removed, 1 class renamed: not applied yet.');
  await press(pictures, 'undo-edit');
  await expect(pictures.locator('[data-class="0"]')).toHaveValue('across');
  // A change that leaves one class is refused, and the set stays.
  await pictures.locator('[data-class="0"]').fill('down');
  await pictures.locator('[data-class="0"]').press('Enter');
  await press(pictures, 'apply-edit');
  await expect(pictures.locator('[data-problem]')).not.toBeEmpty();
  await expect(pictures.locator('[data-picture]')).toHaveCount(24);
  await expect(pictures.locator('[data-action="use-data"]')).toBeEnabled();
  await press(pictures, 'undo-edit');
  await pictures.locator('[data-class="0"]').fill('left to right');
  await pictures.locator('[data-picture]').nth(1).click();
  await press(pictures, 'apply-edit');
  await expect(pictures.locator('[data-rows]')).toHaveText('23 pictures, 28 × 28 pixels in color, 2 classes');
  await expect(pictures.locator('[data-class]').first()).toHaveValue(/left to right|down/);
  await checkAccess(page, 'with the preview of pictures', '.own-data');
  await press(pictures, 'use-data');
  await become(pictures, 'ready');
  const id = await data(page);
  assert.match(id, /^c3s28k2-/);
  await expect(pictures.locator('.own-card [data-card-part="classes"]')).toContainText('left to right 11');
  await train(page, [], 120_000);

  await page.reload();
  await become(pictures, 'ready');
  await expect(pictures.locator('[data-gallery] [data-picture]')).toHaveCount(23);
  assert.equal(await data(page), id);
});

test('lines with labels are previewed, used and trained on', async ({ open }) => {
  const page = await open(own('rnn'));
  const lines = box(page, 'lines');
  const words = { good: ['great', 'lovely', 'fine', 'wonderful'], bad: ['awful', 'boring', 'poor', 'dreadful'] };
  const row = (i) => {
    const label = i % 2 ? 'good' : 'bad';
    return `the film number ${i} was ${words[label][i % 4]}, ${label}`;
  };
  await lines.locator('[data-paste]').fill(Array.from({ length: 60 }, (_, i) => row(i)).join('\n'));
  await press(lines, 'read-paste');
  await become(lines, 'preview');
  await expect(lines.locator('[data-classes]')).toContainText('good 30');
  await lines.locator('[data-option="max_len"] input').fill('20');
  await lines.locator('[data-option="max_len"] input').press('Enter');
  await expect(lines.locator('[data-remark], [data-rows]').first()).toBeVisible();
  await shot(page, 'own-lines-preview');
  await press(lines, 'use-data');
  await become(lines, 'ready');
  assert.match(await data(page), /^t20v\d+k2-/);
  await expect(lines.locator('[data-card-part="classes"]')).toContainText('bad 30');
  await train(page, [], 120_000);
  await choose(lines, file('one.txt', 'only one line'));
  await expect(lines.locator('[data-problem], [role="alert"] .notice').first()).toBeVisible();
});

test('several texts become one, and a pasted text is used at once', async ({ open }) => {
  const page = await open(own('transformer'));
  const text = box(page, 'text');
  const verse = (words) => `${words} sat on the mat, and was happy.\n`.repeat(60);
  await choose(text, file('a.txt', verse('A cat')), file('b.txt', verse('A dog')), { name: 'c.zip', mimeType: 'application/zip', buffer: Buffer.from('PK\x03\x04\0\0\0\0') });
  await become(text, 'preview');
  await expect(text.locator('[data-split]')).toContainText('held out for validation');
  await expect(text.locator('.own-characters li').first()).toContainText('space');
  await expect(text.locator('[data-skipped]')).toContainText('c.zip: ');
  await shot(page, 'own-text-preview');
  await press(text, 'use-data');
  await expect(text.locator('.own-card')).toBeVisible();
  const id = await data(page);
  await text.locator('.own-source > summary').click();
  await text.locator('[data-paste]').fill(verse('The bird'));
  await press(text, 'use-text');
  await expect.poll(() => data(page)).not.toBe(id);
  await expect(text.locator('[data-stored]')).toHaveCount(2);
  await train(page, [], 120_000);
});

test('pictures are taken with the camera, one class at a time', async ({ open }) => {
  const page = await open(own('cnn'));
  const pictures = box(page, 'pictures');
  await press(pictures, 'open-camera');
  await expect(pictures.locator('.own-camera [role="status"]').first()).toHaveText('The camera is on.');
  const live = () => page.evaluate(() => document.querySelector('video')?.srcObject?.getTracks().filter(({ readyState }) => readyState === 'live').length ?? 0);
  assert.equal(await live(), 1);
  for (const [name, count] of [['near', 10], ['far', 20]]) {
    await pictures.locator('[data-camera-class]').fill(name);
    await press(pictures, 'take-several');
    await expect(pictures.locator('[data-shots]')).toHaveAttribute('data-shots', String(count));
  }
  // Held with the mouse, until it is released. A series that goes on does not stand in the way.
  await pictures.locator('[data-action="hold-camera"]').hover();
  await pictures.locator('[data-action="take-several"]').focus();
  await page.keyboard.press('Enter');
  await page.mouse.down();
  await expect.poll(async () => Number(await pictures.locator('[data-shots]').getAttribute('data-shots'))).toBeGreaterThan(32);
  await page.mouse.up();
  await frames(page, 20);
  const total = await pictures.locator('[data-shots]').getAttribute('data-shots');
  await frames(page, 30);
  assert.equal(await pictures.locator('[data-shots]').getAttribute('data-shots'), total, 'it stops when it is released');
  await shot(page, 'own-camera');
  const tracks = await page.evaluateHandle(() => document.querySelector('video').srcObject.getTracks());
  await press(pictures, 'add-shots');
  await expect(pictures.locator('[data-rows]')).toContainText(`${total} pictures`);
  await press(pictures, 'close-camera');
  assert.deepEqual(await tracks.evaluate((all) => all.map(({ readyState }) => readyState)), ['ended'], 'the camera is off');
  await press(pictures, 'use-data');
  await become(pictures, 'ready');
  await expect(pictures.locator('.own-card [data-card-part="classes"]')).toContainText('near 10');
});

test('a camera that cannot be opened says why', async ({ open }) => {
  const refuse = (name) => `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '${name}'));`;
  const cases = [
    [refuse('NotAllowedError'), /^The camera was refused\./],
    [refuse('NotFoundError'), /^This device has no camera/],
    [refuse('NotReadableError'), /^The camera is used by another program\./],
    ["Object.defineProperty(navigator, 'mediaDevices', { value: undefined });", /https/],
  ];
  for (const [init, words] of cases) {
    const page = await open(own('cnn'), { init: { content: init } });
    await press(box(page, 'pictures'), 'open-camera');
    await expect(page.locator('[data-camera-error]')).toHaveText(words);
    await expect(page.locator('[data-action="open-camera"]')).toBeVisible();
    await page.context().close();
  }
});

for (const [size, width, height] of [['laptop', 1366, 650], ['phone', 390, 844]]) {
  for (const theme of ['light', 'dark']) {
    test(`own data fit on a ${size}, ${theme}`, async ({ open, folder }) => {
      const options = { width, height, theme };
      const page = await open(own('mlp'), options);
      const table = box(page, 'table');
      await shot(page, `own-${size}-${theme}-idle`);
      await choose(table, file('irises.csv', irises()));
      await become(table, 'preview');
      await checkFits(page, 'with the preview of a table');
      await shot(page, `own-${size}-${theme}-table`);
      await press(table, 'use-data');
      await become(table, 'ready');
      await checkFits(page, 'with the card of a table');
      await checkAccess(page, 'with the card of a table', '.own-data');
      await shot(page, `own-${size}-${theme}-card`);
      const other = await open(own('cnn'), options);
      stripes(folder);
      await drag(other, box(other, 'pictures').locator('.file-box'), [folder]);
      await become(box(other, 'pictures'), 'preview');
      await checkFits(other, 'with the preview of pictures');
      await checkAccess(other, 'with the preview of pictures', '.own-data');
      await shot(other, `own-${size}-${theme}-pictures`);
    });
  }
}
