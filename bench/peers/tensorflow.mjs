// The lab's workloads in TensorFlow.js: eager operations, gradients from `tf.variableGrads`, and the library's own optimizers.
// Images are `[batch, height, width, channels]`.

import { Draw, sinusoidal } from './data.mjs';
import { cnnChannels, resnetBlocks } from './workloads.mjs';

const root = './node_modules/@tensorflow';

/** True if convolutions need the custom gradients of `conv2d` and `depthwiseConv2d`. */
let onWasm = false;

export async function start(device) {
  for (const file of ['tfjs/dist/tf.min.js', 'tfjs-backend-wasm/dist/tf-backend-wasm.min.js', 'tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js']) {
    await new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement('script'), { src: `${root}/${file}`, onload: resolve, onerror: reject });
      document.head.append(script);
    });
  }
  tf.wasm.setWasmPaths(`${root}/tfjs-backend-wasm/dist/`);
  onWasm = device === 'cpu';
  const backend = onWasm ? 'wasm' : 'webgpu';
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no ${backend} here`);
  await tf.ready();
}

/** Returns the number of parameters of a workload's network, and `step`, which trains one step and resolves to its loss. */
export function model(workload) {
  const variables = [];
  const draw = new Draw(1);
  const variable = ({ shape, values }) => {
    const made = tf.variable(tf.tensor(values, shape));
    variables.push(made);
    return made;
  };
  const make = {
    normal: (shape, std) => variable(draw.normal(shape, std)),
    uniform: (shape, bound) => variable(draw.uniform(shape, bound)),
    full: (shape, value) => variable(draw.full(shape, value)),
    chrono: (...sizes) => variable(draw.chrono(...sizes)),
  };
  const loss = { transformer, cnn, recurrent, resnet }[workload.kind](workload, make);
  const { training } = workload;
  const optimizer = training.optimizer === 'adam' ? tf.train.adam(training.learning_rate, ...training.betas, 1e-8) : tf.train.momentum(training.learning_rate, training.momentum);
  const last = variables.at(-1);
  return {
    parameters: variables.reduce((sum, variable) => sum + variable.size, 0),
    async step(batch) {
      const [value, changed] = tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => loss(batch), variables);
        // AdamW's weight decay, which the library's Adam lacks. It applies to matrices only.
        if (training.decay) variables.filter(({ rank }) => rank > 1).forEach((w) => w.assign(w.mul(1 - training.learning_rate * training.decay)));
        optimizer.applyGradients(training.clip ? clipped(grads, training.clip) : grads);
        return [value, last.flatten().slice([0], [1])];
      });
      const [[read]] = await Promise.all([value.data(), changed.data()]);
      tf.dispose([value, changed]);
      return read;
    },
  };
}

/** Returns all gradients, scaled so that their joint norm is at most `maxNorm`. */
function clipped(grads, maxNorm) {
  const norm = tf.sqrt(tf.addN(Object.values(grads).map((grad) => grad.square().sum())));
  const scale = tf.minimum(1, tf.div(maxNorm, norm.add(1e-6)));
  return Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, grad.mul(scale)]));
}

const linear = (x, { weight, bias }) => x.matMul(weight).add(bias);

function layerNorm(x, { gain, bias }) {
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(gain).add(bias);
}

const gelu = (x) => x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1));

function transformer({ batch: B, context: T, d_model: d, layers, heads, vocabulary: V }, make) {
  const std = 0.02 * Math.sqrt(768 / d);
  const dense = (from, to, std) => ({ weight: make.normal([from, to], std), bias: make.full([to], 0) });
  const norm = () => ({ gain: make.full([d], 1), bias: make.full([d], 0) });
  const embedding = make.normal([V, d], 1 / Math.sqrt(d));
  const blocks = Array.from({ length: layers }, () => ({
    norm_attention: norm(),
    query: dense(d, d, std),
    key: dense(d, d, std),
    value: dense(d, d, std),
    output: dense(d, d, std / Math.sqrt(2 * layers)),
    norm_mlp: norm(),
    up: dense(d, 4 * d, std),
    down: dense(4 * d, d, std / Math.sqrt(2 * layers)),
  }));
  const norm_last = norm();
  const table = sinusoidal(T, d);
  const positions = tf.tensor(table.values, table.shape); // [T, d]
  // Added to the scores: 0 for visible keys, a large negative number for hidden keys.
  const hidden = tf.tidy(() => tf.linalg.bandPart(tf.ones([T, T]), -1, 0).sub(1).mul(1e30)); // [T, T]

  const split = (x) => x.reshape([B, T, heads, d / heads]).transpose([0, 2, 1, 3]); // [B, h, T, d / h]
  const attention = (x, block) => {
    const [q, k, v] = [block.query, block.key, block.value].map((layer) => split(linear(x, layer)));
    const scores = tf.matMul(q.mul(1 / Math.sqrt(d / heads)), k, false, true).add(hidden); // [B, h, T, T]
    const mixed = tf.matMul(tf.softmax(scores), v); // [B, h, T, d / h]
    return linear(mixed.transpose([0, 2, 1, 3]).reshape([B * T, d]), block.output);
  };
  return ({ x: inputs, y: targets }) => {
    // One-hot rows, because the gradient of a lookup is a scatter, which the wasm backend lacks.
    const oneHot = (ids) => tf.oneHot(tf.tensor1d(ids, 'int32'), V).toFloat(); // [B T, V]
    let x = oneHot(inputs).matMul(embedding).reshape([B, T, d]).add(positions).reshape([B * T, d]);
    for (const block of blocks) {
      x = x.add(attention(layerNorm(x, block.norm_attention), block));
      x = x.add(linear(gelu(linear(layerNorm(x, block.norm_mlp), block.up)), block.down));
    }
    const logits = tf.matMul(layerNorm(x, norm_last), embedding, false, true); // [B T, V]
    return tf.losses.softmaxCrossEntropy(oneHot(targets), logits);
  };
}

function recurrent({ batch: B, seq_len: T, d_in, d_hidden: d, classes, cell }, make) {
  const k = 1 / Math.sqrt(d);
  const gates = cell === 'lstm' ? 4 : 1;
  const input = { weight: make.uniform([d_in, gates * d], k), bias: cell === 'lstm' ? make.chrono(d, T) : make.uniform([d], k) };
  const recurrent = make.uniform([d, gates * d], k);
  const output = { weight: make.uniform([d, classes], k), bias: make.uniform([classes], k) };
  return ({ x, y }) => {
    // One product for all positions; the recurrence then visits one position at a time.
    const projected = linear(tf.tensor2d(x, [T * B, d_in]), input).reshape([T, B, gates * d]).unstack(); // T times [B, gates d]
    let h = tf.zeros([B, d]);
    let c = tf.zeros([B, d]);
    for (const p of projected) {
      const a = p.add(h.matMul(recurrent)); // [B, gates d]
      if (cell === 'rnn') {
        h = a.tanh();
      } else {
        const [i, f, g, o] = a.split(4, 1); // [B, d] each
        c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
        h = o.sigmoid().mul(c.tanh());
      }
    }
    return tf.losses.softmaxCrossEntropy(tf.tensor2d(y, [B, classes]), linear(h, output));
  };
}

function cnn(workload, make) {
  const { batch: B, side, channels_in, classes, separable } = workload;
  const channels = cnnChannels(workload);
  // Weights are uniform with variance `gain^2 / fan_in`; biases are from U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
  const conv = (shape, fan_in, outputs, gain) => ({ weight: make.uniform(shape, gain * Math.sqrt(3 / fan_in)), bias: make.uniform([outputs], 1 / Math.sqrt(fan_in)) });
  const blocks = channels.slice(1).map((to, index) => {
    const from = channels[index];
    if (!separable || index === 0) return { standard: conv([3, 3, from, to], 9 * from, to, Math.SQRT2) };
    return { depthwise: conv([3, 3, from, 1], 9, from, 1), pointwise: conv([1, 1, from, to], from, to, Math.SQRT2) };
  });
  const width = channels.at(-1);
  const head = conv([width, classes], width, classes, 1);
  return ({ x, y }) => {
    let h = tf.tensor4d(x, [B, side, side, channels_in]);
    for (const { standard, depthwise, pointwise } of blocks) {
      // [B, s, s, from] -> [B, s, s, to]
      if (standard) h = conv2d(h, standard.weight, 1).add(standard.bias);
      else h = conv2d(depthwiseConv2d(h, depthwise.weight).add(depthwise.bias), pointwise.weight, 1).add(pointwise.bias);
      h = tf.maxPool(h.relu(), 2, 2, 'valid'); // [B, s / 2, s / 2, to]
    }
    return tf.losses.softmaxCrossEntropy(tf.tensor2d(y, [B, classes]), linear(h.reshape([B, width]), head));
  };
}

function resnet(workload, make) {
  const { batch: B, side, channels_in, channels, classes } = workload;
  const convNorm = (from, to, k) => ({
    weight: make.uniform([k, k, from, to], Math.sqrt(6 / (k * k * from))),
    gain: make.full([to], 1),
    bias: make.full([to], 0),
    mean: tf.variable(tf.zeros([to]), false),
    variance: tf.variable(tf.ones([to]), false),
  });
  const stem = convNorm(channels_in, channels, 3);
  const blocks = resnetBlocks(workload).map(({ from, to, stride }) => ({
    stride,
    first: convNorm(from, to, 3),
    second: convNorm(to, to, 3),
    projection: from === to ? undefined : convNorm(from, to, 1),
  }));
  const width = 4 * channels;
  const head = { weight: make.uniform([width, classes], Math.sqrt(3 / width)), bias: make.full([classes], 0) };

  // A convolution and batch norm with the statistics of the batch, which also update the running statistics.
  const apply = (x, layer, stride) => {
    const h = conv2d(x, layer.weight, stride);
    const { mean, variance } = tf.moments(h, [0, 1, 2]);
    layer.mean.assign(layer.mean.mul(0.9).add(mean.mul(0.1)));
    layer.variance.assign(layer.variance.mul(0.9).add(variance.mul(0.1)));
    return tf.batchNorm(h, mean, variance, layer.bias, layer.gain, 1e-5);
  };
  return ({ x, y }) => {
    let h = apply(tf.tensor4d(x, [B, side, side, channels_in]), stem, 1).relu();
    for (const { stride, first, second, projection } of blocks) {
      const branch = apply(apply(h, first, stride).relu(), second, 1);
      h = (projection ? apply(h, projection, stride) : h).add(branch).relu(); // [B, s, s, c]
    }
    return tf.losses.softmaxCrossEntropy(tf.tensor2d(y, [B, classes]), linear(h.mean([1, 2]), head));
  };
}

/** Convolution with same padding: x `[B, s, s, c_in]`, weight `[k, k, c_in, c_out]`. */
function conv2d(x, weight, stride) {
  const k = weight.shape[0];
  const pad = (k - 1) / 2;
  if (!onWasm) return tf.conv2d(x, weight, stride, pad);
  // The wasm backend lacks the gradient with respect to the weight. That gradient is a convolution of the input with the
  // output's gradient, with the batch in place of the input channels and the stride as dilation.
  return tf.customGrad((x, weight, save) => {
    save([x, weight]);
    const gradFunc = (dy, [x, weight]) => [
      tf.conv2dTranspose(dy, weight, x.shape, stride, pad),
      tf.conv2d(x.transpose([3, 1, 2, 0]), dy.transpose([1, 2, 0, 3]), 1, pad, 'NHWC', stride) // [c_in, >= k, >= k, c_out]
        .slice([0, 0, 0, 0], [-1, k, k, -1])
        .transpose([1, 2, 0, 3]),
    ];
    return { value: tf.conv2d(x, weight, stride, pad), gradFunc };
  })(x, weight);
}

/** Depthwise 3 x 3 convolution: x `[B, s, s, c]`, weight `[3, 3, c, 1]`. */
function depthwiseConv2d(x, weight) {
  if (!onWasm) return tf.depthwiseConv2d(x, weight, 1, 'same');
  // The wasm backend lacks both gradients. With respect to the input, it is a convolution with the rotated kernel. With respect
  // to the weight, it is a product and a sum for each of the nine kernel positions.
  return tf.customGrad((x, weight, save) => {
    save([x, weight]);
    const gradFunc = (dy, [x, weight]) => {
      const padded = x.pad([[0, 0], [1, 1], [1, 1], [0, 0]]);
      const sums = Array.from({ length: 9 }, (_, i) => padded.slice([0, Math.floor(i / 3), i % 3, 0], x.shape).mul(dy).sum([0, 1, 2])); // [c] each
      return [tf.depthwiseConv2d(dy, weight.reverse([0, 1]), 1, 'same'), tf.stack(sums).reshape(weight.shape)];
    };
    return { value: tf.depthwiseConv2d(x, weight, 1, 'same'), gradFunc };
  })(x, weight);
}
