//! Training the plain net and its residual twin on the same batches.

use super::nets::{N_CLASSES, norm, plan};
use super::{Config, Frame, NetStepBatch, Norms, Optimizer, ResNet, Score, StepBatch};
use crate::core::{LabError, Progress};
use crate::data::batches::Batches;
use crate::data::images::{Augment, Images, SIDE};
use crate::models::resnet::ResNet as Net;
use crate::run::images::load;
use crate::run::training::{TrainState, check_finite, cross_entropy, one_hot, read, read_groups};
use crate::run::{RunContext, Tick, Train};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{SeedableRng, rngs::StdRng};
use std::rc::Rc;

/// Training images, where there are as many.
const N_TRAIN: usize = 10_000;
/// Test images that both nets are judged on.
const N_TEST: usize = 500;
/// The step at which the nets are first judged: soon, so that a reader sees where the curves begin.
const FIRST_SCORE: u32 = 5;
/// Test images that go through a net at once.
const TEST_BATCH: usize = 100;

impl Train for ResNet {
    async fn run(config: Config, device: &Device, out: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let images = load(config.dataset, N_TRAIN, N_TEST, out).await?;
        let task = Task { side: config.side as usize, images };
        let autodiff = device.clone().autodiff();
        let learner = |shortcuts| {
            let plan = plan(&config, shortcuts, config.batch_norm);
            Learner::new(Net::new(&plan, config.seed.into(), &autodiff), config.optimizer)
        };
        let mut nets = [learner(false), learner(true)];
        let mut batches =
            Batches::new(task.images.train.len(), config.batch_size as usize, config.seed.into());
        let mut rng = StdRng::seed_from_u64(u64::from(config.seed) ^ 0xc20b);
        let augment = Augment { crop: config.augment, flip: config.augment };
        let mut learning_rate = config.learning_rate;
        let every = config.norm_interval();
        let score_interval = (config.steps / 10).max(20);
        let mut next_score = FIRST_SCORE;

        let mut step_batch = StepBatch { first_step: 1, ..StepBatch::default() };
        for step in 1..=config.steps {
            let (x, y) = task.batch(batches.next_batch(), augment, &mut rng, &autodiff);
            for net in &mut nets {
                net.step(x.clone(), y.clone(), learning_rate, ((step - 1) % every == 0).then_some(step));
            }
            let last = step == config.steps;
            let tick = out.step_done(Progress { step, steps: config.steps }).await;
            if step == next_score || last {
                next_score = (step / score_interval + 1) * score_interval;
                drain(&mut nets, &mut step_batch, step).await?;
                task.score(&nets, step, device, &mut step_batch).await?;
            }
            if let Some(changed) = out.update() {
                learning_rate = changed.learning_rate;
            }
            if tick != Tick::Continue || last {
                drain(&mut nets, &mut step_batch, step).await?;
                out.send(Frame::Train(Rc::new(std::mem::take(&mut step_batch))));
                step_batch.first_step = step + 1;
            }
            if tick == Tick::Stop {
                break;
            }
        }
        Ok(())
    }
}

/// A net in training, and gradient norms that are still on the device.
struct Learner {
    train_state: TrainState<Net>,
    /// Steps, and one norm for each block and step.
    norm_steps: Vec<u32>,
    norms: Vec<Tensor<1>>,
}

impl Learner {
    fn new(net: Net, optimizer: Optimizer) -> Self {
        Self {
            train_state: TrainState::new(net, optimizer.init()),
            norm_steps: Vec::new(),
            norms: Vec::new(),
        }
    }

    /// One step; with a number for the step, its gradient norms are kept.
    fn step(&mut self, x: Tensor<4>, y: Tensor<2>, learning_rate: f64, measured: Option<u32>) {
        let Self { train_state, norm_steps, norms } = self;
        let loss = cross_entropy(train_state.net.forward(x), y);
        train_state.descend(loss, learning_rate, None, |net, grads| {
            if let Some(step) = measured {
                norm_steps.push(step);
                norms.extend(net.first_convs().filter_map(|weight| weight.val().grad(grads).map(norm)));
            }
        });
    }
}

/// Reads what both nets left on the device, in one read.
async fn drain(nets: &mut [Learner; 2], step_batch: &mut StepBatch, step: u32) -> Result<(), LabError> {
    let [plain, residual] = nets;
    let groups = [
        plain.train_state.take_losses(),
        std::mem::take(&mut plain.norms),
        residual.train_state.take_losses(),
        std::mem::take(&mut residual.norms),
    ];
    let [losses_p, norms_p, losses_r, norms_r] = read_groups(groups).await?;
    add(&mut step_batch.plain, plain, "plain net", losses_p, &norms_p, step)?;
    add(&mut step_batch.residual, residual, "residual net", losses_r, &norms_r, step)
}

fn add(
    part: &mut NetStepBatch,
    net: &mut Learner,
    which: &str,
    losses: Vec<f32>,
    norms: &[f32],
    step: u32,
) -> Result<(), LabError> {
    check_finite(&losses, step + 1 - losses.len() as u32, which)?;
    part.losses.extend(losses);
    let rows = norms.chunks_exact(net.train_state.net.blocks.len().max(1));
    let steps = std::mem::take(&mut net.norm_steps);
    part.norms.extend(steps.into_iter().zip(rows).map(|(step, row)| Norms { step, blocks: row.to_vec() }));
    Ok(())
}

/// The images, and the side that the nets see them with.
struct Task {
    side: usize,
    images: Images,
}

impl Task {
    fn batch(
        &self,
        indices: &[usize],
        augment: Augment,
        rng: &mut StdRng,
        device: &Device,
    ) -> (Tensor<4>, Tensor<2>) {
        let Images { train, moments, .. } = &self.images;
        let (values, labels) = train.augmented(indices, moments, augment, rng);
        let shape = [labels.len(), train.channels, self.side, self.side];
        let x = Tensor::from_data(TensorData::new(averaged(values, SIDE, self.side), shape), device);
        (x, one_hot(labels.into_iter(), N_CLASSES, device))
    }

    /// Measures the test accuracies of both nets, with the running statistics of batch norm.
    async fn score(
        &self,
        nets: &[Learner; 2],
        step: u32,
        device: &Device,
        step_batch: &mut StepBatch,
    ) -> Result<(), LabError> {
        let Images { test, moments, .. } = &self.images;
        for (learner, part) in nets.iter().zip([&mut step_batch.plain, &mut step_batch.residual]) {
            let net = learner.train_state.net.valid();
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
            let share = right.first().copied().unwrap_or_default() / n.max(1) as f32;
            part.scores.push(Score { step, test: share });
        }
        Ok(())
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
