//! The user's own text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::core::files::FileKind;
use nn_lab::data::visitor_files::unpack;

fuzz_target!(|bytes: &[u8]| {
    let _ = unpack(FileKind::Text, "own.txt", bytes.to_vec());
});
