//! Causal multi-head attention on the CPU (Vaswani et al. 2017, sections 3.2.1 and 3.2.2). For each head:
//!
//! ```text
//! s_ij = scale q_i . k_j for j <= i      p_i = softmax(s_i)      o_i = sum_{j <= i} p_ij v_j
//!
//! dv_j = sum_{i >= j} p_ij do_i          dp_ij = do_i . v_j      ds_ij = p_ij (dp_ij - sum_l p_il dp_il)
//! dq_i = scale sum_{j <= i} ds_ij k_j    dk_j = scale sum_{i >= j} ds_ij q_i
//! ```
//!
//! The masked half of the scores is never computed. Scaling, masking, exponential, sum and quotient are one
//! pass instead of five, and the heads are read where they are in the vectors of the positions.
#![cfg_attr(not(feature = "cpu"), allow(dead_code, unused_variables, reason = "only the CPU has it"))]

use crate::autodiff::{SavedForBackward, track};
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

#[cfg(feature = "cpu")]
mod cpu;

/// Returns `softmax(scale q k^T) v` of each head, where each position attends to itself and the positions before
/// it; differentiable, on the CPU only.
///
/// # Shapes
///
/// - q, k, v, output: `[batch, n, n_heads d_head]`
pub fn causal(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, n_heads: usize, scale: f32) -> Tensor<3> {
    let [q, k, v] = [q, k, v].map(Tensor::into_dispatch);
    let (output, _) = Dispatch::causal_attention(q, k, v, n_heads, scale);
    Tensor::from_dispatch(output)
}

/// The forward pass as an operation of the CPU backend, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff)]
pub trait CausalAttention: Backend {
    /// Returns the output, and the probabilities of all heads in the order in which the backward pass reads
    /// them.
    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        n_heads: usize,
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
    n_heads: usize,
    scale: f32,
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
        n_heads: usize,
        scale: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = [q.node(), k.node(), v.node()];
        let [q, k, v] = [q, k, v].map(|input| input.into_primitive());
        let (output, probabilities) = B::causal_attention(q.clone(), k.clone(), v.clone(), n_heads, scale);
        let saved = CausalAttentionBackward { q, k, v, probabilities: probabilities.clone(), n_heads, scale };
        (track::<B, C, _, 3>(inputs, output, saved), Self::from_inner(probabilities))
    }
}
