//! Scaled dot-product attention and multi-head attention (Vaswani et al. 2017, "Attention is all you need",
//! section 3.2).
//!
//! `Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V`
//!
//! `MultiHead(X) = Concat(head_1, ..., head_h) W^O`, `head_i = Attention(X W_i^Q, X W_i^K, X W_i^V)`
//!
//! The matrices `W_i` of all heads are concatenated into one linear layer each for queries, keys and values.

use crate::models::linear::linear;
use crate::models::weights::WeightRng;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Device, Tensor, TensorData, activation::softmax};

/// The value of masked scores before the softmax. It is finite because the softmax of a row of infinities is
/// NaN.
const HIDDEN_SCORE: f32 = -1e30;

/// The output of attention, with its weights and scores.
#[derive(Clone, Debug)]
pub struct Attention {
    /// The weighted average of the values: `[batch, n_heads, n_queries, d_v]`.
    pub output: Tensor<4>,
    /// `[batch, n_heads, n_queries, n_keys]`; each row sums to 1, or is 0 if all its keys are masked.
    pub weights: Tensor<4>,
    /// The scores after scaling and before the mask: `[batch, n_heads, n_queries, n_keys]`.
    pub scores: Tensor<4>,
}

/// Returns `softmax(scale q k^T) v`, where masked keys have a weight of 0 (equation 1).
///
/// If all keys of a query are masked, its output is 0, and no gradient flows through it.
///
/// # Shapes
///
/// - q: `[batch, n_heads, n_queries, d_k]`
/// - k: `[batch, n_heads, n_keys, d_k]`
/// - v: `[batch, n_heads, n_keys, d_v]`
/// - mask: true where a key is masked, and each axis has its full length or 1:
///   `[batch, n_heads, n_queries, n_keys]`
pub fn scaled_dot_product_attention(
    q: Tensor<4>,
    k: Tensor<4>,
    v: Tensor<4>,
    mask: Option<Tensor<4, Bool>>,
    scale: f32,
) -> Attention {
    let scores = q.matmul(k.swap_dims(2, 3)).mul_scalar(scale);
    let weights = match mask {
        None => softmax(scores.clone(), 3),
        // Filled twice: before the softmax, so that masked keys take no weight from the others, and after it,
        // so that a row of masked keys is 0.
        Some(mask) => softmax(scores.clone().mask_fill(mask.clone(), HIDDEN_SCORE), 3).mask_fill(mask, 0.0),
    };
    Attention { output: weights.clone().matmul(v), weights, scores }
}

/// Returns the scale of the paper, `1 / sqrt(d_k)`. Scores then have a variance of 1 if queries and keys do.
pub fn default_scale(d_k: usize) -> f32 {
    1.0 / (d_k.max(1) as f32).sqrt()
}

/// Returns a mask of the keys at later positions than the query. The queries are the last `n_queries` of
/// `n_keys` positions, so that earlier keys can come from a cache.
///
/// # Shapes
///
/// - output: `[1, 1, n_queries, n_keys]`
pub fn causal_mask(n_queries: usize, n_keys: usize, device: &Device) -> Tensor<4, Bool> {
    let hidden = |query: usize, key: usize| key + n_queries > n_keys + query;
    let values: Vec<bool> =
        (0..n_queries).flat_map(|query| (0..n_keys).map(move |key| hidden(query, key))).collect();
    Tensor::from_data(TensorData::new(values, [1, 1, n_queries, n_keys]), device)
}

/// Returns a mask of the keys after the end of each sequence.
///
/// # Shapes
///
/// - lengths: one per sequence of the batch
/// - output: `[batch, 1, 1, n_keys]`
pub fn padding_mask(lengths: &[usize], n_keys: usize, device: &Device) -> Tensor<4, Bool> {
    let values: Vec<bool> =
        lengths.iter().flat_map(|&length| (0..n_keys).map(move |key| key >= length)).collect();
    Tensor::from_data(TensorData::new(values, [lengths.len(), 1, 1, n_keys]), device)
}

/// The error for a model dimension that cannot be divided among the heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indivisible {
    /// The model dimension.
    pub d_model: usize,
    /// The number of heads.
    pub n_heads: usize,
}

impl std::fmt::Display for Indivisible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { d_model, n_heads } = self;
        write!(
            f,
            "d_model = {d_model} cannot be split into {n_heads} heads of equal size: {d_model} / {n_heads} is not a \
             whole number."
        )
    }
}

impl std::error::Error for Indivisible {}

/// Multi-head self-attention: project, split into heads, attend, concatenate, project.
#[derive(Module, Debug)]
pub struct MultiHeadAttention {
    /// `W^Q` of all heads: `[d_model, n_heads d_k]`.
    pub query: Linear,
    /// `W^K`: `[d_model, n_heads d_k]`.
    pub key: Linear,
    /// `W^V`: `[d_model, n_heads d_v]`.
    pub value: Linear,
    /// `W^O`: `[n_heads d_v, d_model]`.
    pub output: Linear,
    /// The number of heads.
    pub n_heads: usize,
    /// The factor of the scores.
    pub scale: f32,
}

/// Queries, keys and values, split into heads: `q` and `k` are `[batch, n_heads, n, d_k]`, `v` is
/// `[batch, n_heads, n, d_v]`.
#[derive(Clone, Debug)]
pub struct Heads {
    /// The queries.
    pub q: Tensor<4>,
    /// The keys.
    pub k: Tensor<4>,
    /// The values.
    pub v: Tensor<4>,
}

/// The output of multi-head attention.
#[derive(Clone, Debug)]
pub struct MhaOutput {
    /// `[batch, n_queries, d_model]`
    pub output: Tensor<3>,
    /// `[batch, n_heads, n_queries, n_keys]`
    pub weights: Tensor<4>,
}

impl MultiHeadAttention {
    /// Returns a layer with `d_k = d_v = d_model / n_heads` and the scale of the paper.
    ///
    /// Weights are initialized from U(-k, k), `k = sqrt(6 / (d_in + d_out))` (Glorot and Bengio 2010,
    /// equation 16). Biases, if there are any, start at 0.
    ///
    /// # Errors
    ///
    /// If `n_heads` does not divide `d_model`.
    pub fn new(
        d_model: usize,
        n_heads: usize,
        bias: bool,
        rng: &mut WeightRng,
        device: &Device,
    ) -> Result<Self, Indivisible> {
        if d_model == 0 || n_heads == 0 || !d_model.is_multiple_of(n_heads) {
            return Err(Indivisible { d_model, n_heads });
        }
        Ok(Self::with_head_dim(d_model, n_heads, d_model / n_heads, bias, rng, device))
    }

    /// Returns a layer with heads of any size `d_k = d_v = d_head`.
    ///
    /// Weights are initialized from U(-k, k), `k = sqrt(3 / d_in)`, so that queries and keys have the
    /// variance of the input. For `d_out = d_in`, as in [`Self::new`], this is Glorot's k.
    pub fn with_head_dim(
        d_model: usize,
        n_heads: usize,
        d_head: usize,
        bias: bool,
        rng: &mut WeightRng,
        device: &Device,
    ) -> Self {
        let d_inner = n_heads * d_head;
        let mut layer = |d_in: usize, d_out: usize| Linear {
            weight: rng.uniform([d_in, d_out], (3.0 / d_in.max(1) as f32).sqrt(), device),
            bias: bias.then(|| Param::from_tensor(Tensor::zeros([d_out], device))),
        };
        Self {
            query: layer(d_model, d_inner),
            key: layer(d_model, d_inner),
            value: layer(d_model, d_inner),
            output: layer(d_inner, d_model),
            n_heads,
            scale: default_scale(d_head),
        }
    }

    /// Returns the layer with another scale; 1 means unscaled scores.
    pub fn with_scale(mut self, scale: f32) -> Self {
        self.scale = scale;
        self
    }

    /// Returns the output for every position.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, n, d_model]`
    /// - mask: true where a key is masked, and each axis has its full length or 1: `[batch, n_heads, n, n]`
    pub fn forward(&self, x: Tensor<3>, mask: Option<Tensor<4, Bool>>) -> MhaOutput {
        let Heads { q, k, v } = self.project(x);
        self.attend(q, k, v, mask)
    }

    /// Returns queries, keys and values of each position, split into heads: the first half of
    /// [`Self::forward`].
    ///
    /// # Shapes
    ///
    /// - x: `[batch, n, d_model]`
    pub fn project(&self, x: Tensor<3>) -> Heads {
        let [q, k, v] = self.project_vectors(x).map(|x| split_heads(x, self.n_heads));
        Heads { q, k, v }
    }

    /// Returns queries, keys and values of each position, the heads one after another.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, n, d_model]`
    /// - outputs: `[batch, n, n_heads d_head]`
    pub fn project_vectors(&self, x: Tensor<3>) -> [Tensor<3>; 3] {
        [&self.query, &self.key, &self.value].map(|layer| linear(layer, x.clone()))
    }

    /// Attends, concatenates the heads, and projects back to `d_model`: the second half of [`Self::forward`].
    /// There may be more keys and values than queries, for instance from a cache.
    ///
    /// # Shapes
    ///
    /// - q: `[batch, n_heads, n_queries, d_k]`
    /// - k, v: `[batch, n_heads, n_keys, d_k or d_v]`
    /// - mask: true where a key is masked, and each axis has its full length or 1:
    ///   `[batch, n_heads, n_queries, n_keys]`
    pub fn attend(
        &self,
        q: Tensor<4>,
        k: Tensor<4>,
        v: Tensor<4>,
        mask: Option<Tensor<4, Bool>>,
    ) -> MhaOutput {
        let Attention { output, weights, .. } = scaled_dot_product_attention(q, k, v, mask, self.scale);
        MhaOutput { output: linear(&self.output, merge_heads(output)), weights }
    }
}

/// Splits each position's vector into one part per head, and moves the heads before the positions. `n_heads`
/// must divide the last axis.
///
/// # Shapes
///
/// - x: `[batch, n, n_heads d_head]`
/// - output: `[batch, n_heads, n, d_head]`
pub fn split_heads(x: Tensor<3>, n_heads: usize) -> Tensor<4> {
    let [batch, n, d_inner] = x.dims();
    // [batch, n, n_heads d_head] -> [batch, n, n_heads, d_head] -> [batch, n_heads, n, d_head]
    x.reshape([batch, n, n_heads, d_inner / n_heads.max(1)]).swap_dims(1, 2)
}

/// Concatenates the heads' vectors: the inverse of [`split_heads`].
///
/// # Shapes
///
/// - x: `[batch, n_heads, n, d_head]`
/// - output: `[batch, n, n_heads d_head]`
pub fn merge_heads(x: Tensor<4>) -> Tensor<3> {
    let [batch, n_heads, n, d_head] = x.dims();
    // [batch, n_heads, n, d_head] -> [batch, n, n_heads, d_head] -> [batch, n, n_heads d_head]
    x.swap_dims(1, 2).reshape([batch, n, n_heads * d_head])
}
