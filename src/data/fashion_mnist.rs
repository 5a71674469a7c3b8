//! Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): gray images of clothes, 28 x 28, in ten classes.
//!
//! The page ships a balanced subset. `static/data/README.md` gives its origin, license and layout.

use crate::core::LabError;
use crate::data::{classes, images, packed};

/// The path of the subset, relative to the page.
pub const PATH: &str = "data/fashion-mnist.bin";

const MAGIC: &[u8; 8] = b"NNLABIMG";
/// The maximum number of images in a file, which is the size of the data set.
const MAX_IMAGES: u64 = 70_000;

/// Images with labels, split into a training and a test part.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// The training part.
    pub train: Split,
    /// The test part.
    pub test: Split,
    /// The number of pixels in an image.
    pub d_in: usize,
    /// The number of classes.
    pub n_classes: usize,
}

/// One part of an image set.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Gray values, `[n, d_in]`.
    pub pixels: Vec<u8>,
    /// Classes, `[n]`.
    pub labels: Vec<u8>,
}

/// Reads the file.
///
/// # Errors
///
/// Fails if the file is damaged or has another layout. The message says what was expected and what was found.
pub fn read(bytes: &[u8]) -> Result<Images, LabError> {
    let (header, rest) = packed::header(bytes, MAGIC).map_err(wrong)?;
    let [_, n_train, n_test, height, width, channels, n_classes, filter, quant_shift] = header;
    if (height, width, channels) != (28, 28, 1) || n_classes != 10 || filter > 1 || quant_shift > 7 {
        return Err(wrong(format!(
            "should hold 28x28x1 images of 10 classes, and holds {height}x{width}x{channels} of {n_classes} \
             (filter {filter}, quantization {quant_shift})"
        )));
    }
    let n = u64::from(n_train) + u64::from(n_test);
    if n > MAX_IMAGES {
        return Err(wrong(format!("should hold {MAX_IMAGES} images at most, and says {n}")));
    }
    let n = n as usize;
    let d_in = 28 * 28;
    let size = n * (d_in + 1);
    let payload = packed::unpack(rest, size).map_err(wrong)?;
    let (labels, pixels) = payload.split_at(n);
    if let Some(label) = labels.iter().find(|&&label| u32::from(label) >= n_classes) {
        return Err(wrong(format!("should have labels from 0 to 9, and has a label {label}")));
    }
    let pixels = unfilter(pixels, filter == 1, quant_shift);
    let (train_labels, test_labels) = labels.split_at(n_train as usize);
    let (train_pixels, test_pixels) = pixels.split_at(n_train as usize * d_in);
    Ok(Images {
        train: Split { pixels: train_pixels.to_vec(), labels: train_labels.to_vec() },
        test: Split { pixels: test_pixels.to_vec(), labels: test_labels.to_vec() },
        d_in,
        n_classes: n_classes as usize,
    })
}

impl images::Images {
    /// Reads the bundled Fashion-MNIST, and at most `n_train` and `n_test` images, padded with black from 28
    /// x 28 to [`images::SIDE`] x [`images::SIDE`].
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged or has another layout.
    pub fn fashion_mnist(bytes: &[u8], n_train: usize, n_test: usize) -> Result<Self, LabError> {
        let Images { train, test, .. } = read(bytes)?;
        let part = |split: Split, n: usize| {
            let set = images::ImageSet {
                channels: 1,
                side: 28,
                pixels: split.pixels,
                labels: split.labels,
                class_names: classes::owned(&classes::FASHION_MNIST),
            };
            set.first(n).padded_to(images::SIDE)
        };
        Ok(Self::new(part(train, n_train), part(test, n_test)))
    }
}

fn wrong(what: impl std::fmt::Display) -> LabError {
    LabError::Data(format!("The Fashion-MNIST file {what}. Start again to fetch it anew."))
}

/// Adds to each pixel the one above it (within each image) if `up`, and scales quantized grays to 0-255.
fn unfilter(packed: &[u8], up: bool, quant_shift: u32) -> Vec<u8> {
    let levels = 255u32 >> quant_shift;
    let mut values = packed.to_vec();
    for image in values.chunks_exact_mut(28 * 28) {
        if up {
            for i in 28..image.len() {
                image[i] = image[i].wrapping_add(image[i - 28]);
            }
        }
    }
    for value in &mut values {
        *value = (u32::from(*value).min(levels) * 255 / levels) as u8;
    }
    values
}
