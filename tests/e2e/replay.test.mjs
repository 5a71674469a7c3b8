// Replay: a reader goes back to earlier states of a run, and forward to the current one.

import assert from 'node:assert/strict';
import { act, frames, metric, probed, test, waitState } from './lib/test.mjs';

test('figures and numbers go back to an earlier step, and forward to the current one', async ({ open }) => {
  const page = await open('#/mlp?steps=1500&device=cpu');
  const slider = page.locator('[data-player="replay"] input');
  const progress = page.locator('.run-progress progress');
  await probed(page);
  // One bar: progress until there is something to go back to, replay when the run is over.
  assert.deepEqual([await slider.count(), await progress.count()], [0, 1]);
  const height = () => page.locator('.run-controls').evaluate((bar) => bar.offsetHeight);
  const before = await height();
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  await slider.waitFor();
  assert.deepEqual([await progress.count(), await height()], [0, before]);
  const last = Number(await slider.getAttribute('max'));
  assert.ok(last > 3 && last < 48, `${last + 1} states`);
  const end = await metric(page, 'accuracy_activated');
  await slider.fill('0');
  await page.locator('.replay[data-shown]').waitFor();
  const shown = Number(await page.locator('.replay').getAttribute('data-shown'));
  assert.ok(shown < 1500, `step ${shown}`);
  assert.match(await page.locator('.player-words').first().innerText(), new RegExp(`step ${shown}`));
  const start = await metric(page, 'accuracy_activated');
  assert.ok(start < end, `${start} at step ${shown}, ${end} at the end`);
  // The run itself stays at its last step.
  assert.equal(await metric(page, 'step'), 1500);
  await page.locator('[data-player="replay"] [data-action="forward"]').click();
  await frames(page, 2);
  assert.ok(Number(await page.locator('.replay').getAttribute('data-shown')) > shown);
  await slider.press('End');
  await page.locator('.replay:not([data-shown])').waitFor();
  assert.equal(await metric(page, 'accuracy_activated'), end);
  // The tests' browser asks for reduced motion, so there is no button that plays.
  assert.equal(await page.locator('[data-action="play"]').count(), 0);
});
