//! The model with its optimizer: one step, one validation, one look at the heads.

use super::heads::Snapshot;
use super::induction::{Induction, Part, is_answer, mean_loss};
use super::{Config, PositionsChoice, learning_rate_at};
use crate::core::LabError;
use crate::models::transformer::{Positions, Sizes, Transformer};
use crate::models::weights::WeightRng;
use crate::run::RunContext;
use crate::run::checkpoint::Checkpoint;
use crate::run::optimizer::Optimizer;
use crate::run::train_state::{StepOutput, StepOptions, Input, TrainState};
use crate::run::training::{cross_entropy, read_all};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, activation::log_softmax};

/// The longest gradient that is followed as it is.
const MAX_NORM: f64 = 1.0;
/// As in GPT-3 (Brown et al. 2020), and nanoGPT for small models.
const BETAS: (f32, f32) = (0.9, 0.99);
const WEIGHT_DECAY: f32 = 0.1;

/// The sizes of the model of these settings.
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
    }
}

/// A model in training.
#[allow(missing_debug_implementations, reason = "burn's graph has none")]
pub struct Model {
    train_state: TrainState<Transformer>,
    pub sizes: Sizes,
    /// Steps done.
    pub step: u32,
    device: Device,
    seed: u64,
    /// The number of every character, `[1, 1, vocabulary]`: on the device once, and not anew at each step.
    kinds: Tensor<3>,
}

impl Model {
    /// An untrained model for so many characters; `device` is the one without autodiff.
    pub fn new(config: &Config, vocabulary: usize, device: &Device) -> Self {
        let sizes = sizes(config, vocabulary);
        let mut rng = WeightRng::new(config.seed.into());
        let net = Transformer::new(sizes, &mut rng, &device.clone().autodiff());
        Self {
            train_state: TrainState::new(net, Optimizer::adamw(BETAS.0, BETAS.1, WEIGHT_DECAY)),
            sizes,
            step: 0,
            device: device.clone(),
            kinds: kinds(vocabulary, device),
            seed: config.seed.into(),
        }
    }

    /// The net after the last step.
    pub fn net(&self) -> &Transformer {
        self.train_state.net()
    }

    /// The net and its rule, to be changed by other means than a step.
    pub fn change(&mut self) -> (&mut Transformer, &mut Optimizer) {
        self.train_state.change()
    }

    /// One step of training on windows of `len` characters that lie one after the other.
    pub fn descend(&mut self, config: &Config, windows: &[u8], len: usize) {
        self.step += 1;
        if config.dropout > 0.0 {
            // Masks are drawn on the device, whose stream others share: from here they depend on seed and step alone.
            self.device.seed(self.seed << 20 ^ u64::from(self.step));
        }
        let options = StepOptions {
            learning_rate: learning_rate_at(config, self.step),
            max_norm: Some(MAX_NORM),
            // Masks of dropout are drawn on the device.
            variant: (config.dropout == 0.0).then_some(0),
        };
        self.train_state.step(&[numbers(windows, len)], options, |net, inputs| {
            let (inputs, targets) = split(one_hot(inputs.inner(0), &self.kinds));
            let (inputs, targets) = (Tensor::from_inner(inputs), Tensor::from_inner(targets));
            let [batch, n, v] = inputs.dims();
            let logits = net.forward(inputs, config.dropout).reshape([batch * n, v]);
            let loss = cross_entropy(logits, targets.reshape([batch * n, v]));
            StepOutput::by_autodiff(net, loss, |_| Vec::new())
        });
    }

    /// The losses of the steps since the last call, `[1]` each, still on the device.
    pub fn take_losses(&mut self) -> Vec<Tensor<1>> {
        self.train_state.take_losses()
    }

    /// The model and its optimizer's memory, and the steps that the optimizer has done: see [`TrainState::state_tensors`].
    pub fn state_tensors(&self) -> (u32, Vec<Tensor<1>>) {
        self.train_state.state_tensors()
    }

    /// Goes back to a moment.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError> {
        self.train_state.restore(checkpoint)?;
        self.step = checkpoint.step;
        Ok(())
    }

    /// The mean loss on windows of `len` characters, some at a time; with gates, heads are weighed by them.
    pub async fn validate<E: crate::run::Experiment>(
        &self,
        windows: &[u8],
        len: usize,
        gates: Option<&[Vec<f32>]>,
        ctx: &mut impl RunContext<E>,
    ) -> Result<f32, LabError> {
        /// Characters in one batch: as many as keep the scores within some megabytes.
        const AT_ONCE: usize = 2048;
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
            // A newer request, or the end, is heard between batches.
            ctx.yield_now().await;
        }
        let count = (windows.len() / len.max(1)).max(1) as f32;
        Ok(read_all(losses).await?.iter().sum::<f32>() / count)
    }

    /// The mean loss on windows of `len` characters with logits divided by each temperature.
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

    /// Logits for the character after the last of `ids`, and what every head does on them; with gates, heads are weighed by
    /// them. Comes with the logits of the whole model.
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
        let whole = if gates.is_some() { values.split_off(v.min(values.len())) } else { values.clone() };
        let Sizes { n_layers, n_heads, .. } = self.sizes;
        Ok((values, whole, Snapshot::new(self.step, n_layers as u32, n_heads as u32, chars, &maps)))
    }

    /// The mean loss on sequences that repeat, and what their parts and the heads come to.
    pub async fn judge_repeats(
        &self,
        sequences: &[u8],
        periods: &[usize],
        context: usize,
    ) -> Result<(f32, Induction), LabError> {
        let (inputs, targets) = self.batch(sequences, context + 1);
        let [b, n, _] = inputs.dims();
        let (logits, weights) = self.net().valid().inspect(inputs, None);
        let losses = (log_softmax(logits, 2) * targets).sum_dim(2).neg().reshape([b * n]);
        let [previous, answers] = score_masks(periods, n, &self.device);
        let mut parts = vec![losses];
        for weights in weights {
            let heads = weights.dims()[1];
            for mask in [&previous, &answers] {
                let attended = (weights.clone() * mask.clone()).sum_dim(3).sum_dim(2).sum_dim(0);
                parts.push(attended.reshape([heads]));
            }
        }
        let values = read_all(parts).await?;
        let (losses, scores) = values.split_at((b * n).min(values.len()));
        let mut measured = Induction {
            step: self.step,
            first: mean_loss(losses, n, periods, Part::First),
            second: mean_loss(losses, n, periods, Part::Second),
            ..Induction::default()
        };
        for layer in scores.chunks_exact(2 * self.sizes.n_heads.max(1)) {
            let (previous, induction) = layer.split_at(self.sizes.n_heads);
            measured.previous.extend_from_slice(previous);
            measured.induction.extend_from_slice(induction);
        }
        let mean = losses.iter().sum::<f32>() / losses.len().max(1) as f32;
        Ok((mean, measured))
    }

    /// What every head does on the window.
    pub async fn look(&self, window: &[u8], chars: &[char]) -> Result<Snapshot, LabError> {
        let ids = self.one_hot(window, window.len());
        let (_, weights) = self.net().valid().inspect(ids, None);
        let maps = read_all(weights.into_iter().map(flat).collect()).await?;
        let Sizes { n_layers, n_heads, .. } = self.sizes;
        Ok(Snapshot::new(self.step, n_layers as u32, n_heads as u32, chars, &maps))
    }

    /// The first `len - 1` characters of each window, and those that follow each of them, as one-hot rows.
    fn batch(&self, windows: &[u8], len: usize) -> (Tensor<3>, Tensor<3>) {
        split(self.one_hot(windows, len))
    }

    /// `[batch, len, vocabulary]`
    fn one_hot(&self, ids: &[u8], len: usize) -> Tensor<3> {
        one_hot(numbers(ids, len).tensor(&self.device), &self.kinds)
    }
}

/// All rows of each window but the last, and all but the first: characters, and those that follow each of them.
fn split(all: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let [batch, len, v] = all.dims();
    let last = len.saturating_sub(1);
    (all.clone().slice([0..batch, 0..last, 0..v]), all.slice([0..batch, 1..len, 0..v]))
}

fn flat(weights: Tensor<4>) -> Tensor<1> {
    let n = weights.dims().iter().product::<usize>();
    weights.reshape([n])
}

/// What a head's weights are multiplied by so that their sum is its score: the previous-token score, `[1, 1, n, n]`, and the
/// induction score, `[batch, 1, n, n]`.
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

/// The number of every character: `[1, 1, vocabulary]`.
pub(super) fn kinds(vocabulary: usize, device: &Device) -> Tensor<3> {
    let kinds: Vec<f32> = (0..vocabulary).map(|kind| kind as f32).collect();
    Tensor::from_data(TensorData::new(kinds, [1, 1, vocabulary]), device)
}

/// Sequences of `len` characters as their numbers, `[batch, len, 1]`: one number travels for each character, not a row of them;
/// the rows are made where they are needed.
pub(super) fn numbers(ids: &[u8], len: usize) -> Input {
    let batch = ids.len() / len.max(1);
    Input::new(ids.iter().take(batch * len).map(|&id| id.into()).collect(), [batch, len, 1])
}

/// One-hot rows of [`state_tensors`], `[batch, len, vocabulary]`; `kinds` is what [`kinds`] gives.
pub(super) fn one_hot(numbers: Tensor<3>, kinds: &Tensor<3>) -> Tensor<3> {
    let [batch, len, _] = numbers.dims();
    let shape = [batch, len, kinds.dims()[2]];
    numbers.expand(shape).equal(kinds.clone().expand(shape)).float()
}
