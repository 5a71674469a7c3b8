// The page's estimate of a run before it starts, compared with what the run takes: every preset of every section, on the CPU.
// Prints one JSON object per preset and a Markdown table. `./lab bench estimates WORD...` measures only presets whose section or
// name contains one of the words. The estimate is taken right before the run, because other load on the machine changes both.

import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { act, closeAll, metric, notice, openPage, sections, state, theBrowser } from '../lib/browser.mjs';
import { print } from '../lib/lines.mjs';

/** A run that takes longer is measured up to here, and the rest is extrapolated by its share of the steps. */
const LIMIT_S = Number(process.env.NN_LAB_LIMIT ?? 60);
const ESTIMATE_S = 90;
/** NN_LAB_CORES=1 trains all networks on one worker, as the estimate is measured: on a machine with other load, only that compares like with like. */
const cores = Number(process.env.NN_LAB_CORES ?? 0);
const init = cores ? `Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => ${cores} });` : undefined;
const say = (text) => console.error(`estimates: ${text}`);

/** Opens an address in a fresh profile, and closes it after `body`. */
async function fresh(hash, body) {
  const before = (await theBrowser()).contexts();
  try {
    return await body(await openPage(hash, { init }));
  } finally {
    for (const context of (await theBrowser()).contexts()) if (!before.includes(context)) await context.close();
  }
}

/** The presets of a section, in the order of its page. */
const presetsOf = (section) =>
  fresh(`#/${section}?device=cpu`, async (page) => {
    await page.locator('[data-preset]').first().waitFor({ state: 'attached' });
    return [...new Set(await page.locator('[data-preset]').evaluateAll((all) => all.map(({ dataset }) => dataset.preset)))];
  });

const number = async (page, name) => {
  const value = await page.locator('.run-words').first().getAttribute(`data-${name}`);
  return value === null ? undefined : Number(value);
};

/** Returns the estimate and the duration of a preset's run, in seconds. */
const compare = (section, preset) =>
  fresh(`#/${section}?device=cpu&preset=${preset}`, async (page) => {
    const opened = Date.now();
    await page.locator('[data-panel][data-probe="idle"]').first().waitFor({ timeout: 120_000 });
    let estimate;
    while (estimate === undefined && Date.now() - opened < 1000 * ESTIMATE_S) {
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
    // The time left that is shown at a quarter of the run.
    let quarter;
    for (;;) {
      await sleep(50);
      const now = await state(page);
      if (now === 'error') throw new Error(await notice(page));
      if (now === 'done') return { estimate, estimated, actual: since(), part: 1, quarter, load };
      const done = now === 'running' ? await share() : 0;
      if (!quarter && done >= 0.25) quarter = { at: since(), left: await number(page, 'left') };
      if (since() > LIMIT_S && done > 0) return { estimate, estimated, actual: since() / done, part: done, quarter, load, step: await metric(page, 'step') };
      if (since() > 3 * LIMIT_S) throw new Error(`no step in ${since().toFixed(0)} s`);
    }
  });

const words = process.argv.slice(2).filter((word) => !word.startsWith('--')).map((word) => word.toLowerCase());
const rows = [];
try {
  for (const section of sections) {
    for (const preset of await presetsOf(section)) {
      if (words.length && !words.some((word) => `${section} ${preset}`.includes(word))) continue;
      try {
        const { estimate, estimated, actual, part, quarter, load } = await compare(section, preset);
        const ratio = estimate / actual;
        const left = quarter?.left === undefined ? undefined : (quarter.at + quarter.left) / actual;
        print('estimate', { section, run: preset, estimate_s: estimate, actual_s: actual, ratio, at_a_quarter: left, measured_part: part, seconds_to_estimate: estimated, load });
        rows.push({ section, preset, estimate, actual, ratio, left, part });
      } catch (error) {
        say(`${section}, ${preset}: ${String(error.message).split('\n')[0].slice(0, 200)}`);
      }
    }
  }
} finally {
  await closeAll();
}
const shown = (value, count = 1) => (Number.isFinite(value) ? value.toFixed(count) : '–');
console.log(`| Section | Preset | estimate, s | run, s | estimate / run | at a quarter of the run | measured |\n|---|---|---:|---:|---:|---:|---|`);
for (const { section, preset, estimate, actual, ratio, left, part } of rows) {
  console.log(`| ${section} | ${preset} | ${shown(estimate)} | ${shown(actual)} | ${shown(ratio, 2)} | ${shown(left, 2)} | ${part < 1 ? `first ${Math.round(100 * part)}%` : 'whole run'} |`);
}
const known = rows.filter(({ ratio }) => Number.isFinite(ratio));
const near = known.filter(({ ratio }) => Math.abs(Math.log(ratio)) <= Math.log(1.25));
console.log(`\n${near.length} of ${known.length} within 25%.`);
