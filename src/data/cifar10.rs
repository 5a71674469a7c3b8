//! CIFAR-10 (Krizhevsky 2009) in its authors' binary layout: records of one label byte and 3,072 color bytes, 32 x 32
//! red, then green, then blue, row by row. A file is any whole number of records; theirs have 10,000.

use crate::core::LabError;
use crate::data::images::{ImageSet, Images, SIDE};
use crate::data::{classes, tar_gz};

/// Bytes of one image with its label.
pub const RECORD: usize = 1 + 3 * SIDE * SIDE;
/// The data set has no more images than this, so neither has a file of it.
const MAX_RECORDS: usize = 60_000;

/// The records of several files, one after the other, at most `n` of them.
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
    /// CIFAR-10 from the bytes of its files, which may be several for each part; at most so many images of each part.
    pub fn cifar10(train: &[&[u8]], test: &[&[u8]], n_train: usize, n_test: usize) -> Result<Self, LabError> {
        let part = |files: &[&[u8]], n: usize| read(files, n);
        Ok(Self::new(part(train, n_train)?, part(test, n_test)?))
    }
}

/// A file that a visitor gave, as the files that it stands for: itself, or what is in the authors' archive. An error
/// says what was expected and what was found.
pub fn unpack(name: &str, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, LabError> {
    if !name.ends_with(".gz") && !name.ends_with(".tgz") && !tar_gz::is_gzip(&bytes) {
        check(name, &bytes)?;
        return Ok(vec![(name.to_owned(), bytes)]);
    }
    // The archive's own .bin files, without the folder that they are in.
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

/// Whether the file's name says that its images are for testing: `test_batch.bin`.
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
