//! Section 2: what the page computes itself (shifts, receptive fields, pooling), and the networks of equal budget.
#![cfg(feature = "compute")]

use crate::collector::{Collector, probe, values};
use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::core::Verdict;
use nn_lab::models::cnn::{Cnn as Net, Geometry, conv2d, multiply_adds};
use nn_lab::models::weights::{WeightRng, count_params};
use nn_lab::run::Experiment;
use nn_lab::sections::cnn::{
    CONV, Cnn, Compare, Config, Conv, Cost, Planes, Pooling, REACH_SIDE, SEPARABLE, Shift, Windows,
    dense_layer, drawn, edge_kernels, effective_size, extent, net_layers, path_counts, reaches,
    relative_change, shift_changes, span,
};
use proptest::prelude::*;

fn tensor(planes: &Planes, device: &Device) -> Tensor<4> {
    let shape = [1, planes.channels, planes.side, planes.side];
    Tensor::from_data(TensorData::new(planes.values.clone(), shape), device)
}

fn noise(channels: usize, side: usize, seed: u64) -> Planes {
    let device = Device::flex();
    let tensor = WeightRng::new(seed).normal::<4>([1, channels, side, side], 1.0, &device).val();
    Planes { channels, side, values: values(tensor) }
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4 * (1.0 + b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn maps_of_a_convolution_shift_with_the_image_and_a_dense_layer_does_not(
        channels in 1usize..=3, seed in 0u64..1000, down in -8i32..=8, right in -8i32..=8,
    ) {
        let device = Device::flex();
        let image = noise(channels, 32, seed);
        let burn_conv = conv2d([channels, 2], Geometry::same(3), 1, 1.0, &mut WeightRng::new(seed), &device);
        let biases = burn_conv.bias.as_ref().expect("a bias").val();
        let conv = Conv { kernel: 3, weights: values(burn_conv.weight.val()), biases: values(biases) };
        let before = conv.maps(&image);
        prop_assert!(close(&before.values, &values(burn_conv.forward(tensor(&image, &device)))), "the page's convolution is burn's");
        let shift = Shift { down, right };
        let moved = image.shifted(shift);
        let after = conv.maps(&moved);
        prop_assert_eq!(after.difference(&before, shift, 1), Some(0.0), "the same sums of the same numbers");
        let layer = dense_layer(&image, seed);
        let dense = |image: &Planes| Planes { channels: 2, side: 32, values: layer.outputs(&image.values) };
        let difference = dense(&moved).difference(&dense(&image), shift, 1).expect("some interior");
        if shift == Shift::default() {
            prop_assert_eq!(difference, 0.0);
        } else {
            // Outputs with independent weights differ by a factor of sqrt(2) of their norm.
            prop_assert!((0.9..1.9).contains(&difference), "{}", difference);
            prop_assert!(after.difference(&before, shift, 0) > Some(0.0), "pixels leave at the border");
        }
    }

    /// The number of paths equals the response of a real stack of convolutions to one row of ones.
    #[test]
    fn path_counts_are_the_responses_of_a_real_stack_to_impulses(
        side in 6u32..=14, rf_layers in 1u32..=3, rf_kernel in prop::sample::select(vec![1u32, 3, 5]),
        rf_stride in 1u32..=3, rf_dilation in 1u32..=3, rf_pool: bool,
    ) {
        let config = Config { rf_layers, rf_kernel, rf_stride, rf_dilation, rf_pool, ..Config::default() };
        let layers = config.stack(side);
        let device = Device::flex();
        let (n, out) = (side as usize, layers.last().map_or(side, |layer| layer.out) as usize);
        let unit = out / 2;
        let counts = path_counts(&layers, unit).pop().expect("at least one layer");
        let across: f64 = counts.iter().sum();
        prop_assert_eq!(counts.len(), n);
        for (row, count) in counts.iter().enumerate() {
            let pixels: Vec<f32> = (0..n * n).map(|i| if i / n == row { 1.0 } else { 0.0 }).collect();
            let x = Tensor::<4>::from_data(TensorData::new(pixels, [1, 1, n, n]), &device);
            let y = layers.iter().fold(x, |x, layer| {
                let [kernel, stride, padding, dilation] =
                    [layer.shape.kernel, layer.shape.stride, layer.shape.padding, layer.shape.dilation].map(|n| n as usize);
                let geometry = Geometry { kernel, stride, padding, dilation };
                let mut conv = conv2d([1, 1], geometry, 1, 1.0, &mut WeightRng::new(1), &device);
                conv.weight = conv.weight.map(|weight| weight.ones_like());
                conv.bias = None;
                let y = conv.forward(x);
                assert_eq!(y.dims(), [1, 1, layer.out as usize, layer.out as usize]);
                y
            });
            let found = f64::from(values(y)[unit * out + unit]);
            let expected = count * across;
            prop_assert!((found - expected).abs() <= 1e-5 * expected, "row {}: {} and {}", row, found, expected);
        }
        let (first, last) = span(&layers, unit);
        let reach = reaches(&layers).last().expect("a layer").size;
        prop_assert_eq!(last - first + 1, i64::from(reach));
        if first >= 0 && last < i64::from(side) {
            prop_assert_eq!(extent(&counts), Some((first as usize, last as usize)));
            prop_assert!(effective_size(&counts) <= reach as usize);
        }
    }

    #[test]
    fn pooling_is_that_of_burn(seed in 0u64..1000, size in 2usize..=4, stride in 1usize..=4) {
        let device = Device::flex();
        let maps = noise(2, 8, seed);
        let x = tensor(&maps, &device);
        let windows = Windows { size, stride };
        let max = MaxPool2dConfig::new([size, size]).with_strides([stride, stride]).init().forward(x.clone());
        let average = AvgPool2dConfig::new([size, size]).with_strides([stride, stride]).init().forward(x);
        prop_assert_eq!(windows.pooled(&maps, Pooling::Max).values, values(max));
        prop_assert!(close(&windows.pooled(&maps, Pooling::Average).values, &values(average)));
        let pooled = windows.pooled(&maps, Pooling::Max);
        for window in 0..windows.count(8).pow(2) {
            let winner = windows.winner(maps.plane(0), 8, window).expect("a window has a maximum");
            prop_assert!(windows.positions(8, window).any(|at| at == winner));
            prop_assert_eq!(maps.plane(0)[winner], pooled.values[window]);
        }
    }

    #[test]
    fn a_budget_is_met_as_closely_as_widths_allow(width in 1u32..=32, cifar: bool) {
        let dataset = if cifar { nn_lab::sections::cnn::Dataset::Cifar10 } else { Default::default() };
        let config = Config { width, dataset, compare: Compare::Budget, ..Config::default() };
        let c_in = dataset.shape("").channels.into();
        let params = |width: u32, separable| {
            net_layers(c_in, width.into(), 10, separable).iter().map(|cost| cost.params).sum::<u64>()
        };
        let (chosen, budget) = (config.width_of(true), params(width, false));
        let distance = |width: u32| params(width, true).abs_diff(budget);
        for other in 1..=4 * width + 4 {
            prop_assert!(distance(chosen) <= distance(other), "{} is closer than {}", other, chosen);
        }
        prop_assert_eq!(config.width_of(false), width);
        prop_assert_eq!(Config { compare: Compare::Size, ..config }.width_of(true), width);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn layer_by_layer_formulas_match_counted_networks(c_in in 1usize..=3, width in 1usize..=12, separable: bool) {
        let device = Device::flex();
        let net = Net::new(c_in, width, 10, separable, &mut WeightRng::new(1), &device);
        let (insides, _) = net.forward_inside(Tensor::zeros([1, c_in, 32, 32], &device));
        let formula = net_layers(c_in as u64, width as u64, 10, separable);
        for ((block, inside), formula) in net.blocks.iter().zip(&insides).zip(&formula) {
            let maps = inside.depthwise.iter().chain([&inside.sums]);
            let macs = block.convolutions().into_iter().zip(maps).map(|(conv, map)| multiply_adds(conv, map));
            let counted = Cost { params: count_params(block) as u64, multiply_adds: macs.sum() };
            prop_assert_eq!(counted, *formula);
        }
        let head = formula.last().expect("a classifier");
        prop_assert_eq!(head.params, count_params(&net.head) as u64);
        prop_assert_eq!(head.multiply_adds, (8 * width * 10) as u64);
    }
}

#[test]
fn the_numbers_of_the_texts_are_right() {
    let image = drawn(32);
    assert_eq!(dense_layer(&image, 1).n_params(), 2_099_200);
    assert_eq!(edge_kernels(1).n_params(), 20);
    // The picture is neither empty nor full, and its values are intensities.
    let lit = image.values.iter().filter(|value| **value > 0.5).count();
    assert!((200..700).contains(&lit) && image.values.iter().all(|v| (0.0..=1.0).contains(v)), "{lit}");
    let sizes = |rf_pool| {
        let config = Config { rf_pool, ..Config::default() };
        reaches(&config.stack(1024)).iter().map(|reach| reach.size).collect::<Vec<_>>()
    };
    assert_eq!(sizes(false), [3, 5, 7, 9]);
    assert_eq!(sizes(true), [3, 4, 8, 10, 18, 22, 38, 46]);
    let config = Config { compare: Compare::Budget, ..Config::default() };
    let totals = [false, true].map(|separable| {
        config.layers_of(separable).iter().fold((0, 0), |sum, c| (sum.0 + c.params, sum.1 + c.multiply_adds))
    });
    println!("width {}: {totals:?}", config.width_of(true));
    assert_eq!((config.width_of(true), totals), (23, [(61_962, 1_106_560), (62_110, 1_261_136)]));
}

#[test]
fn the_dense_layers_weights_have_the_variance_that_it_says() {
    let image = noise(1, 32, 5);
    let layer = dense_layer(&image, 3);
    let outputs = layer.outputs(&image.values);
    let mean_square = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
    let ratio = mean_square(&outputs) / mean_square(&image.values);
    // 2,048 outputs: a relative standard deviation of sqrt(2 / 2048) = 3%.
    assert!((ratio - 1.0).abs() < 0.12, "{ratio}");
    // The weights of adjacent outputs and inputs are unrelated.
    let impulse = |at: usize| {
        let mut values = vec![0.0; 1024];
        values[at] = 1.0;
        layer.outputs(&values)
    };
    let (a, b) = (impulse(500), impulse(501));
    let of = |a: &[f32], b: &[f32]| {
        let dot: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        dot / (mean_square(a) * mean_square(b)).sqrt() / a.len() as f32
    };
    assert!(of(&a, &b).abs() < 0.12 && of(&a[1..], &a[..2047]).abs() < 0.12);
}

#[test]
fn the_probe_measures_the_receptive_field() {
    for (rf_layers, rf_kernel, rf_stride, rf_dilation, rf_pool) in [
        (4, 3, 1, 1, false),
        (4, 3, 1, 1, true),
        (2, 5, 2, 3, false),
        (6, 1, 1, 4, false),
        (3, 7, 1, 2, true),
    ] {
        let config = Config {
            rf_layers,
            rf_kernel,
            rf_stride,
            rf_dilation,
            rf_pool,
            n_train: 20,
            n_test: 20,
            ..Config::default()
        };
        let record = probe::<Cnn>(config.clone());
        let formula = reaches(&config.stack(REACH_SIDE)).last().expect("a layer").size;
        assert_eq!(record.reach, Some(Some(formula)), "{config:?}");
        let checks = Cnn::checks(&config, &record);
        assert_eq!(checks.last().expect("a check").verdict, Verdict::Holds);
    }
    let huge =
        Config { rf_layers: 6, rf_kernel: 7, rf_pool: true, n_train: 20, n_test: 20, ..Config::default() };
    let record = probe::<Cnn>(huge.clone());
    assert_eq!(record.reach, Some(None), "larger than the image on which it is measured");
    assert_eq!(Cnn::checks(&huge, &record).last().expect("a check").verdict, Verdict::Open);
}

#[test]
fn an_equal_budget_trains_the_wider_network() {
    let config = Config {
        compare: Compare::Budget,
        n_train: 60,
        n_test: 30,
        batch_size: 20,
        width: 2,
        epochs: 1,
        ..Config::default()
    };
    let (record, result) = Collector::<Cnn>::default().run(&config);
    assert_eq!(result, Ok(()));
    let channels = |arm: usize| record.arms[arm].maps.at(1).expect("inspected").blocks[0].channels;
    assert_eq!((channels(CONV), channels(SEPARABLE)), (2, config.width_of(true)));
    assert!(config.width_of(true) > 2);
    let record = probe::<Cnn>(config.clone());
    let [conv, separable] = record.nets.expect("counted");
    let of = |separable| config.layers_of(separable).iter().map(|cost| cost.params).sum::<u64>();
    assert_eq!((conv.params, separable.params), (of(false), of(true)));
    let default =
        probe::<Cnn>(Config { compare: Compare::Budget, n_train: 20, n_test: 20, ..Config::default() });
    let checks = Cnn::checks(&Config { compare: Compare::Budget, ..Config::default() }, &default);
    assert_eq!(checks[5].verdict, Verdict::Holds, "{:?}", checks[5]);
    assert_eq!(checks[6].verdict, Verdict::Holds, "{:?}", checks[6]);
}

#[test]
fn changes_by_a_shift_are_relative_to_the_norm() {
    assert_eq!(relative_change(&[3.0, 4.0], &[3.0, 4.0]), Some(0.0));
    assert_eq!(relative_change(&[3.0, 4.0], &[0.0, 0.0]), Some(1.0));
    assert_eq!(relative_change(&[0.0], &[1.0]), None);
    // A column of ones moves from the second window into the third. The first window reads the border.
    let map = Planes { channels: 1, side: 6, values: [9.0, 0.0, 0.0, 1.0, 0.0, 0.0].repeat(6) };
    let (own, [max, average, stride]) = shift_changes(&map, Windows { size: 2, stride: 2 }, 1);
    let root = 2f64.sqrt();
    for found in [max, average] {
        assert!((found.expect("measured") - root).abs() < 1e-9, "{found:?}");
    }
    // The nine enters the second column.
    assert!((own.expect("measured") - 83f64.sqrt()).abs() < 1e-9, "{own:?}");
    assert_eq!(stride, None, "the first columns of the counted windows are empty");
}

#[test]
fn the_untrained_networks_are_tested_with_the_weights_that_training_starts_from() {
    let config = Config { n_train: 60, n_test: 50, batch_size: 20, width: 2, epochs: 1, ..Config::default() };
    let before = probe::<Cnn>(config.clone());
    let run = Collector::<Cnn>::default().run(&config).0;
    for arm in [CONV, SEPARABLE] {
        let untrained = before.untrained_scores[arm].as_ref().expect("tested");
        assert_eq!(run.arms[arm].accuracies[0].1, f64::from(untrained.accuracy));
        let (confusion, misclassified) = before.tested(arm);
        assert_eq!(confusion.iter().sum::<u32>(), 50);
        assert!(!misclassified.answers.is_empty());
        assert_eq!(run.tested(arm).0, run.arms[arm].confusion, "the run's own result comes first");
    }
}
