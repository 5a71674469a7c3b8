//! The messages of section 6: what a run sends to the page, and what the visitor may ask of it.

use super::heads::Snapshot;
use super::induction::Induction;
use crate::run::arm::StepBatch;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

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
    /// `PE(p) . PE(p + k)` for each p of [`super::positions::shown_positions`]: the products with k = 0, 1, ...
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
