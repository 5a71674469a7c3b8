// What may happen to a page: its GPU is lost, its worker dies, a file does not arrive or is damaged, it is
// reloaded in the middle of a run. The page reports each fault once, in plain words; what was measured stays;
// one button continues.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, address, device, expect, metric, notice, shot, state, test, train, waitMetric, waitState } from './lib/test.mjs';
import { dist } from './lib/site.mjs';
import { withMaxMemory } from './lib/wasm.mjs';

/** Words of the libraries and of the browser, which a visitor should not see. */
const inside = /poison|wgpu|panick|unwrap|undefined|TypeError|CompileError|RuntimeError|null|Caused by/i;

/** Returns the number of painted pixels of the first map. */
const drawn = (page) =>
  page.locator('canvas.cells').first().evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, at) => at % 4 === 3 && value > 0).length;
  });

/** Returns the text of the alert. Fails if there is more than one. */
async function alertText(page) {
  const all = await page.locator('[data-kind="error"]:visible').allInnerTexts();
  assert.equal(all.length, 1, `said more than once: ${all.join(' | ')}`);
  assert.ok(!inside.test(all[0]), all[0]);
  return all[0];
}

/**
 * Runs in the page before anything else: a run is stored from its first save on, and `stored` counts how
 * often it was.
 */
const storeAtOnce = () => {
  window.nnLabKeepAfterMs = 0;
  window.stored = 0;
  const { put } = Cache.prototype;
  Cache.prototype.put = async function (...all) {
    await put.apply(this, all);
    window.stored += 1;
  };
};

/** Waits until the run has been stored four more times: by then every network has been saved. */
async function waitStored(page) {
  const stored = () => page.evaluate(() => window.stored);
  const before = await stored();
  await expect.poll(stored, { message: 'the run is stored', timeout: 60_000 }).toBeGreaterThanOrEqual(before + 4);
}

const waitAlert = (page, timeout = 60_000) => page.locator('[data-kind="error"]:visible').first().waitFor({ timeout });

test('after the GPU is lost, the run continues from its last checkpoint', { tag: ['@long', '@webgpu'] }, async ({ browser, eagerSite, open }) => {
  test.setTimeout(480_000);
  const page = await open(address('mlp', { device: 'webgpu', dataset: 'moons', width: 8, depth: 2, steps: 20_000, n_probe: 16, d_in: 4 }), { from: eagerSite, init: storeAtOnce, allow: [/GPU|WebGPU|context/i] });
  await act(page, 'train');
  await waitMetric(page, 'loss_activated', () => true, 240_000);
  assert.equal(await device(page), 'webgpu');
  await waitStored(page);
  const before = await metric(page, 'step');
  const session = await browser.newBrowserCDPSession();
  await session.send('Browser.crashGpuProcess').catch(() => {});
  await waitAlert(page);
  const words = await alertText(page);
  assert.match(words, /The GPU stopped answering/);
  const from = Number(/Continue from step ([\d,]+)/.exec(words)[1].replace(',', ''));
  assert.ok(from > 0 && from <= before + 200, `from ${from}, at ${before}`);
  // The browser restores the canvases blank, a moment later.
  await expect.poll(() => drawn(page), 'the map is drawn again').toBeGreaterThan(100);
  await shot(page, 'mlp-gpu-lost');
  await page.locator('[data-action="go-on"]').click();
  const step = await waitMetric(page, 'step', (step) => step > from, 120_000);
  assert.ok(step > from);
  assert.ok(['webgpu', 'cpu'].includes(await device(page)));
  assert.equal(await page.locator('[data-kind="error"]:visible').count(), 0, 'the alert is gone');
  await act(page, 'stop');
  await waitState(page, 'done', 60_000);
  await shot(page, 'mlp-gpu-back');
});

test('after both workers die, the run continues from its last checkpoint', async ({ eagerSite, open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 20_000 }), { from: eagerSite, init: storeAtOnce, allow: [/killed by a test/] });
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 5);
  await waitStored(page);
  for (const worker of page.workers()) await worker.evaluate(() => void setTimeout(() => { throw new Error('killed by a test'); }));
  await waitAlert(page);
  await waitState(page, ['error']);
  const words = await alertText(page);
  assert.match(words, /ended unexpectedly/);
  const from = Number(/Continue from step ([\d,]+)/.exec(words)[1].replace(',', ''));
  assert.ok(from > 0, words);
  await page.locator('[data-action="go-on"]').click();
  await waitMetric(page, 'step', (step) => step > from);
  assert.ok((await metric(page, 'loss_linear')) > 0 && (await metric(page, 'loss_activated')) > 0);
});

test('a run that a reload interrupts can be continued, and ends with the same numbers', { tag: '@long' }, async ({ eagerSite, open }) => {
  test.setTimeout(180_000);
  const at = address('attention', { device: 'cpu', steps: 500, n_tokens: 24, batch_size: 64 });
  const names = ['loss_scaled', 'loss_unscaled', 'steps_scaled'];
  const whole = await train(await open(at), names, 120_000);
  const page = await open(at, { from: eagerSite, init: storeAtOnce });
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 25);
  await waitStored(page);
  assert.equal(await state(page), 'running', 'the run is too short for this machine');
  await page.reload();
  const offer = page.locator('[data-offer]');
  await offer.waitFor();
  await shot(page, 'attention-offer');
  const saved = Number(/step ([\d,]+) of/.exec(await offer.innerText())[1].replace(',', ''));
  assert.ok(saved > 20, await offer.innerText());
  await page.locator('[data-action="continue"]').click();
  const step = await waitMetric(page, 'step', (step) => step > 0);
  assert.ok(step >= saved, `it started over, at ${step}`);
  await waitState(page, 'done', 120_000);
  for (const name of names) assert.equal(await waitMetric(page, name), whole[name], name);
  await page.reload();
  await page.waitForSelector('[data-panel][data-probe="idle"]');
  assert.equal(await offer.count(), 0, 'a run that is done is not offered');
});

test('another tab does not take over a run that is training', { tag: '@long' }, async ({ eagerSite, open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 20_000 }), { from: eagerSite, init: storeAtOnce });
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 5);
  await waitStored(page);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.waitForSelector('[data-panel][data-probe="idle"]', { timeout: 60_000 });
  assert.equal(await other.locator('[data-offer]').count(), 0);
  await page.close();
  await other.reload();
  await other.locator('[data-offer]').waitFor();
  await other.locator('[data-action="forget"]').click();
  await other.locator('[data-offer]').waitFor({ state: 'detached' });
  await other.reload();
  await other.waitForSelector('[data-panel][data-probe="idle"]', { timeout: 60_000 });
  assert.equal(await other.locator('[data-offer]').count(), 0);
});

/** What a server may do to a file, and what the page then says. */
const mishaps = [
  ['truncated', (site, name, bytes) => (site.pages[name] = bytes.subarray(0, bytes.length / 2)), /came damaged|is not whole|ends too soon|too short|cut/],
  ['as an HTML page with status 200', (site, name) => ((site.pages[name] = '<!doctype html><p>Log in first'), site.kinds.set(name, 'text/html')), /the server sent a page in its place/],
  ['only in part, on a stalled connection', (site, name) => site.stalls.add(name), /the server has sent nothing for 30 seconds/],
];
const repair = (site, name) => (delete site.pages[name], site.kinds.delete(name), site.stalls.delete(name));

for (const [what, spoil, expected] of mishaps) {
  for (const [name, params] of [
    ['worker-cpu_bg.wasm', {}],
    ['data/fashion-mnist.bin', { dataset: 'fashion-mnist' }],
  ]) {
    test(`a file that arrives ${what}: ${name}`, { tag: '@long' }, async ({ open, serve }) => {
      test.setTimeout(150_000);
      const site = await serve();
      spoil(site, name, readFileSync(join(dist, name)));
      const page = await open(address('mlp', { device: 'cpu', steps: 20, width: 8, ...params }), { from: site, allow: [/Failed to load resource|ERR_/] });
      await act(page, 'train');
      await waitAlert(page, 90_000);
      await waitState(page, ['error'], 90_000).catch(() => {});
      assert.match(await notice(page), expected);
      assert.ok(!inside.test(await notice(page)), await notice(page));
      repair(site, name);
      const again = page.locator('[data-action="go-on"], [data-action="train"]').first();
      await again.click();
      await page.waitForSelector('[data-panel][data-state="done"]', { timeout: 60_000 });
    });
  }
}

test('a run needs no storage', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 300 }), {
    init: "Object.defineProperty(window, 'caches', { get() { throw new DOMException('no', 'SecurityError'); } });",
  });
  await train(page, ['loss_activated']);
});

test('full or cleared storage is not an error', { tag: '@long' }, async ({ eagerSite, open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 20_000 }), {
    from: eagerSite,
    init: () => {
      window.nnLabKeepAfterMs = 0;
      window.refused = 0;
      Cache.prototype.put = () => {
        window.refused += 1;
        return Promise.reject(new DOMException('full', 'QuotaExceededError'));
      };
    },
  });
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 5);
  await expect.poll(() => page.evaluate(() => window.refused), { message: 'the run is not stored', timeout: 60_000 }).toBeGreaterThan(1);
  await page.evaluate(async () => {
    for (const name of await caches.keys()) await caches.delete(name);
    localStorage.clear();
  });
  const step = await metric(page, 'step');
  await waitMetric(page, 'step', (now) => now > step);
  assert.equal(await page.locator('[data-kind="error"]:visible').count(), 0);
});

test('a run continues after the clock jumps back or forward', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 20_000 }));
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 5);
  await page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
  });
  const step = await metric(page, 'step');
  await waitMetric(page, 'step', (now) => now > step + 20);
  await page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 7_200_000;
  });
  const later = await metric(page, 'step');
  await waitMetric(page, 'step', (now) => now > later + 20);
});

test('Back and Forward through ten addresses while runs start', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 400 }));
  const slugs = ['cnn', 'resnet', 'rnn', 'attention', 'transformer', 'mlp', 'rnn', 'attention', 'mlp'];
  for (const slug of slugs) {
    await page.evaluate((slug) => void (location.hash = `#/${slug}?device=cpu`), slug);
    await page.locator(`[data-panel="${slug}"] [data-action="train"]`).click();
  }
  for (let i = 0; i < slugs.length; i++) await page.evaluate(() => history.back());
  for (let i = 0; i < slugs.length; i++) await page.evaluate(() => history.forward());
  await page.waitForSelector('[data-panel="mlp"]');
  await train(page, ['loss_activated']);
});

test('if memory cannot grow, the run fails and the page keeps working', { tag: '@long' }, async ({ open, serve }) => {
  const site = await serve();
  // Enough memory to start, but not for ten thousand images.
  site.pages['worker-cpu_bg.wasm'] = withMaxMemory(readFileSync(join(dist, 'worker-cpu_bg.wasm')), 40e6);
  const page = await open(address('mlp', { device: 'cpu', dataset: 'fashion-mnist', steps: 20 }), { from: site, allow: [/./] });
  await act(page, 'train');
  await waitAlert(page);
  await page.locator('[data-panel][data-state="error"]').waitFor({ timeout: 60_000 });
  assert.ok(!inside.test(await notice(page)), await notice(page));
  assert.match(await notice(page), /memory|worker/);
  await shot(page, 'mlp-no-memory');
  // The page still trains with smaller settings.
  await page.evaluate((hash) => void (location.hash = hash), address('mlp', { device: 'cpu', dataset: 'moons', steps: 30 }));
  await page.locator('[data-param="dataset"] select').waitFor();
  await train(page, ['loss_activated']);
});

test('if the GPU cannot allocate a buffer, the run fails and the page keeps working', { tag: ['@long', '@webgpu'] }, async ({ open, serve }) => {
  test.setTimeout(300_000);
  const site = await serve();
  const refuse = `
    const real = GPUDevice.prototype.createBuffer;
    GPUDevice.prototype.createBuffer = function (wanted) {
      if (wanted.size > 3e6) throw new RangeError('createBuffer failed, size is too large for the implementation');
      return real.call(this, wanted);
    };
  `;
  site.rewrites.set('worker-gpu.js', (script) => refuse + script);
  const page = await open(address('mlp', { device: 'webgpu', dataset: 'fashion-mnist', steps: 20, width: 8, depth: 1 }), { from: site, allow: [/./] });
  await act(page, 'train');
  await page.locator('[data-panel][data-state="error"]').waitFor({ timeout: 240_000 });
  assert.ok(!inside.test(await notice(page)), await notice(page));
  await shot(page, 'mlp-no-buffer');
  await page.evaluate((hash) => void (location.hash = hash), address('mlp', { device: 'cpu', dataset: 'moons', steps: 30 }));
  await page.locator('[data-panel][data-state="idle"]').waitFor();
  await train(page, ['loss_activated']);
});
