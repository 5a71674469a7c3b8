//! Extracts files from a `.tar.gz` archive. It is unpacked while it is read, so that unwanted files need no
//! memory.

use crate::core::LabError;
use flate2::read::GzDecoder;
use std::io::{self, ErrorKind, Read};
use tar::Archive;

/// Returns true if the bytes start with the magic number of gzip.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The maximum size of everything else in an archive: headers, padding, and unwanted files.
const MAX_REST: usize = 10_000_000;

/// Returns the files of a `.tar.gz` for which `wanted` returns a name. `max_bytes` limits their total size,
/// because a small archive can unpack to more than fits into memory.
///
/// # Errors
///
/// Fails if the archive is damaged or too large. The message says what was expected and what was found.
pub fn unpack(
    name: &str,
    bytes: &[u8],
    max_bytes: usize,
    wanted: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, Vec<u8>)>, LabError> {
    let wrong = |what: String| LabError::Data(format!("{name} should be a .tar.gz archive, and {what}."));
    if !is_gzip(bytes) {
        let found = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        return Err(wrong(format!(
            "should begin with 1f 8b, and begins with \"{found}\" ({} bytes in all)",
            bytes.len()
        )));
    }
    let damaged = |error: io::Error| match error.kind() {
        ErrorKind::UnexpectedEof => wrong(format!("is cut short after {} bytes", bytes.len())),
        // Valid gzip, but not tar.
        ErrorKind::Other => wrong(format!("what is packed in it is not a tar archive ({error})")),
        _ => wrong(format!("is damaged ({error})")),
    };
    let limit = (max_bytes + MAX_REST) as u64;
    let mut archive = Archive::new(GzDecoder::new(bytes).take(limit));
    let mut files = Vec::new();
    let mut left = max_bytes;
    // In raw mode, extension entries (such as long names) are plain entries. Otherwise each would be read
    // into memory completely, however long it claims to be.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let is_file = entry.header().entry_type().is_file();
        let Some(file) = wanted(&path).filter(|_| is_file) else { continue };
        let size = entry.size();
        if size > left as u64 {
            let with = if left < max_bytes { " with those before it" } else { "" };
            return Err(wrong(format!(
                "{path} in it has {size} bytes, which is{with} more than {max_bytes}"
            )));
        }
        left -= size as usize;
        let mut content = Vec::with_capacity(size as usize);
        entry.read_to_end(&mut content).map_err(damaged)?;
        if (content.len() as u64) < size {
            return Err(damaged(ErrorKind::UnexpectedEof.into()));
        }
        files.push((file, content));
    }
    // The checksum is at the end, so the rest is read as well.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => damaged(error),
        _ => wrong(format!("has a wrong checksum ({error})")),
    })?;
    if rest.limit() == 0 {
        return Err(wrong(format!("unpacks to {limit} bytes or more, which no such archive does")));
    }
    Ok(files)
}
