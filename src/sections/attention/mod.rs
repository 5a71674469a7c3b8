//! Section 5: scaled dot-product attention.
//!
//! The probe shows one head's weights with and without the scale, sweeps d_k to see the softmax saturate, and takes
//! multi-head attention apart; the run trains one attention layer, scaled and unscaled, on a look-up task.

mod chapters;
mod checks;
mod experiments;
mod metrics;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod probe;
mod query;
#[cfg(feature = "compute")]
mod train;

pub use checks::{
    entropy_uniform, expected_entropy, head_dim, loss_of_a_guess, params_formula, steps_to_solve,
};
#[cfg(feature = "page")]
pub use panel::AttentionPanel;
pub use query::{Example, LARGEST, MAX_HEADS, Projections, Stages, Switches, read_number, stages};

use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
pub use crate::run::optimizer_kind::OptimizerKind;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 5.
#[derive(Debug)]
pub struct Attention;

crate::choices! {
    /// Which keys are hidden in the figures of the probe.
    pub enum MaskChoice {
        None = "none", "None";
        Causal = "causal", "Causal";
        Padding = "padding", "Padding";
    }
}

crate::settings! {
    /// Settings of section 5.
    pub struct Config {
        d_k: u32 = 64, int(4, 512, log), "Key dimension", "d_k",
            "Dimensions of each query and key in a head, for the heatmaps, the bars and training. The sweep covers all sizes.";
        sigma: f64 = 1.0, float(0.25, 2.0, log), "Standard deviation of queries and keys", "σ",
            "Standard deviation of each number in the queries and keys; in the training, at its start. Scores grow with its square.";
        n_tokens: u32 = 8, int(2, 24), "Tokens", "n",
            "Tokens in a sequence, in the heatmaps and in the training.";
        mask: MaskChoice = MaskChoice::None, choice live, "Mask", "",
            "Which keys a query may not attend to: none, those after it (causal), or the padding. The look-up task is trained without a mask.";
        length: u32 = 6, int(0, 24) live, "Sequence length before padding", "",
            "The padding mask hides all keys after these. With 0 nothing is left to see, and all weights are zero.";
        n_keys: u32 = 64, int(2, 128, log) live, "Keys in the sweep", "n",
            "Keys that each query in the sweep may attend to. Uniform weights over them have entropy ln n.";
        n_seeds: u32 = 8, int(2, 16) live, "Random samples in the sweep", "",
            "Independent random samples of queries and keys; the bands show how much they differ.";
        d_model: u32 = 32, int(2, 128, log), "Model dimension", "d_model",
            "Size of a token's vector between layers.";
        n_heads: u32 = 2, int(1, 8), "Heads", "h",
            "Parallel attention heads, each with its own projections. Each head gets d_model / h dimensions, so h must divide d_model.";
        optimizer: OptimizerKind = OptimizerKind::Adam, choice, "Optimizer", "",
            "SGD, SGD with momentum 0.9, or Adam (Kingma and Ba 2015).";
        learning_rate: f64 = 0.003, float(1e-5, 10.0, log) live, "Learning rate", "η",
            "Step size along the gradient. You can change it during training.";
        batch_size: u32 = 32, int(1, 128, log), "Batch size", "B",
            "Sequences per step; both networks see the same ones.";
        steps: u32 = 200, int(1, 10_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws queries, keys, initial weights and sequences. The same seed gives the same run on the same device.";
    }
    presets {
        "small-keys", "d_k = 8: the scale hardly matters",
            "Scores of 8 products are small with or without the scale: both networks learn at the same pace."
            => { d_k: "8" }
        "saturated", "d_k = 256: unscaled starts saturated",
            "Without the scale each query starts with almost all of its weight on one random key. It learns, but takes at least one and a half times as many steps."
            => { d_k: "256", steps: "150" }
        "small-weights", "d_k = 256, small weights: no scale needed",
            "Queries and keys that start at a quarter of the size keep the scores small as well. Unscaled, the network then learns at least as fast."
            => { d_k: "256", sigma: "0.25", steps: "150" }
        "plain-descent", "SGD, d_k = 128: no slower unscaled",
            "Without the scale the gradients of both projections are longer by the square root of d_k. Plain descent takes longer steps for it, which makes up for the saturation; Adam's steps do not grow with the gradient."
            => { d_k: "128", optimizer: "sgd", learning_rate: "0.3", steps: "150" }
    }
    sweeps {
        "Final loss over d_k", "Training loss after 40 steps. Scaled, it falls toward 0 as the keys get larger; unscaled, it is still about 1 nat at d_k = 256. In 200 steps both networks learn at each of these sizes."
            => { sweep: "d_k:4,16,64,256", measure: "loss", seeds: "3"; steps: "40" }
    }
}

/// What one message brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// One head's scores and weights.
    Maps(Rc<Maps>),
    /// Multi-head attention taken apart; `None` where its heads do not divide the model.
    Heads(Option<Rc<Heads>>),
    /// The saturation sweep.
    Sweep(Rc<Sweep>),
    /// What the training is shown on: one sequence; sent once, before the first step.
    Sequence(Rc<Sequence>),
    /// Queries, keys and values of an arm's net for that sequence, at present.
    Projected(Rc<Projections>),
    /// The next steps of an arm's training.
    Train { steps: StepBatch, measured: Measured },
}

/// One head on random queries and keys, `[n, n]` each, row by row: a row is a query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Maps {
    pub n: u32,
    /// `q k`
    pub scores: Rc<Vec<f32>>,
    /// `q k / sqrt(d_k)`
    pub scaled_scores: Rc<Vec<f32>>,
    /// Weights from the scaled scores, under the mask.
    pub weights_scaled: Rc<Vec<f32>>,
    /// Weights from the scores as they are, under the mask.
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
    /// The shapes of the tensors of a forward pass, one for each of [`STAGES`].
    pub shapes: Vec<Vec<u32>>,
    pub n: u32,
    /// The weights of each head, `[n, n]`.
    pub weights: Vec<Rc<Vec<f32>>>,
    pub params_counted: u32,
    /// Largest difference from burn's own module with the same weights: output and weights, with no mask and a causal one.
    pub max_abs_err: f64,
    /// What rounding alone may make of the difference.
    pub tolerance: f64,
}

/// The sizes of the sweep.
pub const SWEEP: [u32; 8] = [4, 8, 16, 32, 64, 128, 256, 512];
/// Queries of each draw in the sweep.
pub const SWEEP_QUERIES: usize = 16;

/// The softmax at many d_k, on random queries and keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// One for each of [`SWEEP`].
    pub points: Vec<SweepPoint>,
    /// At the d_k of the settings.
    pub here: SweepPoint,
    /// The weights of one query there, largest first.
    pub bars_scaled: Vec<f32>,
    pub bars_unscaled: Vec<f32>,
}

impl Sweep {
    /// Each d_k, and the median norm of the unscaled softmax's Jacobian there.
    pub fn unscaled_jacobian(&self) -> Vec<(u32, f64)> {
        self.points.iter().map(|point| (point.d_k, point.unscaled.jacobian_median.mean)).collect()
    }
}

/// Both softmaxes at one d_k.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    pub d_k: u32,
    pub scaled: Saturation,
    pub unscaled: Saturation,
}

/// How far a softmax is saturated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saturation {
    /// Entropy of the weights in nats.
    pub entropy: Spread,
    /// The largest weight of a query.
    pub largest: Spread,
    /// Frobenius norm of the softmax's Jacobian, the mean over queries.
    pub jacobian_mean: Spread,
    /// The same, the median over queries.
    pub jacobian_median: Spread,
}

/// The mean over draws, and their standard deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub mean: f64,
    pub sd: f64,
}

/// The sequence that the maps of the training are drawn for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    pub names: Vec<u8>,
    pub values: Vec<u8>,
    pub asks: Vec<u8>,
    /// The position of the token that each token asks about.
    pub positions: Vec<u32>,
}

/// What was measured of a net since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Scores, at the steps where they were measured.
    pub scores: Vec<Score>,
    /// The weights of each head for the shown sequence, `[n, n]`.
    pub maps: Vec<Rc<Vec<f32>>>,
}

/// How a net does at one step, on sequences never trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub step: u32,
    /// Share of right answers.
    pub accuracy: f32,
    /// Mean entropy of the weights, in nats.
    pub entropy: f32,
    /// Mean weight on the token that is asked about, of each head.
    pub right: Vec<f32>,
}

/// All that the page has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub maps: Option<Rc<Maps>>,
    pub heads: Option<Rc<Heads>>,
    pub sweep: Option<Rc<Sweep>>,
    pub arms: [NetRecord; 2],
}

/// The net with scaled scores among the arms.
pub const SCALED: usize = 0;
/// Its twin with scores as they are.
pub const UNSCALED: usize = 1;

/// One net's run so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// What its maps are drawn for.
    pub sequence: Option<Rc<Sequence>>,
    /// Step and loss.
    pub losses: Curve,
    pub accuracy: Curve,
    pub entropy: Curve,
    /// Mean weight on the right token, a series for each head.
    pub right: Vec<Curve>,
    pub maps: Vec<Rc<Vec<f32>>>,
    /// What its maps came from, where it was last read.
    pub projections: Option<Rc<Projections>>,
}

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch, measured: Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        for score in &measured.scores {
            self.accuracy.push(score.step, score.accuracy);
            self.entropy.push(score.step, score.entropy);
            self.right.resize_with(score.right.len().max(self.right.len()), Curve::default);
            for (curve, &right) in self.right.iter_mut().zip(&score.right) {
                curve.push(score.step, right);
            }
        }
        if !measured.maps.is_empty() {
            self.maps = measured.maps;
        }
    }

    /// The weight that the best head puts on the right token.
    pub fn best_head(&self) -> Option<f64> {
        self.right.iter().filter_map(Curve::last_y).reduce(f64::max)
    }
}

impl Experiment for Attention {
    const SLUG: &'static str = "attention";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

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
            (Frame::Train { steps, measured }, Some(net)) => net.apply_frame(&steps, measured),
            (_, None) => {}
        }
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            let right = net.right.iter().zip(1..).map(|(right, head)| {
                ArmSeries::new("right", "Weight on the right token", "", right).of_part("head", head)
            });
            let of_net = [
                ArmSeries::new("loss", "Loss", "nats", &net.losses),
                ArmSeries::new("accuracy", "Accuracy", "", &net.accuracy),
                // The readouts of the entropy are of the untrained sweep, so this has a name of its own.
                ArmSeries::new("training_entropy", "Entropy of the weights", "nats", &net.entropy),
            ];
            of_net.into_iter().chain(right).collect()
        })
    }
}
