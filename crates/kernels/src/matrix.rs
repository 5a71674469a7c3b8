//! Products of small matrices, and sums.

/// Rows and columns of the tile of a product that is accumulated in registers.
const ROWS: usize = 4;
pub(crate) const COLUMNS: usize = 8;

/// A row-major matrix whose rows are `stride` elements apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) numbers: &'a [f32],
    pub(crate) stride: usize,
}

impl<'a> Rows<'a> {
    /// A matrix without gaps between its rows.
    pub(crate) const fn of(numbers: &'a [f32], stride: usize) -> Self {
        Self { numbers, stride }
    }

    fn row(&self, row: usize, from: usize, to: usize) -> &'a [f32] {
        &self.numbers[row * self.stride + from..row * self.stride + to]
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
    a: Rows<'_>,
    b: Rows<'_>,
    [m, k, n]: [usize; 3],
) {
    let (even_rows, even_columns) = (m - m % ROWS, n - n % COLUMNS);
    for row in (0..even_rows).step_by(ROWS) {
        let rows: [&[f32]; ROWS] = std::array::from_fn(|r| a.row(row + r, 0, k));
        for column in (0..even_columns).step_by(COLUMNS) {
            let mut sums = [[0.0f32; COLUMNS]; ROWS];
            for at in 0..k {
                let of_b = b.row(at, column, column + COLUMNS);
                for (sums, of_a) in sums.iter_mut().zip(rows) {
                    let factor = of_a[at];
                    for (sum, b) in sums.iter_mut().zip(of_b) {
                        *sum += factor * b;
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                let start = (row + r) * stride + column;
                for (sum, add) in sum[start..start + COLUMNS].iter_mut().zip(sums) {
                    *sum += add;
                }
            }
        }
    }
    // The remainder: the last columns of all rows, and the last rows.
    for row in 0..m {
        let first = if row < even_rows { even_columns } else { 0 };
        if first == n {
            continue;
        }
        let of_sum = &mut sum[row * stride + first..row * stride + n];
        for (at, factor) in a.row(row, 0, k).iter().enumerate() {
            for (sum, b) in of_sum.iter_mut().zip(b.row(at, first, n)) {
                *sum += factor * b;
            }
        }
    }
}

/// Returns `a^T` of `a` with `n` columns.
pub(crate) fn transposed(a: &[f32], n: usize) -> Vec<f32> {
    let m = a.len().checked_div(n).unwrap_or(0);
    let mut turned = vec![0.0; m * n];
    // Several rows at a time, so that writes are contiguous.
    for first in (0..m).step_by(ROWS) {
        let rows: [&[f32]; ROWS] = std::array::from_fn(|r| {
            let row = (first + r).min(m - 1);
            &a[row * n..(row + 1) * n]
        });
        let width = ROWS.min(m - first);
        for (column, to) in turned.chunks_exact_mut(m).enumerate() {
            let numbers = rows.map(|row| row[column]);
            let to = &mut to[first..first + width];
            // A single store where possible.
            match to.first_chunk_mut() {
                Some(to) => *to = numbers,
                None => to.copy_from_slice(&numbers[..width]),
            }
        }
    }
    turned
}

/// Returns the dot product of two vectors.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let ((whole_a, rest_a), (whole_b, rest_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    rest + sums.iter().sum::<f32>()
}

/// Returns the sum of all elements.
pub(crate) fn sum(a: &[f32]) -> f32 {
    let (rest, sums) = lane_sums::<8>(a, |a| a);
    sums.iter().fold(rest, |total, sum| total + sum)
}

/// Returns the sums of `f` over the last elements that do not fill `LANES` lanes, and over all others.
#[inline(always)]
pub(crate) fn partial_sums<const LANES: usize>(a: &[f32], f: impl Fn(f32) -> f32) -> (f32, f32) {
    let (rest, sums) = lane_sums::<LANES>(a, f);
    (rest, sums.iter().sum())
}

/// Returns the sum of `f` over the last elements, and the sum in each lane. The compiler keeps lanes in
/// vector registers.
#[inline(always)]
fn lane_sums<const LANES: usize>(a: &[f32], f: impl Fn(f32) -> f32) -> (f32, [f32; LANES]) {
    let (whole, rest) = a.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for chunk in whole {
        for (sum, &a) in sums.iter_mut().zip(chunk) {
            *sum += f(a);
        }
    }
    (rest.iter().map(|&a| f(a)).sum(), sums)
}

/// Adds the recurrent term `h_{t-1} W` to a position's sums; nothing at the first position.
///
/// # Shapes
///
/// - sums: `[batch, d_out]`
/// - earlier: `[t, batch, d_h]`, the hidden states of all positions before
/// - weight: `[d_h, d_out]`
pub(crate) fn add_recurrent(
    sums: &mut [f32],
    earlier: &[f32],
    weight: &[f32],
    [batch, d_h, d_out]: [usize; 3],
) {
    if let Some(previous) = earlier.len().checked_sub(batch * d_h) {
        let (h, weight) = (Rows::of(&earlier[previous..], d_h), Rows::of(weight, d_out));
        add_product((sums, d_out), h, weight, [batch, d_h, d_out]);
    }
}

/// Adds `da_t W^T` to the gradient of the hidden state at the previous position, if there is one.
///
/// # Shapes
///
/// - earlier: `[t, batch, d_h]`, the gradients of the hidden states of all positions before
/// - delta: `da_t`, `[batch, d_out]`
/// - transposed_weight: `[d_out, d_h]`
pub(crate) fn add_recurrent_grad(
    earlier: &mut [f32],
    delta: &[f32],
    transposed_weight: &[f32],
    [batch, d_out, d_h]: [usize; 3],
) {
    if let Some(previous) = earlier.len().checked_sub(batch * d_h) {
        let (delta, weight) = (Rows::of(delta, d_out), Rows::of(transposed_weight, d_h));
        add_product((&mut earlier[previous..], d_h), delta, weight, [batch, d_out, d_h]);
    }
}

/// Returns `[seq_len, batch, d_h]` zeros but for the last position, which gets the given values: the gradient
/// of the hidden states before a backward pass through time.
pub(crate) fn at_last_position(values: &[f32], seq_len: usize) -> Vec<f32> {
    let mut all = vec![0.0; seq_len * values.len()];
    if let Some(last) = all.len().checked_sub(values.len()) {
        all[last..].copy_from_slice(values);
    }
    all
}
