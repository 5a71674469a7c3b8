//! Causal attention on the CPU. Scores are computed for eight queries at a time, one in each lane of a vector, so
//! that the softmax over the keys needs no sums across lanes, and the scores are operands of the products that
//! follow as they are in memory.

use super::{CausalAttention, CausalAttentionBackward, CausalAttentionGrad};
use crate::flex::{as_slice, contiguous, tensor, tensor_like};
use crate::lanes::Lanes;
use crate::product::{COLUMNS, Left, Matrix, ROWS, Right, tile};
use crate::vector::{exp, lanes, padded};
use burn::backend::{Flex, TensorMetadata};
use burn_flex::FlexTensor;

/// Queries computed at once.
const QUERIES: usize = COLUMNS;

/// The numbers of a key for the queries of a block.
type Row = [f32; QUERIES];

/// The sizes of one head.
#[derive(Clone, Copy)]
struct Head {
    /// The number of positions.
    n: usize,
    /// The size of queries, keys and values.
    d: usize,
    /// The distance between positions in memory.
    stride: usize,
}

impl Head {
    fn blocks(self) -> usize {
        self.n.div_ceil(QUERIES)
    }

    /// Returns the number of keys that a block of queries attends to, up to and including its last query.
    fn visible_keys(self, block: usize) -> usize {
        self.n.min((block + 1) * QUERIES)
    }

    /// Returns the number of rows of all blocks before a block.
    const fn rows_before(block: usize) -> usize {
        block * (block + 1) / 2 * QUERIES
    }

    /// Returns the number of rows of all blocks.
    fn rows(self) -> usize {
        self.blocks().checked_sub(1).map_or(0, |last| Self::rows_before(last) + self.n)
    }

    /// Returns the positions of a matrix: `[n, d]`.
    const fn matrix(self, numbers: &[f32]) -> Matrix<'_> {
        Matrix::rows(numbers, self.stride)
    }

    /// Returns the positions as rows of a left operand.
    fn left(self, numbers: &[f32]) -> Left {
        Left::new(self.matrix(numbers), [self.n, self.d])
    }

    /// Returns the elements of the positions as rows of a left operand.
    fn left_transposed(self, numbers: &[f32]) -> Left {
        Left::new(self.matrix(numbers).transposed(), [self.d, self.n])
    }

    /// Returns the elements of the positions as columns of a right operand.
    fn right(self, numbers: &[f32]) -> Right {
        Right::new(self.matrix(numbers), [self.n, self.d])
    }

    /// Returns the positions as columns of a right operand.
    fn right_transposed(self, numbers: &[f32]) -> Right {
        Right::new(self.matrix(numbers).transposed(), [self.d, self.n])
    }
}

/// Returns the sizes of each head, and the index of its first element for each image and head.
fn heads(q: &FlexTensor, n_heads: usize) -> (Head, impl Iterator<Item = usize> + use<>) {
    let [batch, n, stride] = q.shape().dims();
    let head = Head { n, d: stride / n_heads.max(1), stride };
    let starts = (0..batch * n_heads).map(move |at| at / n_heads * n * stride + at % n_heads * head.d);
    (head, starts)
}

/// Computes the rows `a . b` of a block, for its visible keys.
fn products(a: &Left, b: &[Row], to: &mut [Row]) {
    for (keys, to) in a.strips().zip(to.chunks_mut(ROWS)) {
        to.iter_mut().zip(tile(keys, b)).for_each(|(to, row)| *to = row);
    }
}

/// Writes the vectors of the queries of a block, the products of its rows and the columns of `a`.
fn write_vectors(head: Head, a: &Left, rows: &[Row], block: usize, to: &mut [f32]) {
    for (first, strip) in (0..head.d).step_by(ROWS).zip(a.strips()) {
        let sums = tile(&strip[..rows.len()], rows);
        let end = head.d.min(first + ROWS);
        let positions = to[block * QUERIES * head.stride..].chunks_mut(head.stride);
        for (query, to) in positions.take(QUERIES).enumerate() {
            let to = &mut to[first..end];
            let numbers: [f32; ROWS] = lanes(|i| sums[i][query]);
            match to.first_chunk_mut() {
                Some(to) => *to = numbers,
                None => to.copy_from_slice(&numbers[..to.len()]),
            }
        }
    }
}

/// Writes the vectors of all keys, the products of the blocks' rows and the columns of `b`.
fn write_key_vectors(head: Head, rows: &[Row], b: &Right, to: &mut [f32]) {
    for first in (0..head.n).step_by(ROWS) {
        for (column, of_b) in (0..head.d).step_by(COLUMNS).zip(b.strips()) {
            let mut sums = [[Lanes::splat(0.0); 2]; ROWS];
            // Only queries from the first key on attend to it.
            for block in first / QUERIES..head.blocks() {
                let keys = &rows[Head::rows_before(block)..][..head.visible_keys(block)][first..];
                let of_b = &of_b[block * QUERIES..];
                match (keys.first_chunk(), of_b.first_chunk()) {
                    (Some(keys), Some(of_b)) => add_products(&mut sums, keys, of_b),
                    _ => add_products(&mut sums, &padded(keys), &padded(of_b)),
                }
            }
            let end = head.d.min(column + COLUMNS);
            for (to, sums) in to[first * head.stride..].chunks_mut(head.stride).zip(sums) {
                let sums = sums.map(Lanes::numbers);
                let to = &mut to[column..end];
                to.iter_mut().zip(sums.as_flattened()).for_each(|(to, sum)| *to = *sum);
            }
        }
    }
}

/// Adds the products of the rows of some keys and the columns of `b`.
#[inline(always)]
fn add_products(sums: &mut [[Lanes; 2]; ROWS], keys: &[Row; ROWS], b: &[[f32; COLUMNS]; QUERIES]) {
    for (query, b) in b.iter().enumerate() {
        let b = halves(b);
        for (sums, key) in sums.iter_mut().zip(keys) {
            let factor = Lanes::splat(key[query]);
            *sums = [factor.multiply_add(b[0], sums[0]), factor.multiply_add(b[1], sums[1])];
        }
    }
}

/// Replaces the products `s` of a block with `e^(scale s - max) / sum e^(scale s - max)`, and with 0 for hidden
/// keys.
fn softmax(scores: &mut [Row], block: usize, scale: f32) {
    // From this key on, each key is hidden from one more query.
    let first = (block * QUERIES).min(scores.len());
    let mut max = [f32::NEG_INFINITY; QUERIES];
    for row in &scores[..first] {
        max = lanes(|i| if scale * row[i] > max[i] { scale * row[i] } else { max[i] });
    }
    for (key, row) in scores[first..].iter().enumerate() {
        max = lanes(|i| if i >= key && scale * row[i] > max[i] { scale * row[i] } else { max[i] });
    }
    // Two rows at a time, which are `AT_ONCE` numbers.
    let (pairs, last) = scores.as_chunks_mut::<2>();
    for [a, b] in pairs {
        (*a, *b) = (lanes(|i| exp(scale * a[i] - max[i])), lanes(|i| exp(scale * b[i] - max[i])));
    }
    for row in last {
        *row = lanes(|i| exp(scale * row[i] - max[i]));
    }
    for (key, row) in scores[first..].iter_mut().enumerate() {
        row[..key.min(QUERIES)].fill(0.0);
    }
    let mut sums = [0.0; QUERIES];
    for row in &*scores {
        sums = lanes(|i| sums[i] + row[i]);
    }
    let factors = sums.map(|sum| 1.0 / sum);
    for row in scores {
        *row = lanes(|i| row[i] * factors[i]);
    }
}

impl CausalAttention for Flex {
    fn causal_attention(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        n_heads: usize,
        scale: f32,
    ) -> (FlexTensor, FlexTensor) {
        let [q, k, v] = [q, k, v].map(contiguous);
        let (head, starts) = heads(&q, n_heads);
        let mut output = vec![0.0; as_slice(&q).len()];
        let mut probabilities = vec![0.0; starts.size_hint().0 * head.rows() * QUERIES];
        let (rows, _) = probabilities.as_chunks_mut();
        for (start, rows) in starts.zip(rows.chunks_exact_mut(head.rows().max(1))) {
            let [q, k, v] = [&q, &k, &v].map(|tensor| &as_slice(tensor)[start..]);
            let (q, k, v) = (head.right_transposed(q), head.left(k), head.left_transposed(v));
            for (block, queries) in q.strips().enumerate() {
                let rows = &mut rows[Head::rows_before(block)..][..head.visible_keys(block)];
                products(&k, queries, rows);
                softmax(rows, block, scale);
                write_vectors(head, &v, rows, block, &mut output[start..]);
            }
        }
        let n = probabilities.len();
        (tensor_like(output, &q), tensor(probabilities, [n]))
    }
}

impl CausalAttentionGrad for Flex {
    fn causal_attention_grad(saved: CausalAttentionBackward<Self>, d_output: FlexTensor) -> [FlexTensor; 3] {
        let CausalAttentionBackward { q, k, v, probabilities, n_heads, scale } = saved;
        let [q, k, v, d_output] = [q, k, v, d_output].map(contiguous);
        let (head, starts) = heads(&q, n_heads);
        let mut gradients = [(); 3].map(|()| vec![0.0; as_slice(&q).len()]);
        let [d_q, d_k, d_v] = &mut gradients;
        let (all, _) = as_slice(&probabilities).as_chunks();
        // One head at a time, in the same memory.
        let mut d_scores = vec![[0.0; QUERIES]; head.rows()];
        for (start, p) in starts.zip(all.chunks_exact(head.rows().max(1))) {
            let [q, k, v, d_output] = [&q, &k, &v, &d_output].map(|tensor| &as_slice(tensor)[start..]);
            let (values, keys) = (head.left(v), head.left_transposed(k));
            for (block, d_queries) in head.right_transposed(d_output).strips().enumerate() {
                let at = Head::rows_before(block)..Head::rows_before(block) + head.visible_keys(block);
                let (d_scores, p) = (&mut d_scores[at.clone()], &p[at]);
                products(&values, d_queries, d_scores);
                softmax_gradient(d_scores, p, scale);
                write_vectors(head, &keys, d_scores, block, &mut d_q[start..]);
            }
            write_key_vectors(head, &d_scores, &head.right(q), &mut d_k[start..]);
            write_key_vectors(head, p, &head.right(d_output), &mut d_v[start..]);
        }
        gradients.map(|gradient| tensor_like(gradient, &q))
    }
}

/// Replaces the gradients of a block's probabilities with those of its scores before scaling.
fn softmax_gradient(d: &mut [Row], p: &[Row], scale: f32) {
    let mut means = [Lanes::splat(0.0); 2];
    for (d, p) in d.iter().zip(p) {
        let (d, p) = (halves(d), halves(p));
        means = [d[0].multiply_add(p[0], means[0]), d[1].multiply_add(p[1], means[1])];
    }
    let scale = Lanes::splat(scale);
    for (d_row, p) in d.iter_mut().zip(p) {
        let (d, p) = (halves(d_row), halves(p));
        let (to, _) = d_row.as_chunks_mut();
        to[0] = scale.multiply(p[0]).multiply(d[0].subtract(means[0])).numbers();
        to[1] = scale.multiply(p[1]).multiply(d[1].subtract(means[1])).numbers();
    }
}

/// Returns the numbers of a row.
#[inline(always)]
fn halves(row: &Row) -> [Lanes; 2] {
    let (halves, _) = row.as_chunks();
    [Lanes::load(&halves[0]), Lanes::load(&halves[1])]
}
