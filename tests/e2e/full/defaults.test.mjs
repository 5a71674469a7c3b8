// Trains the default of every section in the browser on both devices, and writes a table of the results:
// `./lab test e2e defaults`. On a software adapter a default would take hours, so it is trained for a minute,
// and the table says how far it got. NN_LAB_GPU=1 uses the real GPU and trains to the end.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, address, device, metric, sections, state, test, waitMetric, waitState } from '../lib/test.mjs';
import { artifacts } from '../lib/site.mjs';

const inSoftware = !process.env.NN_LAB_GPU;
/** Seconds of training on a software adapter, after the first step. */
const SECONDS = 60;
const MINUTES = 20 * 60_000;
/**
 * The number of claims per section that do not hold, which the page reports: fewer multiply-accumulates are
 * not as much faster.
 */
const NOT_CONFIRMED = { cnn: 1 };
const rows = [];

/** Returns the numbers next to the run's buttons, as a reader sees them. */
const numbers = (page) =>
  page.locator('.run-beside [data-metric]').evaluateAll((list) =>
    list.map((node) => ({ name: node.dataset.metric, value: node.dataset.value === '' ? undefined : Number(node.dataset.value), text: node.innerText })));

for (const slug of sections) {
  for (const wanted of ['cpu', 'webgpu']) {
    test(`${slug} on ${wanted}`, { tag: wanted === 'webgpu' ? ['@full', '@webgpu'] : '@full' }, async ({ open }) => {
      test.setTimeout(MINUTES);
      const page = await open(address(slug, { device: wanted, show: '' }));
      await act(page, 'train');
      // After the first step the worker and the data are loaded, and shaders are compiled.
      await waitMetric(page, 'step', (step) => step >= 1, 10 * 60_000);
      const began = Date.now();
      const cut = wanted === 'webgpu' && inSoftware;
      if (cut) {
        await waitState(page, 'done', SECONDS * 1000).catch(() => {});
        if ((await state(page)) !== 'done') await act(page, 'stop');
      }
      await waitState(page, 'done', MINUTES);
      const seconds = (Date.now() - began) / 1000;
      assert.equal(await device(page), wanted, 'it fell back to another device');
      assert.equal(await page.locator('[data-failed-arm]').count(), 0);
      const step = await metric(page, 'step');
      const steps = await page.locator('[data-panel] .run-progress progress').getAttribute('max');
      if (!cut) assert.equal(step, Number(steps));
      const measured = await numbers(page);
      assert.ok(measured.length >= 2, 'no numbers in the bar');
      // A run that was stopped may not have measured all of them.
      for (const { name, value } of measured) assert.ok(Number.isFinite(value) || cut, `${name} is ${value}`);
      const verdicts = await page.evaluate(async (hash) => {
        location.hash = hash;
        const cells = () => [...document.querySelectorAll('[data-check-verdict]')];
        while (!cells().length) await new Promise(requestAnimationFrame);
        return cells().map((cell) => cell.dataset.checkVerdict);
      }, address(`${slug}/claims`, { device: wanted }));
      // A claim is about a complete run.
      const failed = verdicts.filter((verdict) => verdict === 'fails').length;
      if (!cut) assert.ok(failed <= (NOT_CONFIRMED[slug] ?? 0), `checks: ${verdicts}`);
      const confirmed = verdicts.filter((verdict) => verdict === 'holds').length;
      rows.push([slug, wanted, `${step} of ${steps}`, seconds.toFixed(0), `${confirmed} of ${verdicts.length}`, measured.map(({ name, text }) => `${name} ${text}`).join(', ')]);
    });
  }
}

test.afterAll(() => {
  const head = ['section', 'device', 'steps', 'seconds', 'checks confirmed', 'numbers'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const table = [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
  const why = inSoftware ? `\nWebGPU is an adapter in software here: trained for ${SECONDS} s, then stopped.` : '';
  mkdirSync(artifacts, { recursive: true });
  writeFileSync(join(artifacts, 'defaults.md'), `${table}\n${why}\n`);
  console.log(`${table}${why}`);
});
