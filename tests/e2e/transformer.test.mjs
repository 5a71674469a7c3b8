// Section 6, as a visitor uses it: learning, writing, heads, own text, files, a reload.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { act, address, device, frames, metric, readParam, shot, waitMetric, waitState, withPage } from './lib/browser.mjs';

const small = { device: 'cpu', layers: 1, heads: 2, d_model: 32, context: 32, batch_size: 8, warmup: 0, sample_length: 40 };
const cpu = (params) => address('transformer', { ...small, ...params });
const panel = (page, selector) => page.locator(`[data-panel="transformer"] ${selector}`);

test('the first look is under the bigram line', { timeout: 150_000 }, () =>
  withPage(address('transformer', { device: 'cpu', preset: 'first-look' }), async (page) => {
    const bigram = await waitMetric(page, 'baseline_bigram', () => true, 40_000);
    assert.ok(bigram < (await metric(page, 'baseline_unigram')));
    await waitMetric(page, 'params_counted');
    assert.equal(await metric(page, 'params_counted'), await metric(page, 'params_formula'));
    assert.ok((await metric(page, 'pe_shift_max_dev')) < 1e-3);
    // The last of the probe's parts.
    await page.waitForFunction(() => /about [^,]* (s|min) \(/.test(document.querySelector('[data-cost]').innerText));
    console.log(await panel(page, '[data-cost]').innerText());
    await act(page, 'train');
    const began = Date.now();
    await waitMetric(page, 'loss_val', (loss) => loss < bigram, 120_000);
    console.log(`under the bigram line after ${Math.round((Date.now() - began) / 1000)} s, step ${await metric(page, 'step')}`);
    await shot(page, 'transformer-under-bigram');
  }));

test('it learns, writes, shows its heads, and answers for them', { timeout: 120_000 }, () =>
  withPage(cpu({ steps: 150, learning_rate: 0.01 }), async (page) => {
    await act(page, 'train');
    await waitState(page, 'done', 90_000);
    assert.equal(await metric(page, 'step'), 150);
    const loss = await waitMetric(page, 'loss_val');
    assert.ok(loss < (await metric(page, 'baseline_unigram')), `${loss}`);
    assert.ok(Math.abs((await metric(page, 'bits_per_char')) - loss / Math.LN2) < 1e-6);

    // Heads: small maps, a large one, the text, the table.
    assert.equal(await panel(page, '[data-head]').count(), 2);
    await panel(page, '[data-head="1"]').click();
    assert.match(await panel(page, '[data-figure="attention"] h3').innerText(), /layer 1, head 2/);
    assert.ok(Math.abs((await metric(page, 'row_sum')) - 1) < 0.05);
    assert.ok((await metric(page, 'head_entropy')) >= 0 && (await metric(page, 'head_distance')) >= 0);
    const map = panel(page, '[data-figure="attention"] svg.chart-svg');
    await map.focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    assert.match(await panel(page, '.linked h4').innerText(), /position 2, .*pinned/);
    await panel(page, '[data-sort="entropy"]').click();
    assert.equal(await panel(page, 'th[aria-sort="descending"]').count(), 1);
    await panel(page, '[data-action="switch-each"]').click();
    await panel(page, '[data-lost]').nth(1).waitFor({ timeout: 30_000 });

    // The timeline goes back to the first sample.
    const timeline = panel(page, '[data-timeline]').first();
    await timeline.focus();
    await page.keyboard.press('Home');
    assert.equal(await metric(page, 'shown_step'), 0);
    await page.keyboard.press('End');
    assert.equal(await metric(page, 'shown_step'), 150);

    // Writing: the same seed writes the same text.
    const write = async () => {
      await panel(page, '[data-write="count"]').fill('60');
      await panel(page, '[data-action="write"]').click();
      await panel(page, '[data-written="60"][data-busy="false"]').waitFor({ timeout: 30_000 });
      return panel(page, '[data-written]').innerText();
    };
    const text = await write();
    await panel(page, '[data-written]').focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await panel(page, '[data-likeliest] li').count(), 10);
    await panel(page, '[data-write="seed"]').fill('2');
    await frames(page);
    await panel(page, '[data-action="write"]').click();
    await page.waitForFunction((text) => document.querySelector('[data-written="60"][data-busy="false"]')?.innerText && document.querySelector('[data-written]').innerText !== text, text);
    await shot(page, 'transformer-done');
  }));

test('weights are saved, opened elsewhere, and give the same loss', { timeout: 120_000 }, () =>
  withPage(cpu({ steps: 40 }), async (page) => {
    await act(page, 'train');
    await waitState(page, 'done', 60_000);
    const loss = await waitMetric(page, 'loss_val');
    const download = page.waitForEvent('download');
    await panel(page, '[data-action="save"]').click();
    const file = await (await download).path();
    await act(page, 'reset');
    await panel(page, '[data-load]').setInputFiles({ name: 'a.safetensors', mimeType: 'application/octet-stream', buffer: readFileSync(file) });
    await panel(page, '[data-loaded="40"]').waitFor({ timeout: 30_000 });
    assert.equal(await waitMetric(page, 'loss_val'), loss);

    const damaged = readFileSync(file).subarray(0, 400);
    await panel(page, '[data-load]').setInputFiles({ name: 'b.safetensors', mimeType: 'application/octet-stream', buffer: damaged });
    await panel(page, '[data-refused]').first().waitFor({ timeout: 30_000 });
    assert.equal(await metric(page, 'loss_val'), loss, 'the model is as it was');
  }));

test('a text of one’s own is pasted, learned, and put away', { timeout: 120_000 }, () =>
  withPage(cpu({ steps: 30 }), async (page) => {
    await panel(page, '[data-paste]').fill('too short');
    await panel(page, '[data-action="use-text"]').click();
    await panel(page, '.file-box [data-kind="error"]').waitFor();
    await panel(page, '[data-paste]').fill('The cat sat on the mat. It was a fat cat.\n'.repeat(120));
    await panel(page, '[data-action="use-text"]').click();
    await page.waitForFunction(() => /text=own/.test(location.hash), undefined, { timeout: 20_000 });
    await panel(page, '.about-text', { hasText: 'Your own text' }).first().getByText('Your own text').waitFor({ timeout: 20_000 });
    await act(page, 'train');
    await waitState(page, 'done', 60_000);
    assert.ok((await waitMetric(page, 'loss_val')) < (await metric(page, 'baseline_unigram')));
    await panel(page, '[data-action="remove-files"]').click();
    await page.waitForFunction(() => !/text=own/.test(location.hash));
    assert.equal(String(await readParam(page, 'text')), 'shakespeare');
  }));

test('a run that is left goes on after a reload', { timeout: 120_000 }, () =>
  withPage(cpu({ steps: 2000 }), async (page) => {
    await act(page, 'train');
    await waitMetric(page, 'step', (step) => step > 130, 60_000);
    // The model is kept every hundred steps; the file is written while the run goes on.
    await waitMetric(page, 'step', (step) => step > 180, 60_000);
    await page.reload();
    await panel(page, '[data-offer]').waitFor({ timeout: 20_000 });
    await panel(page, '[data-action="continue"]').click();
    const step = await waitMetric(page, 'step', (step) => step > 0, 30_000);
    assert.ok(step > 100, `it began anew, at ${step}`);
    await act(page, 'stop');
    await waitState(page, 'done', 30_000);
  }));

test('it trains on WebGPU', { timeout: 300_000 }, () =>
  withPage(
    address('transformer', { device: 'webgpu', layers: 1, heads: 2, d_model: 16, context: 16, batch_size: 4, steps: 8, warmup: 0, learning_rate: 0.03, sample_length: 0 }),
    async (page) => {
      await act(page, 'train');
      await waitState(page, 'done', 240_000);
      assert.equal(await device(page), 'webgpu', 'it fell back to another device');
      const rows = await panel(page, '[data-figure="loss"]').evaluate(async (figure) => {
        figure.querySelector('summary').click();
        figure.querySelector('[data-export="table"]').click();
        while (!figure.querySelector('tbody tr')) await new Promise(requestAnimationFrame);
        return [...figure.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => Number(cell.innerText)));
      });
      const validation = rows.map((row) => row[2]).filter((loss) => loss > 0);
      assert.ok(validation.length >= 2 && validation.at(-1) < validation[0], JSON.stringify(validation));
      for (const head of [0, 1]) {
        await panel(page, `[data-head="${head}"]`).click();
        assert.ok(Math.abs((await metric(page, 'row_sum')) - 1) < 0.02);
      }
    },
  ));
