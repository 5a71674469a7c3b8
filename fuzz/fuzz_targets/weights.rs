//! A `.safetensors` file: its values, and the settings that it needs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::data::safetensors;
use nn_lab::sections::transformer::{Config, weight_settings};

fuzz_target!(|bytes: &[u8]| {
    let _ = weight_settings::needed(bytes, &Config::default(), None);
    if let Ok(file) = safetensors::read(bytes) {
        for tensor in &file.tensors {
            assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
        }
    }
});
