// Panels in real course tools, which scripts/hosts.sh installs into the folder NN_LAB_HOSTS: `./lab test hosts`. The lab
// is served from another origin than the tool, as for a teacher.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { course, inside } from '../lib/host.mjs';
import { expect, test as base } from '../lib/test.mjs';

const hosts = process.env.NN_LAB_HOSTS ?? '';

const test = base.extend({
  /** A folder for the files of a test. */
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'nn-lab-host-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },

  /** Starts a tool's server on a free port and returns its address. The tool ends with the test. */
  start: async ({}, use) => {
    const started = [];
    await use(async (words, { cwd }) => {
      const port = await freePort();
      const [command, ...rest] = words(port);
      const tool = spawn(command, rest, { cwd, stdio: 'ignore', detached: true });
      started.push(tool);
      const url = `http://127.0.0.1:${port}/`;
      await expect.poll(() => fetch(url).then(({ ok }) => ok, () => false), { message: `${command} answers`, timeout: 90_000 }).toBe(true);
      return url;
    });
    // The tool's kernels are in its group of processes.
    for (const { pid } of started) process.kill(-pid, 'SIGTERM');
  },

  /** Opens a page of a tool, whose own messages on the console do not count. */
  visit: async ({ browser }, use) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1600 } });
    context.setDefaultTimeout(60_000);
    await use(async (url) => {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    });
    await context.close();
  },
});

test.skip(!hosts, 'NN_LAB_HOSTS is not set');
test.setTimeout(400_000);

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const widget = (lab) => `import anywidget, traitlets

class Lab(anywidget.AnyWidget):
    _esm = "${lab}embed.js"
    panel = traitlets.Unicode("rnn").tag(sync=True)
    settings = traitlets.Dict({"show": "twelve-tokens", "device": "cpu"}).tag(sync=True)
    lab = traitlets.Unicode("${lab}").tag(sync=True)
    metrics = traitlets.Dict().tag(sync=True)
    guess = traitlets.Dict().tag(sync=True)
`;

/** Does the experiment of the widget, and returns the panel. */
async function predict(page) {
  const panel = page.frameLocator('iframe[title^="Neural network lab"]');
  await panel.locator('[data-experiment="twelve-tokens"]').waitFor();
  await panel.getByLabel('Both networks').check();
  await panel.locator('[data-action="guess"]').click();
  await panel.locator('[data-action="train"]').click();
  await panel.locator('[data-experiment-state="answered"]').waitFor({ timeout: 180_000 });
}

test('JupyterLab: the widget shows its panel, and Python receives prediction and result', async ({ folder, start, visit, site }) => {
  const cell = (source) => ({ cell_type: 'code', metadata: {}, execution_count: null, outputs: [], source, id: String(source.length) });
  const cells = [`${widget(site.url)}\nlab = Lab()\nlab`, 'print("heard", lab.guess["id"], lab.guess["settings"]["seq_len"], lab.guess["outcome"] is not None)'].map(cell);
  writeFileSync(join(folder, 'widget.ipynb'), JSON.stringify({ cells, metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } }, nbformat: 4, nbformat_minor: 5 }));
  const url = await start((port) => [join(hosts, 'python/bin/jupyter-lab'), '--no-browser', '--allow-root', '--ip=127.0.0.1', `--port=${port}`, '--IdentityProvider.token=', `--ServerApp.root_dir=${folder}`, '--LabApp.news_url=None', '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate'], { cwd: folder });
  const page = await visit(`${url}lab/tree/widget.ipynb?reset`);
  const cellAt = (at) => page.locator('.jp-Notebook .jp-CodeCell').nth(at);
  const run = async (at) => {
    await cellAt(at).locator('.cm-content').click();
    await page.keyboard.press('Shift+Enter');
  };
  // A cell that is run before the notebook has its kernel is not run at all.
  await expect(async () => {
    await run(0);
    await cellAt(0).locator('iframe[title^="Neural network lab"]').waitFor({ timeout: 10_000 });
  }).toPass({ timeout: 90_000 });
  await predict(page);
  await run(1);
  await cellAt(1).getByText('heard rnn/twelve-tokens 12 True').waitFor();
});

test('marimo: the widget shows its panel, and Python receives prediction and result', async ({ folder, start, visit, site }) => {
  const body = widget(site.url).replace('import anywidget, traitlets', 'import anywidget, traitlets, marimo as mo');
  const app = `import marimo

app = marimo.App()

@app.cell
def _():
${`${body}\nlab = mo.ui.anywidget(Lab())\nlab`.replace(/^(?=.)/gm, '    ')}
    return lab, mo

@app.cell
def _(lab, mo):
    guess = lab.value.get("guess") or {}
    mo.md(f"heard {guess.get('id')} {guess.get('settings', {}).get('seq_len')} {guess.get('outcome') is not None}")
    return
`;
  writeFileSync(join(folder, 'app.py'), app);
  const url = await start((port) => [join(hosts, 'python/bin/marimo'), 'run', 'app.py', '--headless', '--no-token', '--host', '127.0.0.1', '--port', String(port)], { cwd: folder });
  const page = await visit(url);
  await predict(page);
  await page.getByText('heard rnn/twelve-tokens 12 True').waitFor();
});

test('Docusaurus: the page hydrates without an error, and each frame loads once', async ({ open, serve, site }) => {
  const folder = join(hosts, 'node/docusaurus-site');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'src/pages'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"name": "site", "private": true}');
  writeFileSync(
    join(folder, 'docusaurus.config.js'),
    `module.exports = { title: 'Course', url: 'http://127.0.0.1', baseUrl: '/', presets: [['classic', { docs: false, blog: false }]], scripts: [{ src: '${site.url}embed.js', type: 'module' }], headTags: [{ tagName: 'link', attributes: { rel: 'icon', href: 'data:,' } }] };`,
  );
  writeFileSync(join(folder, 'src/pages/index.mdx'), '# Lecture 7\n\n<nn-lab id="one" panel="mlp" show="parameters" device="cpu"><a href="https://lab.example">Open the panel</a></nn-lab>\n\n<nn-lab id="two" panel="rnn" show="loss" device="cpu"></nn-lab>\n');
  // It writes its caches to the folder that it runs in.
  execFileSync(join(hosts, 'node/node_modules/.bin/docusaurus'), ['build'], { cwd: folder, stdio: 'pipe', env: { ...process.env, CI: 'true' } });
  const host = await serve({ folder: join(folder, 'build') });
  site.requests.length = 0;
  // `open` fails if React complains about a difference.
  const page = await open('', { from: host, ready: false });
  for (const id of ['#one', '#two']) {
    await page.locator(id).scrollIntoViewIfNeeded();
    await inside(page, id).locator('[data-panel][data-probe="idle"]').waitFor();
  }
  assert.equal(site.requests.filter((name) => name === 'index.html').length, 2);
});

test('TinyMCE: a div survives the editor and becomes a panel, and a listed host’s frame may run', async ({ open, serve, site }) => {
  const text = `<div class="nn-lab" data-panel="rnn" data-show="loss" data-device="cpu"><a href="${site.url}#/rnn">Open the panel</a></div><p><iframe src="${site.url}index.html#/mlp?embed=1&amp;show=parameters&amp;device=cpu" width="100%" height="400"></iframe></p><nn-lab panel="mlp"></nn-lab>`;
  const editor = '<!doctype html><html lang="en"><meta charset="utf-8"><title>editor</title><link rel="icon" href="data:,"><script src="tinymce.min.js"></script><body><textarea></textarea></body></html>';
  const host = await serve({ folder: join(hosts, 'node/node_modules/tinymce'), pages: { 'index.html': editor } });
  const page = await open('', { from: host, ready: false, allow: [/./] });
  await page.waitForFunction(() => window.tinymce);
  const written = (options) =>
    page.evaluate(
      async ([text, options]) => {
        const [editor] = await tinymce.init({ selector: 'textarea', license_key: 'gpl', promotion: false, ...options });
        editor.setContent(text);
        const content = editor.getContent();
        editor.remove();
        return content;
      },
      [text, options],
    );
  const plain = await written({});
  assert.ok(!plain.includes('<nn-lab'), plain);
  assert.match(plain, /<iframe[^>]* sandbox=""/);
  const listed = await written({ sandbox_iframes_exclusions: [new URL(site.url).hostname] });
  assert.ok(!/<iframe[^>]* sandbox=/.test(listed), listed);
  const shown = await open('', { from: await serve({ pages: { 'index.html': course(listed).replace('LAB', site.url) } }), ready: false });
  await inside(shown, '.nn-lab').locator('[data-panel="rnn"][data-probe="idle"]').waitFor();
  await shown.frameLocator('p iframe').locator('[data-panel="mlp"]').waitFor();
});
