// Checks the answers of section 6's guided experiments: the text agrees with the numbers.

/** Returns true if the text has the number with this many digits. */
const states = (words, number, digits = 2) => words.includes(number.toFixed(digits));

/**
 * Checks the choice between "hardly at all", "in part" and "almost perfectly", by the loss on the repeats.
 */
function copied({ words, numbers, choice }, assert) {
  const { loss_second: second, loss_first: first, induction_score: score, copying_score: copying } = numbers;
  assert.ok([second, first, score, copying].every((number) => states(words, number)), words);
  assert.match(words, [/^Hardly at all/, /^In part/, /^Almost perfectly/][choice]);
  assert.equal(/has become an induction head/.test(words), score > 0.4 && copying > 0.75, words);
  return { second, score };
}

export default {
  'untrained-loss': ({ words, numbers: { loss_start: start, baseline_uniform: uniform } }, assert) => {
    assert.ok(states(words, start) && states(words, uniform), words);
    assert.ok(start > uniform + 0.1 && words.startsWith('More than'), words);
  },
  'beat-bigram': ({ words, choice, numbers: { loss_val: loss, baseline_bigram: bigram } }, assert) => {
    assert.ok(states(words, loss, 3) && states(words, bigram, 3), words);
    assert.equal(choice, loss < bigram ? 1 : 0);
    assert.ok(words.startsWith(loss < bigram ? 'Yes' : 'Not yet'), words);
  },
  temperature: ({ words, choice, numbers: { best_temperature: best, loss_cold: cold, loss_hot: hot } }, assert) => {
    assert.equal([0.5, 0.7, 1, 1.4, 2][choice], best);
    assert.ok(states(words, cold, 3) && states(words, hot, 3), words);
    assert.ok(words.startsWith(best === 1 ? 'At 1' : best < 1 ? 'Below 1' : 'Above 1'), words);
  },
  'no-mask': ({ words, choice, numbers: { loss_train: training, loss_val: validation, loss_last: last } }, assert) => {
    assert.ok([training, validation, last].every((number) => states(words, number, 3)), words);
    assert.ok(training < 0.5 && last > 2 && choice > 0, words);
  },
  'no-positions': ({ words, choice, numbers: { loss_val: loss, baseline_bigram: bigram, previous_score: previous } }, assert) => {
    assert.ok(states(words, loss, 3) && states(words, bigram, 3) && states(words, previous), words);
    assert.equal(choice, loss < bigram ? 1 : 0);
    assert.ok(words.startsWith(loss < bigram ? 'Yes' : 'No'), words);
  },
  'one-layer-copy': (answer, assert) => {
    const { second, score } = copied(answer, assert);
    assert.ok(answer.choice === 0 && second > 2 && score < 0.4, answer.words);
  },
  'two-layer-copy': ({ words, numbers: { loss_second: second, induction_score: score, drop_step: step } }, assert) => {
    assert.ok(states(words, second) && states(words, score), words);
    assert.ok(step > 0 && words.startsWith('A plateau') && words.includes(`at step ${step}`), words);
    assert.ok(score > 0.4 && second < 1.6, words);
  },
  'tied-copy': (answer, assert) => {
    copied(answer, assert);
  },
};
