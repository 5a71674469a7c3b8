// Section 3 on the CPU, as a visitor uses it.

import assert from 'node:assert/strict';
import { act, address, checkAccess, choosePreset, device, expect, metric, readParam, setParam, shot, test, waitMetric, waitState } from './lib/test.mjs';

const cpu = (params) => address('resnet', { device: 'cpu', ...params });
const verdicts = (page) => page.locator('[data-check-verdict]').evaluateAll((rows) => rows.map((row) => row.dataset.checkVerdict));

test('without batch norm the plain network gets no gradient and does not learn, while the residual network does', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ steps: 80 }));
  // Counted by hand: the first convolution, the three stages, the last layer; and a projection in each of two
  // stages.
  assert.equal(await waitMetric(page, 'params_plain'), 40 + 6 * 148 + (296 + 5 * 584) + (1168 + 5 * 2320) + 170);
  assert.equal((await metric(page, 'params_residual')) - (await metric(page, 'params_plain')), 40 + 144);
  assert.ok((await waitMetric(page, 'decay_plain')) < 0.4);
  assert.ok((await metric(page, 'grad_first_plain')) < 1e-4 * (await metric(page, 'grad_last_plain')));
  assert.ok((await metric(page, 'grad_first_residual')) > 1e-2 * (await metric(page, 'grad_last_residual')));
  await page.waitForFunction(() => document.querySelectorAll('[data-check-verdict="open"]').length === 1);
  await shot(page, 'resnet-1280-light-before');

  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step >= 20);
  await shot(page, 'resnet-1280-light-during');
  await waitState(page, 'done', 90_000);
  assert.equal(await device(page), 'cpu');
  assert.equal(await metric(page, 'step'), 80);
  const [plain, residual] = [await metric(page, 'loss_plain'), await metric(page, 'loss_residual')];
  assert.ok(Math.abs(plain - Math.log(10)) < 0.05, `the plain network's loss is ${plain}`);
  assert.ok(residual < plain - 0.2, `the residual network's loss is ${residual}`);
  assert.ok((await metric(page, 'accuracy_residual')) > (await metric(page, 'accuracy_plain')) + 0.05);
  assert.deepEqual([...new Set(await verdicts(page))], ['holds']);
  await shot(page, 'resnet-1280-light-after');
});

test('one switch: with batch norm gradients do not vanish', async ({ open }) => {
  const page = await open(cpu({ n_seeds: 1 }));
  await waitMetric(page, 'decay_plain', (decay) => decay < 0.4);
  await setParam(page, 'batch_norm', true);
  await waitMetric(page, 'decay_plain', (decay) => decay > 1.05);
  await page.waitForURL(/batch_norm=true/);
  const names = await page.locator('[data-figure="network"] svg').getAttribute('aria-label');
  assert.match(names, /9 blocks.*1 × 16 × 16.*16 × 4 × 4/);
});

test('a preset applies its settings, on a phone in the dark', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ theme: 'dark' }), { width: 400, height: 800, theme: 'dark' });
  await choosePreset(page, 'degradation');
  await page.waitForURL(/preset=degradation/);
  await waitMetric(page, 'depth_built', (depth) => depth === 56);
  assert.equal(await readParam(page, 'batch_norm'), 'true');
  await waitMetric(page, 'decay_plain', (decay) => decay > 1.05);
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step >= 2, 30_000);
  await act(page, 'stop');
  await waitState(page, 'done');
  await shot(page, 'resnet-400-dark-after');
});

/** Returns the path of a chapter with these settings. */
const chapter = (slug, params) => `#/resnet/${slug}?${new URLSearchParams({ device: 'cpu', ...params })}`;

test('the first chapter shows the gradient at every block of both untrained networks', async ({ open }) => {
  const page = await open(chapter('chain', { n_seeds: 1 }), { width: 1366, height: 650 });
  const figure = page.locator('[data-figure="block-gradients"]');
  const bars = (net) => figure.locator(`[data-chain="${net}"] [data-bar]`).evaluateAll((all) => all.map((bar) => Number(bar.dataset.value)));
  const heights = (net) => figure.locator(`[data-chain="${net}"] [data-bar]`).evaluateAll((all) => all.map((bar) => Number(bar.getAttribute('height'))));
  await expect(figure.locator('.chain')).toHaveAttribute('data-chain-step', '0');
  const [plain, residual] = [await bars('plain'), await bars('residual')];
  assert.deepEqual([plain.length, residual.length], [9, 9]);
  assert.ok(plain[0] < 1e-4 * plain[8], `the plain gradient vanishes: ${plain}`);
  assert.ok(residual[0] > 0.01 * residual[8], `the residual gradient arrives: ${residual}`);
  // Both rows have one scale: a bar is as high as its number is large.
  const [[low], tall] = [await heights('plain'), await heights('residual')];
  assert.ok(low > 0 && tall[0] > 2 * low, `${low} and ${tall[0]}`);
  // Everything is on the first screen.
  const box = await figure.locator('svg.chart-svg').boundingBox();
  assert.ok(box.y + box.height <= 650, `the figure ends at ${box.y + box.height}`);
  assert.ok(box.width >= 0.6 * 1190, `${box.width}`);

  // With batch norm the gradient grows toward the input instead.
  await setParam(page, 'batch_norm', true);
  await expect.poll(async () => (await bars('plain'))[0] > (await bars('plain'))[8]).toBe(true);
  // Bars follow the run.
  await act(page, 'train');
  await expect(figure.locator('.chain')).not.toHaveAttribute('data-chain-step', '0');
  await act(page, 'stop');
  await checkAccess(page, 'the chain');
});

test('no figure is empty before training, and the answers change with it', async ({ open }) => {
  const page = await open(chapter('degradation', { depth: 8, batch_size: 8, steps: 20, n_seeds: 1 }));
  const cells = page.locator('[data-figure="answers"] .answers-cells i');
  await expect(cells).toHaveCount(200);
  const values = () => cells.evaluateAll((all) => all.map((cell) => Number(cell.dataset.value)));
  await expect.poll(async () => (await values()).reduce((a, b) => a + b, 0)).toBeGreaterThan(19.99);
  const before = await values();
  for (const name of ['loss', 'train-error']) {
    await expect(page.locator(`[data-figure="${name}"]`).getByText('chance')).toBeVisible();
  }
  await act(page, 'train');
  await waitState(page, 'done', 90_000);
  assert.notDeepEqual(await values(), before);
});

test('the finding about depth is shown and can be repeated on this device', async ({ open }) => {
  const page = await open(chapter('depth', { n_seeds: 1 }));
  const figure = page.locator('[data-figure="depth-error"]');
  await expect(figure.locator('.bar')).toHaveCount(4);
  await expect(page.locator('[data-figure="depth-flow"] .line-label')).toHaveCount(4);
  const repeat = page.locator('[data-repeat]');
  await repeat.locator('[data-action="repeat"]').click();
  await expect(repeat).toHaveAttribute('data-repeat', 'running');
  // It continues while another chapter is open.
  await page.locator('[data-action="chapter"][data-to="paths"]').first().click();
  await page.locator('[data-figure="block"]').waitFor();
  await page.locator('[data-action="chapter"][data-to="depth"]').first().click();
  await expect(repeat).toHaveAttribute('data-repeat', 'running');
  await repeat.locator('[data-action="repeat-stop"]').click();
  await expect(repeat).not.toHaveAttribute('data-repeat', 'running');
  await checkAccess(page, 'the chapter about depth');
});

test('a projection by hand equals the model’s, and a drawing selects an option', async ({ open }) => {
  const page = await open(chapter('architecture', { n_seeds: 1 }));
  const check = page.locator('[data-figure="projection"] .by-hand');
  await check.waitFor();
  assert.ok(Number(await check.getAttribute('data-difference')) < 1e-4);
  const [byHand, byModel] = await check.locator('dd').allInnerTexts();
  assert.ok(Math.abs(Number(byHand.replace('−', '-')) - Number(byModel.replace('−', '-'))) < 1e-4, `${byHand} and ${byModel}`);
  await expect(page.locator('[data-option="b"]')).toHaveAttribute('aria-pressed', 'true');
  await page.locator('[data-option="a"]').click();
  await page.waitForURL(/shortcut=a/);
  await expect(check).toContainText('or zero');
  assert.equal(await check.getAttribute('data-difference'), '0');
});

test('pre-activation changes the block, its drawing and its parameters', async ({ open }) => {
  const page = await open(chapter('paths', { depth: 14, n_seeds: 1, batch_norm: 1 }));
  const figure = page.locator('[data-figure="block"]');
  const residual = figure.locator('[data-net="residual"]');
  await residual.locator('[data-place="y-signal"]').waitFor();
  await setParam(page, 'order', 'pre');
  await page.waitForURL(/order=pre/);
  await expect(residual.getByText('batch norm, ReLU')).toHaveCount(2);
  // Nothing follows the addition.
  await expect(residual.locator('[data-place="y-signal"]')).toHaveCount(0);
  await residual.locator('[data-place="sum-signal"]').waitFor();
  await checkAccess(page, 'a block with pre-activation');
});

test('signal and gradient on each path change during training', async ({ open }) => {
  const page = await open(`#/resnet/paths?${new URLSearchParams({ device: 'cpu', depth: 14, steps: 60, n_seeds: 1 })}`);
  const figure = page.locator('[data-figure="block"]');
  const net = (name) => figure.locator(`[data-net="${name}"]`);
  const number = async (name, at) => Number(await net(name).locator(`[data-place="${at}"]`).getAttribute('data-value'));
  const step = (name) => net(name).getAttribute('data-paths-step');
  await net('residual').locator('[data-place="sum-gradient"]').waitFor();
  assert.equal(await step('residual'), '0');
  const untrained = await number('residual', 'branch-signal');
  assert.ok(untrained > 0);
  // An identity passes signal and gradient on unchanged; a plain block has only one path.
  assert.equal(await number('residual', 'shortcut-gradient'), await number('residual', 'sum-gradient'));
  assert.equal(await number('residual', 'shortcut-signal'), await number('residual', 'x-signal'));
  assert.equal(await net('plain').locator('[data-place^="shortcut"]').count(), 0);
  const first = await number('plain', 'x-gradient');
  // Block 3 is the first of the second stage, so its shortcut is a projection.
  await figure.locator('[data-player="block"] input').press('ArrowRight');
  await figure.locator('[data-player="block"] [data-action="forward"]').click();
  assert.equal(await figure.locator('.player-words').innerText(), '3 of 6');
  await net('residual').getByText('1 × 1 convolution').waitFor();
  assert.notEqual(await number('residual', 'shortcut-gradient'), await number('residual', 'sum-gradient'));
  await figure.locator('.block-mini').nth(5).click();
  assert.equal(await figure.locator('.player-words').innerText(), '6 of 6');
  assert.ok((await number('plain', 'x-gradient')) > 10 * first, 'the gradient is larger near the output');
  await checkAccess(page, 'the block');

  await act(page, 'train');
  await page.waitForFunction(() => Number(document.querySelector('[data-net="residual"]').dataset.pathsStep) > 1);
  const during = await number('residual', 'branch-signal');
  assert.notEqual(during, untrained);
  await waitState(page, 'done', 90_000);
  assert.equal(await step('plain'), '60');
  assert.notEqual(await number('residual', 'branch-signal'), during);
  await figure.locator('summary').click();
  await figure.locator('[data-export="table"]').click();
  assert.equal(await figure.locator('[data-table="block"] tbody tr').count(), 12);
});

test('the options of shortcuts differ in their parameters and in the drawing', async ({ open }) => {
  const page = await open(`#/resnet/architecture?${new URLSearchParams({ device: 'cpu', depth: 14, n_seeds: 1, shortcut: 'a' })}`);
  const figure = page.locator('[data-figure="network"]');
  const plain = await waitMetric(page, 'params_plain');
  assert.equal(await metric(page, 'params_residual'), plain, 'option A has no parameters');
  await figure.locator('summary').click();
  await figure.locator('[data-export="table"]').click();
  const kinds = () => page.locator('[data-table="network"] tbody tr').evaluateAll((rows) => rows.map((row) => row.lastElementChild.textContent).filter(Boolean));
  const a = await kinds();
  assert.deepEqual([a.length, a.filter((kind) => kind === 'identity, padded with zeros').length], [6, 2]);
  await setParam(page, 'shortcut', 'c');
  await page.waitForURL(/shortcut=c/);
  // Projections of 4 to 4, 8 to 8 and 16 to 16 channels, and from each stage to the next, each with biases.
  await waitMetric(page, 'params_residual', (count) => count === plain + 2 * 20 + (40 + 72) + (144 + 272));
  assert.equal(await metric(page, 'params_formula'), await metric(page, 'params_residual'));
});

test('the training error is measured, and the text links to the findings', async ({ open }) => {
  const page = await open(cpu({ depth: 8, batch_size: 8, steps: 20, n_seeds: 1, shortcut: 'a' }));
  await act(page, 'train');
  await waitState(page, 'done', 90_000);
  const figure = page.locator('[data-figure="train-error"]');
  await figure.locator('summary').click();
  await figure.locator('[data-export="table"]').click();
  const rows = await page.locator('[data-table="train-error"] tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => Number(cell.textContent))));
  assert.deepEqual(rows.map(([step]) => step), [5, 20]);
  // Batches of eight images: the mean of 20 batches is a multiple of 1/160.
  assert.ok(rows.at(-1).slice(1).every((error) => error > 0 && error < 1 && Number.isInteger(Math.round(error * 1600) / 10)), `${rows.at(-1)}`);
  const links = await page.locator('[data-chapter="degradation"] a[href^="findings.html"]').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  assert.deepEqual(links, ['findings.html#resnet']);
});

test('the findings are a page of the site', async ({ open }) => {
  const page = await open('findings.html#resnet', { ready: false });
  await page.waitForSelector('h3#resnet');
  const links = await page.locator('td a').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  assert.ok(links.length >= 4 && links.every((link) => link.startsWith('./#/')), `${links}`);
  assert.ok((await page.locator('tbody tr').count()) >= 4);
  await checkAccess(page, 'the findings');
});
