//! Files out of a `.tar.gz` archive. It is unpacked as it is read, so that what is not wanted needs no memory.

use crate::core::LabError;
use flate2::read::GzDecoder;
use std::io::{self, ErrorKind, Read};
use tar::Archive;

/// Whether the bytes begin as a gzip file does.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The most that stands between the files of an archive: headers, padding, and files that nobody wants.
const MAX_BETWEEN: usize = 10_000_000;

/// The files of a `.tar.gz` that `wanted` gives a name to. More than `most` bytes of them together are an error, and so is
/// an archive that unpacks to much more than that: a small file can unpack to more than any memory.
pub fn unpack(
    name: &str,
    bytes: &[u8],
    most: usize,
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
        // What unpacks and is not made of files; the reader of the archive says so in many words.
        ErrorKind::Other => wrong(format!("what is packed in it is no tar archive ({error})")),
        _ => wrong(format!("is damaged ({error})")),
    };
    let limit = (most + MAX_BETWEEN) as u64;
    let mut archive = Archive::new(GzDecoder::new(bytes).take(limit));
    let mut files = Vec::new();
    let mut left = most;
    // Raw: what an archive has for long names and the like is read into memory as a whole, however long it says it is. Those
    // are entries as others are, which nobody wants.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let is_file = entry.header().entry_type().is_file();
        let Some(file) = wanted(&path).filter(|_| is_file) else { continue };
        let size = entry.size();
        if size > left as u64 {
            let with = if left < most { " with those before it" } else { "" };
            return Err(wrong(format!("{path} in it has {size} bytes, which is{with} more than {most}")));
        }
        left -= size as usize;
        let mut content = Vec::with_capacity(size as usize);
        entry.read_to_end(&mut content).map_err(damaged)?;
        if (content.len() as u64) < size {
            return Err(damaged(ErrorKind::UnexpectedEof.into()));
        }
        files.push((file, content));
    }
    // The checksum is behind all of it, so the rest is read as well.
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
