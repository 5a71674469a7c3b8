// Section 4 on the CPU, as a visitor uses it.

import assert from 'node:assert/strict';
import { act, address, checkAccess, checkFits, choosePreset, expect, firstStep, frames, metric, openSettings, probed, setParam, shot, test, waitMetric, waitState } from './lib/test.mjs';

const cpu = (params) => address('rnn', { device: 'cpu', ...params });

test('both networks learn a short sequence, and their gradients are shown', async ({ open }) => {
  const page = await open(cpu({ preset: 'short-sequence', steps: 120 }));
  assert.ok((await waitMetric(page, 'max_abs_err_lstm')) < 1e-4);
  assert.ok((await waitMetric(page, 'max_abs_err_rnn')) < 1e-4);
  assert.equal(await metric(page, 'params_lstm_counted'), await metric(page, 'params_lstm'));
  assert.equal(await metric(page, 'chance'), 0.5);
  const first = await firstStep(page, ['loss_rnn', 'loss_lstm']);
  await act(page, 'resume');
  await waitState(page, 'done', 60_000);
  for (const net of ['rnn', 'lstm']) {
    assert.ok((await metric(page, `loss_${net}`)) < first[`loss_${net}`], `the loss of the ${net} does not fall`);
    assert.ok((await metric(page, `accuracy_${net}`)) > 0.9, `the ${net} does not learn`);
    assert.ok((await metric(page, `grad_first_${net}`)) > 0);
  }
  assert.ok((await metric(page, 'grad_ratio')) > 0);
});

const strip = (page, net) => page.locator(`[data-strip="${net}"]`);

test('the page opens on a sequence and the gradients of the untrained networks, which follow the run', async ({ open }) => {
  const page = await open('#/rnn?device=cpu', { width: 1366, height: 650 });
  const figure = page.locator('[data-figure="sequence"]');
  for (const net of ['rnn', 'lstm']) await strip(page, net).locator('.shade').first().waitFor();
  await figure.locator('h2', { hasText: 'before training' }).waitFor();
  await figure.getByText(/^first token: [AB]$/).waitFor();
  // The RNN's gradient is below what a float holds long before the first token, and the figure says so.
  const unreached = (net, which) => strip(page, net).getAttribute(`data-${which}`).then(Number);
  const [below, lost] = [await unreached('rnn', 'below'), await unreached('rnn', 'lost')];
  assert.ok(below > 20 && below < 90 && lost > 150 && lost < 190, `${below}, ${lost}`);
  await strip(page, 'rnn').getByText('below 10⁻³⁸, the 32-bit minimum').waitFor();
  assert.equal(await unreached('lstm', 'lost'), 0);
  await page.locator('[data-text="reach"]', { hasText: `at the first ${below} it is below 10⁻³⁸` }).waitFor();
  // Untrained networks guess.
  const answer = (net) => page.locator(`[data-network-answer="${net}"]`).textContent();
  for (const net of ['rnn', 'lstm']) assert.match(await answer(net), /^[AB] [56]\d%$/);
  // All of it is in sight on a small laptop.
  for (const name of ['sequence', 'loss', 'accuracy']) {
    const body = await page.locator(`[data-figure="${name}"] .figure-body`).boundingBox();
    assert.ok(body.y + body.height <= 660, `${name} ends at ${body.y + body.height}`);
  }

  // Keys and pointer read exact values; the table has the same.
  const chart = figure.getByRole('application');
  const reading = figure.locator('.chart-readout');
  await chart.focus();
  await page.keyboard.press('End');
  await expect(reading).toHaveText(/^position 199 \([a-h]\): RNN 0\.\d+, LSTM 0\.\d+$/);
  await page.keyboard.press('Home');
  await expect(reading).toHaveText(/^position 0 \([AB]\): RNN 0, LSTM 0\.\d+$/);
  await page.keyboard.press('Escape');
  await expect(reading).toHaveText('');
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 60);
  await expect(reading).toHaveText(/^position \d+ \([a-h]\): RNN \d\.\d+e-\d+, LSTM /);
  await figure.locator('summary').first().click();
  await figure.locator('[data-export="table"]').click();
  const rows = figure.locator('tbody tr');
  assert.equal(await rows.count(), 200);
  const cells = await rows.last().evaluate((tr) => [...tr.children].map((td) => td.textContent));
  assert.equal(cells[0], '199');
  for (const cell of cells.slice(2)) assert.ok(Number(cell) > 0, cell);
  await figure.getByRole('button', { name: 'Hide the table' }).first().click();
  await checkAccess(page, 'the opening figure', '.chapter');

  // Another length is drawn at once, and measured soon after.
  await setParam(page, 'seq_len', 12);
  await page.locator('.sequence[data-positions="12"]').waitFor();
  await page.locator('.sequence:not([data-stale])').waitFor();
  await expect.poll(() => unreached('rnn', 'lost')).toBe(0);
  await page.locator('[data-text="reach"]', { hasText: 'the RNN’s gradient reaches the first token.' }).waitFor();

  // The strips are those of the run.
  const before = await strip(page, 'lstm').innerHTML();
  await setParam(page, 'steps', 60);
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  await figure.locator('h2', { hasText: 'at step 60' }).waitFor();
  assert.notEqual(await strip(page, 'lstm').innerHTML(), before);
  assert.equal((await answer('lstm'))[0], (await figure.locator('.first-name').textContent()).at(-1), 'the trained LSTM answers');
});

test('no labels of the opening figure collide at any width', async ({ open }) => {
  const page = await open('#/rnn?device=cpu&seq_len=200');
  for (const length of [200, 10, 40, 400]) {
    await setParam(page, 'seq_len', length);
    await page.locator(`.sequence[data-positions="${length}"]:not([data-stale])`).waitFor();
    await strip(page, 'rnn').locator('.shade').first().waitFor();
    for (const width of [320, 390, 559, 640, 768, 900, 1100, 1366, 1920, 2560]) {
      await page.setViewportSize({ width, height: 844 });
      await frames(page, 4);
      const collisions = await page.locator('.sequence svg').evaluate((svg) => {
        const frame = svg.getBoundingClientRect();
        const texts = [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
        const outside = texts.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 3);
        const pairs = texts.flatMap(([a, one], index) =>
          texts.slice(index + 1).filter(([, two]) => one.left < two.right - 0.5 && two.left < one.right - 0.5 && one.top < two.bottom - 3 && two.top < one.bottom - 3).map(([b]) => `${a} / ${b}`));
        return [...outside.map(([text]) => `${text} is outside`), ...pairs];
      });
      assert.deepEqual(collisions, [], `${length} tokens at ${width} px`);
      await checkFits(page, `${length} tokens at ${width} px`);
    }
  }
});

test('the gradients are drawn before training, and the norm with the level of clipping', async ({ open }) => {
  const page = await open('#/rnn/backpropagation?device=cpu&seq_len=20&steps=10&clip=0.5');
  const lines = (name) => page.locator(`[data-figure="${name}"] path.line`);
  await expect.poll(() => lines('gradients').count()).toBe(3);
  await page.locator('[data-figure="gradients"] h2', { hasText: 'before training' }).waitFor();
  await page.locator('[data-figure="gradient-norm"]').getByText('clipped above').waitFor();
  await act(page, 'train');
  await waitState(page, 'done', 60_000);
  await page.locator('[data-figure="gradients"] h2', { hasText: 'at step 10' }).waitFor();
  await expect.poll(() => lines('gradient-norm').evaluateAll((all) => all.map((line) => line.getAttribute('d').split('L').length))).toEqual([10, 10]);
  // The closed form of the next chapter needs no measurement.
  await page.goto(page.url().replace('/backpropagation', '/survival'));
  await expect.poll(() => lines('paths').count()).toBeGreaterThanOrEqual(3);
});

test('each chapter explains what it shows', async ({ open }) => {
  const page = await open('#/rnn/memory?device=cpu&d_hidden=16');
  const text = (name) => page.locator(`[data-text="${name}"]`);
  await text('product').getByText('a product of 199 of them shrinks or grows geometrically').waitFor();
  await page.goto(page.url().replace('/memory', '/backpropagation'));
  await text('through-time').getByText('sum over positions').waitFor();
  await page.goto(page.url().replace('/backpropagation', '/survival'));
  await text('product').waitFor();
  await waitMetric(page, 'step_bound_rnn', (bound) => bound > 0.8 && bound < 1.3);
  assert.ok((await metric(page, 'step_mean_rnn')) < (await metric(page, 'spectral_radius_measured')));
  await page.goto(page.url().replace('/survival', '/architecture'));
  await text('gates').getByText('The forget gate f keeps').waitFor();
  await text('second-bias').getByText('64 more parameters').waitFor();
});

test('over 200 steps the gradient of the RNN does not reach the first token', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu({ steps: 20_000 }));
  await waitMetric(page, 'max_abs_err_lstm');
  await shot(page, 'rnn-1280-light-before');
  await act(page, 'train');
  assert.ok((await waitMetric(page, 'grad_first_rnn')) < 1e-20);
  assert.ok((await waitMetric(page, 'grad_ratio')) > 1e10);
  await waitMetric(page, 'step', (step) => step >= 8);
  await shot(page, 'rnn-1280-light-during');
  await act(page, 'stop');
  await waitState(page, 'done');
});

test('a preset applies its settings, a changed setting deselects it, and Back selects it again', { tag: '@long' }, async ({ open }) => {
  const page = await open(cpu());
  const preset = page.locator('[data-preset="zero-forget-bias"]');
  await choosePreset(page, 'zero-forget-bias');
  await page.waitForURL(/preset=zero-forget-bias/);
  assert.equal(await page.locator('[data-param="forget_bias"] select').inputValue(), 'zero');
  assert.equal(await preset.getAttribute('aria-pressed'), 'true');
  await openSettings(page);
  await page.locator('[data-param="seq_len"] input[type="range"]').press('ArrowLeft');
  await page.waitForURL(/seq_len=/);
  assert.equal(await preset.getAttribute('aria-pressed'), 'false');
  await page.goBack();
  await page.waitForFunction(() => document.querySelector('[data-preset="zero-forget-bias"]').getAttribute('aria-pressed') === 'true');
});

const cells = (params) => `#/rnn/architecture?${new URLSearchParams({ device: 'cpu', ...params })}`;
const gate = (page, name, net = 'lstm') => page.locator(`[data-cell="${net}"] [data-gate="${name}"]`).getAttribute('data-value').then(Number);
const stateOf = (page, name, net = 'lstm') => page.locator(`[data-cell="${net}"] [data-state-of="${name}"]`).getAttribute('data-value').then(Number);
const goTo = (page, t) => page.locator('[data-player="t"] input').fill(String(t));
const at = (page, t) => page.locator(`.cell-figure[data-t="${t}"]`).waitFor();

test('the cells are drawn before training, and every control of the position shows that position', async ({ open }) => {
  const page = await open(cells({ seq_len: 60 }));
  await probed(page);
  const figure = page.locator('[data-figure="cell"]');
  await page.locator('[data-cell="lstm"] [data-gate="f"][data-value]').waitFor();
  await figure.getByText('untrained').waitFor();
  // Chrono initialization: most forget gates start near 1, most input gates near 0.
  const first = { f: await gate(page, 'f'), i: await gate(page, 'i') };
  assert.ok(first.f > 0.85 && first.i < 0.15, JSON.stringify(first));
  // The state before the first token is zero.
  assert.equal(await stateOf(page, 'ct−1'), 0);
  assert.equal(await page.locator('.token[aria-current]').getAttribute('data-role'), 'first');
  assert.match(await page.locator('.token[data-role="first"]').innerText(), /^[AB]$/);

  await goTo(page, 30);
  await at(page, 30);
  assert.notEqual(await gate(page, 'f'), first.f, 'the gates are those of another position');
  const [cell, hidden] = [await stateOf(page, 'ct'), await stateOf(page, 'ht', 'rnn')];
  assert.ok(cell > 0 && hidden > 0 && hidden < 1, `${cell}, ${hidden}`);
  // The output at one position is the input of the next.
  await page.locator('[data-player="t"] [data-action="forward"]').click();
  await at(page, 31);
  assert.equal(await stateOf(page, 'ct−1'), cell);
  assert.equal(await stateOf(page, 'ht−1', 'rnn'), hidden);
  // Clicking a token or a column of the map selects its position, too.
  await page.locator('.token[data-position="33"]').click();
  await at(page, 33);
  await page.locator('.token[data-role="last"]').click();
  await at(page, 59);
  const over = page.getByRole('application', { name: /^Units over the sequence/ });
  const band = over.locator('[data-band="0"]');
  const { width } = await band.boundingBox();
  await band.click({ position: { x: width * (10.5 / 60), y: 20 } });
  await at(page, 10);
  await over.focus();
  for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
  assert.match(await page.locator('[data-figure="cell-units"] .chart-readout').first().innerText(), /^LSTM: cell state .* at position t 2, unit \d+$/);
  await at(page, 2);

  // The table agrees: the forget gate's mean is the mean over its units.
  await figure.locator('summary').first().click();
  await figure.locator('[data-export="table"]').click();
  const row = await figure.locator('tbody tr').first().evaluate((tr) => [...tr.children].map((td) => td.textContent));
  assert.deepEqual(row.slice(0, 3), ['f forget gate', 'LSTM', '2']);
  const units = row.slice(4).map(Number);
  assert.equal(units.length, 32);
  const mean = units.reduce((sum, unit) => sum + unit, 0) / units.length;
  assert.ok(Math.abs(mean - Number(row[3])) < 1e-5 && Math.abs(mean - (await gate(page, 'f'))) < 1e-5, `${mean}, ${row[3]}`);
  await checkAccess(page, 'the cells', '.chapter');
  await shot(page, 'cell-1280-light-before');

  // With a zero bias the forget gates start half open.
  await setParam(page, 'forget_bias', 'zero');
  await page.waitForFunction(() => Math.abs(document.querySelector('[data-gate="f"]').dataset.value - 0.5) < 0.1);
  // If not all units are drawn, the figure says so.
  await setParam(page, 'd_hidden', 100);
  await page.locator('[data-figure="cell-units"]').getByText('The first 64 of 100 units are drawn').waitFor();
  await setParam(page, 'seq_len', 10);
  await page.locator('.token[data-role="last"][data-position="9"]').waitFor();
  assert.ok(Number(await page.locator('.cell-figure').getAttribute('data-t')) <= 9);
});

test('the cells change during training, and show the recalled token', async ({ open }) => {
  const page = await open(cells({ seq_len: 40, steps: 150 }));
  await probed(page);
  await goTo(page, 39);
  await at(page, 39);
  const before = await gate(page, 'f');
  await act(page, 'train');
  await page.waitForFunction((before) => Number(document.querySelector('[data-gate="f"]').dataset.value) !== before, before);
  await page.locator('[data-figure="cell"] h2', { hasText: /after \d+/ }).waitFor();
  await shot(page, 'cell-1280-light-during');
  await waitState(page, 'done', 90_000);
  await page.locator('[data-figure="cell"] h2', { hasText: 'after 150 steps' }).waitFor();
  assert.ok((await metric(page, 'accuracy_lstm')) > 0.9);
  const asked = page.locator('[data-asked="lstm"]');
  assert.equal(await asked.getAttribute('data-right'), 'true');
  assert.ok(Number(await asked.getAttribute('data-value')) > 0.8);
  await shot(page, 'cell-1280-light-after');
});

for (const [width, theme] of [[390, 'light'], [390, 'dark'], [1280, 'dark']]) {
  test(`the cells at ${width}, ${theme}`, { tag: '@long' }, async ({ open }) => {
    const page = await open(cells({ seq_len: 200, steps: 4 }), { width, height: 844, theme });
    await probed(page);
    await act(page, 'train');
    await waitState(page, 'done', 60_000);
    await goTo(page, 120);
    await at(page, 120);
    await frames(page, 4);
    await checkFits(page);
    await checkAccess(page, `the cells at ${width}, ${theme}`);
    await shot(page, `cell-${width}-${theme}-after`);
  });
}

test('the figure of the cells alone in a frame has the button that trains', { tag: '@long' }, async ({ open }) => {
  const page = await open('#/rnn?embed=1&device=cpu&show=cell&seq_len=20&steps=5');
  await probed(page);
  assert.deepEqual(await page.locator('[data-figure]').evaluateAll((all) => all.map((one) => one.dataset.figure)), ['cell']);
  await act(page, 'train');
  await waitState(page, 'done');
  await page.locator('[data-figure="cell"] h2', { hasText: 'after 5 steps' }).waitFor();
});
