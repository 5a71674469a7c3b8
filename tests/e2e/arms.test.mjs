// Arms, seeds and sweeps: workers in parallel, bands over seeds, and many runs in a row.

import assert from 'node:assert/strict';
import { act, address, checkFits, expect, metric, probed, readParam, setParam, shot, state, stays, test, waitMetric, waitState } from './lib/test.mjs';

const mlp = (params) => address('mlp', { device: 'cpu', ...params });
const attribute = (page, name, attr) => page.locator(`[data-metric="${name}"]`).first().getAttribute(attr);
const sweepState = (page) => page.locator('[data-panel]').first().getAttribute('data-sweep');
const waitSweep = (page, wanted, timeout = 60_000) =>
  page.locator(`[data-panel][data-sweep="${wanted}"]`).first().waitFor({ timeout });
/** Returns the positions of the points of a line of the sweep's chart, in its svg. */
async function points(chart, line) {
  const path = await chart.locator('.dots').nth(line).getAttribute('d');
  return [...path.matchAll(/M([\d.]+) ([\d.]+)h0/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
}
/** Waits until the panel's settings are these. */
async function waitParams(page, wanted) {
  const now = async () => Object.fromEntries(await Promise.all(Object.keys(wanted).map(async (key) => [key, await readParam(page, key)])));
  await expect.poll(now).toEqual(wanted);
}
/**
 * Runs in the page before anything else. As soon as the page shows `holdAt` finished runs of a sweep, what it
 * sends to its workers is held back until `release` names a larger number. A sweep of any speed is then still
 * running when a test acts.
 */
const holdWorkers = () => {
  const send = Worker.prototype.postMessage;
  const held = [];
  let holdAt = 2;
  const done = () => Number(document.querySelector('[data-metric="sweep_runs_done"]')?.dataset.value ?? 0);
  Worker.prototype.postMessage = function (...message) {
    if (held.length || done() >= holdAt) held.push([this, message]);
    else send.apply(this, message);
  };
  window.release = (next) => {
    holdAt = next;
    for (const [worker, message] of held.splice(0)) send.apply(worker, message);
  };
};
/** Replaces a worker by one that fails, by the order in which they start. */
const failing = (which, how) => `
  const Real = Worker;
  let started = 0;
  window.Worker = function (...all) {
    started += 1;
    if (started === ${which}) { ${how} }
    return new Real(...all);
  };`;

test('three seeds: the median with a band, and checks that count', async ({ open }) => {
  const page = await open(mlp({ steps: 150, seeds: 3 }));
  await act(page, 'train');
  await waitState(page, 'done', 90_000);
  const [low, median, high] = await Promise.all(
    ['data-low', 'data-value', 'data-high'].map(async (name) => Number(await attribute(page, 'loss_activated', name))),
  );
  assert.ok(low <= median && median <= high && low < high, `${low} ${median} ${high}`);
  assert.equal(await attribute(page, 'loss_activated', 'data-n'), '3');
  assert.equal(await attribute(page, 'rank_linear', 'data-n'), null, 'the probe has one seed');
  assert.match(await page.locator('.checks').first().innerText(), /with \d of 3 seeds/);
  const figure = page.locator('[data-figure="loss"]');
  await figure.locator('summary').click();
  await figure.locator('[data-export="table"]').click();
  const head = await figure.locator('thead').innerText();
  for (const seed of [1, 2, 3]) assert.match(head, new RegExp(`non-linear, seed ${seed}`));
  await shot(page, 'seeds-1280-light');
  await setParam(page, 'seeds', 1);
  await waitState(page, 'idle');
  await page.waitForFunction(() => !location.hash.includes('seeds='));
});

test('both networks train on separate workers, in lockstep', async ({ open }) => {
  const page = await open(mlp({ steps: 20_000 }));
  await act(page, 'step');
  await waitState(page, 'paused');
  const first = await waitMetric(page, 'step', (step) => step >= 1);
  assert.equal(page.workers().length, 2);
  await act(page, 'step');
  await waitMetric(page, 'step', (step) => step === first + 1);
  await stays(page, 'step', first + 1);
  await act(page, 'resume');
  await waitMetric(page, 'step', (step) => step > first + 20);
  await act(page, 'stop');
  await waitState(page, 'done');
  assert.ok((await metric(page, 'worker_memory')) > 1e6);
});

test('with one core, or an unknown number, the networks take turns', { tag: '@long' }, async ({ open }) => {
  for (const cores of ['1', 'undefined']) {
    const init = `Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => ${cores} });`;
    const page = await open(mlp({ steps: 60 }), { init });
    await act(page, 'train');
    await waitState(page, 'done', 30_000);
    assert.equal(page.workers().length, 1, cores);
    assert.ok((await metric(page, 'loss_linear')) > 0 && (await metric(page, 'loss_activated')) > 0);
  }
});

test('if the second worker does not start, the first trains both networks, and the page says so', async ({ open }) => {
  const page = await open(mlp({ steps: 60 }), { init: failing(2, "throw new Error('no more workers here');") });
  await act(page, 'train');
  await waitState(page, 'done', 40_000);
  assert.ok((await metric(page, 'loss_linear')) > 0 && (await metric(page, 'loss_activated')) > 0);
  assert.match(await page.locator('.device-line').innerText(), /second worker could not be started, so the networks take turns/);
});

test('if one worker dies, the page says which network stopped, the other continues, and the first can be trained again', async ({ open }) => {
  const page = await open(address('attention', { device: 'cpu', steps: 20_000, optimizer: 'sgd', learning_rate: 0.001, d_k: 512, seed: 1 }), { init: 'const Real = Worker; window.Worker = function (...all) { return (window.lastWorker = new Real(...all)); };' });
  await act(page, 'train');
  await waitMetric(page, 'step', (step) => step > 3);
  assert.equal(await state(page), 'running');
  // Its worker dies. What it has measured stays.
  await page.evaluate(() => window.lastWorker.dispatchEvent(new ErrorEvent('error', { message: 'memory is out' })));
  await page.locator('[data-failed-arm="1"]').waitFor();
  assert.match(await page.locator('[data-failed-arm="1"]').innerText(), /The unscaled network stopped with an error\. The run needed more memory than the browser gives/);
  const before = await metric(page, 'step');
  await waitMetric(page, 'step', (step) => step > before + 5);
  assert.ok((await metric(page, 'loss_unscaled')) > 0, 'nothing measured is lost');
  await page.locator('[data-action="go-on"]').click();
  await page.locator('[data-failed-arm="1"]').waitFor({ state: 'detached' });
  await waitMetric(page, 'loss_unscaled');
  await act(page, 'stop');
  await waitState(page, 'done');
});

test('a sweep: set up, paused, stopped, finished after a reload, and a run of it opened', async ({ open }) => {
  test.setTimeout(180_000);
  const page = await open(mlp({ steps: 120, seeds: 3, sweep: 'width:2,8,32', measure: 'accuracy' }), { init: holdWorkers });
  await page.locator('[data-action="sweep"]:enabled').waitFor();
  assert.match(await page.locator('[data-sweep-words]').innerText(), /9 runs of 2 networks each/);
  await page.locator('[data-action="sweep"]').click();
  await waitSweep(page, 'running');
  await waitMetric(page, 'sweep_runs_done', (done) => done >= 2, 60_000);
  await page.locator('[data-action="sweep-pause"]').click();
  await waitSweep(page, 'paused');
  await page.locator('[data-action="sweep-resume"]').click();
  await waitSweep(page, 'running');
  await page.evaluate(() => release(4));
  await waitMetric(page, 'sweep_runs_done', (done) => done >= 4, 60_000);
  await page.locator('[data-action="sweep-stop"]').click();
  await waitSweep(page, 'done');
  const kept = await metric(page, 'sweep_runs_done');
  await page.reload();
  await page.evaluate(() => release(Infinity));
  assert.equal(await waitMetric(page, 'sweep_runs_done', (done) => done > 0), kept);
  await page.locator('[data-action="sweep"]:enabled').click();
  await waitMetric(page, 'sweep_runs_done', (done) => done === 9, 90_000);
  await waitSweep(page, 'done');
  await page.locator('.sweep-runs summary').click();
  const cells = await page.locator('[data-table="sweep-runs"] tbody tr').evaluateAll((rows) =>
    rows.map((row) => [...row.cells].map((cell) => cell.innerText)));
  assert.equal(cells.length, 9);
  const activated = (width) => cells.filter((row) => row[0] === width).map((row) => Number(row[3]));
  assert.ok(Math.max(...activated('2')) < Math.min(...activated('32')), JSON.stringify(cells));
  await shot(page, 'sweep-1280-light');
  await page.locator('[data-action="open-run"]').nth(8).click();
  await page.waitForFunction(() => location.hash.includes('seed=3'));
  assert.match(await page.locator('.sweep').innerText(), /The settings have changed since/);
  assert.equal(await metric(page, 'sweep_runs_done'), 9);
  // A point of the chart opens the run whose result is the median over the seeds.
  const typical = (width, column) => {
    const rows = cells.filter((row) => row[0] === width);
    const median = rows.map((row) => Number(row[column])).sort((a, b) => a - b)[1];
    return { width, seed: rows.find((row) => Number(row[column]) === median)[1] };
  };
  const chart = page.locator('[data-figure="sweep"] .chart-svg').first();
  assert.match(await chart.getAttribute('aria-label'), /Enter opens the run\./);
  assert.match(await page.locator('[data-figure="sweep"] .look-for').innerText(), /Click one to open its run/);
  assert.equal(await chart.evaluate((node) => getComputedStyle(node).cursor), 'pointer');
  const [, middle] = await points(chart, 1);
  await chart.click({ position: middle });
  await waitParams(page, typical('8', 3));
  // A pointer that rests on the chart could move the cursor, too.
  await page.mouse.move(0, 0);
  await chart.focus();
  await chart.press('Home');
  await chart.press('Enter');
  await waitParams(page, typical('2', 2));
  // A setting that was changed in the meantime stays.
  await setParam(page, 'seeds', 1);
  await chart.click({ position: middle });
  await waitParams(page, typical('8', 3));
  assert.equal(await readParam(page, 'seeds'), '1');
  assert.equal(await metric(page, 'sweep_runs_done'), 9);
});

test('the time that a sweep takes is estimated before it starts, with and without training', { tag: '@long' }, async ({ open }) => {
  const page = await open(mlp({ steps: 3000, sweep: 'width:4,16,64', measure: 'accuracy' }));
  const words = page.locator('[data-sweep-words]');
  const estimate = async () => {
    await page.waitForFunction(() => /It takes/.test(document.querySelector('[data-sweep-words]')?.textContent));
    const [, number, unit] = /It takes about (a|[\d.]+) (second|s|min)/.exec(await words.innerText());
    return { a: 1 }[number] ?? Number(number) * (unit === 'min' ? 60 : 1);
  };
  const long = await estimate();
  assert.match(await words.innerText(), /3 runs of 2 networks each/);
  assert.equal(await sweepState(page), 'idle');
  assert.equal(await metric(page, 'loss_activated'), undefined, 'nothing of it is kept');
  // A tenth of the steps takes about a tenth of the time.
  await setParam(page, 'steps', 300);
  await page.waitForFunction(() => /Timing/.test(document.querySelector('[data-sweep-words]')?.textContent));
  const short = await estimate();
  assert.ok(short < long, `${long} s for 3,000 steps, ${short} s for 300`);
  await page.locator('[data-action="sweep"]').click();
  await waitSweep(page, 'done', 60_000);
  // A number that the probe measures needs no training, so 20,000 steps cost nothing.
  await page.evaluate((hash) => (location.hash = hash), mlp({ steps: 20_000, sweep: 'depth:1,3', measure: 'rank' }));
  await page.waitForFunction(() => /2 runs .*It takes about (a second|\d+ s)/.test(document.querySelector('[data-sweep-words]')?.textContent));
});

test('a sweep over two settings draws a map, and trains nothing if the measure needs no training', { tag: '@long' }, async ({ open }) => {
  const page = await open(mlp({ sweep: 'depth:1,3', sweep2: 'd_in:4,8', measure: 'rank' }));
  await page.locator('[data-action="sweep"]:enabled').click();
  await waitMetric(page, 'sweep_runs_done', (done) => done === 4, 60_000);
  await waitSweep(page, 'done');
  const figure = page.locator('[data-figure="sweep"]');
  assert.equal(await figure.locator('.sweep-map').count(), 2);
  await page.locator('.sweep-runs summary').click();
  const rows = await page.locator('[data-table="sweep-runs"] tbody tr').evaluateAll((list) =>
    list.map((row) => [...row.cells].map((cell) => cell.innerText)));
  // At any depth, the rank of the linear network is the number of inputs plus one for the biases.
  assert.deepEqual(rows.map((row) => [row[1], row[3]]), [['4', '5'], ['8', '9'], ['4', '5'], ['8', '9']]);
  await shot(page, 'sweep-map-1280-light');
  const map = figure.locator('.chart-svg').first();
  const [whole, frame] = [await map.boundingBox(), await map.locator('.frame').boundingBox()];
  await map.click({ position: { x: frame.x - whole.x + 0.25 * frame.width, y: frame.y - whole.y + 0.75 * frame.height } });
  await waitParams(page, { depth: '3', d_in: '4' });
  assert.match(await map.getAttribute('aria-label'), /Enter opens the run\./);
  await page.mouse.move(0, 0);
  await map.focus();
  await map.press('Home');
  await map.press('ArrowRight');
  await map.press('Enter');
  await waitParams(page, { depth: '1', d_in: '8' });
});

test('an impossible sweep is refused with a reason, and nothing starts', { tag: '@long' }, async ({ open }) => {
  for (const [params, words] of [
    [{ sweep: 'seed:1..150/150', seeds: 3 }, /450 runs, and at most 200/],
    [{ sweep: 'depth:2,99' }, /from 1 to 12/],
    [{ sweep: 'beauty:1,2' }, /no setting “beauty”/],
    [{ sweep: 'depth:1,2', measure: 'beauty' }, /no quantity “beauty” to measure/],
    [{ sweep: 'depth:1,2', sweep2: 'depth:3,4' }, /two settings/],
  ]) {
    const page = await open(mlp(params));
    assert.match(await page.locator('[data-sweep-words]').innerText(), words);
    assert.ok(await page.locator('[data-action="sweep"]').isDisabled());
    assert.equal(await sweepState(page), 'idle');
  }
});

test('a sweep fits a phone, in the dark', { tag: '@long' }, async ({ open }) => {
  const page = await open(mlp({ steps: 30, sweep: 'width:2,8,32', measure: 'loss' }), { width: 400, height: 800, theme: 'dark' });
  await page.locator('[data-action="sweep"]:enabled').click();
  await waitSweep(page, 'done');
  await checkFits(page);
  await page.locator('.sweep').scrollIntoViewIfNeeded();
  await shot(page, 'sweep-400-dark');
});

test('if one arm starts late, the run lasts until it is done, and counts the steps of the slowest', { tag: '@long' }, async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 60 }), {
    init: () => {
      const send = Worker.prototype.postMessage;
      const workers = [];
      Worker.prototype.postMessage = function (...message) {
        if (!workers.includes(this)) workers.push(this);
        if (workers.indexOf(this) === 1) setTimeout(() => send.apply(this, message), 3000);
        else send.apply(this, message);
      };
    },
  });
  await act(page, 'train');
  await waitMetric(page, 'loss_linear');
  // The first has finished; the second has not started.
  await page.waitForFunction(() => document.querySelectorAll('[data-figure="loss"] path, [data-figure="loss"] polyline').length > 0);
  assert.equal(await state(page), 'running');
  assert.match(await page.locator('.run-numbers').first().innerText(), /Step 0 of 60[^]*1 of 2 networks is still loading/);
  assert.equal(await metric(page, 'loss_activated'), undefined);
  assert.equal(await metric(page, 'step'), 0);
  await waitState(page, 'done', 30_000);
  assert.ok((await metric(page, 'loss_activated')) > 0);
  assert.equal(await metric(page, 'step'), 60);
});

test('runs and sweeps continue in a hidden tab, where nothing is drawn', { tag: '@long' }, async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 60, sweep: 'depth:1,2', measure: 'accuracy' }));
  await probed(page);
  await page.locator('[data-action="sweep"]:enabled').waitFor();
  // In a hidden tab the browser draws no frames.
  await page.evaluate(() => (window.requestAnimationFrame = () => 0));
  await page.evaluate(() => document.querySelector('[data-action="train"]').click());
  await waitState(page, 'done');
  await page.evaluate(() => document.querySelector('[data-action="sweep"]').click());
  await page.locator('[data-panel][data-sweep="done"]').waitFor({ timeout: 30_000, state: 'attached' });
  assert.equal(await metric(page, 'sweep_runs_done'), 2);
});
