//! Section 6: a decoder-only transformer that learns to write from a text, character by character.
//!
//! The probe shows what positions look like, counts parameters and measures what counting characters alone predicts. The
//! run trains, writes a sample and shows every head's attention at saved steps, and then answers requests: predict the next
//! character, write, switch a head off, save and load. On sequences that repeat it measures induction heads besides.

mod chapters;
mod checks;
mod config;
mod experiments;
#[cfg(feature = "compute")]
mod files;
pub mod heads;
pub mod induction;
mod metrics;
pub mod next;
#[cfg(feature = "page")]
mod panel;
pub mod positions;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod source;
#[cfg(feature = "compute")]
pub mod text;
#[cfg(feature = "compute")]
mod train;
#[cfg(feature = "compute")]
mod train_state;
#[cfg(feature = "compute")]
pub mod writing;

pub use checks::{ParamCount, learning_rate_at, memory_bytes, param_count, sample_steps, seconds_estimate};
pub use config::{Config, PositionsChoice, TaskChoice, TextChoice};
#[cfg(feature = "page")]
pub use panel::TransformerPanel;
#[cfg(feature = "compute")]
pub use train_state::{TrainState, sizes};

use crate::core::Check;
use crate::core::chapter::Chapter;
use crate::core::curve::{Curve, RunSeries};
use crate::core::guided::Guided;
use crate::core::metric::Metric;
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
use heads::Snapshot;
use induction::Induction;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 6.
#[derive(Debug)]
pub struct Transformer;

/// What one message brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// What the text is, and what counting predicts of it.
    Text(Rc<TextInfo>),
    /// How many parameters the module has.
    Counted { params: u64 },
    /// The table of sinusoidal positions, and what was measured on it.
    Positions(Rc<PositionTable>),
    /// How long a training step will take here, in milliseconds, from a smaller one.
    StepTime { ms: f64 },
    /// The validation window whose attention is shown; sent once. Its period, if it is a sequence that repeats, else 0.
    Window { chars: Rc<Vec<char>>, period: u32 },
    /// Losses of the steps since the last frame; the first step of a run is 1.
    Train(StepBatch),
    /// The loss on the validation windows.
    Validated { step: u32, loss: f32 },
    /// What the model writes at a saved step.
    Sample(Rc<Sample>),
    /// What every head does at a saved step.
    Heads(Rc<Snapshot>),
    /// What was measured on sequences that repeat.
    Induction(Rc<Induction>),
    /// The validation loss at each of [`TEMPERATURES`], at the last saved step.
    Temperatures(Vec<f32>),
    /// What comes after a text of the visitor's.
    Next(Rc<NextToken>),
    /// The next part of what the visitor asked to be written.
    Written(Rc<Written>),
    /// The validation loss with these heads switched off, as (layer, head); `whole` is that of the whole model.
    Ablated { off: Vec<(u32, u32)>, loss: f32, whole: f32 },
    /// The weights as a `.safetensors` file.
    Saved(Rc<Vec<u8>>),
    /// All that a run needs to go on, as a file of the same format; kept by the page.
    Checkpoint { step: u32, file: Rc<Vec<u8>> },
    /// A file was taken: these steps of training are in it.
    Loaded { step: u32 },
    /// A request could not be met, and why.
    Refused(String),
}

/// What the visitor may ask of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Say what comes after a text.
    Next(NextRequest),
    Write(WriteRequest),
    /// End what is being written.
    Cancel,
    /// Measure the validation loss without these heads, (layer, head).
    Ablate(Vec<(u32, u32)>),
    /// Measure the validation loss without each head in turn.
    AblateEach,
    /// Give the weights as a file.
    Save,
    /// Take the weights of a file, and train no further until asked.
    Load(Vec<u8>),
    /// Take weights, optimizer and step of a file, and go on training.
    Continue(Vec<u8>),
}

/// The temperatures at which the validation loss is measured.
pub const TEMPERATURES: [f32; 5] = [0.5, 0.7, 1.0, 1.4, 2.0];

/// After which text, and without which heads, (layer, head).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NextRequest {
    pub text: String,
    pub off: Vec<(u32, u32)>,
}

/// What the model expects after a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NextToken {
    pub request: NextRequest,
    /// What the model has read of the text: the last characters that it knows, as many as its context has places.
    pub chars: Vec<char>,
    /// Scores of all characters, in the order of the vocabulary.
    pub logits: Vec<f32>,
    /// The same of the whole model.
    pub whole: Vec<f32>,
    /// Every head's attention on what was read.
    pub maps: Snapshot,
}

/// What to write, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriteRequest {
    pub prompt: String,
    /// Scores are divided by it: below 1 likely characters become likelier yet.
    pub temperature: f64,
    /// Sampling is among so many of the most likely characters (top-k).
    pub top_k: u32,
    pub seed: u32,
    /// Characters to write.
    pub count: u32,
}

/// What was written since the last such frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// Whether this begins a new text, with this prompt.
    pub begins: Option<String>,
    pub chars: Vec<WrittenChar>,
    /// Whether nothing more comes.
    pub done: bool,
}

/// A character, and what else was likely in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenChar {
    pub char: char,
    /// The likeliest characters with their probabilities at temperature 1, likeliest first; at most ten.
    pub likeliest: Vec<(char, f32)>,
}

/// What the text is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TextInfo {
    pub name: String,
    pub train: u32,
    pub validation: u32,
    pub vocabulary: Vec<char>,
    /// Characters, and kinds of them, that were too rare for the vocabulary.
    pub folded: (u32, u32),
    pub first_lines: String,
    /// Losses on the validation part, in nats for each character.
    pub uniform: f64,
    pub unigram: f64,
    pub bigram: f64,
    /// Of sequences that repeat: the loss on the second half for a model that knows which tokens are in the block, but not
    /// their order.
    pub order_unknown: Option<f64>,
}

/// Sinusoidal positions, and what was measured on them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PositionTable {
    pub context: u32,
    pub d_model: u32,
    /// `[context, d_model]`
    pub values: Vec<f32>,
    /// `PE(p) . PE(p + k)` for each p of [`positions::shown_positions`]: the products with k = 0, 1, ...
    pub products: Vec<Vec<f32>>,
    /// The largest deviation of `PE(p) . PE(p + k)` from its mean over p, over all p and k.
    pub shift_max_dev: f64,
    /// The shift that was rotated by, and the largest deviation of the rotated table from the shifted one.
    pub rotation: (u32, f64),
}

/// What the model writes at a saved step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub step: u32,
    pub prompt: String,
    pub text: String,
}

/// All that the page has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub text: Option<Rc<TextInfo>>,
    pub params_counted: Option<u64>,
    pub positions: Option<Rc<PositionTable>>,
    pub step_ms: Option<f64>,
    pub arms: [Run; 1],
}

impl Record {
    /// The run of the one model.
    pub fn run(&self) -> &Run {
        let [run] = &self.arms;
        run
    }
}

/// What the page has heard of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    pub window: Rc<Vec<char>>,
    /// The period of the window, if it is a sequence that repeats, else 0.
    pub period: u32,
    pub losses: Curve,
    pub validation: Curve,
    /// Scores of all heads at every validation, where the sequences repeat.
    pub induction: Vec<Rc<Induction>>,
    pub curves: InductionCurves,
    /// The validation loss at each of [`TEMPERATURES`], at the last saved step.
    pub temperatures: Vec<f32>,
    /// The last answer to what comes after a text.
    pub next: Option<Rc<NextToken>>,
    pub samples: Vec<Rc<Sample>>,
    pub snapshots: Vec<Rc<Snapshot>>,
    pub written: Writing,
    pub ablations: Rc<Vec<Ablation>>,
    /// The last file asked for.
    pub saved: Option<Rc<Vec<u8>>>,
    pub checkpoint: Option<(u32, Rc<Vec<u8>>)>,
    /// The steps in the file that was loaded last.
    pub loaded: Option<u32>,
    pub refused: Option<String>,
}

/// The same as curves over the steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InductionCurves {
    pub first: Curve,
    pub second: Curve,
    /// Head by head, layer by layer.
    pub previous: Vec<Curve>,
    pub induction: Vec<Curve>,
}

/// What is being written for the visitor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writing {
    pub prompt: String,
    pub chars: Rc<Vec<WrittenChar>>,
    pub busy: bool,
}

/// A measurement with heads switched off.
#[derive(Clone, Debug, PartialEq)]
pub struct Ablation {
    pub off: Vec<(u32, u32)>,
    pub loss: f64,
    pub whole: f64,
}

impl Experiment for Transformer {
    const SLUG: &'static str = "transformer";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    const CHAPTERS: &'static [Chapter] = chapters::CHAPTERS;
    const EXPERIMENTS: &'static [Guided<Config, Record>] = experiments::EXPERIMENTS;
    /// The record holds snapshots: what each head and a sample looked like.
    const REPLAYS: bool = false;
    const ARMS: &'static [Arm] = &[Arm { slug: "", title: "", net: "transformer" }];

    fn absorb(record: &mut Record, _arm: usize, frame: Frame) {
        let [run] = &mut record.arms;
        match frame {
            Frame::Text(text) => record.text = Some(text),
            Frame::Counted { params } => record.params_counted = Some(params),
            Frame::Positions(table) => record.positions = Some(table),
            Frame::StepTime { ms } => record.step_ms = Some(ms),
            Frame::Window { chars, period } => (run.window, run.period) = (chars, period),
            Frame::Train(steps) => run.losses.extend_steps(steps.first_step, &steps.losses),
            Frame::Validated { step, loss } => run.validation.push(step, loss),
            Frame::Sample(sample) => run.samples.push(sample),
            Frame::Heads(snapshot) => {
                // What was measured with heads switched off belongs to the weights of then.
                run.ablations = Rc::default();
                run.snapshots.push(snapshot);
            }
            Frame::Induction(measured) => {
                run.curves.push(&measured);
                run.induction.push(measured);
            }
            Frame::Temperatures(losses) => run.temperatures = losses,
            Frame::Next(next) => run.next = Some(next),
            Frame::Written(part) => run.written.absorb(&part),
            Frame::Ablated { off, loss, whole } => {
                let ablations = Rc::make_mut(&mut run.ablations);
                ablations.retain(|ablation| ablation.off != off);
                ablations.push(Ablation { off, loss: loss.into(), whole: whole.into() });
            }
            Frame::Saved(file) => run.saved = Some(file),
            Frame::Checkpoint { step, file } => run.checkpoint = Some((step, file)),
            Frame::Loaded { step } => (run.loaded, run.refused) = (Some(step), None),
            Frame::Refused(why) => {
                run.refused = Some(why);
                run.written.busy = false;
            }
        }
    }

    fn clear_arm(record: &mut Record, _arm: usize) {
        record.arms = Default::default();
    }

    fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
        metrics::metrics(config, record)
    }

    fn checks(config: &Config, record: &Record) -> Vec<Check> {
        checks::checks(config, record)
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |run| {
            let mut series = vec![
                ArmSeries::new("loss_train", "Training loss", "nats", &run.losses),
                ArmSeries::new("loss_val", "Validation loss", "nats", &run.validation),
            ];
            series.extend(run.curves.series());
            series
        })
    }
}

impl InductionCurves {
    fn push(&mut self, measured: &Induction) {
        let at = measured.step;
        self.first.push(at, measured.first);
        self.second.push(at, measured.second);
        for (curves, scores) in
            [(&mut self.previous, &measured.previous), (&mut self.induction, &measured.induction)]
        {
            curves.resize_with(scores.len(), Curve::default);
            curves.iter_mut().zip(scores).for_each(|(curve, &score)| curve.push(at, score));
        }
    }

    /// None where sequences do not repeat.
    fn series(&self) -> Vec<ArmSeries> {
        if self.first.is_empty() {
            return Vec::new();
        }
        let heads = |name: &'static str, title: &'static str, curves: &[Curve]| -> Vec<ArmSeries> {
            let of_head = |(i, curve)| ArmSeries::new(name, title, "", curve).of_part("head", i + 1);
            curves.iter().enumerate().map(of_head).collect()
        };
        let halves = [
            ArmSeries::new("loss_first", "Loss on the first half", "nats", &self.first),
            ArmSeries::new("loss_second", "Loss on the second half", "nats", &self.second),
        ];
        let scores = [
            heads("induction", "Induction score", &self.induction),
            heads("previous", "Previous-token score", &self.previous),
        ];
        halves.into_iter().chain(scores.into_iter().flatten()).collect()
    }
}

impl Writing {
    fn absorb(&mut self, part: &Written) {
        if let Some(prompt) = &part.begins {
            *self = Self { prompt: prompt.clone(), ..Self::default() };
        }
        if !part.chars.is_empty() {
            Rc::make_mut(&mut self.chars).extend_from_slice(&part.chars);
        }
        self.busy = !part.done;
    }
}
