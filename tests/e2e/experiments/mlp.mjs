// Checks the answers of section 1's guided experiments: the text agrees with the numbers.

/** The share that the words name, such as 62.7%. */
const names = (words, share) => words.includes(`${(100 * share).toFixed(1)}%`);

/** The disc counts as enclosed from this accuracy on. */
const circles = (enough) => ({ words, numbers, choice }, assert) => {
  const { accuracy_linear: linear, accuracy_activated: activated } = numbers;
  assert.ok(names(words, linear) && names(words, activated), words);
  assert.equal(choice, activated >= enough ? 0 : 1);
  assert.equal(words.includes('the disc is enclosed. The linear'), activated >= enough, words);
};

export default {
  'straight-line': ({ words, numbers, choice }, assert) => {
    const { accuracy_linear: linear, accuracy_activated: activated } = numbers;
    assert.ok(names(words, linear) && names(words, activated), words);
    assert.equal(choice, linear >= 0.9 ? 0 : linear >= 0.75 ? 1 : 2);
    assert.match(words, [/straight line is enough/, /most of them/, /hardly helps/][choice]);
    assert.ok(linear < 0.75 && activated > 0.9, words);
  },
  moons: ({ words, numbers }, assert) => {
    const { accuracy_linear: linear, accuracy_activated: activated } = numbers;
    assert.ok(names(words, linear) && names(words, activated), words);
    const gain = activated - linear;
    assert.match(words, gain > 0.15 ? /gains a lot/ : gain > 0.01 ? /gains the rest/ : /gains nothing/);
    assert.ok(linear > 0.75, words);
  },
  'depth-alone': ({ words, numbers, choice }, assert) => {
    const { accuracy_linear: linear, accuracy_activated: activated, collapse_max_abs_diff: difference } = numbers;
    assert.ok(names(words, linear) && names(words, activated), words);
    assert.equal(choice, linear > 0.8 ? 0 : linear >= 0.55 ? 1 : 2);
    assert.match(words, [/much more than a single layer/, /what a single layer can do/, /harder to train/][choice]);
    assert.match(words, /With 11 layers/);
    // The collapse is measured only with the first seed.
    assert.ok(difference === undefined || difference < 1e-3, words);
  },
  'circles-three': circles(0.98),
  'circles-two': circles(1),
  'xor-two': ({ words, numbers, choice }, assert) => {
    const { accuracy_linear: linear, accuracy_activated: activated } = numbers;
    assert.ok(names(words, linear) && names(words, activated), words);
    assert.equal(choice, activated >= 0.95 ? 0 : 1);
    assert.match(words, activated >= 0.95 ? /all four squares apart/ : activated >= 0.8 ? /cut off corners/ : /stuck below/);
    // The best band classifies 86.8% correctly, up to the random choice of points.
    assert.ok(activated < 0.92, words);
  },
  'steep-step': ({ words, numbers, choice }, assert) => {
    const { pieces_error: formula, pieces_trained_error: trained } = numbers;
    assert.ok(words.includes(formula.toFixed(3)) && words.includes(trained.toFixed(3)), words);
    assert.equal(choice, trained < formula ? 0 : trained <= 2 * formula ? 1 : 2);
    assert.ok(trained < formula, words);
  },
  'deep-sigmoid': ({ words, numbers }, assert) => {
    const { loss_activated: loss, accuracy_activated: activated, grad_ratio_activated: ratio } = numbers;
    assert.ok(names(words, activated) && words.includes(loss.toFixed(3)), words);
    assert.match(words, loss > 0.6 ? /hardly moved from 0\.693/ : loss > 0.2 ? /not learned the spirals/ : /learned the spirals/);
    assert.ok(ratio < 0.1, `the gradient shrinks: ${ratio}`);
  },
  'rank-plus-one': ({ words, numbers }, assert) => {
    const { rank_linear: rank, rank_bound: bound, rank_activated: activated } = numbers;
    assert.equal(rank, bound);
    assert.match(words, new RegExp(`rank ${rank}: one more than its ${rank - 1} inputs`));
    assert.ok(activated > rank && words.endsWith(`rank ${activated}.`), words);
  },
  'noisy-line': ({ words, numbers, choice }, assert) => {
    const { rmse_linear: linear, rmse_activated: activated } = numbers;
    assert.ok(words.includes(linear.toFixed(3)) && words.includes(activated.toFixed(3)), words);
    assert.equal(choice, activated < 0.9 * linear ? 0 : activated <= 1.1 * linear ? 1 : 2);
  },
};
