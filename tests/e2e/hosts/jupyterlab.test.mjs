// JupyterLab: the widget as the documents have it, without the Python package, which has tests of its own.

import assert from 'node:assert/strict';
import { checkFits, expect, predict, python, test, write } from './lib.mjs';

test('JupyterLab: the widget fits, follows the theme, and Python receives prediction and result', async ({ folder, guide, start, open }) => {
  const cell = (source) => ({ cell_type: 'code', metadata: {}, execution_count: null, outputs: [], source, id: String(source.length) });
  const cells = [`${guide.widget}\nlab = Lab(settings={"show": "twelve-tokens", "device": "cpu"})\nlab`, 'print("heard", lab.guess["id"], lab.guess["settings"]["seq_len"], lab.guess["outcome"] is not None)'].map(cell);
  write(folder, { 'widget.ipynb': JSON.stringify({ cells, metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } }, nbformat: 4, nbformat_minor: 5 }) });
  const from = await start((port) => [python('jupyter-lab'), '--no-browser', '--allow-root', '--ip=127.0.0.1', `--port=${port}`, '--IdentityProvider.token=', `--ServerApp.root_dir=${folder}`, '--LabApp.news_url=None', '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate', '--LabApp.expose_app_in_browser=True'], { cwd: folder });
  // JupyterLab itself fails to remove its splash screen if its theme changes twice within a second.
  const page = await open('lab/tree/widget.ipynb?reset', { from, ready: false, height: 1600, allow: [/removeChild.*\n.*\/static\/lab\//] });
  const cellAt = (at) => page.locator('.jp-Notebook .jp-CodeCell').nth(at);
  const run = async (at) => {
    await cellAt(at).locator('.cm-content').click();
    await page.keyboard.press('Shift+Enter');
  };
  // A cell that is run before the notebook has its kernel is not run at all.
  await expect(async () => {
    await run(0);
    await cellAt(0).locator('nn-lab').waitFor({ timeout: 10_000 });
  }).toPass({ timeout: 90_000 });
  const theme = page.frameLocator('nn-lab iframe').locator('html');
  for (const name of ['Dark', 'Light']) {
    await page.evaluate((name) => window.jupyterapp.commands.execute('apputils:change-theme', { theme: `JupyterLab ${name}` }), name);
    await expect(theme, `the panel follows the theme ${name}`).toHaveAttribute('data-theme', name.toLowerCase());
  }
  await predict(page);
  await checkFits(page, 'nn-lab');
  await run(1);
  await cellAt(1).getByText('heard rnn/twelve-tokens 12 True').waitFor();
  assert.equal(await page.locator('nn-lab').count(), 1);
});
