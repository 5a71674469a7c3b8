//! What the bundled data sets are packed in: zlib, followed by a checksum of what comes out.

use flate2::{Crc, read::ZlibDecoder};
use std::io::{ErrorKind, Read};

/// Unpacks bytes that should come to `size`, and checks their CRC-32, which is little-endian; an error says what was
/// expected and what was found, to follow the name of the file.
pub fn unpack(packed: &[u8], crc: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // The limit keeps a foreign file from unpacking into all of the memory.
    let limit = (size as u64).saturating_add(1);
    ZlibDecoder::new(packed).take(limit).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        ErrorKind::OutOfMemory => "needs more memory than the browser has left",
        _ => "is cut short or damaged",
    })?;
    if bytes.len() != size {
        return Err(format!("should unpack to {size} bytes, and unpacks to {}", bytes.len()));
    }
    let expected = crc.iter().rev().fold(0u32, |sum, &b| sum << 8 | u32::from(b));
    let mut found = Crc::new();
    found.update(&bytes);
    if expected != found.sum() {
        return Err(format!("should have the checksum {expected:08x}, and has {:08x}", found.sum()));
    }
    Ok(bytes)
}
