// The lab beside its peers: the same workloads, in the same browser, on the same adapter, in turn. Prints one Markdown table
// and writes the picture beside this file. `./lab bench peers`, or `./lab bench peers WORDS` for workloads whose names hold
// one of the words.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { closeAll, theBrowser } from '../../tests/e2e/lib/browser.mjs';
import { serve } from '../../tests/e2e/lib/site.mjs';
import { labStep, median } from './lab.mjs';
import { picture, table } from './report.mjs';
import { parameters, workloads } from './workloads.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const peers = [
  { name: 'TensorFlow.js', file: 'tensorflow.mjs', package: '@tensorflow/tfjs' },
  { name: 'jax-js', file: 'jax.mjs', package: '@jax-js/jax' },
];
const rounds = Number(process.env.NN_LAB_ROUNDS ?? 3);
const gpu = Boolean(process.env.NN_LAB_GPU);
// In software a step takes seconds: one round of few steps there, and none of what takes too long.
const effort = {
  cpu: { rounds, steps: 20, seconds: 20, learn: 25 },
  webgpu: gpu ? { rounds, steps: 50, seconds: 20, learn: 25 } : { rounds: 1, steps: 4, seconds: 60, learn: 0 },
};
const say = (text) => console.error(`peers: ${text}`);

/** A peer's page with one network in it. */
async function open(site, peer, workload, device) {
  const context = await (await theBrowser()).newContext();
  const page = await context.newPage();
  await page.goto(site.url);
  const call = async (name, ...args) => {
    const work = page.evaluate(([name, args]) => import('./page.mjs').then((module) => module[name](...args)), [name, args]);
    work.catch(() => {});
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('too slow')), 1000 * effort[device].seconds * (name === 'time' ? 1 : 3))));
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  };
  try {
    const words = await call('open', peer.file, workload.name, device);
    return { words, learn: () => call('learn', effort[device].learn), time: (steps) => call('time', steps, effort[device].seconds), close: () => context.close() };
  } catch (error) {
    await context.close();
    throw error;
  }
}

/** All rounds of one workload on one device. */
async function measure(site, workload, device) {
  const { rounds, steps, seconds, learn } = effort[device];
  const tooSlow = `no ${steps > 4 ? '' : 'four '}steps in ${seconds} s`;
  const row = { workload: workload.name, device: device === 'cpu' ? 'CPU' : gpu ? 'WebGPU' : 'WebGPU, software' };
  const times = new Map();
  const add = (name, ms) => times.set(name, [...(times.get(name) ?? []), ms]);
  const pages = new Map();
  row.lab = { skipped: tooSlow };
  for (const peer of peers) row[peer.name] = { skipped: tooSlow };
  try {
    for (let round = 0; round < rounds; round++) {
      const { ms, count } = await labStep(workload, device, { steps, seconds });
      if (count) assert.equal(count, parameters(workload), `${workload.name}: parameters of the lab and of its peers`);
      if (ms) add('lab', ms);
      say(`${workload.name}, ${device}, round ${round + 1}: lab ${ms?.toFixed(1)} ms`);
      for (const peer of peers) {
        try {
          if (round === 0) {
            const page = await open(site, peer, workload, device);
            pages.set(peer.name, page);
            peer.version ??= page.words.version;
            row.adapter ??= page.words.gpu;
            if (learn) {
              const losses = await page.learn();
              assert.ok(losses.every(Number.isFinite) && losses.at(-1) < losses[0], `${peer.name} does not learn ${workload.name}: ${losses}`);
              say(`${peer.name} learns: loss ${losses[0].toFixed(3)} to ${losses.at(-1).toFixed(3)} in ${learn} steps on one batch`);
            } else {
              await page.time(1);
            }
          }
          const page = pages.get(peer.name);
          if (!page) continue;
          const list = await page.time(learn ? steps : steps - 1);
          add(peer.name, median(list));
          say(`${workload.name}, ${device}, round ${round + 1}: ${peer.name} ${median(list).toFixed(1)} ms`);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          say(`${peer.name}, ${workload.name}, ${device}: ${error.message}`);
          if (!/too slow/.test(error.message)) row[peer.name] = { skipped: error.message.split('\n')[0].slice(0, 100) };
          await pages.get(peer.name)?.close();
          pages.delete(peer.name);
        }
      }
    }
  } finally {
    for (const page of pages.values()) await page.close();
  }
  for (const name of ['lab', ...peers.map(({ name }) => name)]) if (times.get(name)) row[name] = { ms: median(times.get(name)) };
  return row;
}

const words = process.argv.slice(2).map((word) => word.toLowerCase());
const chosen = workloads.filter(({ name }) => !words.length || words.some((word) => name.toLowerCase().includes(word)));
const imports = { imports: { '@jax-js/jax': './node_modules/@jax-js/jax/dist/index.js' } };
const site = await serve({ folder: here, pages: { 'index.html': `<!doctype html><title>peers</title><script type="importmap">${JSON.stringify(imports)}</script>` } });
const rows = [];
try {
  for (const device of process.env.NN_LAB_DEVICE ? [process.env.NN_LAB_DEVICE] : ['cpu', 'webgpu']) {
    for (const workload of chosen) rows.push(await measure(site, workload, device));
  }
  const browser = (await theBrowser()).version();
  console.log(JSON.stringify(rows), browser, cpus().length);
  console.log(table(rows, peers));
  writeFileSync(`${here}peers.svg`, picture(rows, peers, ''));
} finally {
  await closeAll();
  await site.close();
}
