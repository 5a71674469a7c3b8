//! Section 4: closed forms, the probe, and the claims of the presets.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, preset, probe, run, train};
use burn::tensor::Device;
use nn_lab::core::Verdict;
use nn_lab::core::settings::{from_query, to_query};
use nn_lab::run::{Experiment, Probe};
use nn_lab::sections::rnn::{
    Alphabet, Config, ForgetBias, LSTM, LSTM_PARTS, MAX_UNITS, PartKind, RNN, RNN_PARTS, Record, Rnn, Trace,
    chance, params_lstm, params_rnn,
};
use proptest::prelude::*;

fn small() -> Config {
    Config { seq_len: 14, d_hidden: 8, batch_size: 8, steps: 25, ..Config::default() }
}

#[track_caller]
fn verdicts(config: &Config, record: &Record) -> Vec<(String, String, Verdict)> {
    Rnn::checks(config, record)
        .into_iter()
        .map(|check| (check.claim, check.measured, check.verdict))
        .collect()
}

#[test]
fn the_probe_counts_parameters_compares_layers_and_measures_paths() {
    let config = Config::default();
    let record = probe::<Rnn>(config.clone());
    assert_eq!(record.params, [params_rnn(&config), params_lstm(&config)].map(|n| Some(n as u32)));
    let [rnn, lstm] = record.agreement.map(|agreement| agreement.expect("compared"));
    for off in [rnn.values, rnn.gradients, lstm.values, lstm.gradients] {
        assert!(off < 1e-5, "{off:e}");
    }
    let paths = record.untrained.clone().expect("paths");
    assert_eq!((paths.rnn.len(), paths.cell.len()), (200, 200));
    assert!((paths.spectral_radius - 0.58).abs() < 1e-5, "{}", paths.spectral_radius);
    assert_eq!((paths.rnn[199], paths.cell[199]), (1.0, 1.0));
    assert!(paths.rnn[0] < 1e-6 && paths.cell[0] > 0.01, "{} {}", paths.rnn[0], paths.cell[0]);
    for (claim, measured, verdict) in verdicts(&config, &record).into_iter().take(5) {
        assert_eq!(verdict, Verdict::Holds, "{claim}: {measured}");
    }
}

#[test]
fn a_smaller_spectral_radius_or_forget_bias_forgets_sooner() {
    let first = |config: Config| {
        let paths = probe::<Rnn>(config).untrained.expect("paths");
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

/// Runs a preset to its end, or for `steps`, and checks its claims about gradients and learning.
#[track_caller]
fn check_preset(slug: &str, steps: Option<u32>) -> Record {
    let config: Config = preset(slug);
    let config = Config { steps: steps.unwrap_or(config.steps), ..config };
    let (record, result) = run::<Rnn>(config.clone());
    assert_eq!(result, Ok(()));
    for (claim, measured, verdict) in verdicts(&config, &record).into_iter().skip(5) {
        assert_eq!(verdict, Verdict::Holds, "{claim}: {measured}");
    }
    record
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
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
#[ignore = "many seconds; ./lab test full runs it"]
fn a_well_initialized_rnn_also_learns_within_200_steps() {
    check_preset("rnn-learns-too", Some(200));
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn an_lstm_with_zero_forget_bias_also_fails() {
    let record = check_preset("zero-forget-bias", Some(100));
    let first = &record.arms[LSTM].gradients[0];
    assert!(first.hidden[0] < 1e-20 * first.hidden[199], "{:e}", first.hidden[0]);
}

#[test]
fn both_learn_short_sequences() {
    check_preset("short-sequence", None);
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn both_fail_if_the_noise_shares_the_labels_alphabet() {
    check_preset("shared-alphabet", Some(100));
}

#[test]
fn runs_are_reproducible_at_any_frame_rate() {
    let losses = |every: u32| {
        let mut out = Collector::<Rnn> { frame_every: every, ..Collector::default() };
        train::<Rnn>(&small(), &mut out).expect("runs");
        let mut record = out.record();
        assert!(record.arms[RNN].times.median().is_some(), "steps are timed");
        // Times depend on the machine; everything else depends on the seed.
        (record.arms[RNN].times, record.arms[LSTM].times) = Default::default();
        record
    };
    assert!(losses(1) == losses(7), "the frame rate changes the numbers");
    assert_ne!(
        losses(1).arms[RNN].losses,
        run::<Rnn>(Config { seed: 2, ..small() }).0.arms[RNN].losses.clone()
    );
}

#[test]
fn a_run_stops_immediately_and_applies_a_changed_learning_rate() {
    let mut out = Collector::<Rnn> { stop_at: Some(7), ..Collector::default() };
    train::<Rnn>(&small(), &mut out).expect("runs");
    assert_eq!(out.record().arms[LSTM].losses.len(), 7);
    let mut out = Collector::<Rnn> {
        updates: vec![(5, Config { learning_rate: 1e-5, ..small() })],
        ..Collector::default()
    };
    train::<Rnn>(&small(), &mut out).expect("runs");
    let (changed, same) =
        (out.record().arms[LSTM].losses.clone(), run::<Rnn>(small()).0.arms[LSTM].losses.clone());
    assert_eq!(changed[..5], same[..5]);
    assert_ne!(changed[20], same[20]);
}

/// Checks the gates of both cells against their equations, position by position.
#[track_caller]
fn check_equations(rnn: &Trace, lstm: &Trace) {
    let near = |a: f32, b: f32, what: &str| assert!((a - b).abs() < 1e-5, "{what}: {a} and {b}");
    let units = rnn.units();
    assert_eq!((rnn.parts.len(), lstm.parts.len()), (RNN_PARTS.len(), LSTM_PARTS.len()));
    for t in 0..rnn.seq_len() {
        for unit in 0..units {
            near(rnn.at(0, t)[unit].tanh(), rnn.at(1, t)[unit], "h of the RNN");
            let [f, i, g, o, c, h] = std::array::from_fn(|part| lstm.at(part, t)[unit]);
            let before = if t == 0 { 0.0 } else { lstm.at(4, t - 1)[unit] };
            near(f * before + i * g, c, "c");
            near(o * c.tanh(), h, "h of the LSTM");
        }
        for trace in [rnn, lstm] {
            near(trace.answer(t).iter().sum(), 1.0, "probabilities");
        }
        for (part, of) in LSTM_PARTS.iter().enumerate() {
            let values = lstm.at(part, t);
            let mean = |values: &mut dyn Iterator<Item = f32>| values.sum::<f32>() / units as f32;
            let expected = match of.kind {
                PartKind::Gate => mean(&mut values.iter().copied()),
                PartKind::Squashed | PartKind::Free => mean(&mut values.iter().map(|v| v * v)).sqrt(),
            };
            near(lstm.size(part, t).expect("a size"), expected, of.title);
        }
    }
}

#[test]
fn the_diagram_has_the_gates_of_a_sequence_before_and_during_training() {
    let mut out = Collector::<Rnn> { frame_every: 1, ..Collector::default() };
    block_on(Rnn::probe(small(), &Device::flex(), &mut out)).expect("the probe runs");
    let untrained = out.record();
    let (rnn, lstm) = (untrained.trace(RNN).expect("sent"), untrained.trace(LSTM).expect("sent"));
    check_equations(rnn, lstm);
    assert_eq!((rnn.tokens.clone(), rnn.seq_len(), rnn.units(), rnn.step), (lstm.tokens.clone(), 14, 8, 0));
    // The figure of the paths uses the same sequence: its first entry is the product of the forget gates.
    let kept = (0..8).map(|unit| (1..14).map(|t| f64::from(lstm.at(0, t)[unit])).product::<f64>().powi(2));
    let kept = (kept.sum::<f64>() / 8.0).sqrt();
    let path = untrained.untrained.clone().expect("paths").cell[0];
    assert!((kept - path).abs() < 1e-6 * path, "{kept} and {path}");

    train::<Rnn>(&small(), &mut out).expect("runs");
    let trained = out.record();
    let (now, of_rnn) = (trained.trace(LSTM).expect("sent"), trained.trace(RNN).expect("sent"));
    check_equations(of_rnn, now);
    assert_eq!((now.step, of_rnn.step, now.tokens.clone()), (25, 25, lstm.tokens.clone()));
    assert_ne!(now.parts, lstm.parts, "the gates are those of the trained network");
    // Before its first step, the run sends the same as the probe.
    let first = out.frames.iter().find_map(|(arm, frame)| match frame {
        nn_lab::sections::rnn::Frame::Traced(trace) if *arm == LSTM => Some(trace.clone()),
        _ => None,
    });
    assert_eq!(first.as_ref(), Some(lstm));
    // After the run is cleared, the untrained network is shown again.
    let mut cleared = trained.clone();
    Rnn::clear_arm(&mut cleared, LSTM);
    assert_eq!(cleared.trace(LSTM), Some(lstm));
}

#[test]
fn units_beyond_the_limit_are_counted_but_not_sent() {
    let config = Config { d_hidden: 128, ..small() };
    let record = probe::<Rnn>(config);
    let trace = record.trace(LSTM).expect("sent");
    assert_eq!((trace.d_hidden, trace.units(), trace.at(0, 13).len()), (128, MAX_UNITS, MAX_UNITS));
}

#[test]
fn traces_are_sent_at_most_a_few_times_per_second() {
    let mut out = Collector::<Rnn> { frame_every: 1, ..Collector::default() };
    train::<Rnn>(&Config { steps: 60, ..small() }, &mut out).expect("runs");
    let seconds = out.began.elapsed().as_secs_f64();
    let traced =
        out.frames.iter().filter(|(_, frame)| matches!(frame, nn_lab::sections::rnn::Frame::Traced(_)));
    let count = traced.count() as f64;
    assert!(count >= 4.0 && count <= 4.0 + 2.5 * seconds, "{count} in {seconds} s");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn settings_round_trip_through_the_address(
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
    fn formulas_match_the_modules(n_classes in 2u32..5, n_distractors in 1u32..5, d_hidden in 4u32..12) {
        let config = Config { n_classes, n_distractors, d_hidden, seq_len: 10, ..Config::default() };
        prop_assert_eq!(probe::<Rnn>(config.clone()).params, [params_rnn(&config), params_lstm(&config)].map(|n| Some(n as u32)));
        prop_assert!((chance(&config) - 1.0 / f64::from(n_classes)).abs() < 1e-12);
    }
}
