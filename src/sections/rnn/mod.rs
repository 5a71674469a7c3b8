//! Section 4: what a recurrent network remembers over 200 steps.
//!
//! A vanilla RNN and an LSTM learn to recall the first token of a noisy sequence, or to classify lines of the user, from the
//! same seed and on the same batches.
//! The probe compares both with burn's modules and measures `dL/dh_t` at every position of the untrained networks. The run
//! measures it during training.

mod chapters;
mod checks;
mod code;
mod config;
mod experiments;
#[cfg(feature = "compute")]
mod gradients;
mod lines;
mod metrics;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod paths;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod task;
mod trace;
#[cfg(feature = "compute")]
mod train;

pub use checks::{ROUNDED_AWAY, chance, chance_level, params_lstm, params_rnn, steps_to_learn};
pub use config::{Alphabet, Config, ForgetBias, TaskChoice};
pub use lines::{Answers, LineSet};
#[cfg(feature = "compute")]
pub use nets::{lstm, rnn, task};
#[cfg(feature = "page")]
pub use panel::{RnnPanel, cover};
pub use trace::{LSTM_PARTS, MAX_UNITS, Part, PartKind, RNN_PARTS, Trace, token_name};

use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
use crate::run::timing::StepTimes;
use serde::{Deserialize, Deserializer, Serialize};
use std::rc::Rc;

/// The experiment of section 4.
#[derive(Debug)]
pub struct Rnn;

/// A message from the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The number of parameters of each module.
    Counted([u32; 2]),
    /// The differences from burn's own modules with the same weights.
    Agreement([Agreement; 2]),
    /// The decay of a gradient in the untrained networks.
    Untrained(Rc<Paths>),
    /// The largest singular value of the untrained RNN's recurrent weights.
    StepBound(f64),
    /// The states of the untrained networks along one sequence.
    UntrainedTraces([Rc<Trace>; 2]),
    /// The decay of a gradient in an arm's network after training.
    Trained(Rc<Paths>),
    /// The states of an arm's network along one sequence, at present.
    Traced(Rc<Trace>),
    /// The next steps of an arm's training, and the measurements of its network.
    Train(StepBatch, Measured),
    /// The gradients of the untrained networks on the first batch of their training.
    UntrainedGradients([Rc<GradientRow>; 2]),
    /// The description of the user's lines.
    Lines(Rc<LineSet>),
    /// The answers of the untrained networks for some held-out lines.
    UntrainedAnswers([Rc<Answers>; 2]),
    /// The present answers of an arm's network for some held-out lines.
    Answered(Rc<Answers>),
}

/// The largest absolute differences between two implementations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Of the hidden states at all positions.
    pub values: f64,
    /// Of the gradients of a loss with respect to the input and recurrent weights.
    pub gradients: f64,
}

/// The influence of the state at each position on the state at the end, on one sequence. Positions run from 0 to `T - 1`.
/// Entry `t` is the root mean square, over directions, of the factor by which the path from `t` to the last position scales
/// a vector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Paths {
    /// The RNN's `||dh_{T-1}/dh_t||_F / sqrt(d_h)`.
    pub rnn: Vec<f64>,
    /// The LSTM's direct path through its cells, `||diag(prod f)||_F / sqrt(d_h)`: the root mean square over units. The full
    /// derivative of the last cell also has paths through the hidden states and the gates.
    pub cell: Vec<f64>,
    /// The spectral radius of the RNN's recurrent weights.
    pub spectral_radius: f64,
}

impl Paths {
    /// Returns the factor by which a change shrinks per step along a path, as a geometric mean; `None` for a path without
    /// steps, or one that has underflowed to zero.
    pub fn per_step(path: &[f64]) -> Option<f64> {
        let (first, last) = (*path.first()?, *path.last()?);
        let steps = path.len() as f64 - 1.0;
        (steps > 0.0 && first > 0.0).then(|| (first / last).powf(1.0 / steps))
    }

    /// Returns the largest factor of a single step along a path.
    pub fn largest_step(path: &[f64]) -> Option<f64> {
        let steps = path.windows(2).filter_map(|step| Some(step.first()? / step.last()?));
        steps.filter(|factor| factor.is_finite()).reduce(f64::max)
    }
}

/// Measurements of a network since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The accuracy on held-out sequences, with its step.
    pub accuracies: Vec<(u32, f32)>,
    /// The gradients at the measured steps.
    pub gradients: Vec<GradientRow>,
    /// The norm of the gradient of all weights before clipping, with its step.
    pub norms: Vec<(u32, f32)>,
    /// The accuracy on lines that are trained on, with its step.
    pub train_accuracies: Vec<(u32, f32)>,
}

/// The gradient at every position of the sequence, at one training step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GradientRow {
    /// The training step, counted from 1; 0 for the untrained network.
    pub step: u32,
    /// `||dL/dh_t||` over the whole batch.
    pub hidden: Vec<f32>,
    /// `||dL/dc_t||`; empty for a network without cells.
    pub cell: Vec<f32>,
}

/// Everything the page has received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The paths of the untrained networks.
    pub untrained: Option<Rc<Paths>>,
    /// The largest singular value of the untrained RNN's recurrent weights, which bounds the factor of a single step back.
    pub step_bound: Option<f64>,
    /// The counted parameters, one entry per arm.
    pub params: [Option<u32>; 2],
    /// The differences from burn's modules, one entry per arm.
    pub agreement: [Option<Agreement>; 2],
    /// The states of the untrained networks, one entry per arm.
    pub untrained_traces: [Option<Rc<Trace>>; 2],
    /// The gradients of the untrained networks, one entry per arm.
    pub untrained_gradients: [Option<Rc<GradientRow>>; 2],
    /// The user's lines; `None` in the task of recall.
    pub lines: Option<Rc<LineSet>>,
    /// The answers of the untrained networks for held-out lines, one entry per arm.
    pub untrained_answers: [Option<Rc<Answers>>; 2],
    /// The run of each arm.
    pub arms: [NetRecord; 2],
}

/// The index of the RNN among the arms.
pub const RNN: usize = 0;
/// The index of the LSTM among the arms.
pub const LSTM: usize = 1;

impl Record {
    /// Returns the paths of the trained networks, once both are trained.
    pub fn trained(&self) -> Option<Rc<Paths>> {
        let [rnn, lstm] = &self.arms;
        let (rnn, lstm) = (rnn.trained.as_ref()?, lstm.trained.as_ref()?);
        Some(Rc::new(Paths { cell: lstm.cell.clone(), ..(**rnn).clone() }))
    }

    /// Returns a network's states along one sequence: at present, or untrained before there is a run.
    pub fn trace(&self, arm: usize) -> Option<&Rc<Trace>> {
        let of_run = self.arms.get(arm).and_then(|net| net.trace.as_ref());
        of_run.or_else(|| self.untrained_traces.get(arm)?.as_ref())
    }

    /// Returns what a network says about held-out lines: at present, or untrained before there is a run.
    pub fn answers(&self, arm: usize) -> Option<&Rc<Answers>> {
        let of_run = self.arms.get(arm).and_then(|net| net.answers.as_ref());
        of_run.or_else(|| self.untrained_answers.get(arm)?.as_ref())
    }

    /// Returns `||dL/dh_0||` of a network: the latest, or untrained before there is a run.
    pub fn gradient_at_first(&self, arm: usize) -> Option<f64> {
        let of_run = self.arms.get(arm).and_then(|net| net.gradients.last());
        of_run.or_else(|| self.untrained_gradients.get(arm)?.as_deref())?.at_first()
    }
}

impl GradientRow {
    /// Returns `||dL/dh_0||`.
    pub fn at_first(&self) -> Option<f64> {
        self.hidden.first().map(|&norm| norm.into())
    }

    /// Returns the gradients along the path that carries a network's memory: those of the cells, or of the hidden states if
    /// the network has no cells.
    pub fn memory(&self) -> &[f32] {
        if self.cell.is_empty() { &self.hidden } else { &self.cell }
    }
}

/// The number of positions, from the first on, that a gradient does not reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unreached {
    /// Positions whose gradient is below [`FLOAT_FLOOR`].
    pub below: usize,
    /// Positions whose gradient is lost in rounding when it is added to the largest one; includes `below`.
    pub lost: usize,
}

impl Unreached {
    /// Returns the numbers for the gradient norms at all positions.
    pub fn of(norms: &[f32]) -> Self {
        let largest = norms.iter().copied().filter(|norm| norm.is_finite()).fold(0.0, f32::max);
        let leading = |limit: f64| norms.iter().take_while(|norm| f64::from(**norm) < limit).count();
        let below = leading(FLOAT_FLOOR);
        Self { below, lost: leading(ROUNDED_AWAY * f64::from(largest)).max(below) }
    }
}

/// The run of one arm. The order of the fields is the format of saved runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// The training loss of each step.
    pub losses: Curve,
    /// The accuracy on held-out sequences.
    pub accuracy: Curve,
    /// The durations of the steps.
    pub times: StepTimes,
    /// The gradients at the measured steps, in the order of training.
    pub gradients: Rc<Vec<GradientRow>>,
    /// The latest gates and states along one sequence.
    pub trace: Option<Rc<Trace>>,
    /// The path after training.
    trained: Option<Rc<Paths>>,
    /// The norm of the gradient of all weights at the measured steps, before clipping. Runs that earlier versions saved end
    /// before this field.
    #[serde(deserialize_with = "or_default")]
    pub norms: Curve,
    /// The accuracy on lines that are trained on.
    #[serde(deserialize_with = "or_default")]
    pub train_accuracy: Curve,
    /// The answers of the network for held-out lines.
    #[serde(deserialize_with = "or_default")]
    pub answers: Option<Rc<Answers>>,
}

/// Reads one of the last fields of a saved run, or returns its default if the run was saved without it.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(T::deserialize(from).unwrap_or_default())
}

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch, measured: Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        self.times.extend(&steps.times);
        for (step, accuracy) in measured.accuracies {
            self.accuracy.push(step, accuracy);
        }
        for (step, accuracy) in measured.train_accuracies {
            self.train_accuracy.push(step, accuracy);
        }
        for (step, norm) in measured.norms {
            self.norms.push(step, norm);
        }
        if !measured.gradients.is_empty() {
            Rc::make_mut(&mut self.gradients).extend(measured.gradients);
        }
    }

    /// Returns the factor by which the RNN's gradient is multiplied per step back, at the first training step, and the number
    /// of steps. It counts from the last position to the earliest one whose gradient 32-bit numbers still represent.
    fn first_gradient_per_step(&self) -> Option<(f64, usize)> {
        let row = &self.gradients.first()?.hidden;
        let resolved = row.iter().rev().take_while(|norm| f64::from(**norm) >= FLOAT_FLOOR);
        let norms: Vec<f64> = resolved.map(|norm| f64::from(*norm)).collect();
        let steps = norms.len().checked_sub(1).filter(|steps| *steps > 0)?;
        Some(((norms.last()? / norms.first()?).powf(1.0 / steps as f64), steps))
    }

    /// Returns a gradient at the first and at the last position, both at the first step.
    fn first_gradient(&self, of: fn(&GradientRow) -> &[f32]) -> Option<(f64, f64)> {
        let row = of(self.gradients.first()?);
        Some((f64::from(*row.first()?), f64::from(*row.last()?)))
    }
}

/// The smallest normal 32-bit number. Below it gradients lose digits and then vanish; many GPUs round them to zero at once.
pub const FLOAT_FLOOR: f64 = f32::MIN_POSITIVE as f64;

impl Experiment for Rnn {
    const SLUG: &'static str = "rnn";

    crate::own_files!();

    fn shards(config: &Config) -> u32 {
        config.shards
    }

    const ARMS: &'static [Arm] =
        &[Arm { slug: "rnn", title: "RNN", net: "RNN" }, Arm { slug: "lstm", title: "LSTM", net: "LSTM" }];

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        match (frame, record.arms.get_mut(arm)) {
            (Frame::Counted(params), _) => record.params = params.map(Some),
            (Frame::Agreement(agreement), _) => record.agreement = agreement.map(Some),
            (Frame::Untrained(paths), _) => record.untrained = Some(paths),
            (Frame::StepBound(bound), _) => record.step_bound = Some(bound),
            (Frame::UntrainedTraces(traces), _) => record.untrained_traces = traces.map(Some),
            (Frame::UntrainedGradients(rows), _) => record.untrained_gradients = rows.map(Some),
            (Frame::Lines(lines), _) => record.lines = Some(lines),
            (Frame::UntrainedAnswers(answers), _) => record.untrained_answers = answers.map(Some),
            (Frame::Answered(answers), Some(net)) => net.answers = Some(answers),
            (Frame::Trained(paths), Some(net)) => net.trained = Some(paths),
            (Frame::Traced(trace), Some(net)) => net.trace = Some(trace),
            (Frame::Train(steps, measured), Some(net)) => net.apply_frame(&steps, measured),
            (_, None) => {}
        }
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            let first = |row: &GradientRow| Some((row.step.into(), row.hidden.first().copied()?.into()));
            let gradient = net.gradients.iter().filter_map(first).collect();
            let mut series = vec![
                ArmSeries::new("loss", "Loss", "nats", &net.losses),
                ArmSeries::new("accuracy", "Accuracy", "", &net.accuracy),
                ArmSeries::new("grad_first", "Gradient at the first token", "", &gradient),
                ArmSeries::new("grad_norm", "Gradient norm of all weights", "", &net.norms),
            ];
            // Only lines are trained on more than once.
            if !net.train_accuracy.is_empty() {
                let curve = &net.train_accuracy;
                series.push(ArmSeries::new("accuracy_train", "Accuracy on training lines", "", curve));
            }
            series
        })
    }
}
