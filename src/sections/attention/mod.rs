//! Section 5: scaled dot-product attention.
//!
//! The probe shows one head's weights with and without the scale, sweeps d_k until the softmax saturates, and follows
//! multi-head attention stage by stage. The run trains one attention layer, scaled and unscaled, on a look-up task.

mod chapters;
mod checks;
mod conclusions;
mod config;
mod experiments;
mod metrics;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod probe;
mod query;
#[cfg(feature = "compute")]
mod train;

pub use checks::{chance_loss, entropy_uniform, expected_entropy, head_dim, params_formula, steps_to_solve};
pub use conclusions::{end_measured, start_measured};
pub use config::{Config, MaskChoice};
#[cfg(feature = "page")]
pub use panel::AttentionPanel;
pub use query::{Example, MAX_HEADS, MAX_NUMBER, Projections, Stages, Switches, read_number, stages};

use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, push_each, series_of};
pub use crate::run::optimizer_kind::OptimizerKind;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 5.
#[derive(Debug)]
pub struct Attention;

/// A message from the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The scores and weights of one head.
    Maps(Rc<Maps>),
    /// Multi-head attention, stage by stage; `None` if the heads do not divide the model dimension.
    Heads(Option<Rc<Heads>>),
    /// The saturation sweep.
    Sweep(Rc<Sweep>),
    /// The sequence that the maps are drawn for; sent once, before the first step.
    Sequence(Rc<Sequence>),
    /// Queries, keys and values of an arm's network for that sequence, at present.
    Projected(Rc<Projections>),
    /// The next steps of an arm's training, and the measurements of its network.
    Train(StepBatch, Measured),
}

/// One head on random queries and keys, `[n, n]` each; each row is a query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Maps {
    /// The number of tokens.
    pub n: u32,
    /// `q k`
    pub scores: Rc<Vec<f32>>,
    /// `q k / sqrt(d_k)`
    pub scaled_scores: Rc<Vec<f32>>,
    /// Weights from the scaled scores, under the mask.
    pub weights_scaled: Rc<Vec<f32>>,
    /// Weights from the unscaled scores, under the mask.
    pub weights_unscaled: Rc<Vec<f32>>,
}

/// The stages of multi-head attention, in order; [`Heads::shapes`] has the shape of each.
pub const STAGES: [&str; 8] = [
    "input X",
    "queries X W^Q (keys and values alike)",
    "queries, split into heads",
    "scores Q Kᵀ / √d_k",
    "weights softmax(scores)",
    "output of each head, weights · V",
    "heads laid end to end",
    "output, projected by W^O",
];

/// Multi-head attention on a random input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heads {
    /// The shapes of the tensors in a forward pass, one for each of [`STAGES`].
    pub shapes: Vec<Vec<u32>>,
    /// The number of tokens.
    pub n: u32,
    /// The weights of each head, `[n, n]`.
    pub weights: Vec<Rc<Vec<f32>>>,
    /// The number of parameters in the module.
    pub params_counted: u32,
    /// Largest difference from burn's own module with the same parameters, in output and weights, without a mask and with a
    /// causal one.
    pub max_abs_err: f64,
    /// Bound on the difference from rounding.
    pub tolerance: f64,
}

/// The key dimensions of the sweep.
pub const SWEEP: [u32; 8] = [4, 8, 16, 32, 64, 128, 256, 512];
/// Queries per random sample in the sweep.
pub const SWEEP_QUERIES: usize = 16;

/// The softmax over many key dimensions, on random queries and keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// One for each of [`SWEEP`].
    pub points: Vec<SweepPoint>,
    /// The point at the key dimension of the settings.
    pub here: SweepPoint,
    /// The scaled weights of one query there, largest first.
    pub bars_scaled: Vec<f32>,
    /// The unscaled weights of the same query, largest first.
    pub bars_unscaled: Vec<f32>,
}

impl Sweep {
    /// Returns each key dimension with the median norm of the unscaled softmax's Jacobian.
    pub fn unscaled_jacobian(&self) -> Vec<(u32, f64)> {
        self.points.iter().map(|point| (point.d_k, point.unscaled.jacobian_median.mean)).collect()
    }

    /// Returns the key dimension with the largest of these norms, and the norm.
    pub fn jacobian_peak(&self) -> Option<(u32, f64)> {
        self.unscaled_jacobian().into_iter().max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Both softmaxes at one key dimension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    /// The key dimension.
    pub d_k: u32,
    /// The softmax of the scaled scores.
    pub scaled: Saturation,
    /// The softmax of the unscaled scores.
    pub unscaled: Saturation,
}

/// The saturation of a softmax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saturation {
    /// Entropy of the weights in nats.
    pub entropy: Spread,
    /// The largest weight of a query.
    pub largest: Spread,
    /// Mean over queries of the Frobenius norm of the softmax's Jacobian.
    pub jacobian_mean: Spread,
    /// Median over queries of the same norm.
    pub jacobian_median: Spread,
}

/// The mean over random samples, and their standard deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
}

/// The sequence that the maps of the training are drawn for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    /// The name of each token, which is unique.
    pub names: Vec<u8>,
    /// The value of each token.
    pub values: Vec<u8>,
    /// The name that each token asks about.
    pub asks: Vec<u8>,
    /// The position of the token that each token asks about.
    pub positions: Vec<u32>,
}

/// Measurements of a network since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Scores, at the steps where they were measured.
    pub scores: Vec<Score>,
    /// The weights of each head for the shown sequence, `[n, n]`.
    pub maps: Vec<Rc<Vec<f32>>>,
}

/// A network at one step, on held-out sequences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The number of training steps so far.
    pub step: u32,
    /// The accuracy on held-out sequences.
    pub accuracy: f32,
    /// Mean entropy of the weights, in nats.
    pub entropy: f32,
    /// Mean weight on the token that is asked about, per head.
    pub right: Vec<f32>,
}

/// Everything the page has received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The scores and weights of one head.
    pub maps: Option<Rc<Maps>>,
    /// Multi-head attention, stage by stage.
    pub heads: Option<Rc<Heads>>,
    /// The saturation sweep.
    pub sweep: Option<Rc<Sweep>>,
    /// The run of each arm.
    pub arms: [NetRecord; 2],
}

/// The index of the network with scaled scores among the arms.
pub const SCALED: usize = 0;
/// The index of the network with unscaled scores among the arms.
pub const UNSCALED: usize = 1;

/// The run of one arm. The order of the fields is the format of saved runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// The sequence that the maps are drawn for.
    pub sequence: Option<Rc<Sequence>>,
    /// The training loss of each step.
    pub losses: Curve,
    /// The accuracy on held-out sequences.
    pub accuracy: Curve,
    /// The mean entropy of the weights, in nats.
    pub entropy: Curve,
    /// Mean weight on the right token, one curve per head.
    pub right: Vec<Curve>,
    /// The latest weights of each head for the shown sequence, `[n, n]`.
    pub maps: Vec<Rc<Vec<f32>>>,
    /// The queries, keys and values of the latest maps.
    pub projections: Option<Rc<Projections>>,
}

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch, measured: Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        for score in &measured.scores {
            self.accuracy.push(score.step, score.accuracy);
            self.entropy.push(score.step, score.entropy);
            push_each(&mut self.right, score.step, &score.right);
        }
        if !measured.maps.is_empty() {
            self.maps = measured.maps;
        }
    }

    /// Returns the latest weight of the best head on the right token.
    pub fn best_head(&self) -> Option<f64> {
        self.right.iter().filter_map(Curve::last_y).reduce(f64::max)
    }
}

impl Experiment for Attention {
    const SLUG: &'static str = "attention";

    crate::own_files!();

    const ARMS: &'static [Arm] = &[
        Arm { slug: "scaled", title: "scaled", net: "scaled network" },
        Arm { slug: "unscaled", title: "unscaled", net: "unscaled network" },
    ];

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        match (frame, record.arms.get_mut(arm)) {
            (Frame::Maps(maps), _) => record.maps = Some(maps),
            (Frame::Heads(heads), _) => record.heads = heads,
            (Frame::Sweep(sweep), _) => record.sweep = Some(sweep),
            (Frame::Sequence(sequence), Some(net)) => net.sequence = Some(sequence),
            (Frame::Projected(projections), Some(net)) => net.projections = Some(projections),
            (Frame::Train(steps, measured), Some(net)) => net.apply_frame(&steps, measured),
            (_, None) => {}
        }
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            let curves = [
                ArmSeries::new("loss", "Loss", "nats", &net.losses),
                ArmSeries::new("accuracy", "Accuracy", "", &net.accuracy),
                // The entropy metrics describe the untrained sweep, so this curve has another name.
                ArmSeries::new("training_entropy", "Entropy of the weights", "nats", &net.entropy),
            ];
            let right = ArmSeries::of_parts("right", "Weight on the right token", "head", &net.right);
            curves.into_iter().chain(right).collect()
        })
    }
}
