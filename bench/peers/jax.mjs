// The lab's workloads in jax-js: pure functions of a tree of weights, with one `jit` around gradient and optimizer. Images are
// `[batch, channels, height, width]`. A function owns the arrays that it receives, so an array that is used twice is passed as
// `.ref` first. The optimizers of jax-js are not published as a package, so they are implemented here.

import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { Draw, sinusoidal } from './data.mjs';
import { cnnChannels, resnetBlocks } from './workloads.mjs';

/** True if convolutions are computed as matrix products; see `conv2d`. */
let onWasm = false;

export async function start(device) {
  onWasm = device === 'cpu';
  const backend = onWasm ? 'wasm' : 'webgpu';
  if (!(await init(backend)).includes(backend)) throw new Error(`jax-js has no ${backend} here`);
  defaultDevice(backend);
}

const array = ({ shape, values }) => np.array(values, { shape });

/** Returns the number of parameters of a workload's network, and `step`, which trains one step and resolves to its loss. */
export function model(workload) {
  const draw = new Draw(1);
  const make = {
    normal: (shape, std) => array(draw.normal(shape, std)),
    uniform: (shape, bound) => array(draw.uniform(shape, bound)),
    full: (shape, value) => array(draw.full(shape, value)),
    chrono: (...sizes) => array(draw.chrono(...sizes)),
  };
  // `loss(weights, running, x, y)` returns the loss and the updated running statistics, or an empty list without batch norm.
  let { weights, running = [], loss, shapes } = { transformer, cnn, recurrent, resnet }[workload.kind](workload, make);
  const { training } = workload;
  const [leaves] = tree.flatten(weights);
  const parameters = leaves.reduce((sum, leaf) => sum + leaf.size, 0);
  const zeros = () => tree.map((leaf) => np.zeros(leaf.shape), weights);
  // The optimizer's state: both moving averages of Adam, or the velocities of momentum.
  let state = training.optimizer === 'adam' ? [zeros(), zeros()] : [zeros()];
  let steps = 0;

  const train = jit((weights, state, running, scalars, x, y) => {
    const [[value, updated], grads] = valueAndGrad(loss, { hasAux: true })(tree.ref(weights), running, x, y);
    const update = training.optimizer === 'adam' ? adam : momentum;
    return [value, ...update(weights, state, training.clip ? clipped(grads, training.clip) : grads, scalars, training), updated];
  });
  return {
    parameters,
    async step({ x, y }) {
      steps += 1;
      const [beta1, beta2] = training.betas ?? [0, 0];
      // Adam's bias corrections, combined into two scalars as in the lab.
      const scalars = [training.learning_rate / (1 - beta1 ** steps), 1 / Math.sqrt(1 - beta2 ** steps)].map((value) => np.array(new Float32Array([value])));
      const inputs = [x, y].map((values, i) => np.array(values, { shape: shapes[i] }));
      let value;
      [value, weights, state, running] = train(weights, state, running, scalars, ...inputs);
      await blockUntilReady([weights, state, running]);
      const [read] = await value.data();
      return read;
    },
  };
}

/** Returns all gradients, scaled so that their joint norm is at most `maxNorm`. */
function clipped(grads, maxNorm) {
  const norm = np.sqrt(tree.leaves(tree.ref(grads)).map((grad) => np.square(grad).sum()).reduce((a, b) => a.add(b)));
  const scale = np.minimum(1, np.reciprocal(norm.add(1e-6)).mul(maxNorm));
  return tree.map((grad) => grad.mul(scale.ref), grads);
}

/** One step of AdamW for matrices, and of Adam for all other parameters. */
function adam(weights, [means, squares], grads, [rate, correction], { learning_rate, betas: [beta1, beta2], decay }) {
  means = tree.map((m, g) => m.mul(beta1).add(g.ref.mul(1 - beta1)), means, grads);
  squares = tree.map((v, g) => v.mul(beta2).add(np.square(g).mul(1 - beta2)), squares, grads);
  const stepped = tree.map(
    (w, m, v) => {
      const kept = w.ndim > 1 ? 1 - learning_rate * decay : 1;
      const denominator = np.sqrt(v).mul(correction.ref).add(1e-8);
      return w.mul(kept).sub(m.div(denominator).mul(rate.ref));
    },
    weights,
    tree.ref(means),
    tree.ref(squares),
  );
  return [stepped, [means, squares]];
}

/** One step of SGD with momentum: `v <- momentum v + g`, `w <- w - learning_rate v`. */
function momentum(weights, [velocities], grads, _, { learning_rate, momentum }) {
  velocities = tree.map((v, g) => v.mul(momentum).add(g), velocities, grads);
  return [tree.map((w, v) => w.sub(v.mul(learning_rate)), weights, tree.ref(velocities)), [velocities]];
}

const linear = (x, { weight, bias }) => np.matmul(x, weight).add(bias);

/** Returns the mean cross-entropy: logits `[N, V]`, one-hot rows `[N, V]`. */
const crossEntropy = (logits, oneHot) => nn.logSoftmax(logits, -1).mul(oneHot).sum().mul(-1 / oneHot.shape[0]);

const layerNorm = (x, { gain, bias }) => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(gain).add(bias);

function transformer({ batch: B, context: T, d_model: d, layers, heads, vocabulary: V }, make) {
  const std = 0.02 * Math.sqrt(768 / d);
  const dense = (from, to, std) => ({ weight: make.normal([from, to], std), bias: make.full([to], 0) });
  const norm = () => ({ gain: make.full([d], 1), bias: make.full([d], 0) });
  const weights = {
    embedding: make.normal([V, d], 1 / Math.sqrt(d)),
    blocks: Array.from({ length: layers }, () => ({
      norm_attention: norm(),
      query: dense(d, d, std),
      key: dense(d, d, std),
      value: dense(d, d, std),
      output: dense(d, d, std / Math.sqrt(2 * layers)),
      norm_mlp: norm(),
      up: dense(d, 4 * d, std),
      down: dense(4 * d, d, std / Math.sqrt(2 * layers)),
    })),
    norm_last: norm(),
  };
  const positions = array(sinusoidal(T, d)); // [T, d]

  const attention = (x, block) => {
    const split = (layer) => linear(x.ref, layer).reshape([B, T, heads, d / heads]);
    const [q, k, v] = [block.query, block.key, block.value].map(split); // [B, T, h, d / h]
    x.dispose();
    const mixed = nn.dotProductAttention(q, k, v, { isCausal: true }); // [B, T, h, d / h]
    return linear(mixed.reshape([B * T, d]), block.output);
  };
  const loss = (weights, running, x, y) => {
    const { embedding, blocks, norm_last } = weights;
    let h = np.matmul(nn.oneHot(x, V), embedding.ref).reshape([B, T, d]).add(positions.ref).reshape([B * T, d]);
    for (const block of blocks) {
      h = h.ref.add(attention(layerNorm(h, block.norm_attention), block));
      h = h.ref.add(linear(nn.gelu(linear(layerNorm(h, block.norm_mlp), block.up), { approximate: false }), block.down));
    }
    const logits = np.matmul(layerNorm(h, norm_last), embedding.transpose()); // [B T, V]
    return [crossEntropy(logits, nn.oneHot(y, V)), running];
  };
  return { weights, loss, shapes: [[B * T], [B * T]] };
}

function recurrent({ batch: B, seq_len: T, d_in, d_hidden: d, classes, cell }, make) {
  const k = 1 / Math.sqrt(d);
  const gates = cell === 'lstm' ? 4 : 1;
  const weights = {
    input: { weight: make.uniform([d_in, gates * d], k), bias: cell === 'lstm' ? make.chrono(d, T) : make.uniform([d], k) },
    recurrent: make.uniform([d, gates * d], k),
    output: { weight: make.uniform([d, classes], k), bias: make.uniform([classes], k) },
  };
  const loss = ({ input, recurrent, output }, running, x, y) => {
    let h = np.zeros([B, d]);
    let c = np.zeros([B, d]);
    for (let t = 0; t < T; t++) {
      // One product per position: the gradient of a slice of a joint product would be a whole sequence, mostly zeros.
      const p = np.matmul(x.ref.slice(t), input.weight.ref).add(input.bias.ref); // [B, gates d]
      const a = p.add(np.matmul(h, recurrent.ref));
      if (cell === 'rnn') {
        h = np.tanh(a);
      } else {
        const [i, f, g, o] = np.split(a, 4, 1); // [B, d] each
        c = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)));
        h = nn.sigmoid(o).mul(np.tanh(c.ref));
      }
    }
    tree.dispose([x, c, input, recurrent]);
    return [crossEntropy(linear(h, output), y), running];
  };
  return { weights, loss, shapes: [[T, B, d_in], [B, classes]] };
}

/** Convolution with same padding: x `[B, c_in, s, s]`, weight `[c_out, c_in, k, k]`. */
function conv2d(x, weight, stride) {
  const [c_out, c_in, k] = weight.shape;
  const [B, , s] = x.shape;
  const pad = (k - 1) / 2;
  if (!onWasm) return lax.convGeneralDilated(x, weight, [stride, stride], [[pad, pad], [pad, pad]]);
  // On the CPU, the library's convolution takes several times as long as the same sum computed as one matrix product.
  const padded = np.pad(x, [[0, 0], [0, 0], [pad, pad], [pad, pad]]);
  const patches = Array.from({ length: k * k }, (_, i) => {
    const [row, column] = [Math.floor(i / k), i % k];
    const shifted = padded.ref.slice([], [], [row, row + s], [column, column + s]);
    // Slices have no stride, so a reshape selects every other row and column.
    return stride === 1 ? shifted : shifted.reshape([B, c_in, s / stride, stride, s / stride, stride]).slice([], [], [], 0, [], 0);
  });
  padded.dispose();
  return np.einsum('bcphw,ocp->bohw', np.stack(patches, 2), weight.reshape([c_out, c_in, k * k]));
}

/** Depthwise 3 x 3 convolution: x `[B, c, s, s]`, weight `[c, 1, 3, 3]`. */
const depthwiseConv2d = (x, weight) => lax.convGeneralDilated(x, weight, [1, 1], [[1, 1], [1, 1]], { featureGroupCount: weight.shape[0] });

const perChannel = (values) => values.reshape([1, -1, 1, 1]);

function cnn(workload, make) {
  const { batch: B, side, channels_in, classes, separable } = workload;
  const channels = cnnChannels(workload);
  // Weights are uniform with variance `gain^2 / fan_in`; biases are from U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
  const conv = (shape, fan_in, outputs, gain) => ({ weight: make.uniform(shape, gain * Math.sqrt(3 / fan_in)), bias: make.uniform([outputs], 1 / Math.sqrt(fan_in)) });
  const width = channels.at(-1);
  const weights = {
    blocks: channels.slice(1).map((to, index) => {
      const from = channels[index];
      if (!separable || index === 0) return { standard: conv([to, from, 3, 3], 9 * from, to, Math.SQRT2) };
      return { depthwise: conv([from, 1, 3, 3], 9, from, 1), pointwise: conv([to, from, 1, 1], from, to, Math.SQRT2) };
    }),
    head: conv([width, classes], width, classes, 1),
  };
  const loss = ({ blocks, head }, running, x, y) => {
    const standardConv = (h, { weight, bias }) => conv2d(h, weight, 1).add(perChannel(bias));
    let h = x;
    for (const { standard, depthwise, pointwise } of blocks) {
      // [B, from, s, s] -> [B, to, s, s]
      h = standardConv(depthwise ? depthwiseConv2d(h, depthwise.weight).add(perChannel(depthwise.bias)) : h, standard ?? pointwise);
      const [, to, s] = h.shape;
      h = nn.relu(h).reshape([B, to, s / 2, 2, s / 2, 2]).max([3, 5]); // [B, to, s / 2, s / 2]
    }
    return [crossEntropy(linear(h.reshape([B, width]), head), y), running];
  };
  return { weights, loss, shapes: [[B, channels_in, side, side], [B, classes]] };
}

function resnet(workload, make) {
  const { batch: B, side, channels_in, channels, classes } = workload;
  const convNorm = (from, to, k) => ({ weight: make.uniform([to, from, k, k], Math.sqrt(6 / (k * k * from))), gain: make.full([to], 1), bias: make.full([to], 0) });
  const plan = resnetBlocks(workload);
  const width = 4 * channels;
  const weights = {
    stem: convNorm(channels_in, channels, 3),
    blocks: plan.map(({ from, to }) => ({
      first: convNorm(from, to, 3),
      second: convNorm(to, to, 3),
      ...(from === to ? {} : { projection: convNorm(from, to, 1) }),
    })),
    head: { weight: make.uniform([width, classes], Math.sqrt(3 / width)), bias: make.full([classes], 0) },
  };
  // Running mean and variance of every batch norm, in the order of the forward pass.
  const running = [];
  const track = ({ gain }) => running.push([np.zeros(gain.shape), np.ones(gain.shape)]);
  track(weights.stem);
  weights.blocks.forEach(({ first, second, projection }) => [first, second, projection].filter(Boolean).forEach(track));

  const loss = ({ stem, blocks, head }, running, x, y) => {
    const updated = [];
    // A convolution and batch norm with the statistics of the batch, which also update the running statistics.
    const apply = (x, { weight, gain, bias }, stride) => {
      const h = conv2d(x, weight, stride);
      const mean = h.ref.mean([0, 2, 3]); // [c]
      const centered = h.sub(perChannel(mean.ref));
      const variance = np.square(centered.ref).mean([0, 2, 3]);
      const [oldMean, oldVariance] = running[updated.length];
      updated.push([oldMean.mul(0.9).add(lax.stopGradient(mean).mul(0.1)), oldVariance.mul(0.9).add(lax.stopGradient(variance.ref).mul(0.1))]);
      const scale = gain.div(np.sqrt(variance.add(1e-5)));
      return centered.mul(perChannel(scale)).add(perChannel(bias));
    };
    let h = nn.relu(apply(x, stem, 1));
    blocks.forEach(({ first, second, projection }, index) => {
      const { stride } = plan[index];
      const branch = apply(nn.relu(apply(h.ref, first, stride)), second, 1);
      h = nn.relu((projection ? apply(h, projection, stride) : h).add(branch)); // [B, c, s, s]
    });
    return [crossEntropy(linear(h.mean([2, 3]), head), y), updated];
  };
  return { weights, running, loss, shapes: [[B, channels_in, side, side], [B, classes]] };
}
