//! A decoder-only transformer (Vaswani et al. 2017, sections 3.1-3.5; Radford et al. 2019 for the order within a block).
//!
//! ```text
//! x_0 = E[c] + P                                    embedding and position
//! a   = x + Attention(LayerNorm(x))                 each block: first attention,
//! x   = a + W_2 gelu(W_1 LayerNorm(a) + b_1) + b_2  then a perceptron for each position
//! logits = LayerNorm(x_L) U
//! ```
//!
//! Characters come as one-hot rows, so that the embedding is a product: it differentiates into a product, where a look-up
//! would differentiate into a scatter.

use crate::models::attention::{
    Heads, MultiHeadAttention, causal_mask, default_scale, merge_heads, scaled_dot_product_attention,
};
use crate::models::weights::WeightRng;
use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use nn_lab_kernels::gelu::gelu;
use nn_lab_kernels::layer_norm::layer_norm;
use nn_lab_kernels::on_cpu;

/// Added to a score that must get no weight; `exp` of it is 0.
const HIDDEN_SCORE: f32 = -1e30;

/// Added to the variance in a layer norm: burn's default, and PyTorch's.
const EPSILON: f32 = 1e-5;

/// Where the model knows positions from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// [`sinusoidal_table`].
    Sinusoidal,
    /// One learned vector for each position.
    Learned,
    /// Nowhere, but for the causal mask (Haviv et al. 2022).
    None,
}

/// The sizes of a transformer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    pub vocabulary: usize,
    /// The most characters that it looks back on, the present one included.
    pub context: usize,
    pub d_model: usize,
    pub n_heads: usize,
    pub n_layers: usize,
    /// Units of each block's perceptron; 0 for blocks of attention only (Elhage et al. 2021).
    pub d_ff: usize,
    pub positions: Positions,
    /// Whether the head is the embedding's transpose (Press and Wolf 2017).
    pub tied: bool,
}

/// The transformer.
#[derive(Module, Debug)]
pub struct Transformer {
    /// `E`: `[vocabulary, d_model]`.
    pub embedding: Param<Tensor<2>>,
    /// Learned positions: `[context, d_model]`.
    pub positions: Option<Param<Tensor<2>>>,
    pub blocks: Vec<TransformerBlock>,
    pub norm: LayerNorm,
    /// `U`: `[d_model, vocabulary]`; without it, the embedding's transpose.
    pub head: Option<Param<Tensor<2>>>,
    /// The sinusoidal table in the size of the embeddings, where it is added; it is no parameter.
    sinusoidal: Option<Tensor<2>>,
    /// [`hidden_scores`] of a whole context, where attention needs them; made once, since what is made at a step is uploaded
    /// at each.
    hidden: Option<Tensor<4>>,
    context: usize,
}

/// Attention and a perceptron, each behind a layer norm and beside a path that leaves the vectors as they are.
#[derive(Module, Debug)]
pub struct TransformerBlock {
    pub norm_attention: LayerNorm,
    pub attention: MultiHeadAttention,
    /// This and the two matrices are there unless the blocks are of attention only.
    pub norm_mlp: Option<LayerNorm>,
    /// `W_1`: `[d_model, d_ff]`.
    pub up: Option<Linear>,
    /// `W_2`: `[d_ff, d_model]`.
    pub down: Option<Linear>,
}

/// Keys and values of the characters that the model has seen, one pair a block: `[batch, n_heads, n_seen, d_head]`.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    blocks: Vec<(Tensor<4>, Tensor<4>)>,
}

impl Cache {
    /// How many characters it holds.
    pub fn len(&self) -> usize {
        self.blocks.first().map_or(0, |(k, _)| k.dims()[2])
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

impl Transformer {
    /// Weights are drawn as in GPT-2 (Radford et al. 2019), from N(0, 0.02^2) at its width of 768 and wider by
    /// `sqrt(768 / d_model)` here, so that a product keeps its size; those that end a branch are smaller by
    /// `sqrt(2 n_layers)`, and biases are 0. Embeddings are drawn with a length of about 1. Sinusoidal positions are scaled to the size of the embeddings beside them; Vaswani et
    /// al. 2017, section 3.4, scale the embeddings up instead, which gives the same ratio, but drowns the branches at first.
    pub fn new(sizes: Sizes, rng: &mut WeightRng, device: &Device) -> Self {
        let Sizes { vocabulary, context, d_model, n_layers, .. } = sizes;
        let embedding_std = 1.0 / (d_model.max(1) as f32).sqrt();
        let embedding = rng.normal([vocabulary, d_model], embedding_std, device);
        Self {
            hidden: (!on_cpu(&embedding.val())).then(|| hidden_scores(context, device)),
            embedding,
            positions: (sizes.positions == Positions::Learned)
                .then(|| rng.normal([context, d_model], embedding_std, device)),
            blocks: (0..n_layers).map(|_| TransformerBlock::new(sizes, rng, device)).collect(),
            norm: LayerNormConfig::new(d_model).init(device),
            head: (!sizes.tied).then(|| rng.normal([d_model, vocabulary], init_std(d_model), device)),
            sinusoidal: (sizes.positions == Positions::Sinusoidal).then(|| {
                sinusoidal_table(context, d_model, device)
                    .mul_scalar(embedding_std * std::f32::consts::SQRT_2)
            }),
            context,
        }
    }

    /// The most characters that it looks back on.
    pub fn context(&self) -> usize {
        self.context
    }

    /// What a training step needs: logits for the character after each, with nothing kept.
    ///
    /// `dropout` is the share of numbers that are set to 0 in the sum of embeddings and in what each branch adds
    /// (Vaswani et al. 2017, section 5.4).
    ///
    /// # Shapes
    ///
    /// - one_hot: `[batch, n, vocabulary]`, `n` at most the context
    /// - output: `[batch, n, vocabulary]`
    pub fn forward(&self, one_hot: Tensor<3>, dropout: f64) -> Tensor<3> {
        let n = one_hot.dims()[1];
        let hidden = self.hidden.as_ref().map(|hidden| {
            if n == self.context { hidden.clone() } else { hidden.clone().slice([0..1, 0..1, 0..n, 0..n]) }
        });
        let x = drop(self.embed(one_hot, 0), dropout);
        self.logits(self.pass_blocks(x, dropout, |_, attention, heads| match &hidden {
            Some(hidden) => causal_attention(heads, hidden.clone(), attention.scale),
            None => nn_lab_kernels::attention::causal(heads.q, heads.k, heads.v, attention.scale),
        }))
    }

    /// Logits, and the attention weights of each block: `[batch, n_heads, n, n]`.
    ///
    /// `gates` has one row a block with one factor a head, by which the head's output is multiplied: 1 leaves it, 0 switches
    /// it off.
    ///
    /// # Shapes
    ///
    /// - one_hot: `[batch, n, vocabulary]`, `n` at most the context
    /// - output: `[batch, n, vocabulary]`
    pub fn inspect(&self, one_hot: Tensor<3>, gates: Option<&[Vec<f32>]>) -> (Tensor<3>, Vec<Tensor<4>>) {
        let device = one_hot.device();
        let mask = causal_mask(one_hot.dims()[1], one_hot.dims()[1], &device);
        let mut weights = Vec::with_capacity(self.blocks.len());
        let x = self.pass_blocks(self.embed(one_hot, 0), 0.0, |l, attention, Heads { q, k, v }| {
            let attended = scaled_dot_product_attention(q, k, v, Some(mask.clone()), attention.scale);
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

    /// Logits for characters that follow those in the cache, which then holds them, too.
    ///
    /// # Shapes
    ///
    /// - one_hot: `[batch, n, vocabulary]`; with those in the cache, `n` is at most the context
    /// - output: `[batch, n, vocabulary]`
    pub fn forward_cached(&self, one_hot: Tensor<3>, cache: &mut Cache) -> Tensor<3> {
        let (n, seen) = (one_hot.dims()[1], cache.len());
        // A single query is the last position, and sees every key.
        let mask = (n > 1).then(|| causal_mask(n, seen + n, &one_hot.device()));
        let x = self.pass_blocks(self.embed(one_hot, seen), 0.0, |l, attention, Heads { q, k, v }| {
            let (k, v) = match cache.blocks.get(l) {
                Some((old_k, old_v)) => {
                    (Tensor::cat(vec![old_k.clone(), k], 2), Tensor::cat(vec![old_v.clone(), v], 2))
                }
                None => (k, v),
            };
            match cache.blocks.get_mut(l) {
                Some(kept) => *kept = (k.clone(), v.clone()),
                None => cache.blocks.push((k.clone(), v.clone())),
            }
            scaled_dot_product_attention(q, k, v, mask.clone(), attention.scale).output
        });
        self.logits(x)
    }

    /// All blocks, one after the other; `attend` gives the outputs of a block's heads, `[batch, n_heads, n, d_head]`.
    fn pass_blocks(
        &self,
        mut x: Tensor<3>,
        dropout: f64,
        mut attend: impl FnMut(usize, &MultiHeadAttention, Heads) -> Tensor<4>,
    ) -> Tensor<3> {
        for (l, block) in self.blocks.iter().enumerate() {
            let heads = block.attention.project(normalized(&block.norm_attention, x.clone()));
            let attended = merge_heads(attend(l, &block.attention, heads));
            x = x + drop(block.attention.output.forward(attended), dropout);
            if let Some(branch) = block.mlp(&x) {
                x = x + drop(branch, dropout);
            }
        }
        x
    }

    /// Embedding and position of characters of which the first is at position `start`.
    fn embed(&self, one_hot: Tensor<3>, start: usize) -> Tensor<3> {
        let [batch, n, vocabulary] = one_hot.dims();
        let embedding = self.embedding.val();
        let d_model = embedding.dims()[1];
        let x = one_hot.reshape([batch * n, vocabulary]).matmul(embedding).reshape([batch, n, d_model]);
        let rows = |table: Tensor<2>| {
            // The whole table is used as it is: differentiating a slice would scatter.
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

    fn logits(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, n, d_model] = x.dims();
        let x = normalized(&self.norm, x).reshape([batch * n, d_model]);
        let head = self.head.as_ref().map_or_else(|| self.embedding.val().transpose(), Param::val);
        let vocabulary = head.dims()[1];
        x.matmul(head).reshape([batch, n, vocabulary])
    }
}

/// A layer norm's output, by an operation of our own.
fn normalized(norm: &LayerNorm, x: Tensor<3>) -> Tensor<3> {
    match &norm.beta {
        Some(beta) => layer_norm(x, norm.gamma.val(), beta.val(), EPSILON),
        None => norm.forward(x),
    }
}

/// The standard deviation of first weights: GPT-2's at its width.
fn init_std(d_model: usize) -> f32 {
    0.02 * (768.0 / d_model.max(1) as f32).sqrt()
}

impl TransformerBlock {
    fn new(sizes: Sizes, rng: &mut WeightRng, device: &Device) -> Self {
        let Sizes { d_model, n_heads, n_layers, d_ff, .. } = sizes;
        // The sum of 2 n_layers branches then has the variance of one.
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

    /// What the perceptron adds to the path, if there is one.
    fn mlp(&self, x: &Tensor<3>) -> Option<Tensor<3>> {
        let (norm, up, down) = (self.norm_mlp.as_ref()?, self.up.as_ref()?, self.down.as_ref()?);
        let wide = up.forward(normalized(norm, x.clone()));
        Some(down.forward(gelu(wide)))
    }
}

/// The same as [`scaled_dot_product_attention`] with a causal mask, in fewer passes over the `n x n` scores: queries are
/// scaled before the product, the mask is added to it, and the division by the sum of a row waits until the row has become a
/// vector of `d_v` numbers:
///
/// `softmax(s) v = (exp(s - max s) v) / sum exp(s - max s)`
///
/// # Shapes
///
/// - hidden: `[1, 1, n, n]`, see [`hidden_scores`]
/// - output: `[batch, n_heads, n, d_v]`
fn causal_attention(Heads { q, k, v }: Heads, hidden: Tensor<4>, scale: f32) -> Tensor<4> {
    let scores = q.mul_scalar(scale).matmul(k.swap_dims(2, 3)) + hidden;
    let highest = scores.clone().detach().max_dim(3);
    let unnormalized = (scores - highest).exp();
    let sums = unnormalized.clone().sum_dim(3);
    unnormalized.matmul(v) / sums
}

/// 0 where a query may see a key, and a number below all scores where it may not.
fn hidden_scores(n: usize, device: &Device) -> Tensor<4> {
    let values: Vec<f32> =
        (0..n).flat_map(|q| (0..n).map(move |k| if k > q { HIDDEN_SCORE } else { 0.0 })).collect();
    Tensor::from_data(TensorData::new(values, [1, 1, n, n]), device)
}

/// Sets a share of the numbers to 0 and scales the others, so that the mean stays (Srivastava et al. 2014). burn's
/// `Dropout` scales in a product of its own, which the backward pass then has, too.
fn drop(x: Tensor<3>, share: f64) -> Tensor<3> {
    if share <= 0.0 {
        return x;
    }
    let kept = Tensor::random(x.dims(), Distribution::Bernoulli(1.0 - share), &x.device());
    x * kept.div_scalar(1.0 - share as f32)
}

/// `PE(p, 2i) = sin(p / 10000^(2i/d))`, `PE(p, 2i+1) = cos(p / 10000^(2i/d))`: `[context, d_model]`.
pub fn sinusoidal_table(context: usize, d_model: usize, device: &Device) -> Tensor<2> {
    let at = |p: usize, j: usize| {
        let angle = p as f64 / 10_000f64.powf((j - j % 2) as f64 / d_model as f64);
        if j.is_multiple_of(2) { angle.sin() as f32 } else { angle.cos() as f32 }
    };
    let values: Vec<f32> = (0..context).flat_map(|p| (0..d_model).map(move |j| at(p, j))).collect();
    Tensor::from_data(TensorData::new(values, [context, d_model]), device)
}
