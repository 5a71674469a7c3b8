// Compares the lab with other libraries: the same workloads in the same browser on the same adapter, alternating. Prints one
// Markdown table and writes the chart next to this file. `./lab bench peers WORD...` runs only workloads whose names contain
// one of the words, and does not update the chart.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { closeAll, theBrowser } from '../../tests/e2e/lib/browser.mjs';
import { serve } from '../../tests/e2e/lib/site.mjs';
import { labStep } from './lab.mjs';
import { median } from './median.mjs';
import { notes, picture, table } from './report.mjs';
import { parameters, workloads } from './workloads.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const versions = JSON.parse(readFileSync(`${here}package.json`, 'utf8')).devDependencies;
const peers = [
  { name: 'TensorFlow.js', file: 'tensorflow.mjs', version: versions['@tensorflow/tfjs'] },
  { name: 'jax-js', file: 'jax.mjs', version: versions['@jax-js/jax'] },
];
const gpu = Boolean(process.env.NN_LAB_GPU);
const rounds = Number(process.env.NN_LAB_ROUNDS ?? 3);
// Steps and seconds of one measurement, seconds after which it is aborted, and steps in which the loss has to fall. On a
// software adapter, WebGPU takes minutes to compile and seconds per step, so there is one round of few steps there.
const effort = {
  cpu: { rounds, steps: 20, seconds: 8, limit: 150, learn: 25 },
  webgpu: gpu ? { rounds, steps: 50, seconds: 10, limit: 60, learn: 25 } : { rounds: 1, steps: 8, seconds: 30, limit: 240, learn: 3 },
};
const deviceName = { cpu: 'CPU', webgpu: gpu ? 'WebGPU' : 'software WebGPU' };
const say = (text) => console.error(`peers: ${text}`);

class TooSlow extends Error {}

/** Settles like `work`, or rejects after `seconds`. */
function within(seconds, work) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new TooSlow()), 1000 * Math.max(0, seconds))));
  work.catch(() => {});
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Opens a page with one network of another library, and checks that its loss falls. */
async function open(site, peer, workload, device) {
  const { steps, seconds, limit, learn } = effort[device];
  const context = await (await theBrowser()).newContext();
  const page = await context.newPage();
  const call = (name, ...args) => page.evaluate(([name, args]) => import('./page.mjs').then((module) => module[name](...args)), [name, args]);
  const ready = async () => {
    await page.goto(site.url);
    const adapter = await call('open', peer.file, workload.name, device);
    const losses = await call('learn', learn, seconds);
    assert.ok(losses.every(Number.isFinite) && losses.at(-1) < losses[0], `${peer.name} does not reduce the loss of ${workload.name}: ${losses}`);
    say(`${peer.name} trains ${workload.name}: loss ${losses[0].toFixed(3)} to ${losses.at(-1).toFixed(3)} in ${losses.length} steps on one batch`);
    return adapter;
  };
  try {
    const adapter = await within(limit, ready());
    return { adapter, time: async () => median(await within(limit, call('time', steps, seconds))), close: () => context.close() };
  } catch (error) {
    await context.close();
    throw error;
  }
}

/** Measures all rounds of one workload on one device, alternating between the lab and the other libraries. */
async function measure(site, workload, device) {
  const { rounds, limit } = effort[device];
  const left_out = device === 'webgpu' && !gpu && workload.heavy;
  const times = Object.fromEntries(['lab', ...peers.map(({ name }) => name)].map((name) => [name, []]));
  // These take too long on a software adapter.
  const skipped = left_out ? Object.fromEntries(Object.keys(times).map((name) => [name, 'takes minutes to compile on a software adapter'])) : {};
  const pages = new Map();
  let adapter;
  const turns = {
    async lab() {
      const { ms, count } = await labStep(workload, device, effort[device]);
      if (count) assert.equal(count, parameters(workload), `${workload.name}: parameters of the lab and of the other libraries`);
      if (!ms) throw new TooSlow();
      return ms;
    },
  };
  for (const peer of peers) {
    turns[peer.name] = async () => {
      if (!pages.has(peer)) pages.set(peer, await open(site, peer, workload, device));
      adapter ??= pages.get(peer).adapter;
      return pages.get(peer).time();
    };
  }
  // A crash of the browser is not an error of what is measured, so the turn is repeated once in a new browser.
  const again = (turn) => async (error) => {
    if (!/has been closed|crashed/.test(error.message)) throw error;
    await closeAll();
    pages.clear();
    return turn();
  };
  for (let round = 1; round <= rounds; round++) {
    for (const [name, turn] of Object.entries(turns)) {
      if (skipped[name]) continue;
      try {
        const ms = await turn().catch(again(turn));
        times[name].push(ms);
        say(`${workload.name}, ${deviceName[device]}, round ${round}: ${name} ${ms.toFixed(1)} ms`);
      } catch (error) {
        // A loss that does not fall, a different number of parameters, or a lab that does not open is an error of this benchmark.
        if (error instanceof assert.AssertionError || (name === 'lab' && !(error instanceof TooSlow))) throw error;
        skipped[name] = error instanceof TooSlow ? `more than ${limit} s in total` : error.message.split('\n')[0].slice(0, 120);
        say(`${workload.name}, ${deviceName[device]}: ${name} is skipped: ${skipped[name]}`);
        // Work that is still queued on the device must not slow down the next measurement.
        await closeAll();
        pages.clear();
      }
    }
  }
  for (const page of pages.values()) await page.close();
  const shown = (name) => (times[name].length ? { ms: median(times[name]), times: times[name] } : { skipped: skipped[name] });
  return { workload: workload.name, device: deviceName[device], adapter, ...Object.fromEntries(Object.keys(times).map((name) => [name, shown(name)])) };
}

const words = process.argv.slice(2).map((word) => word.toLowerCase());
const chosen = workloads.filter(({ name }) => !words.length || words.some((word) => name.toLowerCase().includes(word)));
const imports = { imports: { '@jax-js/jax': './node_modules/@jax-js/jax/dist/index.js' } };
const html = `<!doctype html><meta charset="utf-8"><title>peers</title><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify(imports)}</script>`;
const site = await serve({ folder: here, pages: { 'index.html': html } });
const rows = [];
try {
  for (const device of process.env.NN_LAB_DEVICE?.split(',') ?? ['cpu', 'webgpu']) {
    for (const workload of chosen) rows.push(await measure(site, workload, device));
  }
  const adapter = rows.find((row) => row.adapter)?.adapter ?? 'none';
  const where = `${new Date().toISOString().slice(0, 10)}, Chromium ${(await theBrowser()).version()}, ${cpus().length} CPU cores, WebGPU adapter: ${adapter}.`;
  console.log(`${table(rows, peers)}\n\n${where} ${notes(peers)}`);
  if (!words.length) writeFileSync(`${here}peers.svg`, picture(rows, peers, where));
} finally {
  await closeAll();
  await site.close();
}
