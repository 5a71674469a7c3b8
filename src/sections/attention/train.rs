//! Training one attention layer on the look-up task, scaled or unscaled, from the same weights on the same batches.

use super::checks::N_VALUES;
use super::{Attention, Config, Frame, MAX_HEADS, Measured, Projections, Score, Sequence, UNSCALED};
use crate::core::LabError;
use crate::data::lookup::{self, Lookup, token_width};
use crate::models::attention::Heads;
use crate::models::lookup::{LookupNet, Sizes};
use crate::models::weights::WeightRng;
use crate::run::arm::StepBatch;
use crate::run::driver::Training;
use crate::run::checkpoint::Checkpoint;
use crate::run::train_state::{StepOutput, StepOptions, Input, TrainState};
use crate::run::training::{accuracy, cross_entropy, first_weight, read, read_all, read_groups};
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::{SeedableRng, rngs::StdRng};
use std::rc::Rc;

/// Sequences that the net is judged on.
const N_SCORED: usize = 64;
/// Queries, keys and values are sent at most this often, in milliseconds between two times.
const PROJECTED_MS: f64 = 400.0;
/// A token is a name, a question and a value.
const N_ONES: usize = 3;

const _: () = assert!(N_VALUES as usize == lookup::N_VALUES);

impl Train for Attention {
    type Training = LookupTraining;
}

/// One of the two nets in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct LookupTraining {
    config: Config,
    draws: StdRng,
    evaluation: Evaluation,
    train_state: TrainState<LookupNet>,
    next_score: u32,
    /// When queries, keys and values are next sent, in milliseconds of the run's clock.
    next_projected: f64,
    scaled: bool,
    scores: Vec<Score>,
}

impl Training<Attention> for LookupTraining {
    async fn begin(
        config: Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<Attention>,
    ) -> Result<Self, LabError> {
        let n = config.n_tokens as usize;
        let sizes = Sizes {
            d_in: token_width(n),
            d_model: config.d_model as usize,
            n_heads: config.n_heads as usize,
            d_k: config.d_k as usize,
            n_classes: lookup::N_VALUES,
        };
        let autodiff = device.clone().autodiff();
        let mut rng = WeightRng::new(config.seed.into());
        let mut net = LookupNet::new(sizes, N_ONES, config.sigma as f32, &mut rng, &autodiff);
        if arm == UNSCALED {
            net.attention = net.attention.with_scale(1.0);
        }
        let mut held_out = StdRng::seed_from_u64(u64::from(config.seed) ^ 0xe7a1);
        let evaluation = Evaluation::new(n, &mut held_out, device);
        ctx.send(Frame::Sequence(Rc::new(evaluation.sequence())));
        Ok(Self {
            draws: StdRng::seed_from_u64(u64::from(config.seed) ^ 0x7ead),
            evaluation,
            train_state: TrainState::new(net, config.optimizer.init()),
            config,
            next_score: 0,
            next_projected: 0.0,
            scaled: arm != UNSCALED,
            scores: Vec::new(),
        })
    }

    fn steps(&self) -> u32 {
        self.config.steps
    }

    fn step(&mut self, _step: u32) -> Result<(), LabError> {
        let n = self.evaluation.n;
        let sequences = self.draw();
        let tokens = Input::new(tokens(&sequences), [sequences.len(), n, token_width(n)]);
        let answers = Input::one_hot(sequences.iter().flat_map(Lookup::answers), lookup::N_VALUES);
        let options = StepOptions { learning_rate: self.config.learning_rate, max_norm: None, variant: Some(0) };
        self.train_state.step(&[tokens, answers], options, |net, inputs| {
            let loss = cross_entropy(net.forward(inputs.get(0)).0, inputs.get(1));
            StepOutput::by_autodiff(net, loss, |_| Vec::new())
        });
        Ok(())
    }

    fn take_losses(&mut self) -> Vec<Tensor<1>> {
        self.train_state.take_losses()
    }

    fn sync_tensor(&self) -> Option<Tensor<1>> {
        Some(first_weight(&self.train_state.net().readout))
    }

    fn state_tensors(&self) -> (u32, Vec<Tensor<1>>) {
        self.train_state.state_tensors()
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError> {
        self.train_state.restore(checkpoint)?;
        for step in 0..=checkpoint.step {
            if step > 0 {
                self.draw();
            }
            if self.is_due(step) {
                self.next_score = score_after(step);
            }
        }
        Ok(())
    }

    fn update(&mut self, config: Config) {
        self.config.learning_rate = config.learning_rate;
    }

    fn is_due(&self, step: u32) -> bool {
        step >= self.next_score
    }

    async fn score(&mut self, step: u32, _out: &mut impl RunContext<Attention>) -> Result<(), LabError> {
        self.next_score = score_after(step);
        let numbers = read_all(self.evaluation.score(&self.train_state.net().valid())).await?;
        if let [accuracy, entropy, right @ ..] = &*numbers {
            self.scores.push(Score { step, accuracy: *accuracy, entropy: *entropy, right: right.to_vec() });
        }
        Ok(())
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        ctx: &mut impl RunContext<Attention>,
    ) -> Result<(), LabError> {
        let net = self.train_state.net().valid();
        let maps = read(self.evaluation.maps(&net)).await?;
        let n = self.evaluation.n;
        let maps = maps.chunks_exact((n * n).max(1)).map(|head| Rc::new(head.to_vec())).collect();
        let measured = Measured { scores: std::mem::take(&mut self.scores), maps };
        ctx.send(Frame::Train { steps, measured });
        let began = ctx.now_ms();
        if over || began >= self.next_projected {
            let projections = self.evaluation.projections(&net).await?;
            ctx.send(Frame::Projected(Rc::new(Projections { scaled: self.scaled, ..projections })));
            self.next_projected = began + PROJECTED_MS;
        }
        Ok(())
    }
}

impl LookupTraining {
    /// The sequences of the next batch.
    fn draw(&mut self) -> Vec<Lookup> {
        let n = self.evaluation.n;
        (0..self.config.batch_size).map(|_| Lookup::draw(n, &mut self.draws)).collect()
    }
}

/// When a net is judged again: often at first; later, each tenth of the way.
fn score_after(step: u32) -> u32 {
    if step == 0 { 1 } else { step + (step / 10).max(5) }
}

/// `[batch, n, token_width]`, end to end.
fn tokens(sequences: &[Lookup]) -> Vec<f32> {
    sequences.iter().flat_map(Lookup::one_hot).collect()
}

/// The fixed sequences that the net is judged on.
struct Evaluation {
    sequences: Vec<Lookup>,
    x: Tensor<3>,
    targets: Tensor<1, Int>,
    /// One where the token that is asked about stands: `[n_scored, 1, n, n]`.
    right: Tensor<4>,
    n: usize,
}

impl Evaluation {
    fn new(n: usize, rng: &mut StdRng, device: &Device) -> Self {
        let sequences: Vec<Lookup> = (0..N_SCORED).map(|_| Lookup::draw(n, rng)).collect();
        let targets: Vec<i32> = sequences.iter().flat_map(Lookup::answers).map(i32::from).collect();
        let n_targets = targets.len();
        let positions = sequences.iter().flat_map(Lookup::positions);
        let right: Vec<f32> =
            positions.flat_map(|right| (0..n).map(move |key| if key == right { 1.0 } else { 0.0 })).collect();
        Self {
            x: Tensor::from_data(TensorData::new(tokens(&sequences), [N_SCORED, n, token_width(n)]), device),
            targets: Tensor::from_data(TensorData::new(targets, [n_targets]), device),
            right: Tensor::from_data(TensorData::new(right, [N_SCORED, 1, n, n]), device),
            sequences,
            n,
        }
    }

    /// The sequence that the maps are drawn for.
    fn sequence(&self) -> Sequence {
        self.sequences.first().map_or_else(Sequence::default, |shown| Sequence {
            names: shown.names.clone(),
            values: shown.values.clone(),
            asks: shown.asks.clone(),
            positions: shown.positions().into_iter().map(|position| position as u32).collect(),
        })
    }

    /// Accuracy, mean entropy, and the mean weight of each head on the right token.
    fn score(&self, net: &LookupNet) -> Vec<Tensor<1>> {
        let (logits, weights) = net.forward(self.x.clone());
        let [_, n_heads, n, _] = weights.dims();
        let rows = (N_SCORED * n) as f32;
        let entropy = (weights.clone() * weights.clone().clamp_min(1e-30).log()).sum().neg();
        let right = (weights * self.right.clone()).sum_dim(0).sum_dim(2).sum_dim(3);
        vec![
            accuracy(logits, self.targets.clone()),
            entropy.div_scalar(rows * n_heads as f32),
            right.reshape([n_heads]).div_scalar(rows),
        ]
    }

    /// The weights of each head for the shown sequence, laid end to end.
    fn maps(&self, net: &LookupNet) -> Tensor<1> {
        // One sequence alone is much less work than all.
        let (_, weights) = net.forward(self.x.clone().narrow(0, 0, 1));
        let size = weights.shape().num_elements();
        weights.reshape([size])
    }

    /// Queries, keys and values of the shown sequence: what its maps come from.
    async fn projections(&self, net: &LookupNet) -> Result<Projections, LabError> {
        let Heads { q, k, v } = net.attention.project(net.embed.forward(self.x.clone().narrow(0, 0, 1)));
        let [_, n_heads, n, d_k] = q.dims();
        let heads = n_heads.min(MAX_HEADS);
        let flat = |part: Tensor<4>| vec![part.narrow(1, 0, heads).reshape([heads * n * d_k])];
        let [q, k, v] = read_groups([q, k, v].map(flat)).await?;
        Ok(Projections { n: n as u32, d_k: d_k as u32, q, k, v, scaled: false })
    }
}
