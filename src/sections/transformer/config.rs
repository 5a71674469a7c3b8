//! What may be set in section 6, and the set-ups that show something worth seeing.

use crate::core::settings::{Kind, Param, Preset, Settings};
use serde::{Deserialize, Serialize};

/// Which text is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextChoice {
    Shakespeare,
    Own,
}

/// Where the model knows positions from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PositionsChoice {
    Sinusoidal,
    Learned,
}

/// How many heads a layer has. Each number divides each [`Width`], so any two go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Heads {
    #[serde(rename = "1")]
    H1,
    #[serde(rename = "2")]
    H2,
    #[serde(rename = "4")]
    H4,
    #[serde(rename = "8")]
    H8,
}

impl Heads {
    pub const fn count(self) -> u32 {
        match self {
            Self::H1 => 1,
            Self::H2 => 2,
            Self::H4 => 4,
            Self::H8 => 8,
        }
    }
}

/// How long the vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Width {
    #[serde(rename = "16")]
    D16,
    #[serde(rename = "32")]
    D32,
    #[serde(rename = "64")]
    D64,
    #[serde(rename = "96")]
    D96,
    #[serde(rename = "128")]
    D128,
    #[serde(rename = "192")]
    D192,
    #[serde(rename = "256")]
    D256,
    #[serde(rename = "384")]
    D384,
}

impl Width {
    pub const fn size(self) -> u32 {
        match self {
            Self::D16 => 16,
            Self::D32 => 32,
            Self::D64 => 64,
            Self::D96 => 96,
            Self::D128 => 128,
            Self::D192 => 192,
            Self::D256 => 256,
            Self::D384 => 384,
        }
    }
}

/// Settings of section 6; [`Settings::PARAMS`] explains each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub layers: u32,
    pub heads: Heads,
    pub d_model: Width,
    pub context: u32,
    pub positions: PositionsChoice,
    pub tied: bool,
    pub text: TextChoice,
    pub seed: u32,
    pub batch_size: u32,
    pub steps: u32,
    pub learning_rate: f64,
    pub warmup: u32,
    pub dropout: f64,
    pub sample_length: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            layers: 3,
            heads: Heads::H4,
            d_model: Width::D64,
            context: 256,
            positions: PositionsChoice::Sinusoidal,
            tied: true,
            text: TextChoice::Shakespeare,
            seed: 1,
            batch_size: 8,
            steps: 2420,
            learning_rate: 3e-3,
            warmup: 100,
            dropout: 0.0,
            sample_length: 160,
        }
    }
}

impl Settings for Config {
    const PARAMS: &'static [Param] = &[
        Param {
            key: "layers",
            label: "Layers",
            symbol: "L",
            help: "Blocks of attention and perceptron, one after the other.",
            kind: Kind::Int { min: 1, max: 8, log: false },
            live: false,
        },
        Param {
            key: "heads",
            label: "Heads in a layer",
            symbol: "h",
            help: "Each head looks back in its own way, with vectors of d / h numbers.",
            kind: Kind::Choice(&[("1", "1"), ("2", "2"), ("4", "4"), ("8", "8")]),
            live: false,
        },
        Param {
            key: "d_model",
            label: "Width",
            symbol: "d",
            help: "Numbers in the vector that stands for a character; the perceptrons are four times as wide.",
            kind: Kind::Choice(&[
                ("16", "16"),
                ("32", "32"),
                ("64", "64"),
                ("96", "96"),
                ("128", "128"),
                ("192", "192"),
                ("256", "256"),
                ("384", "384"),
            ]),
            live: false,
        },
        Param {
            key: "context",
            label: "Context",
            symbol: "T",
            help: "How many characters the model looks back on. The cost of attention grows with its square.",
            kind: Kind::Int { min: 8, max: 512, log: true },
            live: false,
        },
        Param {
            key: "positions",
            label: "Positions",
            symbol: "P",
            help: "Sines and cosines of fixed wavelengths, or a learned vector for each position.",
            kind: Kind::Choice(&[("sinusoidal", "Sinusoidal"), ("learned", "Learned")]),
            live: false,
        },
        Param {
            key: "tied",
            label: "Tied head",
            symbol: "",
            help: "Whether the last layer is the embedding's transpose, which saves its parameters.",
            kind: Kind::Switch,
            live: false,
        },
        Param {
            key: "text",
            label: "Text",
            symbol: "",
            help: "What is learned: nine plays by Shakespeare, or a text of your own, which stays on this device.",
            kind: Kind::Choice(&[
                ("shakespeare", "Shakespeare, nine plays (0.4 MB)"),
                ("own", "Your own text"),
            ]),
            live: false,
        },
        Param {
            key: "seed",
            label: "Seed",
            symbol: "",
            help: "Draws the initial weights and the training windows. The same seed gives the same run on the same device.",
            kind: Kind::Int { min: 0, max: 999_999, log: false },
            live: false,
        },
        Param {
            key: "batch_size",
            label: "Batch size",
            symbol: "B",
            help: "Windows of T characters in one step.",
            kind: Kind::Int { min: 1, max: 64, log: true },
            live: false,
        },
        Param {
            key: "steps",
            label: "Training steps",
            symbol: "",
            help: "Steps until training ends by itself; the learning rate falls to a tenth by then.",
            kind: Kind::Int { min: 1, max: 20_000, log: true },
            live: false,
        },
        Param {
            key: "learning_rate",
            label: "Learning rate",
            symbol: "η",
            help: "The highest learning rate of AdamW, at the end of the warm-up. It may be changed while the model trains.",
            kind: Kind::Float { min: 1e-5, max: 0.1, log: true },
            live: true,
        },
        Param {
            key: "warmup",
            label: "Warm-up steps",
            symbol: "",
            help: "Steps over which the learning rate rises from 0: Adam's first averages are of few gradients.",
            kind: Kind::Int { min: 0, max: 1000, log: false },
            live: false,
        },
        Param {
            key: "dropout",
            label: "Dropout",
            symbol: "p",
            help: "Share of the numbers that each branch adds which is set to 0 while training. It may be changed while the model trains.",
            kind: Kind::Float { min: 0.0, max: 0.6, log: false },
            live: true,
        },
        Param {
            key: "sample_length",
            label: "Length of samples",
            symbol: "",
            help: "Characters that the model writes at each saved step.",
            kind: Kind::Int { min: 0, max: 500, log: false },
            live: true,
        },
    ];

    const PRESETS: &'static [Preset] = &[
        Preset {
            slug: "first-look",
            title: "First look",
            help: "A small model that is under the bigram line and writes something like lines and names within a minute on a CPU.",
            values: &[
                ("layers", "2"),
                ("heads", "4"),
                ("d_model", "64"),
                ("context", "64"),
                ("batch_size", "8"),
                ("steps", "800"),
                ("warmup", "50"),
                ("learning_rate", "0.005"),
            ],
        },
        Preset {
            slug: "course",
            title: "Course",
            help: "Context 256, five epochs of the nine plays: the time on this device is told beside it; words and verses emerge.",
            values: &[],
        },
        Preset {
            slug: "nanogpt-cpu",
            title: "nanoGPT, CPU",
            help: "The sizes that nanoGPT's README suggests for a laptop; it reports a validation loss of 1.88 nats after 2,000 steps on tiny Shakespeare. There this model reaches 1.77: it starts with larger weights than GPT-2's 0.02, which are small for a width of 128; with those it reaches 1.89.",
            values: &[
                ("layers", "4"),
                ("heads", "4"),
                ("d_model", "128"),
                ("context", "64"),
                ("positions", "learned"),
                ("batch_size", "12"),
                ("steps", "2000"),
                ("learning_rate", "0.001"),
                ("warmup", "100"),
            ],
        },
        Preset {
            slug: "full-gpu",
            title: "Full, GPU",
            help: "Six layers, eight heads, width 384, 10.8 million parameters: for a real GPU alone.",
            values: &[
                ("layers", "6"),
                ("heads", "8"),
                ("d_model", "384"),
                ("context", "256"),
                ("positions", "learned"),
                ("batch_size", "64"),
                ("steps", "5000"),
                ("learning_rate", "0.001"),
                ("warmup", "100"),
                ("dropout", "0.2"),
            ],
        },
    ];
}
