//! Extracts files from a tar archive, packed with gzip or not, and a single file that is packed with gzip. An
//! archive is unpacked while it is read, so that unwanted files need no memory.

use crate::core::LabError;
use flate2::bufread::GzDecoder;
use std::io::{self, Chain, Cursor, ErrorKind, Read};
use tar::{Archive, EntryType, PaxExtensions};

/// The maximum size of everything else in an archive: headers, padding, and unwanted files.
const MAX_REST: usize = 10_000_000;
/// The maximum size of an entry that only carries the name of the next one. Names are at most 4,096 bytes long
/// on Linux; a pax header may have other attributes as well.
const MAX_NAME_ENTRY: u64 = 65_536;
/// The size of a block in a tar archive, and of the header of an entry.
const BLOCK: usize = 512;

/// The content of a file from the user, as far as it is an archive.
#[derive(Debug)]
pub enum Unpacked {
    /// The wanted files of a tar archive.
    Files(Vec<Entry>, Unwanted),
    /// A single file that was packed with gzip.
    Single(Vec<u8>),
    /// The file is neither. It is returned as it is.
    Plain(Vec<u8>),
}

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path in the archive.
    pub path: String,
    /// The content.
    pub content: Vec<u8>,
}

/// The files of an archive that were skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwanted {
    /// Their number.
    pub count: usize,
    /// The path of the largest one.
    pub largest: String,
    /// The first bytes of the largest one.
    pub head: Vec<u8>,
    /// The size of the largest one.
    size: u64,
}

/// Returns true if the bytes start with the magic number of gzip.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Returns true if the bytes start with the header of a tar archive: `ustar` at byte 257 (POSIX.1-1988), or, in
/// older archives, a correct checksum.
pub fn is_tar(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..BLOCK) else { return false };
    if header.get(257..262) == Some(b"ustar") {
        return true;
    }
    let Some(field) = header.get(148..156) else { return false };
    let digits: String = field.iter().map(|&byte| char::from(byte)).collect();
    let stored = u32::from_str_radix(digits.trim_matches([' ', '\0']), 8);
    // The checksum counts its own field as spaces.
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    let expected = sum(header) - sum(field) + 8 * u32::from(b' ');
    header.first() != Some(&0) && stored == Ok(expected)
}

/// Unpacks a file. Of a tar archive it returns the files whose paths `wanted` accepts. `max_bytes` limits their
/// total size, because a small archive can unpack to more than fits into memory.
///
/// # Errors
///
/// Fails if the file is damaged or too large. The message says what was expected and what was found.
pub fn unpack(
    name: &str,
    bytes: Vec<u8>,
    max_bytes: usize,
    wanted: impl Fn(&str) -> bool,
) -> Result<Unpacked, LabError> {
    if is_tar(&bytes) {
        let reader = bytes.as_slice();
        return files(name, reader, bytes.len(), max_bytes, wanted);
    }
    if !is_gzip(&bytes) {
        return Ok(Unpacked::Plain(bytes));
    }
    let failed = |error: io::Error| reading_failed(name, bytes.len(), &error);
    let mut members = Members(GzDecoder::new(bytes.as_slice()));
    let mut head = Vec::with_capacity(BLOCK);
    members.by_ref().take(BLOCK as u64).read_to_end(&mut head).map_err(failed)?;
    if is_tar(&head) {
        let reader = Cursor::new(head).chain(members);
        return files(name, reader, bytes.len(), max_bytes, wanted);
    }
    // The size is counted first: a vector that grows would need up to three times the memory.
    let limit = max_bytes as u64 + 1;
    let mut counted = Members(GzDecoder::new(bytes.as_slice())).take(limit);
    let size = io::copy(&mut counted, &mut io::sink()).map_err(failed)?;
    if size == limit {
        return Err(LabError::Data(format!(
            "{name} unpacks to more than {max_bytes} bytes, which is too large."
        )));
    }
    let mut content = Vec::with_capacity(size as usize);
    Members(GzDecoder::new(bytes.as_slice())).read_to_end(&mut content).map_err(failed)?;
    Ok(Unpacked::Single(content))
}

/// The members of a gzip file, one after the other: `pigz`, `bgzip` and `cat` write several. Whatever follows the
/// last member is ignored, as `gzip` does; flate2's `MultiGzDecoder` would fail on it.
#[derive(Debug)]
struct Members<'a>(GzDecoder<&'a [u8]>);

impl Read for Members<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.0.read(buffer)?;
            let rest = *self.0.get_ref();
            if n > 0 || buffer.is_empty() || !is_gzip(rest) {
                return Ok(n);
            }
            self.0 = GzDecoder::new(rest);
        }
    }
}

/// The bytes of an archive.
trait Bytes: Read {}
impl Bytes for &[u8] {}
impl Bytes for Chain<Cursor<Vec<u8>>, Members<'_>> {}

fn reading_failed(name: &str, len: usize, error: &io::Error) -> LabError {
    // The words of the error are left out: those of `tar` quote bytes of the file.
    LabError::Data(match error.kind() {
        ErrorKind::UnexpectedEof => format!("{name} is cut short after {len} bytes. Download it again."),
        _ => format!("{name} is damaged and cannot be unpacked. Download it again."),
    })
}

/// Reads the wanted files of a tar archive; `len` is the size of the file.
fn files(
    name: &str,
    reader: impl Bytes,
    len: usize,
    max_bytes: usize,
    wanted: impl Fn(&str) -> bool,
) -> Result<Unpacked, LabError> {
    let wrong = |what: String| LabError::Data(format!("{name} should be an archive of images, and {what}."));
    let failed = |error: io::Error| reading_failed(name, len, &error);
    let limit = (max_bytes + MAX_REST) as u64;
    let mut archive = Archive::new(reader.take(limit));
    let mut found = Vec::new();
    let mut unwanted = Unwanted::default();
    let mut left = max_bytes;
    let mut long_name = None;
    // In raw mode, entries with long names are plain entries. Otherwise each would be read into memory
    // completely, however long it claims to be.
    for entry in archive.entries().map_err(failed)?.raw(true) {
        let mut entry = entry.map_err(failed)?;
        let (kind, size) = (entry.header().entry_type(), entry.size());
        if matches!(kind, EntryType::GNULongName | EntryType::XHeader) {
            if size > MAX_NAME_ENTRY {
                return Err(wrong(format!(
                    "has a name of {size} bytes in it; at most {MAX_NAME_ENTRY} are read"
                )));
            }
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(failed)?;
            long_name = name_in(kind, &content).or(long_name);
            continue;
        }
        // Other extensions may come between a long name and its file.
        if kind.is_gnu_longlink() || kind.is_pax_global_extensions() {
            continue;
        }
        let path = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let path = String::from_utf8_lossy(&path).into_owned();
        if !kind.is_file() {
            continue;
        }
        if !wanted(&path) {
            unwanted.count += 1;
            if size >= unwanted.size {
                let mut head = Vec::new();
                entry.take(BLOCK as u64).read_to_end(&mut head).map_err(failed)?;
                unwanted = Unwanted { count: unwanted.count, largest: path, head, size };
            }
            continue;
        }
        if size > left as u64 {
            let with = if left < max_bytes { " with those before it" } else { "" };
            return Err(wrong(format!(
                "a file in it has {size} bytes, which is{with} more than {max_bytes}"
            )));
        }
        left -= size as usize;
        let mut content = Vec::with_capacity(size as usize);
        entry.read_to_end(&mut content).map_err(failed)?;
        if (content.len() as u64) < size {
            return Err(failed(ErrorKind::UnexpectedEof.into()));
        }
        found.push(Entry { path, content });
    }
    // The checksum is at the end, so the rest is read as well.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => failed(error),
        _ => wrong("has a wrong checksum. Download it again".to_owned()),
    })?;
    if rest.limit() == 0 {
        return Err(wrong(format!("unpacks to {limit} bytes or more, which no such archive does")));
    }
    Ok(Unpacked::Files(found, unwanted))
}

/// Returns the name of the next entry, as GNU's and POSIX's tar store long ones.
fn name_in(kind: EntryType, content: &[u8]) -> Option<Vec<u8>> {
    if kind.is_gnu_longname() {
        return content.split(|byte| *byte == 0).next().map(<[u8]>::to_vec);
    }
    let mut records = PaxExtensions::new(content).flatten();
    records.find(|record| record.key_bytes() == b"path").map(|record| record.value_bytes().to_vec())
}
