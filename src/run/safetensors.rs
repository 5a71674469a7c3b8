//! The `.safetensors` format: eight bytes with the length of a JSON header, the header, and the numbers of all tensors.
//!
//! Other programs read these files, such as Python's `safetensors.torch.load_file`. Only 32-bit floats are written and read.
//! Whatever a file holds, reading it ends in tensors or in a sentence that says what is wrong.

use serde_json::{Map, Value, json};

/// A tensor with its name, its shape, and its numbers row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Names and texts, in the order of the names.
    pub metadata: Vec<(String, String)>,
    pub tensors: Vec<NamedTensor>,
}

impl File {
    /// The metadata's text of this name.
    pub fn meta(&self, name: &str) -> Option<&str> {
        self.metadata.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str())
    }
}

/// A header longer than this is damaged.
const MOST_HEADER: usize = 100_000_000;

/// The file's bytes.
pub fn write(file: &File) -> Vec<u8> {
    let mut header = Map::new();
    let metadata = file.metadata.iter().map(|(key, text)| (key.clone(), Value::from(text.as_str())));
    header.insert("__metadata__".to_owned(), Value::Object(metadata.collect()));
    let mut end = 0;
    for tensor in &file.tensors {
        let start = end;
        end += 4 * tensor.values.len();
        header.insert(
            tensor.name.clone(),
            json!({ "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, end] }),
        );
    }
    let mut text = Value::Object(header).to_string();
    // The numbers begin at a multiple of eight, as the format asks for.
    while !text.len().is_multiple_of(8) {
        text.push(' ');
    }
    let mut bytes = Vec::with_capacity(8 + text.len() + end);
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(file.tensors.iter().flat_map(|tensor| &tensor.values).flat_map(|value| value.to_le_bytes()));
    bytes
}

/// Reads a file; an error is a sentence that says what is wrong with it.
pub fn read(bytes: &[u8]) -> Result<File, String> {
    let damaged = |what: &str| format!("This is no whole .safetensors file: {what}.");
    let (length, rest) =
        bytes.split_first_chunk::<8>().ok_or_else(|| damaged("it has fewer than 8 bytes"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > MOST_HEADER || length > rest.len() {
        return Err(damaged(&format!("its header should have {length} bytes, and {} follow", rest.len())));
    }
    let (header, data) = rest.split_at(length);
    let header: Map<String, Value> = serde_json::from_slice(header)
        .map_err(|error| damaged(&format!("its header is not JSON ({error})")))?;
    let mut file = File::default();
    let mut places = Vec::new();
    for (name, entry) in header {
        if name == "__metadata__" {
            let texts = entry.as_object().into_iter().flatten();
            file.metadata = texts
                .map(|(key, text)| (key.clone(), text.as_str().unwrap_or_default().to_owned()))
                .collect();
            continue;
        }
        let wrong = |what: &str| damaged(&format!("the tensor \"{name}\" {what}"));
        if entry.get("dtype").and_then(Value::as_str) != Some("F32") {
            return Err(format!(
                "The tensor \"{name}\" is not of 32-bit floats (F32), which alone are read here."
            ));
        }
        let numbers = |key: &str| -> Option<Vec<usize>> {
            let list = entry.get(key)?.as_array()?;
            list.iter().map(|number| usize::try_from(number.as_u64()?).ok()).collect()
        };
        let shape = numbers("shape").ok_or_else(|| wrong("has no shape"))?;
        let Some([start, end]) = numbers("data_offsets").and_then(|list| <[usize; 2]>::try_from(list).ok())
        else {
            return Err(wrong("has no place"));
        };
        let size = shape.iter().try_fold(4usize, |size, &n| size.checked_mul(n));
        if end.checked_sub(start) != size {
            return Err(wrong("has a place that does not fit its shape"));
        }
        let part = data.get(start..end).ok_or_else(|| wrong("ends behind the end of the file"))?;
        let values = part.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        places.push(start);
        file.tensors.push(NamedTensor { name, shape, values });
    }
    // In the order in which they lie, which is the order in which they were written.
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|&index| places.get(index).copied());
    file.tensors = order.into_iter().filter_map(|index| file.tensors.get(index).cloned()).collect();
    Ok(file)
}

#[cfg(test)]
mod tests {
    use crate::run::safetensors::*;

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
    fn what_is_written_is_read() {
        let file = example();
        assert_eq!(read(&write(&file)), Ok(file.clone()));
        assert_eq!(file.meta("step"), Some("7"));
    }

    #[test]
    fn damaged_files_give_a_sentence() {
        let whole = write(&example());
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
        assert!(read(&half).is_err_and(|why| why.contains("F32")));
    }

    #[test]
    fn shapes_beyond_all_numbers_do_not_overflow() {
        let text = r#"{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,4]}}"#;
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes.extend([0; 4]);
        assert!(read(&bytes).is_err());
    }
}
