// What runs in a peer's page: it makes one network, checks that it learns, and times its steps.

import { batch } from './data.mjs';
import { parameters, workloads } from './workloads.mjs';

let peer;
let model;
let batches;

/** Starts a peer's library on a device, and makes the network of a workload. Gives the name of the WebGPU adapter. */
export async function open(file, name, device) {
  const workload = workloads.find((workload) => workload.name === name);
  peer = await import(`./${file}`);
  await peer.start(device);
  model = peer.model(workload);
  if (model.parameters !== parameters(workload)) throw new Error(`${model.parameters} parameters, not ${parameters(workload)}`);
  batches = Array.from({ length: 8 }, (_, seed) => batch(workload, seed));
  const info = (await navigator.gpu?.requestAdapter())?.info;
  return info && `${[info.vendor, info.architecture, info.description].filter(Boolean).join(' ')}${info.isFallbackAdapter ? ' (in software)' : ''}`;
}

/** Losses of so many steps on one and the same batch, of fewer after so many seconds. */
export async function learn(steps, seconds) {
  const end = performance.now() + 1000 * seconds;
  const losses = [];
  while (losses.length < steps && (losses.length < 10 || performance.now() < end)) losses.push(await model.step(batches[0]));
  return losses;
}

/**
 * Milliseconds of single steps, each until its loss and the weights that it changed last have been read; of fewer after so
 * many seconds.
 */
export async function time(steps, seconds) {
  const end = performance.now() + 1000 * seconds;
  const times = [];
  while (times.length < steps && (times.length < 3 || performance.now() < end)) {
    // Whatever the library has put off until the page is idle is not the step's.
    await new Promise((resolve) => setTimeout(resolve));
    const began = performance.now();
    await model.step(batches[times.length % batches.length]);
    times.push(performance.now() - began);
  }
  return times;
}
