//! Section 4: its closed forms, its probe, and what its presets say they show.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, train};
use burn::tensor::Device;
use nn_lab::core::settings::{Settings, from_query, to_query};
use nn_lab::core::{LabError, Verdict};
use nn_lab::run::{Experiment, Probe};
use nn_lab::sections::rnn::{
    Alphabet, Config, ForgetBias, LSTM, RNN, Record, Rnn, chance, params_lstm, params_rnn,
};
use proptest::prelude::*;

fn probe(config: Config) -> Record {
    let mut out = Collector::<Rnn>::default();
    block_on(Rnn::probe(config, &Device::flex(), &mut out)).expect("the probe runs");
    out.record()
}

fn run(config: Config) -> (Record, Result<(), LabError>) {
    let mut out = Collector::<Rnn>::default();
    let result = train::<Rnn>(&config, &mut out);
    (out.record(), result)
}

fn small() -> Config {
    Config { seq_len: 14, d_hidden: 8, batch_size: 8, steps: 25, ..Config::default() }
}

fn preset(slug: &str) -> Config {
    Config::PRESETS.iter().find(|preset| preset.slug == slug).expect("a preset").config()
}

#[track_caller]
fn verdicts(config: &Config, record: &Record) -> Vec<(String, String, Verdict)> {
    Rnn::checks(config, record)
        .into_iter()
        .map(|check| (check.claim, check.measured, check.verdict))
        .collect()
}

#[test]
fn the_probe_counts_compares_and_follows_the_paths() {
    let config = Config::default();
    let record = probe(config.clone());
    assert_eq!(record.params, Some((params_rnn(&config) as u32, params_lstm(&config) as u32)));
    let (rnn, lstm) = record.agreement.expect("compared");
    for off in [rnn.values, rnn.gradients, lstm.values, lstm.gradients] {
        assert!(off < 1e-5, "{off:e}");
    }
    let paths = record.untrained.clone().expect("paths");
    assert_eq!((paths.rnn.len(), paths.cell.len()), (200, 200));
    assert!((paths.spectral_radius - 0.58).abs() < 1e-5, "{}", paths.spectral_radius);
    assert_eq!((paths.rnn[199], paths.cell[199]), (1.0, 1.0));
    assert!(paths.rnn[0] < 1e-6 && paths.cell[0] > 0.01, "{} {}", paths.rnn[0], paths.cell[0]);
    for (claim, measured, verdict) in verdicts(&config, &record).into_iter().take(4) {
        assert_eq!(verdict, Verdict::Holds, "{claim}: {measured}");
    }
}

#[test]
fn a_smaller_spectral_radius_or_forget_bias_forgets_sooner() {
    let first = |config: Config| {
        let paths = probe(config).untrained.expect("paths");
        (paths.rnn[0], paths.cell[0])
    };
    let base = Config { seq_len: 50, ..Config::default() };
    let half = first(Config { spectral_radius: 0.5, ..base.clone() });
    let whole = first(Config { spectral_radius: 1.0, ..base.clone() });
    assert!(half.0 < 1e-6 * whole.0, "{} against {}", half.0, whole.0);
    let zero = first(Config { forget_bias: ForgetBias::Zero, ..base.clone() });
    let one = first(Config { forget_bias: ForgetBias::One, ..base });
    assert!(zero.1 < one.1 && one.1 < whole.1, "{} {} {}", zero.1, one.1, whole.1);
}

/// Runs a preset to its end, or for `steps`, and holds it to what it says.
#[track_caller]
fn check_preset(slug: &str, steps: Option<u32>) -> Record {
    let config = preset(slug);
    let config = Config { steps: steps.unwrap_or(config.steps), ..config };
    let (record, result) = run(config.clone());
    assert_eq!(result, Ok(()));
    for (claim, measured, verdict) in verdicts(&config, &record).into_iter().skip(4) {
        assert_eq!(verdict, Verdict::Holds, "{claim}: {measured}");
    }
    record
}

#[test]
fn the_rnn_fails_and_the_lstm_learns_within_200_steps() {
    let record = check_preset("rnn-fails", Some(200));
    assert_eq!(record.arms[RNN].losses.len(), 200);
    let rows = &record.arms[LSTM].gradients.clone();
    assert_eq!(rows.len(), 100);
    assert!(rows.iter().all(|row| (row.hidden.len(), row.cell.len()) == (200, 200)));
    assert!(record.arms[RNN].gradients.iter().all(|row| row.hidden.len() == 200 && row.cell.is_empty()));
    let first = (record.arms[RNN].gradients[0].hidden[0], record.arms[LSTM].gradients[0].hidden[0]);
    assert!(first.0 < 1e-30 && first.1 > 1e-9, "{first:?}");
}

#[test]
fn an_rnn_that_starts_well_learns_too_within_200_steps() {
    check_preset("rnn-learns-too", Some(200));
}

#[test]
fn an_lstm_with_zero_forget_bias_fails_too() {
    let record = check_preset("zero-forget-bias", Some(100));
    let first = &record.arms[LSTM].gradients[0];
    assert!(first.hidden[0] < 1e-20 * first.hidden[199], "{:e}", first.hidden[0]);
}

#[test]
fn both_learn_short_sequences() {
    check_preset("short-sequence", None);
}

#[test]
fn noise_that_looks_like_labels_defeats_both() {
    check_preset("shared-alphabet", Some(100));
}

#[test]
fn the_same_seed_gives_the_same_run_and_frames_do_not_change_it() {
    let losses = |every: u32| {
        let mut out = Collector::<Rnn> { frame_every: every, ..Collector::default() };
        train::<Rnn>(&small(), &mut out).expect("runs");
        let mut record = out.record();
        assert!(record.arms[RNN].times.median().is_some(), "steps are timed");
        // Times are the machine's; all else is the seed's.
        (record.arms[RNN].times, record.arms[LSTM].times) = Default::default();
        record
    };
    assert!(losses(1) == losses(7), "the frame rate changes the numbers");
    assert_ne!(losses(1).arms[RNN].losses, run(Config { seed: 2, ..small() }).0.arms[RNN].losses.clone());
}

#[test]
fn a_stopped_run_ends_at_once_and_a_changed_learning_rate_is_taken() {
    let mut out = Collector::<Rnn> { stop_at: Some(7), ..Collector::default() };
    train::<Rnn>(&small(), &mut out).expect("runs");
    assert_eq!(out.record().arms[LSTM].losses.len(), 7);
    let mut out = Collector::<Rnn> {
        updates: vec![(5, Config { learning_rate: 1e-5, ..small() })],
        ..Collector::default()
    };
    train::<Rnn>(&small(), &mut out).expect("runs");
    let (changed, same) = (out.record().arms[LSTM].losses.clone(), run(small()).0.arms[LSTM].losses.clone());
    assert_eq!(changed[..5], same[..5]);
    assert_ne!(changed[20], same[20]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn settings_survive_the_address(
        seq_len in 10u32..=400, n_classes in 2u32..=8, shared: bool, n_distractors in 1u32..=16, d_hidden in 4u32..=128,
        forget_bias in prop::sample::select(vec![ForgetBias::Zero, ForgetBias::One, ForgetBias::Chrono]),
        spectral_radius in 0.1f64..=2.0, learning_rate in 1e-5f64..=0.3, clip in 0.01f64..=100.0,
        (batch_size, steps, seed) in (1u32..=128, 1u32..=10_000, 0u32..=999_999),
    ) {
        let alphabet = if shared { Alphabet::Shared } else { Alphabet::Separate };
        let config = Config {
            seq_len, n_classes, alphabet, n_distractors, d_hidden, forget_bias, spectral_radius, learning_rate, clip,
            batch_size, steps, seed,
        };
        let (back, warnings) = from_query(&Config::default(), &to_query(&config));
        prop_assert_eq!(warnings.len(), 0);
        prop_assert_eq!(back, config);
    }

    #[test]
    fn formulae_count_the_modules(n_classes in 2u32..5, n_distractors in 1u32..5, d_hidden in 4u32..12) {
        let config = Config { n_classes, n_distractors, d_hidden, seq_len: 10, ..Config::default() };
        prop_assert_eq!(probe(config.clone()).params, Some((params_rnn(&config) as u32, params_lstm(&config) as u32)));
        prop_assert!((chance(&config) - 1.0 / f64::from(n_classes)).abs() < 1e-12);
    }
}
