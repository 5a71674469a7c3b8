// A few steps of sections 2 to 6 on WebGPU, on a software adapter. In the other runs section 1 stands for all
// of them.

import assert from 'node:assert/strict';
import { act, address, device, metric, shot, test, train, waitMetric, waitState } from '../lib/test.mjs';

test('cnn: both networks train on WebGPU', { tag: ['@full', '@webgpu'] }, async ({ open }) => {
  test.setTimeout(300_000);
  const page = await open(address('cnn', { device: 'webgpu', n_train: 20, n_test: 20, batch_size: 10, width: 1, epochs: 3, c_in: 4, c_out: 8 }));
  await act(page, 'train');
  await waitMetric(page, 'loss_separable', () => true, 240_000);
  await waitState(page, 'done', 240_000);
  assert.equal(await device(page), 'webgpu', 'it fell back to another device');
  assert.equal(await metric(page, 'step'), 6);
  assert.ok(Number.isFinite(await metric(page, 'loss_conv')));
  assert.ok((await metric(page, 'ms_per_step_conv')) > 0);
  await shot(page, 'cnn-webgpu-after');
});

test('resnet: both networks train on WebGPU', { tag: ['@full', '@webgpu'] }, async ({ open }) => {
  test.setTimeout(300_000);
  const page = await open(address('resnet', { device: 'webgpu', depth: 8, batch_norm: 1, batch_size: 4, steps: 3, n_seeds: 1 }));
  const { loss_plain, loss_residual } = await train(page, ['loss_plain', 'loss_residual'], 240_000);
  assert.equal(await device(page), 'webgpu', 'it fell back to another device');
  assert.equal(await metric(page, 'step'), 3);
  // With the weights and batches of the CPU, the losses are nearly the same.
  const other = await train(await open(address('resnet', { device: 'cpu', depth: 8, batch_norm: 1, batch_size: 4, steps: 3, n_seeds: 1 })), ['loss_plain', 'loss_residual']);
  assert.ok(Math.abs(loss_plain - other.loss_plain) < 0.01, `${loss_plain} here, ${other.loss_plain} on the CPU`);
  assert.ok(Math.abs(loss_residual - other.loss_residual) < 0.01, `${loss_residual} here, ${other.loss_residual} on the CPU`);
});

test('rnn: both networks train on WebGPU', { tag: ['@full', '@webgpu'] }, async ({ open }) => {
  test.setTimeout(300_000);
  const page = await open(address('rnn', { device: 'webgpu', seq_len: 10, d_hidden: 8, batch_size: 8, steps: 6, n_distractors: 2, learning_rate: 0.03 }));
  await act(page, 'train');
  await waitState(page, 'done', 240_000);
  assert.equal(await device(page), 'webgpu', 'it fell back to another device');
  assert.equal(await metric(page, 'step'), 6);
  assert.ok(Number.isFinite(await metric(page, 'loss_lstm')));
  assert.ok((await metric(page, 'grad_first_lstm')) > 0);
  assert.ok((await waitMetric(page, 'max_abs_err_lstm', () => true, 240_000)) < 1e-3);
});

test('attention: both networks train on WebGPU', { tag: ['@full', '@webgpu'] }, async ({ open }) => {
  test.setTimeout(300_000);
  const page = await open(address('attention', { device: 'webgpu', d_k: 8, d_model: 8, n_tokens: 4, n_keys: 64, n_seeds: 2, batch_size: 8, steps: 5 }));
  assert.ok((await waitMetric(page, 'max_abs_err_mha', () => true, 240_000)) < 1e-4);
  await waitMetric(page, 'entropy_drop', (drop) => drop > 1, 240_000);
  await act(page, 'train');
  await waitState(page, 'done', 240_000);
  assert.equal(await device(page), 'webgpu', 'it fell back to another device');
  assert.equal(await metric(page, 'step'), 5);
  assert.ok(Number.isFinite(await metric(page, 'loss_unscaled')));
});

test('transformer: the model trains on WebGPU', { tag: ['@full', '@webgpu'] }, async ({ open }) => {
  test.setTimeout(300_000);
  const page = await open(address('transformer', { device: 'webgpu', layers: 1, heads: 2, d_model: 16, context: 16, batch_size: 4, steps: 8, warmup: 0, learning_rate: 0.03, sample_length: 0 }));
  await act(page, 'train');
  await waitState(page, 'done', 240_000);
  assert.equal(await device(page), 'webgpu', 'it fell back to another device');
  const rows = await page.locator('[data-figure="loss"]').evaluate(async (figure) => {
    figure.querySelector('summary').click();
    figure.querySelector('[data-export="table"]').click();
    while (!figure.querySelector('tbody tr')) await new Promise(requestAnimationFrame);
    return [...figure.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => Number(cell.innerText)));
  });
  const validation = rows.map((row) => row[2]).filter((loss) => loss > 0);
  assert.ok(validation.length >= 2 && validation.at(-1) < validation[0], JSON.stringify(validation));
  for (const head of [0, 1]) {
    await page.locator(`[data-head="${head}"]`).click();
    assert.ok(Math.abs((await metric(page, 'row_sum')) - 1) < 0.02);
  }
});
