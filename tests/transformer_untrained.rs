//! Section 6: the model before training is the one that training starts from.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, train, values};
use crate::transformer_model::{SIZES, largest_gap, model, one_hot};
use burn::tensor::Device;
use nn_lab::run::Probe;
use nn_lab::sections::transformer::{
    Config, MaskChoice, NextRequest, Record, Request, TaskChoice, TextChoice, Transformer, WriteRequest,
};

fn small() -> Config {
    Config { text: TextChoice::Shakespeare, sample_length: 8, ..crate::transformer::tiny() }
}

fn next(text: &str) -> Vec<u8> {
    let request = NextRequest { text: text.to_owned(), off: Vec::new() };
    postcard::to_stdvec(&Request::Next(request)).expect("it can be encoded")
}

fn probed(config: &Config, requests: Vec<(u32, Vec<u8>)>) -> Record {
    let mut out = Collector::<Transformer> { requests, ..Collector::default() };
    block_on(Transformer::probe(config.clone(), &Device::flex(), &mut out)).expect("it probes");
    out.record()
}

#[test]
fn the_probed_model_has_the_weights_that_training_starts_from() {
    for config in [
        small(),
        Config { seed: 5, tied: false, ..small() },
        Config { mask: MaskChoice::None, ..small() },
        Config { task: TaskChoice::Repeat, ..small() },
    ] {
        let text = if config.task == TaskChoice::Text { "To be, or" } else { "ABCDAB" };
        let probed = probed(&config, vec![(0, next(text)), (u32::MAX, next(text))]);
        let mut out = Collector::<Transformer> { requests: vec![(0, next(text))], ..Collector::default() };
        train::<Transformer>(&config, &mut out).expect("it runs");
        let record = out.record();
        let (before, run) = (probed.untrained.as_deref().expect("it is probed"), record.run());
        assert_eq!((&before.window, before.period), (&*run.window, run.period));
        assert_eq!(before.heads, run.snapshots[0]);
        assert_eq!(before.sample.as_ref(), run.samples.first());
        assert_eq!(probed.untrained_next, run.next, "the same prediction, to the bit");
        // The run of the record is only a run.
        assert!(probed.run().snapshots.is_empty() && probed.run().next.is_none());
        assert_ne!(run.samples.first(), run.samples.last());
    }
}

#[test]
fn the_model_before_training_writes_on_request() {
    let request = WriteRequest { prompt: "To".to_owned(), temperature: 1.0, top_k: 9, seed: 3, count: 20 };
    let ask = postcard::to_stdvec(&Request::Write(request)).expect("it can be encoded");
    let probed = probed(&small(), vec![(u32::MAX, ask.clone())]);
    let written = &probed.untrained_written;
    assert_eq!((written.chars.len(), &*written.prompt, written.busy), (20, "To", false));
    let mut out = Collector::<Transformer> { requests: vec![(0, ask)], ..Collector::default() };
    train::<Transformer>(&small(), &mut out).expect("it runs");
    assert_eq!(out.record().run().written, *written, "the model that training starts from writes the same");
}

#[test]
fn a_new_probe_replaces_the_model_before_training() {
    let first = small();
    let mut out = Collector::<Transformer> { requests: vec![(0, next("a"))], ..Collector::default() };
    block_on(Transformer::probe(first.clone(), &Device::flex(), &mut out)).expect("it probes");
    let before = out.record();
    assert!(before.untrained_next.is_some());
    block_on(Transformer::probe(Config { seed: 2, ..first }, &Device::flex(), &mut out)).expect("it probes");
    let after = out.record();
    assert_eq!(after.untrained_next, None, "the prediction was of the other model");
    assert_ne!(after.untrained.expect("probed").heads, before.untrained.expect("probed").heads);
}

#[test]
fn the_residual_stream_is_the_sum_of_what_the_branches_add() {
    for causal in [true, false] {
        let model = model(crate::transformer_model::Sizes { causal, ..SIZES });
        let ids = one_hot(&[3, 1, 4, 1, 5]);
        let (stream, normalized) = model.stream(ids.clone());
        assert_eq!(stream.len(), 5, "the start, and two branches in each of two blocks");
        // The last vectors, through the last layer norm and the head, are the logits.
        let norm = |x: burn::tensor::Tensor<3>| {
            let centered = x.clone() - x.mean_dim(2);
            let variance = centered.clone().square().mean_dim(2);
            centered / (variance + 1e-5).sqrt()
        };
        assert!(largest_gap(&values(norm(stream[0].clone())), &values(normalized)) < 1e-5);
        let last = norm(stream[4].clone()).reshape([5, 16]);
        let logits = last.matmul(model.embedding.val().transpose());
        assert!(largest_gap(&values(logits), &values(model.forward(ids, 0.0))) < 1e-4);
    }
}

#[test]
fn the_probe_measures_the_stream_at_the_last_character() {
    let record = probed(&small(), Vec::new());
    let stream = record.untrained.expect("it is probed").stream.clone();
    assert_eq!((stream.start.len(), stream.lengths.len(), stream.added.len()), (16, 5, 4));
    let mean = |row: &[f32]| row.iter().sum::<f32>() / row.len() as f32;
    let variance = |row: &[f32]| row.iter().map(|x| (x - mean(row)).powi(2)).sum::<f32>() / row.len() as f32;
    assert!(mean(&stream.normalized).abs() < 1e-5 && (variance(&stream.normalized) - 1.0).abs() < 1e-3);
    let length = stream.start.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!((length - stream.lengths[0]).abs() < 1e-5);
    // The triangle inequality, for every branch.
    for (pair, added) in stream.lengths.windows(2).zip(&stream.added) {
        assert!((pair[1] - pair[0]).abs() <= added + 1e-4 && *added > 0.0, "{stream:?}");
    }
}
