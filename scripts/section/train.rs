//! Gradient descent on one weight `w`; the loss is the mean of `(w x - a x)^2` over a batch of random points `x`.

use super::{Config, Frame, Section};
use crate::core::LabError;
use crate::run::arm::StepBatch;
use crate::run::checkpoint::Checkpoint;
use crate::run::driver::Training;
use crate::run::training::read;
use crate::run::{RunContext, Train};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng, rngs::StdRng};

impl Train for Section {
    type Training = Descent;
}

/// The state of the training.
#[derive(Debug)]
pub struct Descent {
    config: Config,
    device: Device,
    points: StdRng,
    /// Shape: `[1]`.
    weight: Tensor<1>,
    losses: Vec<Tensor<1>>,
}

impl Training<Section> for Descent {
    async fn begin(
        config: Config,
        _arm: usize,
        device: &Device,
        _ctx: &mut impl RunContext<Section>,
    ) -> Result<Self, LabError> {
        Ok(Self {
            points: StdRng::seed_from_u64(config.seed.into()),
            weight: Tensor::zeros([1], device),
            losses: Vec::new(),
            device: device.clone(),
            config,
        })
    }

    fn steps(&self) -> u32 {
        self.config.steps
    }

    fn step(&mut self, _step: u32) -> Result<(), LabError> {
        let xs = self.draw();
        let n = xs.len();
        let x = Tensor::<1>::from_data(TensorData::new(xs, [n]), &self.device);
        let error = x.clone() * self.weight.clone().sub_scalar(self.config.slope as f32);
        self.losses.push(error.clone().square().mean());
        let gradient = (error * x).mean().mul_scalar(2.0);
        self.weight = self.weight.clone() - gradient.mul_scalar(self.config.learning_rate as f32);
        Ok(())
    }

    fn take_losses(&mut self) -> Vec<Tensor<1>> {
        std::mem::take(&mut self.losses)
    }

    fn sync_tensor(&self) -> Option<Tensor<1>> {
        Some(self.weight.clone())
    }

    fn state_tensors(&self) -> (u32, Vec<Tensor<1>>) {
        (0, vec![self.weight.clone()])
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError> {
        let weight = checkpoint.numbers.first().copied().unwrap_or_default();
        self.weight = Tensor::from_data(TensorData::new(vec![weight], [1]), &self.device);
        // The random stream continues where it was.
        (0..checkpoint.step).for_each(|_| drop(self.draw()));
        Ok(())
    }

    fn update(&mut self, config: Config) {
        self.config.learning_rate = config.learning_rate;
    }

    fn is_due(&self, _step: u32) -> bool {
        false
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
        let weight = read(self.weight.clone()).await?.first().copied().unwrap_or(f32::NAN);
        ctx.send(Frame::Train { steps, weight });
        Ok(())
    }
}

impl Descent {
    /// Returns the points of the next step.
    fn draw(&mut self) -> Vec<f32> {
        (0..self.config.batch_size).map(|_| self.points.random_range(-1.0..1.0)).collect()
    }
}
