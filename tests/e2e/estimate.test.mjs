// The estimate of a run before it starts, and the time left while it is under way.

import assert from 'node:assert/strict';
import { act, address, setParam, state, test, waitState } from './lib/test.mjs';

const words = (page) => page.locator('.run-words').first();
const value = async (page, name) => Number(await words(page).getAttribute(`data-${name}`));

/** Waits for an estimate that `holds`, and returns its seconds. */
async function estimated(page, holds = () => true) {
  for (let i = 0; i < 300; i++) {
    const seconds = await value(page, 'estimate');
    if (seconds > 0 && holds(seconds)) return seconds;
    await page.waitForTimeout(100);
  }
  throw new Error(`no such estimate: ${await words(page).innerText()}`);
}

test('a run is estimated before it starts, and again when its settings change', async ({ open }) => {
  const page = await open(address('attention', { device: 'cpu', show: '', steps: 1000 }));
  const seconds = await estimated(page);
  assert.match(await words(page).innerText(), /^takes about /);
  // Ten times the steps take about ten times as long. Other tests may use the same cores.
  await setParam(page, 'steps', 10_000);
  const longer = await estimated(page, (now) => now > 2 * seconds);
  assert.ok(longer < 50 * seconds, `${seconds} s, then ${longer} s`);
  assert.equal(await state(page), 'idle');
});

test('the time left replaces the estimate during a run, and falls', async ({ open }) => {
  const page = await open(address('attention', { device: 'cpu', show: '', steps: 20_000 }));
  await estimated(page);
  await act(page, 'train');
  await waitState(page, 'running');
  await page.locator('.run-words[data-left]').first().waitFor();
  await page.waitForFunction(() => /^\d\S* (s|min) left$/.test(document.querySelector('.run-words').innerText));
  const first = await value(page, 'left');
  // Until the run ends, the time left falls.
  await page.waitForFunction(
    (first) => document.querySelector('[data-panel]').dataset.state === 'done' || Number(document.querySelector('.run-words').dataset.left) < first,
    first,
  );
  await act(page, 'stop');
  await waitState(page, 'done');
  assert.equal(await words(page).getAttribute('data-left'), null);
  // A run that starts at once does not wait for the estimate.
  await act(page, 'reset');
  await setParam(page, 'steps', 50);
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
});

test('the estimate and the time left can be read whole on a laptop', async ({ open }) => {
  // The section with the most numbers beside the controls.
  const page = await open(address('mlp', { device: 'cpu', show: '', steps: 20_000 }), { width: 1366, height: 650 });
  /** How far the words reach beyond what may show them, in pixels. */
  const cut = () =>
    words(page).evaluate((node) => {
      const text = document.createRange();
      text.selectNodeContents(node);
      const shown = getComputedStyle(node).overflow === 'hidden' ? node : node.parentElement;
      return text.getBoundingClientRect().right - shown.getBoundingClientRect().right;
    });
  await estimated(page);
  assert.ok((await cut()) <= 1, 'before the run');
  await act(page, 'train');
  await page.locator('.run-words[data-left]').first().waitFor();
  await page.locator('.run-speed', { hasText: 'steps/s' }).first().waitFor();
  assert.ok((await cut()) <= 1, 'during the run');
});

test('a run with more seeds takes longer', async ({ open }) => {
  const one = await open(address('mlp', { device: 'cpu', show: '', steps: 2000 }));
  const seconds = await estimated(one);
  await setParam(one, 'seeds', 10);
  // The networks are not timed again.
  const ten = await estimated(one, (now) => now > 3 * seconds);
  assert.ok(ten < 11 * seconds, `${seconds} s, then ${ten} s`);
});
