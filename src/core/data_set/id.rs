//! The name of a data set in settings and addresses: its shape, and a hash of its content, such as
//! `f4k3-9f86d081884c7d65`.

use crate::core::data_set::{DataKind, MAX_CHARACTERS, MAX_CLASSES, MAX_FEATURES, MAX_LINE};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use thiserror::Error;

/// The shape of a data set, as far as the sizes of networks depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A table with a class in each row: `f4k3`.
    Classes {
        /// The number of features.
        features: u32,
        /// The number of classes.
        classes: u32,
    },
    /// A table with a number to predict in each row: `f4r`.
    Numbers {
        /// The number of features.
        features: u32,
    },
    /// Pictures: `c3s32k4`.
    Pictures {
        /// 1 for gray, 3 for red, green and blue.
        channels: u32,
        /// Height and width in pixels: 28 or 32.
        side: u32,
        /// The number of classes.
        classes: u32,
    },
    /// Lines of characters: `t120v61k2`.
    Lines {
        /// The number of characters in each line; shorter lines are padded at the start.
        seq_len: u32,
        /// The number of different characters, with the one that pads.
        characters: u32,
        /// The number of classes.
        classes: u32,
    },
    /// A text: `v65`.
    Text {
        /// The number of different characters.
        characters: u32,
    },
}

/// The name of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataId {
    /// The shape of the data.
    pub shape: Shape,
    /// The first eight bytes of the SHA-256 of the content, and of the names of its columns and classes.
    pub hash: u64,
}

/// The reason a text is not the name of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("it should look like {0}, the name of a data set in this lab")]
pub struct DataIdError(&'static str);

impl Shape {
    /// Returns the kind of the data.
    pub const fn kind(self) -> DataKind {
        match self {
            Self::Classes { .. } | Self::Numbers { .. } => DataKind::Table,
            Self::Pictures { .. } => DataKind::Pictures,
            Self::Lines { .. } => DataKind::Lines,
            Self::Text { .. } => DataKind::Text,
        }
    }

    fn read(text: &str) -> Option<Self> {
        const CLASSES: RangeInclusive<u32> = 2..=MAX_CLASSES;
        let mut parts = Parts(text);
        let shape = match parts.0.chars().next()? {
            'f' => {
                let features = parts.number('f', 1..=MAX_FEATURES)?;
                match parts.0 {
                    "r" => return Some(Self::Numbers { features }),
                    _ => Self::Classes { features, classes: parts.number('k', CLASSES)? },
                }
            }
            'c' => Self::Pictures {
                channels: parts.number('c', 1..=3).filter(|&channels| channels != 2)?,
                side: parts.number('s', 28..=32).filter(|&side| side == 28 || side == 32)?,
                classes: parts.number('k', CLASSES)?,
            },
            't' => Self::Lines {
                seq_len: parts.number('t', 2..=MAX_LINE)?,
                characters: parts.number('v', 2..=MAX_CHARACTERS)?,
                classes: parts.number('k', CLASSES)?,
            },
            _ => Self::Text { characters: parts.number('v', 1..=MAX_CHARACTERS)? },
        };
        parts.0.is_empty().then_some(shape)
    }
}

/// A text of letters that are each followed by a number.
struct Parts<'a>(&'a str);

impl Parts<'_> {
    fn number(&mut self, letter: char, range: RangeInclusive<u32>) -> Option<u32> {
        let rest = self.0.strip_prefix(letter)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, rest) = rest.split_at(end);
        self.0 = rest;
        // No leading zeros, so that a shape has one name.
        digits.parse().ok().filter(|number| range.contains(number) && !digits.starts_with('0'))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classes { features, classes } => write!(f, "f{features}k{classes}"),
            Self::Numbers { features } => write!(f, "f{features}r"),
            Self::Pictures { channels, side, classes } => write!(f, "c{channels}s{side}k{classes}"),
            Self::Lines { seq_len, characters, classes } => write!(f, "t{seq_len}v{characters}k{classes}"),
            Self::Text { characters } => write!(f, "v{characters}"),
        }
    }
}

impl DataId {
    /// Returns the path of the data file.
    pub fn path(&self) -> String {
        format!("{}{self}", self.shape.kind().folder())
    }

    /// Returns the hash as 16 digits.
    pub fn digits(&self) -> String {
        format!("{:016x}", self.hash)
    }

    fn checked(text: &str, kind: DataKind, example: &'static str) -> Result<String, String> {
        let id: Result<Self, _> = text.parse();
        match id {
            _ if text.is_empty() => Ok(String::new()),
            Ok(id) if id.shape.kind() == kind => Ok(id.to_string()),
            _ => Err(DataIdError(example).to_string()),
        }
    }

    /// Checks the name of a table in a setting; empty if there is none.
    ///
    /// # Errors
    ///
    /// Returns the rest of a sentence if the text is not such a name.
    pub fn check_table(text: &str) -> Result<String, String> {
        Self::checked(text, DataKind::Table, "f4k3-9f86d081884c7d65")
    }

    /// Checks the name of a set of pictures in a setting; empty if there is none.
    ///
    /// # Errors
    ///
    /// Returns the rest of a sentence if the text is not such a name.
    pub fn check_pictures(text: &str) -> Result<String, String> {
        Self::checked(text, DataKind::Pictures, "c3s32k4-9f86d081884c7d65")
    }

    /// Checks the name of a set of lines in a setting; empty if there is none.
    ///
    /// # Errors
    ///
    /// Returns the rest of a sentence if the text is not such a name.
    pub fn check_lines(text: &str) -> Result<String, String> {
        Self::checked(text, DataKind::Lines, "t120v61k2-9f86d081884c7d65")
    }

    /// Checks the name of a text in a setting; empty if there is none.
    ///
    /// # Errors
    ///
    /// Returns the rest of a sentence if the text is not such a name.
    pub fn check_text(text: &str) -> Result<String, String> {
        Self::checked(text, DataKind::Text, "v65-9f86d081884c7d65")
    }
}

impl fmt::Display for DataId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.shape, self.hash)
    }
}

impl FromStr for DataId {
    type Err = DataIdError;

    fn from_str(text: &str) -> Result<Self, DataIdError> {
        let read = || {
            let (shape, hash) = text.split_once('-')?;
            let is_hash =
                hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let hash = u64::from_str_radix(hash, 16).ok().filter(|_| is_hash)?;
            Some(Self { shape: Shape::read(shape)?, hash })
        };
        read().ok_or(DataIdError("f4k3-9f86d081884c7d65"))
    }
}

#[cfg(test)]
mod tests {
    use crate::core::data_set::id::*;

    #[test]
    fn every_shape_has_one_name() {
        let shapes = [
            Shape::Classes { features: 4, classes: 3 },
            Shape::Numbers { features: 64 },
            Shape::Pictures { channels: 3, side: 28, classes: 10 },
            Shape::Lines { seq_len: 200, characters: 160, classes: 2 },
            Shape::Text { characters: 65 },
        ];
        for shape in shapes {
            let id = DataId { shape, hash: 0x0f };
            assert_eq!(id.to_string().parse(), Ok(id), "{id}");
            assert_eq!(DataKind::of_path(&id.path()), Some(shape.kind()));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let hash = "9f86d081884c7d65";
        let long = format!("f4k3-{hash}0");
        let wrong =
            ["f0k3", "f65k3", "f4k1", "f4k11", "f04k3", "f4k3r", "c2s32k4", "c3s30k4", "v0", "v161", "", "x"];
        let texts = wrong.map(|shape| format!("{shape}-{hash}"));
        for text in texts.iter().map(String::as_str).chain([&*long, "f4k3", "f4k3-", "f4k3-9F86D081884C7D65"])
        {
            assert!(text.parse::<DataId>().is_err(), "{text}");
        }
        assert!(DataId::check_table(&format!("v65-{hash}")).is_err(), "a text is not a table");
        assert_eq!(DataId::check_table(""), Ok(String::new()));
    }
}
