// Files of section 6 from the time when widths and numbers of heads were texts. Both are of the same run,
// made with commit c472b57. `tests/older_files.rs` reads the same two files.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, address, metric, readParam, test, waitMetric, waitState } from './lib/test.mjs';

const fixture = (name) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
const run = JSON.parse(fixture('older-run.json'));
const points = (name) => run.series.find((series) => series.metric === name).points;
// The file has the shortest digits of 32-bit numbers.
const last = (name) => Math.fround(points(name).at(-1)[1]);

test('a run and its weights of an earlier version open completely', async ({ open }) => {
  const page = await open(address('transformer', { device: 'cpu' }));
  const quiet = async (when) => {
    for (const loud of ['.runs [role="status"] .notice', '[data-refused]', '[data-panel] [data-kind="error"]'])
      assert.equal(await page.locator(loud).count(), 0, `${when}: ${loud}`);
  };
  assert.deepEqual([run.config.heads, run.config.d_model, run.config.task], ['2', '16', undefined], 'the file is an old one');

  await page.locator('.history [data-action="open-run"]').setInputFiles({ name: 'old.json', mimeType: 'application/json', buffer: fixture('older-run.json') });
  const opened = page.locator('.run[data-origin="file"]');
  await opened.waitFor();
  await quiet('the run is open');
  for (const name of ['loss_train', 'loss_val'])
    assert.equal(Number(await opened.locator(`[data-kept="${name}"]`).getAttribute('data-value')), last(name), name);
  await opened.locator('[data-action="run-details"]').click();
  const settings = await opened.locator('.run-table').first().locator('tr').allInnerTexts();
  assert.equal(settings.length, Object.keys(run.config).length, settings.join('; '));
  for (const row of [/^Heads in a layer\s+2$/, /^Width\s+16$/, /^Context\s+8$/, /^Tied head\s+on$/])
    assert.ok(settings.some((text) => row.test(text)), `${row}: ${settings.join('; ')}`);
  assert.match(await opened.innerText(), /Heads in a layer 2 → 4, Width 16 → 64/);
  assert.match(await opened.innerText(), /Changed while it ran: Learning rate to 0.01 after step 20/);
  assert.deepEqual(
    await opened.locator('[data-check-verdict]').evaluateAll((list) => list.map((node) => node.dataset.checkVerdict)),
    run.checks.map((check) => check.verdict),
  );

  // The table of the comparison has every point of its curves.
  await opened.locator('[data-action="compare-run"]').check();
  const figure = page.locator('[data-figure="compare-runs"]');
  await figure.locator('summary').click();
  await figure.locator('[data-export="table"]').click();
  await figure.locator('tbody tr').first().waitFor();
  assert.equal(await figure.locator('thead th').count(), 2, 'steps and the run');
  assert.equal(await figure.locator('tbody tr').count(), points(await readParam(page, 'compare_metric')).length);

  // Running again restores the settings, so that the model has the size of the saved weights.
  await opened.locator('[data-action="rerun"]').click();
  await waitState(page, 'done', 60_000);
  for (const key of ['heads', 'd_model', 'layers', 'context', 'batch_size', 'steps', 'learning_rate'])
    assert.equal(await readParam(page, key), String(run.config[key]), key);
  await quiet('done again');

  await act(page, 'reset');
  await page.locator('[data-load]').setInputFiles({ name: 'old.safetensors', mimeType: 'application/octet-stream', buffer: fixture('older-weights.safetensors') });
  await page.locator('[data-loaded="40"]').waitFor({ timeout: 30_000 });
  const loss = await waitMetric(page, 'loss_val');
  assert.ok(Math.abs(loss - last('loss_val')) < 1e-4, `${loss}, and it was ${last('loss_val')}`);
  assert.ok(Math.abs((await metric(page, 'bits_per_char')) - loss / Math.LN2) < 1e-6);
  await quiet('the weights are open');
});
