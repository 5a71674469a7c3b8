//! The compression of the bundled data sets: zlib, followed by a checksum of the uncompressed bytes.

use flate2::{Crc, read::ZlibDecoder};
use std::io::{ErrorKind, Read};
use thiserror::Error;

/// The reason a file cannot be unpacked. The message follows the name of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnpackError {
    /// The content does not fit into memory.
    #[error("needs more memory than the browser has left")]
    OutOfMemory,
    /// The content is not zlib, or not all of it.
    #[error("is cut short or damaged")]
    Damaged,
    /// The content has another size.
    #[error("should unpack to {expected} bytes, and unpacks to {found}")]
    Size {
        /// The expected size.
        expected: usize,
        /// The size of the content, or one more than expected if it is larger.
        found: usize,
    },
    /// The content has another checksum.
    #[error("should have the checksum {expected:08x}, and has {found:08x}")]
    Checksum {
        /// The expected checksum.
        expected: u32,
        /// The checksum of the content.
        found: u32,
    },
}

/// Unpacks bytes of `size`, and checks their little-endian CRC-32.
///
/// # Errors
///
/// Fails if the bytes are damaged, or have another size or checksum.
pub fn unpack(packed: &[u8], crc: &[u8], size: usize) -> Result<Vec<u8>, UnpackError> {
    let mut bytes = Vec::new();
    // The limit keeps a foreign file from filling the memory.
    let limit = (size as u64).saturating_add(1);
    ZlibDecoder::new(packed).take(limit).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        ErrorKind::OutOfMemory => UnpackError::OutOfMemory,
        _ => UnpackError::Damaged,
    })?;
    if bytes.len() != size {
        return Err(UnpackError::Size { expected: size, found: bytes.len() });
    }
    let expected = crc.iter().rev().fold(0u32, |sum, &b| sum << 8 | u32::from(b));
    let mut found = Crc::new();
    found.update(&bytes);
    if expected != found.sum() {
        return Err(UnpackError::Checksum { expected, found: found.sum() });
    }
    Ok(bytes)
}
