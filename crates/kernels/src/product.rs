//! Products of matrices.
//!
//! The operands are copied into strips first: a strip holds four rows of the left matrix, or eight columns of the
//! right one, in the order in which the product reads them. Four rows times eight columns are then accumulated
//! in registers. Copying makes the product about half as fast again, because consecutive elements need a single
//! address. A transposed operand costs nothing.
//!
//! Terms are added in the same order on every machine.

use crate::vector::lanes;
use std::array::from_fn;
use std::ops::Range;

/// Rows and columns of the tile of a product that is accumulated in registers.
pub(crate) const ROWS: usize = 4;
pub(crate) const COLUMNS: usize = 8;
/// Maximum number of terms that are added in registers, so that a strip stays in the cache.
const DEPTH: usize = 256;
/// Number of rows of the left matrix that are copied at once, so that they stay in the cache for all columns.
const BLOCK: usize = 32;

/// A matrix in memory, as an operand of a product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    numbers: &'a [f32],
    stride: usize,
    is_transposed: bool,
}

impl<'a> Matrix<'a> {
    /// Returns a matrix whose rows are `stride` elements apart.
    pub(crate) const fn rows(numbers: &'a [f32], stride: usize) -> Self {
        Self { numbers, stride, is_transposed: false }
    }

    /// Returns the transpose.
    pub(crate) const fn transposed(self) -> Self {
        Self { is_transposed: !self.is_transposed, ..self }
    }
}

/// Strips of `W` rows of a left matrix or `W` columns of a right one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strips<const W: usize> {
    /// The strips one after another, each with one element per term of the product. The last strip is padded with
    /// arbitrary numbers.
    numbers: Vec<[f32; W]>,
    /// The number of terms.
    depth: usize,
    /// The number of rows or columns.
    width: usize,
}

/// A left operand.
pub(crate) type Left = Strips<ROWS>;
/// A right operand.
pub(crate) type Right = Strips<COLUMNS>;

impl Left {
    /// Returns the strips of a left operand, `[m, k]`.
    pub(crate) fn new(matrix: Matrix<'_>, [m, k]: [usize; 2]) -> Self {
        let mut strips = Self::default();
        strips.set(matrix, [m, k]);
        strips
    }

    /// Replaces the strips by those of another matrix, `[m, k]`, in the same memory.
    pub(crate) fn set(&mut self, matrix: Matrix<'_>, [m, k]: [usize; 2]) {
        self.copy(matrix.transposed(), 0..k, 0..m);
    }
}

impl Right {
    /// Returns the strips of a right operand, `[k, n]`.
    pub(crate) fn new(matrix: Matrix<'_>, [k, n]: [usize; 2]) -> Self {
        let mut strips = Self::default();
        strips.set(matrix, [k, n]);
        strips
    }

    /// Replaces the strips by those of another matrix, `[k, n]`, in the same memory.
    pub(crate) fn set(&mut self, matrix: Matrix<'_>, [k, n]: [usize; 2]) {
        self.copy(matrix, 0..k, 0..n);
    }
}

impl<const W: usize> Strips<W> {
    /// Copies a part of a matrix `[depth, width]`.
    fn copy(&mut self, matrix: Matrix<'_>, depth: Range<usize>, width: Range<usize>) {
        (self.depth, self.width) = (depth.len(), width.len());
        self.numbers.resize(self.depth * self.width.div_ceil(W), [0.0; W]);
        let Matrix { numbers, stride, is_transposed } = matrix;
        let strips = self.numbers.chunks_exact_mut(self.depth.max(1));
        for (first, strip) in width.clone().step_by(W).zip(strips) {
            if is_transposed {
                // Rows beyond the last one are padding.
                let row = |r: usize| (first + r).min(width.end - 1) * stride;
                transpose(strip, from_fn(|r| &numbers[row(r)..][depth.clone()]));
            } else {
                let end = width.end.min(first + W);
                for (to, row) in strip.iter_mut().zip(numbers[depth.start * stride..].chunks(stride)) {
                    let row = &row[first..end];
                    match row.first_chunk() {
                        Some(all) => *to = *all,
                        None => to[..row.len()].copy_from_slice(row),
                    }
                }
            }
        }
    }

    /// Returns the strips.
    pub(crate) fn strips(&self) -> impl Iterator<Item = &[[f32; W]]> {
        self.numbers.chunks_exact(self.depth.max(1)).take(self.width.div_ceil(W))
    }
}

/// Writes `W` rows as columns.
#[inline(always)]
fn transpose<const W: usize>(strip: &mut [[f32; W]], rows: [&[f32]; W]) {
    // Four columns at a time.
    let (blocks, rest) = strip.as_chunks_mut::<4>();
    let parts = rows.map(|row| row.as_chunks::<4>());
    let parts = parts.map(|(of_row, rest)| (&of_row[..blocks.len()], rest));
    for (at, block) in blocks.iter_mut().enumerate() {
        let numbers: [&[f32; 4]; W] = from_fn(|r| &parts[r].0[at]);
        for (column, to) in block.iter_mut().enumerate() {
            *to = lanes(|r| numbers[r][column]);
        }
    }
    for (at, to) in rest.iter_mut().enumerate() {
        *to = lanes(|r| parts[r].1[at]);
    }
}

/// Adds a product to a matrix: `sum += a b`, that is `sum[m, n] += sum_k a[m, k] b[k, n]`.
///
/// # Shapes
///
/// - sum: at least `m` rows, `stride` elements apart; the first `n` columns are updated
/// - a: `[m, k]`
/// - b: `[k, n]`
pub(crate) fn add_product(
    (sum, stride): (&mut [f32], usize),
    a: Matrix<'_>,
    b: Matrix<'_>,
    [m, k, n]: [usize; 3],
) {
    let (mut left, mut right) = (Left::default(), Right::default());
    for from in (0..k).step_by(DEPTH) {
        let depth = from..k.min(from + DEPTH);
        right.copy(b, depth.clone(), 0..n);
        for row in (0..m).step_by(BLOCK) {
            left.copy(a.transposed(), depth.clone(), row..m.min(row + BLOCK));
            add_product_of((&mut sum[row * stride..], stride), &left, &right);
        }
    }
}

/// Like [`add_product`], with operands that have been copied already.
pub(crate) fn add_product_of((sum, stride): (&mut [f32], usize), a: &Left, b: &Right) {
    for (column, of_b) in (0..b.width).step_by(COLUMNS).zip(b.strips()) {
        let columns = COLUMNS.min(b.width - column);
        for (row, of_a) in (0..a.width).step_by(ROWS).zip(a.strips()) {
            let sums = tile(of_a, of_b);
            let rows = ROWS.min(a.width - row);
            let to = &mut sum[row * stride + column..];
            if (rows, columns) == (ROWS, COLUMNS) {
                for (r, sums) in sums.iter().enumerate() {
                    if let Some(to) = to[r * stride..].first_chunk_mut::<COLUMNS>() {
                        *to = lanes(|i| to[i] + sums[i]);
                    }
                }
            } else {
                for (r, sums) in sums.iter().enumerate().take(rows) {
                    to[r * stride..].iter_mut().zip(&sums[..columns]).for_each(|(to, sum)| *to += sum);
                }
            }
        }
    }
}

/// Returns the product of a strip of rows and a strip of columns. The loop is not unrolled: with two terms at a time, it takes
/// 1.3 to 1.4 times as long in V8.
#[inline(always)]
pub(crate) fn tile(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]]) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0; COLUMNS]; ROWS];
    for (a, b) in a.iter().zip(b) {
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    sums
}
