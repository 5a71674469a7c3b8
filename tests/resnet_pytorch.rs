//! The hand-built residual networks against PyTorch, for the same weights. `fixtures/make_resnet.py` made the numbers.
#![cfg(feature = "compute")]

use crate::reference::{agree, fixture, flat, tensor};
use burn::module::{Module, Param, RunningState};
use burn::tensor::Device;
use nn_lab::models::resnet::{Block, BlockKind, ConvNorm, Init, Plan, ResNet};
use nn_lab::run::training::{cross_entropy, one_hot};
use serde_json::Value;

fn flag(case: &Value, key: &str) -> bool {
    case[key].as_bool().expect("true or false")
}

/// Gives a convolution and its batch norm the fixture's numbers.
fn fill(unit: &mut ConvNorm, theirs: &Value, device: &Device) {
    unit.conv.weight = Param::from_tensor(tensor(&theirs["weight"], device));
    match &mut unit.norm {
        None => unit.conv.bias = Some(Param::from_tensor(tensor(&theirs["bias"], device))),
        Some(norm) => {
            assert!(unit.conv.bias.is_none(), "batch norm takes the bias's place");
            norm.gamma = Param::from_tensor(tensor(&theirs["gamma"], device));
            norm.beta = Param::from_tensor(tensor(&theirs["beta"], device));
            norm.running_mean = RunningState::new(tensor(&theirs["mean"], device));
            norm.running_var = RunningState::new(tensor(&theirs["var"], device));
        }
    }
}

/// The block of the case, cut out of a net that has such a one.
fn block(case: &Value, device: &Device) -> Block {
    let number = |key: &str| case[key].as_u64().expect("a number") as usize;
    let bottleneck = case["kind"] == "bottleneck";
    let plan = Plan {
        channels_in: 1,
        n_classes: 2,
        kind: if bottleneck { BlockKind::Bottleneck } else { BlockKind::Basic },
        blocks_per_stage: 2,
        channels: if bottleneck { 1 } else { 2 },
        batch_norm: flag(case, "batch_norm"),
        shortcuts: flag(case, "shortcut"),
        init: Init::He,
    };
    let index = match (number("stride"), bottleneck, number("c_in")) {
        (2, _, _) => 2,
        (_, true, 4) => 1,
        _ => 0,
    };
    let mut block = ResNet::new(&plan, 0, device).blocks.swap_remove(index);
    for (unit, theirs) in block.convs.iter_mut().zip(case["convs"].as_array().expect("convolutions")) {
        fill(unit, theirs, device);
    }
    assert_eq!(block.projection.is_some(), !case["projection"].is_null());
    if let Some(projection) = &mut block.projection {
        fill(projection, &case["projection"], device);
    }
    block
}

fn cases(key: &str, check: impl Fn(&str, &Value)) {
    let fixture = fixture("resnet");
    let all = fixture[key].as_array().expect("cases");
    assert!(!all.is_empty());
    for case in all {
        let tell = |key: &str| case[key].to_string();
        let name = ["kind", "stride", "batch_norm", "shortcut"].map(tell).join(" ");
        check(&name, case);
    }
}

#[test]
fn blocks_in_train_mode_agree() {
    let device = Device::flex().autodiff();
    cases("blocks", |name, case| {
        let block = block(case, &device);
        let x = tensor::<4>(&case["x"], &device).require_grad();
        let y = block.forward(x.clone());
        let train = &case["train"];
        agree(&format!("{name}: output"), y.clone(), &train["output"]);
        let grads = (y * tensor(&case["r"], &device)).sum().backward();
        agree(&format!("{name}: gradient of the input"), x.grad(&grads).expect("a gradient"), &train["x"]);
        let mut n_norms = 0;
        for (i, unit) in block.convs.iter().chain(&block.projection).enumerate() {
            let theirs = &train["grads"][i];
            let weight = unit.conv.weight.val().grad(&grads).expect("a gradient");
            agree(&format!("{name}: gradient of weight {i}"), weight, &theirs["weight"]);
            if let Some(bias) = &unit.conv.bias {
                let bias = bias.val().grad(&grads).expect("a gradient");
                agree(&format!("{name}: gradient of bias {i}"), bias, &theirs["bias"]);
            }
            let Some(norm) = &unit.norm else { continue };
            let gamma = norm.gamma.val().grad(&grads).expect("a gradient");
            agree(&format!("{name}: gradient of gamma {i}"), gamma, &theirs["gamma"]);
            let beta = norm.beta.val().grad(&grads).expect("a gradient");
            agree(&format!("{name}: gradient of beta {i}"), beta, &theirs["beta"]);
            // One forward pass has moved the running statistics by a tenth of the way.
            let after = &train["after"][n_norms];
            n_norms += 1;
            agree(&format!("{name}: mean {i}"), norm.running_mean.value_sync(), &after["mean"]);
            let variance = norm.running_var.value_sync();
            agree(&format!("{name}: biased variance {i}"), variance, &after["var_biased"]);
            assert_ne!(after["var"], after["var_biased"], "PyTorch divides by n - 1");
        }
        assert_eq!(n_norms, train["after"].as_array().map_or(0, Vec::len));
    });
}

#[test]
fn blocks_in_eval_mode_agree() {
    let device = Device::flex();
    cases("blocks", |name, case| {
        let block = block(case, &device);
        let y = block.forward(tensor(&case["x"], &device));
        agree(&format!("{name}: output"), y, &case["eval"]);
        // The same from a net that was in training: `valid` takes the running statistics along.
        let block = self::block(case, &device.clone().autodiff()).valid();
        agree(
            &format!("{name}: output after valid"),
            block.forward(tensor(&case["x"], &device)),
            &case["eval"],
        );
    });
}

#[test]
fn nets_agree_and_evaluate_with_what_training_has_seen() {
    let (plain, device) = (Device::flex(), Device::flex().autodiff());
    cases("nets", |name, case| {
        let plan = Plan {
            channels_in: 1,
            n_classes: 3,
            kind: BlockKind::Basic,
            blocks_per_stage: 1,
            channels: 2,
            batch_norm: flag(case, "batch_norm"),
            shortcuts: flag(case, "shortcut"),
            init: Init::He,
        };
        let mut net = ResNet::new(&plan, 0, &device);
        let units = case["units"].as_array().expect("units");
        let blocks =
            net.blocks.iter_mut().flat_map(|block| block.convs.iter_mut().chain(&mut block.projection));
        let ours: Vec<&mut ConvNorm> = std::iter::once(&mut net.stem).chain(blocks).collect();
        assert_eq!(ours.len(), units.len());
        for (unit, theirs) in ours.into_iter().zip(units) {
            fill(unit, theirs, &device);
        }
        net.head.weight = Param::from_tensor(tensor(&case["head"]["weight"], &device));
        net.head.bias = Some(Param::from_tensor(tensor(&case["head"]["bias"], &device)));

        let logits = net.forward(tensor(&case["x"], &device));
        agree(&format!("{name}: logits"), logits.clone(), &case["logits"]);
        let targets = flat(&case["targets"]).into_iter().map(|t| t as u8);
        let loss = cross_entropy(logits, one_hot(targets, 3, &device));
        agree(&format!("{name}: loss"), loss.clone(), &case["loss"]);
        let grads = loss.backward();
        for (i, weight) in net.first_convs().enumerate() {
            let norm = weight.val().grad(&grads).expect("a gradient").square().sum().sqrt();
            agree(&format!("{name}: norm {i}"), norm, &case["norms"][i]);
        }
        let logits = net.valid().forward(tensor(&case["x"], &plain));
        agree(&format!("{name}: eval"), logits, &case["eval_biased"]);
    });
}
