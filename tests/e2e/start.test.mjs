// The page before the lab has started, and the sentence that it shows if it cannot start.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { act, address, expect, frames, test, waitState } from './lib/test.mjs';
import { dist, ship } from './lib/site.mjs';

const app = (ending) => readdirSync(dist).find((name) => name.startsWith('app-') && name.endsWith(ending));
const start = (page) => page.locator('#start');
const sentence = (page, name) => expect(page.locator(`#start-${name}`)).toBeVisible({ timeout: 10_000 });

test('nothing flashes when the lab starts, and a slow start says so', async ({ open, serve }) => {
  const site = await serve();
  let release;
  site.holds.set(app('_bg.wasm'), new Promise((resolve) => (release = resolve)));
  const page = await open('#/mlp', { from: site, ready: false });
  await start(page).waitFor({ state: 'attached' });
  const { time, visibility } = await page.evaluate(() => ({ time: performance.now(), visibility: getComputedStyle(document.getElementById('start')).visibility }));
  if (time < 900) assert.equal(visibility, 'hidden');
  await expect(page.getByText('Loading…')).toBeVisible();
  for (const name of ['file', 'load', 'old']) assert.ok(await page.locator(`#start-${name}`).isHidden());
  release();
  await page.waitForSelector('[data-panel="mlp"]');
  assert.equal(await start(page).count(), 0);
});

/** Fails unless the start tells that about half of the program has come. */
async function tellsHalf(page) {
  const bar = page.getByRole('progressbar', { name: 'Loading the lab' });
  await expect(bar).toBeVisible({ timeout: 10_000 });
  await expect(page.locator('#start-bytes')).toHaveText(/^\d\.\d of \d\.\d MB$/);
  const { value, max } = await bar.evaluate(({ value, max }) => ({ value, max }));
  assert.ok(value > 0.3 * max && value < 0.7 * max, `${value} of ${max}`);
}

test('a slow start tells how much has come', async ({ open, serve }) => {
  const site = await serve();
  site.stalls.add(app('_bg.wasm'));
  await tellsHalf(await open('#/mlp', { from: site, ready: false }));
});

test('a shipped site tells how much has come, also of a compressed program', async ({ open, serve }) => {
  test.skip(readFileSync(join(dist, 'index.html'), 'utf8').includes('nn-lab-build'), 'this site has been shipped');
  const { folder } = ship('sizes');
  try {
    const site = await serve({ folder, gzip: true });
    site.stalls.add(app('_bg.wasm'));
    await tellsHalf(await open('#/mlp', { from: site, ready: false }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the panel tells how much of its worker has come, before anything is started', async ({ open, serve }) => {
  const site = await serve();
  site.stalls.add('worker-cpu_bg.wasm');
  const page = await open(address('mlp', { device: 'cpu' }), { from: site });
  await expect(page.locator('.run-words')).toHaveText(/^Fetching the worker: \d\.\d of \d\.\d MB$/);
  await expect(page.getByRole('progressbar', { name: 'Loading', exact: true })).toBeVisible();
});

test('the worker is requested before the page is drawn, and the reader of files when a file is opened', async ({ open, serve }) => {
  const site = await serve();
  const readers = () => site.requests.filter((name) => name.startsWith('worker-files')).sort();
  const page = await open(address('mlp', { device: 'cpu', steps: 10 }), { from: site });
  const [drawn, asked] = await page.evaluate(() => [performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.getEntriesByType('resource').find(({ name }) => name.endsWith('worker-cpu_bg.wasm'))?.startTime]);
  assert.ok(asked === undefined || asked < drawn + 1000, `requested at ${asked}, drawn at ${drawn}`);
  await act(page, 'train');
  await waitState(page, 'done');
  assert.deepEqual(readers(), []);
  assert.equal(site.requests.filter((name) => name === 'worker-cpu_bg.wasm').length, 1);

  await page.evaluate((hash) => void (location.hash = hash), address('mlp/own', { device: 'cpu', dataset: 'own', steps: 10 }));
  const table = page.locator('[data-own="table"]');
  await expect(table).toHaveAttribute('data-state', 'idle');
  assert.deepEqual(readers(), []);
  const rows = Array.from({ length: 40 }, (_, i) => `${i},${(i * 7) % 11},${i % 2 ? 'odd' : 'even'}`);
  const file = { name: 'numbers.csv', mimeType: 'text/csv', buffer: Buffer.from(['a,b,parity', ...rows].join('\n')) };
  await table.locator('[data-action="open-files"]').setInputFiles([file]);
  await expect(table).toHaveAttribute('data-state', 'preview');
  assert.deepEqual(readers(), ['worker-files.js', 'worker-files_bg.wasm']);
  await expect(table.locator('[data-rows]')).toHaveText('40 of 40 rows are used.');
  await table.locator('[data-action="use-data"]').first().click();
  await expect(table).toHaveAttribute('data-state', 'ready');
  await act(page, 'train');
  await waitState(page, 'done');
  assert.equal(readers().length, 2);
});

test('a reader of files that does not arrive is reported, and arrives at the next attempt', async ({ open, serve }) => {
  const site = await serve();
  site.pages['worker-files_bg.wasm'] = 'this is not wasm';
  const page = await open(address('mlp/own', { device: 'cpu', dataset: 'own' }), { from: site });
  const table = page.locator('[data-own="table"]');
  const file = { name: 'numbers.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,x\n2,y\n3,x\n4,y\n5,x\n6,y\n') };
  await table.locator('[data-action="open-files"]').setInputFiles([file]);
  await expect(table).toContainText('The worker that reads files could not be started: its file came damaged.');
  delete site.pages['worker-files_bg.wasm'];
  await table.locator('[data-action="open-files"]').setInputFiles([file]);
  await expect(table).toHaveAttribute('data-state', 'preview');
});

test('a page that is opened as a file says that it needs a server', async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${pathToFileURL(join(dist, 'index.html'))}#/mlp`);
  await sentence(page, 'file');
  assert.match(await start(page).innerText(), /opened as a file.*python3 -m http\.server/s);
  await frames(page, 10);
  assert.equal(await page.getByText('Loading…').isVisible(), false);
});

test('scripts that a server sends with a wrong type are reported', async ({ open, serve }) => {
  const site = await serve();
  site.kinds.set(app('.js'), 'text/plain');
  const page = await open('#/mlp', { from: site, ready: false, allow: [/MIME type/] });
  await sentence(page, 'load');
  assert.match(await start(page).innerText(), /\.js files as text\/javascript/);
});

test('a program that arrives damaged is reported', async ({ open, serve }) => {
  for (const damage of [
    (site) => (site.pages[app('_bg.wasm')] = '<!doctype html><title>There is no such file</title>'),
    (site) => site.rewrites.set(app('.js'), () => 'this is not a script'),
  ]) {
    const site = await serve();
    damage(site);
    const page = await open('#/mlp', { from: site, ready: false, allow: [/^/] });
    await sentence(page, 'load');
  }
});

test('wasm with a wrong type starts all the same', async ({ open, serve }) => {
  const site = await serve();
  site.kinds.set(app('_bg.wasm'), 'text/plain');
  const page = await open('#/mlp', { from: site });
  assert.equal(await start(page).count(), 0);
});

test('a browser that is too old is told so', async ({ open, serve }) => {
  const site = await serve();
  // A browser without vector instructions refuses the module.
  site.pages[app('_bg.wasm')] = 'an instruction that it does not know';
  const page = await open('#/mlp', { from: site, ready: false, allow: [/^/], init: () => (WebAssembly.validate = () => false) });
  await sentence(page, 'old');
});

test('without JavaScript the page says what to do', async ({ browser, site }) => {
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(`${site.url}#/mlp`);
  await expect(page.locator('noscript p', { hasText: 'Allow JavaScript for this page' })).toBeVisible();
  await expect(page.getByText('Loading…')).toBeHidden();
});
