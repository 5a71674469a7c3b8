//! The reference numbers for a device: the fixtures of the native tests in one file, packed by
//! `scripts/reference.py`. `static/data/README.md` gives its layout.

use crate::core::LabError;
use crate::data::packed;
use serde_json::Value;

/// The path of the file, relative to the page.
pub const PATH: &str = "data/reference.bin";

const MAGIC: &[u8; 8] = b"NNLABREF";
const VERSION: u32 = 1;
/// The maximum unpacked size, which guards against foreign files. The real file has half a megabyte.
const MAX_BYTES: usize = 4_000_000;

/// Returns the fixtures by file name.
///
/// # Errors
///
/// Fails if the file is damaged or has another layout. The message says what was expected and what was found.
pub fn read(bytes: &[u8]) -> Result<Value, LabError> {
    let wrong = |what: String| {
        LabError::Data(format!("The file with the references {what}. Start again to fetch it anew."))
    };
    let header = MAGIC.len() + 8;
    if !bytes.starts_with(MAGIC) || bytes.len() < header + 4 {
        return Err(wrong("should begin with NNLABREF, and does not".to_owned()));
    }
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |sum, &b| sum << 8 | u32::from(b));
    let (version, size) = (number(&bytes[8..12]), number(&bytes[12..16]) as usize);
    if version != VERSION {
        return Err(wrong(format!("should be of version {VERSION}, and is of version {version}")));
    }
    if size > MAX_BYTES {
        return Err(wrong(format!("should unpack to {MAX_BYTES} bytes at most, and says {size}")));
    }
    let (body, crc) = bytes[header..].split_at(bytes.len() - header - 4);
    let text = packed::unpack(body, crc, size).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| wrong(format!("should be JSON ({error})")))
}
