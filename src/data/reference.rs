//! The reference numbers for a device: the fixtures of the native tests in one file, packed by
//! `scripts/reference.py`. `static/data/README.md` gives its layout.

use crate::core::LabError;
use crate::data::packed;
use serde_json::Value;

/// The path of the file, relative to the page.
pub const PATH: &str = "data/reference.bin";

const MAGIC: &[u8; 8] = b"NNLABREF";
/// The maximum unpacked size, which guards against foreign files. The real file has half a megabyte.
const MAX_BYTES: usize = 4_000_000;

/// Returns the fixtures by file name.
///
/// # Errors
///
/// Fails if the file is damaged or has another layout. The message says what was expected and what was found.
pub fn read(bytes: &[u8]) -> Result<Value, LabError> {
    let wrong = |what: &dyn std::fmt::Display| {
        LabError::Data(format!("The file with the references {what}. Start again to fetch it anew."))
    };
    let text = packed::read(bytes, MAGIC, MAX_BYTES).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&text).map_err(|error| wrong(&format!("should be JSON ({error})")))
}
