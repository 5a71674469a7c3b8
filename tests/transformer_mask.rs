//! Section 6 without the causal mask: the training loss falls, because every position sees its answer, and the model cannot
//! write.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, train, values};
use crate::transformer_model::{SIZES, Sizes, largest_gap, model, one_hot};
use burn::tensor::Device;
use nn_lab::data::text::Vocabulary;
use nn_lab::run::Probe;
use nn_lab::sections::transformer::weight_settings::needed;
use nn_lab::sections::transformer::writing::Writer;
use nn_lab::sections::transformer::{Config, MaskChoice, Record, Request, TextChoice, Transformer};

/// Returns small settings that train on the plays.
fn small(mask: MaskChoice) -> Config {
    Config {
        layers: 2,
        heads: 2,
        d_model: 32,
        context: 32,
        steps: 400,
        warmup: 20,
        learning_rate: 0.01,
        sample_length: 60,
        text: TextChoice::Shakespeare,
        mask,
        ..Config::default()
    }
}

fn run(config: &Config, requests: &[(u32, Request)]) -> Record {
    let encoded =
        |(at, request): &(u32, Request)| (*at, postcard::to_stdvec(request).expect("it can be encoded"));
    let mut out =
        Collector::<Transformer> { requests: requests.iter().map(encoded).collect(), ..Collector::default() };
    if requests.is_empty() {
        // A probe would answer the requests, or drop them.
        block_on(Transformer::probe(config.clone(), &Device::flex(), &mut out)).expect("it probes");
    }
    train::<Transformer>(config, &mut out).expect("it runs");
    out.record()
}

#[test]
fn without_the_mask_the_training_loss_lies() {
    let (open, causal) = (run(&small(MaskChoice::None), &[]), run(&small(MaskChoice::Causal), &[]));
    let bigram = open.text.as_ref().expect("a text").bigram;
    let loss = |record: &Record| record.run().losses.recent_mean(20).expect("trained");
    let (lie, honest) = (loss(&open), loss(&causal));
    let last = open.run().last_character.last_y().expect("it is measured");
    let validation = open.run().validation.last_y().expect("it is measured");
    println!(
        "bigram {bigram:.3}, training {lie:.3} without and {honest:.3} with the mask, validation {validation:.3}, last {last:.3}"
    );
    println!("{:?}\n{:?}", open.run().samples.last(), causal.run().samples.last());
    assert!(lie < 0.3 && validation < 0.3, "{lie} {validation}");
    assert!(honest > 1.5 && honest < 3.0, "{honest}");
    assert!(last > bigram + 0.3, "{last} against {bigram}");
    assert!(causal.run().last_character.is_empty(), "with the mask, all predictions are honest");
    // The map is not a triangle.
    let heads = &open.run().snapshots.last().expect("a snapshot");
    assert!(heads.sees_later_keys() && !causal.run().snapshots[0].sees_later_keys());
    assert!(heads.stats.iter().all(|stats| stats.sum_dev < 1e-4));
}

#[test]
fn without_the_mask_a_later_character_changes_earlier_logits() {
    let model = model(Sizes { causal: false, ..SIZES });
    let ids = [3, 1, 4, 1, 5, 9, 2, 6];
    let logits = |ids: &[usize]| values(model.forward(one_hot(ids), 0.0));
    let mut other = ids;
    other[7] = 7;
    let (before, after) = (logits(&ids), logits(&other));
    assert_ne!(before[..11], after[..11]);
    let inspected = values(model.inspect(one_hot(&ids), None).0);
    assert!(largest_gap(&before, &inspected) < 1e-5);
    assert!(largest_gap(&before, &values(model.head_effects(one_hot(&ids)).0)) < 1e-5);
}

/// The text grows by one character at a time, and all positions are computed again.
#[test]
fn writing_without_the_mask_reads_the_whole_text_each_time() {
    let net = model(Sizes { causal: false, ..SIZES });
    let vocabulary = Vocabulary::from_chars("\nabcdefghi".chars().chain(['j']).collect()).expect("in order");
    let device = Device::flex();
    let mut writer = Writer::new(&net, &vocabulary, "abc", &device);
    let mut ids: Vec<usize> = vocabulary.encode("abc").iter().map(|&id| id.into()).collect();
    for step in 0..25 {
        let ours = block_on(writer.next_logits()).expect("logits");
        let read = &ids[ids.len().saturating_sub(24)..];
        let whole = values(net.forward(one_hot(read), 0.0));
        assert!(largest_gap(&ours, &whole[whole.len() - 11..]) < 1e-5, "after {step} characters");
        let id = (step * 5 + 1) % 11;
        writer.push(id as u8);
        ids.push(id);
    }
}

#[test]
fn weight_files_record_the_mask() {
    let config = Config { steps: 4, sample_length: 0, ..small(MaskChoice::None) };
    let record = run(&config, &[(u32::MAX, Request::Save)]);
    let file = record.run().saved.clone().expect("a file");
    let causal = Config { mask: MaskChoice::Causal, ..config.clone() };
    assert_eq!(needed(&file, &causal, None), Ok(config.clone()), "the settings follow the file");
    let opened = run(&config, &[(0, Request::Load(file.to_vec()))]);
    assert_eq!((opened.run().loaded, &opened.run().refused), (Some(4), &None));
    assert_eq!(opened.run().validation.last_y(), record.run().validation.last_y());
    let refused = run(&causal, &[(0, Request::Load(file.to_vec()))]).run().refused.clone();
    let why = refused.expect("the mask differs");
    assert!(why.contains("no mask") && why.contains("causal mask"), "{why}");
}
