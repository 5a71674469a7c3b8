//! Data sets of the user: how settings name them, the card that describes one, and what the page asks a worker to read.
//!
//! A worker turns the user's files into one **data file** under `user/`, which experiments then read like any other file. The
//! settings name it by its [`DataId`], which has the shape of the data and a hash of its content: a link to a run therefore
//! tells how many inputs and classes its networks have, and refuses other data.
//!
//! A data file is `NNLABDAT`, the length of the card as a little-endian `u32`, the [`Card`] as JSON, and the content:
//!
//! | Kind | Content |
//! |---|---|
//! | table | the features as little-endian `f32`, row by row, `[n, features]`; then the classes as bytes, or the target as `f32`, `[n]` |
//! | pictures | the classes as bytes, `[n]`; then the pixels as bytes, `[n, channels, side, side]` |
//! | lines | the classes as bytes, `[n]`; then the characters as bytes, `[n, seq_len]` |
//! | text | UTF-8 |

pub mod card;
pub mod id;
pub mod request;
pub mod table;

pub use card::{Card, Content};
pub use id::{DataId, Shape};
pub use request::{DataAnswer, DataRequest};

use serde::{Deserialize, Serialize};

/// The setting of every section that has the name of a data set.
pub const DATA_KEY: &str = "data";
/// The maximum number of classes of any data set.
pub const MAX_CLASSES: u32 = 10;
/// The maximum number of features of a table.
pub const MAX_FEATURES: u32 = 64;
/// The maximum number of rows of a table.
pub const MAX_ROWS: u32 = 100_000;
/// The maximum number of pictures.
pub const MAX_PICTURES: u32 = 20_000;
/// The maximum number of lines.
pub const MAX_LINES: u32 = 20_000;
/// The maximum number of characters in a line; longer lines are cut.
pub const MAX_LINE: u32 = 200;
/// The maximum number of different characters in lines and texts.
pub const MAX_CHARACTERS: u32 = 160;
/// The minimum number of samples of a data set, of which one part is held out.
pub const MIN_SAMPLES: u32 = 4;

/// The kind of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataKind {
    /// Rows of numbers, each with a class or a number to predict.
    Table,
    /// Square pictures with classes.
    Pictures,
    /// Short texts with classes.
    Lines,
    /// A long text.
    Text,
}

impl DataKind {
    /// Returns the folder of the data files of this kind.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Table => "user/tables/",
            Self::Pictures => "user/pictures/",
            Self::Lines => "user/lines/",
            Self::Text => "user/texts/",
        }
    }

    /// Returns the kind of the data file at a path.
    pub fn of_path(path: &str) -> Option<Self> {
        [Self::Table, Self::Pictures, Self::Lines, Self::Text]
            .into_iter()
            .find(|kind| path.starts_with(kind.folder()))
    }

    /// Returns the word for a data set of this kind, such as "table".
    pub const fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Pictures => "set of pictures",
            Self::Lines => "set of lines",
            Self::Text => "text",
        }
    }
}
