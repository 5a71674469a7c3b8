//! Section 3: pre-activation, the shortcut that is computed by hand, the answers for sample images, and the
//! networks of the prepared sweep.
#![cfg(feature = "compute")]

use crate::collector::{probe, run, values};
use crate::findings::{assert_in_document, spread};
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};
use nn_lab::core::query::Query;
use nn_lab::core::settings::{from_map, from_query, to_query};
use nn_lab::models::resnet::{
    Block, BlockKind, ConvNorm, Init, LayerOrder, PathPosition, Plan, ResNet as Net, ShortcutOption,
};
use nn_lab::models::weights::{WeightRng, count_params};
use nn_lab::sections::resnet::{
    BlockChoice, Config, DEPTHS, InitChoice, MEASURED_ON, OrderChoice, PLAIN, RESIDUAL, ResNet,
    ShortcutChoice, ShortcutKind, TRAINING_ERRORS, params_formula,
};

fn tiny() -> Config {
    Config { depth: 8, batch_size: 8, steps: 6, n_seeds: 1, ..Config::default() }
}

/// Returns the plan of a small network with pre-activation.
fn pre(kind: BlockKind, n: usize, batch_norm: bool, shortcuts: Option<ShortcutOption>) -> Plan {
    Plan {
        channels_in: 2,
        n_classes: 3,
        kind,
        blocks_per_stage: n,
        channels: 3,
        batch_norm,
        shortcuts,
        init: Init::He,
        order: LayerOrder::Pre,
    }
}

/// Batch norm from its formula, with the statistics of the batch, gamma 1 and beta 0.
fn normalized(x: Tensor<4>) -> Tensor<4> {
    let [n, channels, height, width] = x.dims();
    let flat = x.permute([1, 0, 2, 3]).reshape([channels, n * height * width]);
    let mean = flat.clone().mean_dim(1);
    let centered = flat - mean;
    let variance = centered.clone().square().mean_dim(1);
    let flat = centered / variance.add_scalar(1e-5).sqrt();
    flat.reshape([channels, n, height, width]).permute([1, 0, 2, 3])
}

fn convolved(unit: &ConvNorm, x: Tensor<4>) -> Tensor<4> {
    let ConvNorm { conv, .. } = unit;
    let pad = conv.kernel_size[0] / 2;
    let options = ConvOptions::new(conv.stride, [pad, pad], [1, 1], 1);
    let bias = conv.bias.as_ref().map(|bias| bias.val().inner());
    conv2d(x, conv.weight.val().inner(), bias, options)
}

/// `s(x) + F(x)` with pre-activation, composed by hand.
fn composed(block: &Block, x: Tensor<4>, batch_norm: bool, option: Option<ShortcutOption>) -> Tensor<4> {
    let activation = |h: Tensor<4>| relu(if batch_norm { normalized(h) } else { h });
    let mut branch = x.clone();
    for unit in &block.convs {
        branch = convolved(unit, activation(branch));
    }
    match (&block.projection, option) {
        (Some(projection), _) => branch + convolved(projection, activation(x)),
        (None, None) => branch,
        (None, Some(_)) if x.dims() == branch.dims() => branch + x,
        (None, Some(_)) => {
            let [n, c_in, height, _] = x.dims();
            let [_, c_out, h_out, w_out] = branch.dims();
            let stride = height.div_ceil(h_out);
            let kept: Vec<i32> = (0..h_out).map(|row| (stride * row) as i32).collect();
            let kept = Tensor::<1, burn::tensor::Int>::from_ints(kept.as_slice(), &x.device());
            let x = x.select(2, kept.clone()).select(3, kept);
            let zeros = Tensor::zeros([n, c_out - c_in, h_out, w_out], &x.device());
            branch + Tensor::cat(vec![x, zeros], 1)
        }
    }
}

#[test]
fn a_pre_activated_block_equals_its_composition() {
    let device = Device::flex().autodiff();
    let options = [
        None,
        Some(ShortcutOption::ZeroPadding),
        Some(ShortcutOption::Projection),
        Some(ShortcutOption::AllProjections),
    ];
    for kind in [BlockKind::Basic, BlockKind::Bottleneck] {
        for option in options {
            for batch_norm in [false, true] {
                let net = Net::new(&pre(kind, 1, batch_norm, option), 3, &device);
                let factor = if kind == BlockKind::Basic { 1 } else { 4 };
                for (index, c_in) in [(0, 3), (1, 3 * factor), (2, 6 * factor)] {
                    let x = WeightRng::new(8).normal([4, c_in, 6, 6], 1.0, &Device::flex()).val().detach();
                    let block = &net.blocks[index];
                    let by_model = block.forward(Tensor::from_inner(x.clone())).inner();
                    let by_hand = composed(block, x, batch_norm, option);
                    assert_eq!(by_model.dims(), by_hand.dims());
                    assert!(by_model.clone().min().into_scalar::<f32>() < 0.0, "no ReLU after the addition");
                    let off = values((by_model - by_hand).abs().max())[0];
                    assert!(off < 1e-4, "{kind:?} {option:?} {batch_norm} {index}: {off}");
                }
            }
        }
    }
}

#[test]
fn a_pre_activated_network_ends_with_batch_norm_and_relu() {
    let device = Device::flex().autodiff();
    let net = Net::new(&pre(BlockKind::Basic, 1, true, Some(ShortcutOption::Projection)), 3, &device);
    let x = WeightRng::new(8).normal([4, 2, 8, 8], 1.0, &Device::flex()).val().detach();
    assert!(net.stem.norm.is_none() && net.stem.conv.bias.is_none());
    let mut h = convolved(&net.stem, x.clone());
    for block in &net.blocks {
        h = block.forward(Tensor::from_inner(h)).inner();
    }
    let pooled = relu(normalized(h)).mean_dim(3).mean_dim(2).reshape([4, 12]);
    let logits = pooled.matmul(net.head.weight.val().inner());
    let off = values((net.forward(Tensor::from_inner(x)).inner() - logits).abs().max())[0];
    assert!(off < 1e-5, "{off}");
}

/// With pre-activation and identity shortcuts the sum is exact: `x_L = x_l + sum F_i(x_i)`.
#[test]
fn with_pre_activation_a_chain_of_blocks_is_a_sum() {
    let device = Device::flex().autodiff();
    let off = |order| {
        let plan = Plan { order, ..pre(BlockKind::Basic, 4, true, Some(ShortcutOption::Projection)) };
        let net = Net::new(&plan, 3, &device);
        let x =
            Tensor::from_inner(WeightRng::new(8).normal([4, 2, 8, 8], 1.0, &Device::flex()).val().detach());
        let (mut branches, mut first, mut last) = (Vec::new(), None, None);
        net.forward_with(x, |at, position, h| {
            match (at, position) {
                (1, PathPosition::Output) => first = Some(h.clone().inner()),
                (2..=4, PathPosition::Branch) => branches.push(h.clone().inner()),
                (4, PathPosition::Output) => last = Some(h.clone().inner()),
                _ => {}
            }
            h
        });
        let sum = branches.into_iter().fold(first.expect("block 1"), |sum, branch| sum + branch);
        values((sum - last.expect("block 4")).abs().max())[0]
    };
    assert!(off(LayerOrder::Pre) < 1e-5, "{}", off(LayerOrder::Pre));
    assert!(off(LayerOrder::Post) > 0.1, "ReLU after the addition removes negative sums");
}

/// The projection uses the batch norm of the branch; it must not count the batch twice.
#[test]
fn running_statistics_of_a_shared_batch_norm_are_updated_once() {
    let device = Device::flex().autodiff();
    let net = Net::new(&pre(BlockKind::Basic, 1, true, Some(ShortcutOption::AllProjections)), 3, &device);
    let x = WeightRng::new(8).normal([4, 3, 6, 6], 1.0, &Device::flex()).val().detach();
    let block = &net.blocks[0];
    block.forward(Tensor::from_inner(x.clone()));
    let norm = block.convs[0].norm.as_ref().expect("batch norm");
    let running = values(norm.running_mean.value_sync().inner());
    let mean = values(x.permute([1, 0, 2, 3]).reshape([3, 4 * 36]).mean_dim(1).reshape([3]));
    for (running, mean) in running.iter().zip(mean) {
        assert!((running - 0.1 * mean).abs() < 1e-6, "{running} is not a tenth of {mean}");
    }
}

#[test]
fn pre_activation_moves_the_parameters_of_batch_norm() {
    let count = |order, shortcuts| {
        let plan = Plan {
            channels_in: 3,
            n_classes: 10,
            kind: BlockKind::Basic,
            blocks_per_stage: 3,
            channels: 16,
            batch_norm: true,
            shortcuts,
            init: Init::He,
            order,
        };
        count_params(&Net::new(&plan, 1, &Device::flex()))
    };
    let post = count(LayerOrder::Post, None);
    // Without the first batch norm (2 x 16); before the first convolutions of stages 2 and 3 there are half as
    // many channels (2 x 16 and 2 x 32 fewer); one more after the last block (2 x 64).
    assert_eq!(count(LayerOrder::Pre, None), post - 32 - 32 - 64 + 128);
    // Projections have no batch norm: 16 x 32 and 32 x 64 weights.
    assert_eq!(count(LayerOrder::Pre, Some(ShortcutOption::Projection)), post + 16 * 32 + 32 * 64);
    assert_eq!(count(LayerOrder::Pre, Some(ShortcutOption::ZeroPadding)), post);
}

/// Addresses and files of runs from before there was a choice have no such key.
#[test]
fn without_a_key_relu_follows_the_addition() {
    let (config, warnings) = from_query(&Config::default(), &Query::parse("depth=8"));
    assert_eq!((config.order, warnings), (OrderChoice::Post, Vec::new()));
    let file: Config = from_map(&serde_json::from_str(r#"{"depth":56}"#).expect("JSON"));
    assert_eq!(file.order, OrderChoice::Post);
    let pre = Config { order: OrderChoice::Pre, ..Config::default() };
    assert_eq!(to_query(&pre).to_string(), "order=pre");
}

#[test]
fn networks_with_pre_activation_train_and_are_measured_on_every_path() {
    for (batch_norm, shortcut) in
        [(false, ShortcutChoice::A), (true, ShortcutChoice::B), (true, ShortcutChoice::C)]
    {
        let config = Config { order: OrderChoice::Pre, batch_norm, shortcut, init: InitChoice::He, ..tiny() };
        let untrained = probe::<ResNet>(config.clone());
        let (trained, result) = run::<ResNet>(config.clone());
        assert_eq!(result, Ok(()));
        for record in [&untrained, &trained] {
            for arm in [PLAIN, RESIDUAL] {
                let paths = record.paths(arm).expect("measured");
                for block in &paths.blocks {
                    // Nothing follows the addition.
                    assert_eq!(
                        (block.sum.signal, block.sum.gradient),
                        (block.output.signal, block.output.gradient)
                    );
                    assert!(block.branch.gradient > 0.0 && block.branch.signal > 0.0, "{block:?}");
                }
                crate::resnet::check_paths(paths, arm == RESIDUAL);
            }
        }
        let structure = untrained.structure.expect("a structure");
        assert_eq!(u64::from(structure.params_residual), params_formula(&config, true));
    }
}

#[test]
fn a_shortcut_by_hand_equals_the_models() {
    for block in [BlockChoice::Basic, BlockChoice::Bottleneck] {
        for shortcut in [ShortcutChoice::A, ShortcutChoice::B, ShortcutChoice::C] {
            for order in [OrderChoice::Post, OrderChoice::Pre] {
                for batch_norm in [false, true] {
                    let config =
                        Config { block, shortcut, order, batch_norm, depth: 20, n_seeds: 1, ..tiny() };
                    let n = config.blocks_per_stage();
                    let check = probe::<ResNet>(config.clone()).shortcut.expect("a check");
                    let factor = if block == BlockChoice::Basic { 1 } else { 4 };
                    assert_eq!(check.shapes, [[4 * factor, 16, 16], [8 * factor, 8, 8]], "{config:?}");
                    assert_eq!((check.block, check.compared), (n + 1, 8 * 8 * factor * 64));
                    assert!(check.max_difference < 1e-4, "{config:?}: {check:?}");
                    assert!((check.first[0] - check.first[1]).abs() < 1e-4, "{check:?}");
                    if shortcut == ShortcutChoice::A {
                        assert_eq!((check.kind, check.max_difference), (ShortcutKind::ZeroPadding, 0.0));
                        assert!(check.weights.is_empty());
                        continue;
                    }
                    assert_eq!(check.kind, ShortcutKind::Projection);
                    // The numbers that the page writes out.
                    assert_eq!(check.weights.len(), check.inputs.len());
                    let products = check.weights.iter().zip(&check.inputs).map(|(w, x)| f64::from(w * x));
                    let sum = products.sum::<f64>() + f64::from(check.bias);
                    assert_eq!(check.norm.is_some(), batch_norm && order == OrderChoice::Post);
                    let sum = check.norm.map_or(sum, |[mean, std]| (sum - mean) / std);
                    assert!((sum - check.first[1]).abs() < 1e-4, "{sum}: {check:?}");
                }
            }
        }
    }
}

#[test]
fn sample_images_are_one_per_class_and_answered_before_and_during_training() {
    let config = Config { batch_norm: true, ..tiny() };
    let untrained = probe::<ResNet>(config.clone());
    let samples = untrained.samples.clone().expect("samples");
    assert_eq!(samples.per_class.labels, (0..10).collect::<Vec<u8>>());
    assert_eq!(samples.per_class.pixels.len(), 10 * 32 * 32);
    assert_eq!((samples.held_out.labels.len(), samples.info.counts.len()), (12, 10));
    assert_eq!(samples.info.counts.iter().map(|[_, test]| test).sum::<u32>(), 500);
    let (trained, result) = run::<ResNet>(config);
    assert_eq!(result, Ok(()));
    for arm in [PLAIN, RESIDUAL] {
        let before = untrained.answers(arm).expect("answers");
        let after = trained.answers(arm).expect("answers");
        assert_ne!(before, after);
        for answers in [before, after] {
            assert_eq!(answers.len(), 10 * 10);
            for image in answers.chunks(10) {
                assert!((image.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{image:?}");
            }
        }
    }
}

/// By default the untrained plain network gives every image the same answer, and the residual one does not.
#[test]
fn without_shortcuts_all_images_look_the_same() {
    let record = probe::<ResNet>(Config { n_seeds: 1, ..Config::default() });
    let spread = |arm: usize| {
        let answers = record.answers(arm).expect("answers");
        let of_class = |class: usize| answers.iter().skip(class).step_by(10).copied();
        let spread = |class: usize| {
            let (low, high) = of_class(class).fold((1.0f32, 0.0f32), |(l, h), p| (l.min(p), h.max(p)));
            high - low
        };
        (0..10).map(spread).fold(0.0, f32::max)
    };
    let (plain, residual) = (spread(PLAIN), spread(RESIDUAL));
    println!("plain {plain:.2e}, residual {residual:.2e}");
    assert!(plain < 1e-4 && residual > 100.0 * plain, "plain {plain}, residual {residual}");
}

#[test]
fn the_chapter_about_depth_measures_the_networks_of_its_sweep() {
    let sweep = Config::depth_sweep().expect("the sweep");
    assert_eq!(sweep.title, "Degradation: 20 and 56 layers");
    let config = Config::of_depth_sweep(56);
    assert_eq!((config.depth, config.batch_norm, config.init, config.steps), (56, true, InitChoice::He, 160));
    let record = probe::<ResNet>(tiny());
    let depths = record.depths.expect("depths");
    assert_eq!(depths.iter().map(|depth| depth.depth).collect::<Vec<_>>(), DEPTHS);
    let own = probe::<ResNet>(Config { n_seeds: 1, ..Config::of_depth_sweep(56) });
    let flow = own.flow.expect("measured");
    assert_eq!(depths[1].nets, [flow.plain[0].clone(), flow.residual[0].clone()]);
    // The gradient of the deep plain network grows by orders of magnitude toward the input.
    let growth = |depth: usize, arm: usize| {
        let deltas = &depths[depth].nets[arm].deltas;
        deltas[0] / deltas[deltas.len() - 1]
    };
    let all = [0, 1].map(|depth| [PLAIN, RESIDUAL].map(|arm| growth(depth, arm)));
    println!("growth of the gradient from the last block to the first, plain and residual: {all:?}");
    assert!(all[1][PLAIN] > 20.0 * all[0][PLAIN] && all[1][RESIDUAL] < 0.1 * all[1][PLAIN], "{all:?}");
}

/// The page states a finding of this project; `docs/findings.md` has it with its settings.
#[test]
fn the_finding_on_the_page_is_in_the_document() {
    for (finding, errors) in [
        ("The training error of plain networks", TRAINING_ERRORS[PLAIN]),
        ("The training error of residual networks", TRAINING_ERRORS[RESIDUAL]),
    ] {
        let [shallow, deep] = errors.map(|values| spread(&values, 2));
        assert_in_document("ResNet", finding, &format!("20 layers {shallow}; 56 layers {deep}"));
    }
    let document = std::fs::read_to_string("docs/findings.md").expect("docs/findings.md");
    assert!(document.contains(&format!("on {MEASURED_ON}")), "the day of the measurements");
}
