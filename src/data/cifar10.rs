//! CIFAR-10 (Krizhevsky 2009) in the binary layout of its authors: records of one label byte and 3,072 color
//! bytes, 32 x 32 red, then green, then blue, in row-major order. A file has any number of records; the
//! original files have 10,000.

use crate::core::LabError;
use crate::data::images::{ImageSet, Images, SIDE};
use crate::data::{classes, tar_gz};

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
        class_names: &classes::CIFAR10,
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

/// Returns the files in a user's file, each with its name: the file itself, or the contents of the original
/// archive.
///
/// # Errors
///
/// Fails if a file is malformed, or if the archive has no files of CIFAR-10. The message says what was
/// expected and what was found.
pub fn unpack(name: &str, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, LabError> {
    if !name.ends_with(".gz") && !name.ends_with(".tgz") && !tar_gz::is_gzip(&bytes) {
        check(name, &bytes)?;
        return Ok(vec![(name.to_owned(), bytes)]);
    }
    // The .bin files of the archive, without their folder.
    let wanted = |path: &str| {
        let file = path.rsplit('/').next().unwrap_or(path);
        (file.ends_with(".bin") && !file.starts_with('.')).then(|| file.to_owned())
    };
    let files = tar_gz::unpack(name, &bytes, MAX_RECORDS * RECORD, wanted)?;
    if files.is_empty() {
        return Err(LabError::Data(format!(
            "{name} should hold the .bin files of CIFAR-10's binary version, and holds none. The file to get is \
             cifar-10-binary.tar.gz."
        )));
    }
    for (file, bytes) in &files {
        check(&format!("{file} in {name}"), bytes)?;
    }
    Ok(files)
}

/// Returns true if the file's name marks its images as test images: `test_batch.bin`.
pub fn is_test(name: &str) -> bool {
    name.to_lowercase().contains("test")
}

fn check(name: &str, bytes: &[u8]) -> Result<(), LabError> {
    let (records, rest) = (bytes.len() / RECORD, bytes.len() % RECORD);
    let wrong = |what: String| Err(LabError::Data(format!("{name} should hold CIFAR-10 images, {what}.")));
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
