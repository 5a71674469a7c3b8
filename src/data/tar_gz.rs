//! Just enough of gzip (RFC 1952) and tar (POSIX ustar) to take some files out of an archive. The archive is unpacked
//! piece by piece, so that what is not wanted needs no memory.

use crate::core::LabError;
use crate::data::crc32::Crc32;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

const BLOCK: usize = 512;
const PIECE: usize = 1 << 16;

/// Whether the bytes begin as a gzip file does.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The files of a `.tar.gz` that `wanted` gives a name to. A wanted file larger than `most` bytes is an error.
pub fn unpack(
    name: &str,
    bytes: &[u8],
    most: usize,
    wanted: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, Vec<u8>)>, LabError> {
    let wrong = |what: String| LabError::Data(format!("{name} should be a .tar.gz archive, and {what}."));
    let body = gzip_body(bytes).map_err(wrong)?;
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let mut tar = Tar { wanted, most, pending: Vec::new(), now: Now::Header, files: Vec::new() };
    let mut piece = vec![0; PIECE];
    let (mut crc, mut unpacked, mut at) = (Crc32::default(), 0u32, 0);
    loop {
        let result = inflate(&mut state, body.get(at..).unwrap_or_default(), &mut piece, MZFlush::None);
        at += result.bytes_consumed;
        let fresh = piece.get(..result.bytes_written).unwrap_or_default();
        crc.update(fresh);
        unpacked = unpacked.wrapping_add(fresh.len() as u32);
        tar.take(fresh).map_err(wrong)?;
        match result.status {
            Ok(MZStatus::StreamEnd) => break,
            Ok(_) if result.bytes_consumed > 0 || result.bytes_written > 0 => {}
            // More was wanted, and there is no more.
            Ok(_) | Err(MZError::Buf) => {
                return Err(wrong(format!("is cut short: its {} bytes end in the middle", bytes.len())));
            }
            Err(_) => return Err(wrong(format!("is damaged after {at} bytes"))),
        }
    }
    let word = |at: usize| {
        body.get(at..at + 4).map(|b| b.iter().rev().fold(0u32, |sum, &b| sum << 8 | u32::from(b)))
    };
    let (Some(sum), Some(length)) = (word(at), word(at + 4)) else {
        return Err(wrong(format!("is cut short: its {} bytes end before the checksum", bytes.len())));
    };
    if (sum, length) != (crc.value(), unpacked) {
        return Err(wrong(format!("should have the checksum {sum:08x}, and has {:08x}", crc.value())));
    }
    tar.end().map_err(wrong)
}

/// What follows the header.
fn gzip_body(bytes: &[u8]) -> Result<&[u8], String> {
    let found = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let Some((&[0x1f, 0x8b, method, flags, ..], mut rest)) = bytes.split_at_checked(10) else {
        return Err(format!(
            "should begin with 1f 8b, and begins with \"{found}\" ({} bytes in all)",
            bytes.len()
        ));
    };
    if method != 8 || flags & 0xe0 != 0 {
        return Err(format!("should be packed by method 8, and is by method {method} (flags {flags:02x})"));
    }
    let short = || "is cut short within its header".to_owned();
    if flags & 4 != 0 {
        let (length, after) = rest.split_at_checked(2).ok_or_else(short)?;
        let length = length.iter().rev().fold(0, |sum, &b| sum << 8 | usize::from(b));
        rest = after.get(length..).ok_or_else(short)?;
    }
    // A file name, then a comment, each up to a zero byte.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|&b| b == 0).ok_or_else(short)?;
            rest = rest.get(end + 1..).ok_or_else(short)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..).ok_or_else(short)?;
    }
    Ok(rest)
}

/// Walks through an archive as it comes.
struct Tar<F> {
    wanted: F,
    most: usize,
    /// The part of a header that has come.
    pending: Vec<u8>,
    now: Now,
    files: Vec<(String, Vec<u8>)>,
}

/// Which part of the archive comes next.
enum Now {
    Header,
    /// So many bytes for the last of the files, then so many to skip.
    Content(usize, usize),
    Skip(u64),
    /// After the block of zeros.
    Over,
}

impl<F: Fn(&str) -> Option<String>> Tar<F> {
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            match &mut self.now {
                Now::Header => {
                    let (part, rest) = bytes.split_at((BLOCK - self.pending.len()).min(bytes.len()));
                    self.pending.extend_from_slice(part);
                    bytes = rest;
                    if self.pending.len() == BLOCK {
                        self.now = self.header()?;
                        self.pending.clear();
                    }
                }
                Now::Content(left, padding) => {
                    let (part, rest) = bytes.split_at((*left).min(bytes.len()));
                    if let Some((_, content)) = self.files.last_mut() {
                        content.extend_from_slice(part);
                    }
                    *left -= part.len();
                    bytes = rest;
                    if *left == 0 {
                        self.now = if *padding == 0 { Now::Header } else { Now::Skip(*padding as u64) };
                    }
                }
                Now::Skip(left) => {
                    let skipped = (*left).min(bytes.len() as u64);
                    *left -= skipped;
                    bytes = bytes.get(skipped as usize..).unwrap_or_default();
                    if *left == 0 {
                        self.now = Now::Header;
                    }
                }
                Now::Over => return Ok(()),
            }
        }
        Ok(())
    }

    fn header(&mut self) -> Result<Now, String> {
        let header = &self.pending;
        if header.iter().all(|&b| b == 0) {
            return Ok(Now::Over);
        }
        let field = |from: usize, length: usize| header.get(from..from + length).unwrap_or_default();
        let text = |bytes: &[u8]| {
            let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
        };
        let octal = |bytes: &[u8]| u64::from_str_radix(text(bytes).trim(), 8).ok();
        // The sum of all bytes, its own taken as spaces, tells a header from anything else.
        let sum: u64 = header.iter().map(|&b| u64::from(b)).sum::<u64>() + 8 * 32;
        let own: u64 = field(148, 8).iter().map(|&b| u64::from(b)).sum();
        let (Some(size), true) = (octal(field(124, 12)), octal(field(148, 8)) == Some(sum - own)) else {
            return Err("what is packed in it is no tar archive".to_owned());
        };
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        let regular = matches!(field(156, 1), [b'0' | 0]);
        match (self.wanted)(&text(field(0, 100))).filter(|_| regular) {
            Some(_) if size > self.most as u64 => {
                Err(format!("{} in it has {size} bytes, more than {}", text(field(0, 100)), self.most))
            }
            Some(name) => {
                self.files.push((name, Vec::with_capacity(size as usize)));
                Ok(if size == 0 { Now::Header } else { Now::Content(size as usize, padding as usize) })
            }
            None if size == 0 => Ok(Now::Header),
            None => Ok(Now::Skip(size + padding)),
        }
    }

    fn end(self) -> Result<Vec<(String, Vec<u8>)>, String> {
        match self.now {
            Now::Content(left, _) => Err(format!("is cut short: {left} bytes of its last file are missing")),
            _ => Ok(self.files),
        }
    }
}
