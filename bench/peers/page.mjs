// Runs in the page of another library: creates one network, checks that its loss falls, and times its steps.

import { batch } from './data.mjs';
import { parameters, workloads } from './workloads.mjs';

let peer;
let model;
let batches;

/** Starts a library on a device and creates the network of a workload. Resolves to the name of the WebGPU adapter. */
export async function open(file, name, device) {
  const workload = workloads.find((workload) => workload.name === name);
  peer = await import(`./${file}`);
  await peer.start(device);
  model = peer.model(workload);
  if (model.parameters !== parameters(workload)) throw new Error(`${model.parameters} parameters, expected ${parameters(workload)}`);
  batches = Array.from({ length: 8 }, (_, seed) => batch(workload, seed));
  const info = (await navigator.gpu?.requestAdapter())?.info;
  return info && `${[info.vendor, info.architecture, info.description].filter(Boolean).join(' ')}${info.isFallbackAdapter ? ' (software)' : ''}`;
}

/** Resolves to the losses of `steps` steps on a single batch, or of fewer after `seconds`. */
export async function learn(steps, seconds) {
  const end = performance.now() + 1000 * seconds;
  const losses = [];
  while (losses.length < steps && (losses.length < 10 || performance.now() < end)) losses.push(await model.step(batches[0]));
  return losses;
}

/**
 * Resolves to the milliseconds of `steps` single steps, or of fewer after `seconds`. A step ends when its loss and the weights
 * that it changed last have been read.
 */
export async function time(steps, seconds) {
  const end = performance.now() + 1000 * seconds;
  const times = [];
  while (times.length < steps && (times.length < 3 || performance.now() < end)) {
    // Lets work that the library deferred until the page is idle finish before the step starts.
    await new Promise((resolve) => setTimeout(resolve));
    const began = performance.now();
    await model.step(batches[times.length % batches.length]);
    times.push(performance.now() - began);
  }
  return times;
}
