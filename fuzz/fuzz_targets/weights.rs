//! A `.safetensors` file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::data::safetensors;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = safetensors::read(bytes) {
        for tensor in &file.tensors {
            assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
        }
    }
});
