//! 3 x 3 convolutions with fewer multiplications (Winograd 1980; Lavin and Gray 2016, "Fast algorithms for
//! convolutional neural networks", section 4.1). The output is divided into 2 x 2 tiles, each of which
//! depends on 4 x 4 elements of the input: 16 products for each pair of channels instead of 36.
//!
//! ```text
//! y = A^T [(G w G^T) * (B^T x B)] A        dw = sum over tiles of G^T [(A dy A^T) * (B^T x B)] G        with * elementwise
//!
//! B^T x = (x0 - x2, x1 + x2, x2 - x1, x1 - x3)      A^T m = (m0 + m1 + m2, m1 - m2 - m3)
//! G w = (w0, (w0 + w1 + w2) / 2, (w0 - w1 + w2) / 2, w2)
//! ```
//!
//! Over all channels, each of the 16 products is a matrix product of weights `[c_out, c_in]` and inputs
//! `[c_in, tiles]`.

use super::shape::{Shape, row_blocks};
use crate::matrix::{COLUMNS, Rows, add_product, transposed};
use std::array::from_fn;

/// Elements of a transformed tile.
const ELEMENTS: usize = 16;
/// Tiles that are transformed back at once.
const LANES: usize = 4;
/// With fewer channels, the transformations cost more than they save.
const MIN_CHANNELS: usize = 8;
/// The minimum side of a map for the gradient of the weights.
const MIN_SIDE: usize = 8;
/// The maximum number of transformed elements in a block, so that they stay in the cache: 512 KB.
const MAX_BLOCK: usize = 131_072;
/// The minimum number of tiles in a block, because each block reads all weights again.
const MIN_TILES: usize = 128;

/// Returns `true` if this algorithm is faster than a direct sum.
pub(super) const fn is_for(shape: &Shape) -> bool {
    shape.kernel == 3 && !shape.depthwise && shape.c_in >= MIN_CHANNELS && shape.c_out >= MIN_CHANNELS
}

/// Returns `true` if this algorithm can also compute the gradient of the weights. On small maps many
/// gradients are exactly 0. Canceling products would leave rounding errors there, and Adam, which normalizes
/// each gradient, would turn them into full steps.
pub(super) const fn is_for_gradient(shape: &Shape) -> bool {
    is_for(shape) && shape.h >= MIN_SIDE && shape.w >= MIN_SIDE
}

/// The tiles of all images.
struct Tiles {
    /// Rows of tiles in an image.
    down: usize,
    /// Tiles in a row.
    across: usize,
    /// Rows of tiles in all images.
    rows: usize,
    /// Rows of tiles in a block.
    per_block: usize,
}

impl Tiles {
    fn new(shape: &Shape) -> Self {
        let (down, across) = (shape.h.div_ceil(2), shape.w.div_ceil(2));
        let per_block = MAX_BLOCK / (ELEMENTS * (shape.c_in + shape.c_out) * across.max(1));
        let min = MIN_TILES.div_ceil(across.max(1));
        // A multiple of the number of columns that the matrix product computes at once.
        let even = COLUMNS >> across.trailing_zeros().min(COLUMNS.trailing_zeros());
        let per_block = per_block.max(min).next_multiple_of(even);
        Self { down, across, rows: shape.batch * down, per_block }
    }

    fn blocks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        row_blocks(self.rows, self.per_block)
    }

    /// Returns the image of a row of tiles, and its first row of the output there.
    const fn position(&self, row: usize) -> (usize, usize) {
        (row / self.down, 2 * (row % self.down))
    }
}

/// Returns `B^T x`.
fn transform_input(x: [f32; 4]) -> [f32; 4] {
    [x[0] - x[2], x[1] + x[2], x[2] - x[1], x[1] - x[3]]
}

/// Returns `A dy`.
fn transform_gradient(d: [f32; 2]) -> [f32; 4] {
    [d[0], d[0] + d[1], d[0] - d[1], -d[1]]
}

/// Returns `G w`.
fn transform_weights(w: [f32; 3]) -> [f32; 4] {
    let (outer, inner) = (0.5 * (w[0] + w[2]), 0.5 * w[1]);
    [w[0], outer + inner, outer - inner, w[2]]
}

/// Returns `G^T u`.
fn restore_weights(u: [f32; 4]) -> [f32; 3] {
    [u[0] + 0.5 * (u[1] + u[2]), 0.5 * (u[1] - u[2]), 0.5 * (u[1] + u[2]) + u[3]]
}

/// Returns `G w G^T` of every pair of channels: `[16, pairs]`.
fn weights(weight: &[f32]) -> Vec<f32> {
    let pairs = weight.len() / 9;
    let mut transformed = vec![0.0; ELEMENTS * pairs];
    for (pair, w) in weight.chunks_exact(9).enumerate() {
        let down: [[f32; 4]; 3] = from_fn(|c| transform_weights([w[c], w[3 + c], w[6 + c]]));
        for r in 0..4 {
            for (c, u) in transform_weights([down[0][r], down[1][r], down[2][r]]).into_iter().enumerate() {
                transformed[(4 * r + c) * pairs + pair] = u;
            }
        }
    }
    transformed
}

/// Writes `B^T x B` of some rows of tiles: `[16, c_in, tiles]`.
fn input(shape: &Shape, tiles: &Tiles, x: &[f32], (first, end): (usize, usize), found: &mut Vec<f32>) {
    let Shape { c_in, h, w, .. } = *shape;
    let across = tiles.across;
    let n = (end - first) * across;
    let size = c_in * n;
    found.resize(ELEMENTS * size, 0.0);
    let zeros = vec![0.0; w];
    // Padded with a column on the left, and on the right up to the last tile's four columns.
    let mut downs: [Vec<f32>; 4] = from_fn(|_| vec![0.0; 2 * across + 2]);
    for channel in 0..c_in {
        for row in first..end {
            let (image, top) = tiles.position(row);
            let rows: [&[f32]; 4] = from_fn(|r| {
                let inside = (top + r).checked_sub(1).filter(|&row| row < h);
                inside.map_or(&zeros[..], |row| {
                    let from = ((image * c_in + channel) * h + row) * w;
                    &x[from..from + w]
                })
            });
            let [d0, d1, d2, d3] = &mut downs;
            let (up, down) = (rows[0].iter().zip(rows[1]), rows[2].iter().zip(rows[3]));
            let to = d0[1..].iter_mut().zip(&mut d1[1..]).zip(d2[1..].iter_mut().zip(&mut d3[1..]));
            for (((a, b), (c, d)), ((x0, x1), (x2, x3))) in to.zip(up.zip(down)) {
                [*a, *b, *c, *d] = transform_input([*x0, *x1, *x2, *x3]);
            }
            let at = channel * n + (row - first) * across;
            for (down, found) in downs.iter().zip(found.chunks_exact_mut(4 * size)) {
                let (v01, v23) = found.split_at_mut(2 * size);
                let ((v0, v1), (v2, v3)) = (v01.split_at_mut(size), v23.split_at_mut(size));
                let [v0, v1, v2, v3] = [v0, v1, v2, v3].map(|v| &mut v[at..at + across]);
                let to = v0.iter_mut().zip(v1).zip(v2.iter_mut().zip(v3));
                let pairs = down.chunks_exact(2).zip(down[2..].chunks_exact(2));
                for (((a, b), (c, d)), (left, right)) in to.zip(pairs) {
                    [*a, *b, *c, *d] = transform_input([left[0], left[1], right[0], right[1]]);
                }
            }
        }
    }
}

/// Writes `A^T m A` of up to [`LANES`] tiles from `first` on: the upper left elements of all tiles, the upper
/// right, the lower left, and the lower right ones.
#[inline(always)]
fn outputs(m: &[&[f32]; ELEMENTS], first: usize, bias: f32, y: &mut [Vec<f32>; 4]) {
    let m: [[f32; LANES]; ELEMENTS] = from_fn(|element| match m[element][first..].first_chunk() {
        Some(all) => *all,
        None => from_fn(|lane| m[element].get(first + lane).copied().unwrap_or_default()),
    });
    let across: [[[f32; LANES]; 2]; 4] = from_fn(|r| {
        let [m0, m1, m2, m3] = from_fn(|c| m[4 * r + c]);
        [from_fn(|lane| m0[lane] + m1[lane] + m2[lane]), from_fn(|lane| m1[lane] - m2[lane] - m3[lane])]
    });
    for c in 0..2 {
        let [s0, s1, s2, s3] = from_fn(|r| across[r][c]);
        for lane in 0..LANES {
            y[c][first + lane] = s0[lane] + s1[lane] + s2[lane] + bias;
            y[2 + c][first + lane] = s1[lane] - s2[lane] - s3[lane] + bias;
        }
    }
}

/// Returns the convolution, `[batch, c_out, h, w]`.
pub(super) fn product(shape: &Shape, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let Shape { batch, c_in, c_out, h, w, .. } = *shape;
    let tiles = Tiles::new(shape);
    let across = tiles.across;
    let weights = weights(weight);
    let mut output = vec![0.0; batch * c_out * h * w];
    let (mut v, mut m) = (Vec::new(), Vec::new());
    let mut y: [Vec<f32>; 4] = from_fn(|_| vec![0.0; tiles.per_block * across + LANES]);
    for (first, end) in tiles.blocks() {
        let n = (end - first) * across;
        input(shape, &tiles, x, (first, end), &mut v);
        m.clear();
        m.resize(ELEMENTS * c_out * n, 0.0);
        let factors = weights.chunks_exact(c_out * c_in).zip(v.chunks_exact(c_in * n));
        for ((weights, v), m) in factors.zip(m.chunks_exact_mut(c_out * n)) {
            add_product((m, n), Rows::of(weights, c_in), Rows::of(v, n), [c_out, c_in, n]);
        }
        for channel in 0..c_out {
            let b = bias.map_or(0.0, |bias| bias[channel]);
            let m: [&[f32]; ELEMENTS] = from_fn(|element| &m[(element * c_out + channel) * n..][..n]);
            for first in (0..n).step_by(LANES) {
                outputs(&m, first, b, &mut y);
            }
            for row in first..end {
                let at = (row - first) * across;
                let (image, top) = tiles.position(row);
                let to = ((image * c_out + channel) * h + top) * w;
                let rows = output[to..].chunks_mut(w).take(if top + 1 < h { 2 } else { 1 });
                for (row, y) in rows.zip(y.chunks_exact(2)) {
                    let pairs = y[0][at..at + across].iter().zip(&y[1][at..at + across]);
                    for (to, (left, right)) in row.chunks_mut(2).zip(pairs) {
                        to[0] = *left;
                        if let Some(to) = to.get_mut(1) {
                            *to = *right;
                        }
                    }
                }
            }
        }
    }
    output
}

/// Returns the gradient of the weights.
pub(super) fn weight_gradient(shape: &Shape, x: &[f32], d_output: &[f32]) -> Vec<f32> {
    let Shape { c_in, c_out, h, w, .. } = *shape;
    let tiles = Tiles::new(shape);
    let across = tiles.across;
    let mut sums = vec![0.0; ELEMENTS * c_out * c_in];
    let (mut v, mut d) = (Vec::new(), Vec::new());
    let (mut upper, mut lower) = (vec![0.0; 2 * across], vec![0.0; 2 * across]);
    for (first, end) in tiles.blocks() {
        let n = (end - first) * across;
        input(shape, &tiles, x, (first, end), &mut v);
        d.resize(ELEMENTS * c_out * n, 0.0);
        for channel in 0..c_out {
            for row in first..end {
                let (image, top) = tiles.position(row);
                let from = ((image * c_out + channel) * h + top) * w;
                upper[..w].copy_from_slice(&d_output[from..from + w]);
                if top + 1 < h {
                    lower[..w].copy_from_slice(&d_output[from + w..from + 2 * w]);
                } else {
                    lower.fill(0.0);
                }
                let at = channel * n + (row - first) * across;
                for (tile, (upper, lower)) in upper.chunks_exact(2).zip(lower.chunks_exact(2)).enumerate() {
                    let (left, right) =
                        (transform_gradient([upper[0], lower[0]]), transform_gradient([upper[1], lower[1]]));
                    for r in 0..4 {
                        for (c, d_tile) in transform_gradient([left[r], right[r]]).into_iter().enumerate() {
                            d[(4 * r + c) * c_out * n + at + tile] = d_tile;
                        }
                    }
                }
            }
        }
        let factors = d.chunks_exact(c_out * n).zip(v.chunks_exact(c_in * n));
        for ((d, v), sums) in factors.zip(sums.chunks_exact_mut(c_out * c_in)) {
            let v = transposed(v, n);
            add_product((sums, c_in), Rows::of(d, n), Rows::of(&v, c_in), [c_out, n, c_in]);
        }
    }
    let pairs = c_out * c_in;
    let mut d_weight = vec![0.0; 9 * pairs];
    for (pair, d_weight) in d_weight.chunks_exact_mut(9).enumerate() {
        let across: [[f32; 3]; 4] =
            from_fn(|r| restore_weights(from_fn(|c| sums[(4 * r + c) * pairs + pair])));
        for c in 0..3 {
            for (r, w) in restore_weights(across.map(|row| row[c])).into_iter().enumerate() {
                d_weight[3 * r + c] = w;
            }
        }
    }
    d_weight
}
