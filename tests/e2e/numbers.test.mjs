// Number fields, used as students around the world use them: with the keyboard, with decimal commas and separators of
// thousands. Text that is not accepted stays until it is corrected. The fields of the MLP's weights and of the attention
// example are tested with their figures.

import assert from 'node:assert/strict';
import { address, expect, probed, reveal, test } from './lib/test.mjs';

/** Selects everything in a field and types over it. */
async function type(field, text, end = 'Tab') {
  await reveal(field);
  await field.click();
  await field.press('ControlOrMeta+a');
  await field.press('Delete');
  await field.pressSequentially(text);
  await field.press(end);
}

const setting = (page, key) => page.locator(`[data-param="${key}"]`).first();
const value = (page, key) => page.evaluate((key) => new URLSearchParams(location.hash.split('?')[1]).get(key), key);

/** Fails unless the field keeps the text, and a sentence next to it says what is wrong. */
async function refused(field, alert, text, words) {
  await expect(field, text).toHaveAttribute('aria-invalid', 'true');
  assert.equal(await field.inputValue(), text);
  await expect(alert, text).toContainText(words);
}

test('the exact field of a slider', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu' }));
  await probed(page);
  const rate = setting(page, 'learning_rate').locator('input[role="spinbutton"]');
  const alert = setting(page, 'learning_rate').locator('[role="alert"]');
  await test.step('a decimal comma, spaces and an exponent', async () => {
    for (const [text, shown] of [['0,05', '0.05'], [' .002 ', '0.002'], ['3e−3', '0.003'], ['+0,04', '0.04']]) {
      await type(rate, text);
      await expect(rate).toHaveValue(shown);
      await expect.poll(() => value(page, 'learning_rate'), text).toBe(shown);
    }
  });
  await test.step('thousands', async () => {
    const steps = setting(page, 'steps').locator('input[role="spinbutton"]');
    for (const [text, shown] of [['1 400', '1400'], ['1\u202f600', '1600'], ['1,700', '1700']]) {
      await type(steps, text, 'Enter');
      await expect(steps).toHaveValue(shown);
      await expect.poll(() => value(page, 'steps'), text).toBe(shown);
    }
    await type(steps, '2,5');
    await refused(steps, setting(page, 'steps').locator('[role="alert"]'), '2,5', 'not a whole number');
  });
  await test.step('everything else is refused, and nothing is lost', async () => {
    for (const [text, words] of [
      ['abc', '“abc” is not a number; enter a number from'],
      ['', 'A number is missing here'],
      ['NaN', 'is not a number'],
      ['1e999', 'is out of range; enter a number from'],
      ['1.234,5', 'is not a number'],
      ['−1', 'is out of range'],
      ['50', 'is out of range'],
    ]) {
      await type(rate, text);
      await refused(rate, alert, text, words);
      await expect(alert).toContainText('Until then it is 0.04.');
      assert.equal(await value(page, 'learning_rate'), '0.04');
    }
    // The sentence goes as soon as the text is a number, and the number counts on Enter.
    await rate.click();
    await rate.press('ControlOrMeta+a');
    await rate.pressSequentially('0,02');
    await expect(alert).toBeEmpty();
    await rate.press('Enter');
    await expect.poll(() => value(page, 'learning_rate')).toBe('0.02');
    await type(rate, 'abc');
    await refused(rate, alert, 'abc', 'is not a number');
    await rate.press('Escape');
    await expect(rate).toHaveValue('0.02');
    await expect(rate).not.toHaveAttribute('aria-invalid');
    await expect(alert).toBeEmpty();
  });
  await test.step('the slider and arrow keys', async () => {
    const number = async () => Number(await rate.inputValue());
    await rate.press('ArrowUp');
    await expect.poll(number).toBeGreaterThan(0.02);
    await rate.press('ArrowDown');
    await rate.press('ArrowDown');
    await expect.poll(number).toBeLessThan(0.02);
    const before = await number();
    await rate.press('PageUp');
    await expect.poll(number).toBeGreaterThan(2 * before);
    // A refused text yields to a number that is set elsewhere.
    await type(rate, 'abc');
    await setting(page, 'learning_rate').locator('input[type="range"]').press('ArrowRight');
    await expect.poll(number).toBeGreaterThan(0);
    await expect(alert).toBeEmpty();
  });
});

test('a prediction', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', steps: 60, ask: 'How accurate?', ask_guess: 'number', ask_metric: 'loss_activated' }));
  const field = page.locator('[data-guess-input="number"]');
  const alert = page.locator('.guess-form [role="alert"]');
  for (const [text, words] of [['abc', 'is not a number'], ['1,234', 'could be 1234 or 1.234'], ['1.234,5', 'is not a number']]) {
    await type(field, text, 'Enter');
    await refused(field, alert, text, words);
    assert.ok(await page.locator('[data-action="guess"]').isDisabled());
  }
  await type(field, '0,85', 'Enter');
  await expect(page.locator('[data-guess]')).toContainText('0.85');
});

test('the values and the threshold of a sweep', async ({ open }) => {
  const page = await open(address('mlp', { device: 'cpu', sweep: 'learning_rate:0.01,0.1', measure: 'loss_activated:below:0.5' }));
  await probed(page);
  const values = page.locator('[data-param="sweep_values"] input');
  const alert = page.locator('.sweep-form [role="alert"]').first();
  for (const text of ['0,02; 0,05', '0,02 0,05', '0.02, 0.05']) {
    await type(values, '0.3 0.4');
    await expect.poll(() => value(page, 'sweep')).toBe('learning_rate:0.3,0.4');
    await type(values, text);
    await expect.poll(() => value(page, 'sweep'), text).toBe('learning_rate:0.02,0.05');
    await expect(values).toHaveValue('0.02, 0.05');
  }
  await type(values, '0,05');
  await refused(values, alert, '0,05', 'the comma could be part of a number');
  assert.equal(await value(page, 'sweep'), 'learning_rate:0.02,0.05');
  await values.press('Escape');
  await expect(values).toHaveValue('0.02, 0.05');
  const threshold = page.locator('[data-param="measure_threshold"] input');
  await type(threshold, '0,25');
  await expect.poll(() => value(page, 'measure')).toBe('loss_activated:below:0.25');
});

test('the numbers for generating a text', async ({ open }) => {
  const page = await open(address('transformer', { device: 'cpu' }));
  await probed(page);
  const length = page.locator('[data-write="count"]').first();
  const alert = page.locator('.writing-knobs [role="alert"]').filter({ hasText: /./ });
  await type(length, '1 000');
  await expect(length).toHaveValue('1000');
  await type(length, '-5');
  await refused(length, alert, '-5', 'is out of range; enter a whole number from 1 to 2000. Until then it is 1000.');
  await length.press('Escape');
  await expect(length).toHaveValue('1000');
  await length.press('ArrowUp');
  await expect(length).toHaveValue('1001');
});
