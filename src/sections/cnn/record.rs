//! What the page has heard of section 2.

use super::{BlockCounts, Cost, Frame, ImageView, NetStepBatch, Pictures, Samples, Score};
use crate::core::curve::Curve;
use crate::run::timing::StepTimes;
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
    pub steps_per_epoch: u32,
    pub step: u32,
    /// The last epoch that both nets were tested after.
    pub epoch: u32,
    pub conv: NetRecord,
    pub separable: NetRecord,
    pub looks: Looks,
}

/// The latest look at each of the test images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looks(BTreeMap<u32, Rc<ImageView>>);

impl Looks {
    /// The latest look at an image.
    pub fn at(&self, image: u32) -> Option<&Rc<ImageView>> {
        self.0.get(&image)
    }
}

/// The test images that a net is wrong about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wrongs {
    pub pictures: Pictures,
    /// The class that it took each for, and how sure it was.
    pub answers: Vec<(u8, f32)>,
}

/// One net's run so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetRecord {
    /// Step and loss.
    pub losses: Curve,
    /// Epoch and test accuracy.
    pub accuracies: Curve,
    /// `[class, predicted]`: how many.
    pub confusion: Rc<Vec<u32>>,
    pub wrong: Rc<Wrongs>,
    times: StepTimes,
}

impl NetRecord {
    fn absorb(&mut self, first_step: u32, step_batch: &NetStepBatch) {
        self.losses.extend_steps(first_step, &step_batch.losses);
        self.times.extend(&step_batch.times);
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
    pub(super) fn absorb(&mut self, frame: Frame) {
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
            Frame::Train(step_batch) => {
                self.steps_per_epoch = step_batch.steps_per_epoch;
                self.conv.absorb(step_batch.first_step, &step_batch.conv);
                self.separable.absorb(step_batch.first_step, &step_batch.separable);
                self.step = self.conv.losses.len() as u32;
            }
            Frame::Scores(scores) => {
                self.epoch = scores.epoch;
                self.conv.score(scores.epoch, &scores.conv);
                self.separable.score(scores.epoch, &scores.separable);
            }
            Frame::Looks(looks) => {
                self.looks.0.extend(looks.iter().map(|look| (look.image, Rc::new(look.clone()))));
            }
        }
    }

    fn shows_cifar10(&self) -> bool {
        self.samples.as_ref().is_some_and(|samples| samples.dataset == super::Dataset::Cifar10)
    }

    pub(super) fn clear_run(&mut self) {
        let kept = std::mem::take(self);
        *self = Self {
            measured: kept.measured,
            known: kept.known,
            blocks: kept.blocks,
            nets: kept.nets,
            cifar10: kept.cifar10,
            samples: kept.samples,
            ..Self::default()
        };
    }

    /// Epochs done, the part of the one that goes on included.
    pub fn epochs_done(&self) -> Option<f64> {
        (self.steps_per_epoch > 0).then(|| f64::from(self.step) / f64::from(self.steps_per_epoch))
    }
}
