//! Section 3: parameter counts and shapes of the networks, and short runs of the experiment on the CPU.
#![cfg(feature = "compute")]

use crate::collector::{Collector, preset, probe, run, train};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::core::settings::{from_query, to_query};
use nn_lab::core::{LabError, Verdict};
use nn_lab::models::resnet::{BlockKind, Init, Plan, ResNet as Net};
use nn_lab::models::weights::count_params;
use nn_lab::run::Experiment;
use nn_lab::run::training::{cross_entropy, one_hot};
use nn_lab::sections::resnet::{
    BlockChoice, Config, Dataset, Flow, InitChoice, NetFlow, OptimizerKind, PLAIN, Paths, RESIDUAL, Record,
    ResNet, decay, params_formula,
};
use proptest::prelude::*;

const DEPTHS: [u32; 6] = [8, 14, 20, 32, 44, 56];

/// Returns settings that are small enough for a test.
fn tiny() -> Config {
    Config { depth: 8, batch_size: 8, steps: 6, n_seeds: 1, ..Config::default() }
}

fn plan(kind: BlockKind, n: usize, channels: usize, batch_norm: bool, shortcuts: bool) -> Plan {
    Plan {
        channels_in: 3,
        n_classes: 10,
        kind,
        blocks_per_stage: n,
        channels,
        batch_norm,
        shortcuts,
        init: Init::He,
    }
}

#[test]
fn resnet_20_has_the_parameters_of_the_paper() {
    let count = |n, shortcuts| {
        count_params(&Net::new(&plan(BlockKind::Basic, n, 16, true, shortcuts), 1, &Device::flex()))
    };
    // The paper reports 0.27 M for depth 20 and 0.46 M for depth 32, with shortcuts that have no parameters.
    assert_eq!((count(3, false), count(3, true)), (269_722, 272_474));
    assert_eq!(count(5, false), 464_154);
}

#[test]
fn bottleneck_networks_have_the_nearest_depth() {
    let built = |depth, block| Config { depth, block, ..Config::default() }.depth_built();
    let basic = DEPTHS.map(|depth| built(depth, BlockChoice::Basic));
    assert_eq!(basic, [8, 14, 20, 32, 44, 56]);
    let bottleneck = DEPTHS.map(|depth| built(depth, BlockChoice::Bottleneck));
    assert_eq!(bottleneck, [11, 11, 20, 29, 47, 56]);
    for (asked, built) in basic.iter().zip(bottleneck) {
        let nearest = (0..10).map(|n| 9 * n + 2).min_by_key(|d: &u32| d.abs_diff(*asked)).expect("a depth");
        assert_eq!(built, nearest);
    }
}

#[test]
fn plain_and_residual_start_from_the_same_weights() {
    let net = |shortcuts| Net::new(&plan(BlockKind::Bottleneck, 2, 4, true, shortcuts), 7, &Device::flex());
    let (plain, residual) = (net(false), net(true));
    for (a, b) in plain.blocks.iter().zip(&residual.blocks) {
        for (a, b) in a.convs.iter().zip(&b.convs) {
            assert_eq!(a.conv.weight.val().into_data(), b.conv.weight.val().into_data());
        }
        assert!(a.projection.is_none());
    }
    assert_eq!(plain.head.weight.val().into_data(), residual.head.weight.val().into_data());
    let projected: Vec<bool> = residual.blocks.iter().map(|block| block.projection.is_some()).collect();
    assert_eq!(projected, [true, false, true, false, true, false], "where channels or sides change");
}

#[test]
fn networks_do_not_share_running_statistics() {
    let device = Device::flex().autodiff();
    let plan = plan(BlockKind::Basic, 1, 2, true, true);
    let (a, b) = (Net::new(&plan, 1, &device), Net::new(&plan, 1, &device));
    let x = || Tensor::<4>::ones([2, 3, 8, 8], &device);
    a.forward(x());
    let mean = |net: &Net| {
        let norm = net.stem.norm.as_ref().expect("batch norm");
        norm.running_mean.value_sync().inner().abs().sum().into_data().try_to_vec::<f32>().expect("floats")[0]
    };
    assert!(mean(&a) > 0.0);
    assert_eq!(mean(&b), 0.0);
    // Evaluation uses them: the output differs from the one with the statistics of the batch.
    let trained = a.forward(x()).inner().into_data();
    assert_ne!(a.valid().forward(Tensor::ones([2, 3, 8, 8], &Device::flex())).into_data(), trained);
}

/// A plain network without biases is homogeneous in each layer's weight, so `sum(w * dL/dw)` is the same for
/// all layers (Du, Hu and Lee 2018). Its weight gradients therefore cannot vanish only toward the input.
#[test]
fn without_biases_sum_w_dw_is_equal_in_all_layers_of_a_plain_network() {
    let device = Device::flex().autodiff();
    let net = Net::new(&plan(BlockKind::Basic, 2, 4, false, false), 3, &device);
    let values: Vec<f32> = (0..2 * 3 * 64).map(|i| ((i * 37 % 101) as f32 / 50.0) - 1.0).collect();
    let x = Tensor::from_data(TensorData::new(values, [2, 3, 8, 8]), &device);
    let grads = cross_entropy(net.forward(x), one_hot([0u8, 1].into_iter(), 10, &device)).backward();
    let shares: Vec<f32> = net
        .first_convs()
        .map(|weight| {
            let grad = weight.val().grad(&grads).expect("a gradient");
            (weight.val().inner() * grad).sum().into_data().try_to_vec::<f32>().expect("floats")[0]
        })
        .collect();
    let size = shares[0].abs();
    assert!(shares.iter().all(|share| (share - shares[0]).abs() < 1e-3 * size), "{shares:?}");
}

prop_compose! {
    fn any_config()(
        depth in prop::sample::select(DEPTHS.to_vec()),
        block in prop::sample::select(vec![BlockChoice::Basic, BlockChoice::Bottleneck]),
        width in prop::sample::select(vec![0.25, 0.5, 1.0]),
        init in prop::sample::select(vec![InitChoice::Pytorch, InitChoice::He, InitChoice::Lecun]),
        dataset in prop::sample::select(vec![Dataset::FashionMnist, Dataset::Cifar10]),
        side in prop::sample::select(vec![16, 32]),
        optimizer in prop::sample::select(vec![OptimizerKind::Adam, OptimizerKind::Momentum, OptimizerKind::Sgd]),
        (batch_norm, augment) in (any::<bool>(), any::<bool>()),
        learning_rate in 1e-5f64..=10.0, batch_size in 2u32..=128, steps in 1u32..=20_000,
        seed in 0u32..=999_999, n_seeds in 1u32..=20,
    ) -> Config {
        Config {
            depth, block, width, batch_norm, init, dataset, side, augment, optimizer, learning_rate, batch_size,
            steps, seed, n_seeds,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn configs_round_trip_through_the_address(config in any_config()) {
        let (read, warnings) = from_query(&Config::default(), &to_query(&config));
        prop_assert_eq!(warnings, Vec::<String>::new());
        prop_assert_eq!(read, config);
    }

    #[test]
    fn the_formula_matches_the_module(config in any_config()) {
        for shortcuts in [false, true] {
            let plan = Plan {
                channels_in: config.dataset.channels() as usize,
                ..plan(
                    if config.block == BlockChoice::Basic { BlockKind::Basic } else { BlockKind::Bottleneck },
                    config.blocks_per_stage() as usize,
                    config.channels() as usize,
                    config.batch_norm,
                    shortcuts,
                )
            };
            let counted = count_params(&Net::new(&plan, 1, &Device::flex()));
            prop_assert_eq!(params_formula(&config, shortcuts), counted as u64);
        }
    }
}

#[test]
fn shapes_are_measured_in_a_forward_pass() {
    let structure =
        probe::<ResNet>(Config { n_seeds: 1, ..Config::default() }).structure.expect("a structure");
    let mut shapes = vec![[1, 16, 16], [4, 16, 16]];
    shapes.extend([[4, 16, 16]; 3]);
    shapes.extend([[8, 8, 8]; 3]);
    shapes.extend([[16, 4, 4]; 3]);
    assert_eq!((structure.shapes.clone(), structure.n_classes), (shapes, 10));
    let bottleneck = Config { block: BlockChoice::Bottleneck, side: 32, ..tiny() };
    let structure = probe::<ResNet>(bottleneck).structure.expect("a structure");
    assert_eq!(structure.shapes, [[1, 32, 32], [4, 32, 32], [16, 32, 32], [32, 16, 16], [64, 8, 8]]);
    assert_eq!(structure.projected, [true; 3]);
}

fn weights(nets: &[NetFlow]) -> f64 {
    decay(nets, |net| &net.weights).expect("a slope").per_block
}

fn flow_of(record: &Record, batch_norm: bool) -> &Flow {
    let flows = [record.flow.as_deref(), record.other_flow.as_deref()];
    flows.into_iter().flatten().find(|flow| flow.batch_norm == batch_norm).expect("measured")
}

#[test]
fn gradients_vanish_without_batch_norm_and_grow_with_it() {
    let record = probe::<ResNet>(Config::default());
    let (without, with) = (flow_of(&record, false), flow_of(&record, true));
    assert_eq!((without.plain.len(), without.plain[0].weights.len()), (3, 9));
    assert!(weights(&without.plain) < 0.4, "{}", weights(&without.plain));
    assert!(weights(&without.residual) > 0.5, "{}", weights(&without.residual));
    assert!(weights(&with.plain) > 1.1, "{}", weights(&with.plain));
    assert!(without.plain.iter().all(|net| net.weights[0] < 1e-5), "{without:?}");
    // With the setting toggled, the same two networks are measured in the other order.
    let toggled = probe::<ResNet>(Config { batch_norm: true, ..Config::default() });
    assert_eq!(toggled.flow.as_deref(), Some(with));
    assert_eq!(toggled.other_flow.as_deref(), Some(without));
}

/// Checks identities that hold for the paths of any network: an addition passes its gradient to both
/// branches, and the gradients of both branches add up as vectors.
#[track_caller]
fn check_paths(paths: &Paths, residual: bool) {
    for (index, block) in paths.blocks.iter().enumerate() {
        let input = paths.input_of(index);
        let all = [input, block.branch, block.sum, block.output];
        assert!(all.iter().all(|flow| flow.signal > 0.0 && flow.gradient > 0.0), "{index}: {block:?}");
        // ReLU passes a part of each.
        assert!(block.output.signal <= block.sum.signal && block.sum.gradient <= block.output.gradient);
        let Some(shortcut) = block.shortcut else {
            assert!(!residual);
            assert_eq!((block.sum.signal, input.gradient), (block.branch.signal, block.branch.gradient));
            continue;
        };
        assert!(residual);
        let (branch, shortcut_grad) = (block.branch.gradient, shortcut.gradient);
        let bound = (branch + shortcut_grad) * 1.0001;
        assert!(
            (branch - shortcut_grad).abs() <= input.gradient * 1.0001 && input.gradient <= bound,
            "{index}: {block:?}"
        );
        if block.projected {
            assert_ne!(shortcut.gradient, block.sum.gradient);
        } else {
            assert_eq!((shortcut.signal, shortcut.gradient), (input.signal, block.sum.gradient));
        }
    }
}

#[test]
fn signal_and_gradient_are_measured_on_every_path() {
    for block in [BlockChoice::Basic, BlockChoice::Bottleneck] {
        for batch_norm in [false, true] {
            let config = Config { block, batch_norm, init: InitChoice::He, ..tiny() };
            let untrained = probe::<ResNet>(config.clone());
            let (trained, result) = run::<ResNet>(config);
            assert_eq!(result, Ok(()));
            for (arm, residual) in [(PLAIN, false), (RESIDUAL, true)] {
                for (record, step) in [(&untrained, 0), (&trained, 6)] {
                    let paths = record.paths(arm).expect("measured");
                    assert_eq!((paths.step, paths.blocks.len()), (step, 3));
                    check_paths(paths, residual);
                }
            }
        }
    }
}

#[test]
fn claims_about_gradients_hold_for_every_initialization() {
    for init in [InitChoice::Pytorch, InitChoice::He, InitChoice::Lecun] {
        for depth in [8, 20, 32] {
            for block in [BlockChoice::Basic, BlockChoice::Bottleneck] {
                let config = Config { depth, block, init, ..Config::default() };
                let checks = ResNet::checks(&config, &probe::<ResNet>(config.clone()));
                let (training, measured) = checks.split_last().expect("checks");
                assert_eq!(training.verdict, Verdict::Open, "nothing was trained");
                assert_eq!(measured.len(), 5);
                for check in measured {
                    assert_eq!(check.verdict, Verdict::Holds, "{init:?} {depth:?} {block:?}: {check:?}");
                }
            }
        }
    }
}

#[test]
fn checks_are_open_before_anything_is_measured() {
    let checks = ResNet::checks(&Config::default(), &Record::default());
    assert!(checks.iter().all(|check| check.verdict == Verdict::Open), "{checks:?}");
    let paper = Config { depth: 20, width: 1.0, side: 16, n_seeds: 1, ..Config::default() };
    let checks = ResNet::checks(&paper, &probe::<ResNet>(paper.clone()));
    assert_eq!((checks[1].measured.as_str(), checks[1].verdict), ("0.271 M", Verdict::Holds));
}

#[test]
fn runs_are_reproducible_and_depend_on_the_seed() {
    let config = Config { batch_norm: true, augment: true, ..tiny() };
    let first = run::<ResNet>(config.clone()).0;
    assert_eq!(first, run::<ResNet>(config.clone()).0);
    assert_ne!(
        first.arms[RESIDUAL].losses,
        run::<ResNet>(Config { seed: 2, ..config }).0.arms[RESIDUAL].losses.clone()
    );
}

#[test]
fn the_frame_rate_does_not_change_the_run() {
    let record = |every: u32| {
        let mut out = Collector::<ResNet> { frame_every: every, ..Collector::default() };
        let config = Config { batch_norm: true, steps: 25, batch_size: 4, ..tiny() };
        train::<ResNet>(&config, &mut out).expect("runs");
        out.record()
    };
    let often = record(1);
    assert_eq!(often, record(17));
    assert_eq!(often.arms[RESIDUAL].losses.len(), 25);
    assert_eq!(often.arms[PLAIN].norms.len(), 25);
    assert!(
        often.arms[PLAIN]
            .norms
            .iter()
            .enumerate()
            .all(|(i, row)| row.step == i as u32 + 1 && row.blocks.len() == 3)
    );
    assert_eq!(
        often.arms[RESIDUAL].accuracy.iter().map(|point| point.0).collect::<Vec<_>>(),
        [5.0, 20.0, 25.0]
    );
}

#[test]
fn a_long_run_measures_gradients_at_evenly_spaced_steps() {
    let config = Config { steps: 130, batch_size: 2, ..tiny() };
    let mut out = Collector::<ResNet> { stop_at: Some(10), ..Collector::default() };
    train::<ResNet>(&config, &mut out).expect("runs");
    let record = out.record();
    assert_eq!(record.arms[PLAIN].losses.len(), 10, "it stops at once");
    assert_eq!(record.arms[PLAIN].norms.iter().map(|row| row.step).collect::<Vec<_>>(), [1, 4, 7, 10]);
}

#[test]
fn a_changed_learning_rate_applies_and_an_excessive_one_ends_with_a_message() {
    let still = Config { learning_rate: 1e-5, ..tiny() };
    let mut out = Collector::<ResNet> { updates: vec![(3, still)], frame_every: 1, ..Collector::default() };
    train::<ResNet>(&tiny(), &mut out).expect("runs");
    let (changed, unchanged) =
        (out.record().arms[RESIDUAL].losses.clone(), run::<ResNet>(tiny()).0.arms[RESIDUAL].losses.clone());
    assert_eq!(changed[..4], unchanged[..4]);
    assert_ne!(changed[5], unchanged[5]);
    let wild = Config {
        optimizer: OptimizerKind::Sgd,
        learning_rate: 10.0,
        steps: 60,
        init: InitChoice::He,
        ..tiny()
    };
    let Err(LabError::Diverged { hint, .. }) = run::<ResNet>(wild).1 else {
        panic!("the run should diverge")
    };
    assert!(hint.contains("smaller learning rate"), "{hint}");
}

#[test]
fn cifar_10_is_requested_or_trained_on() {
    let config = Config { dataset: Dataset::Cifar10, side: 32, ..tiny() };
    let Err(LabError::Data(text)) = run::<ResNet>(config.clone()).1 else { panic!("there are no files") };
    assert!(text.contains("CIFAR-10"), "{text}");
    let Some(user_files) = crate::collector::real_cifar10() else { return };
    let mut out = Collector::<ResNet> { user_files, ..Collector::default() };
    train::<ResNet>(&config, &mut out).expect("runs");
    assert_eq!(out.record().arms[RESIDUAL].losses.len(), 6);
}

/// Returns the mean loss over the last 20 steps, plain and residual.
fn losses(record: &Record) -> (f64, f64) {
    let last = |curve: &nn_lab::core::curve::Curve| curve.recent_mean(20).expect("losses");
    (last(&record.arms[PLAIN].losses.clone()), last(&record.arms[RESIDUAL].losses.clone()))
}

#[test]
fn without_gradients_the_plain_network_stays_at_chance() {
    let config = Config { steps: 60, ..Config::default() };
    let (record, result) = run::<ResNet>(config.clone());
    assert_eq!(result, Ok(()));
    let (plain, residual) = losses(&record);
    assert!((plain - 10f64.ln()).abs() < 0.03, "plain {plain}");
    assert!(residual < 2.0, "residual {residual}");
    let learned = ResNet::checks(&config, &record).pop().expect("a check");
    assert_eq!(learned.verdict, Verdict::Holds, "{learned:?}");
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn at_56_layers_batch_norm_is_not_enough_for_the_plain_network() {
    let (record, result) = run::<ResNet>(Config { steps: 32, ..preset("degradation") });
    assert_eq!(result, Ok(()));
    let (plain, residual) = losses(&record);
    assert!(residual < plain - 0.15, "plain {plain}, residual {residual}");
}

/// Every preset shows what its text promises within its number of steps. `paper` needs a GPU and is skipped.
#[test]
#[ignore = "two minutes; the short tests above represent it"]
fn presets_show_what_their_texts_claim() {
    for slug in ["vanishing", "batch-norm", "degradation", "he", "explosion"] {
        for seed in [1, 2] {
            let config = Config { seed, ..preset(slug) };
            let start = std::time::Instant::now();
            let (record, result) = run::<ResNet>(config.clone());
            assert_eq!(result, Ok(()), "{slug}");
            let (plain, residual) = losses(&record);
            let accuracy = |net: &nn_lab::sections::resnet::NetRecord| net.accuracy.last_y().expect("scored");
            let (plain_right, residual_right) =
                (accuracy(&record.arms[PLAIN]), accuracy(&record.arms[RESIDUAL]));
            let first = record.arms[RESIDUAL].losses[0].1;
            let said = format!(
                "{slug} seed {seed}: loss plain {plain:.3} residual {residual:.3} (first {first:.1}), accuracy plain \
                 {plain_right:.3} residual {residual_right:.3}, {} steps in {:.0} s",
                config.steps,
                start.elapsed().as_secs_f64()
            );
            println!("{said}");
            let holds = match slug {
                "vanishing" => plain > 2.25 && plain_right < 0.2 && residual < 1.3 && residual_right > 0.45,
                "batch-norm" => plain < 1.5 && residual < plain,
                // Measured: 0.24 compared with 0.64, and 0.31 compared with 0.59.
                "degradation" => residual < plain - 0.4 && plain_right < 0.6 * residual_right,
                "he" => plain < 1.8 && plain_right > 0.3,
                _ => first > 50.0 && plain > 2.2,
            };
            assert!(holds, "{said}");
        }
    }
}
