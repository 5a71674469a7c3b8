//! CIFAR-10 (Krizhevsky 2009) in the binary layout of its authors: records of one label byte and 3,072 color
//! bytes, 32 x 32 red, then green, then blue, in row-major order. A file has any number of records; the
//! original files have 10,000. The files of its Python version, which are pickles, become such records.

use crate::core::LabError;
use crate::data::archive::{self, Entry, Unpacked};
use crate::data::images::{ImageSet, Images, SIDE};
use crate::data::own::pictures::pickle::{self, Contents};
use crate::data::{classes, formats};

/// The number of bytes of one image with its label.
pub const RECORD: usize = 1 + 3 * SIDE * SIDE;
/// The maximum number of images in a file, which is the size of the data set.
const MAX_RECORDS: usize = 60_000;
/// The maximum size of the files in an archive. The pickles of the Python version also have the names of 60,000 images.
const MAX_UNPACKED: usize = MAX_RECORDS * (RECORD + 100);

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

/// Returns the files in a user's file as records, each with its name: the file itself, or the contents of an archive. The content
/// decides, because browsers and users rename and unpack what they download.
///
/// # Errors
///
/// Fails if a file is malformed, or if the archive has no files of CIFAR-10. The message says what was
/// expected and what was found.
pub fn unpack(name: &str, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, LabError> {
    // The files of the archive, without their folder.
    let is_wanted = |path: &str| {
        let file = file_name(path);
        (file.ends_with(".bin") || is_python_batch(file)) && !file.starts_with('.')
    };
    let (files, unwanted) = match archive::unpack(name, bytes, MAX_UNPACKED, is_wanted)? {
        Unpacked::Plain(bytes) => return Ok(vec![records(name, name, bytes)?]),
        Unpacked::Single(bytes) => {
            let file = name.strip_suffix(".gz").unwrap_or(name);
            return Ok(vec![records(&format!("The file in {name}"), file, bytes)?]);
        }
        Unpacked::Files(files, unwanted) => (files, unwanted),
    };
    if files.is_empty() {
        let in_path = |words: &str| unwanted.largest.to_lowercase().contains(words);
        let version = if in_path("cifar-100") || in_path("cifar100") {
            Some(Version::Cifar100)
        } else if formats::is_pickle(&unwanted.head) {
            Some(Version::OtherPickle)
        } else {
            None
        };
        return Err(LabError::Data(match version {
            Some(version) => version.refusal(name),
            None => format!(
                "{name} should contain the files of CIFAR-10, data_batch_1 to 5 and test_batch, and has none among its {} files. {TAKE}",
                unwanted.count
            ),
        }));
    }
    let checked = files.into_iter().map(|Entry { path, content }| {
        let is_plain = |c: &char| !c.is_control() && *c != char::REPLACEMENT_CHARACTER;
        let file: String = file_name(&path).chars().filter(is_plain).collect();
        records(&format!("{file} in {name}"), &file, content)
    });
    checked.collect()
}

/// Returns true if a file has the name of a file with images in the Python version.
pub fn is_python_batch(file: &str) -> bool {
    let number = file.strip_prefix("data_batch_");
    file == "test_batch"
        || number.is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
}

/// Checks a file, and returns it as records, with the name of a file of records. `shown` names it in messages.
fn records(shown: &str, file: &str, bytes: Vec<u8>) -> Result<(String, Vec<u8>), LabError> {
    if !formats::is_pickle(&bytes) {
        check(shown, &bytes)?;
        return Ok((file.to_owned(), bytes));
    }
    let refused = |version: Version| Err(LabError::Data(version.refusal(shown)));
    let (pixels, labels) = match pickle::read(&bytes) {
        Some(Contents::Batch(pixels, labels)) => (pixels, labels),
        Some(Contents::Names) => return refused(Version::Names),
        Some(Contents::Cifar100) => return refused(Version::Cifar100),
        Some(Contents::Other) | None => return refused(Version::of_pickle(&bytes)),
    };
    // The memory is needed for the records.
    drop(bytes);
    let mut records = Vec::with_capacity(labels.len() * RECORD);
    for (label, pixels) in labels.iter().zip(pixels.chunks_exact(RECORD - 1)) {
        records.push(u8::try_from(*label).unwrap_or(u8::MAX));
        records.extend_from_slice(pixels);
    }
    check(shown, &records)?;
    let name =
        if file.to_ascii_lowercase().ends_with(".bin") { file.to_owned() } else { format!("{file}.bin") };
    Ok((name, records))
}

/// Advice to the user on which file to download.
const TAKE: &str = "The file to take is cifar-10-binary.tar.gz or cifar-10-python.tar.gz.";

/// Other data, which users take for the images of CIFAR-10.
#[derive(Clone, Copy)]
enum Version {
    /// CIFAR-100, as records or as pickles.
    Cifar100,
    /// A damaged pickle of CIFAR-10.
    DamagedPickle,
    /// The names of CIFAR-10's classes, as a pickle.
    Names,
    /// A pickle of something else.
    OtherPickle,
}

impl Version {
    fn refusal(self, name: &str) -> String {
        match self {
            Self::Cifar100 => format!(
                "{name} contains CIFAR-100, which has 100 classes and two labels per image. This section trains on CIFAR-10. {TAKE}"
            ),
            Self::DamagedPickle => format!(
                "{name} belongs to the Python version of CIFAR-10, and is cut short or damaged. Download it again."
            ),
            Self::Names => format!(
                "{name} has the names of CIFAR-10's classes, and no images. Open data_batch_1 to 5 and test_batch."
            ),
            Self::OtherPickle => {
                format!("{name} is a Python pickle, and not one of CIFAR-10. {TAKE}")
            }
        }
    }

    /// Returns what a pickle is that cannot be read.
    fn of_pickle(bytes: &[u8]) -> Self {
        let has = |words: &[u8]| bytes.windows(words.len()).any(|part| part == words);
        if has(b"fine_label") {
            return Self::Cifar100;
        }
        if has(b"labels") || has(b"label_names") { Self::DamagedPickle } else { Self::OtherPickle }
    }

    /// Returns what a file is that is not records of CIFAR-10, if it can be recognized.
    fn of(name: &str, bytes: &[u8]) -> Option<Self> {
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
