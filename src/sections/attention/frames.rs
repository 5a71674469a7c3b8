//! The measurements that need no training, as the worker sends them.

use super::Projections;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

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

impl Spread {
    /// Returns mean and standard deviation of one number per sample.
    pub fn of(samples: &[f64]) -> Self {
        let n = samples.len().max(1) as f64;
        let mean = samples.iter().sum::<f64>() / n;
        let variance = samples.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        Self { mean, sd: variance.sqrt() }
    }
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

/// The second question of each token of a [`Sequence`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SecondQuestion {
    /// The name that each token asks about.
    pub asks: Vec<u8>,
    /// The position of the token that each token asks about.
    pub positions: Vec<u32>,
}

/// Both networks of a task before the first step, with the weights from which training starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Untrained {
    /// The sequence that the maps are drawn for.
    pub sequence: Rc<Sequence>,
    /// The second question of each token, if the task has two.
    pub second: Option<Rc<SecondQuestion>>,
    /// The networks, in the order of the arms.
    pub nets: [UntrainedNet; 2],
}

/// One network before the first step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UntrainedNet {
    /// The weights of each head for the shown sequence, `[n, n]`.
    pub maps: Vec<Rc<Vec<f32>>>,
    /// The queries, keys and values of these maps.
    pub projections: Rc<Projections>,
    /// The number of parameters.
    pub params: u32,
}

/// Attention with one projection for queries and keys, and with two; each pair has the shared projection first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Roles {
    /// The number of tokens.
    pub n: u32,
    /// The scaled scores, `[n, n]`.
    pub scores: [Rc<Vec<f32>>; 2],
    /// The weights, `[n, n]`.
    pub weights: [Rc<Vec<f32>>; 2],
    /// The weight of a token on itself, averaged over the tokens; spread over random samples.
    pub diagonal: [Spread; 2],
    /// The largest difference between two scores `s_ij` and `s_ji`.
    pub asymmetry: [f64; 2],
}

/// The lengths of sequences at which attention is timed.
pub const COST_LENGTHS: [u32; 5] = [32, 64, 128, 256, 512];

/// The time that one layer takes at growing lengths of the sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The model dimension.
    pub d_model: u32,
    /// One for each of [`COST_LENGTHS`].
    pub points: Vec<CostPoint>,
}

/// The time of one forward pass of a layer, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostPoint {
    /// The number of tokens.
    pub n: u32,
    /// The four projections.
    pub project_ms: f64,
    /// Scores, softmax and weighted sums.
    pub attend_ms: f64,
}
