//! Files that a visitor gives to the page: where they go, and what they must be.
//!
//! The page hands a file to the worker, which checks and unpacks it; what comes of it is an asset below `user/` from then
//! on. A section that wants another kind of file adds it here.

use serde::{Deserialize, Serialize};

#[cfg(feature = "compute")]
use super::LabError;

/// What a file is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// The `.bin` files or the `.tar.gz` of CIFAR-10's binary version.
    Cifar10,
    /// A text to learn, in UTF-8. A newer one takes the older one's place.
    Text,
}

/// Where a visitor's text lies, and its name there.
pub const TEXT_FOLDER: &str = "user/text/";
pub const TEXT_NAME: &str = "own.txt";

/// A file that has been taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFile {
    /// Where [`Emit::asset`](super::Emit::asset) finds it.
    pub path: String,
    /// In bytes.
    pub size: u32,
}

impl FileKind {
    /// Where files of this kind lie.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Cifar10 => super::images::CIFAR10_USER,
            Self::Text => TEXT_FOLDER,
        }
    }

    /// Endings of the names of such files, as a file dialog takes them.
    pub const fn endings(self) -> &'static str {
        match self {
            Self::Cifar10 => ".bin,.gz,.tgz",
            Self::Text => ".txt,.md,.csv,.tex,text/plain",
        }
    }

    /// The files that a given one stands for, by their paths; or a sentence on what was expected and what was found.
    #[cfg(feature = "compute")]
    pub fn unpack(self, name: &str, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, LabError> {
        let files = match self {
            Self::Cifar10 => crate::data::cifar10::unpack(name, bytes)?,
            Self::Text => {
                // Read once to refuse at once what cannot be learned.
                crate::data::text::read_own(&bytes)?;
                vec![(TEXT_NAME.to_owned(), bytes)]
            }
        };
        Ok(files.into_iter().map(|(name, bytes)| (format!("{}{name}", self.folder()), bytes)).collect())
    }
}
