//! 3 x 3 convolutions with fewer multiplications (Winograd 1980; Lavin and Gray 2016, "Fast algorithms for convolutional neural
//! networks"). The output is cut into tiles of 2 x 2, each of which sees 4 x 4 numbers of the input: 16 products for each pair of
//! channels instead of 36.
//!
//! ```text
//! y = A^T [(G w G^T) * (B^T x B)] A        dw = G^T [(A dy A^T) * (B^T x B)] G        with * number by number, over all tiles
//!
//! B^T x = (x0 - x2, x1 + x2, x2 - x1, x1 - x3)      A^T m = (m0 + m1 + m2, m1 - m2 - m3)
//! G w = (w0, (w0 + w1 + w2) / 2, (w0 - w1 + w2) / 2, w2)
//! ```
//!
//! With all channels, each of the 16 products is one of matrices: `[c_out, c_in]` of the weights and `[c_in, tiles]`.

use super::cpu::Shape;
use crate::matrix::{COLUMNS, Rows, add_product, transposed};
use std::array::from_fn;

/// Places of a transformed tile.
const PLACES: usize = 16;
/// Tiles that are transformed at once.
const LANES: usize = 4;
/// With fewer channels the transformations cost more than they save.
const FEWEST_CHANNELS: usize = 8;
/// Of a map, for the gradient of the weights.
const LEAST_SIDE: usize = 8;
/// Transformed numbers at a time, so that they stay in the cache: 512 KB.
const NUMBERS: usize = 131_072;
/// But no fewer tiles: with many channels the weights are most of what is read, anew for each part.
const LEAST_TILES: usize = 128;

/// Whether this is the faster way.
pub(super) const fn is_for(shape: &Shape) -> bool {
    shape.kernel == 3 && !shape.depthwise && shape.c_in >= FEWEST_CHANNELS && shape.c_out >= FEWEST_CHANNELS
}

/// Whether it is for the gradient of the weights, too. On small maps many a weight has none, of which cancelling products
/// would leave some rounding; and Adam, which divides a gradient by its size, would make steps of that.
pub(super) const fn is_for_gradient(shape: &Shape) -> bool {
    is_for(shape) && shape.h >= LEAST_SIDE && shape.w >= LEAST_SIDE
}

/// The tiles of all images: rows of them, each with `across`.
struct Tiles {
    down: usize,
    across: usize,
    rows: usize,
    /// Rows at a time.
    some: usize,
}

impl Tiles {
    fn new(shape: &Shape) -> Self {
        let (down, across) = (shape.h.div_ceil(2), shape.w.div_ceil(2));
        let some = NUMBERS / (PLACES * (shape.c_in + shape.c_out) * across.max(1));
        let least = LEAST_TILES.div_ceil(across.max(1));
        // As many tiles as the product of matrices has columns at once, or several times as many.
        let even = COLUMNS >> across.trailing_zeros().min(COLUMNS.trailing_zeros());
        Self { down, across, rows: shape.batch * down, some: some.max(least).next_multiple_of(even) }
    }

    fn parts(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (rows, some) = (self.rows, self.some);
        (0..rows).step_by(some).map(move |first| (first, rows.min(first + some)))
    }

    /// The image of a row of tiles, and the first row of its output there.
    const fn place(&self, row: usize) -> (usize, usize) {
        (row / self.down, 2 * (row % self.down))
    }
}

/// `B^T x`.
fn of_input(x: [f32; 4]) -> [f32; 4] {
    [x[0] - x[2], x[1] + x[2], x[2] - x[1], x[1] - x[3]]
}

/// `A dy`.
fn of_output(d: [f32; 2]) -> [f32; 4] {
    [d[0], d[0] + d[1], d[0] - d[1], -d[1]]
}

/// `G w`.
fn of_weights(w: [f32; 3]) -> [f32; 4] {
    let (outer, inner) = (0.5 * (w[0] + w[2]), 0.5 * w[1]);
    [w[0], outer + inner, outer - inner, w[2]]
}

/// `G^T u`.
fn to_weights(u: [f32; 4]) -> [f32; 3] {
    [u[0] + 0.5 * (u[1] + u[2]), 0.5 * (u[1] - u[2]), 0.5 * (u[1] + u[2]) + u[3]]
}

/// `G w G^T` of every pair of channels: `[16, pairs]`.
fn weights(weight: &[f32]) -> Vec<f32> {
    let pairs = weight.len() / 9;
    let mut found = vec![0.0; PLACES * pairs];
    for (pair, w) in weight.chunks_exact(9).enumerate() {
        let down: [[f32; 4]; 3] = from_fn(|c| of_weights([w[c], w[3 + c], w[6 + c]]));
        for r in 0..4 {
            for (c, u) in of_weights([down[0][r], down[1][r], down[2][r]]).into_iter().enumerate() {
                found[(4 * r + c) * pairs + pair] = u;
            }
        }
    }
    found
}

/// `B^T x B` of some rows of tiles: `[16, c_in, tiles]`.
fn input(shape: &Shape, tiles: &Tiles, x: &[f32], (first, end): (usize, usize), found: &mut Vec<f32>) {
    let Shape { c_in, h, w, .. } = *shape;
    let across = tiles.across;
    let n = (end - first) * across;
    let size = c_in * n;
    found.resize(PLACES * size, 0.0);
    let none = vec![0.0; w];
    // A column more at the left, and so many at the right that every tile has its four.
    let mut downs: [Vec<f32>; 4] = from_fn(|_| vec![0.0; 2 * across + 2]);
    for channel in 0..c_in {
        for row in first..end {
            let (image, top) = tiles.place(row);
            let rows: [&[f32]; 4] = from_fn(|r| {
                let inside = (top + r).checked_sub(1).filter(|&row| row < h);
                inside.map_or(&none[..], |row| {
                    let from = ((image * c_in + channel) * h + row) * w;
                    &x[from..from + w]
                })
            });
            let [d0, d1, d2, d3] = &mut downs;
            let (up, down) = (rows[0].iter().zip(rows[1]), rows[2].iter().zip(rows[3]));
            let to = d0[1..].iter_mut().zip(&mut d1[1..]).zip(d2[1..].iter_mut().zip(&mut d3[1..]));
            for (((a, b), (c, d)), ((x0, x1), (x2, x3))) in to.zip(up.zip(down)) {
                [*a, *b, *c, *d] = of_input([*x0, *x1, *x2, *x3]);
            }
            let at = channel * n + (row - first) * across;
            for (down, found) in downs.iter().zip(found.chunks_exact_mut(4 * size)) {
                let (v01, v23) = found.split_at_mut(2 * size);
                let ((v0, v1), (v2, v3)) = (v01.split_at_mut(size), v23.split_at_mut(size));
                let [v0, v1, v2, v3] = [v0, v1, v2, v3].map(|v| &mut v[at..at + across]);
                let to = v0.iter_mut().zip(v1).zip(v2.iter_mut().zip(v3));
                let pairs = down.chunks_exact(2).zip(down[2..].chunks_exact(2));
                for (((a, b), (c, d)), (left, right)) in to.zip(pairs) {
                    [*a, *b, *c, *d] = of_input([left[0], left[1], right[0], right[1]]);
                }
            }
        }
    }
}

/// `A^T m A` of some tiles from `first` on, as many as there are up to [`LANES`]: the upper left numbers of all, the upper right
/// ones, the lower left, and the lower right.
#[inline(always)]
fn outputs(m: &[&[f32]; PLACES], first: usize, bias: f32, y: &mut [Vec<f32>; 4]) {
    let m: [[f32; LANES]; PLACES] = from_fn(|place| match m[place][first..].first_chunk() {
        Some(all) => *all,
        None => from_fn(|lane| m[place].get(first + lane).copied().unwrap_or_default()),
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

/// The convolution of `[batch, c_in, h, w]` numbers.
pub(super) fn product(shape: &Shape, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let Shape { batch, c_in, c_out, h, w, .. } = *shape;
    let tiles = Tiles::new(shape);
    let across = tiles.across;
    let weights = weights(weight);
    let mut output = vec![0.0; batch * c_out * h * w];
    let (mut v, mut m) = (Vec::new(), Vec::new());
    let mut y: [Vec<f32>; 4] = from_fn(|_| vec![0.0; tiles.some * across + LANES]);
    for (first, end) in tiles.parts() {
        let n = (end - first) * across;
        input(shape, &tiles, x, (first, end), &mut v);
        m.clear();
        m.resize(PLACES * c_out * n, 0.0);
        let factors = weights.chunks_exact(c_out * c_in).zip(v.chunks_exact(c_in * n));
        for ((weights, v), m) in factors.zip(m.chunks_exact_mut(c_out * n)) {
            add_product((m, n), Rows::of(weights, c_in), Rows::of(v, n), [c_out, c_in, n]);
        }
        for channel in 0..c_out {
            let b = bias.map_or(0.0, |bias| bias[channel]);
            let m: [&[f32]; PLACES] = from_fn(|place| &m[(place * c_out + channel) * n..][..n]);
            for first in (0..n).step_by(LANES) {
                outputs(&m, first, b, &mut y);
            }
            for row in first..end {
                let at = (row - first) * across;
                let (image, top) = tiles.place(row);
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

/// The gradient of the weights.
pub(super) fn weight_gradient(shape: &Shape, x: &[f32], d_output: &[f32]) -> Vec<f32> {
    let Shape { c_in, c_out, h, w, .. } = *shape;
    let tiles = Tiles::new(shape);
    let across = tiles.across;
    let mut sums = vec![0.0; PLACES * c_out * c_in];
    let (mut v, mut d) = (Vec::new(), Vec::new());
    let (mut upper, mut lower) = (vec![0.0; 2 * across], vec![0.0; 2 * across]);
    for (first, end) in tiles.parts() {
        let n = (end - first) * across;
        input(shape, &tiles, x, (first, end), &mut v);
        d.resize(PLACES * c_out * n, 0.0);
        for channel in 0..c_out {
            for row in first..end {
                let (image, top) = tiles.place(row);
                let from = ((image * c_out + channel) * h + top) * w;
                upper[..w].copy_from_slice(&d_output[from..from + w]);
                if top + 1 < h {
                    lower[..w].copy_from_slice(&d_output[from + w..from + 2 * w]);
                } else {
                    lower.fill(0.0);
                }
                let at = channel * n + (row - first) * across;
                for (tile, (upper, lower)) in upper.chunks_exact(2).zip(lower.chunks_exact(2)).enumerate() {
                    let (left, right) = (of_output([upper[0], lower[0]]), of_output([upper[1], lower[1]]));
                    for r in 0..4 {
                        for (c, d_tile) in of_output([left[r], right[r]]).into_iter().enumerate() {
                            d[(4 * r + c) * c_out * n + at + tile] = d_tile;
                        }
                    }
                }
            }
        }
        let factors = d.chunks_exact(c_out * n).zip(v.chunks_exact(c_in * n));
        for ((d, v), sums) in factors.zip(sums.chunks_exact_mut(c_out * c_in)) {
            let turned = transposed(v, n);
            add_product((sums, c_in), Rows::of(d, n), Rows::of(&turned, c_in), [c_out, n, c_in]);
        }
    }
    let pairs = c_out * c_in;
    let mut found = vec![0.0; 9 * pairs];
    for (pair, found) in found.chunks_exact_mut(9).enumerate() {
        let across: [[f32; 3]; 4] = from_fn(|r| to_weights(from_fn(|c| sums[(4 * r + c) * pairs + pair])));
        for c in 0..3 {
            for (r, w) in to_weights(across.map(|row| row[c])).into_iter().enumerate() {
                found[3 * r + c] = w;
            }
        }
    }
    found
}
