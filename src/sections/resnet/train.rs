//! Trains the plain or the residual network; both see the same batches.

use super::answers::{answers, sample_batches};
use super::nets::{load, norm, plan};
use super::paths::{Watch, Watched};
use super::{Config, Frame, Measured, Norms, RESIDUAL, ResNet, Score};
use crate::core::LabError;
use crate::data::batches::Batches;
use crate::data::images::{Augment, ImageDraw, ImageSet, Images, SIDE, downsampled};
use crate::models::resnet::ResNet as Net;
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, at_multiples};
use crate::run::step::{Input, StepOptions, StepOutput};
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::{cross_entropy, read, read_groups};
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use chacha20::ChaCha12Rng;
use rand::SeedableRng;
use std::cell::Cell;
use std::rc::Rc;

/// The minimum number of training images whose accuracy is measured, if there are as many.
const MIN_TRAIN: usize = 20;
/// The number of test images per forward pass.
const TEST_BATCH: usize = 100;

impl Train for ResNet {
    type Training = ResNetTraining;
}

/// One of the two networks in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct ResNetTraining {
    config: Config,
    task: Task,
    device: Device,
    batches: Batches,
    rng: ChaCha12Rng,
    train_state: TrainState<Net>,
    /// The training error of each step since the last report, on the device.
    errors: Vec<Tensor<1>>,
    /// The steps whose gradients were measured, and a norm for each block and step, on the device.
    norm_steps: Vec<u32>,
    norms: Vec<Tensor<1>>,
    /// The last of these steps, and signal and gradient on every path, on the device.
    on_paths: Option<(u32, Vec<Tensor<1>>)>,
    /// The positions of these values.
    watched: Option<Watched>,
    scores: Vec<Score>,
    /// The sample images and the first held-out images, and the probabilities of the classes since the last report.
    samples: [Tensor<4>; 2],
    answers: [Option<Rc<Vec<f32>>>; 2],
}

impl Training<ResNet> for ResNetTraining {
    type Batch = Vec<ImageDraw>;

    /// An early score shows the start of the curves.
    const FIRST_SCORE: u32 = 5;

    async fn init(
        config: Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<ResNet>,
    ) -> Result<Self, LabError> {
        let images = load(&config, ctx).await?;
        let plan = plan(&config, arm == RESIDUAL, config.batch_norm);
        let net = Net::new(&plan, config.seed.into(), &device.clone().autodiff());
        let samples = sample_batches(&config, &images, device);
        Ok(Self {
            batches: Batches::new(images.train.len(), config.batch_size as usize, config.seed.into()),
            task: Task { side: config.side as usize, images },
            device: device.clone(),
            rng: ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0xc20b),
            train_state: TrainState::new(net, config.optimizer.init()),
            config,
            errors: Vec::new(),
            norm_steps: Vec::new(),
            norms: Vec::new(),
            on_paths: None,
            watched: None,
            scores: Vec::new(),
            samples,
            answers: [None, None],
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

    fn draw(&mut self) -> Vec<ImageDraw> {
        self.batches.next_batch().iter().map(|&index| ImageDraw::new(index, &mut self.rng)).collect()
    }

    async fn step(&mut self, step: u32, batch: Vec<ImageDraw>) -> Result<(), LabError> {
        let augment = Augment { crop: self.config.augment, flip: self.config.augment };
        let batch = self.task.batch(&batch, augment);
        let measured = (step - 1).is_multiple_of(self.config.norm_interval());
        // Norms of gradients are not means.
        let options = StepOptions {
            variant: Some(measured.into()),
            whole: measured,
            ..StepOptions::new(self.config.learning_rate)
        };
        let watched = Cell::new(None);
        let descend = self.train_state.step(&batch, options, |net, inputs| {
            if !measured {
                let logits = net.forward(inputs.get(0));
                let error = batch_error(logits.clone().inner(), inputs.inner(1));
                let loss = cross_entropy(logits, inputs.get(1));
                return StepOutput::backward_with(net, loss, |_| vec![error]);
            }
            let mut watch = Watch::new(net);
            let logits = net.forward_with(inputs.get(0), |index, position, h| watch.at(index, position, h));
            let error = batch_error(logits.clone().inner(), inputs.inner(1));
            StepOutput::backward_with(net, cross_entropy(logits, inputs.get(1)), |grads| {
                let (positions, values) = watch.measured(grads);
                watched.set(Some(positions));
                let norms = net.first_convs().filter_map(|weight| weight.val().grad(grads).map(norm));
                norms.chain(values).chain([error]).collect()
            })
        });
        let mut values = descend.await?;
        self.errors.extend(values.pop());
        if measured {
            // A replayed step does not run the closure; it measures the same positions as the captured step.
            self.watched = watched.take().or(self.watched.take());
            let on_paths = values.split_off(self.train_state.net().blocks.len().min(values.len()));
            self.norm_steps.push(step);
            self.norms.extend(values);
            self.on_paths = Some((step, on_paths));
        }
        Ok(())
    }

    fn score_after(&self, step: u32) -> u32 {
        at_multiples(step, (self.config.steps / 10).max(20))
    }

    async fn score(&mut self, step: u32, _ctx: &mut impl RunContext<ResNet>) -> Result<(), LabError> {
        let net = self.train_state.net().valid();
        let Images { train, test, .. } = &self.task.images;
        let n_train = test.len().max(MIN_TRAIN);
        let train = self.task.accuracy(&net, train, n_train, &self.device).await?;
        let test = self.task.accuracy(&net, test, test.len(), &self.device).await?;
        for (found, images) in self.answers.iter_mut().zip(&self.samples) {
            *found = Some(Rc::new(answers(&net, images.clone()).await?));
        }
        self.scores.push(Score { step, test, train });
        Ok(())
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        _over: bool,
        ctx: &mut impl RunContext<ResNet>,
    ) -> Result<(), LabError> {
        let (step, values) = self.on_paths.take().unwrap_or_default();
        let errors = std::mem::take(&mut self.errors);
        let [errors, norms, values] = read_groups([errors, std::mem::take(&mut self.norms), values]).await?;
        let watched = self.watched.as_ref().filter(|_| !values.is_empty());
        let paths = watched.map(|watched| Rc::new(watched.paths(step, &values)));
        let rows = norms.chunks_exact(self.train_state.net().blocks.len().max(1));
        let norm_steps = std::mem::take(&mut self.norm_steps);
        let norms = norm_steps.into_iter().zip(rows).map(|(step, row)| Norms { step, blocks: row.to_vec() });
        let scores = std::mem::take(&mut self.scores);
        let [answers, held_out] = self.answers.each_mut().map(Option::take);
        let measured = Measured { errors, scores, norms: norms.collect(), paths, answers, held_out };
        ctx.send(Frame::Train { steps, measured });
        Ok(())
    }
}

/// Returns the fraction of rows whose largest logit is not the target's. A row with NaN counts as wrong.
///
/// # Shapes
///
/// - logits: `[n, n_classes]`
/// - targets: `[n, n_classes]`, one-hot
/// - output: `[1]`
fn batch_error(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let of_target = (logits.clone() * targets).sum_dim(1);
    let correct = of_target.greater_equal(logits.max_dim(1)).float().mean();
    correct.neg().add_scalar(1.0)
}

/// The images, and the side to which they are averaged.
struct Task {
    side: usize,
    images: Images,
}

impl Task {
    /// Returns training images, `[n, channels, side, side]`, and their one-hot classes.
    fn batch(&self, draws: &[ImageDraw], augment: Augment) -> [Input; 2] {
        let Images { train, stats, .. } = &self.images;
        let (values, labels) = train.augmented(draws, stats, augment);
        let shape = [labels.len(), train.channels, self.side, self.side];
        let x = Input::new(downsampled(values, SIDE, self.side), shape);
        [x, Input::one_hot(labels.into_iter(), train.class_names.len())]
    }

    /// Returns the accuracy on the first `n` images of a set, with the running statistics of batch norm.
    async fn accuracy(&self, net: &Net, set: &ImageSet, n: usize, device: &Device) -> Result<f32, LabError> {
        let stats = &self.images.stats;
        let len = set.len().min(n);
        let mut correct = Vec::new();
        let mut n = 0;
        for start in (0..len).step_by(TEST_BATCH) {
            let indices: Vec<usize> = (start..(start + TEST_BATCH).min(len)).collect();
            let (values, labels) = set.batch(&indices, stats);
            let rows = labels.len();
            let shape = [rows, set.channels, self.side, self.side];
            let x = Tensor::from_data(TensorData::new(downsampled(values, SIDE, self.side), shape), device);
            let labels: Vec<i32> = labels.into_iter().map(i32::from).collect();
            let y = Tensor::<1, Int>::from_data(TensorData::new(labels, [rows]), device);
            correct.push(net.forward(x).argmax(1).reshape([rows]).equal(y).float().sum());
            n += rows;
        }
        let correct = read(Tensor::cat(correct, 0).sum()).await?;
        Ok(correct.first().copied().unwrap_or_default() / n.max(1) as f32)
    }
}

#[cfg(all(test, feature = "cpu"))]
mod tests {
    use super::*;
    use crate::run::training::one_hot;

    #[test]
    fn wrong_predictions_are_counted() {
        let device = Device::flex();
        let logits = Tensor::<2>::from_floats(
            [[0.1, 2.0, -1.0], [3.0, 0.0, 0.0], [0.0, 1.0, 5.0], [f32::NAN, 1.0, 0.0]],
            &device,
        );
        let error = |targets: [u8; 4]| {
            let targets = one_hot(targets.into_iter(), 3, &device);
            batch_error(logits.clone(), targets).into_data().try_to_vec::<f32>().unwrap_or_default()
        };
        assert_eq!(error([1, 0, 2, 1]), [0.25], "only the row with NaN is wrong");
        assert_eq!(error([1, 1, 2, 0]), [0.5]);
        assert_eq!(error([0, 1, 0, 2]), [1.0]);
    }
}
