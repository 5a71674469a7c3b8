//! Section 5: scaled dot-product attention.
//!
//! The probe shows one head's weights with and without the scale, sweeps d_k until the softmax saturates, and follows
//! multi-head attention stage by stage. The run trains one attention layer on a look-up task, scaled and unscaled, or on
//! two look-ups at once, with several heads and with one.

mod chapters;
mod checks;
mod code;
mod conclusions;
mod config;
mod cost;
#[cfg(feature = "compute")]
mod cost_time;
mod experiments;
mod frames;
mod metrics;
mod order;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod probe;
mod query;
#[cfg(feature = "compute")]
mod roles;
#[cfg(feature = "compute")]
mod task;
#[cfg(feature = "compute")]
mod train;

pub use checks::{
    chance_loss, entropy_uniform, expected_entropy, head_dim, one_head_accuracy, one_head_loss,
    params_formula, solved_below, steps_to_solve,
};
pub use conclusions::{end_measured, start_measured};
pub use config::{Config, MaskChoice, Task};
pub use cost::{Multiplications, break_even};
pub use frames::{
    COST_LENGTHS, Cost, CostPoint, Heads, Maps, Roles, STAGES, SWEEP, SWEEP_QUERIES, Saturation,
    SecondQuestion, Sequence, Spread, Sweep, SweepPoint, Untrained, UntrainedNet,
};
pub use order::{OrderSource, Ordered, WORDS, attend, differences, is_rounding};
#[cfg(feature = "page")]
pub use panel::{AttentionPanel, cover};
pub use query::{Example, MAX_HEADS, MAX_NUMBER, Projections, Stages, Switches, read_number, stages};

use crate::core::Check;
use crate::core::chapter::Chapter;
use crate::core::curve::{Curve, RunSeries};
use crate::core::guided::GuidedExperiment;
use crate::core::metric::Metric;
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, push_each, series_of};
use crate::run::code::Code;
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
    /// The networks of a task before the first step.
    Untrained(Task, Rc<Untrained>),
    /// One projection for queries and keys, and two.
    Roles(Rc<Roles>),
    /// The time of a layer at growing lengths.
    Cost(Rc<Cost>),
    /// The sequence that the maps are drawn for, with the second question of each token; sent once, before the first step.
    Sequence(Rc<Sequence>, Option<Rc<SecondQuestion>>),
    /// Queries, keys and values of an arm's network for that sequence, at present.
    Projected(Rc<Projections>),
    /// The next steps of an arm's training, and the measurements of its network.
    Train(StepBatch, Measured),
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
    /// The networks of each task before the first step.
    pub untrained: [Option<Rc<Untrained>>; 2],
    /// One projection for queries and keys, and two.
    pub roles: Option<Rc<Roles>>,
    /// The time of a layer at growing lengths.
    pub cost: Option<Rc<Cost>>,
    /// The run of each arm.
    pub arms: [NetRecord; 2],
}

/// The index of the network with scaled scores among the arms. With two look-ups, it has several heads.
pub const SCALED: usize = 0;
/// The index of the network with unscaled scores among the arms. With two look-ups, it has one head.
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
    /// The second question of each token, if the task has two. Files of older versions end before this field.
    pub second: Option<Rc<SecondQuestion>>,
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

/// The networks of a run with two look-ups, by the number of heads of the first, from 1.
const HEAD_ARMS: [[Arm; 2]; 8] = {
    const fn arms(title: &'static str, net: &'static str) -> [Arm; 2] {
        [
            Arm { slug: "heads", title, net },
            Arm { slug: "one_head", title: "one head", net: "network with one head" },
        ]
    }
    [
        arms("also one head", "other network with one head"),
        arms("two heads", "network with two heads"),
        arms("three heads", "network with three heads"),
        arms("four heads", "network with four heads"),
        arms("five heads", "network with five heads"),
        arms("six heads", "network with six heads"),
        arms("seven heads", "network with seven heads"),
        arms("eight heads", "network with eight heads"),
    ]
};

fn curves(arms: &[Arm], record: &Record) -> Vec<RunSeries> {
    series_of(arms, &record.arms, |net| {
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

impl Experiment for Attention {
    const SLUG: &'static str = "attention";

    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    const CHAPTERS: &'static [Chapter] = chapters::CHAPTERS;
    const MAIN_METRICS: &'static str = chapters::MAIN_METRICS;
    const EXPERIMENTS: &'static [GuidedExperiment<Config, Record>] = experiments::EXPERIMENTS;
    const CODE: &'static Code = &code::CODE;

    fn code_values(config: &Config) -> Vec<(&'static str, serde_json::Value)> {
        code::code_values(config)
    }

    const ARMS: &'static [Arm] = &[
        Arm { slug: "scaled", title: "scaled", net: "scaled network" },
        Arm { slug: "unscaled", title: "unscaled", net: "unscaled network" },
    ];

    fn shards(config: &Config) -> u32 {
        config.shards
    }

    fn arms(config: &Config) -> &'static [Arm] {
        let heads = config.n_heads.saturating_sub(1) as usize;
        match (config.task, HEAD_ARMS.get(heads)) {
            (Task::TwoLookUps, Some(arms)) => arms,
            _ => Self::ARMS,
        }
    }

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        match (frame, record.arms.get_mut(arm)) {
            (Frame::Maps(maps), _) => record.maps = Some(maps),
            (Frame::Heads(heads), _) => record.heads = heads,
            (Frame::Sweep(sweep), _) => record.sweep = Some(sweep),
            (Frame::Untrained(task, nets), _) => {
                record.untrained.get_mut(task as usize).into_iter().for_each(|of| *of = Some(nets.clone()));
            }
            (Frame::Roles(roles), _) => record.roles = Some(roles),
            (Frame::Cost(cost), _) => record.cost = Some(cost),
            (Frame::Sequence(sequence, second), Some(net)) => {
                (net.sequence, net.second) = (Some(sequence), second);
            }
            (Frame::Projected(projections), Some(net)) => net.projections = Some(projections),
            (Frame::Train(steps, measured), Some(net)) => net.apply_frame(&steps, measured),
            (_, None) => {}
        }
    }

    fn clear_arm(record: &mut Record, arm: usize) {
        record.arms.get_mut(arm).into_iter().for_each(|net| *net = NetRecord::default());
    }

    fn save_arm(record: &Record, arm: usize) -> Vec<u8> {
        record.arms.get(arm).and_then(|net| postcard::to_stdvec(net).ok()).unwrap_or_default()
    }

    fn load_arm(record: &mut Record, arm: usize, saved: &[u8]) -> bool {
        // In a file of an older version, the last field is missing. A zero says that it has no value.
        let older = || postcard::from_bytes(&[saved, &[0]].concat());
        match (record.arms.get_mut(arm), postcard::from_bytes(saved).or_else(|_| older())) {
            (Some(net), Ok(saved)) => {
                *net = saved;
                true
            }
            _ => false,
        }
    }

    fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
        metrics::metrics(config, record)
    }

    fn checks(config: &Config, record: &Record) -> Vec<Check> {
        checks::checks(config, record)
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        curves(Self::ARMS, record)
    }

    fn named_series(config: &Config, record: &Record) -> Vec<RunSeries> {
        curves(Self::arms(config), record)
    }
}
