//! The user's tables, and data files with tables.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::core::data_set::table::TableOptions;
use nn_lab::data::own::table::{Scaling, Table, read};

fuzz_target!(|bytes: &[u8]| {
    let _ = Table::open(bytes);
    let (preview, file) = read("t.csv", bytes, &TableOptions::default());
    assert_eq!(preview.problem.is_none(), file.is_some());
    let header = preview.options.header.map(|header| !header);
    let other = TableOptions { header, features: None, ..preview.options.clone() };
    let _ = read("t.csv", bytes, &other);
    let Some(file) = file else { return };
    let again = read("t.csv", bytes, &preview.options).1;
    assert_eq!(
        again.map(|again| again.card.id),
        Some(file.card.id.clone()),
        "the options of a preview give the same table"
    );
    let (_, table) = Table::open(&file.to_bytes()).expect("a data file");
    let [train, test] = table.split(1);
    assert_eq!(train.len() + test.len(), table.len());
    assert!(!train.is_empty() && !test.is_empty());
    let mut values = table.values.clone();
    Scaling::of(&values, table.n_features, &train).apply(&mut values);
    assert!(values.iter().all(|value| value.is_finite()));
});
