// A page that is used for long: nothing piles up.

import assert from 'node:assert/strict';
import { soak, tour, wander } from '../lib/soak.mjs';

/** No more than 5 % above what was there after the warm-up; the heap by itself moves by some hundred kilobytes. */
function holds({ before, after }) {
  const words = JSON.stringify({ before, after });
  for (const [name, slack] of [['nodes', 20], ['listeners', 0], ['heap_mb', 1], ['page_mb', 2]]) {
    assert.ok(after[name] <= 1.05 * before[name] + slack, `${name}: ${words}`);
  }
  assert.equal(after.workers, before.workers, words);
}

test('going through all sections again and again leaves nothing behind', async () => {
  test.setTimeout(600_000);
  const found = await soak(async (page, slugs) => {
    for (let i = 0; i < 6; i++) await tour(page, slugs);
  });
  holds(found);
  assert.ok(found.after.workers_mb <= 1.3 * found.before.workers_mb, JSON.stringify(found));
});

test('neither does a visitor who does what comes to mind', async () => {
  test.setTimeout(600_000);
  // By then every list of the page is as long as it gets.
  const warm = (page, slugs) => wander(page, slugs, { seed: 15, seconds: 120 });
  holds(await soak((page, slugs) => wander(page, slugs, { seed: 16, seconds: 240 }), warm));
});
