// Random input through the page itself: addresses, messages of the host page, files. Native tests
// (tests/random_input.rs) and a fuzzer (fuzz/) feed much more of it to the same readers; these tests cover
// what is between the readers and the page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, address, frames, state, test, train, waitState } from './lib/test.mjs';
import { root } from './lib/site.mjs';
import { random } from './lib/soak.mjs';

const EACH = 100;

/** Returns the bytes with random parts cut, duplicated, or changed. */
function damaged(bytes, next) {
  let out = Buffer.from(bytes);
  for (let i = 0; i < 1 + Math.floor(next() * 3); i++) {
    const [a, b] = [next(), next()].map((share) => Math.floor(share * out.length)).sort((x, y) => x - y);
    const dice = next();
    if (dice < 0.25) out = out.subarray(0, b);
    else if (dice < 0.5) out = Buffer.concat([out.subarray(0, b), out.subarray(a)]);
    else if (dice < 0.75) out = Buffer.concat([out.subarray(0, a), out.subarray(b)]);
    else if (out.length) out[a] = Math.floor(next() * 256);
  }
  return out;
}

const alive = (page) => page.evaluate(() => document.querySelector('[data-panel], main .notice') !== null);

test('the page survives random addresses', { tag: '@long' }, async ({ open }) => {
  test.setTimeout(180_000);
  const page = await open('#/mlp');
  const next = random(41);
  const valid = [
    '#/mlp/collapse?depth=3&width=16&hidden=8,4,8&seed=7&preset=none',
    '#/cnn?n_train=100&batch_size=8&show=products,figures&embed=1',
    '#/resnet?depth=8&experiment=degradation&hide=share&lock=depth&autoplay=0',
    '#/attention?sweep=d_k:4,64,512&measure=entropy&seeds=3&question=Why%3F&guess=number&theme=dark',
    '#/transformer?layers=2&heads=4&text=own&task=repeat&v=9&device=cpu',
    '#/verify?device=cpu',
  ];
  for (let i = 0; i < EACH; i++) {
    const hash = damaged(valid[i % valid.length], next).toString('latin1');
    await page.evaluate((hash) => void (location.hash = hash), hash);
    await frames(page, 1);
    assert.ok(await alive(page), hash);
  }
  await page.evaluate(() => void (location.hash = '#/mlp?device=cpu&steps=30'));
  await page.locator('[data-panel="mlp"]').waitFor();
  await train(page, ['loss_activated']);
});

test('the page survives random messages of the host page', { tag: '@long' }, async ({ open, serve }) => {
  test.setTimeout(180_000);
  const site = await serve();
  const frame = `<!doctype html><html lang="en"><meta charset="utf-8"><title>host</title><link rel="icon" href="data:,"><iframe id="lab" title="lab" width="900" height="900" src="${site.url}#/mlp?embed=1&device=cpu&steps=30"></iframe></html>`;
  const host = await serve({ pages: { 'index.html': frame } });
  const page = await open('', { from: host, ready: false });
  const lab = page.frameLocator('#lab');
  await lab.locator('[data-probe="idle"]').waitFor({ timeout: 60_000 });
  const next = random(42);
  const of = (list) => list[Math.floor(next() * list.length)];
  const value = (depth = 0) => {
    const plain = [null, true, -1, 1e308, 'x'.repeat(3), '', '\u0000', 7, 'depth', 'webgpu', 0.1];
    if (depth > 2 || next() < 0.6) return of(plain);
    return next() < 0.5 ? [value(depth + 1), value(depth + 1)] : { [of(['depth', 'seed', 'values', 'type', '__proto__'])]: value(depth + 1) };
  };
  for (let i = 0; i < EACH; i++) {
    const message = next() < 0.2 ? value() : { source: of(['nn-lab', 'nn-lab-host', value()]), version: of([1, 2, value()]), type: of(['set', 'pause', 'reset', 'theme', 'claim', value()]), values: value(), theme: value(), panel: of(['mlp', value()]) };
    await page.evaluate((message) => document.querySelector('#lab').contentWindow.postMessage(message, '*'), message);
  }
  await frames(page, 5);
  await lab.locator('[data-action="reset"]').click();
  await lab.locator('[data-action="train"]').click();
  await lab.locator('[data-panel][data-state="done"]').waitFor({ timeout: 60_000 });
});

test('the page survives random files', { tag: '@long' }, async ({ open }) => {
  test.setTimeout(240_000);
  const page = await open(address('transformer', { device: 'cpu', layers: 1, heads: 2, d_model: 16, context: 8, batch_size: 4, steps: 40, sample_length: 0 }));
  const next = random(43);
  const file = (name) => readFileSync(join(root, 'tests/e2e/fixtures', name));
  const kinds = [
    ['[data-load]', 'a.safetensors', file('older-weights.safetensors')],
    ['[data-action="open-run"]', 'a.json', file('older-run.json')],
  ];
  for (let i = 0; i < EACH; i++) {
    const [where, name, bytes] = kinds[i % kinds.length];
    await page.locator(where).first().setInputFiles({ name, mimeType: 'application/octet-stream', buffer: damaged(bytes, next) });
    await frames(page, 3);
    assert.ok(await alive(page), `${name}, ${i}`);
  }
  await waitState(page, ['idle', 'done', 'error', 'paused', 'running', 'loading']);
  if ((await state(page)) !== 'idle') await act(page, 'reset');
  await train(page, ['loss_train']);
});
