// What holds for every section. Sections are found by their folders, so that a new one is tested from its
// first day.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, address, checkAccess, checkFits, frames, openSettings, probed, readParam, sections, setParam, shot, test, waitMetric, waitState } from './lib/test.mjs';

/** Chooses an entry of a figure's menu. */
async function choose(figure, entry) {
  await figure.locator('summary').first().click();
  await figure.locator(`[data-export="${entry}"]`).click();
}

test('the navigation has every section', async ({ open }) => {
  const page = await open('', { ready: false });
  await page.locator('.cover').waitFor();
  const links = await page.$$eval('nav a[href*="#/"]', (all) => all.map((a) => /#\/([a-z0-9-]+)/.exec(a.getAttribute('href'))?.[1]).filter(Boolean));
  assert.deepEqual([...new Set(links)].filter((slug) => slug !== 'verify').sort(), sections);
});

/** Stops a run, unless it has ended by itself, maybe just before the click. */
const stopIfRunning = (page) => page.locator('[data-action="stop"]').first().click({ timeout: 3000 }).catch(() => {});

for (const slug of sections) {
  // One page for all, since loading it costs the most: untrained in the dark and on a phone, then trained,
  // then changed.
  test(`${slug}: accessible, narrow enough for a phone, trains with its defaults, and keeps its settings in the address`, async ({ open }) => {
    const page = await open(address(slug, { device: 'cpu' }), { theme: 'dark' });
    await test.step('nothing for axe to find in the dark', async () => {
      await page.waitForSelector(`[data-panel="${slug}"]`);
      assert.ok((await page.title()).length > 3);
      await probed(page);
      await frames(page);
      await checkAccess(page, 'dark, untrained');
    });

    await page.emulateMedia({ colorScheme: 'light' });
    for (const width of [360, 400]) {
      await test.step(`fits ${width} pixels`, async () => {
        await page.setViewportSize({ width, height: 740 });
        // Charts adapt to the new width a few frames later.
        await page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth, undefined, { timeout: 10_000 }).catch(() => {});
        await checkFits(page);
        if (width === 360) await shot(page, `${slug}-360-light`);
      });
    }

    await page.setViewportSize({ width: 1280, height: 900 });
    await test.step('trains with its default settings', async () => {
      await act(page, 'train');
      await waitMetric(page, 'step', (step) => step >= 3, 60_000);
      await waitState(page, ['running', 'done']);
      await stopIfRunning(page);
      await waitState(page, 'done');
      assert.ok((await page.locator('[data-figure]').count()) > 0, 'no figure');
      await checkAccess(page, 'light, trained');
      for (const figure of await page.locator('[data-figure]').all()) {
        const name = await figure.getAttribute('data-figure');
        await choose(figure, 'table');
        // Some figures measure another task, which their chapter offers to set up.
        const elsewhere = await page.locator(`.chapter:has([data-set-up]) [data-figure="${name}"]`).count();
        if (!elsewhere) assert.ok((await figure.locator('table tbody td').count()) > 0, `${name}: its table is empty`);
      }
      // Figures of text and tables cannot be saved as pictures.
      const figure = page.locator('[data-figure]:has([data-export="svg"])').first();
      for (const [kind, start] of [['csv', /^[^\n]*,/], ['svg', /^(<\?xml[^>]*>\s*)?<svg/], ['png', /PNG/]]) {
        const [download] = await Promise.all([page.waitForEvent('download'), choose(figure, kind)]);
        assert.match(readFileSync(await download.path(), 'latin1').slice(0, 300), start, download.suggestedFilename());
      }
    });

    await test.step('the address holds the settings', async () => {
      // The reload closes the tables, of which each change would redraw thousands of rows.
      await page.reload();
      await page.waitForSelector(`[data-panel="${slug}"]`);
      const numbers = page.locator('[data-param]:has(input[type="range"]), [data-param]:has(select)');
      const changed = {};
      await openSettings(page);
      for (const control of (await page.locator('.side').locator(numbers).all()).slice(0, 6)) {
        const key = await control.getAttribute('data-param');
        if (!(await control.isVisible())) continue;
        const before = await readParam(page, key);
        const options = await control.locator('option').evaluateAll((list) => list.map((option) => option.value));
        if (options.length) await setParam(page, key, options.find((value) => value !== before) ?? before);
        else await control.locator('input[type="range"]').press('ArrowRight');
        changed[key] = await readParam(page, key);
      }
      assert.ok(Object.keys(changed).length > 0);
      // A change is written after a delay, which may be long on a busy machine.
      await page.waitForFunction((keys) => keys.every((key) => location.hash.includes(`${key}=`)), Object.keys(changed).slice(-1));
      const address = new URLSearchParams(page.url().split('?')[1]);
      // Defaults are omitted from the address.
      assert.ok(Object.keys(changed).some((key) => address.has(key)), page.url());
      await page.reload();
      await page.waitForSelector(`[data-panel="${slug}"]`);
      for (const [key, value] of Object.entries(changed)) assert.equal(await readParam(page, key), value, key);
    });
  });

  test(`${slug}: ten steps in, with every table open, there is nothing for axe to find`, { tag: '@long' }, async ({ open }) => {
    const page = await open(address(slug, { device: 'cpu' }));
    await probed(page);
    await act(page, 'train');
    await waitMetric(page, 'step', (step) => step >= 10, 60_000);
    await waitState(page, ['running', 'done']);
    await stopIfRunning(page);
    await waitState(page, 'done');
    for (const figure of await page.locator('[data-figure]').all()) await choose(figure, 'table');
    await checkAccess(page, 'light, trained, tables open');
  });
}

test('the site works under a path, and sends no request elsewhere', async ({ open, serve }) => {
  const site = await serve({ base: '/a/course/lab/' });
  const page = await open(address('mlp', { device: 'cpu', steps: 20 }), { from: site });
  const elsewhere = [];
  page.on('request', (request) => /^https?:/.test(request.url()) && !request.url().startsWith(site.url) && elsewhere.push(request.url()));
  await act(page, 'train');
  await waitState(page, 'done');
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(site.requests.filter((path) => path.startsWith('/')), []);
});

test('it trains in a frame with sandbox="allow-scripts" alone', async ({ open, serve }) => {
  const site = await serve();
  const host = await serve({
    pages: { 'index.html': `<!doctype html><title>host</title><link rel="icon" href="data:,"><iframe title="lab" width="900" height="900" sandbox="allow-scripts" src="${site.url}${address('mlp', { device: 'cpu', steps: 20, embed: 1 }).replaceAll('&', '&amp;')}"></iframe>` },
  });
  const page = await open('', { from: host, ready: false });
  const frame = page.frameLocator('iframe');
  await frame.locator('[data-action="train"]').first().click();
  const ended = frame.locator('[data-panel]:is([data-state="done"], [data-state="error"])');
  await ended.waitFor({ timeout: 30_000 });
  assert.equal(await ended.getAttribute('data-state'), 'done', await frame.locator('[data-kind="error"]').allInnerTexts().then(String));
});

// Rules may be nested, so no browser reports a missing brace: the rules after it become children of another rule.
test('every style sheet closes the braces that it opens', async ({ open }) => {
  const page = await open(address('mlp'));
  const sheets = await page.evaluate(() => Promise.all([...document.styleSheets].map(async ({ href }) => [href, await (await fetch(href)).text()])));
  assert.ok(sheets.length > 4);
  for (const [href, text] of sheets) {
    const code = text.replace(/\/\*[^]*?\*\//g, '').replace(/"[^"]*"/g, '');
    assert.equal(code.split('{').length, code.split('}').length, href);
  }
});
