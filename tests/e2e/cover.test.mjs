// The cover: the page without a section. It starts no worker, leads to every section, and shows how far a visitor has come.

import assert from 'node:assert/strict';
import { act, checkAccess, checkFits, expect, frames, probed, sections, setParam, shot, test, waitState } from './lib/test.mjs';

const cover = (page) => page.locator('.cover').waitFor();
const tile = (page, slug) => page.locator(`.tile[data-to="${slug}"]`);
const foot = (page, slug) => tile(page, slug).locator('.tile-foot');

test('the cover starts no worker, and its tiles lead to the sections', async ({ open, serve }) => {
  const site = await serve();
  const page = await open('', { from: site, ready: false, init: () => (window.Worker = class extends Worker { constructor(...all) { super(...all); window.started = (window.started ?? 0) + 1; } }) });
  await cover(page);
  assert.equal(await page.locator('h1').count(), 1);
  assert.deepEqual((await page.locator('.tile').evaluateAll((tiles) => tiles.map((tile) => tile.dataset.to))).sort(), sections);
  for (const slug of sections) {
    assert.match(await tile(page, slug).getAttribute('href'), new RegExp(`^#/${slug}$`));
    assert.match(await tile(page, slug).locator('h2').innerText(), /\S/);
    assert.match(await foot(page, slug).innerText(), /^\d+ chapters, \d+ experiments; no run on this device yet$/);
    // A picture says nothing that the words next to it do not.
    for (const picture of await tile(page, slug).locator('svg').all()) assert.equal(await picture.getAttribute('aria-hidden'), 'true');
  }
  await page.waitForLoadState('networkidle');
  assert.deepEqual([page.workers().length, await page.evaluate(() => window.started ?? 0)], [0, 0]);
  assert.deepEqual(site.requests.filter((name) => /worker|data\//.test(name)), []);
  // The way to a section starts its worker, and the way back keeps none.
  await tile(page, 'mlp').click();
  await probed(page);
  await expect.poll(() => page.evaluate(() => window.started ?? 0)).toBeGreaterThan(0);
  await expect.poll(() => site.requests.some((name) => /worker-[cg]pu/.test(name))).toBe(true);
  await page.locator('.brand').click();
  await cover(page);
  // One idle worker may wait for the next section.
  await expect.poll(() => page.workers().length).toBeLessThanOrEqual(1);
});

test('the cover is accessible and fits phones, in light and dark', async ({ open }) => {
  const page = await open('', { ready: false });
  await cover(page);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1366, 390, 320]) {
      await page.setViewportSize({ width, height: 740 });
      await frames(page);
      await checkFits(page, `${width} pixels, ${colorScheme}`);
      await shot(page, `cover-${width}-${colorScheme}`);
    }
    await checkAccess(page, colorScheme);
  }
  // Every tile is one link, which the keyboard reaches in the order of the page.
  await tile(page, 'mlp').focus();
  await page.keyboard.press('Tab');
  assert.notEqual(await page.evaluate(() => document.activeElement.dataset.to), 'mlp');
  assert.ok(sections.includes(await page.evaluate(() => document.activeElement.dataset.to)));
});

test('the cover keeps the device and the theme on every way', async ({ open }) => {
  const page = await open('#/?device=cpu&theme=dark', { ready: false });
  await cover(page);
  const theme = () => page.locator('html').getAttribute('data-theme');
  assert.equal(await theme(), 'dark');
  assert.match(await tile(page, 'rnn').getAttribute('href'), /^#\/rnn\?device=cpu&theme=dark/);
  await tile(page, 'rnn').click();
  await page.locator('[data-panel="rnn"]').waitFor();
  assert.equal(await theme(), 'dark');
  await page.locator('.brand').click();
  await cover(page);
  assert.equal(await theme(), 'dark');
  assert.match(page.url(), /#\/\?device=cpu&theme=dark/);
  // The menu works here, too, and settings of a section do not follow.
  await setParam(page, 'theme', 'light');
  await expect.poll(theme).toBe('light');
  await page.evaluate(() => (location.hash = '#/mlp?device=cpu&depth=5'));
  await page.locator('[data-panel="mlp"]').waitFor();
  await page.locator('.brand').click();
  await cover(page);
  assert.doesNotMatch(await tile(page, 'mlp').getAttribute('href'), /depth/);
});

test('the cover shows chapters that are done and the time of the latest run, also after a reload', async ({ open }) => {
  const page = await open('#/mlp?device=cpu&steps=60');
  await probed(page);
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  await page.locator('[data-action="chapter"][aria-current][data-done]').waitFor();
  await page.locator('.brand').click();
  await cover(page);
  const done = /^1 of \d+ chapters, 0 of \d+ experiments done; latest run here: about /;
  await expect(foot(page, 'mlp')).toHaveText(done);
  await expect(foot(page, 'rnn')).toHaveText(/no run on this device yet$/);
  await page.reload();
  await cover(page);
  await expect(foot(page, 'mlp')).toHaveText(done);
  await checkAccess(page, 'with progress');
});
