// The cost of one bare training step, without validation, without figures and without frames. If the worker's
// global scope has a function `observeStep` when the worker starts, the worker calls it after every step and
// does nothing else. A few lines in front of the worker's script define it, and count the requests to the
// GPU.

import { readdirSync } from 'node:fs';
import { act, address, device as deviceOf, waitState, withPage } from './browser.mjs';
import { dist, serve } from './site.mjs';

/**
 * Warm-up steps: memory is allocated, and on a GPU kernels are compiled and each network's step is captured.
 */
const WARM_UP = { cpu: 3, webgpu: 16 };

const watch = `
  self.asked = { dispatches: 0, binds: 0, submits: 0, uploads: 0, uploaded_bytes: 0 };
  self.steps = [];
  self.observeStep = (arm, step, ms) => self.steps.push({ arm, step, ms, at: performance.now(), ...self.asked });
  const count = (type, method, note) => {
    const prototype = self[type]?.prototype;
    const original = prototype?.[method];
    if (original) prototype[method] = function (...args) { note(...args); return original.apply(this, args); };
  };
  for (const method of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect']) count('GPUComputePassEncoder', method, () => self.asked.dispatches++);
  count('GPUDevice', 'createBindGroup', () => self.asked.binds++);
  count('GPUQueue', 'submit', () => self.asked.submits++);
  count('GPUQueue', 'writeBuffer', (buffer, offset, data, from, size) => {
    self.asked.uploads++;
    self.asked.uploaded_bytes += size ?? data.byteLength;
  });
`;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/**
 * Returns the median time of a bare step per network, and the requests to the GPU per step of all networks.
 */
export async function bareSteps(slug, params, { steps = 8, timeout = 240_000, count = 'steps', init } = {}) {
  const site = await serve();
  const warmUp = WARM_UP[params.device];
  for (const name of readdirSync(dist)) if (/^worker-[cg]pu(-[0-9a-f]{16})?\.js$/.test(name)) site.rewrites.set(name, (script) => watch + script);
  try {
    return await withPage(
      address(slug, { ...params, ...(count === 'steps' ? { steps: steps + warmUp } : {}) }),
      async (page) => {
        await page.locator('[data-panel] [data-param]').first().waitFor({ state: 'visible' });
        await act(page, 'train');
        await waitState(page, 'done', timeout);
        const device = await deviceOf(page);
        if (device !== params.device) throw new Error(`bare steps: ${device}, not ${params.device}`);
        const seen = [];
        const asked = [];
        for (const worker of page.workers()) {
          const all = (await worker.evaluate(() => self.steps ?? [])).filter(({ step }) => step > warmUp);
          seen.push(...all);
          // The GPU's work is submitted in batches and not per step, so count over all steps. The last one is
          // left out, because the networks are evaluated after it.
          const last = Math.max(0, ...all.map(({ step }) => step));
          asked.push(...all.slice(0, Math.max(0, all.findIndex(({ step }) => step === last))));
        }
        const networks = [...new Set(seen.map(({ arm }) => arm))].sort((a, b) => a - b);
        const times = networks.map((network) => seen.filter(({ arm }) => arm === network).slice(0, steps).map(({ ms }) => ms));
        const each = (key) => ((asked.at(-1)[key] - asked[0][key]) / (asked.length - 1)) * networks.length;
        const counts = device === 'webgpu' ? Object.fromEntries(['dispatches', 'binds', 'submits', 'uploads', 'uploaded_bytes'].map((key) => [key, each(key)])) : {};
        return { device, steps: times[0].length, step_ms: times.map(median), ...counts };
      },
      { from: site, init },
    );
  } finally {
    await site.close();
  }
}
