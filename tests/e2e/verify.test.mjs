// The page that verifies the visitor's device: it runs every case of the native tests in the browser, on both
// devices.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, checkAccess, checkFits, device, expect, metric, shot, state, test, waitMetric, waitState } from './lib/test.mjs';

const panel = '[data-panel="verify"]';
const answer = (page) => page.locator(`${panel} .verify-answer`).innerText();
const rows = (page, caption) => page.locator(`${panel} table`, { has: page.locator('caption', { hasText: caption }) }).locator('tbody tr');

/** Returns the cases that disagree, as a visitor reads them. */
const wrong = (page) => page.$$eval(`${panel} [data-check-verdict="fails"]`, (rows) => rows.map((row) => row.innerText.replaceAll('\t', ' | ')));

/**
 * Waits until `count` presets have been timed, which happens after the last case, or until verifying is over.
 */
async function timed(page, count, timeout) {
  const isTimed = async () => {
    const now = await state(page);
    if (now === 'error') throw new Error(await page.locator(panel).innerText());
    return now === 'done' || (await rows(page, 'Estimated').count()) >= count;
  };
  await expect.poll(isTimed, { message: `${count} presets are timed`, timeout }).toBe(true);
}

/** Stops verifying, unless it is over already. */
async function end(page, timeout) {
  if (['loading', 'running'].includes(await state(page))) await act(page, 'stop');
  await waitState(page, 'done', timeout);
}

test('the CPU agrees with every reference, and presets are timed', async ({ open }) => {
  test.setTimeout(300_000);
  const page = await open('#/verify?device=cpu');
  await checkAccess(page, 'before it begins');
  // Only the keyboard is used. The button keeps the focus when it turns into the one that stops.
  await page.locator(`${panel} [data-action="verify"]`).focus();
  await page.keyboard.press('Enter');
  await page.locator(`${panel} [data-action="stop"]:focus`).waitFor();
  await page.locator(`${panel} progress`).waitFor();
  await timed(page, 8, 200_000);
  await end(page, 60_000);

  assert.equal(await device(page), 'cpu');
  assert.deepEqual(await wrong(page), []);
  assert.equal(await metric(page, 'verify_failed'), 0);
  const cases = await metric(page, 'verify_cases');
  assert.ok(cases > 60, `only ${cases} cases`);
  const worst = await metric(page, 'verify_worst');
  assert.ok(worst > 0 && worst <= 1, `the greatest error is ${worst} of its tolerance`);
  assert.match(await answer(page), new RegExp(`All ${cases} cases agree on the CPU\\.`));
  assert.equal(await rows(page, 'Cases').count(), cases);
  const first = await rows(page, 'Estimated').first().innerText();
  assert.match(first, /Defaults\s+\d+\s+[\d.,\u202f]+\s+about/);

  await shot(page, 'verify-cpu-1280');
  await checkAccess(page, 'when it is over');
  // The answer and the first estimates are on one screen.
  for (const part of ['.verify-answer', 'table']) {
    const box = await page.locator(`${panel} ${part}`).first().boundingBox();
    assert.ok(box && box.y < 900, `${part} is at ${box?.y}`);
  }
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator(`${panel} [data-action="save-verify"]`).click()]);
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
  assert.match(lines[0], /^group,what,reference,device,value,unit,tolerance,why,agrees,run$/);
  assert.equal(lines.filter((line) => line.includes(',relative error,')).length, cases);

  // On a phone the tables scroll within their boxes.
  await page.setViewportSize({ width: 400, height: 740 });
  await checkFits(page);
  await shot(page, 'verify-cpu-400');
});

test('the CPU agrees with every reference, and every preset is timed', { tag: '@long' }, async ({ open }) => {
  test.setTimeout(300_000);
  const page = await open('#/verify?device=cpu');
  await act(page, 'verify');
  await waitState(page, 'done', 260_000);
  assert.deepEqual(await wrong(page), []);
  assert.match(await answer(page), /^All \d+ cases agree on the CPU\./);
  assert.ok((await rows(page, 'Estimated').count()) >= 8);
});

// A software adapter compiles each kernel slowly and computes slowly, so the test does not wait for the
// presets.
test('a GPU agrees with every reference, as the CPU does', { tag: ['@long', '@webgpu'] }, async ({ open }) => {
  test.setTimeout(1_080_000);
  const page = await open('#/verify?device=webgpu');
  await act(page, 'verify');
  // Stopped while the CPU is verified, it claims nothing about the GPU.
  await waitMetric(page, 'verify_cases', (count) => count > 20, 120_000);
  await act(page, 'stop');
  await waitState(page, 'done', 60_000);
  assert.match(await answer(page), /^It ended early\. All \d+ cases agree on the CPU\.$/);

  await act(page, 'verify');
  await timed(page, 1, 240_000);
  // The CPU comes first. The GPU has finished its cases when a step on it has been timed.
  const first = rows(page, 'Estimated').first().locator('td, th').nth(5);
  const stepTime = async () => {
    if (!['loading', 'running'].includes(await state(page))) throw new Error(await page.locator(panel).innerText());
    return first.innerText();
  };
  await expect.poll(stepTime, { message: 'a step on the GPU is timed', timeout: 780_000 }).not.toBe('–');
  await end(page, 240_000);
  assert.equal(await device(page), 'webgpu', 'it fell back to another device');
  assert.deepEqual(await wrong(page), []);
  assert.equal(await metric(page, 'verify_failed'), 0);
  const cases = await metric(page, 'verify_cases');
  assert.ok(cases > 60, `only ${cases} cases`);
  assert.match(await answer(page), / and on the CPU\./);
  const heads = await page.$$eval(`${panel} thead`, (heads) => heads.map((head) => head.innerText));
  assert.ok(heads.every((head) => head.includes('CPU') && head.includes('GPU')), `${heads}`);
  await shot(page, 'verify-webgpu-1280');
  await checkAccess(page, 'with two devices');
});

test('a damaged file of references is reported, and cases without a reference file are still verified', async ({ open, serve }) => {
  const site = await serve({ pages: { 'data/reference.bin': 'NNLABREF and then nothing' } });
  const page = await open('#/verify?device=cpu', { from: site });
  await act(page, 'verify');
  await waitMetric(page, 'verify_cases', (count) => count > 20, 60_000);
  await act(page, 'stop');
  await waitState(page, 'done', 60_000);
  assert.equal(await metric(page, 'verify_failed'), 6, 'one for each fixture');
  assert.match(await answer(page), /6 of \d+ cases disagree on the CPU: do not trust its results\./);
  assert.match((await wrong(page))[0], /The file with the references .* could not be checked/s);
});

test('every section links to the page, which keeps the device', async ({ open }) => {
  const page = await open('#/mlp?device=cpu&depth=2');
  await page.locator('footer a', { hasText: 'Verify this device' }).click();
  await page.locator(panel).waitFor();
  assert.match(page.url(), /#\/verify\?device=cpu/);
  assert.match(await page.title(), /Verify/);
  assert.equal(await state(page), 'idle', 'nothing is computed until it is asked for');
});
