//! Files that a visitor gives to the page: where they go, and what they must be.
//!
//! The page hands a file to the worker, which checks and unpacks it; what comes of it is an asset below `user/` from then
//! on. A section that wants another kind of file adds it here.

use serde::{Deserialize, Serialize};

/// What a file is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// The `.bin` files or the `.tar.gz` of CIFAR-10's binary version.
    Cifar10,
    /// A text to learn, in UTF-8. A newer one takes the older one's place.
    Text,
}

/// Where a visitor's own CIFAR-10 files lie.
pub const CIFAR10_FOLDER: &str = "user/cifar10/";
/// Where a visitor's text lies, and its name there.
pub const TEXT_FOLDER: &str = "user/text/";
pub const TEXT_NAME: &str = "own.txt";

/// A file that has been taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFile {
    /// Where [`RunContext::asset`](crate::run::Emit::asset) finds it.
    pub path: String,
    /// In bytes.
    pub size: u32,
}

impl FileKind {
    /// Where files of this kind lie.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Cifar10 => CIFAR10_FOLDER,
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
}
