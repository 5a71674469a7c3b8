//! Section 4: closed forms, the probe, and the claims of the presets.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, preset, probe, run, train, values};
use burn::tensor::{Device, Tensor};
use nn_lab::core::Verdict;
use nn_lab::core::curve::Curve;
use nn_lab::core::settings::{from_query, to_query};
use nn_lab::data::recall::stream;
use nn_lab::models::recurrent::gradients;
use nn_lab::run::training::{cross_entropy, one_hot};
use nn_lab::run::{Experiment, Probe};
use nn_lab::sections::rnn::{
    Alphabet, Config, ForgetBias, LSTM, LSTM_PARTS, MAX_UNITS, PartKind, RNN, RNN_PARTS, Record, Rnn, Trace,
    Unreached, chance, params_lstm, params_rnn, rnn, task,
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
            batch_size, steps, seed, ..Config::default()
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

/// The probe measures what training starts from: its gradients are those of the first step, bit for bit.
#[test]
fn the_untrained_gradients_are_those_of_the_first_step() {
    for config in [small(), Config { batch_size: 1, seed: 5, alphabet: Alphabet::Shared, ..small() }] {
        let record = probe::<Rnn>(config.clone());
        let (trained, result) = run::<Rnn>(config);
        assert_eq!(result, Ok(()));
        for arm in [RNN, LSTM] {
            let untrained = record.untrained_gradients[arm].as_deref().expect("sent");
            let first = &trained.arms[arm].gradients[0];
            assert_eq!((untrained.step, first.step), (0, 1));
            assert_eq!(
                (untrained.hidden.len(), &untrained.hidden, &untrained.cell),
                (14, &first.hidden, &first.cell)
            );
            assert_eq!(untrained.memory().len(), 14);
        }
        // Until the run measures, the metric is that of the untrained network.
        let metric = |record: &Record, name: &str| {
            let metrics = Rnn::metrics(&small(), record);
            metrics.iter().find(|metric| metric.name == name).and_then(|metric| metric.value)
        };
        for (arm, name) in ["grad_first_rnn", "grad_first_lstm"].into_iter().enumerate() {
            let [untrained, last] = [&record, &trained].map(|record| metric(record, name));
            assert_eq!(untrained, Some(f64::from(trained.arms[arm].gradients[0].hidden[0])));
            assert_eq!(last, Some(f64::from(trained.arms[arm].gradients[24].hidden[0])));
        }
        let [rnn, lstm] = record.untrained_gradients.each_ref().map(|row| row.as_deref().expect("sent"));
        assert_eq!((rnn.memory(), lstm.memory()), (&*rnn.hidden, &*lstm.cell));
    }
}

/// The opening figure says so: over 200 tokens the untrained RNN's gradient is below the smallest 32-bit number long before
/// the first token, and lost in rounding long before that. The LSTM's is not.
#[test]
fn the_untrained_gradient_of_the_rnn_is_below_what_a_float_holds_long_before_the_first_token() {
    for seed in 1..=3 {
        let record = probe::<Rnn>(Config { seed, ..Config::default() });
        let [rnn, lstm] =
            record.untrained_gradients.each_ref().map(|row| row.as_deref().expect("sent").memory());
        let largest = lstm.iter().copied().fold(0.0, f32::max);
        let Unreached { below, lost } = Unreached::of(rnn);
        println!(
            "seed {seed}: RNN {:.1e} at the end, below at {below}, lost at {lost}; LSTM {:.1e} to {:.1e}",
            rnn[199], lstm[199], lstm[0]
        );
        assert!((30..80).contains(&below) && (160..185).contains(&lost), "{below} {lost}");
        assert!(lstm.iter().all(|norm| *norm > 1e-3 * largest), "{:e} of {largest:e}", lstm[0]);
        assert_eq!(Unreached::of(lstm), Unreached::default());
    }
}

/// The norm is that of all weights before clipping: one step of plain numbers, computed from the gradients themselves.
#[test]
fn the_norm_of_the_gradient_is_measured_before_clipping() {
    let norms = |clip: f64| {
        let (record, result) = run::<Rnn>(Config { clip, ..small() });
        assert_eq!(result, Ok(()));
        [RNN, LSTM].map(|arm| record.arms[arm].norms.to_vec())
    };
    let (loose, tight) = (norms(100.0), norms(0.01));
    for arm in [RNN, LSTM] {
        assert_eq!(loose[arm].len(), 25);
        let steps: Vec<f64> = loose[arm].iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, (1..=25).map(f64::from).collect::<Vec<_>>());
        // The first gradient is the same however it is clipped, and longer than the tight limit.
        assert_eq!(loose[arm][0], tight[arm][0]);
        assert!(tight[arm][0].1 > 0.01, "{:?}", tight[arm][0]);
    }
    let expected = block_on(async {
        let config = small();
        let device = Device::flex().autodiff();
        let batch = task(&config).draw(8, &mut stream(config.seed.into(), 0));
        let x: Tensor<3> = one_hot(batch.tokens.iter().copied(), config.d_in() as usize, &Device::flex())
            .reshape([14, 8, config.d_in() as usize]);
        let y = one_hot(batch.labels.iter().copied(), 2, &device);
        let net = rnn(&config, &device).await.expect("a network");
        let grads = gradients(&net, &x, |logits| cross_entropy(logits, y)).params;
        let mut squares = 0.0f64;
        let mut add = |values: Vec<f32>| squares += values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
        for linear in [&net.input, &net.output] {
            add(values(grads.get::<2>(linear.weight.id).expect("a gradient")));
            add(values(grads.get::<1>(linear.bias.as_ref().expect("a bias").id).expect("a gradient")));
        }
        add(values(grads.get::<2>(net.recurrent.id).expect("a gradient")));
        squares.sqrt()
    });
    let measured = loose[RNN][0].1;
    assert!((measured - expected).abs() < 1e-5 * expected, "{measured} and {expected}");
}

/// A run that was saved before the norm was measured has no bytes for it.
#[test]
fn a_run_that_was_saved_without_the_norm_is_restored() {
    let (mut record, _) = run::<Rnn>(small());
    record.arms[LSTM].norms = Curve::default();
    let mut saved = Rnn::save_arm(&record, LSTM);
    assert_eq!(saved.pop(), Some(0), "the length of the last field, which earlier versions did not write");
    let mut restored = Record::default();
    assert!(Rnn::load_arm(&mut restored, LSTM, &saved));
    assert!(restored.arms[LSTM] == record.arms[LSTM]);
    // The present format keeps the norm.
    let (record, _) = run::<Rnn>(small());
    assert!(Rnn::load_arm(&mut restored, RNN, &Rnn::save_arm(&record, RNN)));
    assert_eq!(restored.arms[RNN].norms.len(), 25);
}
