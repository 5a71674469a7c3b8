// Panels in real course tools: the fixtures, the snippets of EMBEDDING.md, and the checks that every tool has to pass.
// scripts/hosts.sh installs the tools into the folder NN_LAB_HOSTS: `./lab test hosts`. The lab is served from another
// origin than the tool, as for a teacher.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inside } from '../lib/host.mjs';
import { expect, frames, shot, test as base } from '../lib/test.mjs';
import { origins } from '../lib/site.mjs';

export { expect, frames, inside, shot };

const hosts = process.env.NN_LAB_HOSTS ?? '';
/** The path of a tool from PyPI. */
export const python = (name) => join(hosts, 'python/bin', name);
/** The folder in which the tools from npm are installed. Node finds their packages from here and from its folders. */
export const node = join(hosts, 'node');

export const test = base.extend({
  /** Skips a test without tools. */
  tools: [
    async ({}, use) => {
      test.skip(!hosts, 'NN_LAB_HOSTS is not set');
      test.setTimeout(300_000);
      await use();
    },
    { auto: true },
  ],

  /** A folder for the files of a test. */
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'nn-lab-host-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },

  /** A folder for the files of a test from which node finds the installed packages. */
  nodeFolder: async ({}, use) => {
    const folder = mkdtempSync(join(node, 'site-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },

  /** The guide for the lab that this test serves. */
  guide: async ({ site }, use) => use(guideFor(site.url)),

  /** Starts a tool's server on a free port and returns its address. The tool ends with the test. */
  start: async ({}, use) => {
    const started = [];
    await use(async (words, { cwd }) => {
      const port = await freePort();
      const [command, ...rest] = words(port);
      const tool = spawn(command, rest, { cwd, stdio: 'ignore', detached: true });
      started.push(tool);
      const url = `http://127.0.0.1:${port}/`;
      origins.add(new URL(url).origin);
      origins.add(`ws://127.0.0.1:${port}`);
      await expect.poll(() => fetch(url).then(({ ok }) => ok, () => false), { message: `${command} answers`, timeout: 90_000 }).toBe(true);
      return { url };
    });
    // The tool's kernels are in its group of processes.
    for (const { pid } of started) process.kill(-pid, 'SIGTERM');
  },
});

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Writes files, by their names, into a folder. */
export function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/**
 * Runs a tool to its end, and shows its output if it fails. Tools may read from the lab, which this process serves, so it must
 * not wait for them.
 */
export async function build(command, words, { cwd, env = {} }) {
  const tool = spawn(command, words, { cwd, env: { ...process.env, CI: 'true', ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 200_000 });
  let output = '';
  for (const stream of [tool.stdout, tool.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [status] = await once(tool, 'close');
  assert.equal(status, 0, `${command} ${words.join(' ')}\n${output}`);
}

/** An icon for pages without one, because browsers ask for it. */
export const ICON = '<link rel="icon" href="data:,">';

/**
 * Returns the snippets of EMBEDDING.md and docs/embedding.md, with the address of a lab in them. Only the device and the
 * number of steps are added, so that a test takes seconds.
 */
function guideFor(lab) {
  const read = (name) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8').replaceAll('YOUR-LAB/', lab);
  const text = read('EMBEDDING.md');
  const blocks = (text, language) => [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code]) => code);
  const quick = (code) => code.replace('<nn-lab ', '<nn-lab device="cpu" steps="6" ').replace('class="nn-lab" ', 'class="nn-lab" data-device="cpu" data-steps="6" ');
  const whole = blocks(text, 'html');
  const html = whole.map(quick);
  const snippet = html[0];
  const [div, frame] = ['<div class="nn-lab"', '<iframe'].map((start) => html.find((code) => code.includes(start)));
  return {
    /** The snippet for pages with HTML and scripts. */
    snippet,
    /** Its second line: the element. */
    element: snippet.trim().split('\n').at(-1),
    /** The line for editors that keep only plain elements. */
    div: div.trim().split('\n').at(-1),
    frame: frame.trim(),
    /** The element with a question, whose run is not shortened. */
    question: whole.find((code) => code.includes(' ask=')).trim().split('\n').at(-1).replace('<nn-lab ', '<nn-lab device="cpu" '),
    /** The element that shows a lesson from a file. */
    lesson: text.match(/`(<nn-lab panel="lesson"[^`]*)`/)[1],
    /** The pieces of code in a tool's row of the table. */
    row(tool) {
      const row = text.split('\n').find((line) => line.startsWith('| ') && line.split('|')[1].includes(tool));
      assert.ok(row, `EMBEDDING.md has a row for ${tool}`);
      // A code that contains backticks is between two of them.
      return [...row.matchAll(/``\s(.+?)\s``|`([^`]+)`/g)].map(([, longer, shorter]) => longer ?? shorter);
    },
    /** The class for notebooks without the Python package. */
    widget: blocks(read('docs/embedding.md'), 'python').find((code) => code.includes('anywidget')),
  };
}

/**
 * Fails if a panel's frame can be scrolled, or if the page is wider than its window. Other faults of a page, such as messages
 * on its console, have already failed the test through `open`.
 */
export async function checkFits(page, selector) {
  const { width } = page.viewportSize();
  const root = inside(page, selector).locator('html');
  const overflow = () => root.evaluate((html) => [html.scrollHeight > innerHeight + 1, html.scrollWidth > innerWidth]);
  await expect.poll(overflow, { message: `the panel has room at ${width} pixels: [height, width] overflow`, timeout: 20_000 }).toEqual([false, false]);
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')].filter((node) => node.getBoundingClientRect().right > width + 1).slice(0, 5).map((node) => node.outerHTML.slice(0, 80));
  });
  assert.deepEqual(wide, [], `wider than the window of ${width} pixels`);
}

/**
 * Checks a panel in a page of a tool: it fits at two widths, follows the page's theme while it runs, and trains, and the page
 * hears of it.
 * - `toggle(dark)`: switches the page to dark or back, if the tool can.
 * - `fits`: false for a tool whose pages are not laid out by width, such as slides.
 */
export async function checkPanel(page, { selector = 'nn-lab', toggle, fits = true } = {}) {
  await page.locator(selector).first().scrollIntoViewIfNeeded();
  const panel = inside(page, selector);
  await panel.locator('[data-panel][data-probe="idle"]').waitFor({ timeout: 60_000 });
  await page.locator(selector).evaluate((element) => {
    window.heard = [];
    element.addEventListener('nn-lab-metrics', ({ detail }) => window.heard.push(detail.metrics.step));
  });
  if (toggle) {
    const theme = panel.locator('html');
    const before = await theme.getAttribute('data-theme');
    await toggle(true);
    await expect(theme, 'the panel goes dark with the page').toHaveAttribute('data-theme', 'dark');
    await toggle(false);
    await expect(theme, 'the panel goes light with the page').toHaveAttribute('data-theme', 'light');
    assert.equal(before, 'light');
  }
  await panel.locator('[data-action="train"]').first().click();
  await panel.locator('[data-panel][data-state="done"]').waitFor({ timeout: 120_000 });
  await expect.poll(() => page.evaluate(() => window.heard.at(-1)), 'the page hears the numbers').toBe(6);
  if (fits) {
    for (const width of [1280, 400]) {
      await page.setViewportSize({ width, height: 900 });
      await frames(page, 5);
      await checkFits(page, selector);
    }
  }
}

/** Does the experiment that a widget shows. */
export async function predict(page) {
  const panel = inside(page, 'nn-lab');
  await panel.locator('[data-experiment="twelve-tokens"]').waitFor();
  await panel.getByLabel('Both networks').check();
  await panel.locator('[data-action="guess"]').click();
  await panel.locator('[data-action="train"]').click();
  await panel.locator('[data-experiment-state="answered"]').waitFor({ timeout: 180_000 });
}
