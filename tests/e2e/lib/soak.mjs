// A page in long use: what it holds on to, and a visitor who acts at random, from a fixed seed.

import { act, address, metric, sections, state, waitMetric, waitState, withPage } from './browser.mjs';

/** Runs in the page before anything else, and makes the memory of the page's own module readable. */
export const init = () => {
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const real = WebAssembly[name];
    WebAssembly[name] = async (...all) => {
      const result = await real.apply(WebAssembly, all);
      window.pageMemory = (result.instance ?? result).exports.memory;
      return result;
    };
  }
};

/**
 * Returns what the page holds after garbage collection. An element handle keeps its element alive until it is
 * disposed of, so wait with `settled` and not with `waitForSelector`.
 */
export async function counts(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  for (let i = 0; i < 2; i++) await session.send('HeapProfiler.collectGarbage');
  const { nodes, jsEventListeners: listeners } = await session.send('Memory.getDOMCounters');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return {
    nodes,
    listeners,
    heap_mb: Number((usedSize / 1e6).toFixed(2)),
    page_mb: Number(((await page.evaluate(() => window.pageMemory?.buffer.byteLength ?? 0)) / 1e6).toFixed(1)),
    workers_mb: Number((((await metric(page, 'worker_memory')) ?? 0) / 1e6).toFixed(1)),
    workers: page.workers().length,
  };
}

/** Waits until a section is open and everything that needs no training has been measured. */
export async function settled(page, slug) {
  const handle = await page.waitForFunction((slug) => document.querySelector(`[data-panel="${slug}"][data-probe="idle"]`) !== null, slug, { timeout: 60_000 });
  await handle.dispose();
}

export async function open(page, slug) {
  await page.evaluate((hash) => void (location.hash = hash), address(slug, { device: 'cpu', show: '' }));
  await settled(page, slug);
}

/** Visits every section once and trains a little in each. */
export async function tour(page) {
  for (const slug of sections) {
    await open(page, slug);
    await act(page, 'train');
    await waitMetric(page, 'step', (step) => step >= 2, 60_000);
    await act(page, 'stop');
    await waitState(page, 'done', 60_000);
    await act(page, 'reset');
    await waitState(page, 'idle');
  }
}

/** Returns a generator of numbers from 0 to 1 (mulberry32). */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Starts, stops, and changes settings and sections at random until the time is over. Returns the number of
 * actions.
 */
export async function wander(page, { seed, seconds }) {
  const next = random(seed);
  const of = (list) => list[Math.floor(next() * list.length)];
  const press = async (action) => {
    const button = page.locator(`[data-action="${action}"]:not([disabled])`).first();
    if (await button.isVisible()) await button.click({ timeout: 2000 }).catch(() => {});
  };
  const end = Date.now() + seconds * 1000;
  let done = 0;
  while (Date.now() < end) {
    const dice = next();
    if (dice < 0.15) await open(page, of(sections));
    else if (dice < 0.55) await press(of(['train', 'pause', 'resume', 'step', 'stop', 'reset']));
    else if (dice < 0.75) {
      const sliders = page.locator('input[type="range"]:visible');
      const count = await sliders.count();
      if (count) await sliders.nth(Math.floor(next() * count)).press(of(['ArrowLeft', 'ArrowRight']), { timeout: 2000 }).catch(() => {});
    } else if (dice < 0.9) {
      const chapters = page.locator('[data-action="chapter"]:visible');
      const count = await chapters.count();
      if (count) await chapters.nth(Math.floor(next() * count)).click({ timeout: 2000 }).catch(() => {});
    } else await page.waitForTimeout(next() * 1500);
    done += 1;
  }
  return done;
}

/**
 * Gives `use` a page that has been warmed up and used `before`. Returns what the page held before and after
 * `use`.
 */
export async function soak(use, before = async () => {}) {
  return withPage(address('mlp', { device: 'cpu', show: '' }), async (page) => {
    // Modules that are loaded and compiled once stay in memory.
    for (let i = 0; i < 2; i++) await tour(page);
    await before(page);
    const held = async () => {
      await open(page, sections.at(-1));
      await open(page, 'mlp');
      if ((await state(page)) !== 'idle') await act(page, 'reset');
      return counts(page);
    };
    const first = await held();
    const done = await use(page);
    return { before: first, after: await held(), done };
  }, { init, ready: true });
}
