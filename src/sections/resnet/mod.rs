//! Section 3: the effect of shortcuts on gradients and on training.
//!
//! The probe counts parameters, follows the shapes through a real network, and measures one backward pass
//! through a plain and a residual network, with and without batch norm. The run trains both on the same
//! batches.

mod chapters;
mod checks;
mod config;
mod experiments;
mod metrics;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
mod paths;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod train;

pub use checks::{Cause, Decay, cause, decay, params_formula};
pub use config::{BlockChoice, Config, InitChoice, ShortcutChoice};
#[cfg(feature = "page")]
pub use panel::ResNetPanel;
pub use paths::{BlockPaths, Flow as PathFlow, Paths, ShortcutKind};

use crate::core::curve::{Curve, RunSeries};
pub use crate::data::dataset::Dataset;
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
    /// The next steps of an arm's training.
    Train {
        /// The steps and their losses.
        steps: StepBatch,
        /// Measurements since the last report.
        measured: Measured,
    },
}

/// The networks as they were built.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// The number of parameters counted in the plain network.
    pub params_plain: u32,
    /// The number of parameters counted in the residual network.
    pub params_residual: u32,
    /// Channels, height and width of the input, after the first convolution and after every block, from one
    /// forward pass.
    pub shapes: Vec<[u32; 3]>,
    /// The shortcut of each block of the residual network.
    pub shortcuts: Vec<ShortcutKind>,
    /// The number of logits.
    pub n_classes: u32,
    /// The kind of block.
    pub block: Option<BlockChoice>,
}

/// One backward pass through several untrained networks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// True if the networks have batch norm.
    pub batch_norm: bool,
    /// The plain networks, one per initialization.
    pub plain: Vec<NetFlow>,
    /// The residual networks, one per initialization.
    pub residual: Vec<NetFlow>,
}

impl Flow {
    /// Returns the networks of an arm.
    pub fn nets(&self, arm: usize) -> &[NetFlow] {
        if arm == PLAIN { &self.plain } else { &self.residual }
    }
}

/// One backward pass through one network; one entry per block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetFlow {
    /// L2 norm of the gradient with respect to the weight of the block's first convolution.
    pub weights: Vec<f32>,
    /// Root mean square of the block's output.
    pub signals: Vec<f32>,
    /// L2 norm of the gradient with respect to the block's output.
    pub deltas: Vec<f32>,
    /// Signal and gradient on every path.
    pub paths: Rc<Paths>,
}

impl NetFlow {
    #[cfg(feature = "compute")]
    fn new(weights: Vec<f32>, paths: Paths) -> Self {
        let of =
            |value: fn(&PathFlow) -> f32| paths.blocks.iter().map(|block| value(&block.output)).collect();
        Self {
            weights,
            signals: of(|flow| flow.signal),
            deltas: of(|flow| flow.gradient),
            paths: Rc::new(paths),
        }
    }
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
}

/// The maximum number of batches over which the training error is averaged.
const ERROR_BATCHES: usize = 20;

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch, measured: Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        self.errors.extend_steps(steps.first_step, &measured.errors);
        for score in measured.scores {
            self.accuracy.push(score.step, score.test);
        }
        if !measured.norms.is_empty() {
            Rc::make_mut(&mut self.norms).extend(measured.norms);
        }
        if measured.paths.is_some() {
            self.paths = measured.paths;
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
}

impl Experiment for ResNet {
    const SLUG: &'static str = "resnet";

    crate::own_files!();

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
            ];
            let norms = net.norm_curves();
            of_net
                .into_iter()
                .chain(ArmSeries::of_parts("grad_norm", "Gradient norm", "block", &norms))
                .collect()
        })
    }
}
