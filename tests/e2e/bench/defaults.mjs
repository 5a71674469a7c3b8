// What a visitor gets who opens a section and presses Train: the defaults of every section, on both devices. Prints one JSON
// object per run and a Markdown table. `./lab bench defaults WORD...` measures only runs whose section or device contains one of
// the words. A run that takes longer than NN_LAB_LIMIT seconds (60) is stopped there. It is not extrapolated, because the first
// steps on a GPU compile its kernels.

import { closeAll, sections } from '../lib/browser.mjs';
import { print } from '../lib/lines.mjs';
import { measureRun, shown, words } from './runs.mjs';

const rows = [];
try {
  for (const device of ['cpu', 'webgpu']) {
    for (const section of sections) {
      if (words.length && !words.some((word) => `${section} ${device}`.includes(word))) continue;
      try {
        const { first, actual, part, step, results } = await measureRun(`#/${section}?device=${device}`, 0);
        const seconds = actual * part;
        print('defaults', { section, device, first_step_s: first, measured_s: seconds, measured_part: part, step, ...results });
        rows.push({ section, device, first, seconds, part, step, results });
      } catch (error) {
        console.error(`defaults: ${section}, ${device}: ${String(error.message).split('\n')[0].slice(0, 200)}`);
        process.exitCode = 1;
      }
    }
  }
} finally {
  await closeAll();
}
console.log('| Section | Device | first step, s | run, s | step | results |\n|---|---|---:|---:|---:|---|');
for (const { section, device, first, seconds, part, step, results } of rows) {
  const list = Object.entries(results).map(([name, value]) => `${name.replaceAll('_', ' ')} ${value.toPrecision(3)}`);
  console.log(`| ${section} | ${device} | ${shown(first)} | ${part < 1 ? 'over ' : ''}${shown(seconds)} | ${step} | ${list.join(', ')} |`);
}
