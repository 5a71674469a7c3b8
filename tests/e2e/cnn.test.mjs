// Section 2 on the CPU, as a visitor uses it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { act, address, checkAccess, checkFits, device, expect, firstStep, frames, metric, openSettings, setParam, shot, state, stays, test, waitMetric, waitState } from './lib/test.mjs';
import { dist } from './lib/site.mjs';

const small = { n_train: 320, n_test: 100, batch_size: 16, width: 4 };
const cpu = (params) => address('cnn', { device: 'cpu', ...small, ...params });

/**
 * Returns a file in CIFAR-10's binary format. Each class has its own color, so that a network can learn it.
 */
function cifar(records) {
  const bytes = Buffer.alloc(records * 3073);
  for (let i = 0; i < records; i++) {
    const label = i % 10;
    bytes[i * 3073] = label;
    for (let at = 0; at < 3072; at++) bytes[i * 3073 + 1 + at] = (label * 25 + (at % 7) * 3 + (at >> 10) * label * 7) % 256;
  }
  return bytes;
}

const file = (name, buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
const box = (page) => page.locator('[data-files="user/cifar10/"]');
const offered = (page) => page.locator('[data-param="dataset"] option[value="cifar10"]');

/** Drops files on the page. */
async function drop(page, files) {
  const transfer = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of files) transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
    return transfer;
  }, files.map(({ name, buffer }) => ({ name, base64: buffer.toString('base64') })));
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

test('both networks learn, and everything is measured', async ({ open }) => {
  const page = await open(cpu({ epochs: 4, flip: true }));
  assert.equal(await waitMetric(page, 'params_conv'), 73_856);
  assert.equal(await waitMetric(page, 'params_separable'), 8960);
  assert.ok(Math.abs((await metric(page, 'params_ratio')) - 8.243) < 0.001);
  assert.equal(await metric(page, 'out_formula'), 4);
  assert.equal(await waitMetric(page, 'out_measured'), 4);
  await page.locator('[data-figure="samples"] .cnn-samples').nth(1).waitFor();
  assert.equal(await page.locator('[data-figure="samples"] canvas').count(), 60);
  await shot(page, 'cnn-1280-light-before');

  const first = await firstStep(page, ['loss_conv', 'loss_separable']);
  await act(page, 'resume');
  await waitMetric(page, 'step', (step) => step > 5);
  await shot(page, 'cnn-1280-light-during');
  await waitState(page, 'done', 60_000);
  assert.equal(await device(page), 'cpu');
  assert.equal(await metric(page, 'step'), 80);
  assert.equal(await metric(page, 'epoch'), 4);
  for (const net of ['conv', 'separable']) {
    const last = await metric(page, `loss_${net}`);
    assert.ok(last < 0.8 * first[`loss_${net}`], `${net}: the loss went from ${first[`loss_${net}`]} to ${last}`);
    assert.ok((await metric(page, `accuracy_${net}`)) > 0.25, net);
    assert.ok((await metric(page, `ms_per_step_${net}`)) > 0, net);
    // Four kernels, and the maps of five blocks: four channels of the first, eight of each other one.
    assert.equal(await page.locator(`[data-figure="inside-${net}"] canvas`).count(), 4 + 4 + 4 * 8);
    assert.ok((await page.locator(`[data-figure="wrong-${net}"] canvas`).count()) > 0, net);
  }
  const answer = page.locator('[data-figure="inside-conv"] [data-look-step]');
  assert.equal(await answer.getAttribute('data-look-step'), '80');
  const map = () => page.locator('[data-figure="inside-conv"] canvas').nth(5).evaluate((canvas) => canvas.toDataURL());
  const before = await map();
  await page.locator('[data-image="3"]').press('Enter');
  await page.waitForURL(/image=3/);
  await page.waitForFunction((before) => document.querySelectorAll('[data-figure="inside-conv"] canvas')[5].toDataURL() !== before, before);
  assert.equal(await state(page), 'done', 'looking at another image keeps the run');
  await shot(page, 'cnn-1280-light-after');
});

test('the kernel moves by button, by keyboard and by itself', async ({ open }) => {
  const page = await open(cpu({}));
  const figure = page.locator('[data-figure="output-size"]');
  const isAt = (stop) => expect(figure.locator('[data-stop]')).toHaveAttribute('data-stop', stop);
  await isAt('0');
  await figure.locator('[data-action="stop-next"]').click();
  await isAt('1');
  await figure.locator('input[type="range"]').press('ArrowRight');
  await isAt('2');
  await figure.locator('[data-action="stop-back"]').press('Enter');
  await isAt('1');
  // The tests' browser asks for reduced motion, so there is no button that plays.
  assert.equal(await figure.locator('[data-action="stop-play"]').count(), 0);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await figure.locator('[data-action="stop-next"]').click();
  await figure.locator('[data-action="stop-play"]').click();
  await page.waitForFunction(() => Number(document.querySelector('[data-stop]').dataset.stop) > 4);
  await setParam(page, 'kernel', 8);
  await setParam(page, 'dilation', 3);
  await page.waitForFunction(() => !document.querySelector('[data-metric="out_measured"]').dataset.value);
  assert.equal(await metric(page, 'out_formula'), undefined);
  assert.match(await figure.locator('.notice').innerText(), /22 pixels.*only 9/s);
  await setParam(page, 'size', 32);
  assert.equal(await metric(page, 'out_formula'), 7);
  await waitMetric(page, 'out_measured', (size) => size === 7);
});

const kernel = (page) => page.locator('[data-figure="kernel"]');
const cells = async (page, grid) => (await kernel(page).locator(`[data-grid="${grid}"]`).getAttribute('data-values')).split(' ').map(Number);
const place = (page) => kernel(page).locator('.player-words').innerText();

/**
 * Sums the displayed products, compares the sum with the network's number, and returns the difference, the
 * bias.
 */
async function addUp(page, name = 'sum') {
  const sum = kernel(page).locator(`[data-sum="${name}"]`);
  assert.equal(await sum.getAttribute('data-agrees'), 'true');
  const [byHand, network] = [Number(await sum.getAttribute('data-value')), Number(await sum.getAttribute('data-network'))];
  assert.ok(Math.abs(byHand - network) < 1e-4, `${byHand} by hand, ${network} in the network`);
  const [patch, weights, products] = [await cells(page, 'patch'), await cells(page, 'weights'), await cells(page, 'products')];
  assert.equal(products.length, 9);
  products.forEach((product, i) => assert.ok(Math.abs(product - patch[i] * weights[i]) < 1e-5));
  return byHand - products.reduce((sum, product) => sum + product, 0);
}

test('a kernel moves over an image, and its products sum to the map', async ({ open }) => {
  const page = await open(`#/cnn/products?${new URLSearchParams({ device: 'cpu', ...small, epochs: 3 })}`);
  const figure = kernel(page);
  await figure.locator('[data-kernel-step="0"]').waitFor();
  const bias = await addUp(page);
  const painted = () =>
    figure.locator('[data-kind="output"] canvas').evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((_, i) => i % 4 === 3 && data[i] > 0).length;
    });
  assert.equal(await place(page), 'row 15, column 17');
  assert.equal(await painted(), 14 * 32 + 17);
  // The slider moves along a row; arrow keys on the image move in any direction.
  await figure.locator('[data-player="kernel"] input').press('ArrowRight');
  assert.equal(await place(page), 'row 15, column 18');
  const image = figure.locator('[data-action="move-kernel"]');
  await image.press('ArrowDown');
  await image.press('ArrowLeft');
  assert.equal(await place(page), 'row 16, column 17');
  assert.ok(Math.abs((await addUp(page)) - bias) < 1e-4, 'one bias in all places');
  assert.equal(await painted(), 15 * 32 + 17);
  // In the corner five of the nine weights are on padding.
  await image.click({ position: { x: 8, y: 8 } });
  assert.equal(await place(page), 'row 1, column 1');
  assert.equal(await figure.locator('[data-grid="patch"] [data-padding]').count(), 5);
  assert.equal((await cells(page, 'patch')).filter((value) => value === 0).length, 5);
  assert.ok(Math.abs((await addUp(page)) - bias) < 1e-4);
  assert.equal(await painted(), 1);
  const before = await cells(page, 'patch');
  await image.press('End');
  await figure.locator('[data-action="image-next"]').click();
  await page.waitForURL(/image=2/);
  await figure.getByText('Image 2 of').waitFor();
  await checkAccess(page, 'the kernel over an image');

  await act(page, 'train');
  await figure.locator('[data-kernel-step="60"]').waitFor({ timeout: 60_000 });
  await waitState(page, 'done');
  assert.ok(Math.abs((await addUp(page)) - bias) > 1e-5, 'training changes the bias');
  assert.notDeepEqual(await cells(page, 'patch'), before);
  // The separable network's second layer filters each channel separately, then mixes them.
  await figure.locator('[data-pick="net"]').selectOption({ index: 1 });
  await figure.locator('[data-pick="layer"]').selectOption({ index: 1 });
  await figure.locator('[data-sum="depthwise"]').waitFor();
  await addUp(page, 'depthwise');
  const mixed = figure.locator('[data-sum="sum"]');
  assert.equal(await mixed.getAttribute('data-agrees'), 'true');
  const rows = await figure.locator('.kernel-strip tbody tr').evaluateAll((rows) =>
    rows.map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.innerText.replace('−', '-')))));
  assert.deepEqual(rows.map((row) => row.length), [4, 4, 4]);
  const weights = await cells(page, 'weights');
  await figure.locator('[data-channel="3"]').press('Enter');
  assert.notDeepEqual(await cells(page, 'weights'), weights, 'each channel has its own kernel');
  await addUp(page, 'depthwise');
  // The same layer of the standard network sums over its channels.
  await figure.locator('[data-pick="net"]').selectOption({ index: 0 });
  assert.equal(await figure.locator('[data-sum="sum"]').getAttribute('data-agrees'), 'true');
  assert.equal(await figure.locator('[data-sum="depthwise"]').count(), 0);
});

/** Returns the pixels of a map of the shifted image, row by row, as text. */
const pixels = (page, map, when) =>
  page.locator(`[data-figure="shifted-maps"] [data-map="${map}"][data-when="${when}"] canvas`).evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, 32, 32);
    return Array.from({ length: 32 }, (_, row) => Array.from({ length: 32 }, (_, col) => data.slice(4 * (32 * row + col), 4 * (32 * row + col) + 3).join()));
  });

/** Returns the number of interior pixels of the later map that differ from the earlier map, shifted. */
async function differing(page, map, [down, right]) {
  const [before, after] = [await pixels(page, map, 'before'), await pixels(page, map, 'after')];
  let count = 0;
  for (let row = 9; row < 23; row++) for (let col = 9; col < 23; col++) count += before[row - down][col - right] !== after[row][col];
  return count;
}

test('the maps of a convolution shift with the image, the activations of a dense layer do not', async ({ open }) => {
  const page = await open('#/cnn?device=cpu');
  const figure = page.locator('[data-figure="shifted-maps"]');
  const shift = () => figure.locator('[data-shift]').getAttribute('data-shift');
  await figure.getByText('Image 1 of').waitFor();
  assert.equal(await shift(), '3 5', 'there is something to compare at once');
  assert.equal(await differing(page, 'conv-0', [3, 5]), 0);
  assert.equal(await differing(page, 'conv-1', [3, 5]), 0);
  assert.ok((await differing(page, 'dense-0', [3, 5])) > 150);
  const number = async (name) => Number(await figure.locator(`[data-difference="${name}"]`).getAttribute('data-value'));
  assert.equal(await number('conv'), 0);
  assert.ok((await number('dense')) > 0.5);
  await figure.getByText('2,099,200 parameters').waitFor();

  await figure.locator('[data-action="shift-left"]').click();
  assert.equal(await shift(), '3 4');
  const pad = figure.locator('[data-action="shift-image"]');
  await pad.press('ArrowUp');
  assert.equal(await shift(), '2 4');
  assert.equal(await differing(page, 'conv-0', [2, 4]), 0);
  await figure.locator('[data-action="shift-reset"]').click();
  assert.equal(await shift(), '0 0');
  assert.equal(await figure.locator('[data-difference="conv"]').innerText(), '–', 'nothing is shifted');
  // Dragged by a quarter of its width, which is eight pixels.
  const { x, y, width } = await pad.boundingBox();
  await page.mouse.move(x + width / 2, y + width / 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 4, y + width / 2, { steps: 4 });
  await page.mouse.up();
  assert.equal(await shift(), '0 -8');
  assert.equal(await differing(page, 'conv-0', [0, -8]), 0);
  // The kernels of the untrained network shift with the image, too.
  await figure.locator('[data-pick="kernels"]').selectOption({ index: 1 });
  await figure.getByText('random kernel 1').waitFor();
  assert.equal(await number('conv'), 0);
  await checkAccess(page, 'the shifted image');
});

test('a receptive field grows layer by layer, and a unit is moved', async ({ open }) => {
  const page = await open('#/cnn/receptive?device=cpu');
  const figure = page.locator('[data-figure="receptive-field"]');
  const words = () => figure.locator('.player-words').innerText();
  assert.match(await words(), /9 × 9/);
  await waitMetric(page, 'rf_measured', (size) => size === 9);
  await figure.locator('[data-player="receptive"] [data-action="back"]').click();
  assert.match(await words(), /convolution 3: 7 × 7/);
  const now = figure.locator('.rf-square[data-now]');
  assert.equal(await now.getAttribute('width'), '7');
  const left = Number(await now.getAttribute('x'));
  await figure.locator('[data-action="move-unit"]').press('ArrowRight');
  assert.equal(Number(await now.getAttribute('x')), left + 1);
  await page.locator('[data-figure="receptive-stack"] .rf-row').last().click();
  assert.match(await words(), /9 × 9/);
  await page.locator('[data-param="rf_pool"] input').check();
  await page.waitForURL(/rf_pool=/);
  assert.match(await words(), /46 × 46/);
  assert.equal(await metric(page, 'rf_formula'), 46);
  await waitMetric(page, 'rf_measured', (size) => size === 46);
  await checkAccess(page, 'the receptive field');
});

test('pooling keeps the maximum or the mean of each window, and a shift changes them', async ({ open }) => {
  const page = await open('#/cnn/pooling?device=cpu');
  const figure = page.locator('[data-figure="pooling-windows"]');
  await figure.getByText(/Map \d of block 3/).waitFor();
  const grid = async (name) => (await figure.locator(`[data-grid="${name}"]`).getAttribute('data-values')).split(' ').map(Number);
  const check = async () => {
    const [input, max, average] = [await grid('input'), await grid('max pooling'), await grid('average pooling')];
    assert.equal(max.length, 16);
    for (let i = 0; i < 16; i++) {
      const first = 16 * Math.floor(i / 4) + 2 * (i % 4);
      const window = [0, 1, 8, 9].map((at) => input[first + at]);
      assert.equal(max[i], Math.max(...window));
      assert.ok(Math.abs(average[i] - window.reduce((a, b) => a + b) / 4) < 1e-5);
    }
    return input;
  };
  const input = await check();
  await figure.locator('[data-action="shift-map"]').click();
  const shifted = await check();
  input.forEach((value, i) => assert.equal(shifted[i], i % 8 ? input[i - 1] : 0));
  const change = async (name) => Number(await figure.locator(`[data-change="${name}"]`).getAttribute('data-value'));
  assert.ok((await change('average pooling')) < (await change('no pooling')));
  await checkAccess(page, 'pooling');
});

test('with an equal budget, a wider separable network is trained', async ({ open }) => {
  const page = await open(cpu({ epochs: 1, compare: 'budget' }));
  const width = await waitMetric(page, 'width_separable');
  const [standard, separable] = [await waitMetric(page, 'net_params_conv'), await waitMetric(page, 'net_params_separable')];
  assert.ok(width > small.width && Math.abs(separable / standard - 1) < 0.1, `${width}: ${separable} and ${standard}`);
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  // The separable network's first block has as many maps as its width.
  await page.locator('[data-figure="inside-separable"]').getByText(`of ${width}, 32²`).waitFor();
  await page.locator('[data-figure="inside-conv"]').getByText(`of ${small.width}, 32²`).waitFor();
});

test('pause stops the step counter, resume continues', async ({ open }) => {
  const page = await open(cpu({ epochs: 50 }));
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 3);
  await act(page, 'pause');
  await waitState(page, 'paused');
  await frames(page, 20);
  await stays(page, 'step', await metric(page, 'step'), 'the counter went on while paused');
  const held = await metric(page, 'step');
  await act(page, 'resume');
  await waitMetric(page, 'step', (step) => step > held + 3);
  await page.locator('.run-words', { hasText: 'left' }).waitFor();
  await act(page, 'stop');
  await waitState(page, 'done');
});

test('CIFAR-10 files are accepted, used, stored and removed; others are refused with a reason', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ epochs: 1, n_train: 40, n_test: 20, batch_size: 10 }));
  await openSettings(page);
  await box(page).waitFor();
  assert.equal(await offered(page).count(), 0, 'what is not there is not offered');
  const error = box(page).locator('[role="alert"]');

  await box(page).locator('input[type="file"]').setInputFiles([file('data_batch_1.bin', cifar(40).subarray(0, 5000))]);
  await error.getByText('3073 bytes each').waitFor();
  assert.match(await error.innerText(), /data_batch_1\.bin.*5000 bytes: 1 images and 1927 bytes more/s);
  const mislabelled = cifar(4);
  mislabelled[2 * 3073] = 77;
  await box(page).locator('input[type="file"]').setInputFiles([file('data_batch_1.bin', mislabelled)]);
  await error.getByText('label 77').waitFor();
  await drop(page, [file('holiday.tar.gz', Buffer.from('not an archive'))]);
  await error.getByText('holiday.tar.gz').waitFor();
  assert.equal(await box(page).locator('li').count(), 0);

  // One file is dropped, the other one comes through the input, as by keyboard.
  await drop(page, [file('data_batch_1.bin', cifar(40))]);
  await box(page).getByText('data_batch_1.bin (0.1 MB)').waitFor();
  assert.equal(await offered(page).count(), 0, 'there is nothing to be tested on yet');
  await box(page).locator('input[type="file"]').setInputFiles([file('test_batch.bin', cifar(20))]);
  await box(page).getByText('test_batch.bin (').waitFor();
  await offered(page).waitFor({ state: 'attached' });
  await setParam(page, 'dataset', 'cifar10');
  await page.locator('[data-figure="samples"]').getByText('Airplane').first().waitFor();
  await act(page, 'train');
  await waitState(page, 'done');
  assert.equal(await metric(page, 'step'), 4);
  await shot(page, 'cnn-1280-light-cifar10');

  await page.reload();
  await page.waitForSelector('[data-panel="cnn"]');
  await openSettings(page);
  await box(page).getByText('test_batch.bin (').waitFor();
  await page.locator('[data-figure="samples"]').getByText('Airplane').first().waitFor();
  await box(page).locator('[data-action="remove-files"]').click();
  await page.locator('.notice[role="status"]', { hasText: '.tar.gz' }).first().waitFor();
  assert.equal(await box(page).locator('li').count(), 0);
  await page.reload();
  await page.waitForSelector('[data-panel="cnn"]');
  await page.locator('.notice[role="status"]', { hasText: '.tar.gz' }).first().waitFor();
  assert.equal(await box(page).locator('li').count(), 0, 'what is removed stays removed');
});

test('CIFAR-10 is offered if it is part of the site', { tag: '@long' }, async ({ open, serve }) => {
  // The files that `./lab data cifar10` adds to a built site.
  const pages = { 'data/cifar10/data_batch_1.bin': cifar(40), 'data/cifar10/test_batch.bin': cifar(20) };
  const listed = await readFile(join(dist, 'data/files.txt'), 'utf8');
  const site = await serve({ pages: { ...pages, 'data/files.txt': [listed.trim(), ...Object.keys(pages)].join('\n') + '\n' } });
  const page = await open(cpu({}), { from: site });
  await offered(page).waitFor({ state: 'attached' });
  await setParam(page, 'dataset', 'cifar10');
  await page.locator('[data-figure="samples"]').getByText('40 training images and 20 test images').waitFor();
});

test('it fits a phone, in the dark, after training', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ epochs: 1, n_train: 100, n_test: 50 }), { width: 400, height: 800, theme: 'dark' });
  await waitMetric(page, 'params_conv');
  await act(page, 'train');
  await waitState(page, 'done');
  await checkFits(page);
  await shot(page, 'cnn-400-dark-after');
});
