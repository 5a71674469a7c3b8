//! The format of the bundled data sets: a magic number, a header, content compressed with zlib, and the
//! CRC-32 of the uncompressed content. Numbers are little-endian. `static/data/README.md` describes each
//! file.

use flate2::{Crc, read::ZlibDecoder};
use std::io::{ErrorKind, Read};
use thiserror::Error;

/// The length of a magic number.
pub const MAGIC_LEN: usize = 8;
/// The length of the checksum at the end.
const CRC_LEN: usize = 4;
/// The version that is read.
const VERSION: u32 = 1;

/// The reason a file cannot be read. The message follows the name of the file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackedError {
    /// The file has another magic number.
    #[error("should begin with {expected}, and begins with \"{found}\"")]
    Magic {
        /// The expected magic number.
        expected: String,
        /// The first bytes of the file.
        found: String,
    },
    /// The file has no room for header and checksum.
    #[error("should have at least {expected} bytes, and has {found}")]
    Short {
        /// The minimum length.
        expected: usize,
        /// The length.
        found: usize,
    },
    /// The file has another version.
    #[error("should be of version {VERSION}, and is of version {0}")]
    Version(u32),
    /// The content would be too long.
    #[error("should unpack to {max} bytes at most, and says {found}")]
    TooLong {
        /// The maximum length.
        max: usize,
        /// The length in the header.
        found: usize,
    },
    /// The content does not fit into memory.
    #[error("needs more memory than the browser has left")]
    OutOfMemory,
    /// The content is not zlib, or not all of it.
    #[error("is cut short or damaged")]
    Damaged,
    /// The content has another length.
    #[error("should unpack to {expected} bytes, and unpacks to {found}")]
    Length {
        /// The expected length.
        expected: usize,
        /// The length, or one more than expected if it is greater.
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

/// Reads the magic number and a header of `N` numbers, of which the first is the version. Returns the other
/// numbers and the rest of the file, which [`unpack`] takes.
///
/// # Errors
///
/// Fails if the file is too short, or has another magic number or version.
pub fn header<'a, const N: usize>(
    bytes: &'a [u8],
    magic: &[u8; MAGIC_LEN],
) -> Result<([u32; N], &'a [u8]), PackedError> {
    if !bytes.starts_with(magic) {
        let found =
            bytes.iter().take(MAGIC_LEN).map(|&b| char::from(b).escape_default().to_string()).collect();
        return Err(PackedError::Magic { expected: String::from_utf8_lossy(magic).into_owned(), found });
    }
    let length = MAGIC_LEN + 4 * N;
    if bytes.len() < length + CRC_LEN {
        return Err(PackedError::Short { expected: length + CRC_LEN, found: bytes.len() });
    }
    let (head, rest) = bytes.split_at(length);
    let (numbers, _) = head[MAGIC_LEN..].as_chunks::<4>();
    let numbers: [u32; N] = std::array::from_fn(|i| numbers.get(i).map_or(0, |&b| u32::from_le_bytes(b)));
    match numbers.first() {
        Some(&version) if version != VERSION => Err(PackedError::Version(version)),
        _ => Ok((numbers, rest)),
    }
}

/// Unpacks content of `size` bytes, which precedes its checksum.
///
/// # Errors
///
/// Fails if the content is damaged, or has another length or checksum.
pub fn unpack(rest: &[u8], size: usize) -> Result<Vec<u8>, PackedError> {
    let (packed, crc) = rest.split_last_chunk::<CRC_LEN>().ok_or(PackedError::Damaged)?;
    let mut bytes = Vec::new();
    // The limit keeps a foreign file from filling the memory.
    let limit = (size as u64).saturating_add(1);
    ZlibDecoder::new(packed).take(limit).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        ErrorKind::OutOfMemory => PackedError::OutOfMemory,
        _ => PackedError::Damaged,
    })?;
    if bytes.len() != size {
        return Err(PackedError::Length { expected: size, found: bytes.len() });
    }
    let mut found = Crc::new();
    found.update(&bytes);
    let (expected, found) = (u32::from_le_bytes(*crc), found.sum());
    if expected == found { Ok(bytes) } else { Err(PackedError::Checksum { expected, found }) }
}

/// Reads a file whose header has the version and the length of the content, at most `max`.
///
/// # Errors
///
/// Fails if the file is damaged, has another magic number or version, or would be too long.
pub fn read(bytes: &[u8], magic: &[u8; MAGIC_LEN], max: usize) -> Result<Vec<u8>, PackedError> {
    let ([_, size], rest) = header(bytes, magic)?;
    let size = size as usize;
    if size > max { Err(PackedError::TooLong { max, found: size }) } else { unpack(rest, size) }
}
