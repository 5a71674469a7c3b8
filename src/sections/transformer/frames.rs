//! The messages of section 6: frames from a run to the page, and requests from the page to a run.

use super::Ablation;
use super::heads::Snapshot;
use super::induction::Induction;
use crate::run::arm::StepBatch;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// A message from the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The text, and the baselines of character counts.
    Text(Rc<TextInfo>),
    /// The number of parameters in the module.
    Counted(u64),
    /// The table of sinusoidal positions, and measurements on it.
    Positions(Rc<PositionTable>),
    /// The estimated duration of a training step on this device, in milliseconds, from a smaller one.
    StepTime(f64),
    /// The validation window whose attention is shown; sent once.
    Window {
        /// The characters of the window.
        chars: Rc<Vec<char>>,
        /// The period if it is a repeating sequence, or 0.
        period: u32,
    },
    /// Losses of the steps since the last frame; the first step of a run is 1.
    Train(StepBatch),
    /// The loss on the validation windows, after a number of steps.
    Validated {
        /// The number of training steps so far.
        step: u32,
        /// The loss.
        loss: f32,
    },
    /// The mean loss on the last character of each window, after a number of steps; only without the causal mask.
    LastCharacter {
        /// The number of training steps so far.
        step: u32,
        /// The loss.
        loss: f32,
    },
    /// A text that the model wrote at a saved step.
    Sample(Rc<Sample>),
    /// The attention of every head at a saved step.
    Heads(Rc<Snapshot>),
    /// Measurements on repeating sequences.
    Induction {
        /// The losses and the attention scores.
        scores: Rc<Induction>,
        /// The copying score of each head, layer by layer.
        copying: Vec<f32>,
    },
    /// The validation loss at each of [`TEMPERATURES`], at the last saved step.
    Temperatures(Vec<f32>),
    /// The prediction after the user's text.
    Next(Rc<NextToken>),
    /// The next part of the text that the user requested.
    Written(Rc<Written>),
    /// The validation loss with some heads switched off.
    Ablated(Ablation),
    /// The weights as a `.safetensors` file.
    Saved(Rc<Vec<u8>>),
    /// A file with this number of training steps was loaded.
    Loaded(u32),
    /// A request failed, with the reason.
    Refused(String),
    /// The heads and a sample of the model before training, from the probe.
    Untrained(Rc<Untrained>),
    /// The prediction of the model before training after the user's text, from the probe.
    UntrainedNext(Rc<NextToken>),
    /// The next part of the text that the user requested from the model before training.
    UntrainedWritten(Rc<Written>),
    /// Remarks on a file that is loaded next: what it did not say, and what was converted or ignored.
    Remarks(Vec<String>),
}

/// A request from the page to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Predict the next character of a text.
    Next(NextRequest),
    /// Write a text.
    Write(WriteRequest),
    /// Stop writing.
    Cancel,
    /// Measure the validation loss without these heads, as (layer, head).
    Ablate(Vec<(u32, u32)>),
    /// Measure the validation loss without each head in turn.
    AblateEach,
    /// Save the weights to a file.
    Save,
    /// Load the weights of a file, without further training.
    Load(Vec<u8>),
}

/// The temperatures at which the validation loss is measured.
pub const TEMPERATURES: [f32; 5] = [0.5, 0.7, 1.0, 1.4, 2.0];

/// A text, and the heads that are switched off, as (layer, head).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NextRequest {
    /// The text.
    pub text: String,
    /// The heads that are off.
    pub off: Vec<(u32, u32)>,
}

/// The prediction of the next character.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NextToken {
    /// The request that this answers.
    pub request: NextRequest,
    /// The part of the text that the model has read: known characters at its end, at most as many as the context.
    pub chars: Vec<char>,
    /// Logits of all characters, in the order of the vocabulary.
    pub logits: Vec<f32>,
    /// Logits of the full model.
    pub whole: Vec<f32>,
    /// The attention of every head on the characters that were read.
    pub maps: Rc<Snapshot>,
}

/// The model before training, on the window whose attention a run shows. Its weights are those that training starts from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Untrained {
    /// The characters of the window.
    pub window: Vec<char>,
    /// The period if it is a repeating sequence, or 0.
    pub period: u32,
    /// The attention of every head.
    pub heads: Rc<Snapshot>,
    /// A text that the model writes; `None` if the settings want no samples.
    pub sample: Option<Rc<Sample>>,
    /// The residual stream at the last character of the window.
    pub stream: Stream,
}

/// The residual stream at one position: its first vector, and what each branch adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// The sum of the embedding and the position.
    pub start: Vec<f32>,
    /// The layer norm of `start`, which the first attention reads.
    pub normalized: Vec<f32>,
    /// The length of `start`, and of the stream after each branch.
    pub lengths: Vec<f32>,
    /// The length of what each branch adds: attention and MLP of each block, in order.
    pub added: Vec<f32>,
}

/// A request to write a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriteRequest {
    /// The text to start from.
    pub prompt: String,
    /// Logits are divided by it: values below 1 make likely characters more likely.
    pub temperature: f64,
    /// The number of most likely characters that are sampled from (top-k).
    pub top_k: u32,
    /// The seed of the sampling.
    pub seed: u32,
    /// The number of characters to write.
    pub count: u32,
}

/// The text that was written since the last frame of this kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The prompt, if a new text starts.
    pub prompt: Option<String>,
    /// The new characters.
    pub chars: Vec<WrittenChar>,
    /// True if the text is complete.
    pub done: bool,
}

/// A character, and the most likely characters at its position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenChar {
    /// The character.
    pub char: char,
    /// The most likely characters, in descending order, with their probabilities at temperature 1; at most ten.
    pub likeliest: Vec<(char, f32)>,
}

/// The description of a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TextInfo {
    /// The title.
    pub name: String,
    /// The number of characters for training.
    pub train: u32,
    /// The number of characters for validation.
    pub validation: u32,
    /// The number of predictions that the validation loss and the baselines are means of.
    pub predicted: u32,
    /// All characters, in the order of their ids.
    pub vocabulary: Vec<char>,
    /// The number of occurrences of each of them; empty for repeating sequences, in which all are equally frequent.
    pub counts: Vec<u32>,
    /// Occurrences of characters that were too rare for the vocabulary, and their number.
    pub folded: (u32, u32),
    /// The beginning of the text.
    pub first_lines: String,
    /// Loss of equal probabilities, in nats per character.
    pub uniform: f64,
    /// Loss of the character frequencies, on the same predictions as the validation loss.
    pub unigram: f64,
    /// Loss of the frequencies of character pairs, on the same predictions.
    pub bigram: f64,
    /// For repeating sequences, the minimum loss on the first block: used tokens are excluded, the others are equally likely.
    pub first_block: Option<f64>,
    /// For repeating sequences, the loss on the repeats of a model that knows the tokens of the block but not their order.
    pub order_unknown: Option<f64>,
    /// A sentence on the encoding of the user's own text, if it is not UTF-8.
    pub remark: Option<String>,
}

impl TextInfo {
    /// Returns sentences for the user on the encoding of the text, and on characters outside the vocabulary.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<String> = self.remark.iter().cloned().collect();
        let (outside, kinds) = self.folded;
        let total = f64::from(self.train) + f64::from(self.validation);
        if outside > 0 && total > 0.0 {
            let percent = 100.0 * f64::from(outside) / total;
            let share = if percent >= 1.0 { format!("{percent:.0}%") } else { format!("{percent:.2}%") };
            remarks.push(format!(
                "{share} of its characters, of {kinds} rare kinds, are outside the vocabulary of {} characters and are read as �.",
                self.vocabulary.len()
            ));
        }
        remarks
    }
}

/// Sinusoidal positions, and measurements on them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PositionTable {
    /// The number of positions.
    pub context: u32,
    /// The dimensions of each position.
    pub d_model: u32,
    /// The table, `[context, d_model]`.
    pub values: Vec<f32>,
    /// `PE(p) . PE(p + k)` for k = 0, 1, ... and each p of [`super::positions::shown_positions`].
    pub products: Vec<Vec<f32>>,
    /// The largest deviation of `PE(p) . PE(p + k)` from its mean over p, over all p and k.
    pub shift_max_dev: f64,
    /// The shift of the rotation, and the largest deviation of the rotated table from the shifted one.
    pub rotation: (u32, f64),
}

/// A text that the model wrote at a saved step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The number of training steps so far.
    pub step: u32,
    /// The text that it starts from.
    pub prompt: String,
    /// The text after the prompt.
    pub text: String,
}
