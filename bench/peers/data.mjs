// Batches and initial weights, the same numbers for both peers: random ones of the right shape do for timing.

/** Numbers from [0, 1), the same for the same seed: xorshift (Marsaglia 2003), shifts 13, 17 and 5. */
export function uniform(seed) {
  // The state must not be 0, and neighbouring seeds must not begin alike.
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Draws initial weights: a shape and its numbers, row-major. */
export class Draw {
  #next;

  constructor(seed) {
    this.#next = uniform(seed);
  }

  /** From N(0, std^2), by Box and Muller. */
  normal(shape, std) {
    const one = () => std * Math.sqrt(-2 * Math.log(1 - this.#next())) * Math.cos(2 * Math.PI * this.#next());
    return { shape, values: Float32Array.from({ length: size(shape) }, one) };
  }

  /** From U(-bound, bound). */
  uniform(shape, bound) {
    return { shape, values: Float32Array.from({ length: size(shape) }, () => bound * (2 * this.#next() - 1)) };
  }

  full(shape, value) {
    return { shape, values: new Float32Array(size(shape)).fill(value) };
  }

  /** `b_f = ln U(1, T - 1)`, `b_i = -b_f`, 0 for the rest: `[4 d_h]`, gates in the order i, f, g, o. */
  chrono(d_hidden, seq_len) {
    const b_f = Array.from({ length: d_hidden }, () => Math.log(1 + (seq_len - 2) * this.#next()));
    return { shape: [4 * d_hidden], values: Float32Array.from([...b_f.map((b) => -b), ...b_f, ...new Array(2 * d_hidden).fill(0)]) };
  }
}

const size = (shape) => shape.reduce((product, n) => product * n, 1);

/** `sin(p / 10000^(2i/d))` and `cos(...)` in turn, scaled as the lab does: `[T, d]`. */
export function sinusoidal(context, d_model) {
  const values = new Float32Array(context * d_model);
  for (let p = 0; p < context; p++) {
    for (let j = 0; j < d_model; j++) {
      const angle = p / 10_000 ** ((j - (j % 2)) / d_model);
      values[p * d_model + j] = (j % 2 ? Math.cos(angle) : Math.sin(angle)) * Math.sqrt(2 / d_model);
    }
  }
  return { shape: [context, d_model], values };
}

/** One batch as typed arrays: `x` and `y` as the lab hands them to the device. */
export function batch(workload, seed) {
  const next = uniform(seed);
  const class_of = (n) => Math.floor(n * next());
  const oneHot = (rows, n) => {
    const values = new Float32Array(rows * n);
    for (let row = 0; row < rows; row++) values[row * n + class_of(n)] = 1;
    return values;
  };
  const { kind, batch: B } = workload;
  if (kind === 'transformer') {
    const ids = () => Int32Array.from({ length: B * workload.context }, () => class_of(workload.vocabulary));
    return { x: ids(), y: ids() };
  }
  if (kind === 'recurrent') return { x: oneHot(workload.seq_len * B, workload.d_in), y: oneHot(B, workload.classes) };
  const pixels = new Draw(seed + 1).normal([B * workload.channels_in * workload.side ** 2], 1).values;
  return { x: pixels, y: oneHot(B, workload.classes) };
}
