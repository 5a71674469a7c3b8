//! The user's texts, and data files with texts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::data::own::texts::{open, read};

fuzz_target!(|bytes: &[u8]| {
    let _ = open(bytes);
    let half = bytes.len() / 2;
    let files =
        [("b/10.txt".to_owned(), bytes[..half].to_vec()), ("b/9.txt".to_owned(), bytes[half..].to_vec())];
    // Texts need 2,000 bytes, which random inputs rarely have.
    let long = [("a.txt".to_owned(), bytes.repeat(1 + 2000 / bytes.len().max(1)))];
    for files in [&files[..], &long] {
        if let Ok((_, file)) = read(files) {
            open(&file.to_bytes()).expect("a data file");
        }
    }
});
