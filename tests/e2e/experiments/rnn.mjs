// Checks the answers of section 4's guided experiments: for any seed, the text agrees with the numbers.

const percent = (share) => `${(100 * share).toFixed(1)}%`;
/** Which of "both, only the LSTM, only the RNN, neither" the accuracies make. */
const who = ({ accuracy_rnn: rnn, accuracy_lstm: lstm }) => [[3, 1], [2, 0]][Number(rnn > 0.9)][Number(lstm > 0.9)];
const SAYS = [/both networks recall/, /the LSTM recalls .* and the RNN does not/, /the RNN recalls .* and the LSTM does not/, /neither network recalls/];

function learners({ words, numbers, choice }, assert) {
  assert.equal(choice, who(numbers));
  assert.match(words, SAYS[choice]);
  for (const net of ['rnn', 'lstm']) assert.ok(words.includes(percent(numbers[`accuracy_${net}`])), words);
}

export default {
  'twelve-tokens': (answer, assert) => {
    learners(answer, assert);
    assert.equal(answer.choice, 0, 'both learn a short sequence with any seed');
  },
  'first-token-gradient': ({ words, numbers, choice }, assert) => {
    assert.ok(numbers.grad_first_rnn < 1e-30 && numbers.grad_first_lstm > 1e-12, JSON.stringify(numbers));
    assert.equal(choice, 2);
    assert.match(words, /nothing that could be learned from\. The average factor per step back is 0\.\d\d, over the \d+ steps .* In the LSTM \d/);
  },
  chrono: ({ words, numbers }, assert) => {
    assert.ok(numbers.path_lstm > 0.01 && numbers.path_rnn < 1e-6, JSON.stringify(numbers));
    assert.ok(words.includes(numbers.path_lstm.toFixed(2)), words);
    assert.match(words, numbers.path_lstm > 0.5 ? /^Most of/ : numbers.path_lstm > 0.01 ? /^Part of/ : /^Almost nothing/);
    assert.match(words, /the RMS factor over 199 steps .* The mean over 32 units is 0\.\d\d, and the largest factor is 0\.\d\d\.$/);
  },
  'forget-bias': (answer, assert) => {
    learners(answer, assert);
    // It is measured before training, only with the first seed.
    if (answer.numbers.path_lstm === undefined) return;
    assert.ok(answer.numbers.path_lstm < 1e-15);
    assert.match(answer.words, answer.choice < 2 ? /Although/ : /untrained cells carry only/);
  },
  'four-gates': ({ words, numbers, choice }, assert) => {
    const ratio = numbers.ms_per_step_lstm / numbers.ms_per_step_rnn;
    assert.equal(choice, ratio < 1.5 ? 0 : ratio < 3 ? 1 : ratio <= 5 ? 2 : 3);
    assert.ok(words.includes(`${ratio.toFixed(1)} times`), `${words} ${ratio}`);
  },
  'shared-noise': learners,
  'good-start': ({ words, numbers, choice }, assert) => {
    const { steps_rnn: rnn = Infinity, steps_lstm: lstm = Infinity } = numbers;
    assert.equal(choice, who(numbers));
    if (rnn < lstm && lstm < Infinity) assert.match(words, /the LSTM only after/);
    for (const steps of [rnn, lstm]) assert.ok(steps === Infinity || words.includes(`${steps}`), words);
    assert.ok(words.includes(percent(numbers.accuracy_rnn)), words);
  },
  'radius-two': ({ words, numbers, choice }, assert) => {
    learners({ words: words.slice(words.indexOf('After ')), numbers, choice: who(numbers) }, assert);
    const ratio = Number(words.match(/it was (\S+) times as large/)[1]);
    assert.equal(choice, ratio > 0.1 ? 2 : ratio >= 1e-6 ? 1 : 0);
    assert.match(words, [/vanished before/, /part of the RNN's gradient arrived/, /grew on|hardly shrank on/][choice]);
  },
};
