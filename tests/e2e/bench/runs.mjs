// Whole runs, as a visitor starts them, for the benchmarks of estimates and of defaults.

import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { act, metric, notice, state, withPage } from '../lib/browser.mjs';

/** A run that takes longer is measured up to here, and the rest is extrapolated by its share of the steps. */
const LIMIT_S = Number(process.env.NN_LAB_LIMIT ?? 60);
/** NN_LAB_CORES=1 trains all networks on one worker, as the estimate is measured: on a machine with other load, only that compares like with like. */
const cores = Number(process.env.NN_LAB_CORES ?? 0);
const init = cores ? `Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => ${cores} });` : undefined;

/** Opens an address in a fresh profile, and closes it after `body`. */
export const fresh = (hash, body) => withPage(hash, body, { init });

const number = async (page, name) => {
  const value = await page.locator('.run-words').first().getAttribute(`data-${name}`);
  return value === null ? undefined : Number(value);
};

/** The values beside the controls of a run. */
const results = (page) =>
  page.locator('.run-beside [data-metric]').evaluateAll((all) => Object.fromEntries(all.filter(({ dataset }) => dataset.value).map(({ dataset }) => [dataset.metric, Number(dataset.value)])));

/**
 * Opens an address, waits up to `estimate_s` seconds for the page's estimate, trains, and returns what was estimated and what the
 * run took, in seconds.
 */
export const measureRun = (hash, estimate_s) =>
  fresh(hash, async (page) => {
    const opened = Date.now();
    await page.locator('[data-panel][data-probe="idle"]').first().waitFor({ timeout: 300_000 });
    let estimate;
    while (estimate === undefined && Date.now() - opened < 1000 * estimate_s) {
      await sleep(100);
      estimate = await number(page, 'estimate');
    }
    const estimated = (Date.now() - opened) / 1000;
    const load = loadavg()[0];
    const began = Date.now();
    await act(page, 'train');
    const since = () => (Date.now() - began) / 1000;
    const share = () =>
      page.evaluate(() => {
        const bar = document.querySelector('.run-progress progress');
        return bar?.value > 0 ? bar.value / bar.max : 0;
      });
    // The time of the first step that the page shows, and the time left that it shows at a quarter of the run.
    let first, quarter;
    for (;;) {
      await sleep(50);
      const now = await state(page);
      if (now === 'error') throw new Error(await notice(page));
      const done = now === 'running' || now === 'done' ? await share() : 0;
      if (done > 0) first ??= since();
      if (now === 'done' || (since() > LIMIT_S && done > 0)) {
        const part = now === 'done' ? 1 : done;
        return { estimate, estimated, first, actual: since() / part, part, quarter, load, step: await metric(page, 'step'), results: await results(page) };
      }
      if (!quarter && done >= 0.25) quarter = { at: since(), left: await number(page, 'left') };
      if (since() > 3 * LIMIT_S) throw new Error(`no step in ${since().toFixed(0)} s`);
    }
  });

/** A number for a table. */
export const shown = (value, count = 1) => (Number.isFinite(value) ? value.toFixed(count) : '–');

/** The words after a benchmark's name, in lower case. */
export const words = process.argv.slice(2).filter((word) => !word.startsWith('--')).map((word) => word.toLowerCase());
