//! Files of weights as other programs save them again: without metadata, in other types, or with other names.
#![cfg(feature = "compute")]

use crate::collector::{Collector, train};
use nn_lab::data::safetensors::{self, File, NamedTensor};
use nn_lab::sections::transformer::weight_settings::{needed, tensors};
use nn_lab::sections::transformer::{Config, PositionsChoice, Record, Request, TextChoice, Transformer};
use std::sync::OnceLock;

fn config() -> Config {
    Config {
        layers: 2,
        heads: 2,
        d_model: 16,
        context: 8,
        batch_size: 2,
        steps: 4,
        warmup: 0,
        sample_length: 0,
        ..Config::default()
    }
}

/// Runs with requests before the first step or after the last.
fn run(config: &Config, requests: &[(u32, Request)]) -> Record {
    let requests =
        requests.iter().map(|(at, request)| (*at, postcard::to_stdvec(request).expect("it can be encoded")));
    let mut out = Collector::<Transformer> { requests: requests.collect(), ..Collector::default() };
    train::<Transformer>(config, &mut out).expect("it runs");
    out.record()
}

/// Returns a file that the lab saved after four steps, and the loss of its model.
fn saved() -> &'static (File, Vec<u8>, f64) {
    static SAVED: OnceLock<(File, Vec<u8>, f64)> = OnceLock::new();
    SAVED.get_or_init(|| {
        let record = run(&config(), &[(u32::MAX, Request::Save)]);
        let bytes = record.run().saved.clone().expect("a file");
        let loss = record.run().validation.last_y().expect("a loss");
        (safetensors::read(&bytes).expect("the lab's file"), bytes.to_vec(), loss)
    })
}

/// Opens a file and returns the loss of its model with the remarks, or the reason for which it was refused.
fn open(config: &Config, bytes: Vec<u8>) -> Result<(f64, Vec<String>), String> {
    let record = run(config, &[(0, Request::Load(bytes))]);
    match &record.run().refused {
        Some(refused) => Err(refused.clone()),
        None => Ok((record.run().validation.last_y().expect("a loss"), record.remarks)),
    }
}

fn written(metadata: &[(&str, &str)], tensors: Vec<NamedTensor>) -> Vec<u8> {
    let metadata = metadata.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    safetensors::write(&File { metadata, tensors, ..File::default() }).expect("it can be written")
}

/// Returns the file with its values in another type, of which `values` returns the bytes.
fn converted(dtype: &str, values: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for tensor in &saved().0.tensors {
        let from = data.len();
        data.extend(tensor.values.iter().flat_map(|value| values(*value)));
        let entry =
            serde_json::json!({ "dtype": dtype, "shape": tensor.shape, "data_offsets": [from, data.len()] });
        header.insert(tensor.name.clone(), entry);
    }
    let metadata: serde_json::Map<_, _> =
        saved().0.metadata.iter().map(|(key, text)| (key.clone(), text.clone().into())).collect();
    header.insert("__metadata__".to_owned(), metadata.into());
    let header = serde_json::Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}

#[test]
fn tensors_that_another_program_saved_are_matched_by_name_and_shape() {
    let (file, bytes, loss) = saved();
    assert_eq!(open(&config(), bytes.clone()), Ok((*loss, Vec::new())), "the lab's own file needs no remark");
    for metadata in [&[][..], &[("format", "pt")]] {
        let (found, remarks) = open(&config(), written(metadata, file.tensors.clone())).expect("it fits");
        assert_eq!(found, *loss);
        assert_eq!(remarks.len(), 2, "{remarks:?}");
        assert!(
            remarks[0].contains("no settings of this lab") && remarks[1].contains("2 heads"),
            "{remarks:?}"
        );
    }
    // A wrapped model has a prefix, and a causal mask may be saved with it.
    let mut tensors = file.tensors.clone();
    tensors.iter_mut().for_each(|tensor| tensor.name = format!("_orig_mod.{}", tensor.name));
    tensors.push(NamedTensor { name: "_orig_mod.mask".into(), shape: vec![2], values: vec![0.0; 2] });
    let (found, remarks) = open(&config(), written(&[], tensors)).expect("it fits");
    assert_eq!((found, remarks.len()), (*loss, 4), "{remarks:?}");
    assert!(remarks[2].contains("\"_orig_mod.\"") && remarks[3].contains("\"mask\""), "{remarks:?}");
}

#[test]
fn weights_in_other_types_are_converted() {
    let loss = saved().2;
    for (dtype, bytes, tolerance) in [
        ("F64", converted("F64", |value| f64::from(value).to_le_bytes().to_vec()), 0.0),
        ("F16", converted("F16", |value| half::f16::from_f32(value).to_le_bytes().to_vec()), 1e-3),
        ("BF16", converted("BF16", |value| half::bf16::from_f32(value).to_le_bytes().to_vec()), 1e-2),
    ] {
        let (found, remarks) = open(&config(), bytes).expect(dtype);
        assert!((found - loss).abs() <= tolerance, "{dtype}: {found}, not {loss}");
        assert_eq!(remarks, [format!("Its values were converted from {dtype} to 32-bit floats.")]);
    }
}

#[test]
fn settings_are_taken_from_metadata_or_shapes() {
    let (file, bytes, _) = saved();
    let of_characters: Vec<char> = file.meta("vocabulary").expect("the lab's metadata").chars().collect();
    let other = Config { layers: 1, heads: 4, d_model: 32, context: 64, mlp: false, tied: false, ..config() };
    assert_eq!(needed(bytes, &other, Some(&of_characters)), Ok(config()), "everything is in the metadata");
    // The user's own text has other characters, so that of the file is chosen.
    let own = Config { text: TextChoice::Own, ..other.clone() };
    assert_eq!(needed(bytes, &own, Some(&['a', 'b'])), Ok(config()));
    assert_eq!(needed(bytes, &own, Some(&of_characters)), Ok(Config { text: TextChoice::Own, ..config() }));
    let plain = written(&[], file.tensors.clone());
    let derived = Config { heads: 4, context: 64, ..config() };
    assert_eq!(needed(&plain, &other, None), Ok(derived), "heads and context leave no trace in shapes");
    // Other files are left to the reader of the values, which names them.
    for bytes in [&b""[..], b"PK\x03\x04 and more", &[0xff; 40]] {
        assert_eq!(needed(bytes, &other, None), Ok(other.clone()));
    }
}

#[test]
fn a_file_that_fits_no_settings_is_refused_with_shapes() {
    let (file, bytes, loss) = saved();
    let changed = |change: &dyn Fn(&mut Vec<NamedTensor>)| {
        let mut tensors = file.tensors.clone();
        change(&mut tensors);
        written(&[], tensors)
    };
    let tensor = |name: &str, shape: &[usize]| NamedTensor {
        name: name.into(),
        shape: shape.to_vec(),
        values: vec![0.0; shape.iter().product()],
    };
    let nano_gpt = written(&[("format", "pt")], vec![tensor("transformer.wte.weight", &[65, 32])]);
    let narrow = changed(&|tensors| {
        tensors.iter_mut().for_each(|t| {
            if t.name == "norm.gamma" {
                *t = tensor("norm.gamma", &[15]);
            }
        })
    });
    let incomplete = changed(&|tensors| tensors.retain(|t| t.name != "blocks.1.up.bias"));
    let odd = written(&[], vec![tensor("embedding", &[62, 48])]);
    for (bytes, words) in [
        (nano_gpt, &["no tensor \"embedding\"", "\"transformer.wte.weight\" of the shape [65, 32]"][..]),
        (narrow.clone(), &["\"norm.gamma\" should have the shape [16], and has [15]"][..]),
        (incomplete.clone(), &["no tensor \"blocks.1.up.bias\"", "[64]"][..]),
        (odd, &["width 48", "does not offer"][..]),
    ] {
        let refusal = needed(&bytes, &config(), None).expect_err("nothing fits");
        for words in words {
            assert!(refusal.contains(words), "{refusal}");
        }
    }
    let refusal = needed(&changed(&|_| {}), &config(), Some(&['a', 'b'])).expect_err("another text");
    assert!(refusal.contains("62 different characters, and the present text has 2"), "{refusal}");
    // The reader of the values refuses the same, and keeps the model.
    for (bytes, words) in
        [(narrow, "should have the shape [16]"), (incomplete, "no tensor \"blocks.1.up.bias\"")]
    {
        let refused = open(&config(), bytes).expect_err("it does not fit");
        assert!(refused.contains(words), "{refused}");
    }
    let other_version = [("format", "nn-lab transformer 9")];
    let refused =
        open(&config(), written(&other_version, file.tensors.clone())).expect_err("another version");
    assert!(refused.contains("another version"), "{refused}");
    assert!(open(&config(), bytes.clone()).is_ok_and(|(found, _)| found == *loss));
}

#[test]
fn the_listed_tensors_are_those_of_the_module() {
    for (positions, mlp, tied) in [
        (PositionsChoice::Sinusoidal, true, true),
        (PositionsChoice::Learned, false, false),
        (PositionsChoice::None, true, false),
    ] {
        let config = Config { positions, mlp, tied, steps: 1, ..config() };
        let record = run(&config, &[(u32::MAX, Request::Save)]);
        let file = safetensors::read(&record.run().saved.clone().expect("a file")).expect("it is read");
        let mut listed = tensors(&config, 62);
        listed.sort();
        let found: Vec<_> = file.tensors.into_iter().map(|tensor| (tensor.name, tensor.shape)).collect();
        assert_eq!(found, listed);
    }
}
