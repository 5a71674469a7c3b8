// Checks the answers of section 3's guided experiments: the text agrees with the numbers.

/** Checks that the answer names the network with the lower loss. */
function whoLearns({ words, numbers, choice }, assert) {
  const ahead = numbers.loss_plain - numbers.loss_residual;
  assert.equal(choice, ahead > 0.05 ? 2 : ahead < -0.05 ? 0 : 1);
  assert.match(words, [/^The plain network learns faster/, /^Both are about equally fast/, /^The residual network learns faster/][choice]);
  assert.ok(words.includes(`${numbers.loss_plain.toFixed(2)} (plain) and ${numbers.loss_residual.toFixed(2)} (residual)`), words);
}

export default {
  'vanishing-gradient': ({ words, numbers }, assert) => {
    assert.ok(numbers.decay_plain < 0.5);
    assert.ok(words.startsWith(`× ${numbers.decay_plain.toFixed(2)} per block: the gradient vanishes`), words);
    assert.ok(numbers.grad_first_plain < 1e-4 * numbers.grad_last_plain);
  },
  'shortcut-gradient': ({ words, numbers }, assert) => {
    assert.ok(words.startsWith(`× ${numbers.decay_residual.toFixed(2)} per block`), words);
    assert.ok(Math.abs(Math.log(numbers.decay_residual)) < Math.abs(Math.log(numbers.decay_plain)));
    assert.match(words, /is nearer to × 1 than/);
  },
  'loss-without-gradient': ({ words, numbers }, assert) => {
    assert.ok(Math.abs(numbers.loss_plain - Math.log(10)) < 0.05);
    assert.match(words, /^It is a flat line at chance level/);
    assert.ok(numbers.loss_residual < numbers.loss_plain - 0.1);
  },
  'batch-norm-alone': (answer, assert) => {
    whoLearns(answer, assert);
    // It is measured before training, only with the first seed.
    if (answer.numbers.decay_plain === undefined) return;
    assert.ok(answer.numbers.decay_plain > 1);
    if (answer.choice === 2) assert.match(answer.words, /missing gradients are not the cause/);
  },
  'he-without-shortcuts': (answer, assert) => {
    whoLearns(answer, assert);
    const { decay_plain: decay } = answer.numbers;
    assert.ok(decay === undefined || (decay > 0.9 && decay < 1.2));
  },
  'exploding-signal': ({ words, numbers, choice }, assert) => {
    const loss = numbers.first_loss_residual;
    assert.equal(choice, loss > 50 ? 2 : loss > 3 ? 1 : 0);
    assert.match(words, [/^At chance/, /^Above chance/, /^Far beyond chance/][choice]);
    assert.ok(loss > 50);
  },
  'degradation-56': (answer, assert) => {
    whoLearns(answer, assert);
    assert.ok((answer.numbers.decay_plain ?? 2) > 1, 'no gradient vanishes');
  },
};
