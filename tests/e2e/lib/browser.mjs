// The browser, the served site, and the actions and readings that tests and benchmarks are written in.
// Nothing here needs a test runner; lib/test.mjs makes fixtures of it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from '@playwright/test';
import { artifacts, origins, root, serve } from './site.mjs';

/** The path of Chromium or Chrome. CHROME names another one. */
export function chromePath() {
  for (const name of [process.env.CHROME, 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    if (!name) continue;
    try {
      return execFileSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim();
    } catch {}
  }
  throw new Error('Install Chromium or Chrome, or set CHROME to its path.');
}

/** What Chromium is started with. */
export const launchOptions = {
  executablePath: chromePath(),
  args: [
    '--no-sandbox',
    '--enable-unsafe-webgpu',
    // A software adapter, which is the same on every machine. NN_LAB_GPU=1 uses the real GPU.
    ...(process.env.NN_LAB_GPU ? ['--enable-features=Vulkan'] : ['--use-webgpu-adapter=swiftshader']),
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

let browser;
let site;

/** Returns the browser, and starts it first if there is none. */
export function theBrowser() {
  browser ??= chromium.launch(launchOptions);
  return browser;
}

/** Uses a browser that somebody else has started, and closes. */
export function useBrowser(started) {
  browser = started;
}

/** Returns the built site, and serves it first if nobody does yet. */
export function theSite() {
  site ??= serve();
  return site;
}

/** Closes the browser and the site. A browser that did not start must not keep the site open. */
export async function closeAll() {
  await (await Promise.resolve(browser).catch(() => undefined))?.close();
  await (await site)?.close();
  browser = site = undefined;
}

/**
 * Opens an address of the lab in a fresh profile and returns its page. `complaints` receives every error on
 * the page's console (violations of its policy are among them), every uncaught error, and every request to an
 * origin that no test serves; errors that match one of `allow` are expected. With `ready: false` the page
 * need not have a panel (the cover has none), `from` is another site, and `init` runs in the page before anything else does. `slow`
 * emulates a connection of 10 Mbit/s and a processor that is four times slower.
 */
export async function openPage(hash, options = {}, complaints = []) {
  const { width = 1280, height = 900, theme = 'light', allow = [], from = await theSite(), ready = true, init, slow = false } = options;
  const context = await (await theBrowser()).newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' });
  context.setDefaultTimeout(20_000);
  const complain = (text) => allow.some((pattern) => pattern.test(text)) || complaints.push(text);
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && complain(message.text()));
  page.on('pageerror', (error) => complain(String(error.stack ?? error)));
  page.on('crash', () => complain('the page crashed'));
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && !origins.has(origin)) complain(`a request to another origin: ${request.url()}`);
  });
  if (init) await page.addInitScript(init);
  if (slow) {
    const session = await context.newCDPSession(page);
    await session.send('Network.emulateNetworkConditions', { offline: false, latency: 40, downloadThroughput: 10e6 / 8, uploadThroughput: 10e6 / 8 });
    await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  }
  await page.goto(from.url + hash, { waitUntil: 'commit' });
  if (ready) await page.waitForSelector('[data-panel]');
  return page;
}

/** Opens an address as `openPage` does, gives the page to `body`, and fails if there was a complaint. */
export async function withPage(hash, body, options = {}) {
  const complaints = [];
  const before = (await theBrowser()).contexts();
  try {
    const result = await body(await openPage(hash, options, complaints));
    assert.deepEqual(complaints, [], 'the page complains');
    return result;
  } catch (error) {
    error.message += `\nconsole: ${complaints.join('\n').slice(0, 2000)}`;
    throw error;
  } finally {
    for (const context of (await theBrowser()).contexts()) if (!before.includes(context)) await context.close();
  }
}

/**
 * Returns `#/slug?key=value&...`. The page shows all chapters unless `show` or the slug (`mlp/collapse`) says
 * otherwise.
 */
export function address(slug, params = {}) {
  const all = slug.includes('/') || 'show' in params ? {} : { show: 'all' };
  return `#/${slug}?${new URLSearchParams({ ...params, ...all })}`;
}

/** Takes a picture of the page, `target/e2e/NAME.png`. */
export async function shot(page, name) {
  mkdirSync(artifacts, { recursive: true });
  await page.screenshot({ path: join(artifacts, `${name}.png`), fullPage: true });
}

const panel = '[data-panel]';

/** Returns the number that a reader sees, or undefined if there is none yet. */
export async function metric(page, name) {
  const found = page.locator(`[data-metric="${name}"]`).first();
  if (!(await found.count())) return undefined;
  const value = await found.getAttribute('data-value');
  return value === null || value === '' ? undefined : Number(value);
}

/**
 * Reads a value until `holds` is true of it, and returns it. An error that the panel shows ends the wait at
 * once, with the panel's words; `unmet` says in the other case what was awaited in vain.
 */
async function until(page, read, holds, timeout, unmet) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    // The panel may have changed between the two reads, so the value is read again before it counts as missing.
    if ((await state(page)) === 'error' && !holds(await read())) throw new Error(`${unmet(value)}, and the panel says: ${await notice(page)}`);
    if (Date.now() > end) throw new Error(`${unmet(value)} after ${timeout / 1000} s`);
    await sleep(50);
  }
}

/** Waits until the metric is a number, and one that `holds` where that is given. */
export function waitMetric(page, name, holds = () => true, timeout = 20_000) {
  const isWanted = (value) => value !== undefined && !Number.isNaN(value) && holds(value);
  return until(page, () => metric(page, name), isWanted, timeout, (value) => `${name} is ${value}`);
}

/** Waits for a number of frames: for a layout to settle, or to see that something does not happen. */
export const frames = (page, count = 2) =>
  page.evaluate((count) => new Promise((resolve) => {
    const next = (left) => (left > 0 ? requestAnimationFrame(() => next(left - 1)) : resolve());
    next(count);
  }), count);

/** Waits until everything that needs no training has been measured. */
export const probed = (page) => page.locator('[data-panel][data-probe="idle"][data-device]').first().waitFor({ timeout: 30_000 });

/** Fails if a metric changes within 30 frames, which take half a second. */
export async function stays(page, name, value, why = `${name} changed`) {
  for (let i = 0; i < 10; i++) {
    await frames(page, 3);
    const now = await metric(page, name);
    if (now !== value) throw new Error(`${why}: ${now}, not ${value}`);
  }
}

export const state = (page) => page.locator(panel).first().getAttribute('data-state');
export const device = (page) => page.locator('[data-device]').first().getAttribute('data-device');

/** Waits until the panel is in one of the states, and returns it. */
export function waitState(page, wanted, timeout = 30_000) {
  const list = [wanted].flat();
  return until(page, () => state(page), (now) => list.includes(now), timeout, (now) => `the panel is "${now}", not ${list.join(' or ')}`);
}

/** Returns the panel's error message, as a visitor reads it. */
export const notice = (page) => page.locator('[data-kind="error"]:visible').first().innerText({ timeout: 5000 });

/** Opens the closed menus and groups that contain an element, the outermost first, as a visitor does. */
export async function reveal(target) {
  await target.first().waitFor({ state: 'attached' });
  const closed = target.first().locator('xpath=ancestor::details[not(@open)]/summary').first();
  for (let depth = 0; depth < 4 && (await closed.count()); depth++) await closed.click();
}

/** Opens every group of settings, so that each control is in sight of somebody who scrolls. */
export async function openSettings(page) {
  const closed = page.locator('.side details:not([open]) > summary:visible').first();
  while (await closed.count()) await closed.click();
}

/** Presses train, pause, resume, step, stop, reset or another button of the panel. */
export async function act(page, action) {
  const button = page.locator(`${panel} [data-action="${action}"]`).first();
  await reveal(button);
  await button.click();
}

/** Waits until the service worker has cached the site. */
export const activated = (page) =>
  page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active.state !== 'activated') await new Promise((resolve) => active.addEventListener('statechange', resolve, { once: true }));
  });

/** Chooses a preset. */
export async function choosePreset(page, slug) {
  const button = page.locator(`[data-preset="${slug}"]`).first();
  await reveal(button);
  await button.click();
}

/** Sets a control as a visitor does: types a number, chooses from a menu, ticks a box. */
export async function setParam(page, key, value) {
  const control = page.locator(`[data-param="${key}"]`).first();
  const field = control.locator('input[role="spinbutton"], select, input[type="checkbox"]').first();
  await reveal(field);
  const kind = await field.evaluate((node) => (node.tagName === 'SELECT' ? 'select' : node.type));
  if (kind === 'select') await field.selectOption(String(value));
  else if (kind === 'checkbox') await field.setChecked(Boolean(value));
  else {
    await field.fill(String(value));
    await field.press('Tab');
  }
}

/** Returns what a control shows. */
export function readParam(page, key) {
  const field = page.locator(`[data-param="${key}"]`).first().locator('input[role="spinbutton"], select, input[type="checkbox"]').first();
  return field.evaluate((node) => (node.type === 'checkbox' ? String(node.checked) : node.value));
}

/** Trains to the end and returns the named metrics. */
export async function train(page, names, timeout = 60_000) {
  await act(page, 'train');
  await waitState(page, 'done', timeout);
  const values = {};
  for (const name of names) values[name] = await waitMetric(page, name);
  return values;
}

/**
 * Takes one step and returns the named metrics after it. `act(page, 'resume')` continues the run, which
 * without a pause could be over before a test reads it.
 */
export async function firstStep(page, names, timeout) {
  await act(page, 'step');
  await waitState(page, 'paused', timeout);
  const values = {};
  for (const name of names) values[name] = await waitMetric(page, name, () => true, timeout);
  return values;
}

/** The slugs of all sections. A section is a folder; registry.test.mjs compares them with the navigation. */
export const sections = readdirSync(join(root, 'src/sections'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails on anything that axe finds in the page, or in what `within` selects, and names the elements. */
export async function checkAccess(page, when, within) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async (within) => {
    const result = await window.axe.run(within ?? document, { resultTypes: ['violations'] });
    // A violation may be about a pair of elements.
    const named = ({ target, any = [] }) => [target, ...any.flatMap(({ relatedNodes }) => relatedNodes.map((other) => other.target))].map((parts) => parts.join(' ')).join(' and ');
    return result.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(named).join(', ')}`);
  }, within);
  assert.deepEqual(violations, [], when);
}

/** Fails if the page can be scrolled sideways, and names what sticks out. */
export async function checkFits(page, when = 'wider than the window') {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const name = (node) => `${node.tagName.toLowerCase()}.${node.getAttribute('class')} in ${node.closest('[data-figure]')?.dataset.figure}`;
    return ['the page', ...[...document.querySelectorAll('body *')].filter((node) => node.getBoundingClientRect().right > width + 1).slice(0, 5).map(name)];
  });
  assert.deepEqual(wide, [], when);
}
