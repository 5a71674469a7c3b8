//! What the page has heard of section 2.

use super::{BlockCounts, Cost, Frame, ImageView, Pictures, Samples, Score};
use crate::core::curve::Curve;
use crate::run::arm::StepBatch;
use crate::run::timing::StepTimes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::rc::Rc;

/// All that the page has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// What the convolution of the settings gave; the outer one is `None` before the probe.
    pub measured: Option<Option<u32>>,
    /// What the known convolutions gave.
    pub known: Rc<Vec<u32>>,
    pub blocks: Option<BlockCounts>,
    /// The nets: ordinary and separable.
    pub nets: Option<[Cost; 2]>,
    pub cifar10: bool,
    pub samples: Option<Rc<Samples>>,
    /// What the nets make of one test image before any training.
    pub untrained: [Option<Rc<ImageView>>; 2],
    pub arms: [NetRecord; 2],
}

/// The ordinary net among the arms.
pub const CONV: usize = 0;
/// Its separable twin.
pub const SEPARABLE: usize = 1;

/// The latest look at each of the test images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivationMaps(BTreeMap<u32, Rc<ImageView>>);

impl ActivationMaps {
    /// The latest look at an image.
    pub fn at(&self, image: u32) -> Option<&Rc<ImageView>> {
        self.0.get(&image)
    }
}

/// The test images that a net is wrong about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wrongs {
    pub pictures: Pictures,
    /// The class that it took each for, and how sure it was.
    pub answers: Vec<(u8, f32)>,
}

/// One net's run so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// Step and loss.
    pub losses: Curve,
    /// Epoch and test accuracy.
    pub accuracies: Curve,
    /// `[class, predicted]`: how many.
    pub confusion: Rc<Vec<u32>>,
    pub wrong: Rc<Wrongs>,
    pub looks: ActivationMaps,
    pub steps_per_epoch: u32,
    times: StepTimes,
}

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        self.times.extend(&steps.times);
    }

    fn score(&mut self, epoch: u32, score: &Score) {
        self.accuracies.push(epoch, score.accuracy);
        self.confusion = Rc::new(score.confusion.clone());
        self.wrong = Rc::new(Wrongs { pictures: score.wrong.clone(), answers: score.answers.clone() });
    }

    /// How long a step takes on this device, in milliseconds: the median of the last ones that were waited for.
    pub fn ms_per_step(&self) -> Option<f64> {
        self.times.median()
    }
}

impl Record {
    pub(super) fn apply_frame(&mut self, arm: usize, frame: Frame) {
        match frame {
            Frame::Shapes { measured, known } => {
                (self.measured, self.known) = (Some(measured), Rc::new(known))
            }
            Frame::Blocks(blocks) => self.blocks = Some(blocks),
            Frame::Nets { conv, separable } => self.nets = Some([conv, separable]),
            Frame::Available { cifar10 } => {
                self.cifar10 = cifar10;
                // Samples of what is no longer there would be a lie.
                if !cifar10 && self.shows_cifar10() {
                    self.samples = None;
                }
            }
            Frame::Samples(samples) => {
                // The same images again keep their pointer, so that nothing is drawn anew.
                if self.samples.as_ref() != Some(&samples) {
                    self.samples = Some(samples);
                }
            }
            Frame::Untrained(looks) => self.untrained = looks.map(Some),
            Frame::Train { steps, steps_per_epoch } => self.with_arm(arm, |net| {
                net.steps_per_epoch = steps_per_epoch;
                net.apply_frame(&steps);
            }),
            Frame::Score { epoch, score } => self.with_arm(arm, |net| net.score(epoch, &score)),
            Frame::ActivationMaps(looks) => {
                let looks = looks.into_iter().map(|look| (look.image, look));
                self.with_arm(arm, |net| net.looks.0.extend(looks));
            }
        }
    }

    fn with_arm(&mut self, arm: usize, change: impl FnOnce(&mut NetRecord)) {
        if let Some(net) = self.arms.get_mut(arm) {
            change(net);
        }
    }

    fn shows_cifar10(&self) -> bool {
        self.samples.as_ref().is_some_and(|samples| samples.dataset == super::Dataset::Cifar10)
    }

    /// The latest look of an arm's net at a test image; before the run, that of the untrained net.
    pub fn inspect(&self, arm: usize, image: u32) -> Option<&Rc<ImageView>> {
        let trained = self.arms.get(arm).and_then(|net| net.looks.at(image));
        trained.or_else(|| self.untrained.get(arm)?.as_ref().filter(|look| look.image == image))
    }

    /// How many times fewer multiply-accumulates the separable net needs for an image.
    pub fn macs_ratio(&self) -> Option<f64> {
        self.nets.map(|[conv, separable]| conv.multiply_adds as f64 / separable.multiply_adds.max(1) as f64)
    }

    /// How many times faster a step of the separable net is.
    pub fn speedup(&self) -> Option<f64> {
        let [conv, separable] = &self.arms;
        Some(conv.ms_per_step()? / separable.ms_per_step().filter(|ms| *ms > 0.0)?)
    }

    /// The steps that both nets have done.
    pub fn step(&self) -> u32 {
        self.arms.iter().map(|net| net.losses.len() as u32).min().unwrap_or(0)
    }

    /// 0 before the run.
    pub fn steps_per_epoch(&self) -> u32 {
        self.arms.iter().map(|net| net.steps_per_epoch).max().unwrap_or(0)
    }

    /// The last epoch that both nets were tested after.
    pub fn epoch(&self) -> u32 {
        let tested = |net: &NetRecord| net.accuracies.last().map_or(0, |(epoch, _)| *epoch as u32);
        self.arms.iter().map(tested).min().unwrap_or(0)
    }

    /// Epochs done, the part of the one that goes on included.
    pub fn epochs_done(&self) -> Option<f64> {
        let steps = self.steps_per_epoch();
        (steps > 0).then(|| f64::from(self.step()) / f64::from(steps))
    }
}
