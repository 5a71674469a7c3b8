//! Gradient descent on one weight `w`; the loss is the mean of `(w x - a x)^2` over a batch of random points `x`.

use super::{Config, Frame, Section};
use crate::core::LabError;
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, at_multiples};
use crate::run::optimizer::Optimizer;
use crate::run::step::{Input, StepOptions, StepOutput};
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::read;
use crate::run::{RunContext, Train};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

impl Train for Section {
    type Training = Descent;
}

/// A line through the origin.
#[derive(Module, Debug)]
pub(super) struct Line {
    /// `[1]`
    weight: Param<Tensor<1>>,
}

/// The line in training.
#[allow(missing_debug_implementations, reason = "burn's graph has none")]
pub struct Descent {
    config: Config,
    rng: ChaCha12Rng,
    train_state: TrainState<Line>,
}

impl Training<Section> for Descent {
    /// Points on the x axis.
    type Batch = Vec<f32>;

    async fn init(
        config: Config,
        _arm: usize,
        device: &Device,
        _ctx: &mut impl RunContext<Section>,
    ) -> Result<Self, LabError> {
        let line = Line { weight: Param::from_tensor(Tensor::zeros([1], &device.clone().autodiff())) };
        Ok(Self {
            rng: ChaCha12Rng::seed_from_u64(config.seed.into()),
            train_state: TrainState::new(line, Optimizer::sgd(0.0)),
            config,
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

    fn draw(&mut self) -> Vec<f32> {
        (0..self.config.batch_size).map(|_| self.rng.random_range(-1.0..1.0)).collect()
    }

    async fn step(&mut self, _step: u32, batch: Vec<f32>) -> Result<(), LabError> {
        let n = batch.len();
        let slope = self.config.slope as f32;
        let options = StepOptions::new(self.config.learning_rate);
        let batch = [Input::new(batch, [n])];
        let descend = self.train_state.step(&batch, options, |line, inputs| {
            let x: Tensor<1> = inputs.get(0);
            let error = x.clone() * line.weight.val() - x.mul_scalar(slope);
            StepOutput::backward(line, error.square().mean())
        });
        descend.await.map(drop)
    }

    fn score_after(&self, step: u32) -> u32 {
        at_multiples(step, self.config.steps)
    }

    async fn score(&mut self, _step: u32, _ctx: &mut impl RunContext<Section>) -> Result<(), LabError> {
        Ok(())
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        _over: bool,
        ctx: &mut impl RunContext<Section>,
    ) -> Result<(), LabError> {
        let weight = self.train_state.net().weight.val().inner();
        let weight = read(weight).await?.first().copied().unwrap_or(f32::NAN);
        ctx.send(Frame::Train { steps, weight });
        Ok(())
    }
}
