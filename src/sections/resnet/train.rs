//! Training the plain net or its residual twin; both see the same batches.

use super::nets::{N_CLASSES, norm, plan};
use super::paths::{Watch, Watched};
use super::{Config, Frame, Measured, Norms, RESIDUAL, ResNet, Score};
use crate::core::LabError;
use crate::data::batches::Batches;
use crate::data::images::{Augment, ImageSet, Images, SIDE};
use crate::models::resnet::ResNet as Net;
use crate::run::arm::StepBatch;
use crate::run::driver::Training;
use crate::run::images::load;
use crate::run::checkpoint::Checkpoint;
use crate::run::train_state::{StepOutput, StepOptions, Input, TrainState};
use crate::run::training::{cross_entropy, first_weight, read, read_groups};
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{SeedableRng, rngs::StdRng};
use std::cell::Cell;
use std::rc::Rc;

/// Training images, where there are as many.
const N_TRAIN: usize = 10_000;
/// Test images that the net is judged on.
const N_TEST: usize = 500;
/// The step at which the net is first judged: soon, so that a reader sees where the curves begin.
const FIRST_SCORE: u32 = 5;
/// Test images that go through a net at once.
const TEST_BATCH: usize = 100;

impl Train for ResNet {
    type Training = ResNetTraining;
}

/// One of the two nets in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct ResNetTraining {
    task: Task,
    device: Device,
    batches: Batches,
    augment: Augment,
    rng: StdRng,
    train_state: TrainState<Net>,
    /// Steps whose gradients were measured, and one norm for each block and step, on the device.
    norm_steps: Vec<u32>,
    norms: Vec<Tensor<1>>,
    /// The last of these steps: signal and gradient on every path, on the device; and what they are.
    on_paths: Option<(u32, Vec<Tensor<1>>)>,
    watched: Option<Watched>,
    learning_rate: f64,
    steps: u32,
    norm_interval: u32,
    next_score: u32,
    scores: Vec<Score>,
}

impl Training<ResNet> for ResNetTraining {
    async fn begin(
        config: Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<ResNet>,
    ) -> Result<Self, LabError> {
        let images = load(config.dataset, N_TRAIN, N_TEST, ctx).await?;
        let plan = plan(&config, arm == RESIDUAL, config.batch_norm);
        let net = Net::new(&plan, config.seed.into(), &device.clone().autodiff());
        Ok(Self {
            batches: Batches::new(images.train.len(), config.batch_size as usize, config.seed.into()),
            task: Task { side: config.side as usize, images },
            device: device.clone(),
            augment: Augment { crop: config.augment, flip: config.augment },
            rng: StdRng::seed_from_u64(u64::from(config.seed) ^ 0xc20b),
            train_state: TrainState::new(net, config.optimizer.init()),
            norm_steps: Vec::new(),
            norms: Vec::new(),
            on_paths: None,
            watched: None,
            learning_rate: config.learning_rate,
            steps: config.steps,
            norm_interval: config.norm_interval(),
            next_score: FIRST_SCORE,
            scores: Vec::new(),
        })
    }

    fn steps(&self) -> u32 {
        self.steps
    }

    fn step(&mut self, step: u32) -> Result<(), LabError> {
        let batch = self.task.batch(self.batches.next_batch(), self.augment, &mut self.rng);
        let measured = (step - 1).is_multiple_of(self.norm_interval);
        let options = StepOptions { learning_rate: self.learning_rate, max_norm: None, variant: Some(measured.into()) };
        let watched = Cell::new(None);
        let mut values = self.train_state.step(&batch, options, |net, inputs| {
            if !measured {
                let loss = cross_entropy(net.forward(inputs.get(0)), inputs.get(1));
                return StepOutput::by_autodiff(net, loss, |_| Vec::new());
            }
            let mut watch = Watch::new(net);
            let logits = net.forward_with(inputs.get(0), |index, place, h| watch.at(index, place, h));
            StepOutput::by_autodiff(net, cross_entropy(logits, inputs.get(1)), |grads| {
                let (places, values) = watch.measured(grads);
                watched.set(Some(places));
                let norms = net.first_convs().filter_map(|weight| weight.val().grad(grads).map(norm));
                norms.chain(values).collect()
            })
        });
        if measured {
            // A step that is replayed measures what the one that was recorded did.
            self.watched = watched.take().or(self.watched.take());
            let on_paths = values.split_off(self.train_state.net().blocks.len().min(values.len()));
            self.norm_steps.push(step);
            self.norms.extend(values);
            self.on_paths = Some((step, on_paths));
        }
        Ok(())
    }

    fn take_losses(&mut self) -> Vec<Tensor<1>> {
        self.train_state.take_losses()
    }

    fn sync_tensor(&self) -> Option<Tensor<1>> {
        Some(first_weight(&self.train_state.net().head))
    }

    fn state_tensors(&self) -> (u32, Vec<Tensor<1>>) {
        self.train_state.state_tensors()
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError> {
        self.train_state.restore(checkpoint)?;
        for step in 1..=checkpoint.step {
            let n = self.batches.next_batch().len();
            ImageSet::skip_augmented(n, &mut self.rng);
            if self.is_due(step) {
                self.next_score = self.score_after(step);
            }
        }
        Ok(())
    }

    fn update(&mut self, config: Config) {
        self.learning_rate = config.learning_rate;
    }

    fn is_due(&self, step: u32) -> bool {
        step >= self.next_score
    }

    async fn score(&mut self, step: u32, _out: &mut impl RunContext<ResNet>) -> Result<(), LabError> {
        self.next_score = self.score_after(step);
        let test = self.task.accuracy(&self.train_state.net().valid(), &self.device).await?;
        self.scores.push(Score { step, test });
        Ok(())
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        _over: bool,
        ctx: &mut impl RunContext<ResNet>,
    ) -> Result<(), LabError> {
        let (step, values) = self.on_paths.take().unwrap_or_default();
        let [norms, values] = read_groups([std::mem::take(&mut self.norms), values]).await?;
        let watched = self.watched.as_ref().filter(|_| !values.is_empty());
        let paths = watched.map(|watched| Rc::new(watched.paths(step, &values)));
        let rows = norms.chunks_exact(self.train_state.net().blocks.len().max(1));
        let norm_steps = std::mem::take(&mut self.norm_steps);
        let norms = norm_steps.into_iter().zip(rows).map(|(step, row)| Norms { step, blocks: row.to_vec() });
        let measured = Measured { scores: std::mem::take(&mut self.scores), norms: norms.collect(), paths };
        ctx.send(Frame::Train { steps, measured });
        Ok(())
    }
}

impl ResNetTraining {
    /// When the net is judged again.
    fn score_after(&self, step: u32) -> u32 {
        let every = (self.steps / 10).max(20);
        (step / every + 1) * every
    }
}

/// The images, and the side that the nets see them with.
struct Task {
    side: usize,
    images: Images,
}

impl Task {
    /// Images `[n, channels, side, side]` and their one-hot classes.
    fn batch(&self, indices: &[usize], augment: Augment, rng: &mut StdRng) -> [Input; 2] {
        let Images { train, moments, .. } = &self.images;
        let (values, labels) = train.augmented(indices, moments, augment, rng);
        let shape = [labels.len(), train.channels, self.side, self.side];
        [Input::new(averaged(values, SIDE, self.side), shape), Input::one_hot(labels.into_iter(), N_CLASSES)]
    }

    /// The share of right answers on the test images, with the running statistics of batch norm.
    async fn accuracy(&self, net: &Net, device: &Device) -> Result<f32, LabError> {
        let Images { test, moments, .. } = &self.images;
        let mut right = Vec::new();
        let mut n = 0;
        for start in (0..test.len()).step_by(TEST_BATCH) {
            let indices: Vec<usize> = (start..(start + TEST_BATCH).min(test.len())).collect();
            let (values, labels) = test.batch(&indices, moments);
            let rows = labels.len();
            let shape = [rows, test.channels, self.side, self.side];
            let x = Tensor::from_data(TensorData::new(averaged(values, SIDE, self.side), shape), device);
            let labels: Vec<i32> = labels.into_iter().map(i32::from).collect();
            let y = Tensor::<1, burn::tensor::Int>::from_data(TensorData::new(labels, [rows]), device);
            right.push(net.forward(x).argmax(1).reshape([rows]).equal(y).float().sum());
            n += rows;
        }
        let right = read(Tensor::cat(right, 0).sum()).await?;
        Ok(right.first().copied().unwrap_or_default() / n.max(1) as f32)
    }
}

/// Square planes, `from` wide, with each square of pixels that becomes one pixel replaced by its mean.
fn averaged(planes: Vec<f32>, from: usize, to: usize) -> Vec<f32> {
    let k = from / to.max(1);
    if k <= 1 {
        return planes;
    }
    let mut means = Vec::with_capacity(planes.len() / (k * k));
    for band in planes.chunks_exact(k * from) {
        for col in 0..to {
            let rows = band.chunks_exact(from);
            let sum: f32 = rows.map(|row| row[col * k..(col + 1) * k].iter().sum::<f32>()).sum();
            means.push(sum / (k * k) as f32);
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::averaged;

    #[test]
    fn squares_become_their_means() {
        let plane: Vec<f32> = (0..16).map(|i| i as f32).collect();
        assert_eq!(averaged(plane.clone(), 4, 2), [2.5, 4.5, 10.5, 12.5]);
        assert_eq!(averaged(plane.clone(), 4, 4), plane);
    }
}
