//! A single attention layer between an embedding and a readout: `logits = MultiHead(x E) U`.
//!
//! There is no residual connection, so all information about other tokens passes through the attention
//! weights.

use crate::models::attention::{MhaOutput, MultiHeadAttention};
use crate::models::linear::linear;
use crate::models::weights::WeightRng;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

/// Sizes of a [`LookupNet`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// The number of features of a token.
    pub d_in: usize,
    /// The dimension of embeddings and of the attention output.
    pub d_model: usize,
    /// The number of heads.
    pub n_heads: usize,
    /// The dimension of a head's queries, keys and values.
    pub d_k: usize,
    /// The number of values to choose from.
    pub n_classes: usize,
    /// The number of values to choose for each token.
    pub n_answers: usize,
}

/// Embedding, one attention layer, readout.
#[derive(Module, Debug)]
pub struct LookupNet {
    /// `E`: `[d_in, d_model]`, without a bias.
    pub embed: Linear,
    /// Attention without biases.
    pub attention: MultiHeadAttention,
    /// `U`: `[d_model, n_answers n_classes]`, without a bias.
    pub readout: Linear,
    /// The number of values to choose from.
    pub n_classes: usize,
}

impl LookupNet {
    /// Returns a network for tokens with `n_ones` ones among zeros, whose embeddings then have unit variance.
    /// The initial weights of queries and keys are multiplied by `sigma`, which is then their standard
    /// deviation.
    pub fn new(sizes: Sizes, n_ones: usize, sigma: f32, rng: &mut WeightRng, device: &Device) -> Self {
        let Sizes { d_in, d_model, n_heads, d_k, n_classes, n_answers } = sizes;
        let embed = rng.uniform([d_in, d_model], (3.0 / n_ones.max(1) as f32).sqrt(), device);
        let mut attention = MultiHeadAttention::with_head_dim(d_model, n_heads, d_k, false, rng, device);
        for layer in [&mut attention.query, &mut attention.key] {
            layer.weight =
                layer.weight.clone().map(|weight| weight.mul_scalar(sigma).detach().require_grad());
        }
        let bound = (3.0 / d_model.max(1) as f32).sqrt();
        let readout = rng.uniform([d_model, n_answers * n_classes], bound, device);
        Self {
            embed: Linear { weight: embed, bias: None },
            attention,
            readout: Linear { weight: readout, bias: None },
            n_classes,
        }
    }

    /// Returns logits for every answer of every token, and the attention weights.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, n, d_in]`
    /// - output: `[batch n n_answers, n_classes]` and `[batch, n_heads, n, n]`
    pub fn forward(&self, x: Tensor<3>) -> (Tensor<2>, Tensor<4>) {
        let [batch, n, _] = x.dims();
        let MhaOutput { output, weights } = self.attention.forward(linear(&self.embed, x), None);
        let logits = linear(&self.readout, output);
        let [_, _, width] = logits.dims();
        let n_classes = self.n_classes.max(1);
        // [batch, n, n_answers n_classes] -> [batch n n_answers, n_classes]
        (logits.reshape([batch * n * (width / n_classes), n_classes]), weights)
    }
}
