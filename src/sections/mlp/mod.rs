//! Section 1: the roles of depth, width and the non-linearity in a multilayer perceptron.
//!
//! The probe counts parameters and shows how a network without non-linearity collapses to one layer. The run
//! trains a linear and a non-linear network on the same batches. Their initial weights are the same random
//! numbers, scaled by the gain of each network's activation function.

#[cfg(feature = "compute")]
mod baseline;
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
#[cfg(feature = "compute")]
mod own;
#[cfg(feature = "page")]
mod panel;
mod pieces;
#[cfg(feature = "compute")]
mod plane;
#[cfg(feature = "compute")]
mod probe;
mod record;
mod samples;
mod snapshot;
#[cfg(feature = "compute")]
mod task;
#[cfg(feature = "compute")]
mod task_data;
#[cfg(feature = "compute")]
mod train;

pub use checks::{BEST_LINE, dims, layer_params, params_formula, rank_bound};
pub use config::{ActivationChoice, Config, Dataset, PlaneChoice, Target, TaskShape};
#[cfg(feature = "page")]
pub use panel::{MlpPanel, cover};
pub use pieces::{
    FIT_POINTS, FIT_RATE, FIT_SIZES, FIT_STEPS, ReluSum, ReluUnit, TrainedPieces, error_bound, grid,
};
pub use record::{NetRecord, Record};
pub use samples::{Axis, BOUNDARY_REACH, BOUNDARY_SIDE, CURVE_POINTS, MAX_SHOWN, PlanePoint, Samples};
pub use snapshot::{MAP_SIDE, ModelId, ParamIndex, Request, Snapshot};

use crate::core::curve::RunSeries;
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
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

/// Scores of predictions that need no network, to compare networks with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The scores of the best constant prediction on training and on held-out samples: the accuracy of the most frequent
    /// class, or the root mean squared error of the mean.
    pub constant: [f32; 2],
    /// The mean squared error of the mean over the training samples, in standardized units; 0 for classes.
    pub constant_loss: f32,
    /// The root mean squared errors of linear least squares, if a number is predicted.
    pub linear_fit: Option<[f32; 2]>,
}

/// Measurements of a network since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Frobenius norm of the gradient of each layer's weight, at the last step.
    pub grad_norms: Vec<f32>,
    /// Scores, at the steps where they were measured.
    pub scores: Vec<Score>,
    /// Predictions on a grid over the plane, row by row from y = -1.25 up: the probability of class 1 of two classes, the
    /// probability of the predicted class of more, or the predicted number in standardized units. Empty for images, and if a
    /// number is predicted from one feature.
    pub boundary: Vec<f32>,
    /// The predicted classes of the sample images; empty for points.
    pub predictions: Vec<u8>,
    /// The network itself, if a snapshot is due.
    pub snapshot: Option<Rc<Snapshot>>,
    /// The predicted classes on the grid of the boundary, if there are more than two.
    pub classes: Vec<u8>,
    /// The predicted number at [`CURVE_POINTS`] even steps over the x axis, as y coordinates of the plane, if it is predicted
    /// from one feature.
    pub curve: Vec<f32>,
}

/// The networks as they are initialized, one of each per arm, and their data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Untrained {
    /// The weights, and the maps of the units.
    pub nets: [Rc<Snapshot>; 2],
    /// Predictions on the grid of the boundary, see [`Measured::boundary`].
    pub boundaries: [Rc<Vec<f32>>; 2],
    /// The predicted classes of the sample images; empty for points.
    pub predictions: [Rc<Vec<u8>>; 2],
    /// The gradient norm of each layer for the first batch of training.
    pub grad_norms: [Vec<f32>; 2],
    /// The samples that figures show.
    pub samples: Option<Rc<Samples>>,
    /// See [`Measured::classes`].
    pub classes: [Rc<Vec<u8>>; 2],
    /// See [`Measured::curve`].
    pub curves: [Rc<Vec<f32>>; 2],
    /// The scores of simple predictions for the user's own data.
    pub baseline: Option<Baseline>,
}

/// The score of a network at one step: its accuracy, or its root mean squared error in the units of the target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The training step.
    pub step: u32,
    /// The score on at most 2,000 training samples.
    pub train: f32,
    /// The score on held-out samples.
    pub test: f32,
}

/// The index of the linear network among the arms.
pub const LINEAR: usize = 0;
/// The index of the non-linear network among the arms.
pub const NONLINEAR: usize = 1;

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
        let is_regression = record.samples().is_some_and(|samples| samples.is_regression());
        series_of(Self::ARMS, &record.arms, |net| {
            let [test, train] = [|score: &Score| score.test, |score: &Score| score.train]
                .map(|value| net.scores_over_steps(value));
            let of_net = if is_regression {
                [
                    ArmSeries::new("loss", "Loss", "", &net.losses),
                    ArmSeries::new("rmse", "Test error", "", &test),
                    ArmSeries::new("rmse_train", "Training error", "", &train),
                ]
            } else {
                [
                    ArmSeries::new("loss", "Loss", "nats", &net.losses),
                    ArmSeries::new("accuracy", "Test accuracy", "", &test),
                    ArmSeries::new("accuracy_train", "Training accuracy", "", &train),
                ]
            };
            let norms = ArmSeries::of_parts("grad_norm", "Gradient norm", "layer", &net.grad_norms);
            of_net.into_iter().chain(norms).collect()
        })
    }
}
