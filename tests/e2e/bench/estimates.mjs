// The page's estimate of a run before it starts, compared with what the run takes: every preset of every section, on the CPU.
// Prints one JSON object per preset and a Markdown table. `./lab bench estimates WORD...` measures only presets whose section or
// name contains one of the words. The estimate is taken right before the run, because other load on the machine changes both.

import { closeAll, sections } from '../lib/browser.mjs';
import { print } from '../lib/lines.mjs';
import { fresh, measureRun, shown, words } from './runs.mjs';

const ESTIMATE_S = 90;

/** The presets of a section, in the order of its page. */
const presetsOf = (section) =>
  fresh(`#/${section}?device=cpu`, async (page) => {
    await page.locator('[data-preset]').first().waitFor({ state: 'attached' });
    return [...new Set(await page.locator('[data-preset]').evaluateAll((all) => all.map(({ dataset }) => dataset.preset)))];
  });

/** Which part of a run was measured. */
const measured = (part) => (part < 1 ? `first ${Math.round(100 * part)}%` : 'whole run');

const rows = [];
try {
  for (const section of sections) {
    for (const preset of await presetsOf(section)) {
      if (words.length && !words.some((word) => `${section} ${preset}`.includes(word))) continue;
      try {
        const { estimate, estimated, actual, part, quarter, load } = await measureRun(`#/${section}?device=cpu&preset=${preset}`, ESTIMATE_S);
        const ratio = estimate / actual;
        const left = quarter?.left === undefined ? undefined : (quarter.at + quarter.left) / actual;
        print('estimate', { section, run: preset, estimate_s: estimate, actual_s: actual, ratio, at_a_quarter: left, measured_part: part, seconds_to_estimate: estimated, load });
        rows.push({ section, preset, estimate, actual, ratio, left, part });
      } catch (error) {
        console.error(`estimates: ${section}, ${preset}: ${String(error.message).split('\n')[0].slice(0, 200)}`);
      }
    }
  }
} finally {
  await closeAll();
}
console.log(`| Section | Preset | estimate, s | run, s | estimate / run | at a quarter of the run | measured |\n|---|---|---:|---:|---:|---:|---|`);
for (const { section, preset, estimate, actual, ratio, left, part } of rows) {
  console.log(`| ${section} | ${preset} | ${shown(estimate)} | ${shown(actual)} | ${shown(ratio, 2)} | ${shown(left, 2)} | ${measured(part)} |`);
}
const known = rows.filter(({ ratio }) => Number.isFinite(ratio));
const near = known.filter(({ ratio }) => Math.abs(Math.log(ratio)) <= Math.log(1.25));
console.log(`\n${near.length} of ${known.length} within 25%.`);
