// The lab's own step, as its page shows it.

import { act, address, device as shownDevice, metric, withPage } from '../../tests/e2e/lib/browser.mjs';
import { median } from './median.mjs';

/**
 * Milliseconds of a bare training step of the lab, and how many parameters it has counted. The median of so many steps, or
 * of fewer after `seconds` seconds; no time where there were not even three in `limit` seconds.
 *
 * CNN and RNN show the median of steps that were timed by themselves. The other sections show, with each frame, the worker's
 * own time for the shortest step since the frame before. On the CPU a frame comes after every step of these sizes, so
 * the median of what was shown is that of the steps. On a GPU that is only the time to enqueue one, and the time from step
 * to step is taken.
 */
export async function labStep({ lab }, device, { steps, seconds, limit }) {
  // One worker: where two networks are compared, they take turns, and neither has to share a core with the other.
  const init = 'Object.defineProperty(navigator, "hardwareConcurrency", { get: () => 1 });';
  return withPage(
    address(lab.section, { device, ...lab.params }),
    async (page) => {
      if (device === 'cpu') await page.locator('[data-panel][data-probe="idle"]').first().waitFor({ timeout: 180_000 });
      await page.evaluate(watch);
      await act(page, 'train');
      const began = Date.now();
      const since = () => (Date.now() - began) / 1000;
      // The first step makes the device ready, and the first frame after it tells of it.
      const enough = (seen) => seen.length > steps || (seen.length > 4 && since() > seconds);
      let seen = [];
      while (since() < limit && !enough(seen)) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        seen = await page.evaluate(() => window.seen);
      }
      const found = await shownDevice(page);
      if (found !== device) throw new Error(`the lab computes on ${found}, not on ${device}`);
      const count = lab.count && (await metric(page, lab.count));
      const alone = lab.time && (await metric(page, lab.time));
      if (seen.length < 4) return { count };
      if (alone) return { ms: alone, count };
      if (device === 'cpu') return { ms: median(seen.slice(1).map(({ shortest }) => shortest).filter((ms) => ms > 0)), count };
      const between = seen.slice(2).map(({ at, step }, i) => (at - seen[i + 1].at) / (step - seen[i + 1].step));
      return { ms: median(between), count };
    },
    { init },
  );
}

/** Notes in the page when a step is shown, and the worker's shortest time for one since the frame before. */
const watch = () => {
  window.seen = [];
  const number = (name) => Number(document.querySelector(`[data-metric="${name}"]`)?.dataset.value ?? NaN);
  const note = () => {
    const [step, shortest] = [number('step'), number('enqueue_ms')];
    if (step > (window.seen.at(-1)?.step ?? 0)) window.seen.push({ at: performance.now(), step, shortest });
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-value'] });
};
