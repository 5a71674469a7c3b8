//! Products of small matrices.

/// Rows and columns that are summed at once, in registers.
const ROWS: usize = 4;
pub(crate) const COLUMNS: usize = 8;

/// Some rows of numbers, each `stride` after the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) numbers: &'a [f32],
    pub(crate) stride: usize,
}

impl<'a> Rows<'a> {
    /// The same for `[rows, stride]` numbers, one after the other.
    pub(crate) const fn of(numbers: &'a [f32], stride: usize) -> Self {
        Self { numbers, stride }
    }

    fn row(&self, row: usize, from: usize, to: usize) -> &'a [f32] {
        &self.numbers[row * self.stride + from..row * self.stride + to]
    }
}

/// `sum += a b`, that is `sum[m, n] += sum_k a[m, k] b[k, n]`, for the first `n` columns of `sum`, whose rows are `stride`
/// long, and its first `m` rows.
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
    // What is left: the last columns of all rows, and the last rows.
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

/// `a^T` for `a` of `[m, n]`: `[n, m]`.
pub(crate) fn transposed(a: &[f32], n: usize) -> Vec<f32> {
    let m = a.len().checked_div(n).unwrap_or(0);
    let mut turned = vec![0.0; m * n];
    // Some rows at a time, so that what is written lies beside each other.
    for first in (0..m).step_by(ROWS) {
        let rows: [&[f32]; ROWS] = std::array::from_fn(|r| {
            let row = (first + r).min(m - 1);
            &a[row * n..(row + 1) * n]
        });
        let width = ROWS.min(m - first);
        for (column, to) in turned.chunks_exact_mut(m).enumerate() {
            let numbers = rows.map(|row| row[column]);
            let to = &mut to[first..first + width];
            // As one store where it can be.
            match to.first_chunk_mut() {
                Some(to) => *to = numbers,
                None => to.copy_from_slice(&numbers[..width]),
            }
        }
    }
    turned
}

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

/// The sum, in eight parts, of which the compiler makes four at a time.
pub(crate) fn sum(a: &[f32]) -> f32 {
    let (whole, rest) = a.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for chunk in whole {
        for (sum, a) in sums.iter_mut().zip(chunk) {
            *sum += a;
        }
    }
    rest.iter().chain(&sums).sum()
}
