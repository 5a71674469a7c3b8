// The workloads: the lab's networks in the sizes of its sections. Each has the settings of the lab and the sizes for the other
// libraries. The number of parameters, which the lab counts in its model, must be the same in all three.

const transformer = (batch, context) => {
  // The vocabulary is that of the lab's text.
  const size = { batch, context, d_model: 64, layers: 2, heads: 4, vocabulary: 62 };
  return {
    name: `Transformer, B${batch} T${context} d64 L2`,
    kind: 'transformer',
    // Too slow on a software adapter.
    heavy: context > 64,
    // AdamW for matrices and Adam for all other parameters, as in the lab.
    training: { optimizer: 'adam', learning_rate: 3e-3, betas: [0.9, 0.99], decay: 0.1, clip: 1 },
    ...size,
    lab: {
      section: 'transformer',
      params: { batch_size: batch, context, d_model: 64, layers: 2, heads: 4, sample_length: 0, warmup: 0, steps: 20_000 },
      count: 'params_counted',
    },
  };
};

const cnn = (separable) => ({
  name: `CNN of five blocks, ${separable ? 'depthwise separable' : 'standard'}, B32`,
  kind: 'cnn',
  batch: 32,
  side: 32,
  channels_in: 1,
  width: 8,
  classes: 10,
  separable,
  training: { optimizer: 'adam', learning_rate: 3e-3, betas: [0.9, 0.999], decay: 0 },
  lab: {
    section: 'cnn',
    params: { batch_size: 32, width: 8, epochs: 100, n_test: 100 },
    // The lab counts the parameters of two example blocks there, not of the whole network.
    count: null,
    time: `ms_per_step_${separable ? 'separable' : 'conv'}`,
  },
});

const recurrent = (cell) => ({
  name: `${cell.toUpperCase()}, B32 T200 d_h 32`,
  kind: 'recurrent',
  heavy: cell === 'lstm',
  cell,
  batch: 32,
  seq_len: 200,
  d_in: 10,
  d_hidden: 32,
  classes: 2,
  training: { optimizer: 'adam', learning_rate: 3e-3, betas: [0.9, 0.999], decay: 0, clip: 1 },
  lab: {
    section: 'rnn',
    params: { batch_size: 32, seq_len: 200, d_hidden: 32, steps: 10_000 },
    count: `params_${cell}_counted`,
    time: `ms_per_step_${cell}`,
  },
});

const resnet = {
  name: 'ResNet-20, B16',
  kind: 'resnet',
  heavy: true,
  batch: 16,
  side: 32,
  channels_in: 1,
  channels: 16,
  blocks_per_stage: 3,
  classes: 10,
  training: { optimizer: 'momentum', learning_rate: 0.1, momentum: 0.9 },
  lab: {
    section: 'resnet',
    params: { batch_size: 16, width: 1, side: 32, batch_norm: 1, init: 'he', optimizer: 'momentum', learning_rate: 0.1, n_seeds: 1, steps: 20_000 },
    count: 'params_residual',
  },
};

export const workloads = [transformer(8, 64), transformer(4, 256), cnn(false), cnn(true), recurrent('rnn'), recurrent('lstm'), resnet];

/** Returns the number of parameters of a workload's network, in closed form. */
export function parameters(workload) {
  const linear = (d_in, d_out) => d_in * d_out + d_out;
  switch (workload.kind) {
    case 'transformer': {
      const { d_model: d, vocabulary, layers } = workload;
      // The output layer is tied to the embedding, and the positions are sinusoidal.
      return vocabulary * d + layers * (12 * d * d + 13 * d) + 2 * d;
    }
    case 'cnn': {
      const channels = cnnChannels(workload);
      return channels.slice(1).reduce((sum, to, index) => {
        const from = channels[index];
        const split = workload.separable && index > 0;
        return sum + (split ? 9 * from + from + linear(from, to) : 9 * from * to + to);
      }, linear(channels.at(-1), workload.classes));
    }
    case 'recurrent': {
      const { d_in, d_hidden: d, classes, cell } = workload;
      const gates = cell === 'lstm' ? 4 : 1;
      return gates * (d_in * d + d + d * d) + linear(d, classes);
    }
    case 'resnet': {
      const { channels_in, channels: c, blocks_per_stage: n, classes } = workload;
      const conv = (from, to, k) => k * k * from * to + 2 * to;
      const stage = (from, to) => conv(from, to, 3) + conv(to, to, 3) + (n - 1) * 2 * conv(to, to, 3) + (from === to ? 0 : conv(from, to, 1));
      return conv(channels_in, c, 3) + stage(c, c) + stage(c, 2 * c) + stage(2 * c, 4 * c) + linear(4 * c, classes);
    }
    default:
      throw new Error(`unknown kind of network: ${workload.kind}`);
  }
}

/** Returns the channels of the input and after each of the five blocks: `w, 2w, 4w, 8w, 8w`. */
export const cnnChannels = ({ channels_in, width: w }) => [channels_in, w, 2 * w, 4 * w, 8 * w, 8 * w];

/** Returns the blocks of a residual network: input channels, output channels and stride. */
export function resnetBlocks({ channels: c, blocks_per_stage: n }) {
  const blocks = [];
  let from = c;
  for (const stage of [0, 1, 2]) {
    for (let block = 0; block < n; block++) {
      const to = c << stage;
      blocks.push({ from, to, stride: stage > 0 && block === 0 ? 2 : 1 });
      from = to;
    }
  }
  return blocks;
}
