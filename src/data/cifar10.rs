//! CIFAR-10 (Krizhevsky 2009) in the binary layout of its authors: records of one label byte and 3,072 color
//! bytes, 32 x 32 red, then green, then blue, in row-major order. A file has any number of records; the
//! original files have 10,000.

use crate::core::LabError;
use crate::data::archive::{self, Entry, Unpacked};
use crate::data::images::{ImageSet, Images, SIDE};
use crate::data::{classes, formats};

/// The number of bytes of one image with its label.
pub const RECORD: usize = 1 + 3 * SIDE * SIDE;
/// The maximum number of images in a file, which is the size of the data set.
const MAX_RECORDS: usize = 60_000;

/// Reads the records of several files, in order, and at most `n` of them.
///
/// # Errors
///
/// Fails if a file is not a whole number of records, has too many of them, or has a label above 9.
pub fn read(files: &[&[u8]], n: usize) -> Result<ImageSet, LabError> {
    let mut set = ImageSet {
        channels: 3,
        side: SIDE,
        pixels: Vec::new(),
        labels: Vec::new(),
        class_names: classes::owned(&classes::CIFAR10),
    };
    for bytes in files {
        check("A CIFAR-10 file", bytes)?;
        for record in bytes.chunks_exact(RECORD).take(n.saturating_sub(set.labels.len())) {
            if let [label, pixels @ ..] = record {
                set.labels.push(*label);
                set.pixels.extend_from_slice(pixels);
            }
        }
    }
    Ok(set)
}

impl Images {
    /// Reads CIFAR-10 from the bytes of its files, and at most `n_train` and `n_test` images.
    ///
    /// # Errors
    ///
    /// Fails if a file is malformed.
    pub fn cifar10(train: &[&[u8]], test: &[&[u8]], n_train: usize, n_test: usize) -> Result<Self, LabError> {
        let part = |files: &[&[u8]], n: usize| read(files, n);
        Ok(Self::new(part(train, n_train)?, part(test, n_test)?))
    }
}

/// Returns the files in a user's file, each with its name: the file itself, or the contents of an archive. The content
/// decides, because browsers and users rename and unpack what they download.
///
/// # Errors
///
/// Fails if a file is malformed, or if the archive has no files of CIFAR-10. The message says what was
/// expected and what was found.
pub fn unpack(name: &str, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, LabError> {
    // The .bin files of the archive, without their folder.
    let is_wanted = |path: &str| {
        let file = file_name(path);
        file.ends_with(".bin") && !file.starts_with('.')
    };
    let (files, unwanted) = match archive::unpack(name, bytes, MAX_RECORDS * RECORD, is_wanted)? {
        Unpacked::Plain(bytes) => {
            check(name, &bytes)?;
            return Ok(vec![(name.to_owned(), bytes)]);
        }
        Unpacked::Single(bytes) => {
            check(&format!("The file in {name}"), &bytes)?;
            return Ok(vec![(name.strip_suffix(".gz").unwrap_or(name).to_owned(), bytes)]);
        }
        Unpacked::Files(files, unwanted) => (files, unwanted),
    };
    if files.is_empty() {
        let in_path = |words: &str| unwanted.largest.to_lowercase().contains(words);
        let version = if in_path("cifar-100") || in_path("cifar100") {
            Some(Version::Cifar100)
        } else if formats::is_pickle(&unwanted.head) {
            Some(Version::Python)
        } else {
            None
        };
        return Err(LabError::Data(match version {
            Some(version) => version.refusal(name),
            None => format!(
                "{name} should contain the .bin files of CIFAR-10's binary version, and has none among its {} files. {TAKE}",
                unwanted.count
            ),
        }));
    }
    let checked = files.into_iter().map(|Entry { path, content }| {
        let is_plain = |c: &char| !c.is_control() && *c != char::REPLACEMENT_CHARACTER;
        let file: String = file_name(&path).chars().filter(is_plain).collect();
        check(&format!("{file} in {name}"), &content)?;
        Ok((file, content))
    });
    checked.collect()
}

/// Advice to the user on which file to download.
const TAKE: &str = "The file to take is cifar-10-binary.tar.gz.";

/// Other data by the same author, which users take for the binary version of CIFAR-10.
#[derive(Clone, Copy)]
enum Version {
    /// CIFAR-100, as records or as pickles.
    Cifar100,
    /// CIFAR-10, as pickles.
    Python,
    /// A pickle of something else.
    OtherPickle,
}

impl Version {
    fn refusal(self, name: &str) -> String {
        match self {
            Self::Cifar100 => format!(
                "{name} contains CIFAR-100, which has 100 classes and two labels per image. This section trains on CIFAR-10. {TAKE}"
            ),
            Self::Python => format!(
                "{name} belongs to the Python version of CIFAR-10, whose files are pickles. This page reads the binary version. {TAKE}"
            ),
            Self::OtherPickle => {
                format!("{name} is a Python pickle, and not the binary version of CIFAR-10. {TAKE}")
            }
        }
    }

    /// Returns what a file is that is not the binary version of CIFAR-10, if it can be recognized.
    fn of(name: &str, bytes: &[u8]) -> Option<Self> {
        let has = |words: &[u8]| bytes.windows(words.len()).any(|part| part == words);
        if formats::is_pickle(bytes) {
            let of_label =
                if has(b"labels") || has(b"label_names") { Self::Python } else { Self::OtherPickle };
            return Some(if has(b"fine_label") { Self::Cifar100 } else { of_label });
        }
        let name = name.to_lowercase();
        if ["cifar-100", "cifar100"].iter().any(|words| name.contains(words)) {
            return Some(Self::Cifar100);
        }
        // A coarse and a fine label, each below 100, and then the same 3,072 bytes.
        let records = bytes.chunks(RECORD + 1);
        let mut labels =
            records.map(|record| matches!(record, [0..100, 0..100, rest @ ..] if rest.len() == RECORD - 1));
        (!bytes.is_empty() && labels.all(|fits| fits)).then_some(Self::Cifar100)
    }
}

/// Returns the last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Returns true if the file's name marks its images as test images: `test_batch.bin`.
pub fn is_test(name: &str) -> bool {
    name.to_lowercase().contains("test")
}

fn check(name: &str, bytes: &[u8]) -> Result<(), LabError> {
    let (records, rest) = (bytes.len() / RECORD, bytes.len() % RECORD);
    let wrong = |what: String| {
        Err(LabError::Data(if let Some(version) = Version::of(name, bytes) {
            version.refusal(name)
        } else if let Some(format) = formats::name_of(bytes) {
            format!("{name} should hold CIFAR-10 images, and is {format}. {TAKE}")
        } else {
            format!("{name} should hold CIFAR-10 images, {what}.")
        }))
    };
    if records == 0 || rest != 0 {
        return wrong(format!(
            "{RECORD} bytes each (a label, then 32 × 32 red, green and blue), and has {} bytes: {records} images and \
             {rest} bytes more",
            bytes.len()
        ));
    }
    if records > MAX_RECORDS {
        return wrong(format!("{MAX_RECORDS} at most, and holds {records}"));
    }
    match bytes.iter().step_by(RECORD).enumerate().find(|&(_, &label)| label > 9) {
        Some((at, label)) => wrong(format!(
            "each after a label from 0 to 9, and has the label {label} before image {} of {records}",
            at + 1
        )),
        None => Ok(()),
    }
}
