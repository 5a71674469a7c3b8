//! Section 1: the network compared with numbers computed by hand, and short runs of the experiment on the
//! CPU.
#![cfg(feature = "compute")]

use crate::collector::{Collector, probe, run, train, values};
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::core::points::{Point, Points};
use nn_lab::core::query::Query;
use nn_lab::core::settings::{Settings, from_query, to_query, with};
use nn_lab::core::{LabError, Verdict};
use nn_lab::data::plane::{Points as PlanePoints, Shape, points};
use nn_lab::models::mlp::{Activation, Mlp as Net};
use nn_lab::models::weights::{WeightRng, count_params};
use nn_lab::run::Experiment;
use nn_lab::sections::mlp::{
    ActivationChoice, BEST_LINE, Config, Dataset, FIT_SIZES, Frame, LINEAR, MAP_SIDE, Measured, Mlp, ModelId,
    NONLINEAR, OptimizerKind, ParamIndex, PlaneChoice, Record, ReluSum, Request, Samples, Score, Snapshot,
    Target, layer_params, params_formula, rank_bound,
};
use proptest::prelude::*;

fn small() -> Config {
    Config { steps: 60, width: 16, ..Config::default() }
}

/// Returns settings with hidden layers of these widths.
fn with_widths(hidden: &[u32]) -> Config {
    with(&Config::default(), "hidden", &hidden.to_vec().into()).expect("a list of widths")
}

#[test]
fn forward_matches_numbers_computed_by_hand() {
    let device = Device::flex();
    let nets = [Activation::Relu, Activation::Identity]
        .map(|activation| Net::new(2, &[2], 1, activation, true, &mut WeightRng::new(1), &device));
    let set = |values: Vec<f32>, shape: [usize; 2]| {
        burn::module::Param::from_tensor(Tensor::<2>::from_data(TensorData::new(values, shape), &device))
    };
    let bias = |values: Vec<f32>| {
        let n = values.len();
        Some(burn::module::Param::from_tensor(Tensor::<1>::from_data(TensorData::new(values, [n]), &device)))
    };
    // h = relu([1, 2] [[1, -1], [2, 1]] + [0.5, -4]) = relu([5.5, -3]) = [5.5, 0]; y = 5.5 * 2 + 0 * 7 - 1 =
    // 10.
    let [net, linear] = nets.map(|mut net| {
        net.layers[0].weight = set(vec![1., -1., 2., 1.], [2, 2]);
        net.layers[0].bias = bias(vec![0.5, -4.]);
        net.layers[1].weight = set(vec![2., 7.], [2, 1]);
        net.layers[1].bias = bias(vec![-1.]);
        net
    });
    let x = || Tensor::from_data(TensorData::new(vec![1.0f32, 2.0], [1, 2]), &device);
    let value = |t: Tensor<2>| t.into_data().try_to_vec::<f32>().expect("floats")[0];
    assert_eq!(value(net.forward(x())), 10.0);
    // Without the activation function: 5.5 * 2 - 3 * 7 - 1 = -11, the result of the single matrix.
    assert_eq!(value(linear.forward(x())), -11.0);
    let (w, b) = linear.collapsed().expect("layers");
    assert_eq!(value(x().matmul(w) + b.expect("biases")), -11.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_formula_matches_the_module(
        dims in prop::collection::vec(1u32..40, 2..8), bias: bool,
    ) {
        let sizes: Vec<usize> = dims.iter().map(|&d| d as usize).collect();
        let [d_in, hidden @ .., d_out] = &*sizes else { panic!("two at least") };
        let net = Net::new(*d_in, hidden, *d_out, Activation::Relu, bias, &mut WeightRng::new(1), &Device::flex());
        prop_assert_eq!(layer_params(&dims, bias).iter().sum::<u64>(), count_params(&net) as u64);
    }

    #[test]
    fn configs_round_trip_through_the_address(config in any_config()) {
        let (read, warnings) = from_query(&Config::default(), &to_query(&config));
        prop_assert_eq!(warnings, Vec::<String>::new());
        prop_assert_eq!(read, config);
    }

    #[test]
    fn any_address_results_in_a_config(pairs in prop::collection::vec(("[a-z_]{1,12}|depth|width|hidden|noise|bias|dataset", ".*|[0-9]{1,4}(,[0-9]{1,4}){0,20}"), 0..6)) {
        let (config, _) = from_query(&Config::default(), &pairs.into_iter().collect());
        prop_assert!((1..=12).contains(&config.depth) && (1..=256).contains(&config.width));
        prop_assert!(config.hidden.len() <= 12 && config.hidden.iter().all(|d| (1..=256).contains(d)));
        prop_assert!(config.hidden.is_empty() || config.hidden.len() == config.depth as usize);
        prop_assert!(config.learning_rate.is_finite() && config.noise.is_finite());
    }

    #[test]
    fn the_linear_rank_never_exceeds_its_bound(
        hidden in prop::collection::vec(1u32..24, 1..6), d_in in 1u32..12, n_probe in 2u32..40, bias: bool, seed in 0u32..50,
    ) {
        let depth = hidden.len();
        let config = Config { d_in, n_probe, bias, seed, ..with_widths(&hidden) };
        let record = probe::<Mlp>(config.clone());
        let collapse = record.collapse.expect("a probe has a collapse");
        prop_assert_eq!(collapse.layers.len(), depth + 1);
        let output = collapse.layers.last().expect("an output");
        prop_assert!(output.linear.rank <= rank_bound(&config), "{:?}", output.linear);
        prop_assert!(collapse.max_abs_diff <= collapse.diff_tolerance, "{} > {}", collapse.max_abs_diff, collapse.diff_tolerance);
    }
}

prop_compose! {
    fn any_config()(
        dataset in prop::sample::select(vec![Dataset::Spirals, Dataset::Circles, Dataset::Moons, Dataset::Xor, Dataset::FashionMnist, Dataset::Drawn, Dataset::Curve, Dataset::Own]),
        activation in prop::sample::select(vec![ActivationChoice::Relu, ActivationChoice::Gelu, ActivationChoice::Tanh, ActivationChoice::Sigmoid, ActivationChoice::Identity]),
        optimizer in prop::sample::select(vec![OptimizerKind::Adam, OptimizerKind::Momentum, OptimizerKind::Sgd]),
        noise in 0.0f64..=0.5, depth in 1u32..=12, width in 1u32..=256, learning_rate in 1e-5f64..=10.0,
        batch_size in 1u32..=512, steps in 1u32..=20_000, seed in 0u32..=999_999,
        (d_in, n_probe, bias) in (1u32..=64, 2u32..=256, any::<bool>()),
        hidden in prop::collection::vec(1u32..=256, 0..=12),
        target in prop::sample::select(vec![Target::Wave, Target::Bump, Target::Step, Target::Root]),
        (directions, pieces) in (0u32..=64, 1u32..=32),
        (weight_decay, axis_x, axis_y, drawn) in (0.0f64..=1.0, 1u32..=64, 1u32..=64, prop::collection::vec((-1.25f32..=1.25, -1.25f32..=1.25, 0u8..6), 0..20)),
        plane in prop::sample::select(vec![PlaneChoice::Features, PlaneChoice::Components]),
        data in prop::sample::select(vec!["", "f4k3-9f86d081884c7d65", "f64r-0000000000000000"]),
    ) -> Config {
        let points = Points(drawn.into_iter().map(|(x, y, class)| Point::new(x, y, class)).collect()).encode();
        // A list of widths determines the settings `depth` and `width`.
        let depth = if hidden.is_empty() { depth } else { hidden.len() as u32 };
        let width = hidden.iter().copied().max().unwrap_or(width);
        Config { dataset, noise, depth, width, hidden, activation, optimizer, learning_rate, batch_size, steps, seed, d_in, n_probe, bias, directions, pieces, target, weight_decay, axis_x, axis_y, plane, points, data: data.to_owned() }
    }
}

#[test]
fn addresses_out_of_bounds_are_clamped_and_reported() {
    let query = |key: &str, value: &str| Query::from([(key, value)]);
    let (config, warnings) = from_query(&Config::default(), &query("width", "1e9"));
    assert_eq!((config.width, warnings.len()), (256, 1));
    let (config, warnings) = from_query(&Config::default(), &query("depth", "banana"));
    assert_eq!((config.depth, warnings.len()), (3, 1));
    let (config, warnings) = from_query(&Config::default(), &query("learning_rate", "NaN"));
    assert_eq!((config.learning_rate, warnings.len()), (0.01, 1));
    let (config, warnings) = from_query(&Config::default(), &query("nosuch", "1"));
    assert_eq!((config, warnings.len()), (Config::default(), 0));
}

#[test]
fn a_relu_network_learns_spirals_and_a_linear_one_does_not() {
    let config = Config { steps: 600, ..Config::default() };
    let (record, result) = run::<Mlp>(config.clone());
    assert_eq!(result, Ok(()));
    let (linear, activated) =
        (record.arms[LINEAR].accuracy().expect("scored"), record.arms[NONLINEAR].accuracy().expect("scored"));
    assert!(linear < 0.7, "linear {linear}");
    assert!(activated > 0.9, "non-linear {activated}");
    assert_eq!(record.arms[NONLINEAR].losses.len(), 600);
    assert!(
        record.arms[NONLINEAR]
            .losses
            .iter()
            .enumerate()
            .all(|(i, &(step, loss))| step == i as f64 + 1.0 && loss.is_finite())
    );
    assert_eq!(record.arms[NONLINEAR].grad_norms.len(), config.depth as usize + 1);
    let checks = Mlp::checks(&config, &record);
    assert_eq!(checks.last().map(|check| check.verdict), Some(Verdict::Holds));
    assert!(checks.iter().any(|check| check.verdict == Verdict::Open), "nothing was probed");
}

#[test]
fn runs_are_reproducible_and_depend_on_the_seed() {
    let first = run::<Mlp>(small()).0;
    assert_eq!(first, run::<Mlp>(small()).0);
    assert_ne!(
        first.arms[NONLINEAR].losses,
        run::<Mlp>(Config { seed: 2, ..small() }).0.arms[NONLINEAR].losses.clone()
    );
}

#[test]
fn the_frame_rate_does_not_change_the_run() {
    let losses = |every: u32| {
        let mut out = Collector::<Mlp> { frame_every: every, ..Collector::default() };
        train::<Mlp>(&small(), &mut out).expect("runs");
        let record = out.record();
        (record.arms[NONLINEAR].losses.clone(), record.arms[NONLINEAR].scores.clone())
    };
    assert_eq!(losses(1), losses(17));
}

#[test]
fn without_a_non_linearity_both_networks_are_equal() {
    let record = run::<Mlp>(Config { activation: ActivationChoice::Identity, ..small() }).0;
    assert_eq!(record.arms[LINEAR].losses.clone(), record.arms[NONLINEAR].losses.clone());
}

#[test]
fn an_excessive_learning_rate_ends_with_a_message() {
    let config =
        Config { optimizer: OptimizerKind::Sgd, learning_rate: 10.0, steps: 400, ..Config::default() };
    let Err(LabError::Diverged { hint, .. }) = run::<Mlp>(config).1 else { panic!("the run should diverge") };
    assert!(hint.contains("smaller learning rate"));
}

#[test]
fn a_run_stops_immediately_and_applies_a_changed_learning_rate() {
    let mut out = Collector::<Mlp> { stop_at: Some(7), ..Collector::default() };
    train::<Mlp>(&small(), &mut out).expect("runs");
    assert_eq!(out.record().arms[LINEAR].losses.len(), 7);
    let still = Config { learning_rate: 1e-5, ..small() };
    let mut out = Collector::<Mlp> { updates: vec![(5, still)], ..Collector::default() };
    train::<Mlp>(&small(), &mut out).expect("runs");
    let changed = out.record().arms[NONLINEAR].losses.clone();
    let unchanged = run::<Mlp>(small()).0.arms[NONLINEAR].losses.clone();
    assert_eq!(changed[..5], unchanged[..5]);
    assert_ne!(changed[40], unchanged[40]);
}

#[test]
fn training_on_fashion_mnist_reaches_its_accuracy() {
    let config = Config {
        dataset: Dataset::FashionMnist,
        depth: 1,
        width: 64,
        learning_rate: 1e-3,
        steps: 300,
        ..Config::default()
    };
    let (record, result) = run::<Mlp>(config);
    assert_eq!(result, Ok(()));
    let accuracy = record.arms[NONLINEAR].accuracy().expect("scored");
    assert!(accuracy > 0.75, "{accuracy}");
    let Some(Samples::Images { side, pixels, labels }) = record.arms[NONLINEAR].samples.as_deref() else {
        panic!("images")
    };
    assert_eq!((*side, pixels.len(), labels.len()), (28, 24 * 784, 24));
    assert_eq!(record.arms[NONLINEAR].predictions.len(), 24);
}

#[test]
fn a_list_of_widths_agrees_with_depth_and_width() {
    let read = |text: &str| from_query(&Config::default(), &Query::parse(text));
    let (config, warnings) = read("hidden=8,16,4&depth=7&width=2");
    assert!(warnings.is_empty());
    assert_eq!(
        (config.depth, config.width, config.hidden_dims()),
        (3, 16, vec![8, 16, 4]),
        "the list decides"
    );
    assert_eq!(to_query(&config).to_string(), "hidden=8,16,4", "what follows from it is not said");
    let deeper = with(&config, "depth", &4.into()).expect("it is taken");
    assert_eq!(
        (deeper.hidden.len(), deeper.hidden_dims()),
        (0, vec![16; 4]),
        "moving a slider makes layers alike"
    );
    assert_eq!(with(&config, "width", &5.into()).expect("it is taken").hidden_dims(), vec![5; 3]);
    assert_eq!(with(&config, "seed", &5.into()).expect("it is taken").hidden_dims(), vec![8, 16, 4]);
    assert_eq!(read("").0.hidden_dims(), vec![32; 3]);
    for (text, taken, words) in [
        ("8,1000,4", vec![8, 256, 4], "from 1 to 256"),
        ("0", vec![1], "from 1 to 256"),
        ("2,2,2,2,2,2,2,2,2,2,2,2,2", vec![2; 12], "at most 12"),
        ("3.6", vec![4], "whole numbers"),
        ("8,banana", vec![], "not a list of whole numbers"),
        ("NaN", vec![], "not a list of whole numbers"),
    ] {
        let (config, warnings) = read(&format!("hidden={text}"));
        assert_eq!(config.hidden, taken, "{text}");
        assert!(warnings.iter().any(|warning| warning.contains(words)), "{text}: {warnings:?}");
    }
    assert_eq!(read("hidden= 8, 16 ,4 ").0.hidden, [8, 16, 4]);
    let said = nn_lab::core::sweep::Axis::read(Config::PARAMS, "hidden:8,16").expect_err("a list is no axis");
    assert!(said.to_string().contains("Hidden layers or Width"), "{said}");
}

#[test]
fn depth_and_width_build_the_same_network_as_the_equivalent_list() {
    let short = Config { depth: 2, width: 6, steps: 20, ..Config::default() };
    let list = Config { hidden: vec![6, 6], ..short.clone() };
    let losses = |config: Config| run::<Mlp>(config).0.arms[NONLINEAR].losses.clone();
    assert_eq!(losses(short), losses(list));
}

#[test]
fn networks_with_any_list_of_widths_are_built_and_counted() {
    let config = with_widths(&[8, 1, 16]);
    let record = probe::<Mlp>(config.clone());
    // 2 x 8 + 8, 8 x 1 + 1, 1 x 16 + 16, 16 x 2 + 2
    assert_eq!(params_formula(&config), 24 + 9 + 32 + 34);
    assert_eq!(record.params_counted.map(u64::from), Some(params_formula(&config)));
    let collapse = record.collapse.expect("a collapse");
    let ranks: Vec<u32> = collapse.layers.iter().map(|layer| layer.linear.rank).collect();
    assert_eq!(
        ranks,
        [8, 1, 2, 2],
        "one direction comes through a layer of one unit, and the biases add one"
    );
}

#[test]
fn the_initialization_preserves_the_signal_of_a_linear_network_at_any_depth() {
    // Without biases, the mean square is multiplied by about 1 per layer with gain 1. The gain of ReLU would
    // multiply it by 2 per layer, that is by 1024 after ten.
    let device = Device::flex();
    let growth = |seed| {
        let hidden = [64; 10];
        let net = Net::new(64, &hidden, 64, Activation::Identity, false, &mut WeightRng::new(seed), &device);
        let x = WeightRng::new(seed + 100).normal::<2>([64, 64], 1.0, &device).val();
        let mean_square = |t: Tensor<2>| f64::from(values((t.clone() * t).mean().unsqueeze::<1>())[0]);
        let last_hidden = net.forward_layers(x.clone()).swap_remove(9);
        mean_square(last_hidden) / mean_square(x)
    };
    let mean = (1..=10).map(growth).sum::<f64>() / 10.0;
    assert!((0.5..2.0).contains(&mean), "{mean}");
}

/// The claim of the sweep "Rank over depth", for all its values.
#[test]
fn at_any_depth_only_the_non_linear_network_exceeds_the_rank_of_one_layer() {
    for seed in 1..=3 {
        for depth in [1, 2, 4, 6, 8, 12] {
            let config = Config { depth, seed, ..Config::default() };
            let bound = rank_bound(&config);
            let collapse = probe::<Mlp>(config).collapse.expect("a collapse");
            let output = collapse.layers.last().expect("an output");
            let (linear, nonlinear) = (output.linear.rank, output.nonlinear.rank);
            assert!(
                linear <= bound && nonlinear > bound,
                "depth {depth}, seed {seed}: {linear}, {nonlinear}"
            );
        }
    }
}

#[test]
fn the_first_step_of_adam_moves_every_weight_by_the_learning_rate() {
    let learning_rate = 0.004;
    let config = Config { learning_rate, steps: 1, ..with_widths(&[8]) };
    for optimizer in [OptimizerKind::Adam, OptimizerKind::Sgd] {
        let config = Config { optimizer, ..config.clone() };
        let (before, after) = (probe::<Mlp>(config.clone()), run::<Mlp>(config).0);
        let moved = |arm| {
            let pairs = snapshot(&before, arm).params.into_iter().zip(snapshot(&after, arm).params);
            pairs.map(|(before, after)| f64::from((after - before).abs())).collect::<Vec<_>>()
        };
        let moved = moved(LINEAR);
        let by_rate = moved.iter().filter(|moved| (*moved / learning_rate - 1.0).abs() < 0.01).count();
        match optimizer {
            OptimizerKind::Adam => assert_eq!(by_rate, moved.len(), "{moved:?}"),
            _ => assert!(by_rate < moved.len() / 4, "SGD follows the gradient: {moved:?}"),
        }
    }
}

/// Returns the best accuracy that any straight line reaches on these points, over 360 directions.
fn best_line(points: &PlanePoints) -> f64 {
    let n = points.y.len();
    let of_direction = |degrees: u32| {
        let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
        let mut along: Vec<(f64, u8)> = points
            .x
            .iter()
            .zip(&points.y)
            .map(|(&[x, y], &class)| (cos * f64::from(x) + sin * f64::from(y), class))
            .collect();
        along.sort_by(|a, b| a.0.total_cmp(&b.0));
        // With the threshold before all points, class 1 is predicted everywhere.
        let mut right = along.iter().filter(|(_, class)| *class == 1).count();
        let mut best = right.max(n - right);
        for (_, class) in along {
            right = if class == 0 { right + 1 } else { right - 1 };
            best = best.max(right).max(n - right);
        }
        best
    };
    (0..180).map(of_direction).max().unwrap_or_default() as f64 / n as f64
}

#[test]
fn no_straight_line_reaches_the_bound_of_the_check() {
    for seed in 0..10 {
        let best = |shape| best_line(&points(shape, 600, 0.03, seed));
        for shape in [Shape::Spirals, Shape::Circles, Shape::Xor] {
            assert!(best(shape) < BEST_LINE, "{shape:?}, seed {seed}: {}", best(shape));
        }
        assert!(best(Shape::Moons) > 0.8, "seed {seed}: {}", best(Shape::Moons));
    }
}

/// Returns the verdict of the check of the training result, for a record with these test accuracies.
fn learning_verdict(dataset: Dataset, linear: f32, nonlinear: f32) -> Verdict {
    let mut record = Record::default();
    for (arm, test) in [(LINEAR, linear), (NONLINEAR, nonlinear)] {
        record.arms[arm].scores = vec![Score { step: 100, train: test, test }].into();
    }
    let checks = Mlp::checks(&Config { dataset, ..Config::default() }, &record);
    checks.last().expect("a check").verdict
}

#[test]
fn the_check_of_the_training_result_fails_if_either_half_of_its_claim_does() {
    for dataset in [Dataset::Spirals, Dataset::Circles, Dataset::Xor] {
        assert_eq!(learning_verdict(dataset, 0.62, 0.99), Verdict::Holds);
        assert_eq!(learning_verdict(dataset, 0.62, 0.75), Verdict::Fails, "the non-linear one is not good");
        assert_eq!(learning_verdict(dataset, 0.79, 1.0), Verdict::Fails, "the linear one is too good");
    }
    for dataset in [Dataset::Moons, Dataset::FashionMnist] {
        let [low, high] = if dataset == Dataset::Moons { [0.87, 0.99] } else { [0.8, 0.84] };
        assert_eq!(learning_verdict(dataset, low, high), Verdict::Holds);
        assert_eq!(learning_verdict(dataset, low, low), Verdict::Fails, "nothing is gained");
        assert_eq!(learning_verdict(dataset, 0.5, high), Verdict::Fails, "the linear one is not good");
    }
}

/// Layers of two units keep the ring around the disc, or project both onto a line: "circles-two".
#[test]
fn no_stack_of_layers_of_two_units_separates_a_disc_from_a_ring() {
    let device = Device::flex();
    let circle = |radius: f32, n: usize| {
        let angle = |i: usize| std::f32::consts::TAU * i as f32 / n as f32;
        let points = (0..n).flat_map(|i| [radius * angle(i).cos(), radius * angle(i).sin()]);
        Tensor::<2>::from_data(TensorData::new(points.collect::<Vec<f32>>(), [n, 2]), &device)
    };
    let (ring, center) = (circle(0.85, 4000), Tensor::<2>::zeros([1, 2], &device));
    for seed in 0..100 {
        let net = Net::new(2, &[2; 4], 2, Activation::Tanh, true, &mut WeightRng::new(seed), &device);
        let last_hidden = |x: &Tensor<2>| values(net.forward_layers(x.clone()).swap_remove(3));
        let (ring, center) = (last_hidden(&ring), last_hidden(&center));
        let angles: Vec<f32> =
            ring.chunks_exact(2).map(|p| (p[1] - center[1]).atan2(p[0] - center[0])).collect();
        let turn = |i: usize| {
            let turn = angles[(i + 1) % angles.len()] - angles[i];
            turn - std::f32::consts::TAU * (turn / std::f32::consts::TAU).round()
        };
        let turns = (0..angles.len()).map(turn).sum::<f32>() / std::f32::consts::TAU;
        assert!((turns.abs() - 1.0).abs() < 1e-3, "seed {seed}: {turns} turns around the center");
    }
    // A singular matrix projects onto a line. There, the ring covers the disc.
    let along = |x: Tensor<2>| values(x).chunks_exact(2).map(|p| p[0] + 2.0 * p[1]).collect::<Vec<f32>>();
    let reach = |x: Tensor<2>| along(x).into_iter().fold(0.0f32, |reach, value| reach.max(value.abs()));
    assert!(reach(circle(0.45, 400)) < reach(circle(0.75, 400)));
}

const OF: ModelId = ModelId { arm: NONLINEAR as u8, seed: 1 };

/// Runs the experiment with requests after the given steps.
fn asked(config: &Config, requests: &[(u32, Request)]) -> Record {
    let encoded = requests.iter().map(|(at, request)| (*at, postcard::to_stdvec(request).expect("bytes")));
    let mut out = Collector::<Mlp> { requests: encoded.collect(), ..Collector::default() };
    train::<Mlp>(config, &mut out).expect("it runs");
    out.record()
}

fn snapshot(record: &Record, arm: usize) -> Snapshot {
    (**record.net(arm).expect("a net")).clone()
}

#[test]
fn the_probe_shows_the_initialized_networks() {
    let config = with_widths(&[4, 3]);
    let record = probe::<Mlp>(config);
    let (linear, activated) = (snapshot(&record, LINEAR), snapshot(&record, NONLINEAR));
    assert_eq!((&*activated.dims, activated.step, activated.edits), (&[2, 4, 3, 2][..], 0, 0));
    for (index, (linear, activated)) in linear.params.iter().zip(&activated.params).enumerate() {
        // Weights of the hidden layers: 2 x 4 and 4 x 3, each before its biases. ReLU has a gain of sqrt(2).
        let gain = if (0..8).contains(&index) || (12..24).contains(&index) { 2.0f32.sqrt() } else { 1.0 };
        assert!((gain * linear - activated).abs() < 1e-6, "{index}: {linear} and {activated}");
    }
    assert_eq!(activated.params.len(), 12 + 15 + 8);
    assert_eq!(activated.maps.len(), 9 * MAP_SIDE * MAP_SIDE);
    // A map follows the equation: h = relu(x W + b) at the center of the first cell.
    let at = (0.5 / MAP_SIDE as f32 * 2.0 - 1.0) * 1.25;
    for unit in 0..4 {
        let value = |from| activated.value(ParamIndex { layer: 0, from, to: unit }).expect("a weight");
        let h = (at * value(Some(0)) + at * value(Some(1)) + value(None)).max(0.0);
        let (cells, (low, high)) = activated.map(1, unit).expect("a map");
        assert!(low >= 0.0, "a ReLU gives nothing below 0");
        let drawn = low + f32::from(cells[0]) / 255.0 * (high - low);
        assert!((drawn - h).abs() <= (high - low) / 255.0 + 1e-6, "{drawn}, not {h}");
    }
    let shows = |record: &Record| matches!(record.samples().map(|samples| &**samples), Some(Samples::Points(points)) if points.len() == 600);
    assert!(shows(&record));
    assert_eq!(record.boundary(NONLINEAR).map(|boundary| boundary.len()), Some(48 * 48));
    let images = probe::<Mlp>(Config { dataset: Dataset::FashionMnist, ..with_widths(&[4]) });
    let net = snapshot(&images, NONLINEAR);
    assert_eq!((net.params.len(), net.maps.len()), (785 * 4 + 50, 0));
}

/// Returns the first report of an arm's run: what it measured before its first step.
fn before_training(config: &Config, arm: usize) -> Measured {
    let watch = Request::Watch(Some(ModelId { arm: arm as u8, seed: config.seed }));
    let watch = postcard::to_stdvec(&watch).expect("bytes");
    let mut out = Collector::<Mlp> { requests: vec![(0, watch)], stop_at: Some(1), ..Collector::default() };
    train::<Mlp>(config, &mut out).expect("it trains");
    let first = out.frames.iter().find_map(|(of, frame)| match frame {
        Frame::Train { measured, .. } if *of == arm => Some(measured.clone()),
        _ => None,
    });
    first.expect("a report")
}

/// The page draws before training exactly the network that the run starts from.
#[test]
fn the_probe_predicts_with_exactly_the_weights_that_training_starts_from() {
    let images = Config { dataset: Dataset::FashionMnist, ..with_widths(&[8, 6]) };
    for config in [small(), Config { seed: 7, activation: ActivationChoice::Gelu, ..small() }, images] {
        let record = probe::<Mlp>(config.clone());
        let run = run::<Mlp>(Config { steps: 1, ..config.clone() }).0;
        for arm in [LINEAR, NONLINEAR] {
            let first = before_training(&config, arm);
            let at_start = first.snapshot.expect("a snapshot");
            assert_eq!(at_start.step, 0);
            assert_eq!(record.net(arm), Some(&at_start), "weights and maps");
            assert_eq!(record.boundary(arm).map(|values| &**values), Some(&first.boundary));
            assert_eq!(record.predictions(arm).map(|classes| &**classes), Some(&first.predictions));
            // The gradient of the first batch is that of step 1.
            let (step, norms) = record.grad_norms(arm).expect("gradients");
            let (first_step, of_run) = run.grad_norms(arm).expect("gradients");
            assert_eq!((step, first_step, norms.len()), (0, 1, at_start.layers()));
            assert_eq!(norms, of_run);
            assert_eq!(record.gradient_ratio(arm), run.gradient_ratio(arm));
        }
        assert_eq!(record.samples(), run.samples());
    }
}

#[test]
fn images_have_predictions_before_training_and_networks_of_any_size_a_boundary() {
    let images = probe::<Mlp>(Config { dataset: Dataset::FashionMnist, ..with_widths(&[4]) });
    assert_eq!(images.predictions(NONLINEAR).map(|classes| classes.len()), Some(24));
    assert_eq!(images.boundary(NONLINEAR).map(|values| values.len()), Some(0));
    let large = probe::<Mlp>(Config { depth: 4, width: 256, n_probe: 2, d_in: 1, ..Config::default() });
    for arm in [LINEAR, NONLINEAR] {
        let boundary = large.boundary(arm).expect("a boundary");
        assert!(boundary.len() == 48 * 48 && boundary.iter().all(|p| (0.0..=1.0).contains(p)));
        assert!(!large.net(arm).expect("a network").maps.is_empty());
    }
}

#[test]
fn without_the_file_with_the_images_everything_else_is_measured() {
    let config = Config { dataset: Dataset::FashionMnist, ..with_widths(&[4]) };
    let damaged = [("data/fashion-mnist.bin".to_owned(), vec![0; 9].into())].into();
    let (record, result) = Collector::<Mlp> { user_files: damaged, ..Collector::default() }.probe(&config);
    assert!(matches!(result, Err(LabError::Data(_))), "{result:?}");
    assert!(record.collapse.is_some() && record.pieces.is_some() && record.samples().is_none());
    assert_eq!(snapshot(&record, NONLINEAR).params.len(), 785 * 4 + 50);
}

#[test]
fn the_outputs_are_the_sum_of_their_directions() {
    let config = Config::default();
    let collapse = probe::<Mlp>(config.clone()).collapse.expect("a collapse");
    let output = collapse.layers.last().expect("an output");
    for (factors, spectrum) in collapse.outputs.iter().zip([&output.linear, &output.nonlinear]) {
        assert_eq!((factors.rows, factors.cols), (config.n_probe as usize, config.width as usize));
        let norm = |values: Vec<f32>| values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        for k in [0, 1, 9, 20, 32, 64] {
            let left = spectrum.singular_values.iter().skip(k).map(|s| s * s).sum::<f64>().sqrt();
            let found = norm(factors.without(k));
            assert!((found - left).abs() < 1e-4 * spectrum.singular_values[0], "{k}: {found}, not {left}");
        }
    }
    let [linear, nonlinear] = &collapse.outputs;
    let largest = |values: Vec<f32>| values.into_iter().fold(0.0f32, |max, value| max.max(value.abs()));
    let bound = rank_bound(&config) as usize;
    assert!(largest(linear.without(bound)) < 1e-5 * largest(linear.without(0)), "only rounding is left");
    assert!(largest(nonlinear.without(bound)) > 0.1 * largest(nonlinear.without(0)));
}

#[test]
fn the_probe_trains_pieces_of_every_width() {
    let config = Config { pieces: 5, target: Target::Bump, ..small() };
    let record = probe::<Mlp>(config.clone());
    let pieces = record.pieces.as_deref().expect("pieces");
    assert_eq!(pieces.sum.units.len(), 5);
    assert_eq!(pieces.errors.iter().map(|(n, _)| *n).collect::<Vec<_>>(), FIT_SIZES);
    assert!(pieces.errors.iter().all(|(_, error)| error.is_finite()));
    let number = |name: &str| {
        Mlp::metrics(&config, &record).into_iter().find(|metric| metric.name == name).and_then(|m| m.value)
    };
    assert_eq!(number("pieces_trained_error"), Some(pieces.sum.max_error(Target::Bump)));
    let formula = ReluSum::interpolating(Target::Bump, 5).max_error(Target::Bump);
    assert_eq!(number("pieces_error"), Some(formula));
    assert!(number("pieces_bound").is_some_and(|bound| bound >= formula));
    let other = probe::<Mlp>(Config { seed: 2, ..config }).pieces.expect("pieces");
    assert_ne!(other.sum, pieces.sum, "these units are initialized from the seed, too");
}

#[test]
fn watching_a_network_sends_more_snapshots_and_does_not_change_the_run() {
    let config = Config { steps: 300, ..small() };
    let count = |requests: Vec<Vec<u8>>| {
        let requests = requests.into_iter().map(|request| (0, request)).collect();
        let mut out = Collector::<Mlp> { frame_every: 1, requests, ..Collector::default() };
        train::<Mlp>(&config, &mut out).expect("it runs");
        let sent = out.frames.iter().filter(|(arm, frame)| {
            *arm == NONLINEAR && matches!(frame, nn_lab::sections::mlp::Frame::Train { measured, .. } if measured.snapshot.is_some())
        });
        (sent.count(), out.record())
    };
    let watch = postcard::to_stdvec(&Request::Watch(Some(OF))).expect("bytes");
    let ((few, alone), (many, watched)) = (count(vec![]), count(vec![watch]));
    assert!(few >= 20 && many > few, "{few} and {many} snapshots");
    assert_eq!(alone.arms[NONLINEAR].losses, watched.arms[NONLINEAR].losses);
    for record in [alone, watched] {
        assert_eq!(snapshot(&record, NONLINEAR).step, 300, "the last snapshot is from the end");
        assert_eq!(snapshot(&record, LINEAR).step, 300);
    }
}

#[test]
fn editing_a_weight_changes_the_network_itself() {
    let config = Config { steps: 10, ..with_widths(&[3]) };
    let before = run::<Mlp>(config.clone()).0;
    let at = ParamIndex { layer: 0, from: Some(1), to: 2 };
    let index = snapshot(&before, NONLINEAR).offset(at).expect("a weight") as u32;
    let set = |of, value| Request::Set { of, values: vec![(index, value)] };

    // After the last step: network, decision boundary and score use the edited weight; the other network is
    // unchanged.
    let after = asked(&config, &[(u32::MAX, set(OF, 2.5))]);
    let (old, new) = (snapshot(&before, NONLINEAR), snapshot(&after, NONLINEAR));
    assert_eq!((new.value(at), new.edits), (Some(2.5), 1));
    let others =
        old.params.iter().zip(&new.params).enumerate().filter(|(i, (a, b))| a != b && *i as u32 != index);
    assert_eq!(others.count(), 0, "nothing else has changed");
    assert_ne!(before.arms[NONLINEAR].boundary, after.arms[NONLINEAR].boundary);
    assert_ne!(old.map(2, 0), new.map(2, 0));
    assert_eq!(before.arms[LINEAR], after.arms[LINEAR]);
    assert_eq!(
        before.arms[NONLINEAR].scores.len(),
        after.arms[NONLINEAR].scores.len(),
        "scored again, at the same step"
    );
    let edited = |record: &Record| {
        Mlp::metrics(&config, record).iter().find(|m| m.name == "params_edited").and_then(|m| m.value)
    };
    assert_eq!((edited(&before), edited(&after)), (Some(0.0), Some(1.0)));

    // After restoring the value before the next step, the network is unchanged.
    let was = old.value(at).expect("a weight");
    let undone = asked(&config, &[(u32::MAX, set(OF, 2.5)), (u32::MAX, set(OF, was))]);
    assert_eq!((snapshot(&undone, NONLINEAR), snapshot(&undone, NONLINEAR).edits), (old.clone(), 0));

    // Training continues from an edited value, also if the edit comes before the first step.
    for step in [0, 5] {
        let changed = asked(&config, &[(step, set(OF, 2.5))]);
        let losses =
            |record: &Record| record.arms[NONLINEAR].losses.iter().map(|point| point.1).collect::<Vec<_>>();
        assert_eq!(losses(&before)[..step as usize], losses(&changed)[..step as usize]);
        assert_ne!(losses(&before)[step as usize..], losses(&changed)[step as usize..]);
        assert_ne!(snapshot(&changed, NONLINEAR).value(at), Some(2.5), "training changes it");
        assert_eq!(snapshot(&changed, NONLINEAR).edits, 1);
    }

    // A bias, a weight of the other network, and invalid values and parameters.
    let bias = old.offset(ParamIndex { layer: 1, from: None, to: 0 }).expect("a bias") as u32;
    let all = asked(
        &config,
        &[
            (u32::MAX, Request::Set { of: OF, values: vec![(bias, -1.0), (9999, 1.0), (0, f32::NAN)] }),
            (u32::MAX, set(ModelId { seed: 2, ..OF }, 7.0)),
        ],
    );
    let net = snapshot(&all, NONLINEAR);
    assert_eq!((net.params[bias as usize], net.edits, net.value(at)), (-1.0, 1, Some(was)));
}
