// Questions and experiments in course pages: what a student can do, and what the page learns of it.

import assert from 'node:assert/strict';
import { expect, frames, setParam, waitState } from './lib/test.mjs';
import { course, heard, inside, listen, stateOf, test } from './lib/host.mjs';
import { showFigures } from './lib/share.mjs';

const ask = 'ask="Which network learns it?" ask-guess="choice" ask-options="RNN|LSTM" ask-metric="accuracy_rnn,accuracy_lstm"';

test('in a sandbox that allows scripts alone, a question is answered and the run reports its result', async ({ onHost }) => {
  const page = await onHost(course(`<nn-lab id="rnn" panel="rnn" sandbox="allow-scripts" device="cpu" seq-len="10" steps="10" seed="4" ${ask}></nn-lab>`));
  await listen(page, '#rnn');
  const panel = inside(page, '#rnn');
  await panel.getByRole('radio', { name: 'LSTM' }).check();
  // The presets, one of which is called "Short sequence, both learn", come after the prediction.
  assert.equal(await panel.locator('[data-preset]').count(), 0);
  await panel.getByRole('radio', { name: 'LSTM' }).press('Enter');
  await panel.locator('[data-guess]').waitFor();
  await panel.locator('[data-preset]').first().waitFor({ state: 'attached' });
  await panel.locator('[data-action="train"]').click();
  await expect.poll(() => stateOf(page, '#rnn'), 'the run is done').toBe('done');
  await panel.locator('[data-outcome-metric="accuracy_rnn"]', { hasText: /^Accuracy, RNN: \d/ }).waitFor();
  await expect.poll(async () => (await heard(page, 'guess')).at(-1)?.outcome ?? undefined, 'the result is reported').toBeDefined();
  const reports = await heard(page, 'guess');
  assert.equal(reports[0].outcome, null);
  const { id, guess, attempt, outcome, verdict, settings, seed, seeds, device, time, lab } = reports.at(-1);
  assert.match(id, /^rnn\/ask-[0-9a-f]{8}$/);
  assert.deepEqual([guess, attempt, seed, seeds, settings.seq_len, device.kind], [{ choice: 'LSTM' }, 1, 4, 1, 10, 'cpu']);
  assert.deepEqual(Object.keys(outcome).sort(), ['accuracy_lstm', 'accuracy_rnn']);
  assert.deepEqual(verdict, { result: 'open', score: null, seeds: 1, right: null, off: null });
  const [told] = await heard(page, 'outcome');
  assert.deepEqual([told.id, told.outcome, told.lesson, told.record.answers[0].id], [id, outcome, null, id]);
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000 && /Z$/.test(time), time);
  assert.match(lab, /^\d+\.\d+\.\d+$/);
  // A second prediction says that it is one.
  await panel.locator('[data-action="guess-again"]').click();
  await panel.getByRole('radio', { name: 'RNN' }).check();
  await panel.locator('[data-action="guess"]').click();
  await expect.poll(async () => (await heard(page, 'guess')).at(-1).attempt).toBe(2);
});

test('a fixed answer is graded at once, kept over a reload, and the measurement is added to it', async ({ open }) => {
  const query = new URLSearchParams({ device: 'cpu', steps: 20, ask: 'How many parameters?', ask_guess: 'number', ask_metric: 'params_counted', ask_id: 'count', ask_answer: 2, ask_tolerance: 1, ask_feedback: 'now', lesson: 'sizes' });
  const page = await open(`#/mlp?${query}`);
  const card = page.locator('.question');
  await card.locator('[data-guess-input="number"]').fill('2,5');
  await card.locator('[data-action="guess"]').click();
  await card.locator('[data-verdict="right"]', { hasText: 'Your prediction was right.' }).waitFor();
  await page.reload();
  await card.locator('[data-verdict="right"]').waitFor();
  await card.locator('[data-guess]', { hasText: '2.5' }).waitFor();
  await page.locator('[data-action="train"]').click();
  await waitState(page, 'done');
  await card.locator('[data-outcome-metric="params_counted"]', { hasText: /\d/ }).waitFor();
  const stored = () => page.evaluate(() => JSON.parse(localStorage.getItem('nn-lab.answers:sizes')).answers[0]);
  await expect.poll(async () => (await stored()).attempts[0].outcome.measured.params_counted ?? 0, 'the run is recorded').toBeGreaterThan(2);
  const { id, attempts } = await stored();
  assert.deepEqual([id, attempts.length, attempts[0].guess.number, attempts[0].outcome.verdict.result, attempts[0].outcome.settings.steps], ['mlp/count', 1, 2.5, 'right', 20]);
  // A stopped run gives no result.
  await card.locator('[data-action="guess-again"]').click();
  await card.locator('[data-guess-input="number"]').fill('9');
  await card.locator('[data-action="guess"]').click();
  await card.locator('[data-verdict="wrong"]').waitFor();
  await card.locator('[data-first-guess]', { hasText: '2.5' }).waitFor();
  await setParam(page, 'steps', 20000);
  await page.locator('[data-action="train"]').click();
  await waitState(page, 'running');
  await page.locator('[data-action="stop"]').click();
  await waitState(page, 'done');
  await frames(page, 4);
  assert.deepEqual((await stored()).attempts[1].outcome.measured, {});
});

test('an experiment in a course page is set up, and Train is its run', async ({ onHost }) => {
  const page = await onHost(course('<nn-lab id="rnn" panel="rnn" show="twelve-tokens" device="cpu"></nn-lab>'));
  await listen(page, '#rnn');
  const panel = inside(page, '#rnn');
  const card = panel.locator('[data-experiment="twelve-tokens"]');
  await card.locator('text=in place').waitFor();
  await expect(panel.locator('[data-param="seq_len"] input').last()).toHaveValue('12');
  await panel.getByLabel('Both networks').check();
  await panel.locator('[data-action="guess"]').click();
  assert.equal(await panel.locator('button.primary').count(), 1);
  // Other settings do not spoil the answer: Train puts those of the experiment back.
  await setParam(panel, 'seq_len', 30);
  await card.locator('[data-action="set-up"]').waitFor();
  await panel.locator('[data-action="train"]').click();
  await panel.locator('[data-experiment-state="answered"]').waitFor({ timeout: 120_000 });
  await expect(panel.locator('[data-param="seq_len"] input').last()).toHaveValue('12');
  await expect.poll(async () => (await heard(page, 'guess')).at(-1)?.outcome ?? undefined).toBeDefined();
  const { id, guess, outcome, verdict, settings } = (await heard(page, 'guess')).at(-1);
  assert.deepEqual([id, guess, settings.seq_len, settings.steps], ['rnn/twelve-tokens', { choice: 'Both networks' }, 12, 120]);
  assert.ok(Object.values(outcome).length > 0 && Object.values(outcome).every(Number.isFinite), JSON.stringify(outcome));
  const words = await card.locator('.experiment-verdict').innerText();
  const right = words === 'Your prediction was right.' ? 1 : 0;
  assert.deepEqual(verdict, { result: right ? 'right' : 'wrong', score: right, seeds: 1, right, off: null });
  // With the answer, the reader may try other settings.
  await setParam(panel, 'seq_len', 30);
  await panel.locator('[data-action="train"]').click();
  await expect.poll(() => stateOf(page, '#rnn')).toBe('running');
  await expect(panel.locator('[data-param="seq_len"] input').last()).toHaveValue('30');
});

test('a question about a metric that does not exist is reported, and so in the dialog', async ({ onHost, open }) => {
  const page = await onHost(course('<nn-lab id="rnn" panel="rnn" device="cpu" ask="How accurate?" ask-guess="number" ask-metric="accuracy"></nn-lab>'));
  await listen(page, '#rnn');
  // The panel may have said so before the page listened, so it loads again.
  await page.locator('#rnn').evaluate((lab) => lab.setAttribute('share', '1'));
  await expect.poll(async () => (await heard(page, 'error')).map(({ message }) => message).join()).toMatch(/There is no metric “accuracy” in this section\./);
  const panel = await open('#/rnn?device=cpu&ask=How%20accurate%3F&ask_guess=number&ask_metric=accuracy_rnn');
  await panel.locator('[data-action="share"]').click();
  const dialog = panel.locator('dialog.share-dialog');
  const named = () => dialog.locator('[data-share="metric"] option').evaluateAll((all) => all.map((option) => option.value));
  const names = await named();
  assert.ok(['accuracy_rnn', 'accuracy_lstm', 'grad_ratio', 'loss_lstm'].every((name) => names.includes(name)), names.join());
  assert.equal(await dialog.locator('.notice').count(), 0);
  await dialog.locator('[data-share="metric"] option', { hasText: 'Accuracy, RNN (accuracy_rnn)' }).waitFor({ state: 'attached' });
  await panel.keyboard.press('Escape');
  await panel.evaluate(() => (location.hash = location.hash.replace('accuracy_rnn', 'accuracy')));
  await panel.locator('[data-action="share"]').click();
  await dialog.locator('.notice', { hasText: 'There is no metric “accuracy” in this section' }).waitFor();
});

test('a single figure and a single experiment are small, and the dialog writes their height', async ({ onHost, open }) => {
  const page = await onHost(course('<nn-lab id="figure" panel="rnn" show="loss" device="cpu"></nn-lab><nn-lab id="experiment" panel="rnn" show="twelve-tokens" device="cpu"></nn-lab>'), { width: 656 });
  for (const [id, most] of [['#figure', 480], ['#experiment', 680]]) {
    await page.locator(id).scrollIntoViewIfNeeded();
    await inside(page, id).locator('[data-probe="idle"]').waitFor();
    await frames(page, 20);
    await expect.poll(() => page.locator(id).evaluate((lab) => lab.frame.offsetHeight), id).toBeLessThanOrEqual(most);
  }
  const lab = await open('#/rnn?device=cpu');
  await lab.locator('[data-action="share"]').click();
  const dialog = lab.locator('dialog.share-dialog');
  await showFigures(lab, ['loss']);
  await expect(dialog.locator('[data-output="element"]')).toHaveValue(/ height="\d{3}"/);
  const height = Number(/ height="(\d+)"/.exec(await dialog.locator('[data-output="element"]').inputValue())[1]);
  assert.equal(await lab.frameLocator('.share-preview iframe').locator('main').evaluate((main) => Math.ceil(main.getBoundingClientRect().height)), height);
  await dialog.locator('[data-share="tool"]').selectOption('frame');
  await expect(dialog.locator('[data-output="iframe"]')).toHaveValue(new RegExp(` height="${height}"`));
});

test('the height of a panel does not change during a run', { tag: '@long' }, async ({ onHost }) => {
  const page = await onHost(course('<nn-lab id="rnn" panel="rnn" device="cpu" steps="60" seq-len="20"></nn-lab>'), { height: 1600 });
  const panel = inside(page, '#rnn');
  for (const width of [400, 690, 710, 730, 1000]) {
    await page.locator('#rnn').evaluate((lab, width) => (lab.style.width = `${width}px`), width);
    await panel.locator('[data-probe="idle"]').waitFor();
    await panel.locator('[data-action="reset"]').click();
    await frames(page, 40);
    const bar = panel.locator('.run-controls');
    const before = await bar.evaluate((bar) => bar.offsetHeight);
    await bar.evaluate((bar) => {
      window.seen = new Set();
      window.watch?.disconnect();
      window.watch = new ResizeObserver(() => window.seen.add(bar.offsetHeight));
      window.watch.observe(bar);
    });
    await panel.locator('[data-action="train"]').click();
    await expect.poll(() => stateOf(page, '#rnn')).toBe('done');
    assert.deepEqual(await bar.evaluate(() => [...window.seen]), [before], `at ${width} pixels`);
  }
});

test('in narrow frames no label breaks inside a word, and no text covers the slider', async ({ open }) => {
  const page = await open('#/rnn?embed=1&device=cpu&steps=20&seq_len=10', { width: 400 });
  // The slider over the run's states takes the place of the progress bar when the run is over.
  await page.locator('[data-action="train"]').click();
  await waitState(page, 'done');
  const labels = page.locator('.run-controls .readout-label');
  await labels.first().waitFor();
  for (const width of [400, 360, 330]) {
    await page.setViewportSize({ width, height: 900 });
    const broken = await labels.evaluateAll((labels) =>
      labels.map((label) => label.firstChild).filter((text) => {
        const range = document.createRange();
        return [...text.data.matchAll(/\S+/g)].some(({ 0: word, index }) => {
          range.setStart(text, index);
          range.setEnd(text, index + word.length);
          return range.getClientRects().length > 1;
        });
      }).map((text) => text.data),
    );
    assert.deepEqual(broken, [], `at ${width} pixels`);
    const [slider, words] = await Promise.all(['input', '.player-words'].map((part) => page.locator(`.replay ${part}`).boundingBox()));
    assert.ok(slider.width >= 60 && (slider.x + slider.width <= words.x || slider.y + slider.height <= words.y), JSON.stringify([width, slider, words]));
  }
});
