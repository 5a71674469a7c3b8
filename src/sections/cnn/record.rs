//! The record of section 2.

use super::{BlockCounts, Config, Cost, Dataset, Frame, ImageView, Pictures, Samples, Score};
use crate::core::curve::Curve;
use crate::core::findings::both;
use crate::data::dataset::SetInfo;
use crate::run::arm::StepBatch;
use crate::run::timing::StepTimes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Everything the page has received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The output size of the convolution of the settings; the outer `Option` is `None` before the probe, the
    /// inner one if the convolution is impossible.
    pub measured: Option<Option<u32>>,
    /// The output sizes of the known convolutions.
    pub known: Rc<Vec<u32>>,
    /// The costs of both blocks, counted.
    pub blocks: Option<BlockCounts>,
    /// The costs of both networks, one per arm, counted.
    pub nets: Option<[Cost; 2]>,
    /// The size of the receptive field of a real stack; the outer `Option` is `None` before the probe, the inner one
    /// if the receptive field is larger than the image on which it is measured.
    pub reach: Option<Option<u32>>,
    /// True if the files of CIFAR-10 are available.
    pub cifar10: bool,
    /// Images of the data set.
    pub samples: Option<Rc<Samples>>,
    /// The activations of the untrained networks for one test image.
    pub untrained: [Option<Rc<ImageView>>; 2],
    /// The results of the untrained networks on some test images.
    pub untrained_scores: [Option<Rc<Score>>; 2],
    /// The runs, one per arm.
    pub arms: [NetRecord; 2],
}

/// The index of the standard CNN among the arms.
pub const CONV: usize = 0;
/// The index of the separable CNN among the arms.
pub const SEPARABLE: usize = 1;

/// The latest activations for each test image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivationMaps(BTreeMap<u32, Rc<ImageView>>);

impl ActivationMaps {
    /// Returns the latest activations for an image.
    pub fn at(&self, image: u32) -> Option<&Rc<ImageView>> {
        self.0.get(&image)
    }
}

/// The misclassified test images of a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Misclassified {
    /// The images with their true classes.
    pub pictures: Pictures,
    /// The predicted class of each, and its probability.
    pub answers: Vec<(u8, f32)>,
}

/// The run of one arm. The order of the fields is the format of saved runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// Loss over steps.
    pub losses: Curve,
    /// Test accuracy over epochs.
    pub accuracies: Curve,
    /// The number of images per class and prediction, `[n_classes, n_classes]`.
    pub confusion: Rc<Vec<u32>>,
    /// The first misclassified test images.
    pub misclassified: Rc<Misclassified>,
    /// The latest activations for each test image.
    pub maps: ActivationMaps,
    /// The number of steps per epoch; 0 before the run.
    pub steps_per_epoch: u32,
    times: StepTimes,
    /// Accuracy on training images over epochs.
    pub train_accuracies: Curve,
}

impl NetRecord {
    fn apply_steps(&mut self, steps: &StepBatch, steps_per_epoch: u32) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        self.times.extend(&steps.times);
        self.steps_per_epoch = steps_per_epoch;
    }

    fn apply_score(&mut self, epoch: u32, score: &Score) {
        self.accuracies.push(epoch, score.accuracy);
        if let Some(accuracy) = score.train_accuracy {
            self.train_accuracies.push(epoch, accuracy);
        }
        self.confusion = Rc::new(score.confusion.clone());
        let Score { misclassified, answers, .. } = score.clone();
        self.misclassified = Rc::new(Misclassified { pictures: misclassified, answers });
    }

    /// Returns the median duration of the latest timed steps on this device, in milliseconds.
    pub fn ms_per_step(&self) -> Option<f64> {
        self.times.median()
    }
}

impl Record {
    pub(super) fn apply_frame(&mut self, arm: usize, frame: Frame) {
        match (frame, self.arms.get_mut(arm)) {
            (Frame::Shapes { measured, known }, _) => {
                (self.measured, self.known) = (Some(measured), Rc::new(known));
            }
            (Frame::Blocks(blocks), _) => self.blocks = Some(blocks),
            (Frame::Nets(costs), _) => self.nets = Some(costs),
            (Frame::Cifar10(cifar10), _) => {
                self.cifar10 = cifar10;
                // Images of a data set that was removed must not stay on the page.
                self.samples.take_if(|samples| !cifar10 && samples.info.dataset == Dataset::Cifar10);
            }
            (Frame::Samples(samples), _) => {
                // Equal images keep their pointer, so that the page does not draw them again.
                if self.samples.as_ref() != Some(&samples) {
                    self.samples = Some(samples);
                }
            }
            (Frame::UntrainedScores(scores), _) => self.untrained_scores = scores.map(Some),
            (Frame::Reach(size), _) => self.reach = Some(size),
            (Frame::Untrained(views), _) => self.untrained = views.map(Some),
            (Frame::Train { steps, steps_per_epoch }, Some(net)) => net.apply_steps(&steps, steps_per_epoch),
            (Frame::Score { epoch, score }, Some(net)) => net.apply_score(epoch, &score),
            (Frame::ActivationMaps(views), Some(net)) => {
                net.maps.0.extend(views.into_iter().map(|view| (view.image, view)));
            }
            (_, None) => {}
        }
    }

    /// Returns the latest activations of an arm's network for a test image; before the run, of the untrained
    /// network.
    pub fn inspection(&self, arm: usize, image: u32) -> Option<&Rc<ImageView>> {
        let trained = self.arms.get(arm).and_then(|net| net.maps.at(image));
        trained.or_else(|| self.untrained.get(arm)?.as_ref().filter(|view| view.image == image))
    }

    /// Returns an arm's confusion matrix and misclassified images, as they were last measured; before the run, those
    /// of the untrained network.
    pub fn tested(&self, arm: usize) -> (Rc<Vec<u32>>, Rc<Misclassified>) {
        let trained = self.arms.get(arm).filter(|net| !net.confusion.is_empty());
        let of_run = trained.map(|net| (net.confusion.clone(), net.misclassified.clone()));
        let untrained = || {
            let Score { confusion, misclassified, answers, .. } =
                self.untrained_scores.get(arm)?.as_deref()?.clone();
            let misclassified = Misclassified { pictures: misclassified, answers };
            Some((Rc::new(confusion), Rc::new(misclassified)))
        };
        of_run.or_else(untrained).unwrap_or_default()
    }

    /// Returns the images if they are those of the settings. Images of another built-in data set stay on the page until those
    /// of the settings are loaded; the user's own do not.
    pub fn samples_of(&self, config: &Config) -> Option<&Rc<Samples>> {
        let is_own = |dataset| dataset == Dataset::Own;
        let may_stay = |samples: &&Rc<Samples>| {
            config.is_data(&samples.info) || !(is_own(config.dataset) || is_own(samples.info.dataset))
        };
        self.samples.as_ref().filter(may_stay)
    }

    /// Returns the loaded data set, if it is that of the settings.
    pub(super) fn info(&self, config: &Config) -> Option<&SetInfo> {
        self.samples.as_ref().map(|samples| &samples.info).filter(|info| config.is_data(info))
    }

    /// Returns the name of each class.
    pub fn class_names(&self, config: &Config) -> Vec<String> {
        config.dataset.names(&config.data, self.info(config))
    }

    /// Returns chance level: the share of the largest class among the held-out pictures. The classes of the built-in data sets
    /// are equally frequent.
    pub fn chance(&self, config: &Config) -> f64 {
        let info = self.info(config).filter(|info| info.dataset == Dataset::Own);
        info.and_then(SetInfo::largest_share).unwrap_or_else(|| config.picture_shape().uniform())
    }

    /// Returns an arm's most probable class and its probability for the first test images, as they were last measured; before
    /// the run, of the untrained network.
    pub fn first_answers(&self, arm: usize) -> Vec<Option<(u8, f32)>> {
        let n = self.samples.as_ref().map_or(0, |samples| samples.test.labels.len());
        let best = |p: &[f32]| {
            let best = p.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
            best.map(|(class, p)| (class as u8, p))
        };
        let untrained = self.untrained_scores.get(arm).and_then(Option::as_deref);
        let answer = |index: usize| {
            let trained = self.arms.get(arm).and_then(|net| net.maps.at(index as u32 + 1));
            let of_untrained = || {
                let score = untrained?;
                let n_classes = score.confusion.len().isqrt().max(1);
                score.first.chunks_exact(n_classes).nth(index)
            };
            trained.map(|view| &*view.probabilities).or_else(of_untrained).and_then(best)
        };
        (0..n).map(answer).collect()
    }

    /// Returns the factor by which the separable CNN needs fewer multiply-accumulates for an image.
    pub fn macs_ratio(&self) -> Option<f64> {
        self.nets.map(|[conv, separable]| conv.multiply_adds as f64 / separable.multiply_adds.max(1) as f64)
    }

    /// Returns the durations of a step in both networks, in milliseconds, once both are known.
    pub(super) fn step_times(&self) -> Option<[f64; 2]> {
        both(|arm| self.arms[arm].ms_per_step())
    }

    /// Returns the factor by which a step of the separable CNN is faster.
    pub fn speedup(&self) -> Option<f64> {
        self.step_times().filter(|[_, separable]| *separable > 0.0).map(|[conv, separable]| conv / separable)
    }

    /// Returns the number of steps that both networks have done.
    pub fn step(&self) -> u32 {
        self.arms.iter().map(|net| net.losses.len() as u32).min().unwrap_or(0)
    }

    /// Returns the number of steps per epoch, or 0 before the run.
    pub fn steps_per_epoch(&self) -> u32 {
        self.arms.iter().map(|net| net.steps_per_epoch).max().unwrap_or(0)
    }

    /// Returns the last epoch after which both networks were tested.
    pub fn epoch(&self) -> u32 {
        let tested = |net: &NetRecord| net.accuracies.last().map_or(0, |(epoch, _)| *epoch as u32);
        self.arms.iter().map(tested).min().unwrap_or(0)
    }

    /// Returns the number of epochs done, including the fraction of the current one.
    pub fn epochs_done(&self) -> Option<f64> {
        let steps = self.steps_per_epoch();
        (steps > 0).then(|| f64::from(self.step()) / f64::from(steps))
    }
}
