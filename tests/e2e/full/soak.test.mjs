// A page in long use: nothing accumulates.

import assert from 'node:assert/strict';
import { test } from '../lib/test.mjs';
import { soak, tour, wander } from '../lib/soak.mjs';

/**
 * Fails if the page holds more than 5% above what it held after the warm-up. The heap alone moves by some
 * hundred kilobytes.
 */
function checkHeld({ before, after }) {
  const words = JSON.stringify({ before, after });
  for (const [name, slack] of [['nodes', 20], ['listeners', 0], ['heap_mb', 1], ['page_mb', 2]]) {
    assert.ok(after[name] <= 1.05 * before[name] + slack, `${name}: ${words}`);
  }
  assert.equal(after.workers, before.workers, words);
}

test('visiting all sections again and again leaves nothing behind', { tag: '@full' }, async () => {
  test.setTimeout(600_000);
  const found = await soak(async (page) => {
    for (let i = 0; i < 6; i++) await tour(page);
  });
  checkHeld(found);
  assert.ok(found.after.workers_mb <= 1.3 * found.before.workers_mb, JSON.stringify(found));
});

test('a visitor who acts at random leaves nothing behind', { tag: '@full' }, async () => {
  test.setTimeout(600_000);
  // After the warm-up every list of the page has its full length.
  const warm = (page) => wander(page, { seed: 15, seconds: 120 });
  checkHeld(await soak((page) => wander(page, { seed: 16, seconds: 240 }), warm));
});
