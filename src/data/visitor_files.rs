//! What becomes of a file that a visitor gives.

use crate::core::LabError;
use crate::core::files::{FileKind, TEXT_NAME};
use crate::data::{cifar10, text};

/// The files that a given one stands for, by their paths; or a sentence on what was expected and what was found.
pub fn unpack(kind: FileKind, name: &str, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, LabError> {
    let files = match kind {
        FileKind::Cifar10 => cifar10::unpack(name, bytes)?,
        FileKind::Text => {
            // Read once to refuse at once what cannot be learned.
            text::read_own(&bytes)?;
            vec![(TEXT_NAME.to_owned(), bytes)]
        }
    };
    Ok(files.into_iter().map(|(name, bytes)| (format!("{}{name}", kind.folder()), bytes)).collect())
}
