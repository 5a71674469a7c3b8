// The lab's own step time, as shown on its page.

import { act, address, device as shownDevice, metric, withPage } from '../../tests/e2e/lib/browser.mjs';
import { median } from './median.mjs';

/**
 * Resolves to the milliseconds of a bare training step of the lab, and to the number of parameters that it counted. The time is
 * the median of `steps` steps, or of fewer after `seconds`; it is undefined if fewer than four were seen in `limit` seconds.
 *
 * The CNN and RNN sections show the median of individually timed steps. The other sections show, with each frame, the
 * worker's own time for the shortest step since the previous frame. On the CPU, each step of these sizes sends a frame, so
 * the median over frames is the median over steps. On a GPU that value is only the time to enqueue a step, so the time between
 * steps is used instead.
 */
export async function labStep({ lab }, device, { steps, seconds, limit }) {
  // One worker: if a section compares two networks, they take turns, so neither shares a core with the other.
  const init = 'Object.defineProperty(navigator, "hardwareConcurrency", { get: () => 1 });';
  return withPage(
    address(lab.section, { device, ...lab.params }),
    async (page) => {
      if (device === 'cpu') await page.locator('[data-panel][data-probe="idle"]').first().waitFor({ timeout: 180_000 });
      await page.evaluate(watch);
      await act(page, 'train');
      const began = Date.now();
      const since = () => (Date.now() - began) / 1000;
      // The first step includes the set-up of the device, so the first frame is not counted.
      const enough = (seen) => seen.length > steps || (seen.length > 4 && since() > seconds);
      let seen = [];
      while (since() < limit && !enough(seen)) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        seen = await page.evaluate(() => window.seen);
      }
      const found = await shownDevice(page);
      if (found !== device) throw new Error(`the lab computes on ${found} instead of ${device}`);
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

/** Records in the page when each step is shown, and the worker's shortest step time since the previous frame. */
const watch = () => {
  window.seen = [];
  const number = (name) => Number(document.querySelector(`[data-metric="${name}"]`)?.dataset.value ?? NaN);
  const note = () => {
    const [step, shortest] = [number('step'), number('enqueue_ms')];
    if (step > (window.seen.at(-1)?.step ?? 0)) window.seen.push({ at: performance.now(), step, shortest });
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-value'] });
};
