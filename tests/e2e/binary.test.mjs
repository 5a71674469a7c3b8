// Properties of the built site that need no browser.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dist } from './lib/site.mjs';
import { test } from './lib/test.mjs';
import { exportedFunctions, wrappedExports } from './lib/wasm.mjs';

// Unless a module calls __wasm_call_ctors itself, the linker wraps every export in a function that runs all
// static constructors again. cubecl has so many that each call from JS then takes a millisecond. The wrappers
// keep the names of what they wrap, so the test looks at the first call in each.
for (const name of ['worker-cpu_bg.wasm', 'worker-gpu_bg.wasm', 'worker-files_bg.wasm']) {
  test(`${name} runs its static constructors once, not at each call`, () => {
    const worker = readFileSync(join(dist, name));
    const count = exportedFunctions(worker).length;
    assert.ok(count > 5, `only ${count} exports`);
    assert.ok(wrappedExports(worker) < count / 3, `${wrappedExports(worker)} of ${count} exports begin with the same call`);
  });
}

test('a visitor downloads the kernels of only one device', () => {
  const [cpu, gpu] = ['worker-cpu_bg.wasm', 'worker-gpu_bg.wasm'].map((name) => readFileSync(join(dist, name)));
  assert.ok(cpu.includes('burn-flex') && !cpu.includes('cubecl-wgpu'));
  assert.ok(gpu.includes('cubecl-wgpu') && !gpu.includes('burn-flex'));
  for (const [worker, max] of [[cpu, 1_450_000], [gpu, 3_700_000]]) {
    const sent = gzipSync(worker, { level: 9 }).length;
    assert.ok(sent < max, `${sent} bytes compressed`);
  }
});

test('the readers of files are in a worker of their own, without burn', () => {
  const [files, cpu, gpu] = ['worker-files_bg.wasm', 'worker-cpu_bg.wasm', 'worker-gpu_bg.wasm'].map((name) => readFileSync(join(dist, name)));
  const sentence = 'There are no pictures among the files.';
  assert.ok(files.includes(sentence) && !files.includes('burn-flex') && !files.includes('cubecl'));
  assert.ok(!cpu.includes(sentence) && !gpu.includes(sentence));
  const sent = gzipSync(files, { level: 9 }).length;
  assert.ok(sent < 290_000, `${sent} bytes compressed`);
});

test('the page is small and does not contain burn', () => {
  const app = readdirSync(dist).find((name) => /^app-.*\.wasm$/.test(name));
  const bytes = readFileSync(join(dist, app));
  // Visitors download this before they see anything, and many hosts send nothing better than gzip.
  const sent = gzipSync(bytes, { level: 9 }).length;
  // Yew's own html! takes 130 kB more than a macro of one's own would; that is the price of standard parts.
  assert.ok(sent < 1_650_000, `${app} has ${sent} bytes compressed`);
  assert.ok(!bytes.includes('cubecl') && !bytes.includes('burn-flex'), `${app} mentions burn`);
});

test('every address in the page is relative', () => {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  for (const [, url] of html.matchAll(/(?:src|href)="([^"]*)"/g)) {
    assert.ok(url.startsWith('./') || url.startsWith('data:') || !/^([a-z]+:|\/)/.test(url), url);
  }
  assert.ok(!/from '\//.test(html) && !/https?:(?!\/\/(www\.w3\.org|localhost))/.test(html));
});
