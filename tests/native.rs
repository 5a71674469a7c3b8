//! All native tests in one binary, so that burn is linked once. Each file of tests in this folder is a
//! module. `cargo nextest run --features cpu -E 'test(/^mlp::/)'` or `cargo test --features cpu --test native
//! mlp::` runs one of them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod address;
mod attention;
mod attention_claims;
mod attention_model;
mod cnn;
mod cnn_chapters;
mod cnn_experiments;
mod code;
#[cfg(feature = "compute")]
mod collector;
mod fashion_mnist;
mod findings;
mod first_losses;
mod grading;
mod images;
mod kernels;
mod layers;
mod mlp;
mod mlp_experiments;
mod mlp_own;
mod older_files;
mod own_pictures;
mod package;
mod papers;
mod random_input;
mod resnet;
mod resnet_experiments;
mod resnet_untrained;
mod resume;
mod rnn;
mod rnn_claims;
mod rnn_lines;
mod run_history;
mod run_record;
mod rust_paths;
mod section_contract;
mod sequence_experiments;
mod shards;
mod transformer;
mod transformer_mask;
mod transformer_measure;
mod transformer_model;
mod transformer_tasks;
mod transformer_untrained;
mod verify;
mod visitor_files;
mod weight_files;
mod words;

/// A file that is not declared as a module would never be compiled.
#[test]
fn every_file_of_tests_is_a_module() {
    let here = include_str!("native.rs");
    let Ok(entries) = std::fs::read_dir("tests") else { panic!("there is no folder tests") };
    for path in
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "rs"))
    {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert!(
            name == "native" || here.contains(&format!("\nmod {name};")),
            "tests/native.rs lacks mod {name};"
        );
    }
}
