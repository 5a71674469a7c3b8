//! The transformations of Winograd's convolution, see [`winograd`](super::winograd). Each lane of a vector is a
//! tile, so that all of them are sums and differences of vectors.
//!
//! Transformed tiles are vectors of eight tiles, see [`Layout`]. The number of channels is padded to a multiple of
//! four, and the tiles to whole vectors, with zeros.

use super::writer::{ELEMENTS, LANES, Layout, Vector, Writer};
use crate::lanes::Lanes;
use crate::vector::lanes;
use std::ops::Range;

/// The tiles of an image.
pub(super) struct Tiles {
    h: usize,
    w: usize,
    /// Rows of tiles.
    pub(super) down: usize,
    /// Tiles in a row.
    pub(super) across: usize,
}

/// The place of a tile.
struct Place {
    image: usize,
    /// Its first row in the image.
    row: usize,
    /// Its index in the row of tiles.
    column: usize,
}

/// Rows of tiles of one image.
struct Part {
    image: usize,
    rows: Range<usize>,
    /// The index of the first tile among those of a block.
    first_tile: usize,
}

impl Tiles {
    pub(super) const fn new(h: usize, w: usize) -> Self {
        Self { h, w, down: h.div_ceil(2), across: w.div_ceil(2) }
    }

    /// Returns the minimum number of rows of tiles that are whole vectors.
    pub(super) fn rows_of_whole_vectors(&self) -> usize {
        LANES >> self.across.trailing_zeros().min(LANES.trailing_zeros())
    }

    /// Returns the number of vectors for some rows of tiles.
    pub(super) const fn vectors(&self, (first, end): (usize, usize)) -> usize {
        ((end - first) * self.across).div_ceil(LANES)
    }

    /// Returns the place of a tile of a block that starts at row `first`.
    const fn place(&self, first: usize, tile: usize) -> Place {
        let row = first + tile / self.across;
        Place { image: row / self.down, row: 2 * (row % self.down), column: tile % self.across }
    }

    /// Returns the index of a tile's left element in its first row or its second one.
    const fn index(&self, channels: usize, channel: usize, place: &Place, r: usize) -> usize {
        ((place.image * channels + channel) * self.h + place.row + r) * self.w + 2 * place.column
    }

    /// Splits a block of rows of the tiles of all images.
    fn parts(&self, (first, end): (usize, usize)) -> impl Iterator<Item = Part> + use<> {
        let (down, across) = (self.down.max(1), self.across);
        (first / down..end.div_ceil(down)).map(move |image| {
            let rows = first.max(image * down)..end.min((image + 1) * down);
            let first_tile = (rows.start - first) * across;
            Part { image, rows: rows.start - image * down..rows.end - image * down, first_tile }
        })
    }
}

#[inline(always)]
fn add<const N: usize>(a: [f32; N], b: [f32; N]) -> [f32; N] {
    lanes(|i| a[i] + b[i])
}

#[inline(always)]
fn subtract<const N: usize>(a: [f32; N], b: [f32; N]) -> [f32; N] {
    lanes(|i| a[i] - b[i])
}

/// Returns `B^T x`.
#[inline(always)]
fn transform_input<const N: usize>(x: [[f32; N]; 4]) -> [[f32; N]; 4] {
    [subtract(x[0], x[2]), add(x[1], x[2]), subtract(x[2], x[1]), subtract(x[1], x[3])]
}

/// Returns `A dy`.
#[inline(always)]
fn transform_gradient<const N: usize>(d: [[f32; N]; 2]) -> [[f32; N]; 4] {
    [d[0], add(d[0], d[1]), subtract(d[0], d[1]), lanes(|i| -d[1][i])]
}

/// Returns `A^T m`.
#[inline(always)]
fn transform_output(m: [Lanes; 4]) -> [Lanes; 2] {
    [m[0].add(m[1]).add(m[2]), m[1].subtract(m[2]).subtract(m[3])]
}

/// The elements of some rows of a map at even and at odd positions. A row of zeros is above and one below, and there
/// is a zero to the left of each row, which is at an odd position, and one to the right.
struct Halves {
    even: Vec<f32>,
    odd: Vec<f32>,
    /// The length of a row.
    stride: usize,
}

impl Halves {
    /// Returns zeros for a number of rows of an image, with room for whole vectors.
    fn new(rows: usize, across: usize) -> Self {
        let stride = across.next_multiple_of(4) + 4;
        Self { even: vec![0.0; rows * stride + LANES], odd: vec![0.0; rows * stride + LANES], stride }
    }

    /// Copies rows of a map; the odd elements are written `shift` positions further right. Rows outside of the
    /// map are zeros.
    fn set(&mut self, map: &[f32], w: usize, first: isize, rows: usize, shift: usize) {
        let to = self.even.chunks_exact_mut(self.stride).zip(self.odd.chunks_exact_mut(self.stride));
        for (row, (even, odd)) in (first..).zip(to).take(rows) {
            let Some(from) = usize::try_from(row).ok().and_then(|row| map.get(row * w..(row + 1) * w)) else {
                even.fill(0.0);
                odd.fill(0.0);
                continue;
            };
            split(from, even, &mut odd[shift..]);
            if let (true, Some(last)) = (w % 2 == 1, from.last()) {
                even[w / 2] = *last;
            }
        }
    }
}

/// Copies elements at even and at odd positions. The compiler only finds vector instructions for this if it is a
/// function of its own.
#[inline(never)]
fn split(row: &[f32], even: &mut [f32], odd: &mut [f32]) {
    for ((pair, even), odd) in row.as_chunks::<2>().0.iter().zip(even).zip(odd) {
        *even = pair[0];
        *odd = pair[1];
    }
}

/// Returns the numbers of `N` tiles from `at` on.
#[inline(always)]
fn load<const N: usize>(x: &[f32], at: usize) -> [f32; N] {
    x[at..].first_chunk().copied().unwrap_or([0.0; N])
}

/// Calls `transform` with the number of tiles that it can compute at once: they are in one row and in one vector.
macro_rules! by_width {
    ($tiles:ident, $transform:ident($($argument:expr),*)) => {
        match $tiles.across % 4 {
            0 => $transform::<4>($($argument),*),
            2 => $transform::<2>($($argument),*),
            _ => $transform::<1>($($argument),*),
        }
    };
}

/// Writes `B^T x B` of some rows of tiles.
pub(super) fn write_input(
    tiles: &Tiles,
    channels: usize,
    x: &[f32],
    rows: (usize, usize),
    (found, layout): (&mut Vec<Vector>, Layout),
) {
    let area = tiles.h * tiles.w;
    let mut writer = Writer::new(found, layout, channels, tiles.vectors(rows));
    let mut halves = Halves::new(2 * tiles.down.min(rows.1 - rows.0) + 2, tiles.across);
    for channel in 0..channels {
        for Part { image, rows, first_tile } in tiles.parts(rows) {
            let map = &x[(image * channels + channel) * area..][..area];
            halves.set(map, tiles.w, 2 * rows.start as isize - 1, 2 * rows.len() + 2, 1);
            by_width!(
                tiles,
                transform_map(&halves, rows.len(), tiles.across, first_tile, &mut writer.buffer)
            );
        }
        writer.store(channel);
    }
}

/// Writes `B^T x B` of some rows of tiles of a map, `N` tiles at once.
fn transform_map<const N: usize>(
    halves: &Halves,
    rows: usize,
    across: usize,
    first_tile: usize,
    to: &mut [[Vector; ELEMENTS]],
) {
    let stride = halves.stride;
    for row in 0..rows {
        let [even, odd] = [&halves.even, &halves.odd].map(|half| &half[2 * row * stride..][..4 * stride]);
        for t in (0..across).step_by(N) {
            let tile = first_tile + row * across + t;
            let to = &mut to[tile / LANES];
            // `B^T x`, by columns.
            let downs = [
                transform_column::<N>(odd, t, stride),
                transform_column(even, t, stride),
                transform_column(odd, t + 1, stride),
                transform_column(even, t + 1, stride),
            ];
            for r in 0..4 {
                for (c, numbers) in transform_input(row_of(&downs, r)).iter().enumerate() {
                    put(&mut to[4 * r + c], tile, *numbers);
                }
            }
        }
    }
}

/// Returns `B^T x` of one column of `N` tiles.
#[inline(always)]
fn transform_column<const N: usize>(half: &[f32], at: usize, stride: usize) -> [[f32; N]; 4] {
    let [second, third, fourth] = [at + stride, at + 2 * stride, at + 3 * stride];
    transform_input([load(half, at), load(half, second), load(half, third), load(half, fourth)])
}

/// Returns a row of a matrix that is stored by columns.
#[inline(always)]
fn row_of<T: Copy, const N: usize>(columns: &[[T; N]; 4], r: usize) -> [T; 4] {
    [columns[0][r], columns[1][r], columns[2][r], columns[3][r]]
}

/// Returns an element of four tiles, half of a vector.
#[inline(always)]
fn element(m: &[Vector], index: usize, half: usize) -> Lanes {
    Lanes::load(&m[index].as_chunks().0[half])
}

/// Writes the numbers of `N` tiles to their lanes.
#[inline(always)]
fn put<const N: usize>(to: &mut Vector, tile: usize, numbers: [f32; N]) {
    let parts = to.as_chunks_mut::<N>().0;
    parts[tile % LANES / N] = numbers;
}

/// Writes `A dy A^T` of some rows of tiles.
pub(super) fn write_gradient(
    tiles: &Tiles,
    channels: usize,
    d_output: &[f32],
    rows: (usize, usize),
    (found, layout): (&mut Vec<Vector>, Layout),
) {
    let area = tiles.h * tiles.w;
    let mut writer = Writer::new(found, layout, channels, tiles.vectors(rows));
    let mut halves = Halves::new(2 * tiles.down.min(rows.1 - rows.0), tiles.across);
    for channel in 0..channels {
        for Part { image, rows, first_tile } in tiles.parts(rows) {
            let map = &d_output[(image * channels + channel) * area..][..area];
            halves.set(map, tiles.w, 2 * rows.start as isize, 2 * rows.len(), 0);
            by_width!(
                tiles,
                transform_gradient_map(&halves, rows.len(), tiles.across, first_tile, &mut writer.buffer)
            );
        }
        writer.store(channel);
    }
}

fn transform_gradient_map<const N: usize>(
    halves: &Halves,
    rows: usize,
    across: usize,
    first_tile: usize,
    to: &mut [[Vector; ELEMENTS]],
) {
    let stride = halves.stride;
    for row in 0..rows {
        let [even, odd] = [&halves.even, &halves.odd].map(|half| &half[2 * row * stride..][..2 * stride]);
        for t in (0..across).step_by(N) {
            let tile = first_tile + row * across + t;
            let to = &mut to[tile / LANES];
            let downs = [
                transform_gradient::<N>([load(even, t), load(even, stride + t)]),
                transform_gradient([load(odd, t), load(odd, stride + t)]),
            ];
            for r in 0..4 {
                for (c, numbers) in transform_gradient([downs[0][r], downs[1][r]]).iter().enumerate() {
                    put(&mut to[4 * r + c], tile, *numbers);
                }
            }
        }
    }
}

/// Writes `A^T m A` of a vector of tiles to the output, `[batch, channels, h, w]`. The first tile of the vector is in
/// row `first` of all tiles, or after it.
///
/// # Shapes
///
/// - m: `[16, channels]`
pub(super) fn write_output(
    tiles: &Tiles,
    m: &[Vector],
    bias: &[f32],
    (first, last, vector): (usize, usize, usize),
    output: &mut [f32],
) {
    let channels = bias.len();
    let padded = m.len() / ELEMENTS;
    let across = tiles.across.max(1);
    for half in 0..2 {
        let tile = vector * LANES + 4 * half;
        if tile >= (last - first) * across {
            return;
        }
        let place = tiles.place(first, tile);
        for (channel, bias) in bias.iter().enumerate() {
            let mut downs = [[Lanes::splat(0.0); 2]; 4];
            for (c, down) in downs.iter_mut().enumerate() {
                *down = transform_output([
                    element(m, c * padded + channel, half),
                    element(m, (4 + c) * padded + channel, half),
                    element(m, (8 + c) * padded + channel, half),
                    element(m, (12 + c) * padded + channel, half),
                ]);
            }
            let bias = Lanes::splat(*bias);
            for r in 0..2 {
                let [left, right] = transform_output(row_of(&downs, r));
                let (left, right) = (left.add(bias), right.add(bias));
                let [start, end] = left.interleave(right);
                let (start, end) = (start.numbers(), end.numbers());
                if across.is_multiple_of(4) && place.row + r < tiles.h && 2 * (place.column + 4) <= tiles.w {
                    let to = tiles.index(channels, channel, &place, r);
                    if let Some(to) = output[to..].first_chunk_mut::<8>() {
                        let (halves, _) = to.as_chunks_mut::<4>();
                        (halves[0], halves[1]) = (start, end);
                    }
                } else {
                    for (i, y) in start.into_iter().chain(end).enumerate() {
                        let tile = tile + i / 2;
                        let place = tiles.place(first, tile);
                        let column = 2 * place.column + i % 2;
                        if tile < (last - first) * across && place.row + r < tiles.h && column < tiles.w {
                            output[tiles.index(channels, channel, &place, r) + i % 2] = y;
                        }
                    }
                }
            }
        }
    }
}
