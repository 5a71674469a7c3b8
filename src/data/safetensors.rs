//! Weights as `.safetensors` files.
//!
//! Other programs read these files, for example Python's `safetensors.torch.load_file`. Only 32-bit floats
//! are written and read.

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
    /// The tensor with this name has another type than 32-bit floats.
    #[error("The tensor \"{0}\" is not of 32-bit floats (F32), which alone are read here.")]
    NotF32(String),
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
/// If the file is damaged, has a header longer than the lab writes, or holds a tensor of another type.
pub fn read(bytes: &[u8]) -> Result<File, WeightFileError> {
    let header_len = bytes.first_chunk().map(|len| u64::from_le_bytes(*len));
    if let Some(len) = header_len.filter(|len| *len > MAX_HEADER) {
        return Err(WeightFileError::LongHeader(len));
    }
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let metadata: BTreeMap<_, _> = header.metadata().iter().flatten().collect();
    let metadata = metadata.into_iter().map(|(key, text)| (key.clone(), text.clone())).collect();
    let tensors = SafeTensors::deserialize(bytes)?.tensors().into_iter().map(|(name, view)| {
        if view.dtype() != Dtype::F32 {
            return Err(WeightFileError::NotF32(name));
        }
        let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Ok(NamedTensor { name, shape: view.shape().to_vec(), values })
    });
    let mut tensors = tensors.collect::<Result<Vec<_>, _>>()?;
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(File { metadata, tensors })
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
        let text = r#"{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#;
        let mut half = (text.len() as u64).to_le_bytes().to_vec();
        half.extend(text.as_bytes());
        half.extend([0; 2]);
        assert!(read(&half).is_err_and(|why| why.to_string().contains("F32")));
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
