// Saved runs: the list, the comparison, files, and running again.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, address, checkAccess, checkFits, readParam, sections, setParam, shot, test, train, waitMetric } from './lib/test.mjs';

const mlp = (params) => address('mlp', { device: 'cpu', steps: 40, ...params });
const rows = (page) => page.locator('.run');
const row = (page, name) => page.locator(`.run:has([aria-label="Name of the run: ${name}"])`);
const names = (page) => page.locator('.run .run-name').evaluateAll((list) => list.map((node) => node.value ?? node.textContent));
const last = (run, metric) => run.locator(`[data-kept="${metric}"]`).getAttribute('data-value');
const said = (page) => page.locator('.runs [role="status"] .notice').innerText();
const inside = (page, action) => page.locator(`.history [data-action="${action}"]`);

/** Presses a button that downloads a file, and returns the file's name and text. */
async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
}

/** Opens a text as the file of a run. */
const openFile = (page, text, name = 'run.json') => inside(page, 'open-run').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });

/** Drops onto the list what `fill` puts into a DataTransfer. */
async function drop(page, fill, text) {
  const dataTransfer = await page.evaluateHandle(
    ([fill, text]) => {
      const transfer = new DataTransfer();
      new Function('transfer', 'text', `(${fill})(transfer, text)`)(transfer, text);
      return transfer;
    },
    [String(fill), text],
  );
  await page.locator('.runs').dispatchEvent('drop', { dataTransfer });
}

/** Returns the columns of the comparison's table, without the first. */
async function compared(page) {
  const figure = page.locator('[data-figure="compare-runs"]');
  if (!(await figure.locator('table').count())) {
    await figure.locator('summary').click();
    await figure.locator('[data-export="table"]').click();
  }
  return figure.locator('thead th').evaluateAll((cells) => cells.slice(1).map((cell) => cell.textContent));
}

test('runs are listed, compared, named, pinned, deleted and stored', async ({ open }) => {
  const page = await open(mlp(), {
    init: () => {
      window.made = window.revoked = 0;
      const { createObjectURL, revokeObjectURL } = URL;
      URL.createObjectURL = (blob) => (window.made++, createObjectURL.call(URL, blob));
      URL.revokeObjectURL = (url) => (window.revoked++, revokeObjectURL.call(URL, url));
    },
  });
  assert.match(await page.locator('.runs-empty').innerText(), /No saved runs yet/);
  await train(page, []);
  await rows(page).waitFor();
  const first = await last(row(page, 'Run 1'), 'loss_activated');
  assert.ok(Number.isFinite(Number(first)));
  assert.equal(Number(await last(row(page, 'Run 1'), 'accuracy_linear')), await waitMetric(page, 'accuracy_linear'));
  // Both networks train in parallel, and the URLs of the workers' scripts are revoked after use.
  assert.deepEqual(await page.evaluate(() => [window.made, window.revoked]), [2, 2]);

  await setParam(page, 'depth', 5);
  await setParam(page, 'bias', false);
  await train(page, []);
  await row(page, 'Run 2').waitFor();
  assert.deepEqual(await names(page), ['Run 2', 'Run 1']);
  assert.match(await row(page, 'Run 2').innerText(), /Against Run 1: Hidden layers 3 → 5, Biases on → off\./);
  assert.match(await row(page, 'Run 1').innerText(), /Against the default settings: Training steps 1500 → 40\./);
  assert.notEqual(await last(row(page, 'Run 2'), 'loss_activated'), first);

  // Two saved runs are compared with the current one.
  for (const box of await inside(page, 'compare-run').all()) await box.check();
  assert.deepEqual((await compared(page)).sort(), ['Run 1', 'Run 2']);
  await setParam(page, 'compare_metric', 'accuracy_activated');
  await setParam(page, 'steps', 20_000);
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 20);
  assert.deepEqual((await compared(page)).sort(), ['Run 1', 'Run 2', 'now']);
  assert.ok(await inside(page, 'rerun').first().isDisabled(), 'a run goes on');
  await setParam(page, 'learning_rate', 0.02);
  await waitMetric(page, 'step', (step) => step > 40);
  await act(page, 'stop');
  await row(page, 'Run 3').waitFor();
  assert.deepEqual((await compared(page)).sort(), ['Run 1', 'Run 2']);
  assert.match(await row(page, 'Run 3').innerText(), /stopped after \d+ of 20000 steps/);
  await row(page, 'Run 3').locator('[data-action="run-details"]').click();
  assert.match(await row(page, 'Run 3').innerText(), /Changed while it ran: Learning rate to 0.02 after step \d+/);
  assert.ok((await row(page, 'Run 3').locator('[data-check-verdict]').count()) > 2);
  await shot(page, 'keep-1280-light');
  await checkAccess(page, 'light, compared, details open', '.history');

  // Only the keyboard is used from here.
  const name = row(page, 'Run 2').locator('input.run-name');
  await name.focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('deep');
  await page.keyboard.press('Tab');
  await row(page, 'deep').locator('[data-action="pin-run"]').focus();
  await page.keyboard.press('Space');
  await row(page, 'Run 1').locator('[data-action="delete-run"]').focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.dataset.action === 'undo-delete');
  assert.deepEqual(await names(page), ['Run 3', 'deep']);
  await page.keyboard.press('Enter');
  await row(page, 'Run 1').waitFor();
  assert.deepEqual(await names(page), ['Run 3', 'deep', 'Run 1']);
  await row(page, 'Run 3').locator('[data-action="delete-run"]').click();

  // The runs survive a reload, and another section has a separate list.
  await page.reload();
  await row(page, 'deep').waitFor();
  assert.deepEqual(await names(page), ['deep', 'Run 1']);
  assert.equal(await row(page, 'deep').locator('[data-action="pin-run"]').getAttribute('aria-pressed'), 'true');
  assert.equal(await last(row(page, 'Run 1'), 'loss_activated'), first);
  await page.goto(page.url().replace(/#.*/, address('rnn', { device: 'cpu' })));
  await page.waitForSelector('[data-panel="rnn"] .runs-empty');
});

test('the file of a run opens with the same numbers, and can be run again', async ({ open }) => {
  const page = await open(mlp({ seed: 7, noise: 0.0123456789012345, theme: 'dark' }));
  await train(page, []);
  await rows(page).waitFor();
  const loss = await last(row(page, 'Run 1'), 'loss_activated');
  const { name, text } = await saved(page, inside(page, 'save-run'));
  assert.match(name, /^nn-lab-mlp-\d{4}-\d\d-\d\d-\d{6}\.json$/);
  const file = JSON.parse(text);
  assert.equal(file.schema, 'nn-lab/run');
  assert.deepEqual([file.seed, file.config.seed, Number(file.config.noise), file.steps.done], [7, 7, 0.0123456789012345, 40]);
  assert.deepEqual([file.device.asked, file.device.kind, file.outcome], ['cpu', 'cpu', 'done']);
  assert.equal(file.series.find((series) => series.metric === 'loss_activated').points.length, 40);
  assert.equal(file.checks.length, await page.locator('.chapter > .checks tbody tr').count());

  const csv = (await saved(page, inside(page, 'save-run-csv'))).text.split('\r\n');
  const head = csv[0].split(',');
  assert.equal(head[0], 'step');
  for (const { metric } of file.series) assert.ok(head.some((column) => column.split(' ')[0] === metric), metric);
  assert.match(csv[1], /nn-lab [\d.]+ · mlp · noise=0.0123456789012345 steps=40 seed=7$/);

  // A run from a file is opened under other settings. It can be viewed but not changed.
  await setParam(page, 'depth', 6);
  await setParam(page, 'seed', 1);
  await openFile(page, text);
  const opened = page.locator('.run[data-origin="file"]');
  await opened.waitFor();
  assert.match(await opened.innerText(), /from a file/);
  assert.equal(await opened.locator('input.run-name').count(), 0, 'its name cannot be changed');
  assert.equal(await last(opened, 'loss_activated'), loss);
  assert.equal(await readParam(page, 'depth'), '6');
  await opened.locator('[data-action="run-details"]').click();
  assert.match(await opened.innerText(), /Hidden layers 3 → 6, Seed 7 → 1/);
  assert.deepEqual(
    await opened.locator('[data-check-verdict]').evaluateAll((list) => list.map((node) => node.dataset.checkVerdict)),
    file.checks.map((check) => check.verdict),
  );
  await opened.locator('[data-action="compare-run"]').check();
  assert.equal((await compared(page)).length, 1);
  await shot(page, 'keep-1280-dark');
  await page.setViewportSize({ width: 400, height: 800 });
  await shot(page, 'keep-400-dark');
  await checkFits(page);
  await checkAccess(page, 'dark, a file open', '.history');
  assert.equal((await saved(page, opened.locator('[data-action="save-run"]'))).text, text, 'saved again it is the same');

  await opened.locator('[data-action="rerun"]').click();
  await row(page, 'Run 2').waitFor({ timeout: 30_000 });
  assert.deepEqual([await readParam(page, 'depth'), await readParam(page, 'seed')], ['3', '7']);
  assert.equal(await last(row(page, 'Run 2'), 'loss_activated'), loss);
  assert.match(await row(page, 'Run 2').innerText(), /The same settings as Run 1\./);
  // The second time the settings are in place already.
  await row(page, 'Run 1').locator('[data-action="rerun"]').click();
  await row(page, 'Run 3').waitFor({ timeout: 30_000 });
  assert.equal(await last(row(page, 'Run 3'), 'loss_activated'), loss);

  // A file can also be dropped.
  await inside(page, 'delete-run').first().click();
  await drop(page, (transfer, text) => transfer.items.add(new File([text], 'dropped.json')), text);
  await page.waitForFunction(() => document.querySelectorAll('.run[data-origin="file"]').length === 2);
});

test('a file that is not a run is refused with a reason, and the file of another section opens there', { tag: '@long' }, async ({ open }) => {
  const page = await open(mlp());
  await train(page, []);
  await rows(page).waitFor();
  const { text } = await saved(page, inside(page, 'save-run'));
  for (const [bad, words] of [
    ['', /A file of a run is JSON; found nothing/],
    [text.slice(0, 500), /JSON/],
    ['{"a":1}', /expected the schema "nn-lab\/run", found none/],
    [text.replace('"schema_version": 1', '"schema_version": 3'), /expected schema version 1, found 3/],
    [text.replace('"depth":3', '"depth":99'), /depth=99/],
    [text.replace('"section": "mlp"', '"section": "<img src=x>"'), /found <img src=x>/],
  ]) {
    await openFile(page, bad, 'bad.json');
    await page.waitForFunction((source) => new RegExp(source).test(document.querySelector('.runs [role="status"]').innerText), words.source);
    assert.match(await said(page), /^bad.json was not opened\./);
    assert.equal(await rows(page).count(), 1);
  }
  await shot(page, 'keep-refused');
  await drop(page, (transfer) => transfer.items.add(new File(['1'.repeat(16_500_000)], 'long.json')));
  await page.waitForFunction(() => /long.json was not opened.*at most 16 MB/.test(document.querySelector('.runs [role="status"]').innerText));
  await page.goto(page.url().replace(/#.*/, address('rnn', { device: 'cpu' })));
  await page.waitForSelector('[data-panel="rnn"]');
  await openFile(page, text);
  await inside(page, 'open-elsewhere').click();
  await page.locator('[data-panel="mlp"] .run[data-origin="file"]').waitFor();
  assert.match(page.url(), /#\/mlp\/runs\?device=cpu/);
  assert.equal(await rows(page).count(), 2);
});

test('damaged storage is reported and harms nothing else', { tag: '@long' }, async ({ open }) => {
  const page = await open(mlp(), {
    init: () => {
      if (localStorage.getItem('somebody-elses')) return;
      localStorage.setItem('somebody-elses', '1');
      localStorage.setItem('nn-lab:runs:mlp', '{"version":1,');
    },
  });
  await page.waitForFunction(() => /damaged/.test(document.querySelector('.runs [role="status"]')?.innerText));
  await train(page, []);
  await row(page, 'Run 1').waitFor();
  const stored = await page.evaluate(() => ({ ...localStorage }));
  assert.equal(stored['nn-lab:runs:mlp:damaged'], '{"version":1,');
  assert.equal(stored['somebody-elses'], '1');
  assert.equal(JSON.parse(stored['nn-lab:runs:mlp']).runs.length, 1);
  // A change in another window appears here.
  await page.evaluate(() => {
    const other = document.createElement('iframe');
    document.body.append(other);
    const stored = JSON.parse(localStorage.getItem('nn-lab:runs:mlp'));
    stored.runs[0].name = 'from elsewhere';
    other.contentWindow.localStorage.setItem('nn-lab:runs:mlp', JSON.stringify(stored));
  });
  await row(page, 'from elsewhere').waitFor();
});

test('without storage the runs last as long as the tab, and the page says so', { tag: '@long' }, async ({ open, serve }) => {
  const site = await serve();
  const host = await serve({
    pages: { 'index.html': `<!doctype html><title>host</title><link rel="icon" href="data:,"><iframe title="lab" width="900" height="900" sandbox="allow-scripts" src="${site.url}${mlp({ steps: 10, embed: 1 }).replaceAll('&', '&amp;')}"></iframe>` },
  });
  const page = await open('', { from: host, ready: false });
  const frame = page.frameLocator('iframe');
  await frame.getByText('may not store anything').waitFor();
  await frame.locator('[data-action="train"]').first().click();
  await frame.locator('.run').waitFor({ timeout: 30_000 });
  assert.equal(await frame.getByText('may not store anything').count(), 1);
});

for (const slug of sections) {
  test(`${slug}: every picture carries its title, the settings and the version`, { tag: '@long' }, async ({ open }) => {
    const page = await open(address(slug, { device: 'cpu' }), {
      // Nothing is saved; the files are looked at instead.
      init: () => {
        window.files = [];
        const { createObjectURL } = URL;
        URL.createObjectURL = (blob) => (window.files.push(blob), createObjectURL.call(URL, blob));
        HTMLAnchorElement.prototype.click = () => {};
      },
    });
    await page.waitForSelector('[data-probe="idle"] [data-figure] svg text');
    const pictures = await page.evaluate(async () => {
      window.files = [];
      // Tables and drawings of several parts are not saved as pictures, and neither is a figure that is empty before a run.
      const drawn = (figure) => figure.querySelector('[data-export="svg"]') && figure.querySelector('.figure-body :is(svg.chart-svg, canvas)');
      const figures = [...document.querySelectorAll('.figure[data-figure]')].filter(drawn);
      for (const figure of figures) figure.querySelector('[data-export="svg"]').click();
      const texts = await Promise.all(window.files.map((file) => file.text()));
      return figures.map((figure, index) => [figure.dataset.figure, figure.querySelector('h2').innerText, texts[index]]);
    });
    assert.ok(pictures.length > 2);
    for (const [name, title, text] of pictures) {
      const words = [...text.matchAll(/<text x="16"[^>]*>([^<]*)</g)].map((found) => found[1]).join(' ');
      assert.match(words, new RegExp(`nn-lab [\\d.]+ · ${slug} · default settings`), name);
      assert.ok(words.startsWith(title.slice(0, 12)), `${name}: ${words}`);
    }
  });
}
