// One network on several workers: the numbers are the same on any number of cores.

import assert from 'node:assert/strict';
import { act, address, expect, metric, setParam, stays, test, waitMetric, waitState } from './lib/test.mjs';

const withCores = (cores) => `Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => ${cores} });`;
const small = (params) =>
  address('transformer', { device: 'cpu', layers: 2, heads: 2, d_model: 32, context: 32, batch_size: 8, shards: 4, steps: 40, warmup: 5, sample_length: 0, ...params });
const text = (page, name) => page.locator(`[data-metric="${name}"]`).first().getAttribute('data-value');
/** Waits until the run is done, and returns some of its metrics, to the last digit. */
async function results(page, names) {
  await waitState(page, 'done', 90_000);
  return Promise.all(names.map((name) => text(page, name)));
}

test('a transformer gives the same numbers on one, two and three cores', async ({ open }) => {
  const found = [];
  for (const cores of [1, 2, 3]) {
    const page = await open(small(), { init: withCores(cores) });
    // The workers of a network as small as this one may part after a few steps.
    await act(page, 'step');
    await waitMetric(page, 'step', (step) => step === 1);
    if (cores > 1) await expect(page.locator('[data-team]').first()).toHaveAttribute('data-team', String(cores));
    await act(page, 'resume');
    found.push(await results(page, ['loss_val', 'loss_train']));
    assert.equal(page.workers().length, cores);
  }
  assert.ok(Number(found[0][0]) > 0, String(found[0]));
  assert.deepEqual(found[1], found[0]);
  assert.deepEqual(found[2], found[0]);
});

test('a team pauses, steps, takes a new learning rate, and stops, like one worker', async ({ open }) => {
  const found = [];
  for (const cores of [2, 1]) {
    const page = await open(small({ steps: 2000 }), { init: withCores(cores) });
    for (const step of [1, 2, 3]) {
      await act(page, 'step');
      await waitMetric(page, 'step', (now) => now === step);
      if (step === 2) await setParam(page, 'learning_rate', 0.03);
    }
    await stays(page, 'step', 3);
    found.push(await text(page, 'loss_train'));
    await act(page, 'resume');
    await waitMetric(page, 'step', (now) => now > 6);
    await act(page, 'pause');
    await waitState(page, 'paused');
    await act(page, 'resume');
    await act(page, 'stop');
    await waitState(page, 'done');
  }
  assert.equal(found[0], found[1]);
});

test('two networks with two workers each', { tag: '@long' }, async ({ open }) => {
  const found = [];
  for (const cores of [4, 1]) {
    const page = await open(address('attention', { device: 'cpu', steps: 30, batch_size: 8, shards: 2 }), { init: withCores(cores) });
    await act(page, 'train');
    found.push(await results(page, ['loss_scaled', 'loss_unscaled']));
    assert.equal(page.workers().length, cores);
  }
  assert.deepEqual(found[0], found[1]);
});

for (const dies of [0, 1]) {
  test(`if worker ${dies} of a team dies, the run goes on from its last saved step`, async ({ open }) => {
    // Large enough that two workers are faster than one, so that they stay together.
    const page = await open(small({ steps: 4000, d_model: 64, context: 128 }), { init: withCores(2), allow: [/killed by a test/] });
    await act(page, 'train');
    await waitMetric(page, 'step', (step) => step > 30);
    await page.workers()[dies].evaluate(() => void setTimeout(() => { throw new Error('killed by a test'); }));
    await page.locator('[data-action="go-on"]').click({ timeout: 20_000 });
    const step = await metric(page, 'step');
    await waitMetric(page, 'step', (now) => now > step + 5);
    await act(page, 'stop');
    await waitState(page, 'done');
    assert.equal(page.workers().length, 2);
  });
}
