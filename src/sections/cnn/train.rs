//! Trains the standard or the separable CNN; both see the same batches.

use super::inspect::inspect;
use super::nets::{augment, load, net};
use super::score::{score, train_accuracy};
use super::{Cnn, Config, Frame, N_CHOICES, SEPARABLE};
use crate::core::LabError;
use crate::data::batches::Batches;
use crate::data::images::{ImageDraw, Images};
use crate::models::cnn::Cnn as Net;
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, at_multiples};
use crate::run::optimizer_kind::OptimizerKind;
use crate::run::step::{Input, StepOptions, StepOutput};
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::cross_entropy;
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::Device;
use chacha20::ChaCha12Rng;
use rand::SeedableRng;
use std::rc::Rc;

/// The minimum time between two frames with feature maps.
const MAPS_MS: f64 = 250.0;

impl Train for Cnn {
    type Training = CnnTraining;
}

/// One of the two networks in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct CnnTraining {
    config: Config,
    images: Images,
    device: Device,
    batches: Batches,
    rng: ChaCha12Rng,
    train_state: TrainState<Net>,
    steps_per_epoch: u32,
    /// The step after which the maps of all selectable images were last sent.
    inspected_all: u32,
    /// The time of the last frame with maps of the selected image, in milliseconds, and that image.
    inspected_ms: f64,
    inspected_image: u32,
}

impl Training<Cnn> for CnnTraining {
    type Batch = Vec<ImageDraw>;

    async fn init(
        config: Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<Cnn>,
    ) -> Result<Self, LabError> {
        let images = load(&config, ctx).await?;
        let batch_size = (config.batch_size as usize).clamp(1, images.train.len().max(1));
        let net = net(&config, arm == SEPARABLE, &device.clone().autodiff());
        Ok(Self {
            batches: Batches::new(images.train.len(), batch_size, config.seed.into()),
            rng: ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0x0c40_9f11),
            steps_per_epoch: (images.train.len() / batch_size).max(1) as u32,
            images,
            device: device.clone(),
            train_state: TrainState::new(net, OptimizerKind::Adam.init()),
            inspected_all: 0,
            inspected_ms: ctx.now_ms(),
            inspected_image: config.image,
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
        self.steps_per_epoch.saturating_mul(self.config.epochs)
    }

    fn draw(&mut self) -> Vec<ImageDraw> {
        self.batches.next_batch().iter().map(|&index| ImageDraw::new(index, &mut self.rng)).collect()
    }

    async fn step(&mut self, _step: u32, batch: Vec<ImageDraw>) -> Result<(), LabError> {
        let Images { train, stats, .. } = &self.images;
        let (x, labels) = train.augmented(&batch, stats, augment(&self.config));
        let x = Input::new(x, [labels.len(), train.channels, train.side, train.side]);
        let y = Input::one_hot(labels.into_iter(), train.class_names.len());
        let options = StepOptions::new(self.config.learning_rate);
        let batch = [x, y];
        let descend = self.train_state.step(&batch, options, |net, inputs| {
            let logits = net.forward(inputs.get(0));
            StepOutput::backward(net, cross_entropy(logits, inputs.get(1)))
        });
        descend.await.map(drop)
    }

    fn score_after(&self, step: u32) -> u32 {
        at_multiples(step, self.steps_per_epoch)
    }

    async fn score(&mut self, step: u32, ctx: &mut impl RunContext<Cnn>) -> Result<(), LabError> {
        let net = self.train_state.net().valid();
        let mut score = score(&net, &self.images, self.images.test.len(), &self.device).await?;
        score.train_accuracy = Some(train_accuracy(&net, &self.images, &self.device).await?);
        ctx.send(Frame::Score { epoch: step / self.steps_per_epoch, score: Rc::new(score) });
        self.inspect_all(ctx).await
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        ctx: &mut impl RunContext<Cnn>,
    ) -> Result<(), LabError> {
        ctx.send(Frame::Train { steps, steps_per_epoch: self.steps_per_epoch });
        let now = ctx.now_ms();
        let image = self.config.image;
        if over && self.inspected_all != self.train_state.steps_done() {
            self.inspect_all(ctx).await?;
        } else if self.inspected_image != image || now - self.inspected_ms >= MAPS_MS {
            (self.inspected_ms, self.inspected_image) = (now, image);
            let last = self.n_choices().saturating_sub(1);
            self.inspect(&[(image.saturating_sub(1) as usize).min(last)], ctx).await?;
        }
        Ok(())
    }
}

impl CnnTraining {
    /// Returns the number of test images that can be selected.
    fn n_choices(&self) -> usize {
        self.images.test.len().min(N_CHOICES)
    }

    async fn inspect_all(&mut self, ctx: &mut impl RunContext<Cnn>) -> Result<(), LabError> {
        self.inspected_all = self.train_state.steps_done();
        let all: Vec<usize> = (0..self.n_choices()).collect();
        self.inspect(&all, ctx).await
    }

    /// Sends the feature maps of some test images.
    async fn inspect(&self, indices: &[usize], ctx: &mut impl RunContext<Cnn>) -> Result<(), LabError> {
        let (net, step) = (self.train_state.net().valid(), self.train_state.steps_done());
        let views = inspect(&net, &self.images, indices, step, &self.device).await?;
        ctx.send(Frame::ActivationMaps(views));
        Ok(())
    }
}
