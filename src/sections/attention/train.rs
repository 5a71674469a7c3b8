//! Trains one attention layer on a look-up task: with scaled or unscaled scores from the same weights, or with several
//! heads or one. Both networks see the same batches.

use super::task::{HeldOut, network, one_hot};
use super::{Attention, Config, Frame, Measured, Score, Task, UNSCALED};
use crate::core::LabError;
use crate::data::lookup::{self, Lookup, token_width};
use crate::models::lookup::LookupNet;
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, at_growing_intervals};
use crate::run::step::{Input, StepOptions, StepOutput};
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::{cross_entropy, read, read_all};
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::Device;
use chacha20::ChaCha12Rng;
use rand::SeedableRng;
use std::rc::Rc;

/// The minimum time between two frames with queries, keys and values, in milliseconds.
const PROJECTIONS_MS: f64 = 400.0;

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
        let net = network(&config, arm, &device.clone().autodiff());
        let held_out = HeldOut::new(&config, device);
        ctx.send(Frame::Sequence(Rc::new(held_out.sequence()), held_out.second_question().map(Rc::new)));
        Ok(Self {
            rng: ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0x7ead),
            held_out,
            train_state: TrainState::new(net, config.optimizer.init()),
            scaled: config.task != Task::LookUp || arm != UNSCALED,
            config,
            next_projections: 0.0,
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
        let (n, questions) = (self.held_out.n, self.config.task.questions());
        (0..self.config.batch_size).map(|_| Lookup::draw(n, questions, &mut self.rng)).collect()
    }

    async fn step(&mut self, _step: u32, batch: Vec<Lookup>) -> Result<(), LabError> {
        let n = self.held_out.n;
        let x = Input::new(one_hot(&batch), [batch.len(), n, token_width(n, self.config.task.questions())]);
        let y = Input::one_hot(batch.iter().flat_map(Lookup::answers), lookup::N_VALUES);
        let options = StepOptions::new(self.config.learning_rate);
        let batch = [x, y];
        let descend = self.train_state.step(&batch, options, |net, inputs| {
            let (logits, _) = net.forward(inputs.get(0));
            StepOutput::backward(net, cross_entropy(logits, inputs.get(1)))
        });
        descend.await.map(drop)
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
            let projections = self.held_out.projections(&net, self.scaled).await?;
            ctx.send(Frame::Projected(Rc::new(projections)));
            self.next_projections = now + PROJECTIONS_MS;
        }
        Ok(())
    }
}
