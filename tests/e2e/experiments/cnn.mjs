// Checks the answers of section 2's guided experiments: the text agrees with the numbers.

const ratio = (numbers) => numbers.ms_per_step_conv / numbers.ms_per_step_separable;

export default {
  'dense-parameters': ({ words, numbers, choice }, assert) => {
    assert.equal(numbers.dense_params, 2_099_200);
    assert.equal(choice, 2);
    assert.ok(words.startsWith(`${(numbers.dense_params_large / numbers.dense_params).toFixed(2)} times`), words);
  },
  'pooling-and-reach': ({ words, numbers }, assert) => {
    assert.equal(numbers.rf_measured, 46);
    assert.equal(numbers.rf_formula, 46);
    assert.match(words, /^46 pixels: .*as the formula says/);
  },
  'one-pixel': ({ words, numbers, choice }, assert) => {
    const changes = [numbers.change_maps, numbers.change_max, numbers.change_average];
    assert.equal(choice, changes.indexOf(Math.min(...changes)));
    assert.match(words, [/^The maps themselves/, /^Max pooling/, /^Average pooling/][choice]);
  },
  'equal-budget': ({ words, numbers, choice }, assert) => {
    const points = 100 * (numbers.accuracy_separable - numbers.accuracy_conv);
    assert.equal(choice, Math.abs(points) <= 5 ? 0 : points > 0 ? 1 : 2);
    assert.match(words, [/^Nearly the same/, /is ahead by/, /is behind by/][choice]);
    assert.ok(numbers.accuracy_conv > 0.4 && numbers.accuracy_separable > 0.3, 'both learn');
  },
  'stride-and-padding': ({ words, numbers }, assert) => {
    assert.equal(numbers.out_measured, 16);
    assert.equal(numbers.out_formula, 16);
    assert.match(words, /^16 pixels: .*as the formula says/);
  },
  'separable-savings': ({ words, numbers }, assert) => {
    assert.ok(Math.abs(numbers.params_ratio - numbers.params_conv / numbers.params_separable) < 1e-9);
    assert.equal(numbers.params_ratio.toFixed(2), '8.24');
    assert.match(words, /^8\.24 × fewer, more than 90% of the limit K² = 9: 73856 parameters against 8960/);
  },
  'one-by-one': ({ words, numbers, choice }, assert) => {
    assert.equal(choice, 2);
    assert.ok(numbers.params_ratio < 1);
    assert.match(words, new RegExp(`^No: it has ${numbers.params_separable - numbers.params_conv} more`));
  },
  'accuracy-price': ({ words, numbers, choice }, assert) => {
    const points = 100 * (numbers.accuracy_separable - numbers.accuracy_conv);
    assert.equal(choice, points > 0 ? 0 : points >= -20 ? 1 : 2);
    assert.match(words, [/is ahead by/, /is behind by/, /is far behind/][choice]);
    assert.ok(numbers.accuracy_conv > 0.4, 'both learn');
  },
  'fewer-macs': ({ words, numbers, choice }, assert) => {
    assert.ok(Math.abs(numbers.speedup - ratio(numbers)) < 1e-9);
    const share = numbers.speedup / numbers.net_macs_ratio;
    assert.equal(choice, share >= 0.8 ? 0 : share >= 0.5 ? 2 : numbers.speedup > 1.05 ? 1 : 3);
    assert.ok(words.includes(`${numbers.speedup.toFixed(2)} ×`) && words.includes(`${numbers.net_macs_ratio.toFixed(2)} ×`), words);
    assert.ok(numbers.net_macs_ratio > 4);
  },
  'wider-networks': ({ words, numbers }, assert) => {
    assert.ok(Math.abs(numbers.speedup - ratio(numbers)) < 1e-9);
    const share = numbers.speedup / numbers.net_macs_ratio;
    assert.ok(words.startsWith(`${numbers.speedup.toFixed(2)} × faster at width 24`), words);
    assert.match(words, share >= 0.8 ? /nearly all/ : share >= 0.5 ? /more than half/ : /less than half/);
  },
  'few-pictures': ({ words, numbers }, assert) => {
    const { accuracy_conv: heldOut, train_accuracy_conv: trained } = numbers;
    assert.ok(words.includes(`a gap of ${(100 * (trained - heldOut)).toFixed(0)} points`), words);
    assert.ok(trained > 0.95 && heldOut < 0.85, words);
  },
};
