//! Weights as `.safetensors` files.
//!
//! Other programs read and write these files, for example Python's `safetensors.torch.load_file`. The lab writes
//! 32-bit floats, and converts the other floating-point types when it reads them.

use crate::data::formats;
use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView, serialize};
use safetensors::{SafeTensorError, SafeTensors};
use std::collections::BTreeMap;

/// The maximum length of a file's header, in bytes: ten times the header of the lab's largest model. A parsed
/// header takes many times its length in memory.
const MAX_HEADER: u64 = 1_000_000;

/// A reason why weights could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum WeightFileError {
    /// The weights cannot be encoded.
    #[error("The weights could not be written ({0}).")]
    Write(SafeTensorError),
    /// The file is damaged or incomplete.
    #[error("This is no whole .safetensors file ({0}).")]
    Damaged(#[from] SafeTensorError),
    #[error(
        "This is no .safetensors file of this lab: its list of tensors should have {MAX_HEADER} bytes at most, and says {0}."
    )]
    /// The header is longer than the lab writes; the number is its length in bytes.
    LongHeader(u64),
    /// The file has another, known format.
    #[error(
        "This is not a .safetensors file but {0}. PyTorch saves one with safetensors.torch.save_file(model.state_dict(), ...)."
    )]
    OtherFormat(&'static str),
}

/// A named tensor with row-major values.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// The path of the parameter in the module.
    pub name: String,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The values, in row-major order.
    pub values: Vec<f32>,
}

/// The contents of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Keys and texts, sorted by key.
    pub metadata: Vec<(String, String)>,
    /// The tensors, sorted by name after reading.
    pub tensors: Vec<NamedTensor>,
    /// The floating-point type from which tensors were converted, such as `BF16`, if any were.
    pub converted_from: Option<String>,
    /// The names of tensors that were skipped, because their values are not floating-point numbers.
    pub skipped: Vec<String>,
}

impl File {
    /// Returns the metadata's text for a key.
    pub fn meta(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(known, _)| known == key).map(|(_, text)| text.as_str())
    }
}

/// Encodes a file.
///
/// # Errors
///
/// If a tensor's shape does not match its values.
pub fn write(file: &File) -> Result<Vec<u8>, WeightFileError> {
    let bytes: Vec<Vec<u8>> = file
        .tensors
        .iter()
        .map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let views = file.tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes);
        view.map(|view| (tensor.name.as_str(), view))
    });
    let encoded = views
        .collect::<Result<Vec<_>, _>>()
        .and_then(|views| serialize(views, Some(file.metadata.iter().cloned().collect())));
    encoded.map_err(WeightFileError::Write)
}

/// Decodes a file, its tensors sorted by name.
///
/// # Errors
///
/// If the file is damaged, has a header longer than the lab writes, or has another format.
pub fn read(bytes: &[u8]) -> Result<File, WeightFileError> {
    let header_len = bytes.first_chunk().map(|len| u64::from_le_bytes(*len));
    if let Some(len) = header_len.filter(|len| *len > MAX_HEADER) {
        return Err(match formats::name_of(bytes) {
            Some(format) => WeightFileError::OtherFormat(format),
            None => WeightFileError::LongHeader(len),
        });
    }
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let metadata: BTreeMap<_, _> = header.metadata().iter().flatten().collect();
    let metadata = metadata.into_iter().map(|(key, text)| (key.clone(), text.clone())).collect();
    let mut file = File { metadata, ..File::default() };
    for (name, view) in SafeTensors::deserialize(bytes)?.tensors() {
        let Some(values) = floats(view.dtype(), view.data()) else {
            file.skipped.push(name);
            continue;
        };
        if view.dtype() != Dtype::F32 {
            file.converted_from = Some(format!("{:?}", view.dtype()));
        }
        file.tensors.push(NamedTensor { name, shape: view.shape().to_vec(), values });
    }
    file.tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(file)
}

/// Returns the values as 32-bit floats, or `None` if they are not floating-point numbers of 16 bits or more.
fn floats(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    let of_two = |float: fn([u8; 2]) -> f32| bytes.as_chunks().0.iter().map(|bytes| float(*bytes)).collect();
    match dtype {
        Dtype::F32 => Some(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        Dtype::F64 => {
            Some(bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect())
        }
        Dtype::F16 => Some(of_two(|bytes| f16::from_le_bytes(bytes).to_f32())),
        Dtype::BF16 => Some(of_two(|bytes| bf16::from_le_bytes(bytes).to_f32())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::data::safetensors::*;

    fn example() -> File {
        File {
            metadata: vec![("step".to_owned(), "7".to_owned())],
            tensors: vec![
                NamedTensor { name: "z".into(), shape: vec![2, 2], values: vec![1.0, -2.0, 0.5, f32::MIN] },
                NamedTensor { name: "a".into(), shape: vec![1], values: vec![3.0] },
            ],
            ..File::default()
        }
    }

    #[test]
    fn a_written_file_can_be_read() {
        let file = example();
        let mut back = write(&file).and_then(|bytes| read(&bytes)).unwrap_or_default();
        back.tensors.sort_by(|a, b| b.name.cmp(&a.name));
        assert_eq!(back, file, "but for the order of the tensors");
        assert_eq!(file.meta("step"), Some("7"));
    }

    #[test]
    fn damaged_files_are_rejected() {
        let whole = write(&example()).unwrap_or_default();
        for cut in [0, 5, 8, 20, whole.len() - 1] {
            assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
        }
        let mut swapped = whole.clone();
        swapped[0] = 0xff;
        assert!(read(&swapped).is_err());
        assert!(read(b"a picture, or something else that is long enough").is_err());
        let pickle = [b"PK\x03\x04".as_slice(), &[0; 2000]].concat();
        assert!(read(&pickle).is_err_and(|why| why.to_string().contains("a zip archive")));
    }

    /// Returns a file with one tensor of two values.
    fn file_of(dtype: &str, data: &[u8]) -> Vec<u8> {
        let text = format!(r#"{{"a":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,{}]}}}}"#, data.len());
        [&(text.len() as u64).to_le_bytes(), text.as_bytes(), data].concat()
    }

    #[test]
    fn other_floating_point_types_are_converted() {
        // 1.5 and -2: exact in all of them.
        for (dtype, data) in [
            ("F16", [0x3e00u16, 0xc000].map(u16::to_le_bytes).concat()),
            ("BF16", [0x3fc0u16, 0xc000].map(u16::to_le_bytes).concat()),
            ("F64", [1.5f64, -2.0].map(f64::to_le_bytes).concat()),
        ] {
            let file = read(&file_of(dtype, &data)).unwrap_or_default();
            assert_eq!(file.tensors.first().map(|tensor| &*tensor.values), Some(&[1.5, -2.0][..]), "{dtype}");
            assert_eq!(file.converted_from.as_deref(), Some(dtype));
        }
        // The smallest number of 16 bits, and infinity.
        let data = [0x0001u16, 0x7c00].map(u16::to_le_bytes).concat();
        let file = read(&file_of("F16", &data)).unwrap_or_default();
        assert_eq!(
            file.tensors.first().map(|tensor| &*tensor.values),
            Some(&[2f32.powi(-24), f32::INFINITY][..])
        );
        let file = read(&file_of("U8", &[1, 2])).unwrap_or_default();
        assert_eq!((file.tensors.len(), file.skipped), (0, vec!["a".to_owned()]), "a mask, for example");
    }

    #[test]
    fn huge_shapes_do_not_overflow() {
        let text = r#"{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,4]}}"#;
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes.extend([0; 4]);
        assert!(read(&bytes).is_err());
    }
}
