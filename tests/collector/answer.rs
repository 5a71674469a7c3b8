//! Guided experiments, done natively.

use super::{Collector, block_on, train};
use burn::tensor::Device;
use nn_lab::core::guided::{Answer, Prediction};
use nn_lab::core::metric::Metric;
use nn_lab::core::settings::{from_query, with};
use nn_lab::run::{Probe, Train};

/// The answer that an experiment comes to with a seed; with it, the section's numbers at the end.
///
/// Whatever the section: what is probed alone is no answer where the experiment trains, the answer is one of those offered,
/// its numbers are numbers, and its words are sentences.
#[track_caller]
pub(crate) fn measured<E: Probe + Train>(slug: &str, seed: u32) -> (Answer, Vec<Metric>) {
    let guided =
        E::EXPERIMENTS.iter().find(|guided| guided.slug == slug).expect("there is such an experiment");
    let (config, warnings) = from_query(&E::Config::default(), &guided.values.iter().copied().collect());
    assert!(warnings.is_empty(), "{slug}: {warnings:?}");
    let config: E::Config = with(&config, "seed", &seed.into()).expect("a seed");
    // Often enough that the steps of the shortest runs are timed.
    let mut out = Collector::<E> { frame_every: 4, ..Collector::default() };
    block_on(E::probe(config.clone(), &Device::flex(), &mut out)).expect("the probe succeeds");
    if guided.trains {
        assert_eq!((guided.answer)(&config, &out.record()), None, "{slug} is answered before its run");
        train::<E>(&config, &mut out).expect("it trains");
    }
    let record = out.record();
    let answer = (guided.answer)(&config, &record).expect("an answer");
    println!("{slug}, seed {seed}: {:?} {}", answer.choice, answer.words);
    let offered = if let Prediction::Choice(options) = guided.prediction { options.len() } else { 0 };
    assert_eq!(answer.choice.is_some(), offered > 0, "{slug}: {answer:?}");
    assert!(answer.choice.is_none_or(|choice| choice < offered), "{slug}: {answer:?}");
    assert!(answer.numbers.iter().all(|(_, number)| number.is_finite()), "{slug}: {answer:?}");
    assert!(answer.words.ends_with('.') && !answer.words.contains("NaN"), "{slug}: {answer:?}");
    (answer, E::metrics(&config, &record))
}

/// The answer that an experiment comes to with a seed.
#[track_caller]
pub(crate) fn answer<E: Probe + Train>(slug: &str, seed: u32) -> Answer {
    measured::<E>(slug, seed).0
}

/// A number of an answer.
#[track_caller]
pub(crate) fn number(answer: &Answer, name: &str) -> f64 {
    let found = answer.numbers.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("{name} in {:?}", answer.numbers)).1
}
