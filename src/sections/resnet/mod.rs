//! Section 3: the effect of shortcuts on gradients and on training.
//!
//! The probe counts parameters, follows the shapes through a real network, and measures one backward pass
//! through a plain and a residual network, with and without batch norm. The run trains both on the same
//! batches.

#[cfg(feature = "compute")]
mod answers;
mod chapters;
mod checks;
mod code;
mod config;
mod decay;
mod experiments;
mod findings;
mod formulas;
mod metrics;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
mod paths;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod shortcut_check;
#[cfg(feature = "compute")]
mod train;
mod untrained;

pub use config::{BlockChoice, Config, DEPTHS, InitChoice, OrderChoice, ShortcutChoice};
pub use decay::{Cause, Decay, cause, decay};
pub use findings::{MEASURED_ON, Spread, TRAINING_ERRORS};
pub use formulas::params_formula;
#[cfg(feature = "page")]
pub use panel::{ResNetPanel, cover};
pub use paths::{BlockPaths, Flow as PathFlow, Paths, ShortcutKind};
pub use untrained::{DepthFlow, Flow, N_HELD_OUT, NetFlow, Pictures, Samples, ShortcutCheck, Structure};

use crate::core::curve::{Curve, RunSeries};
pub use crate::data::dataset::Dataset;
use crate::data::dataset::SetInfo;
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
pub use crate::run::optimizer_kind::OptimizerKind;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 3.
#[derive(Debug)]
pub struct ResNet;

/// A message from the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The networks as they were built.
    Structure(Rc<Structure>),
    /// Gradients of the untrained networks that were measured so far.
    Flow {
        /// True for the batch norm of the settings, false for the other choice.
        chosen: bool,
        /// The gradients.
        flow: Rc<Flow>,
    },
    /// The shortcut of the residual network's first block with a stride of 2, computed twice.
    Shortcut(Rc<ShortcutCheck>),
    /// Test images, and the answers of both untrained networks.
    Samples(Rc<Samples>),
    /// The untrained networks of the prepared sweep over [`DEPTHS`].
    Depths(Rc<Vec<DepthFlow>>),
    /// The next steps of an arm's training.
    Train {
        /// The steps and their losses.
        steps: StepBatch,
        /// Measurements since the last report.
        measured: Measured,
    },
}

/// Measurements of a network since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The fraction of wrong predictions in the batch of each step.
    pub errors: Vec<f32>,
    /// Test accuracies, at the steps where they were measured.
    pub scores: Vec<Score>,
    /// Gradient norms, at the steps where they were measured.
    pub norms: Vec<Norms>,
    /// Signal and gradient on every path at the last measured step.
    pub paths: Option<Rc<Paths>>,
    /// The probabilities of the classes for the sample images, if they were measured.
    pub answers: Option<Rc<Vec<f32>>>,
    /// The same for the first held-out images.
    pub held_out: Option<Rc<Vec<f32>>>,
}

/// The gradient norms of the first convolution of every block at one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Norms {
    /// The training step.
    pub step: u32,
    /// One norm per block.
    pub blocks: Vec<f32>,
}

/// The test accuracy of a network at one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The training step.
    pub step: u32,
    /// Accuracy on held-out images.
    pub test: f32,
    /// Accuracy on as many training images, without augmentation.
    pub train: f32,
}

/// Everything the page has received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The networks as they were built.
    pub structure: Option<Rc<Structure>>,
    /// The flow with the batch norm of the settings.
    pub flow: Option<Rc<Flow>>,
    /// The flow with the other setting of batch norm.
    pub other_flow: Option<Rc<Flow>>,
    /// A shortcut of the residual network, computed twice.
    pub shortcut: Option<Rc<ShortcutCheck>>,
    /// Test images, and the answers of both untrained networks.
    pub samples: Option<Rc<Samples>>,
    /// The untrained networks of the prepared sweep.
    pub depths: Option<Rc<Vec<DepthFlow>>>,
    /// The runs, one per arm.
    pub arms: [NetRecord; 2],
}

/// The index of the plain network among the arms.
pub const PLAIN: usize = 0;
/// The index of the residual network among the arms.
pub const RESIDUAL: usize = 1;

/// The run of one arm. The order of the fields is the format of saved runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// Loss over steps.
    pub losses: Curve,
    /// Test accuracy over steps.
    pub accuracy: Curve,
    /// Gradient norms over evenly spaced steps.
    pub norms: Rc<Vec<Norms>>,
    /// Signal and gradient on every path at the latest measured step.
    pub paths: Option<Rc<Paths>>,
    /// The fraction of wrong predictions in each batch, over steps.
    pub errors: Curve,
    /// The latest probabilities of the classes for the sample images. They are not saved with a run.
    #[serde(skip)]
    pub answers: Option<Rc<Vec<f32>>>,
    /// The same for the first held-out images.
    #[serde(skip)]
    pub held_out: Option<Rc<Vec<f32>>>,
    /// Accuracy on training images over steps.
    pub train_accuracy: Curve,
}

/// The maximum number of batches over which the training error is averaged.
const ERROR_BATCHES: usize = 20;

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch, measured: Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        self.errors.extend_steps(steps.first_step, &measured.errors);
        for score in measured.scores {
            self.accuracy.push(score.step, score.test);
            self.train_accuracy.push(score.step, score.train);
        }
        if !measured.norms.is_empty() {
            Rc::make_mut(&mut self.norms).extend(measured.norms);
        }
        if measured.paths.is_some() {
            self.paths = measured.paths;
        }
        if measured.answers.is_some() {
            self.answers = measured.answers;
        }
        if measured.held_out.is_some() {
            self.held_out = measured.held_out;
        }
    }

    /// Returns the training error at the steps at which the test accuracy was measured: its mean over the last
    /// [`ERROR_BATCHES`] batches.
    pub fn training_error(&self) -> Curve {
        let at = |&(step, _): &(f64, f64)| {
            let until = self.errors.partition_point(|(x, _)| *x <= step);
            let recent = self.errors.get(until.saturating_sub(ERROR_BATCHES)..until)?;
            let sum: f64 = recent.iter().map(|(_, error)| error).sum();
            (!recent.is_empty()).then(|| (step, sum / recent.len() as f64))
        };
        self.accuracy.iter().filter_map(at).collect()
    }

    /// Returns the gradient norm over steps, one curve per block.
    fn norm_curves(&self) -> Vec<Curve> {
        let blocks = self.norms.first().map_or(0, |norms| norms.blocks.len());
        let at =
            |norms: &Norms, block: usize| Some((norms.step.into(), norms.blocks.get(block).copied()?.into()));
        (0..blocks).map(|block| self.norms.iter().filter_map(|norms| at(norms, block)).collect()).collect()
    }
}

impl Record {
    /// Returns signal and gradient in an arm's network: at the latest step, or before training on noise
    /// images.
    pub fn paths(&self, arm: usize) -> Option<&Rc<Paths>> {
        let untrained = || self.flow.as_ref()?.nets(arm).first().map(|net| &net.paths);
        self.arms.get(arm).and_then(|net| net.paths.as_ref()).or_else(untrained)
    }

    /// Returns the probabilities of the classes for the sample images by an arm's network: at the latest
    /// measurement, or before training.
    pub fn answers(&self, arm: usize) -> Option<&Rc<Vec<f32>>> {
        let untrained = || self.samples.as_ref()?.untrained.get(arm);
        self.arms.get(arm).and_then(|net| net.answers.as_ref()).or_else(untrained)
    }

    /// Returns an arm's most probable class and its probability for the first held-out images: at the latest measurement,
    /// or before training.
    pub fn held_out_answers(&self, arm: usize) -> Vec<Option<(u8, f32)>> {
        let Some(samples) = self.samples.as_deref() else { return Vec::new() };
        let trained = self.arms.get(arm).and_then(|net| net.held_out.as_ref());
        let probabilities = trained.or_else(|| samples.untrained_held_out.get(arm));
        let n_classes = samples.info.class_names.len().max(1);
        let best = |p: &[f32]| {
            let best = p.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
            best.map(|(class, p)| (class as u8, p))
        };
        let answer = |index: usize| best(probabilities?.chunks_exact(n_classes).nth(index)?);
        (0..samples.held_out.labels.len()).map(answer).collect()
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

    /// Returns chance level: the share of the largest class among the held-out pictures. The classes of the built-in data sets
    /// are equally frequent.
    pub fn chance(&self, config: &Config) -> f64 {
        let info = self.samples.as_ref().map(|samples| &samples.info);
        let own = info.filter(|info| config.dataset == Dataset::Own && config.is_data(info));
        own.and_then(SetInfo::largest_share).unwrap_or_else(|| config.picture_shape().uniform())
    }
}

impl Experiment for ResNet {
    const SLUG: &'static str = "resnet";

    crate::own_files!();

    /// Batch norm needs the whole batch.
    fn shards(config: &Config) -> u32 {
        if config.batch_norm { 1 } else { config.shards }
    }

    const ARMS: &'static [Arm] = &[
        Arm { slug: "plain", title: "plain", net: "plain network" },
        Arm { slug: "residual", title: "residual", net: "residual network" },
    ];

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        match (frame, record.arms.get_mut(arm)) {
            (Frame::Structure(structure), _) => record.structure = Some(structure),
            (Frame::Flow { chosen: true, flow }, _) => {
                // The setting in use is measured first, so the other flow still belongs to older settings.
                record.other_flow = None;
                record.flow = Some(flow);
            }
            (Frame::Flow { chosen: false, flow }, _) => record.other_flow = Some(flow),
            (Frame::Shortcut(check), _) => record.shortcut = Some(check),
            (Frame::Samples(samples), _) => record.samples = Some(samples),
            (Frame::Depths(depths), _) => record.depths = Some(depths),
            (Frame::Train { steps, measured }, Some(net)) => net.apply_frame(&steps, measured),
            (_, None) => {}
        }
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            let of_net = [
                ArmSeries::new("loss", "Loss", "nats", &net.losses),
                ArmSeries::new("accuracy", "Test accuracy", "", &net.accuracy),
                ArmSeries::new("train_error", "Training error", "", &net.training_error()),
                ArmSeries::new("train_accuracy", "Training accuracy", "", &net.train_accuracy),
            ];
            let norms = net.norm_curves();
            of_net
                .into_iter()
                .chain(ArmSeries::of_parts("grad_norm", "Gradient norm", "block", &norms))
                .collect()
        })
    }
}
