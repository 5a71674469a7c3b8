// Growth of the time and the memory of a training step with the sizes of the networks. Prints one JSON object per line: one per
// size, and one per sweep with the exponent of the larger half of its sizes, the exponent that the floating-point operations
// have over the same sizes, and PyTorch's on one thread if it is installed. Ends with a Markdown table, and draws the chart
// next to this file. `./lab bench scale WORD...` measures only sweeps whose names contain one of the words, and draws nothing.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { closeAll, theBrowser } from '../../tests/e2e/lib/browser.mjs';
import { print } from '../../tests/e2e/lib/lines.mjs';
import { fitted } from './fit.mjs';
import { Over, open, watchedSite } from './measure.mjs';
import { picture, table } from './report.mjs';
import { at, sweeps, symbols, tiny } from './sweeps.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const gpu = Boolean(process.env.NN_LAB_GPU);
const rounds = Number(process.env.NN_LAB_ROUNDS ?? 5);
const say = (text) => console.error(`scale: ${text}`);
const label = (sweep) => `${sweep.name}: ${symbols[sweep.key]}`;

/** The settings that stay the same, in words. */
const constant = (sweep) =>
  Object.entries(sweep.base)
    .filter(([key]) => key !== sweep.key && key !== 'side')
    .map(([key, value]) => `${symbols[key]} ${value}`)
    .join(', ');

/** Returns PyTorch's milliseconds per step at each size, or nothing if PyTorch is missing. */
function torch(sweep) {
  const python = process.env.TORCH_PYTHON;
  if (!python || !sweep.kind) return [];
  const jobs = sweep.sizes.map((size) => ({ kind: sweep.kind, gates: sweep.name === 'LSTM' ? 4 : 1, ...at(sweep, size) }));
  const answer = execFileSync(python, ['-B', `${here}torch_scale.py`, JSON.stringify(jobs)], { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' } });
  return JSON.parse(answer);
}

/** Trains a network for a moment, unless its run is over. */
async function burst(found) {
  if (found.over) return;
  try {
    found.times.push(await found.net.burst(0.6));
  } catch (error) {
    if (!(error instanceof Over)) throw error;
    found.over = true;
  }
}

/**
 * Measures a sweep: the networks of all sizes are open at the same time and train in turn, so that other load on the machine
 * does not fall on one size only. The fastest round counts.
 */
async function sweepOn(site, sweep, device) {
  const software = device === 'webgpu' && !gpu;
  const nets = [];
  for (const size of sweep.sizes) {
    try {
      nets.push({ size, times: [], net: await open(site, sweep, at(sweep, size), { device, limit: software ? 150 : 60 }) });
    } catch (error) {
      say(`${label(sweep)} ${size}, ${device}: ${String(error.message).split('\n')[0].slice(0, 160)}`);
    }
  }
  for (let round = 0; round < (software ? 1 : rounds); round++) for (const found of nets) await burst(found);
  for (const found of nets) {
    found.memory = (await found.net.memory()) ?? 0;
    await found.net.close();
  }
  const others = device === 'cpu' ? torch(sweep) : [];
  const points = nets.filter(({ times }) => times.length).map(({ size, times, memory }) => {
    const flops = sweep.flops(at(sweep, size));
    const point = { size, ms: Math.min(...times), memory, flops, torch_ms: others[sweep.sizes.indexOf(size)] };
    print('scale', { run: sweep.name, device, setting: sweep.key, size, with: constant(sweep), step_ms: point.ms, memory_mb: Math.round(memory / 1e6), gflops_per_s: flops / point.ms / 1e6, torch_ms: point.torch_ms });
    return point;
  });
  const of = (key) => fitted(points.filter((point) => point[key] !== undefined).map((point) => [point.size, point[key]]));
  const row = { name: sweep.name, setting: symbols[sweep.key], with: constant(sweep), device, points, measured: of('ms'), theory: of('flops'), memory: of('memory'), torch: of('torch_ms') };
  print('exponent', { run: sweep.name, device, setting: sweep.key, measured: row.measured, theory: row.theory, memory: row.memory, torch: row.torch });
  return row;
}

const words = process.argv.slice(2).filter((word) => !word.startsWith('--')).map((word) => word.toLowerCase());
const isChosen = (sweep) => !words.length || words.some((word) => label(sweep).toLowerCase().includes(word));
if (!process.env.TORCH_PYTHON) say('PyTorch is missing, so nothing is compared with it (./lab test code installs it)');
const site = await watchedSite();
const rows = [];
try {
  for (const sweep of sweeps.filter(isChosen)) rows.push(await sweepOn(site, sweep, 'cpu'));
  if (!gpu) say('WebGPU is a software adapter: only tiny sizes are measured on it');
  for (const sweep of (gpu ? sweeps : tiny).filter(isChosen)) rows.push(await sweepOn(site, sweep, 'webgpu'));
  const where = `${new Date().toISOString().slice(0, 10)}, Chromium ${(await theBrowser()).version()}, ${cpus().length} CPU cores, WebGPU: ${gpu ? 'hardware' : 'software adapter'}.`;
  console.log(`${table(rows)}\n\n${where}`);
  if (!words.length) writeFileSync(`${here}scale.svg`, picture(rows.filter(({ device }) => device === 'cpu'), where));
} finally {
  await closeAll();
  await site.close();
}
