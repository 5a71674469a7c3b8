// One browser for all tests, and the few words that the tests are written in.

import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { artefacts, origins, serve } from './site.mjs';

const flags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  // A GPU in software, the same on every machine; NN_LAB_GPU=1 takes the real one.
  ...(process.env.NN_LAB_GPU ? ['--enable-features=Vulkan'] : ['--use-webgpu-adapter=swiftshader']),
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser;
let site;

export function chromePath() {
  for (const name of [process.env.CHROME, 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    if (!name) continue;
    try {
      return execFileSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim();
    } catch {}
  }
  throw new Error('Install Chromium or Chrome, or set CHROME to its path.');
}

export async function theBrowser() {
  const launch = () => chromium.launch({ executablePath: chromePath(), args: flags });
  // Two browsers that start at the same moment can be in each other's way; the second try is by itself.
  browser ??= launch().catch(launch);
  return browser;
}

export async function theSite() {
  site ??= serve();
  return site;
}

export async function closeAll() {
  // A browser that did not start must not keep the site, and with it the whole test, waiting.
  await (await browser?.catch(() => undefined))?.close();
  await (await site)?.close();
  browser = site = undefined;
}

// The benchmark uses this file outside of node's test runner.
if (process.env.NODE_TEST_CONTEXT) after(closeAll);

/** Whether this is the daily `./lab test`, which is done in minutes. */
export const quick = Boolean(process.env.NN_LAB_QUICK);

/** A test that the daily run leaves out. `./lab test long`, which a build server runs, and `./lab test e2e` have it. */
export const long = quick ? test.skip : test;

/**
 * Opens `hash` in a fresh profile, gives the page to `body`, and fails if the page complained on its console, of its policy,
 * too: an error there that `expect` does not match is a failed test. So is any request beyond what the test serves.
 */
export async function withPage(hash, body, options = {}) {
  const { width = 1280, height = 900, theme = 'light', expect = [], from = await theSite(), ready = true, init } = options;
  const context = await (await theBrowser()).newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
  page.on('crash', () => complaints.push('the page crashed'));
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && !origins.has(origin)) complaints.push(`asked elsewhere: ${request.url()}`);
  });
  if (init) await page.addInitScript(init);
  try {
    await page.goto(from.url + hash, { waitUntil: 'commit' });
    if (ready) await page.waitForSelector('[data-panel]');
    const result = await body(page);
    const unexpected = complaints.filter((text) => !expect.some((pattern) => pattern.test(text)));
    if (unexpected.length) throw new Error(`the console says:\n${unexpected.join('\n')}`);
    return result;
  } catch (error) {
    await shot(page, `failed-${hash.replace(/\W+/g, '_').slice(0, 60)}`).catch(() => {});
    if (complaints.length) error.message += `\nconsole: ${complaints.join('\n').slice(0, 2000)}`;
    throw error;
  } finally {
    await context.close();
  }
}

/** `#/slug?key=value&...`: all chapters below one another, unless `show` or the slug (`mlp/collapse`) says otherwise. */
export function address(slug, params = {}) {
  const all = slug.includes('/') || 'show' in params ? {} : { show: 'all' };
  return `#/${slug}?${new URLSearchParams({ ...params, ...all })}`;
}

/** A picture in target/e2e/. */
export async function shot(page, name) {
  mkdirSync(artefacts, { recursive: true });
  await page.screenshot({ path: join(artefacts, `${name}.png`), fullPage: true });
}

const panel = '[data-panel]';

/** The number that a reader sees, or undefined where there is none yet. */
export async function metric(page, name) {
  const found = page.locator(`[data-metric="${name}"]`).first();
  if (!(await found.count())) return undefined;
  const value = await found.getAttribute('data-value');
  return value === null || value === '' ? undefined : Number(value);
}

/** Waits until the metric is a number, and one that `holds` where that is given. */
export async function waitMetric(page, name, holds = () => true, timeout = 20_000) {
  const end = Date.now() + timeout;
  let value;
  do {
    value = await metric(page, name);
    if (value !== undefined && !Number.isNaN(value) && holds(value)) return value;
    if ((await state(page)) === 'error') throw new Error(`${name} is ${value}, and the panel says: ${await notice(page)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end);
  throw new Error(`${name} is ${value} after ${timeout / 1000} s`);
}

/** Lets the page draw so many frames: for a layout to come to rest, and to see that something does not happen. */
export const frames = (page, count = 2) =>
  page.evaluate((count) => new Promise((resolve) => {
    const next = (left) => (left > 0 ? requestAnimationFrame(() => next(left - 1)) : resolve());
    next(count);
  }), count);

/** Waits until what can be measured without training is there. */
export const probed = (page) => page.locator('[data-panel][data-probe="idle"]').first().waitFor({ timeout: 30_000 });

/** Asserts that a number stays what it is for half a second's frames. */
export async function stays(page, name, value, why = `${name} changed`) {
  for (let i = 0; i < 10; i++) {
    await frames(page, 3);
    const now = await metric(page, name);
    if (now !== value) throw new Error(`${why}: ${now}, not ${value}`);
  }
}

export const state = (page) => page.locator(panel).first().getAttribute('data-state');
export const device = (page) => page.locator('[data-device]').first().getAttribute('data-device');

/** Waits for one of the states; an error that nobody asked for ends the wait at once, with its words. */
export async function waitState(page, wanted, timeout = 30_000) {
  const list = [wanted].flat();
  const end = Date.now() + timeout;
  for (;;) {
    const now = await state(page);
    if (list.includes(now)) return now;
    if (now === 'error') throw new Error(`the panel says: ${await notice(page)}`);
    if (Date.now() > end) throw new Error(`the panel is "${now}" after ${timeout / 1000} s, not ${list.join(' or ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The panel's error message, as it is seen. */
export const notice = (page) => page.locator('[data-kind="error"]:visible').first().innerText({ timeout: 5000 });

/** Presses train, pause, resume, step, stop or reset. */
export const act = (page, action) => page.locator(`${panel} [data-action="${action}"]`).first().click();

/** Sets a control by hand: types a number, chooses from a menu, ticks a box. */
export async function setParam(page, key, value) {
  const control = page.locator(`[data-param="${key}"]`).first();
  const field = control.locator('input[type="number"], select, input[type="checkbox"]').first();
  const kind = await field.evaluate((node) => (node.tagName === 'SELECT' ? 'select' : node.type));
  if (kind === 'select') await field.selectOption(String(value));
  else if (kind === 'checkbox') await field.setChecked(Boolean(value));
  else {
    await field.fill(String(value));
    await field.press('Tab');
  }
}

/** What a control shows. */
export function readParam(page, key) {
  const field = page.locator(`[data-param="${key}"]`).first().locator('input[type="number"], select, input[type="checkbox"]').first();
  return field.evaluate((node) => (node.type === 'checkbox' ? String(node.checked) : node.value));
}

/** Trains to the end, and gives the metrics asked for. */
export async function train(page, names, timeout = 60_000) {
  await act(page, 'train');
  await waitState(page, 'done', timeout);
  const values = {};
  for (const name of names) values[name] = await waitMetric(page, name);
  return values;
}

/** Takes one step, and gives the metrics after it; `act(page, 'resume')` goes on. A quick run is over before it is looked at. */
export async function firstStep(page, names, timeout) {
  await act(page, 'step');
  await waitState(page, 'paused', timeout);
  const values = {};
  for (const name of names) values[name] = await waitMetric(page, name, () => true, timeout);
  return values;
}

/** The slugs of all sections, from the navigation. */
export async function sections() {
  return withPage('', (page) =>
    page.$$eval('nav a[href*="#/"]', (links) => [...new Set(links.map((a) => /#\/([a-z0-9-]+)/.exec(a.getAttribute('href'))?.[1]).filter(Boolean))]),
  );
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails on anything that axe finds, with the elements named. */
export async function checkAccess(page, when) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const result = await window.axe.run(document, { resultTypes: ['violations'] });
    return result.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')}`);
  });
  assert.deepEqual(violations, [], when);
}
