// The time of a bare step of one network of the lab, and the memory of its worker.

import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { act, address, device as deviceOf, metric, notice, openPage, state, waitState } from '../../tests/e2e/lib/browser.mjs';
import { dist, serve } from '../../tests/e2e/lib/site.mjs';

// A worker whose global scope has this function when it starts does nothing but steps, and reports each one.
const watch = 'self.steps = []; self.observeStep = (arm, step, ms) => self.steps.push({ arm, step, ms, at: performance.now() });\n';

/** One worker: if a section compares two networks, they take turns, so that neither shares a core with the other. */
const init = 'Object.defineProperty(navigator, "hardwareConcurrency", { get: () => 1 });';

/** The run has ended before it was paused. */
export class Over extends Error {}

/** The first quartile: other load on the machine makes steps longer and never shorter. */
export const quartile = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 4)];

/** Serves the site with workers that report their steps. */
export async function watchedSite() {
  const site = await serve();
  for (const name of readdirSync(dist)) if (/^worker-[cg]pu(-[0-9a-f]{16})?\.js$/.test(name)) site.rewrites.set(name, (script) => watch + script);
  return site;
}

/**
 * Opens a page with one network and trains it for `warmUp` seconds, in which the browser optimizes the code, then pauses.
 * `burst` trains for a while longer and returns the milliseconds per step.
 */
export async function open(site, { section, arm = 0, count = 'steps', fixed }, params, { device = 'cpu', warmUp = 1.5, limit = 60 } = {}) {
  const length = count === 'steps' ? { steps: ['mlp', 'transformer'].includes(section) ? 20_000 : 10_000 } : { [count]: 100 };
  const page = await openPage(address(section, { device, show: '', ...fixed, ...params, ...length }), { init, from: site });
  const own = async () => {
    const lists = await Promise.all(page.workers().map((worker) => worker.evaluate(() => self.steps ?? [])));
    return lists.flat().filter((step) => step.arm === arm);
  };
  /** Waits until at least `minSteps` steps after the first `from` took at least `seconds`. */
  const trained = async (from, seconds, minSteps) => {
    const stop = Date.now() + 1000 * limit;
    for (;;) {
      await sleep(100);
      const fresh = (await own()).slice(from);
      if (fresh.length >= minSteps && fresh.at(-1).at - fresh[0].at >= 1000 * seconds) return;
      if ((await state(page)) === 'error') throw new Error(await notice(page));
      if (Date.now() > stop) throw new Error(`${fresh.length} steps in ${limit} s`);
    }
  };
  const pause = async () => {
    const ended = async () => (await state(page)) === 'done';
    if (!(await ended())) await act(page, 'pause').catch(async (error) => { if (!(await ended())) throw error; });
    if ((await waitState(page, ['paused', 'done'], 60_000)) === 'done') throw new Over('the run is over');
  };
  try {
    await page.locator('[data-panel][data-probe="idle"]').first().waitFor({ timeout: 240_000 });
    // The worker sends no frames, so only a run that starts with a single step is known to be under way.
    await act(page, 'step');
    await waitState(page, 'paused', 1000 * limit);
    await act(page, 'resume');
    await trained(0, warmUp, 3);
    await pause();
    const found = await deviceOf(page);
    if (found !== device) throw new Error(`the lab computes on ${found} instead of ${device}`);
  } catch (error) {
    await page.context().close();
    throw error;
  }
  return {
    async burst(seconds) {
      const from = (await own()).length;
      await act(page, 'resume');
      await trained(from, seconds, 3);
      await pause();
      const steps = (await own()).slice(from);
      // On a GPU, the worker only enqueues a step; the time between steps includes the device's.
      return quartile(device === 'cpu' ? steps.map(({ ms }) => ms) : steps.slice(1).map((step, i) => step.at - steps[i].at));
    },
    memory: () => metric(page, 'worker_memory'),
    close: () => page.context().close(),
  };
}
