//! Section 1: the net against hand-computed numbers and PyTorch, and the experiment on Flex with small budgets.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, train};
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::core::query::Query;
use nn_lab::core::settings::{from_query, to_query};
use nn_lab::core::{LabError, Verdict};
use nn_lab::models::mlp::{Activation, Mlp as Net};
use nn_lab::models::weights::{WeightRng, count_params};
use nn_lab::run::{Experiment, Probe};
use nn_lab::sections::mlp::{
    ACTIVATED, ActivationChoice, Config, Dataset, LINEAR, Mlp, Optimizer, Record, Samples, param_count,
    rank_bound,
};
use proptest::prelude::*;

fn small() -> Config {
    Config { steps: 60, width: 16, ..Config::default() }
}

fn run(config: Config) -> (Record, Result<(), LabError>) {
    let mut out = Collector::<Mlp>::default();
    let result = train::<Mlp>(&config, &mut out);
    (out.record(), result)
}

fn probe(config: Config) -> Record {
    let mut out = Collector::<Mlp>::default();
    block_on(Mlp::probe(config, &Device::flex(), &mut out)).expect("the probe succeeds");
    out.record()
}

#[test]
fn forward_agrees_with_numbers_computed_by_hand() {
    let device = Device::flex();
    let mut net = Net::new(2, &[2], 1, Activation::Relu, true, &mut WeightRng::new(1), &device);
    let set = |values: Vec<f32>, shape: [usize; 2]| {
        burn::module::Param::from_tensor(Tensor::<2>::from_data(TensorData::new(values, shape), &device))
    };
    let bias = |values: Vec<f32>| {
        let n = values.len();
        Some(burn::module::Param::from_tensor(Tensor::<1>::from_data(TensorData::new(values, [n]), &device)))
    };
    // h = relu([1, 2] [[1, -1], [2, 1]] + [0.5, -4]) = relu([5.5, -3]) = [5.5, 0]; y = 5.5 * 2 + 0 * 7 - 1 = 10.
    net.layers[0].weight = set(vec![1., -1., 2., 1.], [2, 2]);
    net.layers[0].bias = bias(vec![0.5, -4.]);
    net.layers[1].weight = set(vec![2., 7.], [2, 1]);
    net.layers[1].bias = bias(vec![-1.]);
    let x = || Tensor::from_data(TensorData::new(vec![1.0f32, 2.0], [1, 2]), &device);
    let value = |t: Tensor<2>| t.into_data().try_to_vec::<f32>().expect("floats")[0];
    assert_eq!(value(net.forward(x())), 10.0);
    // Without the function: 5.5 * 2 - 3 * 7 - 1 = -11, which is what the one matrix gives.
    let linear = net.with_activation(Activation::Identity);
    assert_eq!(value(linear.forward(x())), -11.0);
    let (w, b) = linear.collapsed().expect("layers");
    assert_eq!(value(x().matmul(w) + b.expect("biases")), -11.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_formula_counts_the_module(
        d_in in 1u64..40, hidden in 1u64..6, width in 1u64..40, d_out in 1u64..12, bias: bool,
    ) {
        let dims = vec![width as usize; hidden as usize];
        let net = Net::new(
            d_in as usize, &dims, d_out as usize, Activation::Relu, bias, &mut WeightRng::new(1), &Device::flex(),
        );
        prop_assert_eq!(param_count(d_in, hidden, width, d_out, bias).total(), count_params(&net) as u64);
    }

    #[test]
    fn any_config_survives_the_address(config in any_config()) {
        let (read, warnings) = from_query(&Config::default(), &to_query(&config));
        prop_assert_eq!(warnings, Vec::<String>::new());
        prop_assert_eq!(read, config);
    }

    #[test]
    fn any_text_in_the_address_gives_a_config(pairs in prop::collection::vec(("[a-z_]{1,12}|depth|width|noise|bias|dataset", ".*"), 0..6)) {
        let (config, _) = from_query(&Config::default(), &pairs.into_iter().collect());
        prop_assert!((1..=12).contains(&config.depth) && (2..=256).contains(&config.width));
        prop_assert!(config.learning_rate.is_finite() && config.noise.is_finite());
    }

    #[test]
    fn the_linear_rank_never_exceeds_its_bound(
        depth in 1u32..6, width in 2u32..24, d_in in 1u32..12, n_probe in 2u32..40, bias: bool, seed in 0u32..50,
    ) {
        let config = Config { depth, width, d_in, n_probe, bias, seed, ..Config::default() };
        let record = probe(config.clone());
        let collapse = record.collapse.expect("a probe has a collapse");
        prop_assert_eq!(collapse.layers.len(), depth as usize + 1);
        let output = collapse.layers.last().expect("an output");
        prop_assert!(output.linear.rank <= rank_bound(&config), "{:?}", output.linear);
        prop_assert!(collapse.max_abs_diff <= collapse.diff_tolerance, "{} > {}", collapse.max_abs_diff, collapse.diff_tolerance);
    }
}

prop_compose! {
    fn any_config()(
        dataset in prop::sample::select(vec![Dataset::Spirals, Dataset::Circles, Dataset::Moons, Dataset::Xor, Dataset::FashionMnist]),
        activation in prop::sample::select(vec![ActivationChoice::Relu, ActivationChoice::Gelu, ActivationChoice::Tanh, ActivationChoice::Sigmoid, ActivationChoice::Identity]),
        optimizer in prop::sample::select(vec![Optimizer::Adam, Optimizer::Momentum, Optimizer::Sgd]),
        noise in 0.0f64..=0.5, depth in 1u32..=12, width in 2u32..=256, learning_rate in 1e-5f64..=10.0,
        batch_size in 1u32..=512, steps in 1u32..=20_000, seed in 0u32..=999_999,
        (d_in, n_probe, bias) in (1u32..=64, 2u32..=256, any::<bool>()),
    ) -> Config {
        Config { dataset, noise, depth, width, activation, optimizer, learning_rate, batch_size, steps, seed, d_in, n_probe, bias }
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
fn a_relu_net_learns_spirals_and_a_linear_one_does_not() {
    let config = Config { steps: 600, ..Config::default() };
    let (record, result) = run(config.clone());
    assert_eq!(result, Ok(()));
    let (linear, activated) =
        (record.arms[LINEAR].accuracy().expect("scored"), record.arms[ACTIVATED].accuracy().expect("scored"));
    assert!(linear < 0.7, "linear {linear}");
    assert!(activated > 0.9, "non-linear {activated}");
    assert_eq!(record.arms[ACTIVATED].losses.len(), 600);
    assert!(
        record.arms[ACTIVATED]
            .losses
            .iter()
            .enumerate()
            .all(|(i, &(step, loss))| step == i as f64 + 1.0 && loss.is_finite())
    );
    assert_eq!(record.arms[ACTIVATED].grad_norms.len(), config.depth as usize + 1);
    let checks = Mlp::checks(&config, &record);
    assert_eq!(checks.last().map(|check| check.verdict), Some(Verdict::Holds));
    assert!(checks.iter().any(|check| check.verdict == Verdict::Open), "nothing was probed");
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let first = run(small()).0;
    assert_eq!(first, run(small()).0);
    assert_ne!(
        first.arms[ACTIVATED].losses,
        run(Config { seed: 2, ..small() }).0.arms[ACTIVATED].losses.clone()
    );
}

#[test]
fn how_often_frames_are_asked_for_does_not_change_the_run() {
    let losses = |every: u32| {
        let mut out = Collector::<Mlp> { frame_every: every, ..Collector::default() };
        train::<Mlp>(&small(), &mut out).expect("runs");
        let record = out.record();
        (record.arms[ACTIVATED].losses.clone(), record.arms[ACTIVATED].scores.clone())
    };
    assert_eq!(losses(1), losses(17));
}

#[test]
fn without_a_non_linearity_the_twins_are_the_same_net() {
    let record = run(Config { activation: ActivationChoice::Identity, ..small() }).0;
    assert_eq!(record.arms[LINEAR].losses.clone(), record.arms[ACTIVATED].losses.clone());
}

#[test]
fn a_learning_rate_too_large_ends_in_a_message() {
    let config = Config { optimizer: Optimizer::Sgd, learning_rate: 10.0, steps: 400, ..Config::default() };
    let Err(LabError::Diverged { hint, .. }) = run(config).1 else { panic!("the run should diverge") };
    assert!(hint.contains("smaller learning rate"));
}

#[test]
fn a_stopped_run_ends_at_once_and_a_changed_learning_rate_is_taken() {
    let mut out = Collector::<Mlp> { stop_at: Some(7), ..Collector::default() };
    train::<Mlp>(&small(), &mut out).expect("runs");
    assert_eq!(out.record().arms[LINEAR].losses.len(), 7);
    let still = Config { learning_rate: 1e-5, ..small() };
    let mut out = Collector::<Mlp> { updates: vec![(5, still)], ..Collector::default() };
    train::<Mlp>(&small(), &mut out).expect("runs");
    let changed = out.record().arms[ACTIVATED].losses.clone();
    let unchanged = run(small()).0.arms[ACTIVATED].losses.clone();
    assert_eq!(changed[..5], unchanged[..5]);
    assert_ne!(changed[40], unchanged[40]);
}

#[test]
fn fashion_mnist_is_learned() {
    let config = Config {
        dataset: Dataset::FashionMnist,
        depth: 1,
        width: 64,
        learning_rate: 1e-3,
        steps: 300,
        ..Config::default()
    };
    let (record, result) = run(config);
    assert_eq!(result, Ok(()));
    let accuracy = record.arms[ACTIVATED].accuracy().expect("scored");
    assert!(accuracy > 0.75, "{accuracy}");
    let Some(Samples::Images { side, pixels, labels }) = record.arms[ACTIVATED].samples.as_deref() else {
        panic!("images")
    };
    assert_eq!((*side, pixels.len(), labels.len()), (28, 24 * 784, 24));
    assert_eq!(record.arms[ACTIVATED].predictions.len(), 24);
}
