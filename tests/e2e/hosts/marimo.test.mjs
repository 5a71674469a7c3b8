// marimo: the widget as the documents have it, without the Python package, which has tests of its own.

import { checkFits, expect, predict, python, test, write } from './lib.mjs';

test('marimo: the widget fits, follows the theme, and Python receives prediction and result', async ({ folder, guide, start, open }) => {
  const cell = `${guide.widget.replace('import anywidget, traitlets', 'import anywidget, traitlets, marimo as mo')}
lab = mo.ui.anywidget(Lab(settings={"show": "twelve-tokens", "device": "cpu"}))
lab`.replace(/^(?=.)/gm, '    ');
  const app = `# /// script
# [tool.marimo.display]
# theme = "system"
# ///
import marimo

app = marimo.App()

@app.cell
def _():
${cell}
    return lab, mo

@app.cell
def _(lab, mo):
    guess = lab.value.get("guess") or {}
    mo.md(f"heard {guess.get('id')} {guess.get('settings', {}).get('seq_len')} {guess.get('outcome') is not None}")
    return
`;
  write(folder, { 'app.py': app });
  const from = await start((port) => [python('marimo'), 'run', 'app.py', '--headless', '--no-token', '--host', '127.0.0.1', '--port', String(port)], { cwd: folder });
  const page = await open('', { from, ready: false, height: 1600 });
  const theme = page.frameLocator('nn-lab iframe').locator('html');
  await theme.locator('[data-panel]').waitFor({ timeout: 60_000 });
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    await expect(theme, `the panel follows the theme ${colorScheme}`).toHaveAttribute('data-theme', colorScheme);
  }
  await predict(page);
  await checkFits(page, 'nn-lab');
  await page.getByText('heard rnn/twelve-tokens 12 True').waitFor();
});
