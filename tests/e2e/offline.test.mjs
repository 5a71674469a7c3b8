// The site as it is shipped: under a path, without a network after the first visit, and updated without
// mixing versions.

import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { act, activated, address, metric, shot, state, test, waitMetric, waitState } from './lib/test.mjs';
import { dist, script, ship as shipInto } from './lib/site.mjs';

const folders = [];
function ship(name, change) {
  const shipped = shipInto(name, change);
  folders.push(shipped.folder);
  return shipped;
}

test.afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const hash = address('mlp', { device: 'cpu', steps: 12 });
const buildOf = (page) => page.evaluate(() => document.querySelector('meta[name="nn-lab-build"]')?.content);
const kept = (page) => page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((request) => request.url)))).flat());

async function trains(page) {
  await act(page, 'train');
  await waitState(page, 'done');
  assert.equal(await metric(page, 'step'), 12);
}

test('a shipped site works under a path, offline after one visit, and updates to a new version as a whole', { tag: '@long' }, async ({ open, serve }) => {
  const one = ship('one');
  const two = ship('two', (folder) => appendFileSync(join(folder, 'worker-cpu.js'), '\n// another version\n'));
  assert.notEqual(one.build, two.build);
  const site = await serve({ folder: one.folder, base: '/some/sub/path/' });
  const page = await open(hash, { from: site, allow: [/ERR_/] });
  await trains(page);
  await activated(page);
  const names = Object.keys(JSON.parse(await page.locator('#nn-lab-files').textContent()));
  assert.ok(names.includes('worker-cpu.js') && names.includes('data/fashion-mnist.bin'), `${names}`);
  assert.ok(site.requests.every((path) => !['worker-cpu.js', 'worker-cpu_bg.wasm', 'data/fashion-mnist.bin'].includes(path)), `${site.requests}`);
  const first = await kept(page);
  assert.ok(first.length > 6 && first.every((url) => url.startsWith(site.url)), `${first}`);

  // The server stops answering.
  site.down = true;
  const before = site.requests.length;
  const later = await page.context().newPage();
  const errors = [];
  later.on('pageerror', (error) => errors.push(String(error)));
  await later.goto(site.url + hash);
  await later.waitForSelector('[data-panel="mlp"]');
  await trains(later);
  assert.ok(Number.isFinite(await waitMetric(later, 'params_counted')), 'the probe');
  await later.goto(site.url + address('mlp', { device: 'cpu', steps: 2, dataset: 'fashion-mnist', batch_size: 4 }));
  await act(later, 'train');
  await waitState(later, 'done');
  assert.equal(await buildOf(later), one.build);
  assert.equal(site.requests.length, before);
  assert.deepEqual(errors, []);
  // This page stays open: a browser that loses a page during its check for a new version may not check again.

  // A new version is published while a page of the old one is open.
  site.down = false;
  site.folder = two.folder;
  // The check is repeated, because a browser that is busy with an earlier one may skip it.
  await page.evaluate(() => void setInterval(async () => (await navigator.serviceWorker.getRegistration()).update().catch(() => {}), 500));
  await page.locator('.update-notice').waitFor({ timeout: 40_000 });
  await shot(page, 'update-notice');
  assert.equal(await buildOf(page), one.build);
  assert.equal(await state(page), 'done', 'nothing is taken away before the visitor says so');
  const reloaded = page.waitForEvent('load');
  await page.locator('.update-notice [data-action="reload"]').click();
  await reloaded;
  await page.waitForSelector('[data-panel="mlp"]');
  assert.equal(await buildOf(page), two.build);
  await trains(page);
  const second = await kept(page);
  assert.equal(second.length, first.length, 'the old version is thrown away');
  assert.equal(second.filter((url) => first.includes(url)).length, first.length - 2, 'only the page and worker-cpu.js are new');
  assert.equal(await page.locator('.update-notice').count(), 0);

  // A frame without an origin has no storage; the lab works there, too.
  const host = await serve({
    pages: { 'index.html': `<!doctype html><title>host</title><link rel="icon" href="data:,"><iframe title="lab" width="900" height="900" sandbox="allow-scripts" src="${site.url}${hash.replaceAll('&', '&amp;')}"></iframe>` },
  });
  const frame = (await open('', { from: host, ready: false })).frameLocator('iframe');
  await frame.locator('[data-action="train"]').first().click();
  await frame.locator('[data-panel][data-state="done"]').waitFor({ timeout: 30_000 });
});

test('a site that is not shipped registers no service worker', async ({ open }) => {
  test.skip(readFileSync(join(dist, 'index.html'), 'utf8').includes('nn-lab-build'), 'this site has been shipped');
  const page = await open(hash);
  await trains(page);
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
});

test('the zip file contains the whole site', () => {
  const { folder } = ship('zip');
  const file = join(folder, '..', 'shipped.zip');
  folders.push(file);
  script('zip.py', folder, file);
  const zip = readFileSync(file);
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const found = {};
  for (let at = zip.readUInt32LE(end + 16), left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [packed, nameLength, start] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt32LE(at + 42)];
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const data = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
    found[name] = inflateRawSync(zip.subarray(data, data + packed));
    at += 46 + nameLength;
  }
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
  assert.deepEqual(Object.keys(found).sort(), names.sort());
  for (const name of names) assert.ok(found[name].equals(readFileSync(join(folder, name))), name);
  assert.ok(names.includes('index.html') && names.includes('sw.js'));
  assert.throws(() => script('ship.mjs', folder), /shipped already/);
});
