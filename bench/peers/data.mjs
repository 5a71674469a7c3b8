// Batches and initial weights, the same for both libraries. Random numbers of the right shape are enough for timing.

/** Returns a generator of uniform numbers in [0, 1) for a seed: xorshift (Marsaglia 2003), shifts 13, 17 and 5. */
export function uniform(seed) {
  // The state must not be 0, and neighboring seeds must not start with similar states.
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Draws initial weights: a shape and its values in row-major order. */
export class Draw {
  #next;

  constructor(seed) {
    this.#next = uniform(seed);
  }

  /** Returns values from N(0, std^2), by the Box-Muller transform. */
  normal(shape, std) {
    const one = () => std * Math.sqrt(-2 * Math.log(1 - this.#next())) * Math.cos(2 * Math.PI * this.#next());
    return { shape, values: Float32Array.from({ length: size(shape) }, one) };
  }

  /** Returns values from U(-bound, bound). */
  uniform(shape, bound) {
    return { shape, values: Float32Array.from({ length: size(shape) }, () => bound * (2 * this.#next() - 1)) };
  }

  full(shape, value) {
    return { shape, values: new Float32Array(size(shape)).fill(value) };
  }

  /** Returns the biases of chrono initialization, `[4 d_h]` in the order i, f, g, o: `b_f = ln U(1, T - 1)`, `b_i = -b_f`, others 0. */
  chrono(d_hidden, seq_len) {
    const b_f = Array.from({ length: d_hidden }, () => Math.log(1 + (seq_len - 2) * this.#next()));
    return { shape: [4 * d_hidden], values: Float32Array.from([...b_f.map((b) => -b), ...b_f, ...new Array(2 * d_hidden).fill(0)]) };
  }
}

const size = (shape) => shape.reduce((product, n) => product * n, 1);

/** Returns sinusoidal positions, `[T, d]`: `sin(p / 10000^(2i/d))` and `cos(...)` alternate, scaled as in the lab. */
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

/** Returns one batch as typed arrays: `x` and `y` in the form in which the lab sends them to the device. */
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
