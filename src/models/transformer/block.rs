//! A block of a transformer: attention and an MLP around the residual stream.

use super::sizes::Sizes;
use crate::models::attention::{MultiHeadAttention, default_scale};
use crate::models::linear::{linear, linear_gelu};
use crate::models::weights::WeightRng;
use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear};
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::layer_norm::layer_norm;

/// The epsilon of layer norm: the default of burn and PyTorch.
const EPSILON: f32 = 1e-5;

/// Attention and an MLP, each with a layer norm before it and a residual connection around it.
#[derive(Module, Debug)]
pub struct TransformerBlock {
    /// The layer norm before attention.
    pub norm_attention: LayerNorm,
    /// Causal self-attention.
    pub attention: MultiHeadAttention,
    /// `None` in attention-only blocks, as are the two layers of the MLP.
    pub norm_mlp: Option<LayerNorm>,
    /// `W_1`: `[d_model, d_ff]`.
    pub up: Option<Linear>,
    /// `W_2`: `[d_ff, d_model]`.
    pub down: Option<Linear>,
}

impl TransformerBlock {
    /// Returns a block with random weights.
    pub(super) fn new(sizes: Sizes, rng: &mut WeightRng, device: &Device) -> Self {
        let Sizes { d_model, n_heads, n_layers, d_ff, .. } = sizes;
        // The sum of 2 n_layers branches then has the variance of one branch.
        let std = init_std(d_model);
        let last_std = std / (2.0 * n_layers.max(1) as f32).sqrt();
        let mut linear = |d_in: usize, d_out: usize, std: f32| Linear {
            weight: rng.normal([d_in, d_out], std, device),
            bias: Some(Param::from_tensor(Tensor::zeros([d_out], device))),
        };
        let attention = MultiHeadAttention {
            query: linear(d_model, d_model, std),
            key: linear(d_model, d_model, std),
            value: linear(d_model, d_model, std),
            output: linear(d_model, d_model, last_std),
            n_heads,
            scale: default_scale(d_model / n_heads.max(1)),
        };
        let has_mlp = d_ff > 0;
        Self {
            norm_attention: LayerNormConfig::new(d_model).init(device),
            attention,
            norm_mlp: has_mlp.then(|| LayerNormConfig::new(d_model).init(device)),
            up: has_mlp.then(|| linear(d_model, d_ff, std)),
            down: has_mlp.then(|| linear(d_ff, d_model, last_std)),
        }
    }

    /// Returns the output of the MLP, if there is one.
    pub(super) fn mlp(&self, x: &Tensor<3>) -> Option<Tensor<3>> {
        let (norm, up, down) = (self.norm_mlp.as_ref()?, self.up.as_ref()?, self.down.as_ref()?);
        Some(linear(down, linear_gelu(up, normalized(norm, x.clone()))))
    }
}

/// Applies a layer norm, with the lab's own operation.
pub(super) fn normalized(norm: &LayerNorm, x: Tensor<3>) -> Tensor<3> {
    match &norm.beta {
        Some(beta) => layer_norm(x, norm.gamma.val(), beta.val(), EPSILON),
        None => norm.forward(x),
    }
}

/// Returns the standard deviation of initial weights, which is GPT-2's at its width.
pub(super) fn init_std(d_model: usize) -> f32 {
    0.02 * (768.0 / d_model.max(1) as f32).sqrt()
}
