// The page before the lab has started, and the sentence that it shows if it cannot start.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, frames, test } from './lib/test.mjs';
import { dist } from './lib/site.mjs';

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
