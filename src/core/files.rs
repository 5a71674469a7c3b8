//! Files that the user gives to the page: their kinds, and the paths at which they are stored.
//!
//! The page passes a file to the worker, which checks and unpacks it. The unpacked files are assets under
//! `user/` from then on. A section that needs another kind of file adds it here.

use serde::{Deserialize, Serialize};

/// The purpose of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// The `.bin` files or the `.tar.gz` of the binary version of CIFAR-10.
    Cifar10,
    /// A text to train on, in UTF-8. It replaces an earlier one.
    Text,
}

/// The folder of the user's CIFAR-10 files.
pub const CIFAR10_FOLDER: &str = "user/cifar10/";
/// The folder of the user's text.
pub const TEXT_FOLDER: &str = "user/text/";
/// The file name of the user's text.
pub const TEXT_NAME: &str = "own.txt";

/// A file that the worker has accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFile {
    /// The path, as the asset reader of a run takes it.
    pub path: String,
    /// The size in bytes.
    pub size: u32,
}

impl FileKind {
    /// Returns the folder of files of this kind.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Cifar10 => CIFAR10_FOLDER,
            Self::Text => TEXT_FOLDER,
        }
    }

    /// Returns the file name extensions, as a file dialog takes them.
    pub const fn endings(self) -> &'static str {
        match self {
            Self::Cifar10 => ".bin,.gz,.tgz",
            Self::Text => ".txt,.md,.csv,.tex,text/plain",
        }
    }
}
