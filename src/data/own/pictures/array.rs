//! Arrays of numbers, as NumPy and the files of MNIST store them.

use half::f16;

/// The maximum number of dimensions.
const MAX_DIMS: usize = 4;

/// An array of numbers. The last index changes fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The name: the path of its file, or the path of its archive and its name in it.
    pub name: String,
    /// The length of each dimension.
    pub shape: Vec<usize>,
    element: Element,
    /// The bytes of the file, of which the numbers start at `start`.
    bytes: Vec<u8>,
    start: usize,
}

/// The type of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// Unsigned, signed or floating.
    pub class: Class,
    /// The number of bytes.
    pub size: usize,
    /// True if the first byte is the most significant one.
    pub is_big_endian: bool,
}

/// A class of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Integers from 0.
    Unsigned,
    /// Integers.
    Signed,
    /// Floating-point numbers.
    Float,
}

impl Element {
    fn value(self, bytes: &[u8]) -> f64 {
        let mut wide = [0u8; 8];
        // The little-endian bytes, with those that are missing filled by the sign.
        let is_negative = match self.class {
            Class::Signed if self.is_big_endian => bytes.first() > Some(&127),
            Class::Signed => bytes.last() > Some(&127),
            _ => false,
        };
        if is_negative {
            wide = [255; 8];
        }
        let little = wide.iter_mut().take(self.size);
        if self.is_big_endian {
            little.zip(bytes.iter().rev()).for_each(|(to, from)| *to = *from);
        } else {
            little.zip(bytes).for_each(|(to, from)| *to = *from);
        }
        let bits = u64::from_le_bytes(wide);
        match (self.class, self.size) {
            (Class::Unsigned, _) => bits as f64,
            (Class::Signed, _) => bits.cast_signed() as f64,
            (Class::Float, 2) => f16::from_bits(bits as u16).to_f64(),
            (Class::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Class::Float, _) => f64::from_bits(bits),
        }
    }
}

impl Array {
    /// Returns the array whose numbers start at `start` in the bytes of a file.
    ///
    /// # Errors
    ///
    /// Returns a sentence if the file has more or fewer bytes than its header says.
    pub fn new(
        name: String,
        shape: Vec<usize>,
        element: Element,
        bytes: Vec<u8>,
        start: usize,
    ) -> Result<Self, String> {
        if shape.is_empty() || shape.len() > MAX_DIMS {
            return Err(format!(
                "The array has {} dimensions; pictures have 3 or 4, and labels 1 or 2.",
                shape.len()
            ));
        }
        let expected = shape.iter().try_fold(element.size, |product, &len| product.checked_mul(len));
        let found = bytes.len().saturating_sub(start);
        if expected != Some(found) {
            let expected =
                expected.map_or("more than fit into memory".to_owned(), |expected| expected.to_string());
            return Err(format!(
                "The file is cut short or damaged: its header says that {expected} bytes follow, and there are {found}. Download it again."
            ));
        }
        if found == 0 {
            return Err("The array is empty.".to_owned());
        }
        Ok(Self { name, shape, element, bytes, start })
    }

    /// Returns the number of samples: the length of the first dimension.
    pub fn len(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Returns true if there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the numbers.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        let numbers = self.bytes.get(self.start..).unwrap_or_default();
        numbers.chunks_exact(self.element.size.max(1)).map(|bytes| self.element.value(bytes))
    }

    /// Returns the numbers as bytes from 0 to 255: they must be from 0 to 1, or from 0 to 255.
    ///
    /// # Errors
    ///
    /// Returns a sentence if the numbers have another range.
    pub fn into_bytes(mut self) -> Result<Vec<u8>, String> {
        let (mut min, mut max, mut is_finite) = (f64::INFINITY, f64::NEG_INFINITY, true);
        for value in self.values() {
            (min, max) = (min.min(value), max.max(value));
            is_finite &= value.is_finite();
        }
        if !is_finite {
            return Err("The pictures contain values that are not numbers (NaN or infinite).".to_owned());
        }
        if min < 0.0 || max > 255.0 {
            return Err(format!(
                "The pictures have values from {min:.4} to {max:.4}; from 0 to 1 or from 0 to 255 are read. Save them before they are normalized."
            ));
        }
        if max > 1.0 && self.element.size == 1 {
            self.bytes.drain(..self.start);
            return Ok(self.bytes);
        }
        let scale = if max > 1.0 { 1.0 } else { 255.0 };
        Ok(self.values().map(|value| (value * scale).round() as u8).collect())
    }

    /// Returns the numbers as integers, such as labels: `[n]`, `[n, 1]`, or the places of the ones in `[n, classes]`.
    ///
    /// # Errors
    ///
    /// Returns a sentence if they are neither.
    pub fn labels(&self) -> Result<Vec<i64>, String> {
        let width = match self.shape.as_slice() {
            [_] => 1,
            [_, width] => *width,
            _ => return Err("Labels have one number per picture, or one per class.".to_owned()),
        };
        let values: Vec<f64> = self.values().collect();
        if width <= 1 {
            let is_label = |value: &f64| value.fract() == 0.0 && value.abs() < 1e15;
            return match values.iter().find(|value| !is_label(value)) {
                Some(value) => Err(format!("The labels contain {value}, which is not a whole number.")),
                None => Ok(values.iter().map(|&value| value as i64).collect()),
            };
        }
        let one_hot = |row: &[f64]| {
            let is_one_hot =
                row.iter().all(|value| *value == 0.0 || *value == 1.0) && row.iter().sum::<f64>() == 1.0;
            row.iter().position(|value| *value == 1.0).filter(|_| is_one_hot).map(|at| at as i64)
        };
        let labels: Option<Vec<i64>> = values.chunks_exact(width).map(one_hot).collect();
        labels.ok_or_else(|| {
            format!("The labels have {width} numbers per picture, which are not a one and zeros otherwise. Save one label per picture.")
        })
    }
}

/// Reads a file of the format of MNIST (IDX).
///
/// # Errors
///
/// Returns a sentence if the file is damaged.
pub fn read_idx(name: &str, bytes: Vec<u8>) -> Result<Array, String> {
    let damaged = || "The file is cut short within its header. Download it again.".to_owned();
    let &[_, _, code, dims, ..] = bytes.as_slice() else { return Err(damaged()) };
    let (class, size) = match code {
        8 => (Class::Unsigned, 1),
        9 => (Class::Signed, 1),
        11 => (Class::Signed, 2),
        12 => (Class::Signed, 4),
        13 => (Class::Float, 4),
        14 => (Class::Float, 8),
        _ => return Err(format!("The numbers of the file are of the unknown type {code}.")),
    };
    let start = 4 + 4 * usize::from(dims);
    let lens = bytes.get(4..start).ok_or_else(damaged)?;
    let (lens, _) = lens.as_chunks::<4>();
    let shape = lens.iter().map(|len| u32::from_be_bytes(*len) as usize).collect();
    Array::new(name.to_owned(), shape, Element { class, size, is_big_endian: true }, bytes, start)
}

#[cfg(test)]
mod tests {
    use crate::data::own::pictures::array::*;

    fn idx(code: u8, shape: &[u32], numbers: &[u8]) -> Vec<u8> {
        let lens: Vec<u8> = shape.iter().flat_map(|len| len.to_be_bytes()).collect();
        [&[0, 0, code, shape.len() as u8][..], &lens, numbers].concat()
    }

    #[test]
    fn numbers_of_all_types_are_read() {
        let values = |class, size, is_big_endian, bytes: &[u8]| {
            let element = Element { class, size, is_big_endian };
            let array = Array::new("x".to_owned(), vec![bytes.len() / size], element, bytes.to_vec(), 0)
                .expect("an array");
            array.values().collect::<Vec<_>>()
        };
        assert_eq!(values(Class::Unsigned, 1, false, &[0, 255]), [0.0, 255.0]);
        assert_eq!(values(Class::Signed, 1, false, &[0, 255]), [0.0, -1.0]);
        assert_eq!(values(Class::Signed, 8, false, &(-3i64).to_le_bytes()), [-3.0]);
        assert_eq!(values(Class::Signed, 4, true, &(-3i32).to_be_bytes()), [-3.0]);
        assert_eq!(values(Class::Unsigned, 2, true, &[1, 2]), [258.0]);
        assert_eq!(values(Class::Float, 4, false, &0.5f32.to_le_bytes()), [0.5]);
        assert_eq!(values(Class::Float, 8, true, &(-0.1f64).to_be_bytes()), [-0.1]);
        assert_eq!(values(Class::Float, 2, false, &f16::from_f32(1.5).to_le_bytes()), [1.5]);
    }

    #[test]
    fn arrays_of_mnist_are_read_and_cut_ones_refused() {
        let bytes = idx(8, &[2, 2, 2], &[0, 1, 2, 3, 4, 5, 6, 200]);
        let array = read_idx("train-images", bytes.clone()).expect("an array");
        assert_eq!((array.shape.as_slice(), array.len()), (&[2, 2, 2][..], 2));
        assert_eq!(array.into_bytes().expect("bytes"), [0, 1, 2, 3, 4, 5, 6, 200]);
        for len in 0..bytes.len() {
            assert!(
                read_idx("x", bytes[..len].to_vec()).is_err_and(|text| text.contains("cut short")),
                "{len}"
            );
        }
        let long = [bytes.as_slice(), &[0]].concat();
        assert!(read_idx("x", long).is_err_and(|text| text.contains("8 bytes follow, and there are 9")));
        let huge = idx(14, &[u32::MAX, u32::MAX, u32::MAX], &[]);
        assert!(read_idx("x", huge).is_err_and(|text| text.contains("more than fit")));
        assert!(read_idx("x", idx(10, &[1], &[0])).is_err_and(|text| text.contains("type 10")));
        assert!(read_idx("x", idx(8, &[0], &[])).is_err_and(|text| text.contains("empty")));
        assert!(read_idx("x", idx(8, &[1; 5], &[0])).is_err_and(|text| text.contains("5 dimensions")));
    }

    #[test]
    fn intensities_are_scaled_to_bytes() {
        let bytes = |values: &[f32]| {
            let raw: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
            read_idx("x", idx(13, &[values.len() as u32], &raw)).expect("an array").into_bytes()
        };
        assert_eq!(bytes(&[0.0, 0.5, 1.0]), Ok(vec![0, 128, 255]));
        assert_eq!(bytes(&[0.0, 0.5, 255.0]), Ok(vec![0, 1, 255]));
        assert!(bytes(&[-1.0, 1.0]).is_err_and(|text| text.contains("from -1.0000 to 1.0000")));
        assert!(bytes(&[f32::NAN, 1.0]).is_err_and(|text| text.contains("NaN")));
        // Pictures of zeros and ones, such as letters.
        assert_eq!(read_idx("x", idx(8, &[2], &[0, 1])).expect("an array").into_bytes(), Ok(vec![0, 255]));
    }

    #[test]
    fn labels_are_whole_numbers_or_one_hot() {
        let labels =
            |shape: &[u32], bytes: &[u8]| read_idx("x", idx(8, shape, bytes)).expect("an array").labels();
        assert_eq!(labels(&[3], &[4, 0, 9]), Ok(vec![4, 0, 9]));
        assert_eq!(labels(&[2, 1], &[4, 0]), Ok(vec![4, 0]));
        assert_eq!(labels(&[2, 3], &[0, 0, 1, 1, 0, 0]), Ok(vec![2, 0]));
        assert!(labels(&[2, 2], &[1, 1, 0, 1]).is_err_and(|text| text.contains("2 numbers per picture")));
        assert!(labels(&[1, 1, 1], &[1]).is_err());
        let half = read_idx("x", idx(13, &[1], &0.5f32.to_be_bytes())).expect("an array");
        assert!(half.labels().is_err_and(|text| text.contains("0.5")));
    }
}
