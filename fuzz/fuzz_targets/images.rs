//! The lab's own file of images.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::data::fashion_mnist;
use nn_lab::data::images::Images;

fuzz_target!(|bytes: &[u8]| {
    let _ = fashion_mnist::read(bytes);
    let _ = Images::fashion_mnist(bytes, 3, 1);
});
