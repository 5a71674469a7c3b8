//! Section 5: closed forms compared with numbers computed by hand, and short runs of the experiment on the CPU.
#![cfg(feature = "compute")]

use crate::collector::{Collector, probe, run, sweep, train};
use burn::tensor::{Bool, Device, Tensor, TensorData};
use nn_lab::core::settings::{from_query, to_query};
use nn_lab::core::{LabError, Verdict};
use nn_lab::models::attention::{causal_mask, default_scale, scaled_dot_product_attention};
use nn_lab::run::Experiment;
use nn_lab::sections::attention::{
    Attention, COST_LENGTHS, Config, Example, Frame, MAX_HEADS, MaskChoice, OptimizerKind, Record, SCALED,
    SWEEP, Switches, Task, UNSCALED, entropy_uniform, head_dim, one_head_accuracy, one_head_loss,
    params_formula, solved_below, stages, steps_to_solve,
};
use proptest::prelude::*;

fn small() -> Config {
    Config { steps: 20, d_k: 8, ..Config::default() }
}

#[test]
fn unscaled_attention_saturates_and_scaled_does_not() {
    for seed in 1..4 {
        let config = Config { seed, ..Config::default() };
        let sweep = probe::<Attention>(config.clone()).sweep.expect("a sweep");
        assert_eq!(sweep.points.iter().map(|point| point.d_k).collect::<Vec<_>>(), SWEEP);
        let (first, last) = (sweep.points[0], sweep.points[SWEEP.len() - 1]);
        for point in &sweep.points {
            println!(
                "d_k {}: scaled H {:.2}±{:.2} max {:.2} J {:.3} / {:.3}; unscaled H {:.2}±{:.2} max {:.2} J {:.3} / {:.2e}",
                point.d_k,
                point.scaled.entropy.mean,
                point.scaled.entropy.sd,
                point.scaled.largest.mean,
                point.scaled.jacobian_mean.mean,
                point.scaled.jacobian_median.mean,
                point.unscaled.entropy.mean,
                point.unscaled.entropy.sd,
                point.unscaled.largest.mean,
                point.unscaled.jacobian_mean.mean,
                point.unscaled.jacobian_median.mean,
            );
            assert!(point.scaled.entropy.mean < entropy_uniform(&config));
        }
        assert!(last.scaled.entropy.mean - last.unscaled.entropy.mean > 1.0, "at least a nat with 64 keys");
        assert!(first.unscaled.entropy.mean - last.unscaled.entropy.mean > 1.0);
        assert!((first.scaled.entropy.mean - last.scaled.entropy.mean).abs() < 0.3);
        assert!(last.unscaled.largest.mean > 0.8 && last.scaled.largest.mean < 0.3);
        assert!(last.unscaled.jacobian_median.mean < 0.2 * last.scaled.jacobian_median.mean);
        // The slider has one of the sweep's values, so its measurement must equal the sweep's.
        assert_eq!(sweep.here, sweep.points[4]);
        for bars in [&sweep.bars_scaled, &sweep.bars_unscaled] {
            assert_eq!(bars.len(), 64);
            assert!((bars.iter().sum::<f32>() - 1.0).abs() < 1e-5 && bars.is_sorted_by(|a, b| a >= b));
        }
    }
}

#[test]
fn checks_of_the_sweep_hold_for_any_standard_deviation_and_number_of_keys() {
    let mut wrong = Vec::new();
    for sigma in [0.25, 0.5, 1.0, 1.4, 2.0] {
        for n_keys in [2, 3, 8, 64, 128] {
            let config = Config { sigma, n_keys, ..Config::default() };
            let record = probe::<Attention>(config.clone());
            for check in Attention::checks(&config, &record).into_iter().take(5) {
                if check.verdict != Verdict::Holds {
                    wrong.push(format!("σ {sigma}, {n_keys} keys: {check:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn multi_head_attention_matches_burn_for_every_number_of_heads() {
    for d_model in [2, 7, 12, 32, 128] {
        for n_heads in 1..=8 {
            let config = Config { d_model, n_heads, n_keys: 2, n_seeds: 2, ..Config::default() };
            let heads = probe::<Attention>(config.clone()).heads;
            let Some(d_head) = head_dim(&config) else {
                assert!(heads.is_none() && d_model % n_heads != 0);
                continue;
            };
            let heads = heads.expect("divisible");
            assert!(heads.max_abs_err <= heads.tolerance, "{} > {}", heads.max_abs_err, heads.tolerance);
            assert_eq!(heads.params_counted, params_formula(&config));
            let n = config.n_tokens;
            assert_eq!(
                heads.shapes,
                [
                    vec![1, n, d_model],
                    vec![1, n, d_model],
                    vec![1, n_heads, n, d_head],
                    vec![1, n_heads, n, n],
                    vec![1, n_heads, n, n],
                    vec![1, n_heads, n, d_head],
                    vec![1, n, d_model],
                    vec![1, n, d_model],
                ]
            );
            assert_eq!(heads.weights.len(), n_heads as usize);
        }
    }
}

#[test]
fn heatmaps_respect_the_mask() {
    let n = 8;
    for (mask, length) in
        [(MaskChoice::None, 0), (MaskChoice::Causal, 0), (MaskChoice::Padding, 5), (MaskChoice::Padding, 0)]
    {
        let config = Config { mask, length, n_keys: 2, n_seeds: 2, ..Config::default() };
        let maps = probe::<Attention>(config).maps.expect("maps");
        for weights in [&maps.weights_scaled, &maps.weights_unscaled] {
            for (query, row) in weights.chunks(n).enumerate() {
                let seen = match mask {
                    MaskChoice::None => n,
                    MaskChoice::Causal => query + 1,
                    MaskChoice::Padding => length as usize,
                };
                assert!(row[seen..].iter().all(|&weight| weight == 0.0));
                let expected = if seen == 0 { 0.0 } else { 1.0 };
                assert!((row.iter().sum::<f32>() - expected).abs() < 1e-5);
            }
        }
        for (scaled, score) in maps.scaled_scores.iter().zip(maps.scores.iter()) {
            assert!((scaled - score / 8.0).abs() < 1e-5, "d_k is 64");
        }
    }
}

/// Returns the steps until the loss is below half a nat, scaled and unscaled, for a preset with another seed.
fn preset(slug: &str, seed: u32) -> (u32, u32) {
    let config = Config { seed, ..crate::collector::preset(slug) };
    let (record, result) = run::<Attention>(config.clone());
    assert_eq!(result, Ok(()));
    let checks = Attention::checks(&config, &record);
    for check in checks.iter().rev().take(2) {
        assert_eq!(check.verdict, Verdict::Holds, "{slug}, seed {seed}: {check:?}");
    }
    let steps = (
        steps_to_solve(&record.arms[SCALED].losses, 0.5),
        steps_to_solve(&record.arms[UNSCALED].losses, 0.5),
    );
    println!(
        "{slug}, seed {seed}: {steps:?}, accuracies {:?} {:?}, entropies {:?} {:?}, right {:?} {:?}",
        record.arms[SCALED].accuracy.last_y(),
        record.arms[UNSCALED].accuracy.last_y(),
        record.arms[SCALED].entropy.first(),
        record.arms[UNSCALED].entropy.first(),
        record.arms[SCALED].best_head(),
        record.arms[UNSCALED].best_head()
    );
    (steps.0.expect("the scaled network learns"), steps.1.expect("the unscaled network learns"))
}

#[test]
fn preset_small_keys_learns_at_the_same_pace() {
    for seed in [1, 2] {
        let (scaled, unscaled) = preset("small-keys", seed);
        let ratio = f64::from(unscaled) / f64::from(scaled);
        assert!((0.75..1.35).contains(&ratio), "{scaled} and {unscaled} steps");
    }
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn preset_saturated_takes_longer_without_the_scale() {
    let (scaled, unscaled) = preset("saturated", 1);
    assert!(scaled <= 50 && 2 * unscaled >= 3 * scaled, "{scaled} and {unscaled} steps");
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn preset_small_weights_does_not_need_the_scale() {
    let (scaled, unscaled) = preset("small-weights", 1);
    assert!(unscaled <= scaled, "{scaled} and {unscaled} steps");
}

#[test]
fn preset_plain_descent_is_not_slower_without_the_scale() {
    let (scaled, unscaled) = preset("plain-descent", 1);
    assert!(f64::from(unscaled) <= 1.2 * f64::from(scaled), "{scaled} and {unscaled} steps");
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn the_sweep_over_d_k_shows_what_the_findings_say() {
    let losses = sweep::<Attention>("Final loss over d_k");
    for pair in losses.windows(2) {
        assert!(pair[1][SCALED].median < pair[0][SCALED].median, "{pair:?}");
    }
    let [.., largest] = &*losses else { panic!("there are sizes") };
    assert!(largest[SCALED].high < 0.1, "{largest:?}");
    assert!(largest[UNSCALED].low > 0.8 && largest[UNSCALED].high < 1.5, "{largest:?}");
    for d_k in [4, 256] {
        let record = run::<Attention>(Config { d_k, ..Config::default() }).0;
        let last = record.arms.map(|net| net.losses.recent_mean(10).expect("losses"));
        assert!(last.iter().all(|loss| *loss < 0.1), "d_k = {d_k}: {last:?}");
    }
}

#[test]
fn the_default_run_solves_the_task_and_its_heads_find_the_token() {
    let config = Config::default();
    let (record, result) = run::<Attention>(config.clone());
    assert_eq!(result, Ok(()));
    for net in [&record.arms[SCALED], &record.arms[UNSCALED]] {
        assert!(net.accuracy.last_y().expect("scored") > 0.97);
        assert!(net.best_head().expect("scored") > 0.7, "{:?}", net.best_head());
        assert_eq!(net.losses.len(), 200);
        assert_eq!((net.maps.len(), net.maps[0].len()), (2, 64));
    }
    assert_eq!(record.arms[SCALED].sequence.as_ref().expect("sent").positions.len(), 8);
}

#[test]
fn runs_are_reproducible_and_depend_on_the_seed() {
    let first = run::<Attention>(small()).0;
    assert_eq!(first, run::<Attention>(small()).0);
    assert_ne!(
        first.arms[SCALED].losses,
        run::<Attention>(Config { seed: 2, ..small() }).0.arms[SCALED].losses.clone()
    );
    // Times differ.
    let numbers = || Record { cost: None, ..probe::<Attention>(small()) };
    assert_eq!(numbers(), numbers());
}

#[test]
fn the_frame_rate_does_not_change_the_run() {
    let record = |every: u32| {
        let mut out = Collector::<Attention> { frame_every: every, ..Collector::default() };
        train::<Attention>(&small(), &mut out).expect("runs");
        out.record()
    };
    assert_eq!(record(1), record(7));
}

#[test]
fn an_excessive_learning_rate_ends_with_a_message() {
    let config = Config {
        optimizer: OptimizerKind::Sgd,
        learning_rate: 10.0,
        sigma: 2.0,
        d_k: 64,
        steps: 300,
        ..Config::default()
    };
    match run::<Attention>(config).1 {
        Err(LabError::Diverged { hint, .. }) => assert!(hint.contains("smaller learning rate")),
        other => assert_eq!(other, Ok(()), "it may survive, but must not fail otherwise"),
    }
}

#[test]
fn a_run_stops_immediately_and_applies_a_changed_learning_rate() {
    let mut out = Collector::<Attention> { stop_at: Some(7), ..Collector::default() };
    train::<Attention>(&small(), &mut out).expect("runs");
    assert_eq!(out.record().arms[SCALED].losses.len(), 7);
    let still = Config { learning_rate: 1e-5, ..small() };
    let mut out = Collector::<Attention> { updates: vec![(5, still)], ..Collector::default() };
    train::<Attention>(&small(), &mut out).expect("runs");
    let (changed, unchanged) =
        (out.record().arms[SCALED].losses.clone(), run::<Attention>(small()).0.arms[SCALED].losses.clone());
    assert_eq!(changed[..5], unchanged[..5]);
    assert_ne!(changed[19], unchanged[19]);
}

/// Returns the module's weights, scores and output for the query of an example.
fn by_the_module(example: &Example, switches: &Switches) -> [Vec<f32>; 3] {
    let device = Device::flex();
    let (n, d_k, d_v) = (example.keys.len(), example.q.len(), example.values[0].len());
    let tensor = |rows: &[Vec<f64>], width: usize| {
        let values: Vec<f32> = rows.iter().flatten().map(|&value| value as f32).collect();
        Tensor::<4>::from_data(TensorData::new(values, [1, 1, rows.len(), width]), &device)
    };
    // All positions have the same query, so the module's own causal mask can be used.
    let q = tensor(&vec![example.q.clone(); n], d_k);
    let by_hand: Vec<bool> = (0..n * n).map(|at| switches.hidden.get(at % n) == Some(&true)).collect();
    let hidden = Tensor::<4, Bool>::from_data(TensorData::new(by_hand, [1, 1, n, n]), &device);
    let mask = if switches.causal { causal_mask(n, n, &device).bool_or(hidden) } else { hidden };
    let scale = if switches.scaled { default_scale(d_k) } else { 1.0 };
    let given = scaled_dot_product_attention(
        q,
        tensor(&example.keys, d_k),
        tensor(&example.values, d_v),
        Some(mask),
        scale,
    );
    let row = |part: Tensor<4>, width: usize| {
        let row = part.narrow(2, example.position, 1).reshape([width]);
        row.into_data().try_to_vec::<f32>().expect("numbers")
    };
    [row(given.weights, n), row(given.scores, n), row(given.output, d_v)]
}

#[track_caller]
fn agrees(ours: &[f64], theirs: &[f32], size: f64, what: &str) {
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - f64::from(*b)).abs() <= 2e-5 * size.max(1.0), "{what}: {a} and {b}");
    }
}

#[test]
fn the_page_and_the_module_compute_the_same() {
    let mut rng = proptest::test_runner::TestRunner::deterministic();
    let mut number = || {
        use proptest::strategy::{Strategy, ValueTree};
        (-3.0..3.0f64).new_tree(&mut rng).expect("a number").current()
    };
    for (n, d_k, d_v) in [(2, 2, 1), (4, 4, 2), (6, 8, 3), (24, 64, 64)] {
        let mut vector = |width: usize| (0..width).map(|_| number()).collect::<Vec<f64>>();
        let example = Example {
            q: vector(d_k),
            keys: (0..n).map(|_| vector(d_k)).collect(),
            values: (0..n).map(|_| vector(d_v)).collect(),
            position: n / 2,
        };
        for scaled in [true, false] {
            for causal in [true, false] {
                for hidden in [vec![], vec![true, false], vec![true; n]] {
                    let switches = Switches { scaled, causal, hidden };
                    let ours = stages(&example, &switches);
                    let [weights, scores, output] = by_the_module(&example, &switches);
                    agrees(&ours.scores, &scores, d_k as f64, "scores");
                    agrees(&ours.weights, &weights, d_k as f64, "weights");
                    agrees(&ours.output, &output, d_k as f64, "output");
                }
            }
        }
    }
}

#[test]
fn the_query_and_keys_of_a_head_reproduce_its_attention_map() {
    let config = Config { n_heads: 8, n_tokens: 5, ..small() };
    let record = run::<Attention>(config.clone()).0;
    for (arm, net) in record.arms.iter().enumerate() {
        let of = net.projections.as_deref().expect("sent");
        assert_eq!((of.n, of.d_k, of.scaled), (5, 8, arm == SCALED));
        for head in 0..MAX_HEADS {
            for query in 0..5 {
                let example = Example::of_head(of, head, query).expect("there is such a query");
                let given = stages(&example, &Switches { scaled: of.scaled, ..Switches::default() });
                agrees(&given.weights, &net.maps[head][5 * query..5 * (query + 1)], 1.0, "weights");
            }
        }
        assert_eq!(Example::of_head(of, MAX_HEADS, 0), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn configs_round_trip_through_the_address(
        d_k in 4u32..=512, sigma in 0.25f64..=2.0, n_tokens in 2u32..=24, length in 0u32..=24, n_keys in 2u32..=128,
        mask in prop::sample::select(vec![MaskChoice::None, MaskChoice::Causal, MaskChoice::Padding]),
        (d_model, n_heads, n_seeds) in (2u32..=128, 1u32..=8, 2u32..=16), seed in 0u32..=999_999,
    ) {
        let config = Config { d_k, sigma, n_tokens, mask, length, n_keys, n_seeds, d_model, n_heads, seed, ..Config::default() };
        let (read, warnings) = from_query(&Config::default(), &to_query(&config));
        prop_assert_eq!(warnings, Vec::<String>::new());
        prop_assert_eq!(read, config);
    }
}

fn two_look_ups(seed: u32) -> Config {
    Config { task: Task::TwoLookUps, seed, ..Config::default() }
}

#[test]
fn one_head_cannot_do_two_look_ups_at_once() {
    for seed in 1..=5 {
        let (record, result) = run::<Attention>(two_look_ups(seed));
        assert_eq!(result, Ok(()));
        let last = |arm: usize| record.arms[arm].losses.recent_mean(10).expect("losses");
        let [several, one] = [SCALED, UNSCALED].map(last);
        println!(
            "seed {seed}: two heads {several:.4} nats, accuracy {:?}, solved after {:?}; one head {one:.4}, {:?}, entropy {:?}",
            record.arms[SCALED].accuracy.last_y(),
            steps_to_solve(&record.arms[SCALED].losses, solved_below(Task::TwoLookUps)),
            record.arms[UNSCALED].accuracy.last_y(),
            record.arms[UNSCALED].entropy.last_y(),
        );
        assert!(one > one_head_loss() && several < solved_below(Task::TwoLookUps), "{several} and {one}");
        let lens = record.arms.each_ref().map(|net| net.maps.len());
        assert_eq!(lens, [2, 1]);
        let second = record.arms[SCALED].second.as_ref().expect("a second question");
        let first = record.arms[SCALED].sequence.as_ref().expect("a sequence");
        assert!(first.positions.iter().zip(&second.positions).all(|(a, b)| a != b));
    }
}

/// A head with fixed weights on both tokens and the best symmetric readout; see `one_head_loss`.
#[test]
fn the_level_of_one_head_is_the_infimum_over_weights_and_readouts() {
    // The loss of one answer: its token has weight b, the other has a, and the readout multiplies by t.
    let loss = |a: f64, b: f64, t: f64| {
        let differ = (1.0 + ((a - b) * t).exp() + 6.0 * (-b * t).exp()).ln();
        let equal = (1.0 + 7.0 * (-(a + b) * t).exp()).ln();
        7.0 / 8.0 * differ + equal / 8.0
    };
    let mut lowest = f64::INFINITY;
    for split in 0..=100 {
        let a = f64::from(split) / 200.0 + 0.5;
        let best = |a: f64, b: f64| {
            let scales = (-40..=400).map(|t| f64::from(t) * 10.0);
            scales.map(|t| loss(a, b, t)).filter(|loss| loss.is_finite()).fold(f64::INFINITY, f64::min)
        };
        let mean = (best(a, 1.0 - a) + best(1.0 - a, a)) / 2.0;
        assert!(mean > one_head_loss(), "weight {a}: {mean}");
        lowest = lowest.min(mean);
    }
    // Weights of 0.505 and 0.495 are already close to it.
    assert!(lowest < 1.35 * one_head_loss(), "{lowest} and {}", one_head_loss());
    assert!((one_head_loss() - 0.3033).abs() < 1e-4 && (one_head_accuracy() - 0.5625).abs() < 1e-12);
}

#[test]
fn both_networks_of_two_look_ups_have_the_same_number_of_parameters() {
    for n_heads in [1, 2, 3, 4, 8] {
        let config = Config { n_heads, n_keys: 2, n_seeds: 2, ..two_look_ups(1) };
        let record = probe::<Attention>(config.clone());
        let untrained = record.untrained[Task::TwoLookUps as usize].as_ref().expect("measured");
        let [several, one] = untrained.nets.each_ref();
        assert_eq!(several.params, one.params, "{n_heads} heads");
        assert_eq!((several.maps.len(), one.maps.len()), (n_heads as usize, 1));
    }
}

#[test]
fn the_untrained_maps_are_those_from_which_training_starts() {
    for task in [Task::LookUp, Task::TwoLookUps] {
        let config = Config { task, ..small() };
        let record = probe::<Attention>(config.clone());
        // Both tasks are measured, whatever the run is set up for.
        assert!(record.untrained.iter().all(Option::is_some));
        let untrained = record.untrained[task as usize].as_ref().expect("measured");
        let mut out = Collector::<Attention>::default();
        train::<Attention>(&config, &mut out).expect("runs");
        for arm in [SCALED, UNSCALED] {
            let first = out.frames.iter().find_map(|(of, frame)| match frame {
                Frame::Train(_, measured) if *of == arm => Some(&measured.maps),
                _ => None,
            });
            assert_eq!(first, Some(&untrained.nets[arm].maps), "{task:?}, arm {arm}");
        }
        let net = &out.record().arms[SCALED];
        assert_eq!(net.sequence.as_ref(), Some(&untrained.sequence));
        assert_eq!(net.second, untrained.second);
    }
}

#[test]
fn networks_are_named_after_the_task() {
    let names = |config: &Config| {
        let record = run::<Attention>(Config { steps: 2, d_k: 8, ..config.clone() }).0;
        let series = Attention::named_series(config, &record);
        let metrics = Attention::metrics(config, &record);
        let of_loss = |name: &str| name.starts_with("loss_");
        let series: Vec<String> =
            series.iter().map(|one| one.metric.to_string()).filter(|name| of_loss(name)).collect();
        let metrics: Vec<String> =
            metrics.iter().map(|one| one.name.to_string()).filter(|name| of_loss(name)).collect();
        assert_eq!(series, metrics);
        (series, Attention::arms(config).iter().map(|arm| arm.title).collect::<Vec<_>>())
    };
    let (series, titles) = names(&Config::default());
    assert_eq!(series, ["loss_scaled", "loss_unscaled"]);
    assert_eq!(titles, ["scaled", "unscaled"]);
    let (series, titles) = names(&two_look_ups(1));
    assert_eq!(series, ["loss_heads", "loss_one_head"]);
    assert_eq!(titles, ["two heads", "one head"]);
    assert_eq!(Attention::arms(&Config { n_heads: 8, ..two_look_ups(1) })[0].title, "eight heads");
}

#[test]
fn runs_that_were_saved_before_there_were_two_tasks_still_load() {
    let record = run::<Attention>(small()).0;
    let saved = Attention::save_arm(&record, SCALED);
    let mut loaded = Record::default();
    // The field of the second question was added at the end; without a value it is one zero.
    assert_eq!(saved.last(), Some(&0));
    assert!(Attention::load_arm(&mut loaded, SCALED, &saved[..saved.len() - 1]));
    assert_eq!(loaded.arms[SCALED], record.arms[SCALED]);
    assert!(!Attention::load_arm(&mut loaded, SCALED, &saved[..saved.len() / 2]));
    let record = run::<Attention>(Config { steps: 2, ..two_look_ups(1) }).0;
    assert!(Attention::load_arm(&mut loaded, SCALED, &Attention::save_arm(&record, SCALED)));
    assert_eq!(loaded.arms[SCALED], record.arms[SCALED]);
}

#[test]
fn with_one_projection_tokens_attend_to_themselves() {
    for seed in 1..=5 {
        let config = Config { seed, n_keys: 2, n_seeds: 2, ..Config::default() };
        let roles = probe::<Attention>(config).roles.expect("measured");
        let [shared, separate] = roles.diagonal.map(|spread| spread.mean);
        println!(
            "seed {seed}: {shared:.3} and {separate:.3} on the diagonal, asymmetry {:?}",
            roles.asymmetry
        );
        assert!(shared > 0.9 && (separate - 0.125).abs() < 0.04, "{shared} and {separate}");
        assert!(roles.asymmetry[0] < 1e-4 && roles.asymmetry[1] > 1.0, "{:?}", roles.asymmetry);
        for weights in &roles.weights {
            assert!(weights.chunks(8).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
        }
    }
}

#[test]
fn the_time_of_a_layer_is_measured_at_every_length() {
    for config in [small(), Config { n_heads: 5, ..small() }] {
        let cost = probe::<Attention>(config).cost.expect("measured");
        assert_eq!(cost.points.iter().map(|point| point.n).collect::<Vec<_>>(), COST_LENGTHS);
        assert!(cost.points.iter().all(|point| point.project_ms > 0.0 && point.attend_ms > 0.0));
        // Sixteen times the length is 256 times the weights.
        let (first, last) = (cost.points[0], cost.points[4]);
        assert!(last.attend_ms > 4.0 * first.attend_ms, "{first:?} and {last:?}");
    }
}
