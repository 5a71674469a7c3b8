// The page about the lab: its parts and their licenses, and how to cite it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkAccess, checkFits, frames, setParam, shot, test } from './lib/test.mjs';
import { dist, root } from './lib/site.mjs';

const cargo = (...words) => execFileSync('cargo', words, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });

/**
 * Returns the names and versions of the crates in a binary, which has the paths of their files in its panic
 * messages.
 */
const inBinary = (file) => new Set([...readFileSync(join(dist, file), 'latin1').matchAll(/registry\/src\/[^/]+\/([A-Za-z0-9_-]+)-(\d+\.\d+\.\d+[\w.+-]*)\/src\//g)].map(([, name, version]) => `${name} ${version}`));

test('the page lists every crate of the lab with its version and license, and the data', async ({ open }) => {
  const page = await open('about.html', { ready: false });
  const rows = (await page.$$eval('.about table[data-crates] tbody tr', (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent))));
  const listed = new Set(rows.map(([name, version]) => `${name} ${version}`));
  // cargo resolves more than is built (optional features of optional crates), and the page lists what is
  // built. So the test compares from both sides: cargo resolves everything on the page, with that license,
  // and ...
  const { packages } = JSON.parse(cargo('metadata', '--locked', '--format-version', '1', '--filter-platform', 'wasm32-unknown-unknown', '--no-default-features', '--features', 'page,gpu'));
  const known = new Set(packages.map(({ name, version, license }) => `${name} ${version} ${license}`));
  assert.ok(rows.length > 250, `${rows.length} crates`);
  assert.deepEqual(rows.map((cells) => cells.join(' ')).filter((row) => !known.has(row)), []);
  // ... everything in the binaries, and every dependency of the lab itself, is on the page.
  const found = new Set(readdirSync(dist).filter((file) => file.endsWith('.wasm')).flatMap((file) => [...inBinary(file)]));
  assert.ok(found.size > 30, `only ${[...found]}`);
  assert.deepEqual([...found].filter((crate) => !listed.has(crate)), []);
  const own = packages.filter(({ source, name }) => !source && ['nn-lab', 'nn-lab-tex'].includes(name));
  assert.equal(own.length, 2);
  const asked = own.flatMap(({ dependencies }) => dependencies).filter(({ kind, source }) => kind !== 'dev' && source).map(({ name }) => name);
  const names = new Set(rows.map(([name]) => name));
  assert.deepEqual(asked.filter((name) => !names.has(name)), []);
  const version = /^version = "(.*)"/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))[1];
  assert.ok((await page.locator('main').innerText()).includes(`version ${version}`));
  assert.match(await page.locator('pre').innerText(), /^@software\{nn_lab,\n(  \w+ += \{.+\},?\n)+\}$/);
  // Data sets are found by the names of their files, fonts by their license.
  const text = await page.locator('main').innerHTML();
  for (const file of readdirSync(join(root, 'static/data')).filter((file) => file.endsWith('.bin'))) assert.ok(text.includes(`data/${file}`), file);
  assert.ok(text.includes('fonts/OFL.txt'));
});

test('the lab links to it, it has the theme of the lab, and it is accessible', async ({ open }) => {
  const page = await open('#/mlp?device=cpu');
  const color = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  for (const [theme, background] of [['auto', 'rgb(252, 252, 250)'], ['dark', 'rgb(20, 23, 27)'], ['light', 'rgb(252, 252, 250)']]) {
    await setParam(page, 'theme', theme);
    await page.locator('.shell > footer a[href^="about"]').click();
    await page.waitForSelector('.about');
    assert.equal(await color(), background, theme);
    await checkAccess(page, theme);
    if (theme === 'dark') {
      await page.setViewportSize({ width: 400, height: 800 });
      await frames(page);
      await checkFits(page);
      await shot(page, 'about-400-dark');
      await page.setViewportSize({ width: 1280, height: 900 });
    } else await shot(page, `about-1280-${theme}`);
    await page.goBack();
    await page.waitForSelector('[data-panel="mlp"]');
  }
  // An address in the lab's own form opens it, too, and Back returns to the panel.
  await page.evaluate(() => (location.hash = '#/about'));
  await page.waitForSelector('.about');
  assert.equal(await page.locator('.about h1 a').getAttribute('href'), './');
  await page.goBack();
  await page.waitForSelector('[data-panel="mlp"]');
});

test('it is small, and has a policy that allows no script', () => {
  assert.ok(statSync(join(dist, 'about.html')).size < 100_000);
  const page = readFileSync(join(dist, 'about.html'), 'utf8');
  assert.match(page, /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src data:; font-src 'self'; base-uri 'none'; form-action 'none'"/);
  assert.ok(!page.includes('<script') && !/ style=/.test(page));
  assert.ok(!/_OF_(THE_LAB|SHIPPED|TOOLS)/.test(page), 'a placeholder was not replaced');
});
