//! Section 1: the roles of depth, width and the non-linearity in a multilayer perceptron.
//!
//! The probe counts parameters and shows how a network without non-linearity collapses to one layer. The run
//! trains a linear and a non-linear network on the same batches. Their initial weights are the same random
//! numbers, scaled by the gain of each network's activation function.

mod chapters;
mod checks;
mod code;
#[cfg(feature = "compute")]
mod collapse;
mod config;
mod experiments;
#[cfg(feature = "compute")]
mod fit;
mod metrics;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
mod pieces;
#[cfg(feature = "compute")]
mod probe;
mod snapshot;
#[cfg(feature = "compute")]
mod task;
#[cfg(feature = "compute")]
mod train;

pub use checks::{BEST_LINE, chance, dims, layer_params, params_formula, rank_bound, training_dims};
pub use config::{ActivationChoice, Config, Dataset, Target};
#[cfg(feature = "page")]
pub use panel::{MlpPanel, cover};
pub use pieces::{
    FIT_POINTS, FIT_RATE, FIT_SIZES, FIT_STEPS, ReluSum, ReluUnit, TrainedPieces, error_bound, grid,
};
pub use snapshot::{MAP_SIDE, ModelId, ParamIndex, Request, Snapshot};

use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, push_each, series_of};
pub use crate::run::optimizer_kind::OptimizerKind;
use crate::run::spectrum::Spectrum;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 1.
#[derive(Debug)]
pub struct Mlp;

/// A message from the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The number of parameters in the module that is trained.
    Counted(u32),
    /// Both networks before training.
    Untrained(Rc<Untrained>),
    /// The linear network, the non-linear network and the single layer on the same batch.
    Collapse(Rc<Collapse>),
    /// The sums of ReLU units that training finds.
    Pieces(Rc<TrainedPieces>),
    /// The samples that figures show; sent once, before the first step.
    Samples(Rc<Samples>),
    /// The next steps of an arm's training.
    Train {
        /// The steps and their losses.
        steps: StepBatch,
        /// Measurements since the last report.
        measured: Measured,
    },
}

/// Spectra of one layer's activations in both networks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerSpectra {
    /// The spectrum in the linear network.
    pub linear: Spectrum,
    /// The spectrum in the non-linear network.
    pub nonlinear: Spectrum,
}

/// The activations of the untrained networks on a random batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Collapse {
    /// The hidden layers, then the output, which is as wide as the last hidden layer.
    pub layers: Vec<LayerSpectra>,
    /// The outputs of the linear and of the non-linear network.
    pub outputs: [Factors; 2],
    /// The linear network's output minus its column means.
    pub linear_centered: Spectrum,
    /// Largest difference between the linear network's output and the single layer's.
    pub max_abs_diff: f64,
    /// Largest element of the linear network's output; the scale of the difference.
    pub max_abs: f64,
    /// Bound on the difference from rounding: `eps * max_abs * layers * sqrt(width)`.
    pub diff_tolerance: f64,
}

/// A matrix as a sum of directions, from the strongest to the weakest: its singular value decomposition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Factors {
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub cols: usize,
    /// One row per direction: its left singular vector times its singular value, then its right singular vector.
    pub directions: Vec<Vec<f32>>,
}

impl Factors {
    /// Returns the matrix without its `k` strongest directions, row by row.
    pub fn without(&self, k: usize) -> Vec<f32> {
        let mut left = vec![0.0; self.rows * self.cols];
        for direction in self.directions.iter().skip(k) {
            let (column, row) = direction.split_at(self.rows.min(direction.len()));
            for (values, factor) in left.chunks_exact_mut(self.cols.max(1)).zip(column) {
                values.iter_mut().zip(row).for_each(|(value, entry)| *value += factor * entry);
            }
        }
        left
    }
}

/// The samples that figures show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Samples {
    /// Test points: x, y, class.
    Points(Vec<(f32, f32, u8)>),
    /// Test images.
    Images {
        /// Height and width in pixels.
        side: u32,
        /// Gray values, `[n, side, side]`.
        pixels: Vec<u8>,
        /// Classes, `[n]`.
        labels: Vec<u8>,
    },
}

/// Measurements of a network since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Frobenius norm of the gradient of each layer's weight, at the last step.
    pub grad_norms: Vec<f32>,
    /// Accuracies, at the steps where they were measured.
    pub scores: Vec<Score>,
    /// Probability of class 1 on a grid over the plane, row by row from y = -1.25 up; empty for images.
    pub boundary: Vec<f32>,
    /// The predicted classes of the sample images; empty for points.
    pub predictions: Vec<u8>,
    /// The network itself, if a snapshot is due.
    pub snapshot: Option<Rc<Snapshot>>,
}

/// The networks as they are initialized, one of each per arm, and their data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Untrained {
    /// The weights, and the maps of the units.
    pub nets: [Rc<Snapshot>; 2],
    /// Probability of class 1 on the grid of the boundary; empty for images.
    pub boundaries: [Rc<Vec<f32>>; 2],
    /// The predicted classes of the sample images; empty for points.
    pub predictions: [Rc<Vec<u8>>; 2],
    /// The gradient norm of each layer for the first batch of training.
    pub grad_norms: [Vec<f32>; 2],
    /// The samples that figures show.
    pub samples: Option<Rc<Samples>>,
}

/// The accuracy of a network at one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The training step.
    pub step: u32,
    /// Accuracy on at most 2,000 training samples.
    pub train: f32,
    /// Accuracy on held-out samples.
    pub test: f32,
}

/// Points along each side of the decision-boundary grid.
pub const BOUNDARY_SIDE: usize = 48;
/// The grid covers this far from the origin in both directions.
pub const BOUNDARY_REACH: f32 = 1.25;

/// Everything the page has received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The number of parameters in the module.
    pub params_counted: Option<u32>,
    /// The activations of the untrained networks on a random batch.
    pub collapse: Option<Rc<Collapse>>,
    /// Both networks before training.
    pub untrained: Option<Rc<Untrained>>,
    /// The sums of ReLU units that training finds.
    pub pieces: Option<Rc<TrainedPieces>>,
    /// The runs, one per arm.
    pub arms: [NetRecord; 2],
}

impl Record {
    /// Returns the latest snapshot of a network, from the run or from before it.
    pub fn net(&self, arm: usize) -> Option<&Rc<Snapshot>> {
        let of_run = self.arms.get(arm)?.snapshot.as_ref();
        of_run.or_else(|| self.untrained.as_ref()?.nets.get(arm))
    }

    /// Returns the latest decision boundary of a network, from the run or from before it; empty for images.
    pub fn boundary(&self, arm: usize) -> Option<&Rc<Vec<f32>>> {
        let of_run = Some(&self.arms.get(arm)?.boundary).filter(|values| !values.is_empty());
        of_run.or_else(|| self.untrained.as_ref()?.boundaries.get(arm))
    }

    /// Returns the latest predictions of a network for the sample images; empty for points.
    pub fn predictions(&self, arm: usize) -> Option<&Rc<Vec<u8>>> {
        let of_run = Some(&self.arms.get(arm)?.predictions).filter(|classes| !classes.is_empty());
        of_run.or_else(|| self.untrained.as_ref()?.predictions.get(arm))
    }

    /// Returns the latest gradient norm of each layer, and the step at which it was measured. The gradient of the
    /// untrained network is that of step 1.
    pub fn grad_norms(&self, arm: usize) -> Option<(u32, Vec<f64>)> {
        let of_run = self.arms.get(arm)?.grad_norms.iter().map(|curve| curve.last().copied());
        let of_run: Option<Vec<(f64, f64)>> = of_run.collect();
        if let Some(last) = of_run.filter(|points| !points.is_empty()) {
            let step = last.first().map_or(0, |point| point.0 as u32);
            return Some((step, last.into_iter().map(|point| point.1).collect()));
        }
        let norms = self.untrained.as_ref()?.grad_norms.get(arm)?;
        (!norms.is_empty()).then(|| (0, norms.iter().copied().map(f64::from).collect()))
    }

    /// Returns the gradient norm of the first layer divided by that of the last, before the first step.
    pub fn gradient_ratio(&self, arm: usize) -> Option<f64> {
        let untrained = || {
            let norms = self.untrained.as_ref()?.grad_norms.get(arm)?;
            let (early, late) = (f64::from(*norms.first()?), f64::from(*norms.last()?));
            (late > 0.0).then_some(early / late)
        };
        self.arms.get(arm)?.gradient_ratio().or_else(untrained)
    }

    /// Returns the samples that figures show, from the run or from before it.
    pub fn samples(&self) -> Option<&Rc<Samples>> {
        let untrained = || self.untrained.as_ref().and_then(|untrained| untrained.samples.as_ref());
        self.arms[LINEAR].samples.as_ref().or_else(untrained)
    }
}

/// The index of the linear network among the arms.
pub const LINEAR: usize = 0;
/// The index of the non-linear network among the arms.
pub const NONLINEAR: usize = 1;

/// The run of one arm. Pointers are shared: a figure tells by the pointer whether its data changed.
///
/// The order of the fields is the format of saved runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// The samples that figures show.
    pub samples: Option<Rc<Samples>>,
    /// Loss over steps.
    pub losses: Curve,
    /// Accuracies over steps.
    pub scores: Rc<Vec<Score>>,
    /// Gradient norm over steps, one curve per layer.
    pub grad_norms: Vec<Curve>,
    /// Probability of class 1 on the grid of the boundary; empty for images.
    pub boundary: Rc<Vec<f32>>,
    /// The predicted classes of the sample images; empty for points.
    pub predictions: Rc<Vec<u8>>,
    /// The latest snapshot of the network.
    pub snapshot: Option<Rc<Snapshot>>,
}

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch, measured: Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        for score in measured.scores {
            let scores = Rc::make_mut(&mut self.scores);
            // After a weight is changed by hand, the network is scored again at the same step.
            if scores.last().is_some_and(|last| last.step == score.step) {
                scores.pop();
            }
            scores.push(score);
        }
        if measured.snapshot.is_some() {
            self.snapshot = measured.snapshot;
        }
        push_each(&mut self.grad_norms, steps.last_step(), &measured.grad_norms);
        if !measured.boundary.is_empty() {
            self.boundary = Rc::new(measured.boundary);
        }
        if !measured.predictions.is_empty() {
            self.predictions = Rc::new(measured.predictions);
        }
    }

    /// Returns an accuracy over steps: on training samples, or on held-out ones.
    pub fn accuracies(&self, value: fn(&Score) -> f32) -> Curve {
        self.scores.iter().map(|score| (score.step.into(), value(score).into())).collect()
    }

    /// Returns the gradient norm of the first layer divided by that of the last, at their first measurement.
    pub fn gradient_ratio(&self) -> Option<f64> {
        let first = |curve: &Curve| curve.first().map(|point| point.1);
        let (early, late) = (first(self.grad_norms.first()?)?, first(self.grad_norms.last()?)?);
        (late > 0.0).then_some(early / late)
    }

    /// Returns the latest test accuracy.
    pub fn accuracy(&self) -> Option<f64> {
        self.scores.last().map(|score| f64::from(score.test))
    }

    /// Returns the latest test accuracy once the network has been trained.
    pub fn trained_accuracy(&self) -> Option<f64> {
        self.accuracy().filter(|_| self.scores.last().is_some_and(|score| score.step > 0))
    }
}

impl Experiment for Mlp {
    const SLUG: &'static str = "mlp";

    crate::own_files!();

    const ARMS: &'static [Arm] = &[
        Arm { slug: "linear", title: "linear", net: "linear network" },
        Arm { slug: "activated", title: "non-linear", net: "non-linear network" },
    ];

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        match (frame, record.arms.get_mut(arm)) {
            (Frame::Counted(params), _) => record.params_counted = Some(params),
            (Frame::Untrained(untrained), _) => record.untrained = Some(untrained),
            (Frame::Collapse(collapse), _) => record.collapse = Some(collapse),
            (Frame::Pieces(pieces), _) => record.pieces = Some(pieces),
            (Frame::Samples(samples), Some(net)) => net.samples = Some(samples),
            (Frame::Train { steps, measured }, Some(net)) => net.apply_frame(&steps, measured),
            (_, None) => {}
        }
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            let of_net = [
                ArmSeries::new("loss", "Loss", "nats", &net.losses),
                ArmSeries::new("accuracy", "Test accuracy", "", &net.accuracies(|score| score.test)),
                ArmSeries::new(
                    "accuracy_train",
                    "Training accuracy",
                    "",
                    &net.accuracies(|score| score.train),
                ),
            ];
            let norms = ArmSeries::of_parts("grad_norm", "Gradient norm", "layer", &net.grad_norms);
            of_net.into_iter().chain(norms).collect()
        })
    }
}
