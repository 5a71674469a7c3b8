//! Section 4: what a recurrent net remembers over 200 steps.
//!
//! A vanilla RNN and an LSTM learn to recall the first token of a sequence of noise, from the same seed and on the
//! same batches. The probe holds both against burn's own modules and shows how fast a gradient fades in the untrained
//! nets; the run measures `dL/dh_t` at every position while they learn.

mod checks;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod paths;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod train;

pub use checks::{chance, params_lstm, params_rnn};
#[cfg(feature = "compute")]
pub use nets::{lstm, rnn, task};
#[cfg(feature = "page")]
pub use panel::RnnPanel;

use crate::core::Check;
use crate::core::curve::{Curve, RunSeries};
use crate::core::settings::{Kind, Param, Preset, Settings};
use crate::run::Experiment;
use crate::run::timing::StepTimes;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 4.
#[derive(Debug)]
pub struct Rnn;

/// What the noise between the first token and the end is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alphabet {
    /// Tokens that name no class.
    Separate,
    /// The same tokens that name the classes.
    Shared,
}

/// The biases of the LSTM's gates at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForgetBias {
    Chrono,
    One,
    Zero,
}

/// Settings of section 4; [`Settings::PARAMS`] explains each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub seq_len: u32,
    pub n_classes: u32,
    pub alphabet: Alphabet,
    pub n_distractors: u32,
    pub d_hidden: u32,
    pub forget_bias: ForgetBias,
    pub spectral_radius: f64,
    pub learning_rate: f64,
    pub clip: f64,
    pub batch_size: u32,
    pub steps: u32,
    pub seed: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seq_len: 200,
            n_classes: 2,
            alphabet: Alphabet::Separate,
            n_distractors: 8,
            d_hidden: 32,
            forget_bias: ForgetBias::Chrono,
            spectral_radius: 0.58,
            learning_rate: 0.003,
            clip: 1.0,
            batch_size: 32,
            steps: 400,
            seed: 1,
        }
    }
}

impl Settings for Config {
    const PARAMS: &'static [Param] = &[
        Param {
            key: "seq_len",
            label: "Sequence length",
            symbol: "T",
            help: "Tokens in a sequence. Only the first one matters; the net must carry it past all the others.",
            kind: Kind::Int { min: 10, max: 400, log: true },
            live: false,
        },
        Param {
            key: "n_classes",
            label: "Classes",
            symbol: "K",
            help: "Tokens that can stand at the first position, one for each class.",
            kind: Kind::Int { min: 2, max: 8, log: false },
            live: false,
        },
        Param {
            key: "alphabet",
            label: "Noise",
            symbol: "",
            help: "Whether the noise has tokens of its own. If it uses the class tokens, the net must also learn that only the first one counts.",
            kind: Kind::Choice(&[("separate", "tokens of its own"), ("shared", "the class tokens")]),
            live: false,
        },
        Param {
            key: "n_distractors",
            label: "Noise tokens",
            symbol: "",
            help: "Different tokens in the noise, where it has tokens of its own.",
            kind: Kind::Int { min: 1, max: 16, log: false },
            live: false,
        },
        Param {
            key: "d_hidden",
            label: "Hidden size",
            symbol: "d_h",
            help: "Numbers in the hidden state of each net; the LSTM's cell has as many.",
            kind: Kind::Int { min: 4, max: 128, log: true },
            live: false,
        },
        Param {
            key: "forget_bias",
            label: "Forget-gate bias",
            symbol: "b_f",
            help: "How long the untrained LSTM remembers. A bias of 0 keeps half the cell at each step, 1 keeps 73 %; chrono draws memories of every length up to T.",
            kind: Kind::Choice(&[("chrono", "chrono: ln U(1, T − 1)"), ("one", "1"), ("zero", "0")]),
            live: false,
        },
        Param {
            key: "spectral_radius",
            label: "Spectral radius",
            symbol: "ρ",
            help: "Largest absolute eigenvalue of the RNN's initial recurrent weights. Without the tanh, a gradient would be multiplied by about ρ at each step back. The usual start, U(±1/√d_h), gives about 0.58.",
            kind: Kind::Float { min: 0.1, max: 2.0, log: false },
            live: false,
        },
        Param {
            key: "learning_rate",
            label: "Learning rate",
            symbol: "η",
            help: "Adam's step size. It may be changed while the nets train.",
            kind: Kind::Float { min: 1e-5, max: 0.3, log: true },
            live: true,
        },
        Param {
            key: "clip",
            label: "Clipping",
            symbol: "",
            help: "Longest gradient that is taken as it is, over all weights together; a longer one is scaled down to this norm (Pascanu et al. 2013).",
            kind: Kind::Float { min: 0.01, max: 100.0, log: true },
            live: true,
        },
        Param {
            key: "batch_size",
            label: "Batch size",
            symbol: "B",
            help: "Sequences in one step; both nets see the same ones.",
            kind: Kind::Int { min: 1, max: 128, log: true },
            live: false,
        },
        Param {
            key: "steps",
            label: "Training steps",
            symbol: "",
            help: "Steps until training ends by itself.",
            kind: Kind::Int { min: 1, max: 10_000, log: true },
            live: false,
        },
        Param {
            key: "seed",
            label: "Seed",
            symbol: "",
            help: "Draws the sequences and the initial weights. The same seed gives the same run on the same device.",
            kind: Kind::Int { min: 0, max: 999_999, log: false },
            live: false,
        },
    ];

    const PRESETS: &'static [Preset] = &[
        Preset {
            slug: "rnn-fails",
            title: "RNN fails, LSTM learns",
            help: "200 steps of noise, and the weights that are usual at the start: the RNN's gradient is gone long before the first token. The LSTM's cells are made to last (chrono).",
            values: &[],
        },
        Preset {
            slug: "rnn-learns-too",
            title: "RNN that starts well learns too",
            help: "The same RNN, its recurrent weights scaled to a spectral radius of 1.1. Nothing else is changed, and it learns the task, sooner than the LSTM: the failure was the start's, not the architecture's alone.",
            values: &[("spectral_radius", "1.1")],
        },
        Preset {
            slug: "zero-forget-bias",
            title: "LSTM with zero forget bias",
            help: "The same LSTM, but its gates start by forgetting half of the cell at each step: over 200 steps it fails like the RNN.",
            values: &[("forget_bias", "zero")],
        },
        Preset {
            slug: "short-sequence",
            title: "Short sequence, both learn",
            help: "Twelve tokens: short enough for the RNN's gradient to reach the first one.",
            values: &[("seq_len", "12"), ("forget_bias", "one")],
        },
        Preset {
            slug: "shared-alphabet",
            title: "Noise that looks like labels",
            help: "The noise uses the class tokens. Now a cell that adds up what it sees drowns the first token, and even the chrono LSTM needs far longer.",
            values: &[("alphabet", "shared")],
        },
    ];
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
    /// The same after training.
    Trained(Rc<Paths>),
    /// The next stretch of training.
    Train(Rc<Stretch>),
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
    /// `||dh_T/dh_t||_F / sqrt(d_h)`
    pub rnn: Vec<f64>,
    /// The LSTM's path through its cells: `||diag(prod f)||_F / sqrt(d_h)`
    pub cell: Vec<f64>,
    /// Of the RNN's recurrent weights.
    pub spectral_radius: f64,
}

/// What happened since the last frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// The step of the first loss; the first step of a run is 1.
    pub first_step: u32,
    pub rnn: NetStretch,
    pub lstm: NetStretch,
}

/// One net's part of a stretch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetStretch {
    /// Cross-entropy of each step's batch, in nats.
    pub losses: Vec<f32>,
    /// Steps, and the accuracy on held-out sequences there.
    pub accuracies: Vec<(u32, f32)>,
    pub times: StepTimes,
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
    pub trained: Option<Rc<Paths>>,
    pub rnn: NetRecord,
    pub lstm: NetRecord,
}

/// One net's run so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetRecord {
    pub losses: Curve,
    pub accuracy: Curve,
    pub times: StepTimes,
    /// In the order of training.
    pub gradients: Rc<Vec<GradientRow>>,
}

impl NetRecord {
    fn absorb(&mut self, first_step: u32, stretch: &NetStretch) {
        self.losses.extend_steps(first_step, &stretch.losses);
        self.times.extend(&stretch.times);
        for &(step, accuracy) in &stretch.accuracies {
            self.accuracy.push(step, accuracy);
        }
        if !stretch.gradients.is_empty() {
            Rc::make_mut(&mut self.gradients).extend_from_slice(&stretch.gradients);
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

    fn absorb(record: &mut Record, frame: Frame) {
        match frame {
            Frame::Counted { rnn, lstm } => record.params = Some((rnn, lstm)),
            Frame::Agreement { rnn, lstm } => record.agreement = Some((rnn, lstm)),
            Frame::Untrained(paths) => record.untrained = Some(paths),
            Frame::Trained(paths) => record.trained = Some(paths),
            Frame::Train(stretch) => {
                record.rnn.absorb(stretch.first_step, &stretch.rnn);
                record.lstm.absorb(stretch.first_step, &stretch.lstm);
            }
        }
    }

    fn clear_run(record: &mut Record) {
        *record = Record {
            params: record.params,
            agreement: record.agreement,
            untrained: record.untrained.take(),
            ..Record::default()
        };
    }

    fn checks(config: &Config, record: &Record) -> Vec<Check> {
        checks::checks(config, record)
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        let nets = [("rnn", "RNN", &record.rnn), ("lstm", "LSTM", &record.lstm)];
        let loss = nets.iter().map(|(slug, name, net)| {
            RunSeries::new(format!("loss_{slug}"), format!("Loss, {name}"), "nats", &net.losses)
        });
        let accuracy = nets.iter().map(|(slug, name, net)| {
            RunSeries::new(format!("accuracy_{slug}"), format!("Accuracy, {name}"), "", &net.accuracy)
        });
        let gradient = nets.iter().map(|(slug, name, net)| {
            let first = |row: &GradientRow| Some((row.step.into(), row.hidden.first().copied()?.into()));
            let curve = net.gradients.iter().filter_map(first).collect();
            let title = format!("Gradient at the first token, {name}");
            RunSeries::new(format!("grad_first_{slug}"), title, "", &curve)
        });
        loss.chain(accuracy).chain(gradient).collect()
    }

    #[cfg(feature = "compute")]
    async fn probe(
        config: Config,
        device: &burn::tensor::Device,
        out: &mut impl crate::run::Emit<Self>,
    ) -> Result<(), crate::core::LabError> {
        probe::probe(config, device, out).await
    }

    #[cfg(feature = "compute")]
    async fn run(
        config: Config,
        device: &burn::tensor::Device,
        out: &mut impl crate::run::Emit<Self>,
    ) -> Result<(), crate::core::LabError> {
        train::run(config, device, out).await
    }
}
