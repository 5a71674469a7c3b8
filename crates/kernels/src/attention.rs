//! Causal scaled dot-product attention on the CPU (Vaswani et al. 2017, section 3.2.1).
//!
//! ```text
//! s_ij = scale q_i . k_j for j <= i      p_i = softmax(s_i)      o_i = sum_{j <= i} p_ij v_j
//!
//! dv_j = sum_{i >= j} p_ij do_i          dp_ij = do_i . v_j      ds_ij = p_ij (dp_ij - sum_l p_il dp_il)
//! dq_i = scale sum_{j <= i} ds_ij k_j    dk_j = scale sum_{i >= j} ds_ij q_i
//! ```
//!
//! The masked half of the scores is never computed. Scaling, masking, exponential, sum and quotient are one
//! pass instead of five.
#![cfg_attr(not(feature = "cpu"), allow(dead_code, unused_variables, reason = "only the CPU has it"))]

use crate::autodiff::{SavedForBackward, track};
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

/// Returns `softmax(scale q k^T) v`, where each position attends to itself and the positions before it;
/// differentiable, on the CPU only.
///
/// # Shapes
///
/// - q, k, v, output: `[batch, n_heads, n, d_head]`
pub fn causal(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, scale: f32) -> Tensor<4> {
    let (output, _) =
        Dispatch::causal_attention(q.into_dispatch(), k.into_dispatch(), v.into_dispatch(), scale);
    Tensor::from_dispatch(output)
}

/// The forward pass as an operation of the CPU backend, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff)]
pub trait CausalAttention: Backend {
    /// Returns the output, and the probabilities `[batch * n_heads, n, n]`.
    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scale: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The backward pass.
pub trait CausalAttentionGrad: Backend {
    /// Returns the gradients of `q`, `k` and `v`.
    fn causal_attention_grad(
        saved: CausalAttentionBackward<Self>,
        d_output: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];
}

/// Saved tensors for the backward pass.
#[derive(Clone, Debug)]
pub struct CausalAttentionBackward<B: Backend> {
    q: FloatTensor<B>,
    k: FloatTensor<B>,
    v: FloatTensor<B>,
    probabilities: FloatTensor<B>,
    scale: f32,
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{CausalAttention, CausalAttentionBackward, CausalAttentionGrad};
    use crate::flex::{as_slice, contiguous, tensor};
    use crate::matrix::{Rows, add_product, dot, transposed};
    use crate::vector::exp;
    use burn::backend::{Flex, TensorMetadata};
    use burn_flex::FlexTensor;

    /// Queries computed at once.
    const BLOCK: usize = 4;

    /// Returns the number of keys that a block of queries attends to, up to and including its last query.
    const fn visible_keys(first_query: usize, n: usize) -> usize {
        // Rounded up to whole tiles of columns, where there are enough.
        let keys = (first_query + BLOCK).next_multiple_of(8);
        if keys < n { keys } else { n }
    }

    impl CausalAttention for Flex {
        fn causal_attention(
            q: FlexTensor,
            k: FlexTensor,
            v: FlexTensor,
            scale: f32,
        ) -> (FlexTensor, FlexTensor) {
            let shape: [usize; 4] = q.shape().dims();
            let [batch, n_heads, n, d] = shape;
            let [q, k, v] = [q, k, v].map(contiguous);
            let scaled: Vec<f32> = as_slice(&q).iter().map(|q| q * scale).collect();
            let mut output = vec![0.0; scaled.len()];
            let mut probabilities = vec![0.0; batch * n_heads * n * n];
            let heads = scaled.chunks_exact(n * d).zip(as_slice(&k).chunks_exact(n * d));
            let heads = heads.zip(as_slice(&v).chunks_exact(n * d));
            let results = output.chunks_exact_mut(n * d).zip(probabilities.chunks_exact_mut(n * n));
            for (((q, k), v), (output, p)) in heads.zip(results) {
                let k = transposed(k, d);
                for first in (0..n).step_by(BLOCK) {
                    let (m, keys) = (BLOCK.min(n - first), visible_keys(first, n));
                    let p = &mut p[first * n..(first + m) * n];
                    add_product((p, n), Rows::of(&q[first * d..], d), Rows::of(&k, n), [m, d, keys]);
                    for (row, p) in p.chunks_exact_mut(n).enumerate() {
                        let (visible, hidden) = p[..keys].split_at_mut(first + row + 1);
                        softmax(visible);
                        hidden.fill(0.0);
                    }
                    let output = &mut output[first * d..(first + m) * d];
                    add_product((output, d), Rows::of(p, n), Rows::of(v, d), [m, keys, d]);
                }
            }
            (tensor(output, shape), tensor(probabilities, [batch * n_heads, n, n]))
        }
    }

    impl CausalAttentionGrad for Flex {
        fn causal_attention_grad(
            saved: CausalAttentionBackward<Self>,
            d_output: FlexTensor,
        ) -> [FlexTensor; 3] {
            let CausalAttentionBackward { q, k, v, probabilities, scale } = saved;
            let shape: [usize; 4] = q.shape().dims();
            let [_, _, n, d] = shape;
            let [q, k, v, d_output] = [q, k, v, d_output].map(contiguous);
            let mut gradients = [(); 3].map(|()| vec![0.0; as_slice(&q).len()]);
            let [d_q, d_k, d_v] = &mut gradients;
            // One head at a time, in the same memory.
            let mut d_scores = vec![0.0; n * n];
            for (head, p) in as_slice(&probabilities).chunks_exact(n * n).enumerate() {
                let at = head * n * d..(head + 1) * n * d;
                let (q, k) = (&as_slice(&q)[at.clone()], &as_slice(&k)[at.clone()]);
                let (v, d_output) =
                    (transposed(&as_slice(&v)[at.clone()], d), &as_slice(&d_output)[at.clone()]);
                d_scores.fill(0.0);
                for first in (0..n).step_by(BLOCK) {
                    let (m, keys) = (BLOCK.min(n - first), visible_keys(first, n));
                    let d_scores = &mut d_scores[first * n..(first + m) * n];
                    let d_output = Rows::of(&d_output[first * d..], d);
                    add_product((d_scores, n), d_output, Rows::of(&v, n), [m, d, keys]);
                    let p = p[first * n..].chunks_exact(n);
                    for (d_scores, p) in d_scores.chunks_exact_mut(n).zip(p) {
                        let (d_scores, p) = (&mut d_scores[..keys], &p[..keys]);
                        let mean = dot(d_scores, p);
                        for (d, p) in d_scores.iter_mut().zip(p) {
                            *d = scale * p * (*d - mean);
                        }
                    }
                    let d_q = &mut d_q[at.start + first * d..at.start + (first + m) * d];
                    add_product((d_q, d), Rows::of(d_scores, n), Rows::of(k, d), [m, keys, d]);
                }
                // Blocks of keys: only queries from the first key of a block on attend to it.
                for (factors, rows, gradient) in
                    [(transposed(&d_scores, n), q, &mut *d_k), (transposed(p, n), d_output, &mut *d_v)]
                {
                    for first in (0..n).step_by(BLOCK) {
                        let m = BLOCK.min(n - first);
                        let gradient = &mut gradient[at.start + first * d..at.start + (first + m) * d];
                        let factors = Rows::of(&factors[first * n + first..], n);
                        add_product(
                            (gradient, d),
                            factors,
                            Rows::of(&rows[first * d..], d),
                            [m, n - first, d],
                        );
                    }
                }
            }
            gradients.map(|gradient| tensor(gradient, shape))
        }
    }

    /// Replaces scores `s` with `e^(s - max s) / sum e^(s - max s)`.
    fn softmax(scores: &mut [f32]) {
        let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        scores.iter_mut().for_each(|score| *score = exp(*score - max));
        scores.iter().for_each(|weight| sum += weight);
        let factor = 1.0 / sum;
        scores.iter_mut().for_each(|weight| *weight *= factor);
    }
}

impl<B: CausalAttentionGrad> SavedForBackward<B, 3> for CausalAttentionBackward<B> {
    fn gradients(self, d_output: FloatTensor<B>, _: [bool; 3]) -> [Option<FloatTensor<B>>; 3] {
        B::causal_attention_grad(self, d_output).map(Some)
    }
}

impl<B: CausalAttention + CausalAttentionGrad, C: CheckpointStrategy> CausalAttention for Autodiff<B, C> {
    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scale: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = [q.node(), k.node(), v.node()];
        let [q, k, v] = [q, k, v].map(|input| input.into_primitive());
        let (output, probabilities) = B::causal_attention(q.clone(), k.clone(), v.clone(), scale);
        let saved = CausalAttentionBackward { q, k, v, probabilities: probabilities.clone(), scale };
        (track::<B, C, _, 3>(inputs, output, saved), Self::from_inner(probabilities))
    }
}
