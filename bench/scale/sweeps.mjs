// The sizes that are varied, one at a time, with the floating-point operations of a step by formula: six per weight and
// sample, two forward and four backward, and those of attention.

import { cnnChannels, resnetBlocks } from '../peers/workloads.mjs';

/** The characters of the lab's text. */
const VOCABULARY = 62;

function transformer({ batch_size, context, d_model: d, layers }) {
  const weights = 12 * layers * d * d + VOCABULARY * d;
  return batch_size * context * (6 * weights + 12 * layers * d * context);
}

function mlp({ batch_size, depth, width }) {
  return 6 * batch_size * (784 * width + (depth - 1) * width * width + 10 * width);
}

function cnn({ batch_size, width }) {
  const channels = cnnChannels({ channels_in: 1, width });
  let side = 32;
  let sum = 0;
  for (let block = 1; block < channels.length; block++) {
    sum += 9 * channels[block - 1] * channels[block] * side * side;
    // Each block ends with pooling.
    side /= 2;
  }
  return 6 * batch_size * sum;
}

function resnet({ batch_size, depth, width, side }) {
  const c = 16 * width;
  let sum = 9 * c * side * side;
  for (const { from, to, stride } of resnetBlocks({ channels: c, blocks_per_stage: (depth - 2) / 6 })) {
    const out = side / (to / c);
    sum += out * out * (9 * from * to + 9 * to * to + (stride > 1 ? from * to : 0));
  }
  return 6 * batch_size * sum;
}

const recurrent = (gates) => ({ batch_size, seq_len, d_hidden: d }) => 6 * batch_size * seq_len * gates * (10 * d + d * d);

/** The look-up task has `n` tokens; each has keys, queries and values of `n_heads` heads. */
function attention({ batch_size, n_tokens: n, d_k }) {
  const d = 32;
  const weights = 2 * d * d_k + 2 * d * d;
  return 6 * batch_size * n * (weights + n * (d_k + d));
}

const of = (bases) => (key, sizes, change = {}) => ({ ...bases, key, sizes, base: { ...bases.base, ...change } });

const text = of({
  section: 'transformer',
  name: 'Transformer',
  flops: transformer,
  kind: 'transformer',
  base: { batch_size: 4, context: 128, d_model: 64, layers: 2 },
  fixed: { heads: 4, sample_length: 0, warmup: 0 },
});
const layers = of({
  section: 'mlp',
  name: 'MLP, images of 28 × 28',
  flops: mlp,
  kind: 'mlp',
  // The non-linear network.
  arm: 1,
  base: { batch_size: 64, depth: 3, width: 64 },
  fixed: { dataset: 'fashion-mnist' },
});
const images = of({
  section: 'cnn',
  name: 'CNN of five blocks',
  flops: cnn,
  kind: 'cnn',
  arm: 0,
  count: 'epochs',
  base: { batch_size: 32, width: 8 },
  fixed: { n_train: 10_000, n_test: 20 },
});
const residual = of({
  section: 'resnet',
  name: 'ResNet, 16 × 16',
  flops: resnet,
  kind: 'resnet',
  // The residual network.
  arm: 1,
  base: { batch_size: 32, depth: 20, width: 0.25, side: 16 },
  fixed: { batch_norm: 1, init: 'he', n_seeds: 1 },
});
const sequence = (arm, gates, name) =>
  of({ section: 'rnn', name, flops: recurrent(gates), kind: 'recurrent', arm, base: { batch_size: 32, seq_len: 100, d_hidden: 32 }, fixed: {} });
const [rnn, lstm] = [sequence(0, 1, 'RNN'), sequence(1, 4, 'LSTM')];
const lookUp = of({
  section: 'attention',
  name: 'Attention, one look-up',
  flops: attention,
  arm: 0,
  base: { batch_size: 32, n_tokens: 8, d_k: 64 },
  fixed: {},
});

export const sweeps = [
  text('context', [64, 128, 256, 512]),
  text('d_model', [32, 64, 128, 256]),
  text('layers', [1, 2, 4, 8]),
  text('batch_size', [1, 2, 4, 8, 16]),
  layers('width', [32, 64, 128, 256]),
  layers('depth', [1, 3, 6, 12], { width: 128 }),
  layers('batch_size', [16, 64, 256, 512]),
  images('width', [4, 8, 16, 32], { batch_size: 16 }),
  images('batch_size', [8, 16, 32, 64]),
  residual('width', [0.25, 0.5, 1]),
  residual('depth', [8, 14, 20, 32, 56]),
  residual('batch_size', [8, 16, 32, 64]),
  rnn('seq_len', [50, 100, 200, 400]),
  rnn('d_hidden', [16, 32, 64, 128]),
  lstm('seq_len', [50, 100, 200, 400]),
  lstm('d_hidden', [16, 32, 64, 128]),
  lookUp('n_tokens', [6, 12, 24]),
  lookUp('d_k', [64, 128, 256, 512]),
];

/** On a software adapter a step takes seconds and its kernels minutes, so only these small sizes are measured there. */
export const tiny = [
  { ...layers('width', [32, 64, 128]), name: 'MLP, images of 28 × 28' },
  { ...rnn('seq_len', [10, 20, 40], { batch_size: 8, d_hidden: 8 }), name: 'RNN, B8 d_h 8' },
];

/** The names of the settings in tables and pictures. */
export const symbols = {
  context: 'T',
  d_model: 'd',
  layers: 'L',
  batch_size: 'B',
  width: 'width',
  depth: 'depth',
  seq_len: 'T',
  d_hidden: 'd_h',
  n_tokens: 'n',
  d_k: 'd_k',
};

/** Returns the settings of a sweep at one size. */
export const at = (sweep, size) => ({ ...sweep.base, [sweep.key]: size });
