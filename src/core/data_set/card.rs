//! The card of a data set: what it contains, where it comes from, and under which license. It is the head of a data file.

use crate::core::data_set::id::{DataId, Shape};
use serde::{Deserialize, Serialize};

/// The first bytes of a data file.
pub const MAGIC: &[u8; 8] = b"NNLABDAT";
/// The maximum length of a card in bytes.
pub const MAX_CARD: usize = 262_144;
/// The maximum length of the texts that the user writes on a card, in characters.
pub const MAX_WORDS: usize = 200;

/// The card of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The [`DataId`] as text.
    pub id: String,
    /// The name of the data set, which the user may change.
    pub title: String,
    /// The files or the web page that it comes from, which the user may change.
    pub source: String,
    /// The license, which the user fills in.
    #[serde(default)]
    pub license: String,
    /// The number of samples.
    pub count: u32,
    /// The structure of a sample.
    pub content: Content,
    /// Sentences on what was skipped, replaced or assumed when the files were read.
    #[serde(default)]
    pub remarks: Vec<String>,
}

/// The structure of the samples of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// Rows of numbers.
    Table {
        /// The names of the features.
        features: Vec<String>,
        /// The name of the column to predict.
        target: String,
        /// The names of the classes; empty if the target is a number.
        classes: Vec<String>,
    },
    /// Square pictures.
    Pictures {
        /// 1 for gray, 3 for red, green and blue.
        channels: u32,
        /// Height and width in pixels.
        side: u32,
        /// The names of the classes.
        classes: Vec<String>,
        /// The number of pictures at the end that are held out; `None` if the seed splits them.
        n_test: Option<u32>,
    },
    /// Lines with labels.
    Lines {
        /// The number of characters in each line.
        seq_len: u32,
        /// The characters in the order of their numbers, from 1; 0 pads. The last may be U+FFFD, which stands for rare ones.
        characters: Vec<char>,
        /// The names of the classes.
        classes: Vec<String>,
    },
    /// A text.
    Text {
        /// The names of the files, in the order of the text.
        files: Vec<String>,
        /// The number of different characters that a model of it knows.
        characters: u32,
    },
}

impl Card {
    /// Returns the name of the data set in settings, or `None` if the card has been damaged.
    pub fn data_id(&self) -> Option<DataId> {
        self.id.parse().ok().filter(|id: &DataId| Some(id.shape) == self.content.shape())
    }

    /// Returns the head of a data file with this card: all that comes before the content.
    pub fn head(&self) -> Vec<u8> {
        // Serialization of plain data does not fail.
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut head = MAGIC.to_vec();
        head.extend((json.len() as u32).to_le_bytes());
        head.extend(json);
        head
    }

    /// Reads the head of a data file. Returns the card, and the offset of the content. `bytes` may end after the head.
    ///
    /// Returns `None` if this is not the head of a data file.
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let len = Some(u32::from_le_bytes(*len) as usize).filter(|len| *len <= MAX_CARD)?;
        let card: Self = serde_json::from_slice(rest.get(..len)?).ok()?;
        card.data_id()?;
        Some((card, MAGIC.len() + 4 + len))
    }
}

impl Content {
    /// Returns the shape of the data, or `None` if it has none of the shapes that the lab reads.
    pub fn shape(&self) -> Option<Shape> {
        let count = |len: usize| u32::try_from(len).ok();
        let shape = match self {
            Self::Table { features, classes, .. } if classes.is_empty() => {
                Shape::Numbers { features: count(features.len())? }
            }
            Self::Table { features, classes, .. } => {
                Shape::Classes { features: count(features.len())?, classes: count(classes.len())? }
            }
            Self::Pictures { channels, side, classes, .. } => {
                Shape::Pictures { channels: *channels, side: *side, classes: count(classes.len())? }
            }
            Self::Lines { seq_len, characters, classes } => Shape::Lines {
                seq_len: *seq_len,
                characters: count(characters.len() + 1)?,
                classes: count(classes.len())?,
            },
            Self::Text { characters, .. } => Shape::Text { characters: *characters },
        };
        // A shape that its own name does not describe is out of range.
        let id = DataId { shape, hash: 0 };
        (id.to_string().parse() == Ok(id)).then_some(shape)
    }

    /// Returns the names of the classes; empty if there are none.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Table { classes, .. } | Self::Pictures { classes, .. } | Self::Lines { classes, .. } => {
                classes
            }
            Self::Text { .. } => &[],
        }
    }

    /// Returns the names that belong to the content, in order: they are part of its hash.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.classes().iter().map(String::as_str).collect();
        if let Self::Table { features, target, .. } = self {
            names.extend(features.iter().map(String::as_str));
            names.push(target);
        }
        names
    }
}
