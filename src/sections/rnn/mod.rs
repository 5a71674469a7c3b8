//! Section 4: what a recurrent net remembers over 200 steps.
//!
//! A vanilla RNN and an LSTM learn to recall the first token of a sequence of noise, from the same seed and on the
//! same batches. The probe holds both against burn's own modules and shows how fast a gradient fades in the untrained
//! nets; the run measures `dL/dh_t` at every position while they learn.

mod chapters;
mod checks;
mod experiments;
mod metrics;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod paths;
#[cfg(feature = "compute")]
mod probe;
mod trace;
#[cfg(feature = "compute")]
mod train;

pub use checks::{chance, params_lstm, params_rnn, steps_to_learn};
#[cfg(feature = "compute")]
pub use nets::{lstm, rnn, task};
#[cfg(feature = "page")]
pub use panel::RnnPanel;
pub use trace::{LSTM_PARTS, MAX_UNITS, Part, PartKind, RNN_PARTS, Trace, token_name};

use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
use crate::run::timing::StepTimes;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 4.
#[derive(Debug)]
pub struct Rnn;

crate::choices! {
    /// What the noise between the first token and the end is made of.
    pub enum Alphabet {
        /// Tokens that name no class.
        Separate = "separate", "tokens of its own";
        /// The same tokens that name the classes.
        Shared = "shared", "the class tokens";
    }
}

crate::choices! {
    /// The biases of the LSTM's gates at the start.
    pub enum ForgetBias {
        Chrono = "chrono", "chrono: ln U(1, T − 1)";
        One = "one", "1";
        Zero = "zero", "0";
    }
}

crate::settings! {
    /// Settings of section 4.
    pub struct Config {
        seq_len: u32 = 200, int(10, 400, log), "Sequence length", "T",
            "Tokens in a sequence. Only the first one matters; the network must carry it past all the others.";
        n_classes: u32 = 2, int(2, 8), "Classes", "K",
            "Tokens that can occur at the first position, one for each class.";
        alphabet: Alphabet = Alphabet::Separate, choice, "Noise", "",
            "Whether the noise has tokens of its own. If it uses the class tokens, the network must also learn that only the first one counts.";
        n_distractors: u32 = 8, int(1, 16), "Noise tokens", "",
            "Different tokens in the noise, where it has tokens of its own.";
        d_hidden: u32 = 32, int(4, 128, log), "Hidden size", "d_h",
            "Numbers in the hidden state of each network; the LSTM's cell has as many.";
        forget_bias: ForgetBias = ForgetBias::Chrono, choice, "Forget-gate bias", "b_f",
            "How long the untrained LSTM remembers. A bias of 0 keeps half the cell at each step, 1 keeps 73 %; chrono samples memories of every length up to T (Tallec and Ollivier 2018).";
        spectral_radius: f64 = 0.58, float(0.1, 2.0), "Spectral radius", "ρ",
            "Largest absolute eigenvalue of the RNN's initial recurrent weights. Without the tanh, a gradient would be multiplied by about ρ at each step back. The usual start, U(±1/√d_h), gives about 0.58.";
        learning_rate: f64 = 0.003, float(1e-5, 0.3, log) live, "Learning rate", "η",
            "Adam's step size. It may be changed while the networks train.";
        clip: f64 = 1.0, float(0.01, 100.0, log) live, "Clipping", "",
            "Longest gradient that is taken as it is, over all weights together; a longer one is scaled down to this norm (Pascanu et al. 2013).";
        batch_size: u32 = 32, int(1, 128, log), "Batch size", "B",
            "Sequences per step; both networks see the same ones.";
        steps: u32 = 400, int(1, 10_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws the sequences and the initial weights. The same seed gives the same run on the same device.";
    }
    presets {
        "rnn-fails", "RNN fails, LSTM learns",
            "200 steps of noise, and the weights that are usual at the start: the RNN's gradient is gone long before the first token. The LSTM's cells are made to last (chrono)."
            => {}
        "rnn-learns-too", "RNN that starts well learns too",
            "The same RNN, its recurrent weights scaled to a spectral radius of 1.1. Nothing else is changed, and it learns the task, sooner than the LSTM: initialization caused the failure, not the architecture's alone."
            => { spectral_radius: "1.1" }
        "zero-forget-bias", "LSTM with zero forget bias",
            "The same LSTM, but its gates start by forgetting half of the cell at each step: over 200 steps it fails like the RNN."
            => { forget_bias: "zero" }
        "short-sequence", "Short sequence, both learn",
            "Twelve tokens: short enough for the RNN's gradient to reach the first one."
            => { seq_len: "12", forget_bias: "one" }
        "shared-alphabet", "Noise that looks like labels",
            "The noise uses the class tokens. Now a cell that adds up what it sees drowns the first token, and even the chrono LSTM needs far longer."
            => { alphabet: "shared" }
    }
    sweeps {
        "Recall over sequence length", "The longest sequence that each network recalls the first token of, with three seeds."
            => { sweep: "seq_len:10,20,40,80", measure: "accuracy", seeds: "3"; steps: "150" }
        "Recall over spectral radius", "The RNN's start decides: near a radius of 1 it learns what it cannot at 0.58."
            => { sweep: "spectral_radius:0.4,0.7,0.9,1,1.1,1.3", measure: "accuracy", seeds: "3"; seq_len: "40", steps: "150" }
    }
}

/// What one message brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// How many parameters the modules have.
    Counted { rnn: u32, lstm: u32 },
    /// How far the hand-built nets are from burn's own modules with the same weights.
    Agreement { rnn: Agreement, lstm: Agreement },
    /// How a gradient fades in the untrained nets.
    Untrained(Rc<Paths>),
    /// The untrained nets along one sequence.
    UntrainedTraces { rnn: Rc<Trace>, lstm: Rc<Trace> },
    /// The path of an arm's net after training.
    Trained(Rc<Paths>),
    /// An arm's net along one sequence, at present.
    Traced(Rc<Trace>),
    /// The next steps of an arm's training.
    Train { steps: StepBatch, measured: Measured },
}

/// The largest absolute difference between two implementations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// In the hidden states at all positions.
    pub values: f64,
    /// In the gradients of a loss in the input and recurrent weights.
    pub gradients: f64,
}

/// How long the state at each position is felt at the end, on one sequence. Entry `t` is the root of the mean squared
/// factor by which the path from `t` to the last position scales a vector of random direction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Paths {
    /// The RNN's `||dh_T/dh_t||_F / sqrt(d_h)`
    pub rnn: Vec<f64>,
    /// The LSTM's path through its cells: `||diag(prod f)||_F / sqrt(d_h)`
    pub cell: Vec<f64>,
    /// Of the RNN's recurrent weights.
    pub spectral_radius: f64,
}

/// What was measured of a net since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Steps, and the accuracy on held-out sequences there.
    pub accuracies: Vec<(u32, f32)>,
    pub gradients: Vec<GradientRow>,
}

/// The gradient at every position of the sequence, at one training step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GradientRow {
    pub step: u32,
    /// `||dL/dh_t||` over the whole batch.
    pub hidden: Vec<f32>,
    /// `||dL/dc_t||`; empty where there is no cell.
    pub cell: Vec<f32>,
}

/// All that the page has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub params: Option<(u32, u32)>,
    pub agreement: Option<(Agreement, Agreement)>,
    pub untrained: Option<Rc<Paths>>,
    /// One for each arm.
    pub untrained_traces: [Option<Rc<Trace>>; 2],
    pub arms: [NetRecord; 2],
}

/// The RNN among the arms.
pub const RNN: usize = 0;
/// The LSTM.
pub const LSTM: usize = 1;

impl Record {
    /// The paths of the trained nets, once both are.
    pub fn trained(&self) -> Option<Rc<Paths>> {
        let [rnn, lstm] = &self.arms;
        let (rnn, lstm) = (rnn.trained.as_ref()?, lstm.trained.as_ref()?);
        Some(Rc::new(Paths { cell: lstm.cell.clone(), ..(**rnn).clone() }))
    }

    /// A net along one sequence: as it is now, or untrained before there is a run.
    pub fn trace(&self, arm: usize) -> Option<&Rc<Trace>> {
        let of_run = self.arms.get(arm).and_then(|net| net.trace.as_ref());
        of_run.or_else(|| self.untrained_traces.get(arm)?.as_ref())
    }
}

/// One net's run so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    pub losses: Curve,
    pub accuracy: Curve,
    pub times: StepTimes,
    /// In the order of training.
    pub gradients: Rc<Vec<GradientRow>>,
    /// Its gates and states along one sequence, where it was last followed.
    pub trace: Option<Rc<Trace>>,
    /// Its path after training.
    trained: Option<Rc<Paths>>,
}

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch, measured: &Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        self.times.extend(&steps.times);
        for &(step, accuracy) in &measured.accuracies {
            self.accuracy.push(step, accuracy);
        }
        if !measured.gradients.is_empty() {
            Rc::make_mut(&mut self.gradients).extend_from_slice(&measured.gradients);
        }
    }

    /// `||dL/dh_0||` where it was last measured.
    pub fn gradient_at_first(&self) -> Option<f64> {
        self.gradients.last()?.hidden.first().map(|&norm| norm.into())
    }
}

/// The smallest positive number of 32 bits with all its digits. Below it, gradients lose digits and then vanish; many
/// GPUs round them to zero at once.
pub const FLOAT_FLOOR: f64 = f32::MIN_POSITIVE as f64;

/// Gradients are measured at most this often in a run, evenly.
const MEASURED: u32 = 100;

impl Config {
    /// Gradients are measured at step 1 and then at every so manyth.
    pub fn measured_every(&self) -> u32 {
        self.steps.div_ceil(MEASURED).max(1)
    }

    /// Tokens in the alphabet: the width of the one-hot input.
    pub fn d_in(&self) -> u32 {
        match self.alphabet {
            Alphabet::Separate => self.n_classes + self.n_distractors,
            Alphabet::Shared => self.n_classes,
        }
    }
}

impl Experiment for Rnn {
    const SLUG: &'static str = "rnn";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    crate::own_files!();
    const ARMS: &'static [Arm] =
        &[Arm { slug: "rnn", title: "RNN", net: "RNN" }, Arm { slug: "lstm", title: "LSTM", net: "LSTM" }];

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        match (frame, record.arms.get_mut(arm)) {
            (Frame::Counted { rnn, lstm }, _) => record.params = Some((rnn, lstm)),
            (Frame::Agreement { rnn, lstm }, _) => record.agreement = Some((rnn, lstm)),
            (Frame::Untrained(paths), _) => record.untrained = Some(paths),
            (Frame::UntrainedTraces { rnn, lstm }, _) => record.untrained_traces = [Some(rnn), Some(lstm)],
            (Frame::Trained(paths), Some(net)) => net.trained = Some(paths),
            (Frame::Traced(trace), Some(net)) => net.trace = Some(trace),
            (Frame::Train { steps, measured }, Some(net)) => net.apply_frame(&steps, &measured),
            (_, None) => {}
        }
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            let first = |row: &GradientRow| Some((row.step.into(), row.hidden.first().copied()?.into()));
            let gradient = net.gradients.iter().filter_map(first).collect();
            vec![
                ArmSeries::new("loss", "Loss", "nats", &net.losses),
                ArmSeries::new("accuracy", "Accuracy", "", &net.accuracy),
                ArmSeries::new("grad_first", "Gradient at the first token", "", &gradient),
            ]
        })
    }
}
