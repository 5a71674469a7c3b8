//! A decoder-only transformer (Vaswani et al. 2017, sections 3.1-3.5) with pre-norm blocks (Radford et al.
//! 2019, section 2.3).
//!
//! ```text
//! x_0 = E[c] + P                                    embedding and position
//! a   = x + Attention(LayerNorm(x))                 each block: first attention,
//! x   = a + W_2 gelu(W_1 LayerNorm(a) + b_1) + b_2  then a perceptron for each position
//! logits = LayerNorm(x_L) U
//! ```
//!
//! Characters are one-hot rows, so that the embedding is a matrix product. Its gradient is then a matrix
//! product too, where the gradient of a lookup would be a scatter.

mod block;
mod positions;
mod sizes;

pub use block::TransformerBlock;
pub use positions::{Positions, position_scale, sinusoidal_table};
pub use sizes::Sizes;

use crate::models::attention::{
    Heads, MultiHeadAttention, causal_mask, merge_heads, scaled_dot_product_attention,
};
use crate::models::linear::{linear, product};
use crate::models::weights::WeightRng;
use block::{init_std, normalized};
use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig};
use burn::tensor::{Bool, Device, Distribution, Tensor, TensorData};
use nn_lab_kernels::on_cpu;

/// The term added to masked scores; its `exp` is 0.
const HIDDEN_SCORE: f32 = -1e30;

/// A transformer language model.
#[derive(Module, Debug)]
pub struct Transformer {
    /// `E`: `[vocabulary, d_model]`.
    pub embedding: Param<Tensor<2>>,
    /// Trained positions: `[context, d_model]`.
    pub positions: Option<Param<Tensor<2>>>,
    /// The blocks, from first to last.
    pub blocks: Vec<TransformerBlock>,
    /// The layer norm before the head.
    pub norm: LayerNorm,
    /// `U`: `[d_model, vocabulary]`; `None` if it is the embedding's transpose.
    pub head: Option<Param<Tensor<2>>>,
    /// The sinusoidal positions, scaled to the embeddings. This is not a parameter.
    sinusoidal: Option<Tensor<2>>,
    /// The [`mask_scores`] of a full context, if attention needs them. They are kept, since they would be
    /// uploaded at every step otherwise.
    mask_scores: Option<Tensor<4>>,
    context: usize,
    causal: bool,
}

/// The attention of a block's heads, and the effect of each head on the logits.
#[derive(Clone, Debug)]
pub struct HeadEffects {
    /// The attention weights: `[batch, n_heads, n, n]`.
    pub weights: Tensor<4>,
    /// Each head's direct effect on the logits, up to a positive factor per position; see
    /// [`Transformer::head_effects`]: `[batch, n_heads, n, vocabulary]`.
    pub logits: Tensor<4>,
}

/// Keys and values of the characters so far, one pair per block: `[batch, n_heads, n_seen, d_head]`.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    blocks: Vec<(Tensor<4>, Tensor<4>)>,
}

impl Cache {
    /// Returns the number of characters in the cache.
    pub fn len(&self) -> usize {
        self.blocks.first().map_or(0, |(k, _)| k.dims()[2])
    }

    /// Returns `true` if the cache has no characters.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

impl Transformer {
    /// Returns a transformer with weights initialized as in GPT-2 (Radford et al. 2019): from N(0, 0.02^2) at
    /// its width of 768, and with a standard deviation larger by `sqrt(768 / d_model)` here, which preserves
    /// the size of products. In the last layer of each branch it is smaller by `sqrt(2 n_layers)`. Biases are
    /// 0.
    ///
    /// Embeddings have a length of about 1. A sinusoidal position has the length `sqrt(d_model / 2)`, so it
    /// is multiplied by `sqrt(2 / d_model)`; otherwise it would dominate the sum. Vaswani et al. 2017, section
    /// 3.4, scale the embeddings up by `sqrt(d_model)` instead. The residual stream would then be so large
    /// that the branches hardly change it at first.
    pub fn new(sizes: Sizes, rng: &mut WeightRng, device: &Device) -> Self {
        let Sizes { vocabulary, context, d_model, n_layers, .. } = sizes;
        let embedding_std = 1.0 / (d_model.max(1) as f32).sqrt();
        let embedding = rng.normal([vocabulary, d_model], embedding_std, device);
        Self {
            mask_scores: (sizes.causal && !on_cpu(&embedding.val())).then(|| mask_scores(context, device)),
            embedding,
            positions: (sizes.positions == Positions::Learned)
                .then(|| rng.normal([context, d_model], embedding_std, device)),
            blocks: (0..n_layers).map(|_| TransformerBlock::new(sizes, rng, device)).collect(),
            norm: LayerNormConfig::new(d_model).init(device),
            head: (!sizes.tied).then(|| rng.normal([d_model, vocabulary], init_std(d_model), device)),
            sinusoidal: (sizes.positions == Positions::Sinusoidal)
                .then(|| sinusoidal_table(context, d_model, device).mul_scalar(position_scale(d_model))),
            context,
            causal: sizes.causal,
        }
    }

    /// Returns true if each position attends only to itself and earlier positions.
    pub fn is_causal(&self) -> bool {
        self.causal
    }

    /// Returns the mask of `n` queries at the end of `n_keys` positions, unless every position attends to all.
    fn mask(&self, n: usize, n_keys: usize, device: &Device) -> Option<Tensor<4, Bool>> {
        self.causal.then(|| causal_mask(n, n_keys, device))
    }

    /// Returns the maximum number of characters that the model attends to.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Returns the logits for the character after each position.
    ///
    /// `rate` is the dropout probability for the sum of embeddings and the output of each branch (Vaswani et
    /// al. 2017, section 5.4).
    ///
    /// # Shapes
    ///
    /// - one_hot: `[batch, n, vocabulary]`, `n` at most the context
    /// - output: `[batch, n, vocabulary]`
    pub fn forward(&self, one_hot: Tensor<3>, rate: f64) -> Tensor<3> {
        let n = one_hot.dims()[1];
        let mask = self.mask_scores.as_ref().map(|mask| {
            if n == self.context { mask.clone() } else { mask.clone().slice([0..1, 0..1, 0..n, 0..n]) }
        });
        let x = dropout(self.embed(one_hot, 0), rate);
        if self.causal && mask.is_none() {
            return self.logits(self.pass_vectors(x, rate, |_, attention, x| {
                let [q, k, v] = attention.project_vectors(x);
                nn_lab_kernels::attention::causal(q, k, v, attention.n_heads, attention.scale)
            }));
        }
        self.logits(self.pass_blocks(x, rate, |_, attention, Heads { q, k, v }| match &mask {
            Some(mask) => causal_attention(Heads { q, k, v }, mask.clone(), attention.scale),
            None => scaled_dot_product_attention(q, k, v, None, attention.scale).output,
        }))
    }

    /// Returns the logits, and the attention weights of each block: `[batch, n_heads, n, n]`.
    ///
    /// `gates` has one row per block with one factor per head, which multiplies the head's output; 0 switches
    /// the head off.
    ///
    /// # Shapes
    ///
    /// - one_hot: `[batch, n, vocabulary]`, `n` at most the context
    /// - output: `[batch, n, vocabulary]`
    pub fn inspect(&self, one_hot: Tensor<3>, gates: Option<&[Vec<f32>]>) -> (Tensor<3>, Vec<Tensor<4>>) {
        let device = one_hot.device();
        let mask = self.mask(one_hot.dims()[1], one_hot.dims()[1], &device);
        let mut weights = Vec::with_capacity(self.blocks.len());
        let x = self.pass_blocks(self.embed(one_hot, 0), 0.0, |l, attention, Heads { q, k, v }| {
            let attended = scaled_dot_product_attention(q, k, v, mask.clone(), attention.scale);
            weights.push(attended.weights);
            match gates.and_then(|gates| gates.get(l)) {
                Some(gate) => {
                    let gate = TensorData::new(gate.clone(), [1, gate.len(), 1, 1]);
                    attended.output * Tensor::from_data(gate, &device)
                }
                None => attended.output,
            }
        });
        (self.logits(x), weights)
    }

    /// Returns the logits, and for each block the attention of its heads and each head's direct effect on the
    /// logits.
    ///
    /// The direct effect of a head is its output, multiplied by its part of `W^O` and added to the residual
    /// stream, as the last layer norm and the head read it (Elhage et al. 2021, "direct path"). The divisor of
    /// the layer norm is taken as given and left out: it is the same positive number for all tokens at a
    /// position, so it changes neither the sign nor the order of the effects.
    ///
    /// # Shapes
    ///
    /// - one_hot: `[batch, n, vocabulary]`, `n` at most the context
    /// - output: `[batch, n, vocabulary]`
    pub fn head_effects(&self, one_hot: Tensor<3>) -> (Tensor<3>, Vec<HeadEffects>) {
        let mask = self.mask(one_hot.dims()[1], one_hot.dims()[1], &one_hot.device());
        // [d_model, vocabulary]. Layer norm subtracts the mean and multiplies by its gain.
        let read = self.norm.gamma.val().unsqueeze_dim::<2>(1) * self.head_matrix();
        let mut effects = Vec::with_capacity(self.blocks.len());
        let x = self.pass_blocks(self.embed(one_hot, 0), 0.0, |_, attention, Heads { q, k, v }| {
            let attended = scaled_dot_product_attention(q, k, v, mask.clone(), attention.scale);
            let [_, n_heads, _, d_head] = attended.output.dims();
            let output = attention.output.weight.val();
            let centered = output.clone() - output.mean_dim(1);
            // [d_model, vocabulary] -> [1, n_heads, d_head, vocabulary]
            let vocabulary = read.dims()[1];
            let per_head =
                centered.matmul(read.clone()).reshape([n_heads, d_head, vocabulary]).unsqueeze_dim::<4>(0);
            let logits = attended.output.clone().matmul(per_head);
            effects.push(HeadEffects { weights: attended.weights, logits });
            attended.output
        });
        (self.logits(x), effects)
    }

    /// Returns the residual stream, and the layer norm of its first vectors, which the first attention reads.
    ///
    /// The stream starts as the sum of embeddings and positions. Each attention and each MLP adds to it, so there is
    /// one more tensor after each of them.
    ///
    /// # Shapes
    ///
    /// - one_hot: `[batch, n, vocabulary]`, `n` at most the context
    /// - outputs: `[batch, n, d_model]`
    pub fn stream(&self, one_hot: Tensor<3>) -> (Vec<Tensor<3>>, Tensor<3>) {
        let n = one_hot.dims()[1];
        let mask = self.mask(n, n, &one_hot.device());
        let mut x = self.embed(one_hot, 0);
        let norm = self.blocks.first().map_or(&self.norm, |block| &block.norm_attention);
        let normalized = normalized(norm, x.clone());
        let mut stream = vec![x.clone()];
        for block in &self.blocks {
            let attention = &block.attention;
            let Heads { q, k, v } = attention.project(self::normalized(&block.norm_attention, x.clone()));
            let attended = scaled_dot_product_attention(q, k, v, mask.clone(), attention.scale);
            x = x + linear(&attention.output, merge_heads(attended.output));
            stream.push(x.clone());
            if let Some(branch) = block.mlp(&x) {
                x = x + branch;
                stream.push(x.clone());
            }
        }
        (stream, normalized)
    }

    /// Returns the logits for characters that follow those in the cache, and adds them to it. Without the causal mask,
    /// earlier positions would have to be computed again with every character, so the cache must then be empty.
    ///
    /// # Shapes
    ///
    /// - one_hot: `[batch, n, vocabulary]`, `n` plus the length of the cache at most the context
    /// - output: `[batch, n, vocabulary]`
    pub fn forward_cached(&self, one_hot: Tensor<3>, cache: &mut Cache) -> Tensor<3> {
        let (n, seen) = (one_hot.dims()[1], cache.len());
        // A single query is the last position, and attends to all keys.
        let mask = if n > 1 { self.mask(n, seen + n, &one_hot.device()) } else { None };
        let x = self.pass_blocks(self.embed(one_hot, seen), 0.0, |l, attention, Heads { q, k, v }| {
            let (k, v) = match cache.blocks.get(l) {
                Some((old_k, old_v)) => {
                    (Tensor::cat(vec![old_k.clone(), k], 2), Tensor::cat(vec![old_v.clone(), v], 2))
                }
                None => (k, v),
            };
            match cache.blocks.get_mut(l) {
                Some(cached) => *cached = (k.clone(), v.clone()),
                None => cache.blocks.push((k.clone(), v.clone())),
            }
            scaled_dot_product_attention(q, k, v, mask.clone(), attention.scale).output
        });
        self.logits(x)
    }

    /// Applies all blocks. `attend` returns the output of a block's heads, `[batch, n_heads, n, d_head]`.
    fn pass_blocks(
        &self,
        x: Tensor<3>,
        rate: f64,
        mut attend: impl FnMut(usize, &MultiHeadAttention, Heads) -> Tensor<4>,
    ) -> Tensor<3> {
        self.pass_vectors(x, rate, |l, attention, x| merge_heads(attend(l, attention, attention.project(x))))
    }

    /// Applies all blocks. `attend` returns the concatenated output of a block's heads for the block's normalized
    /// input: `[batch, n, d_model]` to `[batch, n, n_heads d_head]`.
    fn pass_vectors(
        &self,
        mut x: Tensor<3>,
        rate: f64,
        mut attend: impl FnMut(usize, &MultiHeadAttention, Tensor<3>) -> Tensor<3>,
    ) -> Tensor<3> {
        for (l, block) in self.blocks.iter().enumerate() {
            let attended = attend(l, &block.attention, normalized(&block.norm_attention, x.clone()));
            x = x + dropout(linear(&block.attention.output, attended), rate);
            if let Some(branch) = block.mlp(&x) {
                x = x + dropout(branch, rate);
            }
        }
        x
    }

    /// Returns the sum of embeddings and positions, `[batch, n, d_model]`. The first character is at position
    /// `start`.
    fn embed(&self, one_hot: Tensor<3>, start: usize) -> Tensor<3> {
        let [batch, n, vocabulary] = one_hot.dims();
        let embedding = self.embedding.val();
        let d_model = embedding.dims()[1];
        // [batch, n, vocabulary] -> [batch n, vocabulary] -> [batch n, d_model] -> [batch, n, d_model]
        let x = product(one_hot.reshape([batch * n, vocabulary]), embedding).reshape([batch, n, d_model]);
        let rows = |table: Tensor<2>| {
            // The full table is not sliced, because the gradient of a slice is a scatter.
            let table =
                if table.dims()[0] == n { table } else { table.slice([start..start + n, 0..d_model]) };
            table.unsqueeze::<3>()
        };
        match (&self.positions, &self.sinusoidal) {
            (Some(positions), _) => x + rows(positions.val()),
            (None, Some(table)) => x + rows(table.clone()),
            (None, None) => x,
        }
    }

    /// Returns the matrix of the head, `U` or the embedding's transpose: `[d_model, vocabulary]`.
    fn head_matrix(&self) -> Tensor<2> {
        self.head.as_ref().map_or_else(|| self.embedding.val().transpose(), Param::val)
    }

    /// Applies the last layer norm and the head: `[batch, n, d_model]` to `[batch, n, vocabulary]`.
    fn logits(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, n, d_model] = x.dims();
        let x = normalized(&self.norm, x).reshape([batch * n, d_model]);
        let head = self.head_matrix();
        let vocabulary = head.dims()[1];
        product(x, head).reshape([batch, n, vocabulary])
    }
}

/// Like [`scaled_dot_product_attention`] with a causal mask, in fewer passes over the `n x n` scores: queries
/// are scaled before the product, the mask is added to it, and rows are divided by their sum only after the
/// product with the values:
///
/// `softmax(s) v = (exp(s - max s) v) / sum exp(s - max s)`
///
/// # Shapes
///
/// - mask: [`mask_scores`], `[1, 1, n, n]`
/// - output: `[batch, n_heads, n, d_v]`
fn causal_attention(Heads { q, k, v }: Heads, mask: Tensor<4>, scale: f32) -> Tensor<4> {
    let scores = q.mul_scalar(scale).matmul(k.swap_dims(2, 3)) + mask;
    let max = scores.clone().detach().max_dim(3);
    let unnormalized = (scores - max).exp();
    let sums = unnormalized.clone().sum_dim(3);
    unnormalized.matmul(v) / sums
}

/// Returns 0 for visible keys and [`HIDDEN_SCORE`] for masked keys: `[1, 1, n, n]`.
fn mask_scores(n: usize, device: &Device) -> Tensor<4> {
    let values: Vec<f32> =
        (0..n).flat_map(|q| (0..n).map(move |k| if k > q { HIDDEN_SCORE } else { 0.0 })).collect();
    Tensor::from_data(TensorData::new(values, [1, 1, n, n]), device)
}

/// Sets elements to 0 with probability `rate`, and scales the others to preserve the mean (Srivastava et al.
/// 2014). Unlike burn's `Dropout`, this is a single product in each direction.
fn dropout(x: Tensor<3>, rate: f64) -> Tensor<3> {
    if rate <= 0.0 {
        return x;
    }
    let kept = Tensor::random(x.dims(), Distribution::Bernoulli(1.0 - rate), &x.device());
    x * kept.div_scalar(1.0 - rate as f32)
}
