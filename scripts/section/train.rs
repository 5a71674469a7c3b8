//! Gradient descent on one weight: the mean of `(w x - a x)^2`.

use super::{Config, Frame, Section};
use crate::core::{LabError, Progress};
use crate::run::training::{check_finite, read};
use crate::run::{RunContext, Tick, Train};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng, rngs::StdRng};

impl Train for Section {
async fn run(
    config: Config,
    device: &Device,
    out: &mut impl RunContext<Self>,
) -> Result<(), LabError> {
    let mut rng = StdRng::seed_from_u64(config.seed.into());
    let mut learning_rate = config.learning_rate;
    let (mut weight, mut losses, mut first_step) = (0.0f32, Vec::new(), 1);
    for step in 1..=config.steps {
        let xs: Vec<f32> = (0..config.batch_size).map(|_| rng.random_range(-1.0..1.0)).collect();
        let x = Tensor::<1>::from_data(TensorData::new(xs, [config.batch_size as usize]), device);
        let error = x.clone().mul_scalar(weight - config.slope as f32);
        let loss = error.clone().square().mean();
        let gradient = (error * x).mean().mul_scalar(2.0);
        let numbers = read(Tensor::cat(vec![loss, gradient], 0)).await?;
        if let [loss, gradient] = numbers[..] {
            check_finite(&[loss], step, "line")?;
            losses.push(loss);
            weight -= learning_rate as f32 * gradient;
        }
        let tick = out.step_done(Progress { step, steps: config.steps }).await;
        if let Some(changed) = out.update() {
            learning_rate = changed.learning_rate;
        }
        if tick != Tick::Continue || step == config.steps {
            out.send(Frame::Train { first_step, losses: std::mem::take(&mut losses), weight });
            first_step = step + 1;
        }
        if tick == Tick::Stop {
            break;
        }
    }
    Ok(())
}
}
