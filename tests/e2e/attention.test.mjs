// Section 5, attention, on the CPU, as a visitor uses it.

import assert from 'node:assert/strict';
import { act, address, checkAccess, checkFits, choosePreset, device, frames, metric, probed, setParam, shot, state, test, train, waitMetric, waitState } from './lib/test.mjs';

const cpu = (params) => address('attention', { device: 'cpu', ...params });
const settled = (page) => page.waitForSelector('[data-panel="attention"][data-probe="idle"]');

test('the scale preserves the entropy, and both networks learn', async ({ open }) => {
  const page = await open(cpu({}));
  assert.equal(await state(page), 'idle');
  const scaled = await waitMetric(page, 'entropy_scaled');
  const unscaled = await metric(page, 'entropy_unscaled');
  const uniform = await metric(page, 'entropy_uniform');
  assert.ok(Math.abs(uniform - Math.log(64)) < 1e-9);
  assert.ok(scaled < uniform && unscaled < scaled - 1, `${unscaled}, ${scaled}, ${uniform}`);
  assert.ok((await metric(page, 'entropy_drop')) > 1);
  assert.ok((await metric(page, 'max_abs_err_mha')) < 1e-4);
  assert.equal(await metric(page, 'params_counted'), await metric(page, 'params_formula'));
  assert.deepEqual(await page.locator('[data-stage]:not([data-figure="query"] *)').allInnerTexts(), [
    '[1, 8, 32]', '[1, 8, 32]', '[1, 2, 8, 16]', '[1, 2, 8, 8]', '[1, 2, 8, 8]', '[1, 2, 8, 16]', '[1, 8, 32]', '[1, 8, 32]',
  ]);
  await shot(page, 'attention-1280-light-before');
  const measured = (name) => page.locator(`[data-measured="${name}"]`).innerText();
  assert.match(await measured('end'), /will be compared here/);

  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 15);
  await shot(page, 'attention-1280-light-during');
  await waitState(page, 'done', 60_000);
  assert.equal(await device(page), 'cpu');
  assert.equal(await metric(page, 'step'), 200);
  assert.ok((await metric(page, 'loss_scaled')) < 0.1);
  assert.ok((await metric(page, 'loss_unscaled')) < 0.5);
  assert.ok((await metric(page, 'steps_scaled')) < (await metric(page, 'steps_unscaled')));
  assert.equal(await page.locator('[data-check-verdict="holds"]').count(), 9);
  // The conclusions quote this run.
  assert.match(await measured('start'), /d_k = 64, σ = 1\) the mean entropy starts at 0\.\d\d nats without the scale and 1\.\d\d with it/);
  const steps = [await metric(page, 'steps_scaled'), await metric(page, 'steps_unscaled')];
  assert.ok((await measured('end')).includes(`after ${steps[0]} steps with the scale and ${steps[1]} without it`), await measured('end'));
  await shot(page, 'attention-1280-light-after');
});

test('at d_k = 512 the unscaled entropy is more than a nat lower, and the slider updates the bars', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({}));
  const before = await waitMetric(page, 'entropy_unscaled');
  await setParam(page, 'd_k', 512);
  await waitMetric(page, 'entropy_unscaled', (entropy) => entropy !== before);
  const [scaled, unscaled] = [await metric(page, 'entropy_scaled'), await metric(page, 'entropy_unscaled')];
  assert.ok(unscaled < scaled - 1 && unscaled < before, `${before}, ${scaled}, ${unscaled}`);
  await page.locator('[data-figure="distribution"]', { hasText: 'd_k = 512' }).waitFor();
});

test('a cell of the map shows weight, score and scaled score, by pointer and by keyboard', async ({ open }) => {
  const page = await open(cpu({ mask: 'causal' }));
  await waitMetric(page, 'entropy_scaled');
  const figure = page.locator('[data-figure="weights-scaled"]');
  const map = figure.locator('svg.chart-svg');
  await map.focus();
  await map.press('Home');
  await map.press('ArrowRight');
  const hidden = await figure.locator('.chart-readout').innerText();
  assert.match(hidden, /^weight 0(\.0+)?, score [−\d.]+, scaled score [−\d.]+ at query 1, key 2$/);
  const [, score, scaled] = hidden.match(/score ([−\d.]+), scaled score ([−\d.]+)/).map((text) => Number(text.replace('−', '-')));
  assert.ok(Math.abs(score / 8 - scaled) < 0.01, `${score} / 8 is ${scaled}`);
  await map.hover({ position: { x: 60, y: 60 } });
  assert.match(await figure.locator('.chart-readout').innerText(), /weight .*scaled score/);
});

test('a mask that hides everything gives zeros', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ mask: 'padding', length: 0 }));
  await waitMetric(page, 'entropy_scaled');
  const figure = page.locator('[data-figure="weights-unscaled"]');
  await figure.locator('summary').click();
  await figure.locator('[data-export="table"]').click();
  const cells = await figure.locator('tbody tr').evaluateAll((rows) => rows.map((row) => Number(row.lastElementChild.textContent)));
  assert.equal(cells.length, 64);
  assert.ok(cells.every((weight) => weight === 0), String(cells));
});

test('a number of heads that does not divide the width is explained, and everything else works', async ({ open }) => {
  const page = await open(cpu({ n_heads: 5, steps: 5 }));
  await waitMetric(page, 'entropy_scaled');
  await settled(page);
  await page.locator('.notice', { hasText: '32 cannot be split into 5 equal heads' }).waitFor();
  assert.equal(await metric(page, 'max_abs_err_mha'), undefined);
  await train(page, ['loss_scaled']);
  await setParam(page, 'n_heads', 4);
  await waitMetric(page, 'max_abs_err_mha');
});

test('a preset starts saturated and says so', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({}));
  await waitMetric(page, 'entropy_scaled');
  await choosePreset(page, 'saturated');
  await page.waitForURL(/preset=saturated/);
  await act(page, 'train');
  await waitState(page, 'done', 80_000);
  const [scaled, unscaled] = [await metric(page, 'steps_scaled'), await metric(page, 'steps_unscaled')];
  assert.ok(unscaled >= 1.5 * scaled, `${scaled} and ${unscaled} steps`);
});

test('it fits a phone, in the dark, after training', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ steps: 60 }), { width: 400, height: 800, theme: 'dark' });
  await waitMetric(page, 'entropy_scaled');
  await train(page, []);
  await checkFits(page);
  await shot(page, 'attention-400-dark-after');
});

const query = (params) => `#/attention/weights?${new URLSearchParams({ device: 'cpu', ...params })}`;
const figure = (page) => page.locator('[data-figure="query"]');
/** Returns the numbers of a stage, by key. */
const stage = (page, name) =>
  figure(page).locator(`[data-stage="${name}"]`).evaluateAll((all) => Object.fromEntries(all.map((one) => [one.dataset.key ?? one.dataset.dim ?? 0, Number(one.dataset.value)])));
const softmax = (scores) => {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
};
const near = (a, b, why, tolerance = 1e-9) => assert.ok(Math.abs(a - b) <= tolerance, `${why}: ${a}, not ${b}`);
/** Fails unless the weights are the softmax of the displayed scores of all keys that are not masked. */
async function checkWeights(page, masked = []) {
  const [products, scores, weights] = [await stage(page, 'product'), await stage(page, 'score'), await stage(page, 'weight')];
  const seen = Object.keys(scores).filter((key) => !masked.includes(Number(key)));
  const expected = softmax(seen.map((key) => scores[key]));
  seen.forEach((key, i) => near(weights[key], expected[i], `weight ${key}`));
  for (const key of masked) assert.equal(weights[key], 0);
  near(Object.values(weights).reduce((sum, weight) => sum + weight, 0), seen.length ? 1 : 0, 'sum of the weights');
  return { products, scores, weights };
}
const type = (page, cell, text) => figure(page).locator(`[data-cell="${cell}"]`).fill(text);

test('a query can be followed through every stage, and typing changes the weights at once', async ({ open }) => {
  const page = await open(query({}));
  const before = await checkWeights(page);
  assert.deepEqual(Object.values(before.products), [4, 1, 6, -2]);
  assert.deepEqual(Object.values(before.scores), [2, 0.5, 3, -1]);
  const w = before.weights;
  near((await stage(page, 'output'))[0], 2 * w[0] + w[2] - 2 * w[3], 'output');
  near((await stage(page, 'entropy'))[0], -Object.values(w).reduce((sum, p) => sum + p * Math.log(p), 0), 'entropy');

  await type(page, 'q-0', '3');
  const typed = await checkWeights(page);
  assert.deepEqual(Object.values(typed.products), [8, 1, 8, -4]);
  await type(page, 'k-1-1', '5,5');
  assert.equal((await stage(page, 'product'))[1], 10, 'a decimal comma');
  // Arrow keys change the number; Escape undoes the changes of this field.
  const field = figure(page).locator('[data-cell="v-0-0"]');
  await field.press('ArrowUp');
  await field.press('Shift+ArrowDown');
  near(Number(await field.getAttribute('data-value')), 1.1, 'a tenth up and one down');
  await field.press('Escape');
  assert.equal(await field.getAttribute('data-value'), '2');

  // Text that is not a number is reported and changes nothing.
  for (const [text, words] of [['abc', 'is not a number'], ['', 'is missing'], ['1e40', 'out of range']]) {
    await type(page, 'q-0', text);
    await figure(page).locator('.query-warning', { hasText: words }).waitFor();
    assert.equal(await figure(page).locator('[data-cell="q-0"]').getAttribute('aria-invalid'), 'true');
    assert.equal((await checkWeights(page)).products[0], 8);
  }
  await checkAccess(page, 'a number that is none');
  await shot(page, 'query-1280-light-wrong');
  await figure(page).locator('[data-cell="q-0"]').press('Tab');
  assert.equal(await figure(page).locator('[data-cell="q-0"]').inputValue(), '1e40', 'the text stays until it is corrected');
  await figure(page).locator('[data-cell="q-0"]').press('Escape');
  assert.equal(await figure(page).locator('[data-cell="q-0"]').inputValue(), '3');
  assert.equal(await figure(page).locator('.query-warning').innerText(), '');

  // Undo restores one field at a time, until the example is back.
  await figure(page).locator('[data-action="query-undo"]').click();
  assert.equal((await stage(page, 'product'))[1], 1);
  await figure(page).locator('[data-action="query-undo"]').click();
  assert.deepEqual(await checkWeights(page), before);
  assert.ok(await figure(page).locator('[data-action="query-undo"]').isDisabled());
});

test('the scale, the causal mask and masked keys', async ({ open }) => {
  const page = await open(query({}));
  await figure(page).locator('[data-switch="scale"]').setChecked(false);
  assert.deepEqual(Object.values((await checkWeights(page)).scores), [4, 1, 6, -2]);
  await figure(page).locator('[data-switch="causal"]').setChecked(true);
  await checkWeights(page, [3]);
  assert.ok(await figure(page).locator('[data-mask="3"]').isDisabled(), 'the causal mask is not undone key by key');
  await figure(page).locator('[data-mask="2"]').setChecked(true);
  await checkWeights(page, [2, 3]);
  for (const key of [0, 1]) await figure(page).locator(`[data-mask="${key}"]`).setChecked(true);
  await checkWeights(page, [0, 1, 2, 3]);
  await figure(page).locator('[data-summary="masked"]').waitFor();
  assert.deepEqual(Object.values(await stage(page, 'output')), [0, 0]);
  assert.doesNotMatch(await figure(page).innerText(), /NaN|not a number|infinite/);
  await figure(page).locator('[data-action="query-reset"]').click();
  assert.deepEqual(Object.values((await checkWeights(page)).scores), [2, 0.5, 3, -1]);
  // New keys and dimensions are zero, so only the scale changes the scores.
  await figure(page).locator('[data-action="more-dims"]').click();
  near((await checkWeights(page)).scores[0], 4 / Math.sqrt(5), 'five dimensions');
  await figure(page).locator('[data-action="more-keys"]').click();
  assert.equal((await checkWeights(page)).scores[4], 0);
});

test('a head of the run can be loaded, and agrees with its map', { tag: '@long' }, async ({ open }) => {
  const page = await open(query({ steps: 80 }));
  await probed(page);
  // Before training, the numbers are those of the untrained network.
  await figure(page).locator('[data-action="query-run"]').click();
  const untrained = await checkWeights(page);
  await figure(page).locator('[data-action="query-small"]').click();
  await act(page, 'train');
  await figure(page).locator('[data-action="query-run"]:enabled').click();
  await shot(page, 'query-1280-light-during');
  await waitState(page, 'done', 60_000);
  for (const [arm, head, position] of [['0', '0', '0'], ['1', '1', '5']]) {
    await figure(page).locator('[data-menu="query-arm"]').selectOption({ value: arm });
    await figure(page).locator('[data-menu="query-head"]').selectOption({ value: head });
    await figure(page).locator('[data-menu="query-position"]').selectOption({ value: position });
    const { weights, scores, products } = await checkWeights(page);
    if (arm === '0') assert.notDeepEqual(weights, untrained.weights, 'the network has changed');
    near(scores[0], arm === '0' ? products[0] / 8 : products[0], 'the scale of the network');
    await page.locator('[data-to="look-up"]').click();
    const map = page.locator(`[data-figure="maps-${arm === '0' ? 'scaled' : 'unscaled'}"]`);
    await map.locator('summary').click();
    await map.locator('[data-export="table"]').click();
    const row = await map.locator('tbody tr').evaluateAll(
      (rows, [head, position]) => [...rows.filter((tr) => tr.firstElementChild.textContent === String(Number(head) + 1))[position].children].slice(2).map((td) => Number(td.textContent)),
      [head, Number(position)],
    );
    row.forEach((weight, key) => near(weights[key], weight, `weight ${key} of head ${head}`, 2e-5));
    await page.locator('[data-to="weights"]').click();
    await figure(page).locator('[data-action="query-run"]').click();
  }
  // A number that was typed stays.
  await figure(page).locator('.query-number').first().fill('9');
  await checkWeights(page);
  await shot(page, 'query-1280-light-after');
  await checkAccess(page, 'a head of the run');
});

test('with many tokens and dimensions, those without a field are summed', { tag: '@long' }, async ({ open }) => {
  const page = await open(query({ steps: 5, n_tokens: 24, d_k: 128 }));
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  await figure(page).locator('[data-action="query-run"]').click();
  const weights = await stage(page, 'weight');
  assert.equal(Object.keys(weights).length, 9);
  near(Object.values(weights).reduce((sum, weight) => sum + weight, 0), 1, 'sum of the weights');
  await figure(page).getByText('6 of 128 dimensions have fields').waitFor();
  // The sum of the fields' products and the rest is the whole product.
  const [rest, products] = [await stage(page, 'rest'), await stage(page, 'product')];
  const value = (cell) => figure(page).locator(`[data-cell^="${cell}-"]`).evaluateAll((all) => all.map((one) => Number(one.dataset.value)));
  const [key] = Object.keys(rest);
  const [q, k] = [await value('q'), await value(`k-${key}`)];
  near(q.reduce((sum, q, i) => sum + q * k[i], 0) + rest[key], products[key], 'the product', 1e-6);
});

for (const [width, theme] of [[390, 'light'], [390, 'dark'], [1280, 'dark']]) {
  test(`the query at ${width}, ${theme}`, { tag: '@long' }, async ({ open }) => {
    const page = await open(query({ steps: 60 }), { width, height: 844, theme });
    await probed(page);
    await shot(page, `query-${width}-${theme}-before`);
    await act(page, 'train');
    await waitState(page, 'done', 60_000);
    await figure(page).locator('[data-action="query-run"]').click();
    await frames(page, 4);
    await checkFits(page);
    await checkAccess(page, `the query at ${width}, ${theme}`);
    await shot(page, `query-${width}-${theme}-after`);
  });
}

/** Returns the numbers of a figure's table, row by row, without its first columns. */
async function cells(page, name, skip) {
  const figure = page.locator(`[data-figure="${name}"]`);
  await figure.locator('summary').click();
  await figure.locator('[data-export="table"]').click();
  const rows = await figure.locator('tbody tr').evaluateAll((rows, skip) => rows.map((row) => [...row.children].slice(skip).map((cell) => Number(cell.textContent))), skip);
  await figure.locator('summary').click();
  await figure.locator('[data-export="table"]').click();
  return rows;
}

test('two look-ups: the maps are there before training, and the run compares one head with two', async ({ open }) => {
  const page = await open('#/attention/heads?device=cpu&steps=20');
  await probed(page);
  const before = await cells(page, 'task-maps', 2);
  // Two heads and one head, with a row per query.
  assert.equal(before.length, 3 * 8);
  for (const row of before) near(row.reduce((sum, weight) => sum + weight, 0), 1, 'a row of weights', 1e-4);
  assert.match(await page.locator('[data-figure="task-maps"] figcaption').innerText(), /Both networks have 9,728 parameters/);
  await page.locator('[data-set-up="two-look-ups"] button').click();
  await page.waitForURL(/task=two-look-ups/);
  await probed(page);
  assert.deepEqual(await cells(page, 'task-maps', 2), before, 'the same untrained networks');
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  assert.notDeepEqual(await cells(page, 'task-maps', 2), before);
  assert.ok((await metric(page, 'loss_heads')) > 0 && (await metric(page, 'loss_one_head')) > 0);
  assert.equal(await metric(page, 'loss_scaled'), undefined);
  // The chapter about the scale offers the way back.
  await page.locator('[data-to="look-up"]').click();
  await page.locator('[data-set-up="look-up"] button').click();
  await page.waitForURL((url) => !url.href.includes('task='));
  assert.equal(await page.locator('[data-set-up]').count(), 0);
});

test('one head stays above its level, and two heads do both look-ups', { tag: '@long' }, async ({ open }) => {
  const page = await open('#/attention/heads?device=cpu&task=two-look-ups');
  await act(page, 'train');
  await waitState(page, 'done', 120_000);
  assert.ok((await metric(page, 'loss_one_head')) > 0.3033, String(await metric(page, 'loss_one_head')));
  assert.ok((await metric(page, 'loss_heads')) < 0.15, String(await metric(page, 'loss_heads')));
});

test('swapping words swaps outputs, unless something tells the order', async ({ open }) => {
  const page = await open('#/attention/permutation?device=cpu');
  const figure = page.locator('[data-figure="order"]');
  const largest = () => figure.locator('[data-order="difference"]').getAttribute('data-value').then(Number);
  const words = () => figure.locator('[data-word]').allInnerTexts();
  assert.deepEqual(await words(), ['the', 'small', 'man', 'bites', 'a', 'dog']);
  assert.ok((await largest()) > 0 && (await largest()) < 1e-5, String(await largest()));
  for (const source of ['positions', 'causal']) {
    await figure.locator(`[data-order-source="${source}"]`).check();
    assert.ok((await largest()) > 0.05, `${source}: ${await largest()}`);
  }
  await figure.locator('[data-action="order-restore"]').click();
  assert.equal(await largest(), 0);
  await figure.locator('[data-order-source="nothing"]').check();
  await figure.locator('[data-word="0"]').click();
  assert.equal(await figure.locator('[data-word="0"]').getAttribute('aria-pressed'), 'true');
  await figure.locator('[data-word="3"]').click();
  assert.deepEqual(await words(), ['bites', 'small', 'dog', 'the', 'a', 'man']);
  assert.ok((await largest()) < 1e-5);
  await checkAccess(page, 'the order of words');
});

test('one projection puts the weight on the diagonal', async ({ open }) => {
  const page = await open('#/attention/roles?device=cpu');
  const shared = await waitMetric(page, 'diagonal_shared');
  assert.ok(shared > 0.9 && (await metric(page, 'diagonal_separate')) < 0.2, String(shared));
  assert.ok((await metric(page, 'asymmetry_shared')) < 1e-4 && (await metric(page, 'asymmetry_separate')) > 1);
  const rows = await cells(page, 'roles-shared', 2);
  assert.equal(rows.length, 64);
  near(rows.filter((_, at) => at % 9 === 0).reduce((sum, [, weight]) => sum + weight, 0) / 8, shared, 'the diagonal of one layer', 0.15);
});

test('the cost of a layer is computed and measured', async ({ open }) => {
  const page = await open('#/attention/cost?device=cpu&d_model=16');
  await probed(page);
  const closed = await cells(page, 'multiplications', 0);
  const isNear = (shown, exact) => assert.ok(Math.abs(shown / exact - 1) < 1e-6, `${shown}, not ${exact}`);
  for (const [n, attend, project] of closed) {
    isNear(attend, 2 * n * n * 16);
    isNear(project, 4 * n * 16 * 16);
  }
  const times = await cells(page, 'cost-time', 0);
  assert.deepEqual(times.map(([n]) => n), [32, 64, 128, 256, 512]);
  assert.ok(times.every(([, attend, project]) => attend > 0 && project > 0), JSON.stringify(times));
});

test('the main figure of every chapter is in sight on a small laptop', async ({ open }) => {
  const page = await open('#/attention/weights?device=cpu', { width: 1366, height: 650 });
  await probed(page);
  for (const chapter of ['weights', 'saturation', 'heads', 'roles', 'permutation', 'cost', 'look-up']) {
    await page.locator(`[data-to="${chapter}"]`).click();
    await page.locator(`[data-chapter="${chapter}"] .stage .figure-body`).first().waitFor();
    await frames(page, 3);
    const pictures = await page.locator(`[data-chapter="${chapter}"] .stage .figure-body`).evaluateAll((all) => all.map((one) => [one.getBoundingClientRect().top, one.getBoundingClientRect().bottom]));
    for (const [top, bottom] of pictures) {
      const seen = (Math.min(bottom, 650) - top) / (bottom - top);
      assert.ok(seen >= 0.95, `${chapter}: ${Math.round(100 * seen)}% of ${Math.round(bottom - top)} px from ${Math.round(top)}`);
    }
  }
});
