// Measures the size and speed of the site, one JSON object per line. It asserts nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { act, activated, address, closeAll, device, metric, theBrowser, waitMetric, waitState, withPage } from './lib/browser.mjs';
import { print } from './lib/lines.mjs';
import { dist, serve, ship } from './lib/site.mjs';
import { settled, soak, wander } from './lib/soak.mjs';
import { bareSteps } from './lib/steps.mjs';

const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];

function sizes() {
  for (const name of readdirSync(dist, { recursive: true }).sort()) {
    if (!/\.(js|wasm|css|html|bin)$/.test(name)) continue;
    const raw = readFileSync(join(dist, name));
    // `./lab build` compresses a little better, but quality 9 takes only seconds.
    const brotli = brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
    print('size', { file: name.replace(/-[0-9a-f]{8,}/, ''), raw: raw.length, brotli9: brotli.length });
  }
}

/** Runs in the page before anything else, and collects long tasks of the main thread. */
const watch = () => {
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) window.longTasks.push({ startTime, duration });
  }).observe({ type: 'longtask', buffered: true });
};

/** Measures the first paint and the first training step, on this machine or on a slow one with a slow connection. */
async function start(slow) {
  const from = slow ? await serve({ gzip: true }) : undefined;
  const paints = [];
  const steps = [];
  let fetched;
  for (let i = 0; i < 3; i++) {
    await withPage(
      address('mlp', { device: 'cpu' }),
      async (page) => {
        await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
        await page.waitForSelector('[data-panel="mlp"] [data-param]', { state: 'attached' });
        await act(page, 'train');
        await waitMetric(page, 'step', (step) => step >= 1, 120_000);
        steps.push(await page.evaluate(() => performance.now()));
        paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
        fetched = await page.evaluate(() => performance.getEntriesByType('resource').find((entry) => /worker-[cg]pu_bg(-\w+)?\.wasm$/.test(entry.name))?.startTime);
      },
      { init: watch, slow, from },
    );
  }
  await from?.close();
  print('start', {
    when: slow ? '10 Mbit/s, gzip, processor 4 times slower' : 'this machine',
    first_paint_ms: Math.round(median(paints)),
    worker_fetch_ms: fetched && Math.round(fetched),
    first_step_ms: Math.round(median(steps)),
  });
}

/** Runs in the page before anything else: notes when things are there, and presses Train as soon as it can. */
const noteArrival = () => {
  window.arrival = {};
  const note = (name) => requestAnimationFrame(() => setTimeout(() => (window.arrival[name] ??= Math.round(performance.now()))));
  const wanted = [
    ['page', () => document.querySelector('[data-panel]')],
    ['figure', () => [...document.querySelectorAll('[data-panel] [data-figure] :is(svg, canvas)')].some((figure) => figure.clientWidth > 100)],
    ['probe', () => document.querySelector('[data-panel][data-probe="idle"][data-device]')],
    ['step', () => Number(document.querySelector('[data-metric="step"]')?.dataset.value) >= 1],
  ];
  const look = () => {
    for (const [name, isThere] of [...wanted]) {
      if (!isThere()) continue;
      note(name);
      wanted.splice(wanted.findIndex(([other]) => other === name), 1);
    }
    if (!wanted.length) watcher.disconnect();
  };
  // A click may come before the page listens.
  const press = setInterval(() => {
    const train = document.querySelector('[data-panel][data-state="idle"] [data-action="train"]:not([disabled])');
    if (train) train.click();
    else if (document.querySelector('[data-panel]')) clearInterval(press);
  }, 100);
  const watcher = new MutationObserver(look);
  watcher.observe(document, { subtree: true, childList: true, attributes: true });
};

/** The line of a student in a classroom: 10 Mbit/s shared by eight. */
const classroomLine = { bytesPerSecond: 10e6 / 8 / 8, latencyMs: 40 };

/**
 * Measures the arrival of a student in a classroom, with the site as it is shipped: on the first visit, and on a visit after
 * the site was cached. The times are in milliseconds since the address was opened.
 */
async function classroom(slug, params, rounds = Number(process.argv[3]) || 3) {
  const visits = { cold: [], warm: [] };
  // A site that is shipped already is measured as it is.
  const folder = readFileSync(join(dist, 'index.html'), 'utf8').includes('nn-lab-build') ? dist : ship('bench').folder;
  for (let i = 0; i < rounds; i++) {
    const site = await serve({ folder, gzip: true, line: classroomLine, headers: { 'Cache-Control': 'max-age=600' } });
    const visit = async (context, name) => {
      const page = await context.newPage();
      await page.addInitScript(noteArrival);
      const session = await context.newCDPSession(page);
      await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
      const before = { ...site.sent };
      await page.goto(`${site.url}#/${slug}?${new URLSearchParams(params)}`, { waitUntil: 'commit' });
      await page.waitForFunction(() => window.arrival.step && window.arrival.probe, undefined, { timeout: 180_000 });
      const sent = Object.entries(site.sent).map(([file, bytes]) => [file, bytes - (before[file] ?? 0)]);
      const paint = await page.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime));
      visits[name].push({ paint, ...(await page.evaluate(() => window.arrival)), bytes: sent.reduce((sum, [, bytes]) => sum + bytes, 0), sent });
      return page;
    };
    const context = await (await theBrowser()).newContext({ viewport: { width: 1366, height: 650 } });
    const page = await visit(context, 'cold');
    // The rest of the site is cached at full speed.
    site.speedUp();
    await activated(page);
    await page.close();
    site.slowDown();
    await visit(context, 'warm');
    await context.close();
    await site.close();
  }
  for (const [when, all] of Object.entries(visits)) {
    const middle = (name) => median(all.map((visit) => visit[name]));
    print('classroom', {
      section: slug,
      when,
      first_paint_ms: middle('paint'),
      page_ms: middle('page'),
      first_figure_ms: middle('figure'),
      probe_ms: middle('probe'),
      first_step_ms: middle('step'),
      kilobytes: Math.round(middle('bytes') / 1e3),
      ...(process.env.NN_LAB_FILES && { files: Object.fromEntries(all.at(-1).sent.filter(([, bytes]) => bytes > 3000)) }),
    });
  }
}

async function speed(slug, name, params, timeout = 120_000) {
  await withPage(
    address(slug, params),
    async (page) => {
      await page.waitForSelector('[data-panel] [data-param]', { state: 'attached' });
      await act(page, 'train');
      await waitMetric(page, 'step', (step) => step >= 1, timeout);
      const from = await page.evaluate(() => performance.now());
      await waitState(page, 'done', timeout);
      const tasks = await page.evaluate((from) => window.longTasks.filter((task) => task.startTime > from), from);
      print('speed', {
        section: slug,
        run: name,
        device: await device(page),
        steps: await metric(page, 'step'),
        steps_per_sec: await metric(page, 'steps_per_sec'),
        ms_per_step: 1000 / (await metric(page, 'steps_per_sec')),
        enqueue_ms: await metric(page, 'enqueue_ms'),
        // If two networks take turns, the time of each.
        ...(await alone(page)),
        seconds: Math.round((await page.evaluate(() => performance.now())) - from) / 1000,
        long_tasks_over_50_ms: tasks.length,
        longest_task_ms: Math.round(Math.max(0, ...tasks.map((task) => task.duration))),
      });
    },
    { init: watch },
  );
}

/** Returns the metrics `ms_per_step_NETWORK` of the panel, by name. */
async function alone(page) {
  const shown = await page.locator('[data-metric^="ms_per_step_"]').evaluateAll((all) => all.map(({ dataset }) => [dataset.metric, Number(dataset.value)]));
  return Object.fromEntries(shown);
}

/** Returns the seconds from the first step of a run to its end, on a number of cores. */
async function seconds(slug, params, cores) {
  const init = `Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => ${cores} });`;
  return withPage(
    address(slug, { device: 'cpu', ...params }),
    async (page) => {
      await page.locator('[data-panel][data-probe="idle"]').first().waitFor({ timeout: 60_000 });
      // The first run loads and compiles, the second one is timed.
      for (let run = 0; ; run++) {
        await act(page, 'train');
        const from = await page.evaluate(() => performance.now());
        await waitState(page, 'done', 240_000);
        const took = (await page.evaluate(() => performance.now())) - from;
        if (run === 1) return took / 1000;
        await act(page, 'reset');
        await waitState(page, 'idle');
      }
    },
    { init },
  );
}

/** Compares two networks on one worker each with both on one worker. */
async function pair(slug, name, params) {
  const one = await seconds(slug, params, 1);
  const two = await seconds(slug, params, 2);
  print('pair', { section: slug, run: name, one_worker_s: one, two_workers_s: two, times_as_fast: one / two });
}

/** Compares a sweep of twelve short runs with twelve separate runs. */
async function sweepOfTwelve() {
  const steps = 400;
  let single = 0;
  for (let width = 21; width <= 32; width++) single += await seconds('mlp/boundary', { steps, width }, 1);
  const swept = await withPage(address('mlp/claims', { device: 'cpu', steps, sweep: 'width:21..32/12', measure: 'accuracy' }), async (page) => {
    await page.locator('[data-action="sweep"]:enabled').waitFor();
    // As with the single runs, the first sweep loads and compiles, the second one is timed.
    for (let run = 0; ; run++) {
      const from = await page.evaluate(() => performance.now());
      await page.locator('[data-action="sweep"]').click();
      await page.locator('[data-panel][data-sweep="running"]').waitFor();
      await page.locator('[data-panel][data-sweep="done"]').waitFor({ timeout: 240_000 });
      if (run === 1) return ((await page.evaluate(() => performance.now())) - from) / 1000;
    }
  });
  print('sweep', { runs: 12, steps, one_by_one_s: single, sweep_s: swept, times_as_fast: single / swept });
}

/** Measures the main thread while ten arms train. */
async function tenArms() {
  await withPage(
    address('mlp', { device: 'cpu', steps: 1000, seeds: 5 }),
    async (page) => {
      await act(page, 'train');
      await waitMetric(page, 'step', (step) => step >= 1);
      const from = await page.evaluate(() => performance.now());
      await waitState(page, 'done', 240_000);
      const tasks = await page.evaluate((from) => window.longTasks.filter((task) => task.startTime > from), from);
      const longest = Math.round(Math.max(0, ...tasks.map((task) => task.duration)));
      print('ten arms', { workers: page.workers().length, long_tasks_over_50_ms: tasks.length, longest_task_ms: longest });
    },
    { init: watch },
  );
}

/**
 * Returns the seconds of a run with a chapter open, the number of changed frames of its figure, and long
 * tasks.
 */
async function withChapter(slug, chapter, params, figure) {
  return withPage(
    `#/${slug}/${chapter}?${new URLSearchParams({ device: 'cpu', ...params })}`,
    async (page) => {
      await page.locator('[data-panel][data-probe="idle"]').first().waitFor({ timeout: 60_000 });
      // The first run loads and compiles, the second one is timed.
      for (let run = 0; ; run++) {
        await act(page, 'train');
        await waitMetric(page, 'step', (step) => step >= 1);
        const from = await page.evaluate((figure) => {
          window.drawn = new Set();
          // Counts the changes of the figure, at most one per frame.
          const note = () => document.querySelector(figure) && window.drawn.add(document.timeline.currentTime);
          window.watching?.disconnect();
          window.watching = new MutationObserver(note);
          window.watching.observe(document.querySelector(figure) ?? document.body, { subtree: true, attributes: true, characterData: true, childList: true });
          return performance.now();
        }, figure);
        await waitState(page, 'done', 240_000);
        const took = await page.evaluate((from) => performance.now() - from, from);
        if (run === 1) {
          const tasks = await page.evaluate((from) => window.longTasks.filter((task) => task.startTime > from).map((task) => task.duration), from);
          return { seconds: took / 1000, frames: await page.evaluate(() => window.drawn.size), tasks };
        }
        await act(page, 'reset');
        await waitState(page, 'idle');
      }
    },
    { init: watch },
  );
}

/** Measures the cost of a figure: the same run with its chapter open and with another one, alternately. */
async function drawing(slug, chapter, other, params, figure) {
  const [ours, theirs] = [[], []];
  for (let i = 0; i < 3; i++) {
    ours.push(await withChapter(slug, chapter, params, figure));
    theirs.push(await withChapter(slug, other, params, figure));
  }
  const seconds = (runs) => median(runs.map((run) => run.seconds));
  const tasks = ours.flatMap((run) => run.tasks);
  print('drawing', {
    section: slug,
    chapter,
    seconds: seconds(ours),
    seconds_with_another_chapter: seconds(theirs),
    times_as_long: seconds(ours) / seconds(theirs),
    drawn_per_sec: median(ours.map((run) => run.frames / run.seconds)),
    long_tasks_over_50_ms: tasks.length,
    longest_task_ms: Math.round(Math.max(0, ...tasks)),
  });
}

/**
 * Measures bare steps: the worker's time per network, and the requests to the GPU per step of all networks.
 */
async function bare(slug, name, params, options) {
  // A software adapter takes minutes to compile its kernels.
  const { step_ms, ...found } = await bareSteps(slug, params, { timeout: 900_000, ...options });
  const times = Object.fromEntries(step_ms.map((ms, net) => [`step_ms_${net}`, ms]));
  print('step', { section: slug, run: name, ...found, ...times });
}

const resnet20 = { width: 1, side: 32, batch_norm: 1, init: 'he', optimizer: 'momentum', learning_rate: 0.1, n_seeds: 1 };

/**
 * Measures what further workers gain for one network that is split into shards: its step with each number of cores, in turn,
 * and whole on one core. More workers than this machine has cores gain nothing.
 */
async function team(slug, name, params) {
  const found = new Map();
  for (let round = 0; round < 5; round++) {
    for (const [shards, cores] of [[1, 1], [4, 1], [2, 2], [4, 2], [4, 4]]) {
      if (cores > availableParallelism()) continue;
      const init = `Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => ${cores} });`;
      const { step_ms } = await bareSteps(slug, { device: 'cpu', ...params, shards }, { steps: 24, init });
      const key = `shards_${shards}_cores_${cores}`;
      found.set(key, [...(found.get(key) ?? []), step_ms[0]]);
    }
  }
  const times = Object.fromEntries([...found].map(([key, all]) => [`step_ms_${key}`, median(all)]));
  const gains = Object.fromEntries(Object.entries(times).map(([key, ms]) => [key.replace('step_ms', 'gain'), times.step_ms_shards_1_cores_1 / ms]));
  print('team', { section: slug, run: name, ...times, ...gains });
}

const arms = [
  () => team('transformer', 'default', {}),
  () => team('transformer', 'first look', { preset: 'first-look' }),
  () => pair('resnet/degradation', 'default', {}),
  () => pair('attention/look-up', 'default, ten times as long', { steps: 2000 }),
  () => pair('rnn/memory', 'T=200, 40 steps', { steps: 40 }),
  () => pair('cnn/training', 'width 24, 640 images', { n_train: 640, n_test: 20, epochs: 1, width: 24 }),
  sweepOfTwelve,
  tenArms,
];

const drawings = [
  () => drawing('mlp', 'units', 'collapse', { steps: 10000 }, '[data-network-step]'),
  () => drawing('cnn', 'products', 'claims', { n_train: 4800, n_test: 100, epochs: 1 }, '[data-figure="kernel"]'),
  () => drawing('resnet', 'paths', 'claims', { steps: 120 }, '[data-figure="block"]'),
  () => drawing('rnn', 'architecture', 'claims', { steps: 200 }, '[data-figure="cell"]'),
  () => drawing('attention', 'weights', 'claims', { steps: 1500 }, '[data-figure="query"]'),
  () => drawing('transformer', 'next', 'claims', { preset: 'first-look', steps: 300 }, '[data-figure="next-token"]'),
];

/** Settings for one size of the transformer. */
const sized = (batch_size, context, d_model, layers) => ({ batch_size, context, d_model, layers, heads: 4, sample_length: 0, warmup: 0 });

// A step on a software adapter takes seconds, so the networks are small. The requests per step do not depend
// on the width.
const steps = ['cpu', 'webgpu'].flatMap((device) => {
  const cpu = device === 'cpu';
  return [
    () => bare('mlp', 'default', { device }, { steps: cpu ? 200 : 8 }),
    () => bare('cnn', cpu ? 'width 8, B32' : 'width 8, B8', { device, n_train: cpu ? 640 : 200, n_test: 20, epochs: 1, ...(cpu ? {} : { batch_size: 8 }) }, { count: 'epochs', steps: cpu ? 16 : 8 }),
    ...(cpu ? [() => bare('cnn', 'width 24, B32', { device, n_train: 416, n_test: 20, epochs: 1, width: 24 }, { count: 'epochs', steps: 10 })] : []),
    () => bare('resnet', cpu ? 'default: depth 20, width 1/4, 16 x 16, B32' : 'depth 20, width 1/4, 16 x 16, B8', { device, ...(cpu ? {} : { batch_size: 8, n_seeds: 1 }) }, { steps: cpu ? 20 : 5 }),
    () => bare('rnn', cpu ? 'T=200 B32 d_h=32' : 'T=200 B8 d_h=8', { device, seq_len: 200, ...(cpu ? {} : { batch_size: 8, d_hidden: 8 }) }, { steps: cpu ? 40 : 5 }),
    () => bare('attention', 'default', { device }, { steps: cpu ? 100 : 8 }),
    () => bare('transformer', 'B8 T64 d64 L2', { device, ...sized(8, 64, 64, 2) }, { steps: cpu ? 30 : 6 }),
    ...(cpu ? [() => bare('transformer', 'B4 T256 d64 L2', { device, ...sized(4, 256, 64, 2) }, { steps: 16 })] : []),
  ];
});

/** Measures what the page holds before and after an hour, or the given minutes, of random actions. */
async function wandering() {
  const minutes = Number(process.argv[3]) || 60;
  const { before, after, done } = await soak((page) => wander(page, { seed: 16, seconds: 60 * minutes }), (page) => wander(page, { seed: 15, seconds: 120 }));
  for (const [key, value] of Object.entries({ before, after })) print('soak', { run: `${done} acts in ${minutes} min`, when: key, ...value });
}

/** Measures what the page holds before and after ten thousand steps of a section. */
const longRun = (slug, params, count = 'steps') => async () => {
  const { before, after, done } = await soak(async (page) => {
    await page.evaluate((hash) => void (location.hash = hash), address(slug, { device: 'cpu', show: '', [count]: 10_000, ...params }));
    await settled(page, slug);
    await act(page, 'train');
    await waitMetric(page, 'step', (step) => step >= 10_000, 3_600_000);
    const step = await metric(page, 'step');
    await act(page, 'stop').catch(() => {});
    return step;
  });
  for (const [key, value] of Object.entries({ before, after })) print('soak', { section: slug, run: `${done} steps`, when: key, ...value });
};

const soaking = [
  longRun('mlp', {}),
  longRun('cnn', { width: 4, batch_size: 8, n_train: 1600, n_test: 20 }, 'epochs'),
  longRun('resnet', { depth: 8, batch_size: 4 }),
  longRun('rnn', { seq_len: 50, batch_size: 8 }),
  longRun('attention', {}),
  longRun('transformer', { d_model: 32, layers: 1, context: 32, sample_length: 0 }),
  wandering,
];

// `./lab bench start`, `./lab bench arms`, `./lab bench drawings`, `./lab bench steps` and `./lab bench soak` measure these alone.
const starts = [() => start(false), () => start(true), () => classroom('mlp', { device: 'cpu' })];
const only = { start: starts, classroom: starts.slice(2), arms, drawings, steps, soak: soaking, '--soak': soaking }[process.argv[2]];
for (const measure of only ?? [
  sizes,
  ...starts,
  ...arms,
  ...drawings,
  () => speed('mlp', 'default', { device: 'cpu', steps: 1500 }),
  () => speed('mlp', 'fashion-mnist width 128', { device: 'cpu', dataset: 'fashion-mnist', width: 128, steps: 300 }),
  () => speed('mlp', 'default', { device: 'webgpu', steps: process.env.NN_LAB_GPU ? 1500 : 20 }),
  ...[100, 200, 400].map((seq_len) => () => speed('rnn', `T=${seq_len} B=32 d_h=32`, { device: 'cpu', seq_len, steps: 100 })),
  () => speed('resnet', 'ResNet-20 and its plain twin, full width, 32 x 32, B32', { device: 'cpu', ...resnet20, batch_size: 32, steps: 6 }),
  () => speed('resnet', 'default: depth 20, width 1/4, 16 x 16, B32', { device: 'cpu', steps: 60 }),
  // On a software adapter a step at full size takes minutes, so the same depth is measured at a small width.
  () => speed('resnet', process.env.NN_LAB_GPU ? 'ResNet-20 and its plain twin, full width, 32 x 32, B128' : 'depth 20, batch norm, width 1/4, 16 x 16, B8', { device: 'webgpu', ...(process.env.NN_LAB_GPU ? { ...resnet20, batch_size: 128, steps: 200 } : { batch_norm: 1, batch_size: 8, steps: 6, n_seeds: 1 }) }),
  () => speed('attention', 'default, scaled and unscaled', { device: 'cpu', steps: 400 }),
  () => speed('cnn', 'default: width 8, B32', { device: 'cpu', n_train: 1600, n_test: 100, epochs: 1 }),
  () => speed('cnn', 'width 24, B32', { device: 'cpu', n_train: 640, n_test: 100, epochs: 1, width: 24 }),
  () => speed('cnn', 'width 8', { device: 'webgpu', ...(process.env.NN_LAB_GPU ? { n_train: 6400, n_test: 500, epochs: 1 } : { n_train: 64, n_test: 20, batch_size: 8, epochs: 1, c_in: 4, c_out: 8 }) }),
  ...[[8, 64, 64, 2, 60], [4, 256, 64, 2, 30], [8, 256, 128, 4, 6]].flatMap(([batch_size, context, d_model, layers, steps]) => {
    const size = { batch_size, context, d_model, layers, heads: 4, sample_length: 0, warmup: 0 };
    const name = `B${batch_size} T${context} d${d_model} L${layers}`;
    return [
      () => speed('transformer', name, { device: 'cpu', steps, ...size }),
      // On a software adapter a step takes many seconds, and the largest model is too large.
      ...(process.env.NN_LAB_GPU || d_model < 128 ? [() => speed('transformer', name, { device: 'webgpu', steps: process.env.NN_LAB_GPU ? 200 : 3, ...size }, 300_000)] : []),
    ];
  }),
  ...steps,
]) {
  try {
    await measure();
  } catch (error) {
    print('error', { message: String(error.message).slice(0, 400) });
    process.exitCode = 1;
  }
}
await closeAll();
