// Section 1 on the CPU, as a visitor uses it.

import assert from 'node:assert/strict';
import { act, address, checkAccess, checkFits, device, expect, firstStep, frames, metric, probed, readParam, setParam, shot, state, stays, test, train, waitMetric, waitState } from './lib/test.mjs';

const cpu = (params) => address('mlp', { device: 'cpu', ...params });

test('on spirals a ReLU network learns what the linear network cannot', async ({ open }) => {
  const page = await open(cpu({ steps: 600 }));
  assert.equal(await state(page), 'idle');
  const counted = await waitMetric(page, 'params_counted');
  assert.equal(counted, await waitMetric(page, 'params_formula'));
  assert.ok((await waitMetric(page, 'rank_linear')) <= (await waitMetric(page, 'rank_bound')));
  assert.ok((await waitMetric(page, 'rank_activated')) > (await waitMetric(page, 'rank_linear')));
  assert.ok((await waitMetric(page, 'collapse_max_abs_diff')) < 1e-3);
  await shot(page, 'mlp-1280-light-before');

  const { loss_activated: first } = await firstStep(page, ['loss_activated']);
  await act(page, 'resume');
  await waitMetric(page, 'step', (step) => step > 20);
  await shot(page, 'mlp-1280-light-during');
  await waitState(page, 'done', 60_000);
  assert.equal(await device(page), 'cpu');
  assert.equal(await metric(page, 'step'), 600);
  const last = await metric(page, 'loss_activated');
  assert.ok(last < first / 2, `the loss went from ${first} to ${last}`);
  const [linear, activated] = [await metric(page, 'accuracy_linear'), await metric(page, 'accuracy_activated')];
  assert.ok(linear < 0.7 && linear > 0.3, `the linear network reaches ${linear}`);
  assert.ok(activated > linear + 0.1, `the ReLU network reaches ${activated}, the linear one ${linear}`);
  assert.ok((await metric(page, 'loss_linear')) > last);
  await shot(page, 'mlp-1280-light-after');
});

test('it fits a phone, in the dark, before and after training', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ steps: 100 }), { width: 400, height: 800, theme: 'dark' });
  await waitMetric(page, 'params_counted');
  await checkFits(page);
  await shot(page, 'mlp-400-dark-before');
  await train(page, []);
  await checkFits(page);
  await shot(page, 'mlp-400-dark-after');
});

test('the dark theme of the address is dark on a light system', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ theme: 'dark' }));
  await waitMetric(page, 'params_counted');
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(20, 23, 27)');
  await shot(page, 'mlp-1280-dark-before');
});

test('pause stops the step counter, step advances it by one, resume continues, reset clears', async ({ open }) => {
  const page = await open(cpu({ steps: 20_000, width: 64 }));
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 5);
  await act(page, 'pause');
  await waitState(page, 'paused');
  // Frames that were sent before the pause still arrive.
  await frames(page, 20);
  const held = await metric(page, 'step');
  await stays(page, 'step', held, 'the counter went on while paused');

  await act(page, 'step');
  await waitMetric(page, 'step', (step) => step === held + 1);
  await stays(page, 'step', held + 1);

  await act(page, 'resume');
  await waitMetric(page, 'step', (step) => step > held + 5);
  await act(page, 'stop');
  await waitState(page, 'done');

  await act(page, 'reset');
  await waitState(page, 'idle');
  assert.equal((await metric(page, 'step')) ?? 0, 0);
  assert.equal(await metric(page, 'loss_activated'), undefined);
});

test('a changed setting ends the run', async ({ open }) => {
  const page = await open(cpu({ steps: 20_000 }));
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 5);
  await page.locator('[data-param="depth"] input[type="range"]').press('ArrowRight');
  await waitState(page, 'idle');
  await waitMetric(page, 'step', (step) => step === 0);
  await stays(page, 'step', 0, 'a late frame of the old run came through');
  await page.waitForURL(/depth=4/);
});

test('new frames do not overwrite what is being typed', async ({ open }) => {
  const page = await open(cpu({ steps: 20_000 }));
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 5);
  const field = page.locator('[data-param="width"] input[role="spinbutton"]');
  await field.fill('16');
  // The run continues and sends frames.
  const before = await metric(page, 'step');
  await waitMetric(page, 'step', (step) => step > before + 20);
  assert.equal(await field.inputValue(), '16');
  await field.press('Enter');
  await waitState(page, 'idle');
  await page.waitForURL(/width=16/);
});

test('the same seed gives the same run, another seed a different one', { tag: '@long' }, async ({ open }) => {
  const names = ['loss_activated', 'loss_linear'];
  const pageOf = (seed) => open(cpu({ steps: 50, seed }));
  const page = await pageOf(7);
  const once = await train(page, names);
  await act(page, 'reset');
  await waitState(page, 'idle');
  assert.deepEqual(await train(page, names), once, 'the same page, trained again');
  assert.deepEqual(await train(await pageOf(7), names), once, 'another page');
  assert.notEqual((await train(await pageOf(8), names)).loss_activated, once.loss_activated);
});

test('a network learns Fashion-MNIST on the CPU', { tag: '@long' }, async ({ open }) => {
  test.setTimeout(150_000);
  const page = await open(cpu({ dataset: 'fashion-mnist', steps: 500, depth: 2, width: 64, learning_rate: 0.003 }));
  const { accuracy_activated } = await train(page, ['accuracy_activated'], 120_000);
  assert.ok(accuracy_activated > 0.8, `test accuracy ${accuracy_activated}`);
  await shot(page, 'mlp-1280-light-fashion');
});

test('the learning rate can be changed during training', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ steps: 20_000, width: 64 }));
  await act(page, 'train');
  const before = await waitMetric(page, 'step', (step) => step > 5);
  await setParam(page, 'learning_rate', 0.001);
  await waitMetric(page, 'step', (step) => step > before + 20);
  assert.equal(await state(page), 'running');
});

test('Back undoes a change of settings', async ({ open }) => {
  const page = await open(cpu({}));
  await setParam(page, 'width', 16);
  await page.waitForURL(/width=16/);
  await setParam(page, 'depth', 5);
  await page.waitForURL(/depth=5/);
  await page.goBack();
  // The address changes first, then the page.
  await page.waitForFunction(() => document.querySelector('[data-param="depth"] input[role="spinbutton"]').value === '3');
  assert.equal(Number(await page.locator('[data-param="width"] input[role="spinbutton"]').inputValue()), 16);
});

// ---- The diagram of the network

const network = (params) => `#/mlp/units?${new URLSearchParams({ device: 'cpu', ...params })}`;
const withFormula = (params) => network({ ...params, show: 'units,parameters' });
const small = { hidden: '4,3', steps: 40 };
const figure = '[data-figure="network"]';
const drawn = (page) => page.locator(`${figure} [data-weight]`).first().waitFor({ state: 'attached' });
/** Returns every drawn weight, by its index among all parameters. */
const onScreen = (page) =>
  page.locator(`${figure} [data-weight]`).evaluateAll((all) => Object.fromEntries(all.map(({ dataset }) => [dataset.weight, Number(dataset.value)])));
/** Returns the values of the table, whose rows are in the order of the parameters. */
async function inTable(page) {
  await page.locator(`${figure} summary`).first().click();
  await page.locator(`${figure} [data-export="table"]`).click();
  const values = await page.locator(`${figure} table tbody tr`).evaluateAll((rows) => rows.map((row) => Number(row.lastElementChild.textContent)));
  await page.locator(`${figure} .twin-head button`).click();
  return values;
}
const picture = (page, selector) => page.locator(`${figure} ${selector}`).first().evaluate((canvas) => canvas.toDataURL());
const step = (page) => page.locator('[data-network-step]').getAttribute('data-network-step').then(Number);
const item = (page, key) => page.locator(`${figure} [data-item="${key}"]`);
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute('data-item'));
/** Waits until the diagram shows this value of a weight. */
const waitWeight = (page, key, value) =>
  page.waitForFunction(([key, value]) => Math.abs(Number(document.querySelector(`[data-item="${key}"]`)?.dataset.value) - value) < 1e-6, [key, value]);

async function agree(page, count) {
  const [lines, rows] = [await onScreen(page), await inTable(page)];
  assert.equal(rows.length, count);
  assert.ok(Object.keys(lines).length > 0);
  for (const [index, value] of Object.entries(lines)) assert.equal(value, rows[index], `parameter ${index}`);
}

test('the diagram has the same weights as the table, before and after training', async ({ open }) => {
  const page = await open(withFormula(small));
  await drawn(page);
  // 2 x 4 + 4, 4 x 3 + 3, 3 x 2 + 2
  const count = 12 + 15 + 8;
  assert.equal(await waitMetric(page, 'params_formula'), count);
  assert.equal(await page.locator('.param-formula tbody tr').count(), 4, 'a term for each layer, and the sum');
  assert.match(await page.locator('.param-formula tr').nth(1).innerText(), /4\s*⋅\s*3\s*\+\s*3\s*=\s*15/);
  await agree(page, count);
  await shot(page, 'network-1280-light-before');
  const before = await onScreen(page);
  await act(page, 'train');
  await waitState(page, 'done');
  assert.equal(await step(page), 40);
  await agree(page, count);
  assert.notDeepEqual(await onScreen(page), before);
  // The other network has other weights.
  const activated = await onScreen(page);
  await page.locator('[data-arm="0"]').click();
  await page.waitForFunction((value) => document.querySelector('[data-weight="0"]').dataset.value !== value, String(activated[0]));
  await agree(page, count);
});

test('changing a weight changes the boundary and the maps, and can be undone', async ({ open }) => {
  const page = await open(network(small));
  await drawn(page);
  const [boundary, maps] = ['.network-detail canvas', '.network-canvas'];
  const before = [await picture(page, boundary), await picture(page, maps), (await onScreen(page))[0]];
  // Before training, editing a weight opens a paused run.
  await item(page, '0-0-0').focus();
  await page.keyboard.press('Enter');
  await page.locator('[data-editor]').waitFor();
  assert.equal(await page.locator('[data-detail]').innerText(), 'Weight from input 1 to hidden unit 1 of layer 1');
  const field = page.locator('[data-editor] input[type="text"]');
  await field.fill('2.5');
  await field.press('Enter');
  await waitState(page, 'paused');
  await waitWeight(page, '0-0-0', 2.5);
  assert.equal(await step(page), 0);
  assert.equal(await waitMetric(page, 'params_edited', (count) => count === 1), 1);
  await page.waitForFunction(([selector, was]) => document.querySelector(selector).toDataURL() !== was, [`${figure} ${boundary}`, before[0]]);
  assert.notEqual(await picture(page, maps), before[1]);
  // Text that is not accepted is reported and stays in the field, and the weight stays.
  for (const [wrong, words] of [['abc', 'not a number'], ['NaN', 'not a number'], ['', 'is missing'], ['1e9', 'out of range']]) {
    await field.fill(wrong);
    await field.press('Enter');
    await page.locator('[data-editor] .control-message', { hasText: words }).filter({ hasText: 'from −100 to 100. Until then it is 2.50.' }).waitFor();
    await field.press('Tab');
    assert.deepEqual([await field.inputValue(), await field.getAttribute('aria-invalid')], [wrong, 'true']);
  }
  await field.press('Escape');
  assert.deepEqual([await field.inputValue(), await field.getAttribute('aria-invalid')], ['2.5', null]);
  await field.fill('1,25');
  await field.press('Enter');
  await waitWeight(page, '0-0-0', 1.25);
  await page.locator('[data-action="undo-edit"]').click();
  await waitWeight(page, '0-0-0', 2.5);
  await page.locator('[data-editor] input[type="range"]').press('ArrowRight');
  await page.waitForFunction(() => Number(document.querySelector('[data-item="0-0-0"]').dataset.value) > 2.5);
  await page.locator('[data-action="reset-edits"]').click();
  await waitWeight(page, '0-0-0', before[2]);
  await waitMetric(page, 'params_edited', (count) => count === 0);
  // The run continues from the changed network.
  await field.fill('-1');
  await field.press('Enter');
  await waitWeight(page, '0-0-0', -1);
  await act(page, 'step');
  await waitMetric(page, 'step', (step) => step === 1);
  await page.waitForFunction(() => document.querySelector('[data-network-step]').dataset.networkStep === '1');
  assert.ok(Math.abs((await onScreen(page))[0] + 1) < 0.1, 'one step moves it a little');
  await act(page, 'resume');
  await waitState(page, 'done');
  // A finished run can be changed, too.
  await field.fill('3');
  await field.press('Enter');
  await waitWeight(page, '0-0-0', 3);
  assert.equal(await step(page), 40);
  assert.equal(await state(page), 'done');
});

test('a weight can be changed during training', { tag: '@long' }, async ({ open }) => {
  const page = await open(network({ hidden: '4', steps: 20_000, learning_rate: 0.00001 }));
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 20);
  await page.waitForFunction(() => Number(document.querySelector('[data-network-step]').dataset.networkStep) > 20);
  await item(page, '1-2').click();
  assert.match(await page.locator('[data-detail]').innerText(), /^Hidden unit 3 of layer 1/);
  assert.match(await page.locator('.network-equation').innerText(), /^h₃ = ReLU\(.*x₁.*x₂/);
  const field = page.locator('[data-editor] input[type="text"]');
  const twentySteps = async () => {
    const at = await step(page);
    await page.waitForFunction((at) => Number(document.querySelector('[data-network-step]').dataset.networkStep) > at + 20, at);
  };
  // New frames, and a pointer over another unit, leave the selected unit and the typed text alone.
  await field.selectText();
  await twentySteps();
  await page.keyboard.insertText('5');
  await item(page, '1-1').hover();
  await twentySteps();
  assert.equal(await field.inputValue(), '5');
  await field.press('Enter');
  await page.locator('.network-equation', { hasText: /(\+ 5\)|\+ [45]\.\d+\))/ }).waitFor();
  assert.equal(await state(page), 'running');
  await act(page, 'stop');
});

test('layers and units are added and removed, and the address follows', async ({ open }) => {
  const page = await open(withFormula({ depth: 2, width: 3 }));
  await drawn(page);
  const has = (hidden) => page.waitForFunction((hidden) => new URLSearchParams(location.hash.split('?')[1]).get('hidden') === hidden, hidden);
  const widths = () => page.locator('[data-param="hidden"] input').inputValue();
  await page.locator('[data-action="add-unit"][data-layer="2"]').click();
  await has('3,4');
  await page.waitForFunction(() => document.querySelectorAll('[data-weight]').length === 6 + 12 + 8);
  assert.equal(await widths(), '3, 4');
  await page.locator('[data-action="add-layer"]').click();
  await has('3,4,4');
  await page.locator('[data-action="remove-unit"][data-layer="1"]').click();
  await has('2,4,4');
  assert.deepEqual([await readParam(page, 'depth'), await readParam(page, 'width')], ['3', '4'], 'the sliders follow');
  await waitMetric(page, 'params_counted', (count) => count === 6 + 12 + 20 + 10);
  await page.locator('[data-action="remove-layer"]').click();
  await has('2,4');
  // The slider gives all layers the same width again.
  await setParam(page, 'depth', 5);
  await has(null);
  assert.equal(await widths(), '');
  assert.equal(await readParam(page, 'width'), '4');
  await waitMetric(page, 'params_counted', (count) => count === 12 + 4 * 20 + 10);
  const field = page.locator('[data-param="hidden"] input');
  await field.fill('8, 256, 4');
  await field.press('Enter');
  await has('8,256,4');
  // Text that is not accepted stays, and the layers stay.
  for (const [wrong, words] of [['8, 9000, 4', 'from 1 to 256'], ['eight', 'not a number']]) {
    await field.fill(wrong);
    await field.press('Enter');
    await page.locator('[data-param="hidden"] .control-message', { hasText: words }).waitFor();
    assert.equal(await widths(), wrong);
    await has('8,256,4');
  }
  await field.press('Escape');
  assert.equal(await widths(), '8, 256, 4');
  // Wide layers are split into pages.
  assert.equal(await item(page, '2-6').count(), 0);
  await page.locator('[data-action="page"][data-layer="2"]').last().click();
  await item(page, '2-6').waitFor({ state: 'attached' });
  await page.locator('.network-reading', { hasText: '6 of 256 units are shown' }).waitFor();
});

test('the diagram works by keyboard', async ({ open }) => {
  const page = await open(network(small));
  await drawn(page);
  assert.equal(await page.locator(`${figure} [data-item][tabindex="0"]`).count(), 1, 'one stop for the Tab key');
  await item(page, '0-0').focus();
  for (const [key, to] of [['ArrowDown', '0-1'], ['ArrowRight', '0-1-0'], ['ArrowDown', '0-1-1'], ['ArrowRight', '1-1'], ['ArrowRight', '1-1-0'], ['End', '3-1'], ['Home', '0-0']]) {
    await page.keyboard.press(key);
    await page.waitForFunction((to) => document.activeElement?.getAttribute('data-item') === to, to);
  }
  await item(page, '1-2-1').focus();
  assert.equal(await focused(page), '1-2-1');
  const name = await item(page, '1-2-1').getAttribute('aria-label');
  assert.match(name, /^weight from hidden unit 3 of layer 1 to hidden unit 2 of layer 2: [−0-9.]+$/);
  await page.locator('.network-reading', { hasText: name }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[data-editor]').waitFor();
  await checkAccess(page, 'the network, a weight open');
});

test('the diagram of a network for images', { tag: '@long' }, async ({ open }) => {
  const page = await open(network({ dataset: 'fashion-mnist', hidden: '6,4', steps: 30 }));
  await drawn(page);
  await act(page, 'train');
  await waitState(page, 'done', 90_000);
  await item(page, '1-3').click();
  await page.locator('.network-detail canvas').waitFor();
  assert.equal(await page.locator(`${figure} [data-weight]`).count(), 24 + 40);
  await shot(page, 'network-1280-light-fashion');
});

test('with several seeds, the diagram of the first can be changed', { tag: '@long' }, async ({ open }) => {
  const page = await open(network({ ...small, seeds: 3 }));
  await act(page, 'train');
  await waitState(page, 'done');
  await item(page, '0-0-0').focus();
  await page.keyboard.press('Enter');
  const field = page.locator('[data-editor] input[type="text"]');
  await field.fill('2');
  await field.press('Enter');
  await waitWeight(page, '0-0-0', 2);
});

test('the diagram alone in a frame trains, and cannot change a locked setting', { tag: '@long' }, async ({ open }) => {
  const page = await open('#/mlp?embed=1&device=cpu&steps=40&hidden=4&show=network&lock=width');
  await drawn(page);
  await page.locator('[data-action="add-unit"]:disabled').first().waitFor();
  await act(page, 'train');
  await waitState(page, 'done');
  assert.equal(await step(page), 40);
  await shot(page, 'network-alone');
});

test('the diagram fits the page and a phone, before, during and after training', { tag: '@long' }, async ({ open }) => {
  test.setTimeout(180_000);
  for (const [width, theme] of [[1280, 'light'], [1280, 'dark'], [390, 'light'], [390, 'dark']]) {
    const page = await open(network({ width: 8, steps: 1500 }), { width, height: width > 400 ? 900 : 844, theme });
    await drawn(page);
    await shot(page, `network-${width}-${theme}-before`);
    await act(page, 'train');
    await page.waitForFunction(() => Number(document.querySelector('[data-network-step]').dataset.networkStep) > 100);
    await shot(page, `network-${width}-${theme}-during`);
    await waitState(page, 'done', 60_000);
    await item(page, '2-3').click();
    await page.locator('[data-detail]', { hasText: 'Hidden unit 4' }).waitFor();
    await shot(page, `network-${width}-${theme}-after`);
    await checkFits(page);
  }
});

// ---- The first view of every chapter

const CHAPTERS = ['boundary', 'units', 'width', 'collapse', 'gradients', 'parameters'];
const openChapter = (open, chapter, params = {}, options = {}) =>
  open(`#/mlp/${chapter}?${new URLSearchParams({ device: 'cpu', ...params })}`, { width: 1366, height: 650, ...options });
const body = (page, name) => page.locator(`[data-figure="${name}"] .figure-body`);
/** Returns the pixels of a figure's first canvas as text. */
const pixels = (page, name) => body(page, name).locator('canvas').first().evaluate((canvas) => canvas.toDataURL());
/** Waits until a figure's first canvas shows something else. */
const changed = (page, name, before) => expect.poll(() => pixels(page, name)).not.toBe(before);

test('before training every chapter shows a figure that fits the first view', async ({ open }) => {
  test.setTimeout(120_000);
  const page = await openChapter(open, 'boundary');
  for (const chapter of CHAPTERS) {
    await page.evaluate((hash) => (location.hash = hash), `#/mlp/${chapter}?device=cpu`);
    await page.locator(`[data-chapter="${chapter}"]`).waitFor();
    await probed(page);
    await frames(page, 4);
    const stage = await page.locator('.stage .figure-body').evaluateAll((bodies) =>
      bodies.map((body) => ({ bottom: body.getBoundingClientRect().bottom, height: body.getBoundingClientRect().height })));
    assert.ok(stage.length > 0, chapter);
    for (const { bottom, height } of stage) {
      assert.ok(bottom - 650 <= 0.05 * height, `${chapter}: ${Math.round(bottom - 650)} of ${Math.round(height)} pixels are below the fold`);
    }
    // Something is drawn: a line, a bar, or the pixels of a canvas.
    const drawn = await page.locator('.stage').evaluate((stage) => {
      const marks = stage.querySelectorAll('.line[d^="M"], rect.bar').length;
      const painted = [...stage.querySelectorAll('canvas')].filter((canvas) => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size > 2);
      return marks + painted.length;
    });
    assert.ok(drawn > 0, `${chapter} shows nothing before training`);
    const controls = await page.locator('.side > .controls .control').count();
    assert.ok(controls >= 2 && controls <= 5, `${chapter} has ${controls} controls next to its figure`);
  }
});

test('both boundaries are drawn before training, and move', async ({ open }) => {
  const page = await openChapter(open, 'boundary', { steps: 200 });
  await probed(page);
  const before = [await pixels(page, 'boundary-linear'), await pixels(page, 'boundary-activated')];
  assert.notEqual(before[0], before[1]);
  assert.equal(await body(page, 'boundary-linear').locator('.point').count(), 2, 'a path for each class');
  // The loss chart shows chance level on its empty axes.
  await expect(body(page, 'loss').locator('.line-label', { hasText: 'chance' })).toHaveCount(1);
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  await changed(page, 'boundary-linear', before[0]);
  await changed(page, 'boundary-activated', before[1]);
  await act(page, 'reset');
  await waitState(page, 'idle');
  await expect.poll(() => pixels(page, 'boundary-activated')).toBe(before[1]);
});

test('the labels of the accuracy chart are whole at every width', async ({ open }) => {
  const page = await openChapter(open, 'boundary', { steps: 60 });
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  for (const width of [320, 390, 700, 1024, 1366, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    await frames(page, 4);
    const labels = await body(page, 'accuracy').locator('.line-label').evaluateAll((all) =>
      all.map((label) => ({ text: label.textContent, right: label.getBoundingClientRect().right, end: label.closest('svg.chart-svg').getBoundingClientRect().right })));
    assert.deepEqual(labels.map(({ text }) => text).sort(), ['chance', 'linear, test', 'linear, train', 'non-linear, test', 'non-linear, train']);
    for (const { text, right, end } of labels) assert.ok(right <= end + 1, `“${text}” ends ${Math.round(right - end)} pixels past the chart at ${width}`);
  }
});

test('sample images have predictions before training', async ({ open }) => {
  const page = await openChapter(open, 'boundary', { dataset: 'fashion-mnist', width: 16, depth: 1 });
  await probed(page);
  for (const name of ['boundary-linear', 'boundary-activated']) {
    await expect(body(page, name).locator('li:is([data-verdict="right"], [data-verdict="wrong"])')).toHaveCount(24);
  }
});

test('units add up to a function, live, and training is compared with the formula', async ({ open }) => {
  const page = await openChapter(open, 'width');
  await probed(page);
  const thin = (name) => body(page, name).locator('.line.thin').count();
  assert.deepEqual([await thin('pieces-formula'), await thin('pieces-trained')], [8, 8]);
  const [eight, trained] = [await waitMetric(page, 'pieces_error'), await waitMetric(page, 'pieces_trained_error')];
  await page.locator('[data-figure="pieces-formula"] h2', { hasText: `error ${eight.toPrecision(2)}` }).waitFor();
  await setParam(page, 'pieces', 16);
  await page.waitForURL(/pieces=16/);
  // Twice the units divide the error of the wave by about four.
  const sixteen = await waitMetric(page, 'pieces_error', (error) => error !== eight);
  assert.ok(eight / sixteen > 3.4 && eight / sixteen < 4.6, `${eight} and ${sixteen}`);
  await expect.poll(() => thin('pieces-formula')).toBe(16);
  await expect.poll(() => thin('pieces-trained')).toBe(16);
  await waitMetric(page, 'pieces_trained_error', (error) => error !== trained);
  assert.equal(await state(page), 'idle', 'the setting starts no run');
  await setParam(page, 'target', 'step');
  await waitMetric(page, 'pieces_bound', (bound) => bound > 0.1);
});

test('changing a picture does not end a run', async ({ open }) => {
  const page = await openChapter(open, 'width', { steps: 20_000 });
  await act(page, 'train');
  await waitState(page, 'running');
  await setParam(page, 'pieces', 3);
  await expect(body(page, 'pieces-trained').locator('.line.thin')).toHaveCount(3);
  assert.equal(await state(page), 'running');
  await act(page, 'stop');
});

test('without its directions nothing is left of the linear network’s outputs', async ({ open }) => {
  const page = await openChapter(open, 'collapse');
  await probed(page);
  const caption = (slug) => page.locator(`[data-figure="outputs-${slug}"] .look-for`);
  await expect(caption('linear')).toContainText('without its 9 strongest directions, 0.0%');
  await expect(caption('activated')).not.toContainText('0.0%');
  await page.locator('[data-figure="outputs-linear"] h2', { hasText: 'rank 9' }).waitFor();
  await setParam(page, 'directions', 8);
  await expect(caption('linear')).not.toContainText(' 0.0%');
});

test('the gradient of every layer is shown before training, and during a run', async ({ open }) => {
  const page = await openChapter(open, 'gradients', { depth: 5, steps: 40 });
  await probed(page);
  const bars = body(page, 'gradient-bars').locator('rect.bar');
  assert.equal(await bars.count(), 12);
  const heights = () => bars.evaluateAll((all) => all.map((bar) => bar.getAttribute('height')).join());
  const title = page.locator('[data-figure="gradient-bars"] h2');
  await expect(title).toHaveText('Gradient norm of each layer, before training');
  const before = await heights();
  const ratio = await waitMetric(page, 'grad_ratio_activated');
  await act(page, 'train');
  await waitState(page, 'done');
  await expect(title).toHaveText('Gradient norm of each layer, step 40');
  assert.notEqual(await heights(), before);
  assert.ok(Math.abs((await metric(page, 'grad_ratio_activated')) / ratio - 1) < 1e-6, 'the ratio at the start stays');
});

test('matrices are drawn to scale, with their counts', async ({ open }) => {
  const page = await openChapter(open, 'parameters', { hidden: '8,16', dataset: 'moons' });
  await probed(page);
  const layers = body(page, 'matrices').locator('[data-layer]');
  const sizes = () => layers.evaluateAll((all) => all.map((layer) => {
    const { width, height } = layer.querySelector('canvas').getBoundingClientRect();
    return { count: Number(layer.dataset.count), width, height };
  }));
  const [first, second, third] = await sizes();
  assert.deepEqual([first.count, second.count, third.count], [2 * 8 + 8, 8 * 16 + 16, 16 * 2 + 2]);
  assert.ok(Math.abs(second.width / first.width - 2) < 0.05 && Math.abs(third.height / second.height - 2) < 0.05);
  assert.equal(first.count + second.count + third.count, await waitMetric(page, 'params_counted'));
  // Wide and deep networks stay legible.
  for (const [width, params] of [[1366, { depth: 12, width: 256 }], [390, { depth: 12, width: 256 }], [390, { dataset: 'fashion-mnist', width: 64 }]]) {
    const other = await openChapter(open, 'parameters', params, { width, height: 844 });
    await probed(other);
    await checkFits(other, `matrices at ${width}`);
    const labels = await body(other, 'matrices').locator('[data-layer] p').evaluateAll((all) => all.map((label) => label.getBoundingClientRect()).map(({ left, right, top }) => ({ left, right, top })));
    for (const [i, a] of labels.entries()) for (const b of labels.slice(i + 1)) assert.ok(a.top !== b.top || a.right <= b.left || b.right <= a.left, 'labels overlap');
  }
});
