//! Section 3: parameter counts and shapes of the networks, and short runs of the experiment on the CPU.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on, preset, probe, run, train, values};
use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::core::query::Query;
use nn_lab::core::settings::{from_map, from_query, to_query};
use nn_lab::core::{LabError, Verdict};
use nn_lab::models::resnet::{
    Block, BlockKind, Init, LayerOrder, PathPosition, Plan, ResNet as Net, Shortcut, ShortcutOption,
};
use nn_lab::models::weights::{WeightRng, count_params};
use nn_lab::run::Experiment;
use nn_lab::run::driver;
use nn_lab::run::training::{cross_entropy, one_hot};
use nn_lab::sections::resnet::{
    BlockChoice, Config, Dataset, Flow, InitChoice, NetFlow, OptimizerKind, OrderChoice, PLAIN, Paths,
    RESIDUAL, Record, ResNet, ShortcutChoice, ShortcutKind, decay, params_formula,
};
use proptest::prelude::*;

const DEPTHS: [u32; 6] = [8, 14, 20, 32, 44, 56];

/// Returns settings that are small enough for a test.
fn tiny() -> Config {
    Config { depth: 8, batch_size: 8, steps: 6, n_seeds: 1, ..Config::default() }
}

const OPTIONS: [ShortcutOption; 3] =
    [ShortcutOption::ZeroPadding, ShortcutOption::Projection, ShortcutOption::AllProjections];
const CHOICES: [ShortcutChoice; 3] = [ShortcutChoice::A, ShortcutChoice::B, ShortcutChoice::C];

/// Returns a plan with option B, or of a plain network.
fn plan(kind: BlockKind, n: usize, channels: usize, batch_norm: bool, shortcuts: bool) -> Plan {
    Plan {
        channels_in: 3,
        n_classes: 10,
        kind,
        blocks_per_stage: n,
        channels,
        batch_norm,
        shortcuts: shortcuts.then_some(ShortcutOption::Projection),
        init: Init::He,
        order: LayerOrder::Post,
    }
}

#[test]
fn resnet_20_has_the_parameters_of_the_paper() {
    let count = |n, shortcuts| {
        let plan = Plan { shortcuts, ..plan(BlockKind::Basic, n, 16, true, false) };
        count_params(&Net::new(&plan, 1, &Device::flex()))
    };
    let options = OPTIONS.map(|option| count(3, Some(option)));
    assert_eq!((count(3, None), options), (269_722, [269_722, 272_474, 283_962]));
    // Millions of parameters, from table 6 of the paper, which has option A.
    for (n, millions) in [(3, "0.27"), (5, "0.46"), (7, "0.66"), (9, "0.85")] {
        let counted = count(n, Some(OPTIONS[0])) as f64 / 1e6;
        assert_eq!(format!("{counted:.2}"), millions, "{} layers", 6 * n + 2);
    }
}

/// Returns the block of a network with one block per stage and three channels, with random images as its input:
/// `[2, c_in, side, side]`.
fn block_and_input(
    kind: BlockKind,
    option: ShortcutOption,
    index: usize,
    side: usize,
    device: &Device,
) -> (Block, Tensor<4>) {
    let plan = Plan { shortcuts: Some(option), ..plan(kind, 1, 3, false, true) };
    let mut blocks = Net::new(&plan, 4, device).blocks;
    let factor = if kind == BlockKind::Basic { 1 } else { 4 };
    let c_in = if index == 0 { 3 } else { (3 * factor) << (index - 1) };
    let x = WeightRng::new(8).normal([2, c_in, side, side], 1.0, device).val().detach();
    (blocks.swap_remove(index), x)
}

/// Returns `s(x)` and `F(x)`, as they are in the block's own forward pass.
fn parts(block: &Block, x: Tensor<4>) -> [Tensor<4>; 2] {
    let (mut shortcut, mut branch) = (None, None);
    block.forward_with(x, &mut |position, h| {
        match position {
            PathPosition::Shortcut => shortcut = Some(h.clone()),
            PathPosition::Branch => branch = Some(h.clone()),
            _ => {}
        }
        h
    });
    [shortcut.expect("a shortcut"), branch.expect("a branch")]
}

#[test]
fn option_a_skips_pixels_and_appends_channels_of_zeros() {
    for (kind, index, side) in [
        (BlockKind::Basic, 1, 8),
        (BlockKind::Basic, 2, 5),
        (BlockKind::Bottleneck, 0, 4),
        (BlockKind::Bottleneck, 2, 7),
    ] {
        let (block, x) = block_and_input(kind, ShortcutOption::ZeroPadding, index, side, &Device::flex());
        assert_eq!((block.shortcut(), block.projection.is_some()), (Some(Shortcut::ZeroPadding), false));
        let [shortcut, branch] = parts(&block, x.clone());
        let [n, c_in, ..] = x.dims();
        let [_, c_out, h_out, w_out] = branch.dims();
        let stride = if index == 0 { 1 } else { 2 };
        assert_eq!((h_out, w_out), (side.div_ceil(stride), side.div_ceil(stride)));
        let x = values(x);
        let mut expected = Vec::new();
        for image in 0..n {
            for channel in 0..c_out {
                for row in 0..h_out {
                    for col in 0..w_out {
                        let at = ((image * c_in + channel) * side + stride * row) * side + stride * col;
                        expected.push(if channel < c_in { x[at] } else { 0.0 });
                    }
                }
            }
        }
        assert_eq!(values(shortcut), expected, "{kind:?}, block {index}");
    }
    // A block that keeps the shape has its input as its shortcut.
    let (block, x) = block_and_input(BlockKind::Basic, ShortcutOption::ZeroPadding, 0, 6, &Device::flex());
    assert_eq!(block.shortcut(), Some(Shortcut::Identity));
    assert_eq!(values(parts(&block, x.clone())[0].clone()), values(x));
}

#[test]
fn each_option_has_its_projections() {
    let kinds = |option| {
        let plan = Plan { shortcuts: Some(option), ..plan(BlockKind::Basic, 2, 2, true, true) };
        let blocks = Net::new(&plan, 1, &Device::flex()).blocks;
        blocks.iter().map(|block| block.shortcut().expect("a shortcut")).collect::<Vec<_>>()
    };
    use Shortcut::{Identity, Projection, ZeroPadding};
    let [a, b, c] = OPTIONS.map(kinds);
    assert_eq!(a, [Identity, Identity, ZeroPadding, Identity, ZeroPadding, Identity]);
    assert_eq!(b, [Identity, Identity, Projection, Identity, Projection, Identity]);
    assert_eq!(c, [Projection; 6]);
}

/// The block's backward pass as the page has it: `dL/dx = (ds/dx + dF/dx)^T (dL/dy * 1[s + F > 0])`.
#[test]
fn the_backward_formula_of_a_block_agrees_with_autodiff() {
    let device = Device::flex().autodiff();
    for (index, option) in [(0, OPTIONS[0]), (1, OPTIONS[0]), (1, OPTIONS[1]), (0, OPTIONS[2])] {
        let (block, x) = block_and_input(BlockKind::Basic, option, index, 6, &device);
        // The product of a Jacobian, transposed, and a vector.
        let pulled_back = |part: fn(&Block, Tensor<4>) -> Tensor<4>, vector: Tensor<4>| {
            let x = x.clone().require_grad();
            let grads = (part(&block, x.clone()) * Tensor::from_inner(vector)).sum().backward();
            x.grad(&grads).expect("a gradient")
        };
        let sum = |block: &Block, x: Tensor<4>| {
            let [shortcut, branch] = parts(block, x);
            shortcut + branch
        };
        let of_sum = sum(&block, x.clone()).inner();
        let above = WeightRng::new(9).normal(of_sum.dims(), 1.0, &Device::flex()).val();
        let autodiff = pulled_back(|block, x| block.forward(x), above.clone());
        let of_parts = |vector: Tensor<4>| {
            pulled_back(|block, x| parts(block, x)[0].clone(), vector.clone())
                + pulled_back(|block, x| parts(block, x)[1].clone(), vector)
        };
        let passed = of_sum.greater_elem(0.0).float();
        let off = |formula: Tensor<4>| values((formula - autodiff.clone()).abs().max())[0];
        let error = off(of_parts(above.clone() * passed));
        assert!(error < 1e-5, "{option:?}: {error}");
        // Without the ReLU the formula is wrong.
        assert!(off(of_parts(above)) > 0.1, "{option:?}");
    }
}

/// Returns the mean square of all elements.
fn mean_square<const D: usize>(x: Tensor<D>) -> f64 {
    f64::from(values(x.square().mean())[0])
}

/// The mean squares in a residual block with He initialization, without batch norm: of the branch, of the sum and
/// of the output, relative to the input, which is a rectified Gaussian.
#[test]
fn with_he_initialization_the_branch_doubles_the_mean_square() {
    let device = Device::flex();
    let near = |a: f64, b: f64| (a - b).abs() < 0.1 * b;
    // Fully connected: 2, 3 and 2 + 1/pi.
    let (n, width) = (1000, 400);
    let mut rng = WeightRng::new(1);
    let x = relu(rng.normal([n, width], 1.0, &device).val());
    let mut weight = || rng.normal([width, width], (2.0 / width as f32).sqrt(), &device).val();
    let branch = relu(x.clone().matmul(weight())).matmul(weight());
    let sum = x.clone() + branch.clone();
    let ratios = [branch, sum.clone(), relu(sum)].map(|h| mean_square(h) / mean_square(x.clone()));
    println!("fully connected: {ratios:.3?}");
    assert!(near(ratios[0], 2.0) && near(ratios[1], 3.0), "{ratios:?}");
    assert!(near(ratios[2], 2.0 + std::f64::consts::FRAC_1_PI), "{ratios:?}");
    // A block of the model: zero padding takes away from the border of the maps.
    let plan = plan(BlockKind::Basic, 1, 32, false, true);
    let block = Net::new(&plan, 1, &device).blocks.swap_remove(0);
    let ratios = |side: usize| {
        let x = relu(WeightRng::new(2).normal([8, 32, side, side], 1.0, &device).val());
        let [shortcut, branch] = parts(&block, x.clone());
        [branch.clone(), shortcut + branch, block.forward(x.clone())]
            .map(|h| mean_square(h) / mean_square(x.clone()))
    };
    let (large, small) = (ratios(32), ratios(4));
    println!("32 x 32: {large:.3?}; 4 x 4: {small:.3?}");
    assert!((0..3).all(|i| small[i] < large[i]), "{large:?}, {small:?}");
    assert!(large[0] > 1.5 && large[0] < 2.3 && small[2] > 1.3, "{large:?}, {small:?}");
}

/// The mean square of the signal roughly doubles per block in a residual network with He initialization.
#[test]
fn with_he_initialization_the_signal_roughly_doubles_per_block() {
    for depth in [20, 56] {
        let record = probe::<ResNet>(Config { depth, init: InitChoice::He, ..Config::default() });
        let flow = flow_of(&record, false);
        let growth = |nets| decay(nets, |net| &net.signals).expect("a slope").per_block.powi(-2);
        let (plain, residual) = (growth(&flow.plain), growth(&flow.residual));
        println!("{depth} layers: mean square x {residual:.2} per block, plain x {plain:.2}");
        assert!((1.6..2.4).contains(&residual), "{residual}");
        // Zero padding: about 2/3, which is the geometric mean over the three stages of what two convolutions keep.
        assert!((0.5..0.8).contains(&plain), "{plain}");
    }
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
        shortcut in prop::sample::select(CHOICES.to_vec()),
        order in prop::sample::select(vec![OrderChoice::Post, OrderChoice::Pre]),
        width in prop::sample::select(vec![0.25, 0.5, 1.0]),
        init in prop::sample::select(vec![InitChoice::Pytorch, InitChoice::He, InitChoice::Lecun]),
        (dataset, data) in prop::sample::select(vec![
            (Dataset::FashionMnist, ""), (Dataset::Cifar10, ""), (Dataset::Own, ""), (Dataset::Own, "c1s28k3-0123456789abcdef"),
            (Dataset::Own, "c3s32k7-fedcba9876543210"),
        ]),
        side in prop::sample::select(vec![16, 32]),
        optimizer in prop::sample::select(vec![OptimizerKind::Adam, OptimizerKind::Momentum, OptimizerKind::Sgd]),
        (batch_norm, augment) in (any::<bool>(), any::<bool>()),
        learning_rate in 1e-5f64..=10.0, batch_size in 2u32..=128, steps in 1u32..=20_000,
        seed in 0u32..=999_999, n_seeds in 1u32..=20, shards in prop::sample::select(vec![1u32, 2, 4, 8]),
    ) -> Config {
        Config {
            depth, block, shortcut, order, width, batch_norm, init, dataset, data: data.to_owned(), side, augment, optimizer, learning_rate, batch_size,
            shards, steps, seed, n_seeds,
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
            prop_assert_eq!(params_formula(&config, shortcuts), counted(&config, shortcuts));
        }
    }
}

/// Returns the number of parameters of the network that these settings describe.
fn counted(config: &Config, shortcuts: bool) -> u64 {
    let option = match config.shortcut {
        ShortcutChoice::A => ShortcutOption::ZeroPadding,
        ShortcutChoice::B => ShortcutOption::Projection,
        ShortcutChoice::C => ShortcutOption::AllProjections,
    };
    let kind = if config.block == BlockChoice::Basic { BlockKind::Basic } else { BlockKind::Bottleneck };
    let (n, channels) = (config.blocks_per_stage() as usize, config.channels() as usize);
    let plan = Plan {
        channels_in: config.picture_shape().channels as usize,
        n_classes: config.picture_shape().n_classes as usize,
        shortcuts: shortcuts.then_some(option),
        order: if config.order == OrderChoice::Pre { LayerOrder::Pre } else { LayerOrder::Post },
        ..plan(kind, n, channels, config.batch_norm, shortcuts)
    };
    count_params(&Net::new(&plan, 1, &Device::flex())) as u64
}

#[test]
fn the_formula_matches_the_module_at_every_depth_with_every_option() {
    for depth in DEPTHS {
        for block in [BlockChoice::Basic, BlockChoice::Bottleneck] {
            for shortcut in CHOICES {
                for (batch_norm, order) in [
                    (false, OrderChoice::Post),
                    (true, OrderChoice::Post),
                    (false, OrderChoice::Pre),
                    (true, OrderChoice::Pre),
                ] {
                    let config = Config { depth, block, shortcut, batch_norm, order, ..Config::default() };
                    assert_eq!(params_formula(&config, true), counted(&config, true), "{config:?}");
                }
            }
        }
    }
}

/// Addresses and files of runs from before there were options A and C have no such key.
#[test]
fn without_a_key_shortcuts_are_projections_where_the_shape_changes() {
    let (config, warnings) = from_query(&Config::default(), &Query::parse("depth=8&batch_norm=1"));
    assert_eq!((config.shortcut, warnings), (ShortcutChoice::B, Vec::new()));
    let file = r#"{"depth":56,"block":"basic","width":1.0}"#;
    let file: Config = from_map(&serde_json::from_str(file).expect("JSON"));
    assert_eq!((file.shortcut, file.depth), (ShortcutChoice::B, 56));
    assert_eq!(to_query(&Config::default()).to_string(), "");
    let a = Config { shortcut: ShortcutChoice::A, ..Config::default() };
    assert_eq!(to_query(&a).to_string(), "shortcut=a");
    assert_eq!(preset::<Config>("paper").shortcut, ShortcutChoice::A);
}

#[test]
fn a_checkpoint_of_another_option_is_rejected_with_a_message() {
    let config = |shortcut| Config { shortcut, ..tiny() };
    let train = |shortcut, checkpoint| {
        let mut out =
            Collector::<ResNet> { arm: RESIDUAL, frame_every: 1, checkpoint, ..Collector::default() };
        let result = block_on(driver::train::<ResNet>(config(shortcut), RESIDUAL, &Device::flex(), &mut out));
        (out, result)
    };
    let checkpoint = |shortcut| {
        let (out, result) = train(shortcut, None);
        assert_eq!(result, Ok(()));
        out.checkpoints.first().expect("a checkpoint").1.clone()
    };
    let checkpoints = CHOICES.map(checkpoint);
    for (saved, checkpoint) in CHOICES.into_iter().zip(checkpoints) {
        for shortcut in CHOICES {
            let (_, result) = train(shortcut, Some(checkpoint.clone()));
            match result {
                Ok(()) => assert_eq!(saved, shortcut),
                Err(error) => {
                    assert_ne!(saved, shortcut);
                    assert!(error.to_string().contains("does not fit"), "{error}");
                }
            }
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
    assert_eq!(structure.shortcuts, [ShortcutKind::Projection; 3]);
    let padded = probe::<ResNet>(Config { shortcut: ShortcutChoice::A, ..tiny() }).structure.expect("one");
    let kinds = [ShortcutKind::Identity, ShortcutKind::ZeroPadding, ShortcutKind::ZeroPadding];
    assert_eq!(padded.shortcuts, kinds);
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
pub(crate) fn check_paths(paths: &Paths, residual: bool) {
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
        match block.kind {
            ShortcutKind::Projection => assert_ne!(shortcut.gradient, block.sum.gradient),
            ShortcutKind::Identity => {
                assert_eq!((shortcut.signal, shortcut.gradient), (input.signal, block.sum.gradient));
            }
            // The gradient of the appended channels is lost.
            ShortcutKind::ZeroPadding => {
                assert!(shortcut.signal > 0.0 && shortcut.signal < input.signal, "{index}: {block:?}");
                assert!(
                    shortcut.gradient > 0.0 && shortcut.gradient < block.sum.gradient,
                    "{index}: {block:?}"
                );
            }
        }
    }
}

#[test]
fn signal_and_gradient_are_measured_on_every_path() {
    let options = [(BlockChoice::Basic, ShortcutChoice::A), (BlockChoice::Basic, ShortcutChoice::B)];
    let options = options.into_iter().chain([(BlockChoice::Bottleneck, ShortcutChoice::C)]);
    for (block, shortcut) in options {
        for batch_norm in [false, true] {
            let config = Config { block, shortcut, batch_norm, init: InitChoice::He, ..tiny() };
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
            for (block, shortcut, order) in [
                (BlockChoice::Basic, ShortcutChoice::B, OrderChoice::Post),
                (BlockChoice::Bottleneck, ShortcutChoice::B, OrderChoice::Post),
                (BlockChoice::Basic, ShortcutChoice::A, OrderChoice::Post),
                (BlockChoice::Basic, ShortcutChoice::B, OrderChoice::Pre),
            ] {
                let config = Config { depth, block, shortcut, order, init, ..Config::default() };
                let checks = ResNet::checks(&config, &probe::<ResNet>(config.clone()));
                let (training, measured) = checks.split_last().expect("checks");
                assert_eq!(training.verdict, Verdict::Open, "nothing was trained");
                assert_eq!(measured.len(), 5);
                for check in measured {
                    assert_eq!(
                        check.verdict,
                        Verdict::Holds,
                        "{init:?} {depth:?} {block:?} {shortcut:?} {order:?}: {check:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn checks_are_open_before_anything_is_measured() {
    let checks = ResNet::checks(&Config::default(), &Record::default());
    assert!(checks.iter().all(|check| check.verdict == Verdict::Open), "{checks:?}");
    // On color images its count is the paper's, to the digit.
    let paper = Config { side: 16, n_seeds: 1, ..preset("paper") };
    for (dataset, count) in [(Dataset::FashionMnist, "269434"), (Dataset::Cifar10, "269722")] {
        let paper = Config { dataset, ..paper.clone() };
        let checks = ResNet::checks(&paper, &probe::<ResNet>(paper.clone()));
        assert_eq!((checks[1].measured.as_str(), checks[1].verdict), (count, Verdict::Holds));
    }
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
    // Errors are multiples of 1/4, the share of an image in a batch of four.
    let errors = &often.arms[PLAIN].errors;
    assert_eq!(errors.len(), 25);
    assert!(errors.iter().all(|(_, error)| (0.0..=1.0).contains(error) && (error * 4.0).fract() == 0.0));
    let last: f64 = errors[5..].iter().map(|(_, error)| error).sum::<f64>() / 20.0;
    assert_eq!(often.arms[PLAIN].training_error()[2], (25.0, last), "the mean of the last 20 batches");
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
    let Err(LabError::NoData(text)) = run::<ResNet>(config.clone()).1 else { panic!("there are no files") };
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
