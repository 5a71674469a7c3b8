//! Training the ordinary net or its separable twin; both see the same batches.

use super::inspect::{inspect, test_batch};
use super::nets::{augment, net, pictures};
use super::{Cnn, Config, Frame, N_CHOICES, N_WRONG, SEPARABLE, Score};
use crate::core::LabError;
use crate::data::batches::Batches;
use crate::data::images::{ImageSet, Images};
use crate::models::cnn::Cnn as Net;
use crate::run::arm::StepBatch;
use crate::run::driver::Training;
use crate::run::images::load;
use crate::run::checkpoint::Checkpoint;
use crate::run::optimizer_kind::OptimizerKind;
use crate::run::train_state::{StepOutput, StepOptions, Input, TrainState};
use crate::run::training::{cross_entropy, first_weight, read};
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use rand::{SeedableRng, rngs::StdRng};
use std::rc::Rc;

/// Test images in one forward pass.
const TEST_BATCH: usize = 250;
/// The feature maps are looked at this often.
const LOOK_MS: f64 = 250.0;

impl Train for Cnn {
    type Training = CnnTraining;
}

/// One of the two nets in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct CnnTraining {
    config: Config,
    evaluator: Evaluator,
    batches: Batches,
    rng: StdRng,
    train_state: TrainState<Net>,
    steps_per_epoch: u32,
    /// The last step that all test images were looked at after.
    looked_at_all: u32,
    /// When an image was last looked at, in milliseconds, and whether another was chosen since.
    looked: f64,
    chosen: bool,
    step: u32,
}

impl Training<Cnn> for CnnTraining {
    async fn begin(
        config: Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<Cnn>,
    ) -> Result<Self, LabError> {
        let images = load(config.dataset, config.n_train as usize, config.n_test as usize, ctx).await?;
        let batch_size = (config.batch_size as usize).clamp(1, images.train.len().max(1));
        let net = net(&config, arm == SEPARABLE, &device.clone().autodiff());
        Ok(Self {
            batches: Batches::new(images.train.len(), config.batch_size as usize, config.seed.into()),
            rng: StdRng::seed_from_u64(u64::from(config.seed) ^ 0x0c40_9f11),
            steps_per_epoch: (images.train.len() / batch_size).max(1) as u32,
            evaluator: Evaluator { images, device: device.clone() },
            train_state: TrainState::new(net, OptimizerKind::Adam.init()),
            config,
            looked_at_all: 0,
            looked: ctx.now_ms(),
            chosen: false,
            step: 0,
        })
    }

    fn steps(&self) -> u32 {
        self.steps_per_epoch.saturating_mul(self.config.epochs)
    }

    fn step(&mut self, step: u32) -> Result<(), LabError> {
        self.step = step;
        let Images { train, moments, .. } = &self.evaluator.images;
        let indices = self.batches.next_batch();
        let (x, labels) = train.augmented(indices, moments, augment(&self.config), &mut self.rng);
        let x = Input::new(x, [labels.len(), train.channels, train.side, train.side]);
        let y = Input::one_hot(labels.into_iter(), self.config.dataset.class_names().len());
        let options = StepOptions { learning_rate: self.config.learning_rate, max_norm: None, variant: Some(0) };
        self.train_state.step(&[x, y], options, |net, inputs| {
            let loss = cross_entropy(net.forward(inputs.get(0)), inputs.get(1));
            StepOutput::by_autodiff(net, loss, |_| Vec::new())
        });
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
        self.step = checkpoint.step;
        for _ in 0..checkpoint.step {
            let n = self.batches.next_batch().len();
            ImageSet::skip_augmented(n, &mut self.rng);
        }
        Ok(())
    }

    fn update(&mut self, config: Config) {
        self.config.learning_rate = config.learning_rate;
        self.chosen |= self.config.image != config.image;
        self.config.image = config.image;
    }

    fn is_due(&self, step: u32) -> bool {
        step.is_multiple_of(self.steps_per_epoch)
    }

    async fn score(&mut self, step: u32, ctx: &mut impl RunContext<Cnn>) -> Result<(), LabError> {
        let score = self.evaluator.score(&self.train_state.net().valid()).await?;
        ctx.send(Frame::Score { epoch: step / self.steps_per_epoch, score: Rc::new(score) });
        self.look_at_all(ctx).await
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        ctx: &mut impl RunContext<Cnn>,
    ) -> Result<(), LabError> {
        ctx.send(Frame::Train { steps, steps_per_epoch: self.steps_per_epoch });
        let now = ctx.now_ms();
        if over && self.looked_at_all != self.step {
            self.look_at_all(ctx).await?;
        } else if self.chosen || now - self.looked >= LOOK_MS {
            (self.looked, self.chosen) = (now, false);
            let last = self.evaluator.choices().saturating_sub(1);
            let index = (self.config.image.saturating_sub(1) as usize).min(last);
            self.look_at(&[index], ctx).await?;
        }
        Ok(())
    }
}

impl CnnTraining {
    async fn look_at_all(&mut self, ctx: &mut impl RunContext<Cnn>) -> Result<(), LabError> {
        self.looked_at_all = self.step;
        let all: Vec<usize> = (0..self.evaluator.choices()).collect();
        self.look_at(&all, ctx).await
    }

    async fn look_at(&self, indices: &[usize], ctx: &mut impl RunContext<Cnn>) -> Result<(), LabError> {
        let Evaluator { images, device } = &self.evaluator;
        let net = self.train_state.net().valid();
        ctx.send(Frame::ActivationMaps(inspect(&net, images, indices, self.step, device).await?));
        Ok(())
    }
}

/// What judges a net while it learns.
struct Evaluator {
    images: Images,
    device: Device,
}

impl Evaluator {
    /// Test images that may be looked at.
    fn choices(&self) -> usize {
        self.images.test.len().min(N_CHOICES)
    }

    /// The net on all test images.
    async fn score(&self, net: &Net) -> Result<Score, LabError> {
        let test = &self.images.test;
        let n_classes = test.class_names.len();
        let mut score = Score { confusion: vec![0; n_classes * n_classes], ..Score::default() };
        let mut wrong = Vec::new();
        let mut right = 0;
        let all: Vec<usize> = (0..test.len()).collect();
        for indices in all.chunks(TEST_BATCH) {
            let p = softmax(net.forward(test_batch(&self.images, indices, &self.device)), 1);
            let p = read(p).await?;
            for (&index, p) in indices.iter().zip(p.chunks_exact(n_classes.max(1))) {
                let best = p.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
                let (Some((predicted, sure)), Some(&label)) = (best, test.labels.get(index)) else {
                    continue;
                };
                let label = usize::from(label);
                if let Some(count) = score.confusion.get_mut(label * n_classes + predicted) {
                    *count += 1;
                }
                if predicted == label {
                    right += 1;
                } else if wrong.len() < N_WRONG {
                    wrong.push(index);
                    score.answers.push((predicted as u8, sure));
                }
            }
        }
        score.accuracy = right as f32 / test.len().max(1) as f32;
        score.wrong = pictures(test, &wrong);
        Ok(score)
    }
}
