//! Section 1: what depth, width and the non-linearity of a multilayer perceptron are for.
//!
//! The probe counts parameters and shows how a net without non-linearity collapses to one matrix; the run trains a
//! linear net and its non-linear twin on the same batches from the same initial weights.

mod chapters;
mod checks;
mod experiments;
mod metrics;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod probe;
mod snapshot;
#[cfg(feature = "compute")]
mod train;

pub use checks::{chance, dims, layer_params, params_formula, rank_bound, training_dims};
#[cfg(feature = "page")]
pub use panel::MlpPanel;

use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
pub use crate::run::optimizer_kind::OptimizerKind;
use crate::run::spectrum::Spectrum;
use serde::{Deserialize, Serialize};
pub use snapshot::{MAP_SIDE, Place, Request, Snapshot, Which};
use std::rc::Rc;

/// The experiment of section 1.
#[derive(Debug)]
pub struct Mlp;

crate::choices! {
    /// Which samples are learned.
    pub enum Dataset {
        Spirals = "spirals", "Spirals";
        Circles = "circles", "Circles";
        Moons = "moons", "Moons";
        Xor = "xor", "XOR";
        FashionMnist = "fashion-mnist", "Fashion-MNIST (3.8 MB)";
    }
}

crate::choices! {
    /// The function between the layers of the non-linear net.
    pub enum ActivationChoice {
        Relu = "relu", "ReLU";
        Gelu = "gelu", "GELU";
        Tanh = "tanh", "tanh";
        Sigmoid = "sigmoid", "Sigmoid";
        Identity = "identity", "Identity (none)";
    }
}

crate::settings! {
    /// Settings of section 1.
    pub struct Config {
        dataset: Dataset = Dataset::Spirals, choice, "Data set", "",
            "Points of two classes in the plane, or 28 × 28 grayscale images of ten kinds of clothes.";
        noise: f64 = 0.03, float(0.0, 0.5), "Noise", "σ",
            "Standard deviation of the Gaussian noise on both coordinates; images are left as they are.";
        depth: u32 = 3, int(1, 12), "Hidden layers", "L",
            "Hidden layers between input and output. Without a non-linearity they add nothing that one matrix could not do.";
        width: u32 = 32, int(1, 256, log), "Width", "d",
            "Units in each hidden layer. Where the layers differ, it is the widest; changing this or the number of layers gives all layers this width.";
        hidden: Vec<u32> = Vec::new(), int_list(1, 256, 12, depth, width), "Widths, layer by layer", "",
            "Units of every hidden layer by itself, such as 8, 16, 4. Empty: all layers have the same width.";
        activation: ActivationChoice = ActivationChoice::Relu, choice, "Activation", "f",
            "The function between the layers of the non-linear network. The linear network has none.";
        optimizer: OptimizerKind = OptimizerKind::Adam, choice, "Optimizer", "",
            "SGD, SGD with momentum 0.9, or Adam (Kingma and Ba 2015).";
        learning_rate: f64 = 0.01, float(1e-5, 10.0, log) live, "Learning rate", "η",
            "Step size along the gradient. You can change it during training.";
        batch_size: u32 = 64, int(1, 512, log), "Batch size", "B",
            "Samples in one step; both networks see the same ones.";
        steps: u32 = 1500, int(1, 20_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws the samples, the initial weights and the order of batches. The same seed gives the same run on the same device.";
        d_in: u32 = 8, int(1, 64) live, "Input dimensions", "d_in",
            "Columns of the random batch that goes through the untrained network in the collapse figures.";
        n_probe: u32 = 96, int(2, 256, log) live, "Rows in the batch", "n",
            "Rows of the random batch in the collapse figures.";
        bias: bool = true, switch, "Biases", "b",
            "Whether the layers have biases. A bias adds one direction, so it raises the rank bound from d_in to d_in + 1.";
    }
    presets {
    }
    sweeps {
        "Rank over depth", "The rank of the untrained networks' output: however deep the linear network, one matrix's rank; the non-linearity fills the width."
            => { sweep: "depth:1,2,4,6,8,12", measure: "rank", seeds: "3" }
        "Accuracy over width", "How many units the non-linear network needs for the spirals, with three seeds."
            => { sweep: "width:2,4,8,16,32", measure: "accuracy", seeds: "3"; steps: "500" }
    }
}

impl Config {
    /// Units of each hidden layer.
    pub fn hidden_dims(&self) -> Vec<u32> {
        if self.hidden.is_empty() { vec![self.width; self.depth as usize] } else { self.hidden.clone() }
    }
}

/// What one message brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// How many parameters the module of the training net has.
    Counted { params: u32 },
    /// Both nets before training.
    Untrained(Rc<Untrained>),
    /// The linear net, its twin and the one matrix, on the same batch.
    Collapse(Rc<Collapse>),
    /// What the run looks at; sent once, before the first step.
    Samples(Rc<Samples>),
    /// The next steps of an arm's training.
    Train { steps: StepBatch, measured: Measured },
}

/// Spectra of one layer's activations, in both nets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerSpectra {
    pub linear: Spectrum,
    pub activated: Spectrum,
}

/// What becomes of a random batch in the untrained nets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Collapse {
    /// The hidden layers, then the output, which is as wide as they are.
    pub layers: Vec<LayerSpectra>,
    /// The linear net's output after its column means are taken out.
    pub linear_centerd: Spectrum,
    /// Largest difference between the linear net's output and the one matrix's.
    pub max_abs_diff: f64,
    /// Largest element of the linear net's output, to hold the difference against.
    pub max_abs: f64,
    /// What rounding alone may make of the difference: `eps * max_abs * layers * sqrt(width)`.
    pub diff_tolerance: f64,
}

/// What the run looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Samples {
    /// Test points: x, y, class.
    Points(Vec<(f32, f32, u8)>),
    /// Test images, gray values row by row, and their classes.
    Images { side: u32, pixels: Vec<u8>, labels: Vec<u8> },
}

/// What was measured of a net since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// L2 norm of the gradient of each layer's weight, at the last step.
    pub grad_norms: Vec<f32>,
    /// Accuracies, at the steps where they were measured.
    pub scores: Vec<Score>,
    /// Probability of class 1 on a grid over the plane, row by row from y = -1.25 up; or nothing.
    pub boundary: Vec<f32>,
    /// The classes predicted for the sample images; or nothing.
    pub predictions: Vec<u8>,
    /// The net itself, where it is due.
    pub snapshot: Option<Rc<Snapshot>>,
}

/// The nets as they are initialized, and the data that they will see. Of a very large net only the weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Untrained {
    /// The linear net and its non-linear twin.
    pub nets: [Rc<Snapshot>; 2],
    /// Probability of class 1 on the grid of the boundary, of each; or nothing.
    pub boundaries: [Rc<Vec<f32>>; 2],
    /// Test points, of data in the plane.
    pub samples: Option<Rc<Samples>>,
}

/// How well a net does at one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub step: u32,
    /// Share of right answers on training samples (at most 2,000 of them).
    pub train: f32,
    /// Share of right answers on samples never trained on.
    pub test: f32,
}

/// Points along each side of the decision-boundary grid.
pub const BOUNDARY_SIDE: usize = 48;
/// The grid covers this far from the origin in both directions.
pub const BOUNDARY_REACH: f32 = 1.25;

/// All that the page has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub params_counted: Option<u32>,
    pub collapse: Option<Rc<Collapse>>,
    pub untrained: Option<Rc<Untrained>>,
    pub arms: [NetRecord; 2],
}

impl Record {
    /// A net as it was last seen, and its decision boundary: in the run, or before it.
    pub fn net(&self, arm: usize) -> Option<(&Rc<Snapshot>, &Rc<Vec<f32>>)> {
        let run = self.arms.get(arm)?;
        match (&run.snapshot, &self.untrained) {
            (Some(snapshot), _) => Some((snapshot, &run.boundary)),
            (None, Some(untrained)) => Some((untrained.nets.get(arm)?, untrained.boundaries.get(arm)?)),
            (None, None) => None,
        }
    }

    /// What the nets are looked at with: in the run, or before it.
    pub fn samples(&self) -> Option<&Rc<Samples>> {
        let untrained = || self.untrained.as_ref().and_then(|untrained| untrained.samples.as_ref());
        self.arms[LINEAR].samples.as_ref().or_else(untrained)
    }
}

/// The linear net among the arms.
pub const LINEAR: usize = 0;
/// Its non-linear twin.
pub const NONLINEAR: usize = 1;

/// One net's run so far. Shared pointers, so that a figure knows by the pointer whether its data changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// What it is looked at with.
    pub samples: Option<Rc<Samples>>,
    /// Step and loss.
    pub losses: Curve,
    pub scores: Rc<Vec<Score>>,
    /// A series for each layer: step and norm.
    pub grad_norms: Vec<Curve>,
    pub boundary: Rc<Vec<f32>>,
    pub predictions: Rc<Vec<u8>>,
    /// The net itself, as it was last sent.
    pub snapshot: Option<Rc<Snapshot>>,
}

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch, measured: Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        for score in measured.scores {
            let scores = Rc::make_mut(&mut self.scores);
            // A weight that was changed by hand has the net judged again.
            if scores.last().is_some_and(|last| last.step == score.step) {
                scores.pop();
            }
            scores.push(score);
        }
        if measured.snapshot.is_some() {
            self.snapshot = measured.snapshot;
        }
        self.grad_norms.resize_with(measured.grad_norms.len().max(self.grad_norms.len()), Curve::default);
        for (series, &norm) in self.grad_norms.iter_mut().zip(&measured.grad_norms) {
            series.push(steps.last_step(), norm);
        }
        if !measured.boundary.is_empty() {
            self.boundary = Rc::new(measured.boundary);
        }
        if !measured.predictions.is_empty() {
            self.predictions = Rc::new(measured.predictions);
        }
    }

    /// Accuracies over steps: on samples trained on, and on others.
    pub fn accuracies(&self, value: fn(&Score) -> f32) -> Curve {
        self.scores.iter().map(|score| (score.step.into(), value(score).into())).collect()
    }

    /// The gradient of the first layer over that of the last, when they were first measured.
    pub fn gradient_ratio(&self) -> Option<f64> {
        let first = |curve: &Curve| curve.first().map(|point| point.1);
        let (early, late) = (first(self.grad_norms.first()?)?, first(self.grad_norms.last()?)?);
        (late > 0.0).then_some(early / late)
    }

    /// The last test accuracy.
    pub fn accuracy(&self) -> Option<f64> {
        self.scores.last().map(|score| f64::from(score.test))
    }
}

impl Experiment for Mlp {
    const SLUG: &'static str = "mlp";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    crate::own_files!();

    const ARMS: &'static [Arm] = &[
        Arm { slug: "linear", title: "linear", net: "linear network" },
        Arm { slug: "activated", title: "non-linear", net: "non-linear network" },
    ];

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        match (frame, record.arms.get_mut(arm)) {
            (Frame::Counted { params }, _) => record.params_counted = Some(params),
            (Frame::Untrained(untrained), _) => record.untrained = Some(untrained),
            (Frame::Collapse(collapse), _) => record.collapse = Some(collapse),
            (Frame::Samples(samples), Some(net)) => net.samples = Some(samples),
            (Frame::Train { steps, measured }, Some(net)) => net.apply_frame(&steps, measured),
            (_, None) => {}
        }
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            let norms = net.grad_norms.iter().zip(1..).map(|(norms, layer)| {
                ArmSeries::new("grad_norm", "Gradient norm", "", norms).of_part("layer", layer)
            });
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
            of_net.into_iter().chain(norms).collect()
        })
    }
}
