// A page must survive strange addresses, extreme settings, diverging runs, and a dying worker.

import assert from 'node:assert/strict';
import { act, address, frames, metric, notice, openSettings, readParam, sections, setParam, shot, state, test, train, waitMetric, waitState } from './lib/test.mjs';

const nasty = [
  '#/mlp?depth=banana&width=1e9&seed=-1&learning_rate=NaN',
  '#/mlp?width=1e400&noise=-Infinity&dataset=%00&bias=maybe',
  '#/mlp?%E0%A4%A&depth=%E0%A4%A',
  '#/mlp?&&==&=1&depth&depth=&depth==3',
  '#/mlp?depth=2&depth=4',
  '#/mlp?hidden=,,&depth=3&hidden=9999999,-1,NaN,1e400',
  `#/mlp?hidden=${'8,'.repeat(2000)}`,
  '#/mlp?theme=neon&embed=7&device=toaster&preset=none&hide=all&lock=?&autoplay=x',
  '#/mlp#/mlp?depth=2',
  '#/nosuch',
  '#//',
  '#/%E0%A4%A',
  '#?depth=3',
  '#<img src=x onerror=alert(1)>',
  `#/mlp?depth=${'9'.repeat(5000)}&${'x'.repeat(20_000)}=1`,
];

test('no address leads to a blank page', async ({ open, site }) => {
  const page = await open(nasty[0], { ready: false });
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  for (const hash of nasty) {
    await test.step(hash.slice(0, 60), async () => {
      // With only another hash, the browser would not load the page again, so leave it first.
      await page.goto('about:blank');
      await page.goto(site.url + hash);
      await page.waitForSelector('nav a');
      const text = await page.locator('main').first().innerText();
      assert.ok(text.trim().length > 20, `the page says only "${text}"`);
      assert.equal(await page.locator('img[src="x"]').count(), 0);
      if (hash.startsWith('#/mlp?')) {
        await page.waitForSelector('[data-panel="mlp"]');
        assert.equal(await state(page), 'idle');
        for (const key of ['depth', 'width', 'seed', 'learning_rate', 'noise']) {
          assert.ok(Number.isFinite(Number(await readParam(page, key))), key);
        }
      }
      assert.deepEqual(complaints.splice(0), []);
    });
  }
});

test('a bad value in the address is reported on the page', async ({ open }) => {
  const page = await open(nasty[0]);
  const text = await page.locator('body').innerText();
  assert.match(text, /depth=banana/);
  assert.match(text, /width=/);
  assert.equal(Number(await readParam(page, 'width')), 256);
  await shot(page, 'mlp-bad-address');
});

test('a diverging run ends with an explanation, and the next run works', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', optimizer: 'sgd', learning_rate: 1e6, steps: 2000 }));
  if (Number(await readParam(page, 'learning_rate')) < 1e6) {
    // The panel's maximum rate with the deepest network diverges, too.
    await setParam(page, 'activation', 'identity');
    await setParam(page, 'depth', 12);
  }
  await act(page, 'train');
  await waitState(page, ['error', 'done'], 60_000);
  if ((await state(page)) === 'error') {
    assert.match(await notice(page), /infinite|undefined|finite|diverge/i);
    await shot(page, 'mlp-diverged');
  }
  assert.equal(await state(page), 'error');
  await act(page, 'reset');
  await waitState(page, 'idle');
  await setParam(page, 'activation', 'relu');
  await setParam(page, 'depth', 2);
  await setParam(page, 'optimizer', 'adam');
  await setParam(page, 'learning_rate', 0.01);
  await setParam(page, 'steps', 60);
  const { loss_activated } = await train(page, ['loss_activated']);
  assert.ok(Number.isFinite(loss_activated));
});

for (const slug of sections) {
  test(`${slug}: every slider works at both ends`, { tag: '@long' }, async ({ open }) => {
    const page = await open(address(slug, { device: 'cpu' }));
    await openSettings(page);
    const sliders = page.locator('[data-param] input[type="range"]');
    for (const key of ['End', 'Home']) {
      for (let i = 0; i < (await sliders.count()); i++) {
        if (await sliders.nth(i).isVisible()) await sliders.nth(i).press(key);
      }
      await frames(page);
      assert.equal(await state(page), 'idle');
      // With every setting at its maximum a step takes minutes, so the run is only started and stopped again.
      // The largest transformer does not fit into a worker, and the page says so before it starts.
      const tooLarge = key === 'End' && slug === 'transformer';
      await act(page, 'train');
      await waitState(page, tooLarge ? ['error'] : ['done', 'running'], 60_000);
      if (tooLarge) assert.match(await notice(page), /needs about 1\d\.\d GB of memory/);
      await act(page, 'reset');
      await waitState(page, 'idle', 60_000);
    }
  });
}

test('a worker that dies is replaced', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 20_000 }), { allow: [/killed by a test/] });
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 5);
  await page.workers()[0].evaluate(() => void setTimeout(() => { throw new Error('killed by a test'); }));
  // Its network stops with a message, and the other one continues.
  await page.locator('[data-failed-arm]').waitFor();
  const message = await notice(page);
  assert.match(message, /network stopped with an error\. The worker that trains was ended unexpectedly/);
  assert.ok(!message.includes('killed by a test'), 'the message is not for a visitor');
  const step = await metric(page, 'step');
  await waitMetric(page, 'step', (now) => now > step + 5);
  await shot(page, 'mlp-worker-died');
  await act(page, 'reset');
  await waitState(page, 'idle');
  await setParam(page, 'steps', 60);
  await train(page, ['loss_activated', 'loss_linear']);
  assert.equal(page.workers().length, 2);
});

test('a worker that cannot be loaded is reported, and loads after a reload', async ({ open, serve }) => {
  const site = await serve();
  site.pages['worker-cpu_bg.wasm'] = 'this is not wasm';
  const page = await open(address('mlp', { device: 'cpu', steps: 40 }), { from: site });
  await act(page, 'train').catch(() => {});
  await waitState(page, 'error');
  assert.match(await notice(page), /The worker that trains could not be started: its file came damaged\./);
  await shot(page, 'mlp-no-worker');
  delete site.pages['worker-cpu_bg.wasm'];
  await page.reload();
  await page.waitForSelector('[data-panel]');
  await train(page, ['loss_activated']);
});

test('a damaged data file is reported', { tag: '@long' }, async ({ open, serve }) => {
  const site = await serve();
  site.pages['data/fashion-mnist.bin'] = 'NNLABIMG and then nothing';
  const page = await open(address('mlp', { device: 'cpu', dataset: 'fashion-mnist', steps: 20 }), { from: site });
  await act(page, 'train');
  await waitState(page, 'error');
  assert.match(await notice(page), /Fashion-MNIST/);
});

test('the page is drawn and its controls work before the worker is loaded', async ({ open, serve }) => {
  const site = await serve();
  let release;
  site.holds.set('worker-cpu_bg.wasm', new Promise((resolve) => (release = resolve)));
  const page = await open(address('mlp', { device: 'cpu', steps: 20 }), { from: site });
  await page.locator('[data-panel="mlp"] .side summary').first().waitFor();
  await setParam(page, 'depth', 5);
  await page.waitForFunction(() => location.hash.includes('depth=5'));
  await act(page, 'train');
  await waitState(page, 'loading');
  await shot(page, 'mlp-loading');
  release();
  await waitState(page, 'done');
  assert.equal(await metric(page, 'step'), 20);
});
