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
use super::tiles::{Tiles, write_gradient, write_input, write_output};
use super::writer::{ELEMENTS, Layout, Vector, channel_stride};
use crate::lanes::Lanes;
use crate::product::{Left, Matrix, ROWS, tile};
use crate::vector::lanes;
use std::array::from_fn;

/// Four tiles.
type Half = [f32; 4];

/// With fewer channels, the transformations cost more than they save.
const MIN_CHANNELS: usize = 8;
/// The minimum side of a map for the gradient of the weights.
const MIN_SIDE: usize = 8;
/// The maximum number of transformed elements in a block, so that they stay in the cache: 256 KB.
const MAX_BLOCK: usize = 65_536;
/// The minimum number of tiles in a block, because each block reads all weights again.
const MIN_TILES: usize = 64;

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

/// Returns blocks of rows of tiles.
fn blocks(shape: &Shape, tiles: &Tiles) -> impl Iterator<Item = (usize, usize)> + use<> {
    let across = tiles.across.max(1);
    let in_cache = MAX_BLOCK / (ELEMENTS * (shape.c_in + shape.c_out) * across);
    // Whole vectors of tiles.
    let even = tiles.rows_of_whole_vectors();
    row_blocks(shape.batch * tiles.down, in_cache.max(MIN_TILES.div_ceil(across)).next_multiple_of(even))
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

/// Returns `G w G^T` of every pair of channels, as left operands `[c_out, c_in]`.
fn weights(weight: &[f32], [c_out, c_in]: [usize; 2]) -> [Left; ELEMENTS] {
    let pairs = c_out * c_in;
    let mut transformed = vec![0.0; ELEMENTS * pairs];
    for (pair, w) in weight.chunks_exact(9).enumerate() {
        let down: [[f32; 4]; 3] = from_fn(|c| transform_weights([w[c], w[3 + c], w[6 + c]]));
        for r in 0..4 {
            for (c, u) in transform_weights([down[0][r], down[1][r], down[2][r]]).into_iter().enumerate() {
                transformed[(4 * r + c) * pairs + pair] = u;
            }
        }
    }
    from_fn(|element| Left::new(Matrix::rows(&transformed[element * pairs..], c_in), [c_out, c_in]))
}

/// Returns the convolution, `[batch, c_out, h, w]`.
pub(super) fn product(shape: &Shape, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let Shape { batch, c_in, c_out, h, w, .. } = *shape;
    let tiles = Tiles::new(h, w);
    let weights = weights(weight, [c_out, c_in]);
    let mut output = vec![0.0; batch * c_out * h * w];
    let zeros = vec![0.0; c_out];
    let bias = bias.unwrap_or(&zeros);
    let (stride, padded_out) = (channel_stride(c_in), c_out.next_multiple_of(ROWS));
    let (mut v, mut m) = (Vec::new(), vec![[0.0; 8]; ELEMENTS * padded_out]);
    for (first, end) in blocks(shape, &tiles) {
        write_input(&tiles, c_in, x, (first, end), (&mut v, Layout::Channels));
        for (vector, v) in v.chunks_exact(ELEMENTS * stride).enumerate() {
            let elements = v.chunks_exact(stride).zip(m.chunks_exact_mut(padded_out));
            for (weights, (v, m)) in weights.iter().zip(elements) {
                for (weights, m) in weights.strips().zip(m.as_chunks_mut().0) {
                    *m = tile(weights, v);
                }
            }
            write_output(&tiles, &m, bias, (first, end, vector), &mut output);
        }
    }
    output
}

/// Returns the gradient of the weights.
pub(super) fn weight_gradient(shape: &Shape, x: &[f32], d_output: &[f32]) -> Vec<f32> {
    let Shape { c_in, c_out, h, w, .. } = *shape;
    let tiles = Tiles::new(h, w);
    let [padded_in, padded_out] = [c_in, c_out].map(|channels| channels.next_multiple_of(ROWS));
    let mut sums = vec![0.0; ELEMENTS * padded_out * padded_in];
    let (mut v, mut d) = (Vec::new(), Vec::new());
    for rows in blocks(shape, &tiles) {
        let vectors = tiles.vectors(rows);
        write_input(&tiles, c_in, x, rows, (&mut v, Layout::Groups(4)));
        write_gradient(&tiles, c_out, d_output, rows, (&mut d, Layout::Groups(2)));
        let of_elements = d.chunks_exact(vectors * padded_out).zip(v.chunks_exact(vectors * padded_in));
        for ((d, v), sums) in of_elements.zip(sums.chunks_exact_mut(padded_out * padded_in)) {
            let [d, v] = [d, v].map(<[Vector]>::as_flattened);
            let (d, v) = (d.as_chunks().0.as_chunks().0, v.as_chunks().0.as_chunks().0);
            for (d, sums) in d.chunks_exact(2 * vectors).zip(sums.chunks_exact_mut(2 * padded_in)) {
                let (upper, lower) = sums.split_at_mut(padded_in);
                let columns = upper.as_chunks_mut::<4>().0.iter_mut().zip(lower.as_chunks_mut::<4>().0);
                for (v, (upper, lower)) in v.chunks_exact(2 * vectors).zip(columns) {
                    let found = dots(d, v);
                    *upper = lanes(|i| upper[i] + found[0][i]);
                    *lower = lanes(|i| lower[i] + found[1][i]);
                }
            }
        }
    }
    let pairs = padded_out * padded_in;
    let mut d_weight = vec![0.0; 9 * c_out * c_in];
    for (pair, d_weight) in d_weight.chunks_exact_mut(9).enumerate() {
        let at = pair / c_in * padded_in + pair % c_in;
        let across: [[f32; 3]; 4] = from_fn(|r| restore_weights(from_fn(|c| sums[(4 * r + c) * pairs + at])));
        for c in 0..3 {
            for (r, w) in restore_weights(across.map(|row| row[c])).into_iter().enumerate() {
                d_weight[3 * r + c] = w;
            }
        }
    }
    d_weight
}

/// Returns the dot products over all tiles of two channels of `d` and four channels of `v`.
#[inline(always)]
fn dots(d: &[[Half; 2]], v: &[[Half; 4]]) -> [[f32; 4]; 2] {
    let mut sums = [[Lanes::splat(0.0); 4]; 2];
    for (d, v) in d.iter().zip(v) {
        let v = [Lanes::load(&v[0]), Lanes::load(&v[1]), Lanes::load(&v[2]), Lanes::load(&v[3])];
        for (sums, d) in sums.iter_mut().zip(d) {
            let d = Lanes::load(d);
            for (sum, v) in sums.iter_mut().zip(v) {
                *sum = d.multiply_add(v, *sum);
            }
        }
    }
    let mut found = [[0.0; 4]; 2];
    for (found, sums) in found.iter_mut().zip(sums) {
        for (found, sum) in found.iter_mut().zip(sums) {
            let numbers = sum.numbers();
            *found = (numbers[0] + numbers[2]) + (numbers[1] + numbers[3]);
        }
    }
    found
}
