// Section 5: attention, on the CPU as a visitor uses it, and a few steps on WebGPU.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { act, address, device, metric, setParam, shot, state, train, waitMetric, waitState, withPage } from './lib/browser.mjs';

const cpu = (params) => address('attention', { device: 'cpu', ...params });
const settled = (page) => page.waitForSelector('[data-panel="attention"][data-probe="idle"]');

test('the scale keeps the entropy, and both nets learn', { timeout: 90_000 }, () =>
  withPage(cpu({}), async (page) => {
    assert.equal(await state(page), 'idle');
    const scaled = await waitMetric(page, 'entropy_scaled');
    const unscaled = await metric(page, 'entropy_unscaled');
    const uniform = await metric(page, 'entropy_uniform');
    assert.ok(Math.abs(uniform - Math.log(64)) < 1e-9);
    assert.ok(scaled < uniform && unscaled < scaled - 1, `${unscaled}, ${scaled}, ${uniform}`);
    assert.ok((await metric(page, 'entropy_drop')) > 1);
    assert.ok((await metric(page, 'max_abs_err_mha')) < 1e-4);
    assert.equal(await metric(page, 'params_counted'), await metric(page, 'params_formula'));
    assert.deepEqual(await page.locator('[data-stage]').allInnerTexts(), [
      '[1, 8, 32]', '[1, 8, 32]', '[1, 2, 8, 16]', '[1, 2, 8, 8]', '[1, 2, 8, 8]', '[1, 2, 8, 16]', '[1, 8, 32]', '[1, 8, 32]',
    ]);
    await shot(page, 'attention-1280-light-before');

    await act(page, 'train');
    await waitMetric(page, 'step', (step) => step > 15);
    await shot(page, 'attention-1280-light-during');
    await waitState(page, 'done', 60_000);
    assert.equal(await device(page), 'cpu');
    assert.equal(await metric(page, 'step'), 200);
    assert.ok((await metric(page, 'loss_scaled')) < 0.1);
    assert.ok((await metric(page, 'loss_unscaled')) < 0.5);
    assert.ok((await metric(page, 'steps_scaled')) < (await metric(page, 'steps_unscaled')));
    assert.equal(await page.locator('[data-check-verdict="holds"]').count(), 7);
    await shot(page, 'attention-1280-light-after');
  }));

test('at d_k = 512 the unscaled entropy is a nat below, and the slider moves the bars', { timeout: 60_000 }, () =>
  withPage(cpu({}), async (page) => {
    const before = await waitMetric(page, 'entropy_unscaled');
    await setParam(page, 'd_k', 512);
    await waitMetric(page, 'entropy_unscaled', (entropy) => entropy !== before);
    const [scaled, unscaled] = [await metric(page, 'entropy_scaled'), await metric(page, 'entropy_unscaled')];
    assert.ok(unscaled < scaled - 1 && unscaled < before, `${before}, ${scaled}, ${unscaled}`);
    await page.locator('[data-figure="distribution"]', { hasText: 'd_k = 512' }).waitFor();
  }));

test('a cell reads weight, score and scaled score, by pointer and by key', { timeout: 60_000 }, () =>
  withPage(cpu({ mask: 'causal' }), async (page) => {
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
  }));

test('a mask that hides everything gives zeros', { timeout: 60_000 }, () =>
  withPage(cpu({ mask: 'padding', length: 0 }), async (page) => {
    await waitMetric(page, 'entropy_scaled');
    const figure = page.locator('[data-figure="weights-unscaled"]');
    await figure.locator('summary').click();
    await figure.locator('[data-export="table"]').click();
    const cells = await figure.locator('tbody tr').evaluateAll((rows) => rows.map((row) => Number(row.lastElementChild.textContent)));
    assert.equal(cells.length, 64);
    assert.ok(cells.every((weight) => weight === 0), String(cells));
  }));

test('heads that do not divide the model are explained, and the rest goes on', { timeout: 60_000 }, () =>
  withPage(cpu({ n_heads: 5, steps: 5 }), async (page) => {
    await waitMetric(page, 'entropy_scaled');
    await settled(page);
    await page.locator('.notice', { hasText: '32 cannot be split into 5 equal heads' }).waitFor();
    assert.equal(await metric(page, 'max_abs_err_mha'), undefined);
    await train(page, ['loss_scaled']);
    await setParam(page, 'n_heads', 4);
    await waitMetric(page, 'max_abs_err_mha');
  }));

test('a preset starts saturated and says so', { timeout: 90_000 }, () =>
  withPage(cpu({}), async (page) => {
    await waitMetric(page, 'entropy_scaled');
    await page.locator('[data-preset="saturated"]').click();
    await page.waitForURL(/preset=saturated/);
    await act(page, 'train');
    await waitState(page, 'done', 80_000);
    const [scaled, unscaled] = [await metric(page, 'steps_scaled'), await metric(page, 'steps_unscaled')];
    assert.ok(unscaled >= 1.5 * scaled, `${scaled} and ${unscaled} steps`);
  }));

test('dark and narrow look right', { timeout: 60_000 }, () =>
  withPage(
    cpu({ steps: 60 }),
    async (page) => {
      await waitMetric(page, 'entropy_scaled');
      await train(page, []);
      await shot(page, 'attention-400-dark-after');
    },
    { width: 400, height: 800, theme: 'dark' },
  ));

test('it trains on WebGPU', { timeout: 300_000 }, () =>
  withPage(
    address('attention', { device: 'webgpu', d_k: 8, d_model: 8, n_tokens: 4, n_keys: 64, n_seeds: 2, batch_size: 8, steps: 5 }),
    async (page) => {
      assert.ok((await waitMetric(page, 'max_abs_err_mha', () => true, 240_000)) < 1e-4);
      await waitMetric(page, 'entropy_drop', (drop) => drop > 1, 240_000);
      await act(page, 'train');
      await waitState(page, 'done', 240_000);
      assert.equal(await device(page), 'webgpu', 'it fell back to another device');
      assert.equal(await metric(page, 'step'), 5);
      assert.ok(Number.isFinite(await metric(page, 'loss_unscaled')));
    },
  ));
