// WebGPU on a software adapter: the same code as on a real GPU, but slow, so few steps of tiny networks.

import assert from 'node:assert/strict';
import { act, address, device, firstStep, metric, shot, test, waitMetric, waitState } from './lib/test.mjs';
import { bareSteps } from './lib/steps.mjs';

test('section 1 trains on WebGPU', { tag: ['@long', '@webgpu'] }, async ({ open }) => {
  test.setTimeout(300_000);
  const page = await open(address('mlp', { device: 'webgpu', dataset: 'moons', width: 8, depth: 2, steps: 15, learning_rate: 0.03, n_probe: 16, d_in: 4 }));
  const { loss_activated: first } = await firstStep(page, ['loss_activated'], 240_000);
  await act(page, 'resume');
  await waitState(page, 'done', 240_000);
  assert.equal(await device(page), 'webgpu', 'it fell back to another device');
  assert.equal(await metric(page, 'step'), 15);
  const last = await metric(page, 'loss_activated');
  assert.ok(last < first, `the loss went from ${first} to ${last}`);
  await shot(page, 'mlp-webgpu-after');
});

test('the steps of both networks are captured: only inputs and outputs are bound again', { tag: ['@long', '@webgpu'] }, async () => {
  test.setTimeout(300_000);
  const { binds, dispatches } = await bareSteps('mlp', { device: 'webgpu', dataset: 'moons', width: 8, depth: 2, n_probe: 16, d_in: 4 }, { steps: 6 });
  assert.ok(dispatches > 60 && binds < dispatches / 4, `${dispatches} dispatches, ${binds} binds`);
});

test('a GPU that computes wrong results is detected, and the CPU trains and verifies instead', { tag: ['@long', '@webgpu'] }, async ({ open, serve }) => {
  test.setTimeout(300_000);
  const site = await serve();
  const wrong = `
    const real = GPUDevice.prototype.createShaderModule;
    GPUDevice.prototype.createShaderModule = function ({ code, ...rest }) {
      return real.call(this, { code: code.replace(/\\btanh\\(/g, 'sin('), ...rest });
    };
  `;
  site.rewrites.set('worker-gpu.js', (script) => wrong + script);
  const page = await open(address('mlp', { device: 'webgpu', dataset: 'moons', steps: 20, show: 'all' }), { from: site });
  await act(page, 'train');
  await waitState(page, 'done', 240_000);
  assert.equal(await device(page), 'cpu');
  assert.match(await page.locator('.device-line .fallback').first().innerText(), /The GPU computes wrongly: small networks differ from the CPU's by \d/);
  await page.evaluate(() => void (location.hash = '#/verify?device=webgpu'));
  await act(page, 'verify');
  await waitMetric(page, 'verify_cases', (count) => count > 20, 60_000);
  await act(page, 'stop');
  await waitState(page, 'done', 60_000);
  assert.match(await page.locator('[data-panel="verify"]').innerText(), /Only the CPU is verified\. The GPU computes wrongly/);
  assert.equal(await page.locator('thead th', { hasText: 'GPU' }).count(), 0);
});

test('without WebGPU the page says so and computes on the CPU', async ({ open }) => {
  const page = await open(address('mlp', { device: 'auto', steps: 20 }));
  await act(page, 'train');
  await waitState(page, 'done');
  // The software adapter is slower than the CPU, so "auto" does not choose it.
  assert.equal(await device(page), 'cpu');
});
