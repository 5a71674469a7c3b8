//! Long measurements, run manually: `NN_LAB_TEXT=FILE cargo test --features cpu --test native
//! transformer_measure -- --ignored --nocapture`.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a measurement prints")]
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, train};
use burn::tensor::{Device, Tensor};
use nn_lab::core::query::Query;
use nn_lab::core::settings::from_query;
use nn_lab::data::text::{Corpus, Windows, fixed_windows, read_own, read_plays, window_len};
use nn_lab::sections::transformer::{Config, Model, Transformer};

/// Trains with a preset (`NN_LAB_PRESET`, with changes like `steps=100,heads=2` in `NN_LAB_SET`) and prints
/// the losses.
#[test]
#[ignore = "minutes"]
fn preset() {
    let slug = std::env::var("NN_LAB_PRESET").unwrap_or_else(|_| "nanogpt-cpu".to_owned());
    let mut query: Query = std::env::var("NN_LAB_SET")
        .unwrap_or_default()
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let mut out = Collector::<Transformer> { frame_every: 100, ..Collector::default() };
    if let Ok(path) = std::env::var("NN_LAB_TEXT") {
        out.user_files.insert("user/text/own.txt".to_owned(), std::fs::read(path).expect("the text").into());
        query.push("text", "own");
    }
    let (config, warnings) = from_query(&crate::collector::preset::<Config>(&slug), &query);
    assert!(warnings.is_empty(), "{warnings:?}");
    let start = std::time::Instant::now();
    train::<Transformer>(&config, &mut out).expect("it runs");
    let seconds = start.elapsed().as_secs_f64();
    let record = out.record();
    println!("{config:?}\n{seconds:.1} s, {:.1} ms a step", 1000.0 * seconds / f64::from(config.steps));
    println!("validation {:?}", record.run().validation.iter().collect::<Vec<_>>());
    println!("training, mean of the last 100: {:?}", record.run().losses.recent_mean(100));
    for scores in &record.run().induction {
        println!(
            "step {}: first {:.2} second {:.2} induction {:.2?} previous {:.2?}",
            scores.step, scores.first, scores.second, scores.induction, scores.previous
        );
    }
    for sample in &record.run().samples {
        println!("--- step {}\n{}", sample.step, sample.text);
    }
    for snapshot in record.run().snapshots.last().iter() {
        for (head, stats) in snapshot.stats.iter().enumerate() {
            println!("head {head}: {} {stats:?}", stats.description());
        }
    }
}

/// Trains the preset that follows nanoGPT's README and evaluates it on the complete validation part (of
/// `NN_LAB_TEXT`, or of the plays). `NN_LAB_INIT=gpt2` initializes every matrix with GPT-2's standard
/// deviation of 0.02, regardless of its width.
#[test]
#[ignore = "minutes"]
fn nanogpt_on_the_whole_validation_part() {
    let set = |key: &str| std::env::var(key).ok().and_then(|text| text.parse().ok());
    let seed = set("NN_LAB_SEED").unwrap_or(1);
    let steps = set("NN_LAB_STEPS").unwrap_or(2000);
    let config = Config { seed, steps, ..crate::collector::preset("nanogpt-cpu") };
    let text = match std::env::var("NN_LAB_TEXT") {
        Ok(path) => read_own(&std::fs::read(path).expect("the text")).map(|own| own.text),
        Err(_) => read_plays(&std::fs::read("static/data/shakespeare.bin").expect("the plays")),
    };
    let corpus = Corpus::new(&text.expect("a text"));
    let mut state = Model::new(&config, corpus.vocabulary.len(), &Device::flex());
    let gpt2 = std::env::var("NN_LAB_INIT").is_ok_and(|init| init == "gpt2");
    if gpt2 {
        as_gpt2(&mut state, config.d_model as f32);
    }
    let (batch, context) = (config.batch_size as usize, config.context as usize);
    let mut windows = Windows::new(config.seed.into());
    let start = std::time::Instant::now();
    for _ in 0..config.steps {
        let ids = windows.next(&corpus.train, batch, context);
        block_on(state.descend(&config, &ids, window_len(&corpus.train, context))).expect("a step");
    }
    let ms = start.elapsed().as_secs_f64() * 1000.0 / f64::from(config.steps);

    // Adjacent windows, so that every character except the first is predicted once.
    let whole: Vec<u8> = corpus.validation.windows(context + 1).step_by(context).flatten().copied().collect();
    let quick = fixed_windows(&corpus.validation, 8192 / (context + 1), context);
    // nanoGPT's estimate: 20 batches of random windows.
    let random: Vec<u8> = (0..20).flat_map(|_| windows.next(&corpus.validation, batch, context)).collect();
    let mut out = Collector::<Transformer>::default();
    let mut loss =
        |ids: &[u8]| block_on(state.validate(ids, context + 1, None, &mut out)).expect("it is measured");
    println!(
        "seed {seed}, gpt2 {gpt2}, {steps} steps of {ms:.1} ms: whole validation part ({} characters) {:.4}, the page's windows \
         {:.4}, 20 random batches {:.4} nats",
        whole.len() / (context + 1) * context,
        loss(&whole),
        loss(&quick),
        loss(&random),
    );
}

/// Applies nanoGPT's initialization: 0.02 everywhere, divided by `sqrt(2 n_layers)` in the last layer of each
/// branch.
fn as_gpt2(state: &mut Model, d_model: f32) {
    let (embedding, linear) = (0.02 * d_model.sqrt(), (d_model / 768.0).sqrt());
    let net = state.net_mut();
    net.embedding = net.embedding.clone().map(|w| scaled(w, embedding));
    net.positions = net.positions.take().map(|p| p.map(|w| scaled(w, embedding)));
    for block in &mut net.blocks {
        let attention = &mut block.attention;
        let linears = [&mut attention.query, &mut attention.key, &mut attention.value, &mut attention.output];
        for layer in linears.into_iter().chain(&mut block.up).chain(&mut block.down) {
            layer.weight = layer.weight.clone().map(|w| scaled(w, linear));
        }
    }
}

/// Returns the scaled tensor as a new leaf, because a product would belong to the graph of the first step.
fn scaled(w: Tensor<2>, factor: f32) -> Tensor<2> {
    Tensor::from_inner(w.inner().mul_scalar(factor)).require_grad()
}
