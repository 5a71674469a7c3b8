//! Trains one attention layer on the lookup task, with scaled or unscaled scores, from the same weights and batches.

use super::checks::N_VALUES;
use super::{Attention, Config, Frame, MAX_HEADS, Measured, Projections, Score, Sequence, UNSCALED};
use crate::core::LabError;
use crate::data::lookup::{self, Lookup, token_width};
use crate::models::attention::Heads;
use crate::models::lookup::{LookupNet, Sizes};
use crate::models::weights::WeightRng;
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, at_growing_intervals};
use crate::run::step::{Input, StepOptions, StepOutput};
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::{accuracy, cross_entropy, read, read_all, read_groups};
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use chacha20::ChaCha12Rng;
use rand::SeedableRng;
use std::rc::Rc;

/// The number of held-out sequences.
const N_HELD_OUT: usize = 64;
/// The minimum time between two frames with queries, keys and values, in milliseconds.
const PROJECTIONS_MS: f64 = 400.0;
/// The number of ones in a token: its name, the name it asks about, and its value.
const N_ONES: usize = 3;

const _: () = assert!(N_VALUES as usize == lookup::N_VALUES);

impl Train for Attention {
    type Training = LookupTraining;
}

/// One of the two networks in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct LookupTraining {
    config: Config,
    rng: ChaCha12Rng,
    held_out: HeldOut,
    train_state: TrainState<LookupNet>,
    /// The time of the next frame with queries, keys and values, in milliseconds.
    next_projections: f64,
    scaled: bool,
    scores: Vec<Score>,
}

impl Training<Attention> for LookupTraining {
    type Batch = Vec<Lookup>;

    async fn init(
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
        let mut rng = WeightRng::new(config.seed.into());
        let mut net =
            LookupNet::new(sizes, N_ONES, config.sigma as f32, &mut rng, &device.clone().autodiff());
        if arm == UNSCALED {
            net.attention = net.attention.with_scale(1.0);
        }
        let mut rng = ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0xe7a1);
        let held_out = HeldOut::new(n, &mut rng, device);
        ctx.send(Frame::Sequence(Rc::new(held_out.sequence())));
        Ok(Self {
            rng: ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0x7ead),
            held_out,
            train_state: TrainState::new(net, config.optimizer.init()),
            config,
            next_projections: 0.0,
            scaled: arm != UNSCALED,
            scores: Vec::new(),
        })
    }

    fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    fn state_mut(&mut self) -> &mut dyn AnyTrainState {
        &mut self.train_state
    }

    fn steps(&self) -> u32 {
        self.config.steps
    }

    fn draw(&mut self) -> Vec<Lookup> {
        (0..self.config.batch_size).map(|_| Lookup::draw(self.held_out.n, &mut self.rng)).collect()
    }

    fn step(&mut self, _step: u32, batch: Vec<Lookup>) {
        let n = self.held_out.n;
        let x = Input::new(one_hot(&batch), [batch.len(), n, token_width(n)]);
        let y = Input::one_hot(batch.iter().flat_map(Lookup::answers), lookup::N_VALUES);
        let options = StepOptions::new(self.config.learning_rate);
        self.train_state.step(&[x, y], options, |net, inputs| {
            let (logits, _) = net.forward(inputs.get(0));
            StepOutput::backward(net, cross_entropy(logits, inputs.get(1)))
        });
    }

    fn score_after(&self, step: u32) -> u32 {
        at_growing_intervals(step, 5)
    }

    async fn score(&mut self, step: u32, _ctx: &mut impl RunContext<Attention>) -> Result<(), LabError> {
        let values = read_all(self.held_out.score(&self.train_state.net().valid())).await?;
        if let [accuracy, entropy, right @ ..] = &*values {
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
        let maps = read(self.held_out.maps(&net)).await?;
        let n = self.held_out.n;
        let maps = maps.chunks_exact((n * n).max(1)).map(|head| Rc::new(head.to_vec())).collect();
        let measured = Measured { scores: std::mem::take(&mut self.scores), maps };
        ctx.send(Frame::Train(steps, measured));
        let now = ctx.now_ms();
        if over || now >= self.next_projections {
            let projections = self.held_out.projections(&net).await?;
            ctx.send(Frame::Projected(Rc::new(Projections { scaled: self.scaled, ..projections })));
            self.next_projections = now + PROJECTIONS_MS;
        }
        Ok(())
    }
}

/// Returns one-hot tokens, `[batch, n, token_width]`.
fn one_hot(sequences: &[Lookup]) -> Vec<f32> {
    sequences.iter().flat_map(Lookup::one_hot).collect()
}

/// The held-out sequences. The page shows the first one.
struct HeldOut {
    sequences: Vec<Lookup>,
    x: Tensor<3>,
    targets: Tensor<1, Int>,
    /// One-hot position of the token that each token asks about, `[N_HELD_OUT, 1, n, n]`.
    right: Tensor<4>,
    n: usize,
}

impl HeldOut {
    fn new(n: usize, rng: &mut ChaCha12Rng, device: &Device) -> Self {
        let sequences: Vec<Lookup> = (0..N_HELD_OUT).map(|_| Lookup::draw(n, rng)).collect();
        let targets: Vec<i32> = sequences.iter().flat_map(Lookup::answers).map(i32::from).collect();
        let n_targets = targets.len();
        let positions = sequences.iter().flat_map(Lookup::positions);
        let right: Vec<f32> =
            positions.flat_map(|right| (0..n).map(move |key| if key == right { 1.0 } else { 0.0 })).collect();
        let x = TensorData::new(one_hot(&sequences), [N_HELD_OUT, n, token_width(n)]);
        Self {
            x: Tensor::from_data(x, device),
            targets: Tensor::from_data(TensorData::new(targets, [n_targets]), device),
            right: Tensor::from_data(TensorData::new(right, [N_HELD_OUT, 1, n, n]), device),
            sequences,
            n,
        }
    }

    /// Returns the sequence that the page shows.
    fn sequence(&self) -> Sequence {
        self.sequences.first().map_or_else(Sequence::default, |shown| Sequence {
            names: shown.names.clone(),
            values: shown.values.clone(),
            asks: shown.asks.clone(),
            positions: shown.positions().into_iter().map(|position| position as u32).collect(),
        })
    }

    /// Returns accuracy, mean entropy of the attention weights, and the mean weight of each head on the right token.
    fn score(&self, net: &LookupNet) -> Vec<Tensor<1>> {
        let (logits, weights) = net.forward(self.x.clone());
        let [_, n_heads, n, _] = weights.dims();
        let rows = (N_HELD_OUT * n) as f32;
        let entropy = (weights.clone() * weights.clone().clamp_min(1e-30).log()).sum().neg();
        let right = (weights * self.right.clone()).sum_dim(0).sum_dim(2).sum_dim(3);
        vec![
            accuracy(logits, self.targets.clone()),
            entropy.div_scalar(rows * n_heads as f32),
            right.reshape([n_heads]).div_scalar(rows),
        ]
    }

    /// Returns the attention weights of each head for the shown sequence, flattened.
    fn maps(&self, net: &LookupNet) -> Tensor<1> {
        // A forward pass of only this sequence is much cheaper.
        let (_, weights) = net.forward(self.x.clone().narrow(0, 0, 1));
        let size = weights.shape().num_elements();
        weights.reshape([size])
    }

    /// Reads queries, keys and values of the shown sequence.
    async fn projections(&self, net: &LookupNet) -> Result<Projections, LabError> {
        let Heads { q, k, v } = net.attention.project(net.embed.forward(self.x.clone().narrow(0, 0, 1)));
        let [_, n_heads, n, d_k] = q.dims();
        let heads = n_heads.min(MAX_HEADS);
        let flat = |part: Tensor<4>| vec![part.narrow(1, 0, heads).reshape([heads * n * d_k])];
        let [q, k, v] = read_groups([q, k, v].map(flat)).await?;
        Ok(Projections { n: n as u32, d_k: d_k as u32, q, k, v, scaled: false })
    }
}
