//! Unpacks the files that the user gives to the page.

use crate::core::LabError;
use crate::core::files::{FileKind, TEXT_NAME};
use crate::data::{cifar10, text};

/// Returns the files in a user's file, each with the path at which it is stored.
///
/// # Errors
///
/// Fails if the file does not have the expected content. The message says what was expected and what was
/// found.
pub fn unpack(kind: FileKind, name: &str, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, LabError> {
    let files = match kind {
        FileKind::Cifar10 => cifar10::unpack(name, bytes)?,
        FileKind::Text => {
            // Read only to refuse an unusable text at once.
            text::read_own(&bytes)?;
            vec![(TEXT_NAME.to_owned(), bytes)]
        }
    };
    Ok(files.into_iter().map(|(name, bytes)| (format!("{}{name}", kind.folder()), bytes)).collect())
}
