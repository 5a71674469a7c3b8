//! Training the net and its separable twin on the same batches.

use super::nets::{augment, net, pictures};
use super::{
    Cnn, Config, Frame, ImageView, Maps, N_CHOICES, N_MAPS, N_WRONG, NetStepBatch, NetView, Score, Scores,
    StepBatch,
};
use crate::core::{LabError, Progress};
use crate::data::batches::Batches;
use crate::data::images::Images;
use crate::models::cnn::Cnn as Net;
use crate::run::images::load;
use crate::run::optimizer::Optimizer;
use crate::run::training::{TrainState, check_finite, cross_entropy, one_hot, read, read_groups};
use crate::run::{RunContext, Tick, Train};
use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{SeedableRng, rngs::StdRng};
use std::rc::Rc;

/// Test images in one forward pass.
const TEST_BATCH: usize = 250;
/// The feature maps are looked at this often.
const LOOK_MS: f64 = 250.0;

impl Train for Cnn {
    async fn run(config: Config, device: &Device, out: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let images = load(config.dataset, config.n_train as usize, config.n_test as usize, out).await?;
        let mut batches = Batches::new(images.train.len(), config.batch_size as usize, config.seed.into());
        let batch_size = (config.batch_size as usize).clamp(1, images.train.len().max(1));
        let steps_per_epoch = (images.train.len() / batch_size).max(1) as u32;
        let steps = steps_per_epoch.saturating_mul(config.epochs);
        let training = device.clone().autodiff();
        let mut nets = [false, true]
            .map(|separable| TrainState::new(net(&config, separable, &training), Optimizer::Adam.init()));
        let mut rng = StdRng::seed_from_u64(u64::from(config.seed) ^ 0x0c40_9f11);
        let eyes = Evaluator { images: &images, device };
        let mut learning_rate = config.learning_rate;
        let mut image = config.image;

        let mut step_batch = StepBatch { first_step: 1, steps_per_epoch, ..StepBatch::default() };
        out.send(Frame::Scores(Rc::new(eyes.score(&nets, 0).await?)));
        out.send(Frame::Looks(Rc::new(eyes.look_at_all(&nets, 0).await?)));
        // A step that follows a frame is timed: nothing else is queued up on the device then. The first step is not, since
        // it also makes the device ready.
        let mut timed = false;
        let mut looked = out.now_ms();

        for step in 1..=steps {
            let indices = batches.next_batch();
            let (x, labels) = images.train.augmented(indices, &images.moments, augment(&config), &mut rng);
            let x = eyes.tensor(x, labels.len(), &training);
            let y = one_hot(labels.into_iter(), config.dataset.class_names().len(), &training);
            let parts = [&mut step_batch.conv, &mut step_batch.separable];
            for (net, part) in nets.iter_mut().zip(parts) {
                let began = out.now_ms();
                let loss = cross_entropy(net.net.forward(x.clone()), y.clone());
                net.descend(loss, learning_rate, None, |_, _| {});
                if timed && let Some(bias) = &net.net.head.bias {
                    // The last numbers that a step changes: when they are there, it is done.
                    read(bias.val().inner()).await?;
                    part.times.push((out.now_ms() - began) as f32);
                }
            }
            timed = false;
            let last = step == steps;
            let tick = out.step_done(Progress { step, steps }).await;
            let mut chosen = false;
            if let Some(changed) = out.update() {
                learning_rate = changed.learning_rate;
                chosen = image != changed.image;
                image = changed.image;
            }
            // After the tick, which takes the time of a step: tests are none.
            let epoch_ends = step % steps_per_epoch == 0;
            if tick != Tick::Continue || last || epoch_ends {
                drain(&mut nets, &mut step_batch, step).await?;
                out.send(Frame::Train(Rc::new(next(&mut step_batch, step))));
                timed = true;
                let now = out.now_ms();
                if tick == Tick::Stop && !epoch_ends {
                    out.send(Frame::Looks(Rc::new(eyes.look_at_all(&nets, step).await?)));
                } else if chosen || now - looked >= LOOK_MS {
                    looked = now;
                    let index = (image.saturating_sub(1) as usize).min(eyes.choices().saturating_sub(1));
                    out.send(Frame::Looks(Rc::new(eyes.look(&nets, &[index], step).await?)));
                }
            }
            if epoch_ends {
                out.send(Frame::Scores(Rc::new(eyes.score(&nets, step / steps_per_epoch).await?)));
                out.send(Frame::Looks(Rc::new(eyes.look_at_all(&nets, step).await?)));
            }
            if tick == Tick::Stop {
                break;
            }
        }
        Ok(())
    }
}

/// The stretch that is over; the next one begins after `step`.
fn next(step_batch: &mut StepBatch, step: u32) -> StepBatch {
    let begun = StepBatch {
        first_step: step + 1,
        steps_per_epoch: step_batch.steps_per_epoch,
        conv: NetStepBatch::default(),
        separable: NetStepBatch::default(),
    };
    std::mem::replace(step_batch, begun)
}

/// Reads the losses that both nets left on the device, in one read.
async fn drain(
    nets: &mut [TrainState<Net>; 2],
    step_batch: &mut StepBatch,
    step: u32,
) -> Result<(), LabError> {
    let [conv, separable] = nets.each_mut().map(TrainState::take_losses);
    let [conv, separable] = read_groups([conv, separable]).await?;
    let parts = [
        (&mut step_batch.conv, conv, "convolutional net"),
        (&mut step_batch.separable, separable, "separable net"),
    ];
    for (part, losses, which) in parts {
        check_finite(&losses, step + 1 - losses.len() as u32, which)?;
        part.losses.extend(losses);
    }
    Ok(())
}

/// What looks at the nets while they learn.
struct Evaluator<'a> {
    images: &'a Images,
    device: &'a Device,
}

impl Evaluator<'_> {
    /// `[n, channels, side, side]`
    fn tensor(&self, values: Vec<f32>, n: usize, device: &Device) -> Tensor<4> {
        let set = &self.images.train;
        Tensor::from_data(TensorData::new(values, [n, set.channels, set.side, set.side]), device)
    }

    fn test_batch(&self, indices: &[usize]) -> Tensor<4> {
        let (values, labels) = self.images.test.batch(indices, &self.images.moments);
        self.tensor(values, labels.len(), self.device)
    }

    /// Test images that may be looked at.
    fn choices(&self) -> usize {
        self.images.test.len().min(N_CHOICES)
    }

    /// Both nets on all test images.
    async fn score(&self, nets: &[TrainState<Net>; 2], epoch: u32) -> Result<Scores, LabError> {
        let [conv, separable] = nets;
        Ok(Scores { epoch, conv: self.score_one(conv).await?, separable: self.score_one(separable).await? })
    }

    async fn score_one(&self, train_state: &TrainState<Net>) -> Result<Score, LabError> {
        let net = train_state.net.valid();
        let test = &self.images.test;
        let n_classes = test.class_names.len();
        let mut score = Score { confusion: vec![0; n_classes * n_classes], ..Score::default() };
        let mut wrong = Vec::new();
        let mut right = 0;
        let all: Vec<usize> = (0..test.len()).collect();
        for indices in all.chunks(TEST_BATCH) {
            let p = softmax(net.forward(self.test_batch(indices)), 1);
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

    async fn look_at_all(&self, nets: &[TrainState<Net>; 2], step: u32) -> Result<Vec<ImageView>, LabError> {
        let all: Vec<usize> = (0..self.choices()).collect();
        self.look(nets, &all, step).await
    }

    /// What both nets make of some test images.
    async fn look(
        &self,
        nets: &[TrainState<Net>; 2],
        indices: &[usize],
        step: u32,
    ) -> Result<Vec<ImageView>, LabError> {
        let x = self.test_batch(indices);
        let [conv, separable] = nets;
        let conv = look_through(&conv.net.valid(), x.clone()).await?;
        let separable = look_through(&separable.net.valid(), x).await?;
        let looks = indices.iter().zip(conv).zip(separable);
        let look = |((&index, conv), separable)| ImageView { image: index as u32 + 1, step, conv, separable };
        Ok(looks.map(look).collect())
    }
}

/// The maps of each block, one entry an image.
async fn look_through(net: &Net, x: Tensor<4>) -> Result<Vec<NetView>, LabError> {
    let [n, _, _, _] = x.dims();
    let (maps, logits) = net.forward_blocks(x);
    let flat = |map: &Tensor<4>| map.clone().reshape([map.shape().num_elements()]);
    let shapes: Vec<[usize; 4]> = maps.iter().map(|map| map.dims()).collect();
    let first = net
        .blocks
        .first()
        .and_then(|block| block.convolutions().first().map(|conv| flat(&conv.weight.val())));
    let [_, n_classes] = logits.dims();
    let p = softmax(logits, 1).reshape([n * n_classes]);
    let groups = [first.into_iter().collect(), vec![p], maps.iter().map(flat).collect()];
    let [filters, p, maps] = read_groups(groups).await?;
    let mut looks: Vec<NetView> = p
        .chunks_exact(n_classes.max(1))
        .map(|p| NetView { filters: filters.clone(), blocks: Vec::new(), probabilities: p.to_vec() })
        .collect();
    let mut rest = maps.as_slice();
    for [n, channels, side, width] in shapes {
        let size = channels * side * width;
        let (block, after) = rest.split_at((n * size).min(rest.len()));
        rest = after;
        for (look, values) in looks.iter_mut().zip(block.chunks_exact(size.max(1))) {
            let shown = channels.min(N_MAPS) * side * width;
            let values = values.iter().take(shown).copied().collect();
            look.blocks.push(Maps { channels: channels as u32, side: side as u32, values });
        }
    }
    Ok(looks)
}
