//! Unpacks archives of pictures, with limits: a small archive can claim to contain more than fits into memory.

use crate::core::LabError;
use crate::data::archive::{self, Unpacked};
use crate::data::own::pictures::format::{HEAD, Kind, MAX_PICTURE, kind, refusal};
use crate::data::own::pictures::place::{file_name, grouped, is_ignored, without_extension};
use std::io::{Cursor, ErrorKind, Read};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

/// The maximum size of all unpacked files in bytes.
pub const MAX_UNPACKED: usize = 400_000_000;
/// The maximum number of files in an archive. MNIST has 70,000 pictures.
const MAX_ENTRIES: usize = 80_000;
/// The maximum ratio of the size of the unpacked files to that of the archive, above `SMALL`. Pictures are already packed, and
/// arrays of drawings rarely get ten times smaller.
const MAX_RATIO: u64 = 100;
/// The size of unpacked files that may have any ratio.
const SMALL: u64 = 50_000_000;

/// The files of an archive, and those that could not be unpacked, each with a sentence.
#[derive(Debug, Default)]
pub struct Opened {
    /// The files, each with its path: the archive takes the place of a folder.
    pub files: Vec<(String, Vec<u8>)>,
    /// The paths of other files, each with the reason as a sentence.
    pub problems: Vec<(String, String)>,
}

/// Unpacks an archive, or a file that is packed with gzip. `left` is the number of bytes that may still be unpacked.
///
/// # Errors
///
/// Returns a sentence if the archive is damaged or too large.
pub fn open(path: &str, kind: Kind, bytes: Vec<u8>, left: &mut usize) -> Result<Opened, String> {
    if kind == Kind::Zip {
        return zipped(path, bytes, left);
    }
    let unpacked = archive::unpack("The archive", bytes, *left, |path| !is_ignored(path));
    let mut opened = Opened::default();
    match unpacked.map_err(|error| words(&error))? {
        Unpacked::Plain(bytes) => opened.files.push((path.to_owned(), bytes)),
        Unpacked::Single(bytes) => opened.files.push((without_extension(path).to_owned(), bytes)),
        Unpacked::Files(files, _) => {
            check_count(files.len())?;
            let folder = without_extension(path);
            opened
                .files
                .extend(files.into_iter().map(|file| (format!("{folder}/{}", file.path), file.content)));
        }
    }
    *left = left.saturating_sub(opened.files.iter().map(|(_, bytes)| bytes.len()).sum());
    Ok(opened)
}

fn words(error: &LabError) -> String {
    error.to_string()
}

fn check_count(n: usize) -> Result<(), String> {
    if n > MAX_ENTRIES {
        return Err(format!(
            "The archive contains {} files; at most {} are read. Pack a part of them.",
            grouped(n as u64),
            grouped(MAX_ENTRIES as u64)
        ));
    }
    Ok(())
}

fn too_large() -> String {
    format!(
        "The archive unpacks to more than {} MB. Pack fewer or smaller pictures: the network sees 32 × 32 pixels.",
        MAX_UNPACKED / 1_000_000
    )
}

fn zipped(path: &str, bytes: Vec<u8>, left: &mut usize) -> Result<Opened, String> {
    let packed = bytes.len() as u64;
    let damaged = |_| "The archive is cut short or damaged. Pack or download it again.".to_owned();
    // The number of entries is stored at the end, and is checked before they are read.
    if let Some(n) = claimed_entries(&bytes) {
        check_count(n)?;
    }
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    check_count(zip.len())?;
    let claimed = zip.decompressed_size().unwrap_or(0);
    if claimed > SMALL.into() && claimed > u128::from(packed) * u128::from(MAX_RATIO) {
        return Err(format!(
            "The archive is {MAX_RATIO} times smaller than its content, as no pictures are. It was not unpacked, because it would fill the memory."
        ));
    }
    if claimed > *left as u128 {
        return Err(too_large());
    }
    let folder = without_extension(path);
    let mut opened = Opened::default();
    for index in 0..zip.len() {
        let name = zip.name_for_index(index).and_then(Result::ok).unwrap_or_default().into_owned();
        if is_ignored(&name) {
            continue;
        }
        let path = format!("{folder}/{name}");
        let mut file = match zip.by_index(index) {
            Ok(file) if file.is_file() => file,
            Ok(_) => continue,
            Err(error) => {
                opened.problems.push((path, why_closed(&error)));
                continue;
            }
        };
        match content(&name, &mut file, *left) {
            Ok(content) => {
                *left = left.saturating_sub(content.len());
                opened.files.push((path, content));
            }
            Err(Refusal::OfFile(why)) => opened.problems.push((path, why)),
            Err(Refusal::OfArchive) => return Err(too_large()),
        }
    }
    Ok(opened)
}

/// Returns the number of entries that the end of a zip archive claims, or `None` if it is not found.
fn claimed_entries(bytes: &[u8]) -> Option<usize> {
    let tail = bytes.get(bytes.len().saturating_sub(22 + 65_535)..)?;
    let at = tail.windows(4).rposition(|part| part == b"PK\x05\x06")?;
    let n = tail.get(at + 10..)?.first_chunk::<2>()?;
    let n = u64::from(u16::from_le_bytes(*n));
    if n < u64::from(u16::MAX) {
        return usize::try_from(n).ok();
    }
    // A larger number is in a record of its own.
    let at = tail.windows(4).rposition(|part| part == b"PK\x06\x06")?;
    let n = u64::from_le_bytes(*tail.get(at + 32..)?.first_chunk::<8>()?);
    usize::try_from(n).ok()
}

enum Refusal {
    OfFile(String),
    OfArchive,
}

/// Reads a file of an archive, unless its first bytes tell that it is not used.
fn content<R: Read>(name: &str, file: &mut ZipFile<'_, R>, left: usize) -> Result<Vec<u8>, Refusal> {
    let failed = |error: std::io::Error| {
        Refusal::OfFile(match error.kind() {
            ErrorKind::OutOfMemory => "The file needs more memory than the browser has left.".to_owned(),
            ErrorKind::Unsupported => UNKNOWN_METHOD.to_owned(),
            _ => "The file is damaged in the archive. Pack it again.".to_owned(),
        })
    };
    let mut content = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut content).map_err(failed)?;
    let kind = kind(&content);
    if let Some(why) = refusal(file_name(name), &content, kind).filter(|_| !is_records(name)) {
        return Err(Refusal::OfFile(why));
    }
    let is_picture = matches!(kind, Kind::Picture(_));
    if is_picture && file.size() > MAX_PICTURE {
        let megabytes = file.size() / 1_000_000;
        return Err(Refusal::OfFile(format!(
            "The picture unpacks to {megabytes} MB; at most {} MB are read. Save it smaller.",
            MAX_PICTURE / 1_000_000
        )));
    }
    let limit = if is_picture { left.min(MAX_PICTURE as usize) } else { left };
    let rest = (limit + 1).saturating_sub(content.len()) as u64;
    file.by_ref().take(rest).read_to_end(&mut content).map_err(failed)?;
    if content.len() > left {
        return Err(Refusal::OfArchive);
    }
    if content.len() > limit {
        return Err(Refusal::OfFile("The picture unpacks to more than the archive says.".to_owned()));
    }
    Ok(content)
}

/// Returns true for the records of CIFAR-10's binary version, which no first bytes tell.
pub fn is_records(name: &str) -> bool {
    file_name(name).to_ascii_lowercase().ends_with(".bin")
}

/// The problem of a file that is packed with a method other than Deflate.
const UNKNOWN_METHOD: &str = "The file is packed with a method that the lab does not unpack. Pack it with the usual method of zip (Deflate).";

fn why_closed(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            "The file is protected with a password. Pack it without one.".to_owned()
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            UNKNOWN_METHOD.to_owned()
        }
        _ => "The file is damaged in the archive. Pack it again.".to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
