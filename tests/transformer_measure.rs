//! Long measurements, run by hand: `NN_LAB_TEXT=FILE cargo test --features compute --test transformer_measure -- --ignored --nocapture`.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a measurement prints")]
#![cfg(feature = "compute")]

mod collector;

use burn::tensor::Device;
use collector::{Collector, block_on};
use nn_lab::experiments::Experiment;
use nn_lab::experiments::settings::{Settings, from_query};
use nn_lab::experiments::transformer::{Config, Transformer};

/// Trains with a preset (`NN_LAB_PRESET`, with changes like `steps=100,heads=2` in `NN_LAB_SET`) and prints the losses.
#[test]
#[ignore = "minutes"]
fn preset() {
    let slug = std::env::var("NN_LAB_PRESET").unwrap_or_else(|_| "nanogpt-cpu".to_owned());
    let preset = Config::PRESETS.iter().find(|preset| preset.slug == slug).expect("a preset");
    let mut query: Vec<(String, String)> = std::env::var("NN_LAB_SET")
        .unwrap_or_default()
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let mut out = Collector::<Transformer> { frame_every: 100, ..Collector::default() };
    if let Ok(path) = std::env::var("NN_LAB_TEXT") {
        out.user_files.insert("user/text/own.txt".to_owned(), std::fs::read(path).expect("the text").into());
        query.push(("text".to_owned(), "own".to_owned()));
    }
    let (config, complaints) = from_query(&preset.config::<Config>(), &query);
    assert!(complaints.is_empty(), "{complaints:?}");
    let start = std::time::Instant::now();
    block_on(Transformer::run(config.clone(), &Device::flex(), &mut out)).expect("it runs");
    let seconds = start.elapsed().as_secs_f64();
    let record = out.record();
    println!("{config:?}\n{seconds:.1} s, {:.1} ms a step", 1000.0 * seconds / f64::from(config.steps));
    println!("validation {:?}", record.run.validation.iter().collect::<Vec<_>>());
    println!("training, mean of the last 100: {:?}", record.run.losses.recent_mean(100));
    for sample in &record.run.samples {
        println!("--- step {}\n{}", sample.step, sample.text);
    }
    for snapshot in record.run.snapshots.last().iter() {
        for (head, stats) in snapshot.stats.iter().enumerate() {
            println!("head {head}: {} {stats:?}", stats.description());
        }
    }
}
