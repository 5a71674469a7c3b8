// A page that is used for long: nothing piles up.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { act, address, metric, sections, waitMetric, waitState, withPage } from '../lib/browser.mjs';

test('going through all sections again and again leaves no workers and no memory behind', { timeout: 600_000 }, async () => {
  const slugs = await sections();
  await withPage(address('mlp', { device: 'cpu', show: '' }), async (page) => {
    const session = await page.context().newCDPSession(page);
    const heap = async () => {
      await session.send('HeapProfiler.collectGarbage');
      const { jsHeapUsedSize } = await session.send('Runtime.getHeapUsage').then(({ usedSize }) => ({ jsHeapUsedSize: usedSize }));
      return jsHeapUsedSize / 1e6;
    };
    const round = async () => {
      for (const slug of slugs) {
        await page.evaluate((hash) => (location.hash = hash), address(slug, { device: 'cpu', show: '' }));
        await page.waitForSelector(`[data-panel="${slug}"][data-probe="idle"]`, { timeout: 60_000 });
        await act(page, 'train');
        await waitMetric(page, 'step', (step) => step >= 2, 60_000);
        await act(page, 'stop');
        await waitState(page, 'done', 60_000);
        await act(page, 'reset');
        await waitState(page, 'idle');
      }
    };
    // Twice to warm up: what is fetched and compiled once stays.
    await round();
    await round();
    const [before, memory] = [await heap(), await metric(page, 'worker_memory')];
    for (let i = 0; i < 6; i++) await round();
    const after = await heap();
    assert.equal(page.workers().length, 2);
    assert.ok(after < before * 1.25 + 2, `the page's heap went from ${before.toFixed(1)} to ${after.toFixed(1)} MB`);
    assert.ok((await metric(page, 'worker_memory')) < 1.3 * memory, 'the workers’ memory grows');
  });
});
