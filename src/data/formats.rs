//! Recognizes common formats of files by their first bytes, so that a refusal can name what was opened instead of
//! quoting it.

/// The formats, each with the bytes that a file starts with.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a zip archive (Office documents and PyTorch checkpoints are zip archives, too)"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an older Office document"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
];

/// Returns the format of a file in words, such as "a PNG image", if its first bytes are known.
pub fn name_of(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(name);
    }
    if is_pickle(bytes) {
        return Some("a Python pickle");
    }
    let start = bytes.trim_ascii_start();
    let is_html = [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|tag| start.get(..tag.len()).is_some_and(|found| found.eq_ignore_ascii_case(tag)));
    is_html.then_some("a web page")
}

/// Returns true if the bytes start as a Python pickle of protocol 2 to 5 does: the version, and then a dictionary, a
/// frame, or another value.
pub fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, b'}' | b']' | b')' | b'(' | b'c' | b'X' | b'U' | 0x95, ..])
}
