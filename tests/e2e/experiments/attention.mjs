// Checks the answers of section 5's guided experiments: for any seed, the text agrees with the numbers.

function pace({ words, numbers, choice }, assert) {
  const { steps_scaled: scaled, steps_unscaled: unscaled } = numbers;
  if (scaled === undefined || unscaled === undefined) {
    assert.equal(choice ?? undefined, scaled === undefined ? undefined : 3);
    assert.match(words, /is not within|within \d+ steps/);
    return;
  }
  const ratio = unscaled / scaled;
  assert.equal(choice, ratio >= 4 / 3 ? 0 : ratio <= 3 / 4 ? 2 : 1);
  assert.ok(words.includes(`after ${scaled} steps`) && words.includes(`after ${unscaled} without`), words);
  assert.match(words, [/the scaled network is [\d.]+ times sooner/, /about the same pace/, /the unscaled network is [\d.]+ times sooner/][choice]);
}

export default {
  'two-look-ups-one-head': ({ words, numbers, choice }, assert) => {
    const { loss_heads: several, loss_one_head: one } = numbers;
    assert.ok(words.includes(several.toFixed(2)) && words.includes(one.toFixed(2)), words);
    const bound = (7 / 16) * Math.LN2;
    if (choice === 2) assert.ok(several < bound && one >= bound, JSON.stringify(numbers));
    if (choice === 3) assert.ok(several >= bound && one >= bound, JSON.stringify(numbers));
  },
  'eight-heads': ({ words, numbers }, assert) => {
    assert.equal(numbers.params_counted, 4224);
    assert.match(words, /^8 heads have 4224 parameters, exactly as many as one head/);
  },
  'entropy-512': ({ words, numbers }, assert) => {
    assert.ok(numbers.entropy_unscaled < numbers.entropy_scaled - 1, JSON.stringify(numbers));
    assert.ok(Math.abs(numbers.entropy_uniform - Math.log(64)) < 1e-9);
    assert.ok(words.includes(numbers.entropy_unscaled.toFixed(2)) && words.includes(numbers.entropy_scaled.toFixed(2)), words);
    assert.match(words, numbers.entropy_unscaled < 0.25 * Math.log(64) ? /all but chosen a single key/ : /prefers some keys/);
  },
  'small-keys-pace': pace,
  'unscaled-learns': ({ words, numbers, choice }, assert) => {
    const { steps_scaled: scaled, steps_unscaled: unscaled } = numbers;
    if (scaled === undefined && unscaled !== undefined) {
      assert.equal(choice ?? undefined, undefined);
      assert.match(words, /It learns in \d+ steps, and the scaled one not/);
      return;
    }
    assert.equal(choice, unscaled === undefined ? 0 : unscaled >= 1.5 * scaled ? 1 : 2);
    assert.match(words, [/does not reach|Neither network reaches/, /It learns, but it needs/, /It learns, and needs/][choice]);
  },
  'small-weights-start': pace,
  'jacobian-shape': ({ words, numbers, choice }, assert) => {
    const { jacobian_first: first, jacobian_peak: peak, jacobian_last: last } = numbers;
    assert.ok(peak >= first && peak >= last, JSON.stringify(numbers));
    if (choice === 2) assert.ok(peak > first && peak > last && words.includes(peak.toFixed(3)), words);
    assert.match(words, [/falls all the way/, /rises all the way/, /rises to [\d.]+ at d_k = \d+ and then falls/, /stays about the same/][choice]);
  },
  'plain-descent-pace': pace,
};
