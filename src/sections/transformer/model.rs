//! The model in training: steps, validation losses, and the attention of the heads.

use super::heads::Snapshot;
use super::induction::{Induction, Part, is_answer, mean_loss};
use super::{Config, MaskChoice, PositionsChoice, Stream, learning_rate_at};
use crate::core::LabError;
use crate::models::transformer::{HeadEffects, Positions, Sizes, Transformer};
use crate::models::weights::WeightRng;
use crate::run::optimizer::Optimizer;
use crate::run::step::{Input, StepOptions, StepOutput};
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::{cross_entropy, read_all};
use crate::run::{Experiment, RunContext};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, activation::log_softmax};

/// The number of characters that are evaluated at once, which keeps the attention scores within some megabytes.
const AT_ONCE: usize = 2048;

/// Returns the sizes of the model for these settings.
pub fn sizes(config: &Config, vocabulary: usize) -> Sizes {
    let d_model = config.d_model as usize;
    Sizes {
        vocabulary,
        context: config.context as usize,
        d_model,
        n_heads: config.heads as usize,
        n_layers: config.layers as usize,
        d_ff: if config.mlp { 4 * d_model } else { 0 },
        positions: match config.positions {
            PositionsChoice::Sinusoidal => Positions::Sinusoidal,
            PositionsChoice::Learned => Positions::Learned,
            PositionsChoice::None => Positions::None,
        },
        tied: config.tied,
        causal: config.mask == MaskChoice::Causal,
    }
}

/// Returns the optimizer for these settings, before the first step.
fn optimizer(config: &Config) -> Optimizer {
    Optimizer::adamw(config.beta1 as f32, config.beta2 as f32, config.weight_decay as f32)
}

/// A model in training.
#[allow(missing_debug_implementations, reason = "burn's graph has none")]
pub struct Model {
    train_state: TrainState<Transformer>,
    /// The sizes of the network.
    pub sizes: Sizes,
    device: Device,
    seed: u64,
    /// All character ids, `[1, 1, vocabulary]`, kept on the device so that a step need not upload them.
    all_ids: Tensor<3>,
}

impl Model {
    /// Creates an untrained model for a vocabulary of this size; `device` is without autodiff.
    pub fn new(config: &Config, vocabulary: usize, device: &Device) -> Self {
        let sizes = sizes(config, vocabulary);
        let mut rng = WeightRng::new(config.seed.into());
        let net = Transformer::new(sizes, &mut rng, &device.clone().autodiff());
        Self {
            train_state: TrainState::new(net, optimizer(config)),
            sizes,
            device: device.clone(),
            all_ids: all_ids(vocabulary, device),
            seed: config.seed.into(),
        }
    }

    /// Returns the network.
    pub fn net(&self) -> &Transformer {
        self.train_state.net()
    }

    /// Returns the network, to be changed other than by a step.
    pub fn net_mut(&mut self) -> &mut Transformer {
        self.train_state.net_mut()
    }

    /// Replaces the network by one that was trained for `steps_done` steps.
    pub fn load(&mut self, net: Transformer, steps_done: u32) {
        self.train_state.load(net, steps_done);
    }

    /// Returns the network with its optimizer.
    pub fn state_mut(&mut self) -> &mut dyn AnyTrainState {
        &mut self.train_state
    }

    /// Returns the number of steps so far.
    pub fn step(&self) -> u32 {
        self.train_state.steps_done()
    }

    /// Does one step on windows of `len` characters, concatenated.
    ///
    /// # Errors
    ///
    /// If another worker that trains the same model is lost.
    pub async fn descend(&mut self, config: &Config, windows: &[u8], len: usize) -> Result<(), LabError> {
        let step = self.step() + 1;
        let options = StepOptions {
            learning_rate: learning_rate_at(config, step),
            max_norm: (config.clip > 0.0).then_some(config.clip),
            variant: (config.dropout == 0.0).then_some(0),
            whole: false,
        };
        let inputs = [ids(windows, len)];
        let descend = self.train_state.step(&inputs, options, |net, inputs| {
            if config.dropout > 0.0 {
                // Dropout masks are drawn on the device, from a stream that is shared with others. Seeding it makes
                // them depend on seed, step and shard only.
                self.device.seed(self.seed << 20 ^ u64::from(step) ^ (inputs.shard() as u64) << 52);
            }
            let (inputs, targets) = split(one_hot(inputs.inner(0), &self.all_ids));
            let (inputs, targets) = (Tensor::from_inner(inputs), Tensor::from_inner(targets));
            let [batch, n, v] = inputs.dims();
            let logits = net.forward(inputs, config.dropout).reshape([batch * n, v]);
            let loss = cross_entropy(logits, targets.reshape([batch * n, v]));
            StepOutput::backward(net, loss)
        });
        descend.await.map(drop)
    }

    /// Returns the mean loss on windows of `len` characters, with each head's output multiplied by its gate, if given.
    ///
    /// # Errors
    /// Fails if the device cannot be read.
    pub async fn validate<E: Experiment>(
        &self,
        windows: &[u8],
        len: usize,
        gates: Option<&[Vec<f32>]>,
        ctx: &mut impl RunContext<E>,
    ) -> Result<f32, LabError> {
        let net = self.net().valid();
        let per_batch = (AT_ONCE / len.max(1)).max(1);
        let mut losses = Vec::new();
        for batch in windows.chunks(per_batch * len) {
            let (inputs, targets) = self.batch(batch, len);
            let [b, n, v] = inputs.dims();
            let logits = match gates {
                Some(gates) => net.inspect(inputs, Some(gates)).0,
                None => net.forward(inputs, 0.0),
            };
            let loss = cross_entropy(logits.reshape([b * n, v]), targets.reshape([b * n, v]));
            losses.push(loss.mul_scalar(b as f32));
            // Messages are received between batches.
            ctx.yield_now().await;
        }
        let count = (windows.len() / len.max(1)).max(1) as f32;
        Ok(read_all(losses).await?.iter().sum::<f32>() / count)
    }

    /// Returns the mean loss on windows of `len` characters for each temperature that divides the logits.
    ///
    /// # Errors
    /// Fails if the device cannot be read.
    pub async fn losses_at(
        &self,
        temperatures: &[f32],
        windows: &[u8],
        len: usize,
    ) -> Result<Vec<f32>, LabError> {
        let net = self.net().valid();
        let (inputs, targets) = self.batch(windows, len);
        let [b, n, v] = inputs.dims();
        let logits = net.forward(inputs, 0.0).reshape([b * n, v]);
        let targets = targets.reshape([b * n, v]);
        let loss = |&t: &f32| cross_entropy(logits.clone().div_scalar(t), targets.clone());
        read_all(temperatures.iter().map(loss).collect()).await
    }

    /// Returns the logits for the character after `ids` with gated heads, the logits of the full model, and the attention
    /// maps.
    ///
    /// # Errors
    /// Fails if the device cannot be read.
    pub async fn predict(
        &self,
        ids: &[u8],
        chars: &[char],
        gates: Option<&[Vec<f32>]>,
    ) -> Result<(Vec<f32>, Vec<f32>, Snapshot), LabError> {
        let net = self.net().valid();
        let one_hot = self.one_hot(ids, ids.len());
        let (n, v) = (ids.len(), self.sizes.vocabulary);
        let last = |logits: Tensor<3>| logits.slice([0..1, n.saturating_sub(1)..n, 0..v]).reshape([v]);
        let (logits, weights) = net.inspect(one_hot.clone(), gates);
        let mut parts = vec![last(logits)];
        if gates.is_some() {
            parts.push(last(net.forward(one_hot, 0.0)));
        }
        let logits_read = parts.len() * v;
        parts.extend(weights.into_iter().map(flat));
        let mut values = read_all(parts).await?;
        let maps = values.split_off(logits_read.min(values.len()));
        let full = if gates.is_some() { values.split_off(v.min(values.len())) } else { values.clone() };
        Ok((values, full, self.snapshot(chars, &maps)))
    }

    /// Returns the mean loss on repeating sequences, the losses on their parts with the attention scores of the heads, and the
    /// copying score of each head.
    ///
    /// # Errors
    /// Fails if the device cannot be read.
    pub async fn validate_repeats(
        &self,
        sequences: &[u8],
        periods: &[usize],
        context: usize,
    ) -> Result<(f32, Induction, Vec<f32>), LabError> {
        let (inputs, targets) = self.batch(sequences, context + 1);
        let [b, n, _] = inputs.dims();
        let (logits, effects) = self.net().valid().head_effects(inputs.clone());
        let losses = (log_softmax(logits, 2) * targets).sum_dim(2).neg().reshape([b * n]);
        let [previous, answers] = score_masks(periods, n, &self.device);
        let repeats = repeats_mask(periods, n, &self.device);
        let mut parts = vec![losses];
        for effects in effects {
            let heads = effects.weights.dims()[1];
            for mask in [&previous, &answers] {
                let attended = effects.weights.clone() * mask.clone();
                parts.push(attended.sum_dim(3).sum_dim(2).sum_dim(0).reshape([heads]));
            }
            let copied = raises_attended(effects, inputs.clone()) * repeats.clone();
            parts.push(copied.sum_dim(2).sum_dim(0).reshape([heads]));
        }
        let values = read_all(parts).await?;
        let (losses, scores) = values.split_at((b * n).min(values.len()));
        let mut measured = Induction {
            step: self.step(),
            first: mean_loss(losses, n, periods, Part::First),
            second: mean_loss(losses, n, periods, Part::Second),
            ..Induction::default()
        };
        let mut copying = Vec::new();
        for layer in scores.chunks_exact(3 * self.sizes.n_heads.max(1)) {
            let (previous, others) = layer.split_at(self.sizes.n_heads);
            let (induction, copied) = others.split_at(self.sizes.n_heads);
            measured.previous.extend_from_slice(previous);
            measured.induction.extend_from_slice(induction);
            copying.extend_from_slice(copied);
        }
        let mean = losses.iter().sum::<f32>() / losses.len().max(1) as f32;
        Ok((mean, measured, copying))
    }

    /// Returns the residual stream at the last character of a window.
    ///
    /// # Errors
    /// Fails if the device cannot be read.
    pub async fn stream(&self, window: &[u8]) -> Result<Stream, LabError> {
        let d = self.sizes.d_model;
        let (stream, normalized) = self.net().valid().stream(self.one_hot(window, window.len()));
        let last = |x: Tensor<3>| {
            let n = x.dims()[1];
            x.slice([0..1, n.saturating_sub(1)..n, 0..d]).reshape([d])
        };
        let values = read_all(std::iter::once(normalized).chain(stream).map(last).collect()).await?;
        let rows: Vec<&[f32]> = values.chunks_exact(d.max(1)).collect();
        let Some((normalized, stream)) = rows.split_first() else { return Ok(Stream::default()) };
        let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
        let change = |pair: &[&[f32]]| match pair {
            [before, after] => length(&after.iter().zip(*before).map(|(a, b)| a - b).collect::<Vec<f32>>()),
            _ => f32::NAN,
        };
        Ok(Stream {
            start: stream.first().map(|row| row.to_vec()).unwrap_or_default(),
            normalized: normalized.to_vec(),
            lengths: stream.iter().map(|row| length(row)).collect(),
            added: stream.windows(2).map(change).collect(),
        })
    }

    /// Returns the attention maps of every head on a window.
    ///
    /// # Errors
    /// Fails if the device cannot be read.
    pub async fn inspect(&self, window: &[u8], chars: &[char]) -> Result<Snapshot, LabError> {
        let ids = self.one_hot(window, window.len());
        let (_, weights) = self.net().valid().inspect(ids, None);
        let maps = read_all(weights.into_iter().map(flat).collect()).await?;
        Ok(self.snapshot(chars, &maps))
    }

    /// Returns the attention maps of every head, `[heads, n, n]`, as a snapshot of the present step.
    fn snapshot(&self, chars: &[char], maps: &[f32]) -> Snapshot {
        let Sizes { n_layers, n_heads, causal, .. } = self.sizes;
        Snapshot::new(self.step(), [n_layers as u32, n_heads as u32], chars, maps, causal)
    }

    /// Returns the mean loss on the last character of each window of `len` characters. It is the only prediction that
    /// never has its answer among the characters that the model reads, whatever the mask.
    ///
    /// # Errors
    /// Fails if the device cannot be read.
    pub async fn last_loss<E: Experiment>(
        &self,
        windows: &[u8],
        len: usize,
        ctx: &mut impl RunContext<E>,
    ) -> Result<f32, LabError> {
        let net = self.net().valid();
        let mut losses = Vec::new();
        for batch in windows.chunks((AT_ONCE / len.max(1)).max(1) * len) {
            let (inputs, targets) = self.batch(batch, len);
            let [b, n, v] = inputs.dims();
            let last = |all: Tensor<3>| all.slice([0..b, n.saturating_sub(1)..n, 0..v]).reshape([b, v]);
            let loss = cross_entropy(last(net.forward(inputs, 0.0)), last(targets));
            losses.push(loss.mul_scalar(b as f32));
            // Messages are received between batches.
            ctx.yield_now().await;
        }
        let count = (windows.len() / len.max(1)).max(1) as f32;
        Ok(read_all(losses).await?.iter().sum::<f32>() / count)
    }

    /// Returns inputs and targets of each window as one-hot rows.
    fn batch(&self, windows: &[u8], len: usize) -> (Tensor<3>, Tensor<3>) {
        split(self.one_hot(windows, len))
    }

    /// `[batch, len, vocabulary]`
    fn one_hot(&self, windows: &[u8], len: usize) -> Tensor<3> {
        one_hot(ids(windows, len).tensor(&self.device), &self.all_ids)
    }
}

/// Splits windows into inputs, all rows but the last, and targets, all rows but the first.
fn split(all: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let [batch, len, v] = all.dims();
    let last = len.saturating_sub(1);
    (all.clone().slice([0..batch, 0..last, 0..v]), all.slice([0..batch, 1..len, 0..v]))
}

fn flat(weights: Tensor<4>) -> Tensor<1> {
    let n = weights.dims().iter().product::<usize>();
    weights.reshape([n])
}

/// Returns two masks whose products with a head's attention weights sum to its scores: the previous-token score,
/// `[1, 1, n, n]`, and the prefix-matching score, `[batch, 1, n, n]`.
fn score_masks(periods: &[usize], n: usize, device: &Device) -> [Tensor<4>; 2] {
    let batch = periods.len();
    let each = 1.0 / (batch * n.saturating_sub(1)).max(1) as f32;
    let pairs = || (0..n).flat_map(move |query| (0..n).map(move |key| (query, key)));
    let previous: Vec<f32> = pairs().map(|(q, k)| if k + 1 == q { each } else { 0.0 }).collect();
    let queries: usize = periods.iter().map(|&period| n.saturating_sub(period)).sum();
    let each = 1.0 / queries.max(1) as f32;
    let answer = |period: usize| pairs().map(move |(q, k)| if is_answer(q, k, period) { each } else { 0.0 });
    let answers: Vec<f32> = periods.iter().flat_map(|&period| answer(period)).collect();
    [
        Tensor::from_data(TensorData::new(previous, [1, 1, n, n]), device),
        Tensor::from_data(TensorData::new(answers, [batch, 1, n, n]), device),
    ]
}

/// Returns 1 for each head and query whose logits the head raises for the tokens that it attends to, and 0 otherwise: the mean
/// of its direct effects on the tokens, weighted by its attention to them, is above the mean over the vocabulary.
///
/// Olsson et al. (2022) ask whether a head's direct effect increases the logit of the token that it attends to. A sign per
/// prediction does not depend on the scale of the head's output, so the divisor of the last layer norm cancels.
///
/// # Shapes
///
/// - inputs: one-hot rows, `[batch, n, vocabulary]`
/// - output: `[batch, n_heads, n, 1]`
fn raises_attended(HeadEffects { weights, logits }: HeadEffects, inputs: Tensor<3>) -> Tensor<4> {
    // [batch, n_heads, n, n] x [batch, 1, n, vocabulary]: the attention to each token, wherever it occurs.
    let heads = weights.dims()[1];
    let [batch, n, vocabulary] = inputs.dims();
    let tokens = inputs.unsqueeze_dim::<4>(1).expand([batch, heads, n, vocabulary]);
    let attended = (weights.matmul(tokens) * logits.clone()).sum_dim(3);
    attended.greater(logits.mean_dim(3)).float()
}

/// Returns a mask of the queries in the repeats that sums to 1: `[batch, 1, n, 1]`.
fn repeats_mask(periods: &[usize], n: usize, device: &Device) -> Tensor<4> {
    let queries: usize = periods.iter().map(|&period| n.saturating_sub(period)).sum();
    let each = 1.0 / queries.max(1) as f32;
    let row = |&period: &usize| (0..n).map(move |query| if query >= period { each } else { 0.0 });
    let values: Vec<f32> = periods.iter().flat_map(row).collect();
    Tensor::from_data(TensorData::new(values, [periods.len(), 1, n, 1]), device)
}

/// Returns all character ids, `[1, 1, vocabulary]`.
pub(super) fn all_ids(vocabulary: usize, device: &Device) -> Tensor<3> {
    let ids: Vec<f32> = (0..vocabulary).map(|id| id as f32).collect();
    Tensor::from_data(TensorData::new(ids, [1, 1, vocabulary]), device)
}

/// Returns windows of `len` characters as ids, `[batch, len, 1]`. Only ids are uploaded; one-hot rows are made on the device.
pub(super) fn ids(windows: &[u8], len: usize) -> Input {
    let batch = windows.len() / len.max(1);
    Input::new(windows.iter().take(batch * len).map(|&id| id.into()).collect(), [batch, len, 1])
}

/// Returns one-hot rows.
///
/// # Shapes
///
/// - ids: `[batch, len, 1]`, from [`ids`]
/// - all_ids: `[1, 1, vocabulary]`, from [`all_ids`]
/// - output: `[batch, len, vocabulary]`
pub(super) fn one_hot(ids: Tensor<3>, all_ids: &Tensor<3>) -> Tensor<3> {
    let [batch, len, _] = ids.dims();
    let shape = [batch, len, all_ids.dims()[2]];
    ids.expand(shape).equal(all_ids.clone().expand(shape)).float()
}
