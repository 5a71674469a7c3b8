//! Causal scaled dot-product attention on the CPU, and back (Vaswani et al. 2017).
//!
//! ```text
//! s_ij = scale q_i . k_j for j <= i      p_i = softmax(s_i)      o_i = sum_{j <= i} p_ij v_j
//!
//! dv_j = sum_{i >= j} p_ij do_i          dp_ij = do_i . v_j      ds_ij = p_ij (dp_ij - sum_l p_il dp_il)
//! dq_i = scale sum_{j <= i} ds_ij k_j    dk_j = scale sum_{i >= j} ds_ij q_i
//! ```
//!
//! Half of the scores are hidden, and are never computed; the rest is one pass instead of one for each of scaling, masking,
//! exponent, sum and quotient.
#![cfg_attr(
    not(feature = "cpu"),
    allow(dead_code, unused_variables, reason = "there is no other side to it")
)]

use burn::backend::{Autodiff, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

/// `softmax(scale q k^T) v`, where a position sees itself and those before it; differentiable, on the CPU alone.
///
/// # Shapes
///
/// - q, k, v, output: `[batch, n_heads, n, d_head]`
pub fn causal(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, scale: f32) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::causal_attention(
        q.into_dispatch(),
        k.into_dispatch(),
        v.into_dispatch(),
        scale,
    ))
}

/// The operation, as the CPU backend has it, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff)]
pub trait CausalAttention: Backend {
    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self>;
}

/// Its way back, and what it needs for that.
pub trait CausalAttentionParts: Backend {
    /// The output, and the probabilities: `[batch * n_heads, n, n]`.
    fn attend(
        q: &FloatTensor<Self>,
        k: &FloatTensor<Self>,
        v: &FloatTensor<Self>,
        scale: f32,
    ) -> [FloatTensor<Self>; 2];

    /// The gradients of q, k and v.
    fn attend_back(kept: Kept<Self>, d_output: FloatTensor<Self>) -> [FloatTensor<Self>; 3];
}

/// What is kept for the way back.
#[derive(Clone, Debug)]
pub struct Kept<B: Backend> {
    q: FloatTensor<B>,
    k: FloatTensor<B>,
    v: FloatTensor<B>,
    probabilities: FloatTensor<B>,
    scale: f32,
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{CausalAttention, CausalAttentionParts, Kept};
    use crate::flex::{numbers, rows, tensor};
    use crate::matrix::{Rows, add_product, dot, transposed};
    use crate::vector::exp;
    use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};

    impl CausalAttention for Flex {
        fn causal_attention(
            q: FloatTensor<Self>,
            k: FloatTensor<Self>,
            v: FloatTensor<Self>,
            scale: f32,
        ) -> FloatTensor<Self> {
            let [output, _] = Self::attend(&q, &k, &v, scale);
            output
        }
    }

    /// Queries that are treated at once.
    const BLOCK: usize = 4;

    /// How many keys a block of queries sees, that its last query included.
    const fn seen(first_query: usize, n: usize) -> usize {
        // Whole groups of columns, where there are some.
        let keys = (first_query + BLOCK).next_multiple_of(8);
        if keys < n { keys } else { n }
    }

    impl CausalAttentionParts for Flex {
        fn attend(
            q: &FloatTensor<Self>,
            k: &FloatTensor<Self>,
            v: &FloatTensor<Self>,
            scale: f32,
        ) -> [FloatTensor<Self>; 2] {
            let shape: [usize; 4] = q.shape().dims();
            let [batch, n_heads, n, d] = shape;
            let (q, k, v) = (rows(q.clone()), rows(k.clone()), rows(v.clone()));
            let scaled: Vec<f32> = numbers(&q).iter().map(|q| q * scale).collect();
            let mut output = vec![0.0; scaled.len()];
            let mut probabilities = vec![0.0; batch * n_heads * n * n];
            let heads = scaled.chunks_exact(n * d).zip(numbers(&k).chunks_exact(n * d));
            let heads = heads.zip(numbers(&v).chunks_exact(n * d));
            let results = output.chunks_exact_mut(n * d).zip(probabilities.chunks_exact_mut(n * n));
            for (((q, k), v), (output, p)) in heads.zip(results) {
                let k = transposed(k, d);
                for first in (0..n).step_by(BLOCK) {
                    let (m, keys) = (BLOCK.min(n - first), seen(first, n));
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
            [tensor(output, shape), tensor(probabilities, [batch * n_heads, n, n])]
        }

        fn attend_back(kept: Kept<Self>, d_output: FloatTensor<Self>) -> [FloatTensor<Self>; 3] {
            let Kept { q, k, v, probabilities, scale } = kept;
            let shape: [usize; 4] = q.shape().dims();
            let [_, _, n, d] = shape;
            let (q, k, v, d_output) = (rows(q), rows(k), rows(v), rows(d_output));
            let mut found = [(); 3].map(|()| vec![0.0; numbers(&q).len()]);
            let [d_q, d_k, d_v] = &mut found;
            // Of one head, used again for the next.
            let mut d_scores = vec![0.0; n * n];
            for (head, p) in numbers(&probabilities).chunks_exact(n * n).enumerate() {
                let at = head * n * d..(head + 1) * n * d;
                let (q, k) = (&numbers(&q)[at.clone()], &numbers(&k)[at.clone()]);
                let (v, d_output) =
                    (transposed(&numbers(&v)[at.clone()], d), &numbers(&d_output)[at.clone()]);
                d_scores.fill(0.0);
                for first in (0..n).step_by(BLOCK) {
                    let (m, keys) = (BLOCK.min(n - first), seen(first, n));
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
                // The keys' turn: a block of them is seen by the queries from its first on.
                for (turned, by, found) in
                    [(transposed(&d_scores, n), q, &mut *d_k), (transposed(p, n), d_output, &mut *d_v)]
                {
                    for first in (0..n).step_by(BLOCK) {
                        let m = BLOCK.min(n - first);
                        let found = &mut found[at.start + first * d..at.start + (first + m) * d];
                        let turned = Rows::of(&turned[first * n + first..], n);
                        add_product((found, d), turned, Rows::of(&by[first * d..], d), [m, n - first, d]);
                    }
                }
            }
            found.map(|found| tensor(found, shape))
        }
    }

    /// `e^(s - max s) / sum e^(s - max s)`, in place.
    fn softmax(scores: &mut [f32]) {
        let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        scores.iter_mut().for_each(|score| *score = exp(*score - highest));
        scores.iter().for_each(|weight| sum += weight);
        let share = 1.0 / sum;
        scores.iter_mut().for_each(|weight| *weight *= share);
    }
}

impl<B: CausalAttention + CausalAttentionParts, C: CheckpointStrategy> CausalAttention for Autodiff<B, C> {
    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Back;

        impl<B: CausalAttentionParts> Backward<B, 3> for Back {
            type State = Kept<B>;

            fn backward(self, ops: Ops<Kept<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
                let d_output = grads.consume::<B>(&ops.node);
                let found = B::attend_back(ops.state, d_output);
                for (parent, gradient) in ops.parents.into_iter().zip(found) {
                    if let Some(parent) = parent {
                        grads.register::<B>(parent.id, gradient);
                    }
                }
            }
        }

        let prepared = Back.prepare::<C>([q.node(), k.node(), v.node()]).compute_bound().stateful();
        let (q, k, v) = (q.into_primitive(), k.into_primitive(), v.into_primitive());
        match prepared {
            OpsKind::Tracked(prepared) => {
                let [output, probabilities] = B::attend(&q, &k, &v, scale);
                prepared.finish(Kept { q, k, v, probabilities, scale }, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::causal_attention(q, k, v, scale)),
        }
    }
}
