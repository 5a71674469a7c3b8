// Section 4 on the CPU, as a visitor uses it, and a few steps of it on WebGPU.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { act, address, device, metric, shot, waitMetric, waitState, withPage } from './lib/browser.mjs';

const cpu = (params) => address('rnn', { device: 'cpu', ...params });

test('both nets learn a short sequence, and the gradients are there to be read', { timeout: 90_000 }, () =>
  withPage(cpu({ preset: 'short-sequence', steps: 120 }), async (page) => {
    assert.ok((await waitMetric(page, 'max_abs_err_lstm')) < 1e-4);
    assert.ok((await waitMetric(page, 'max_abs_err_rnn')) < 1e-4);
    assert.equal(await metric(page, 'params_lstm_counted'), await metric(page, 'params_lstm'));
    assert.equal(await metric(page, 'chance'), 0.5);
    await act(page, 'train');
    const first = { rnn: await waitMetric(page, 'loss_rnn'), lstm: await waitMetric(page, 'loss_lstm') };
    await waitState(page, 'done', 60_000);
    for (const net of ['rnn', 'lstm']) {
      assert.ok((await metric(page, `loss_${net}`)) < first[net], `the loss of the ${net} does not fall`);
      assert.ok((await metric(page, `accuracy_${net}`)) > 0.9, `the ${net} does not learn`);
      assert.ok((await metric(page, `grad_first_${net}`)) > 0);
    }
    assert.ok((await metric(page, 'grad_ratio')) > 0);
  }));

test('over 200 steps the gradient of the RNN does not reach the first token', { timeout: 90_000 }, () =>
  withPage(cpu({ steps: 20_000 }), async (page) => {
    await waitMetric(page, 'max_abs_err_lstm');
    await shot(page, 'rnn-1280-light-before');
    await act(page, 'train');
    assert.ok((await waitMetric(page, 'grad_first_rnn')) < 1e-20);
    assert.ok((await waitMetric(page, 'grad_ratio')) > 1e10);
    await waitMetric(page, 'step', (step) => step >= 8);
    await shot(page, 'rnn-1280-light-during');
    await act(page, 'stop');
    await waitState(page, 'done');
  }));

test('a preset sets the settings, a changed setting leaves it, and Back returns', { timeout: 60_000 }, () =>
  withPage(cpu(), async (page) => {
    const preset = page.locator('[data-preset="zero-forget-bias"]');
    await preset.click();
    await page.waitForURL(/preset=zero-forget-bias/);
    assert.equal(await page.locator('[data-param="forget_bias"] select').inputValue(), 'zero');
    assert.equal(await preset.getAttribute('aria-pressed'), 'true');
    await page.locator('[data-param="seq_len"] input[type="range"]').press('ArrowLeft');
    await page.waitForURL(/seq_len=/);
    assert.equal(await preset.getAttribute('aria-pressed'), 'false');
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('[data-preset="zero-forget-bias"]').getAttribute('aria-pressed') === 'true');
  }));

test('section 4 trains on WebGPU', { timeout: 300_000 }, () =>
  withPage(address('rnn', { device: 'webgpu', seq_len: 10, d_hidden: 8, batch_size: 8, steps: 6, n_distractors: 2, learning_rate: 0.03 }), async (page) => {
    await act(page, 'train');
    await waitState(page, 'done', 240_000);
    assert.equal(await device(page), 'webgpu', 'it fell back to another device');
    assert.equal(await metric(page, 'step'), 6);
    assert.ok(Number.isFinite(await metric(page, 'loss_lstm')));
    assert.ok((await metric(page, 'grad_first_lstm')) > 0);
    assert.ok((await waitMetric(page, 'max_abs_err_lstm', () => true, 240_000)) < 1e-3);
  }));
