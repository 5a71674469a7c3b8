//! The user's lines with labels, and data files with lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::core::data_set::request::LineOptions;
use nn_lab::data::own::lines::{Lines, read};

fuzz_target!(|bytes: &[u8]| {
    let _ = Lines::open(bytes);
    let (preview, file) = read("lines.csv", bytes, &LineOptions::default());
    assert_eq!(preview.problem.is_none(), file.is_some());
    let max_len = bytes.first().map(|&byte| byte.into());
    let _ = read("lines.csv", bytes, &LineOptions { max_len, ..LineOptions::default() });
    let Some(file) = file else { return };
    let again = read("lines.csv", bytes, &preview.options).1;
    assert_eq!(
        again.map(|again| again.card.id),
        Some(file.card.id.clone()),
        "the options of a preview give the same lines"
    );
    let (_, lines) = Lines::open(&file.to_bytes()).expect("a data file");
    let [train, test] = lines.split(1);
    assert_eq!(train.len() + test.len(), lines.labels.len());
});
