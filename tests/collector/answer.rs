//! Guided experiments, run natively.

use super::{Collector, block_on, train};
use burn::tensor::Device;
use nn_lab::core::guided::{Answer, Prediction};
use nn_lab::core::metric::Metric;
use nn_lab::core::settings::{from_query, with};
use nn_lab::run::{Probe, Train};

/// Returns the answer of an experiment for a seed, and the section's metrics at the end of the run.
///
/// Checks what holds in every section: if the experiment trains, the probe alone does not result in an
/// answer; the answer is one of the choices; its numbers are finite; and its text consists of sentences.
#[track_caller]
pub(crate) fn measured<E: Probe + Train>(slug: &str, seed: u32) -> (Answer, Vec<Metric>) {
    let guided =
        E::EXPERIMENTS.iter().find(|guided| guided.slug == slug).expect("there is such an experiment");
    let (config, warnings) = from_query(&E::Config::default(), &guided.values.iter().copied().collect());
    assert!(warnings.is_empty(), "{slug}: {warnings:?}");
    let config: E::Config = with(&config, "seed", &seed.into()).expect("a seed");
    // Frames are frequent enough that even the shortest runs have timed steps.
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

/// Returns the answer of an experiment for a seed.
#[track_caller]
pub(crate) fn answer<E: Probe + Train>(slug: &str, seed: u32) -> Answer {
    measured::<E>(slug, seed).0
}

/// Returns a number of an answer by its name.
#[track_caller]
pub(crate) fn number(answer: &Answer, name: &str) -> f64 {
    let found = answer.numbers.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("{name} in {:?}", answer.numbers)).1
}
