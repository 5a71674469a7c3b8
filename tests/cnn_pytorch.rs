//! Convolutions, the separable block and both nets against PyTorch. `fixtures/make_cnn.py` made the numbers.
#![cfg(feature = "compute")]

use crate::reference::{agree, fixture, flat, tensor};
use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use nn_lab::models::cnn::{Block, Cnn, DepthwiseSeparable, Geometry, conv2d};
use nn_lab::models::weights::WeightRng;
use nn_lab::run::training::{cross_entropy, one_hot};
use serde_json::Value;

fn number(value: &Value, key: &str) -> usize {
    value[key].as_u64().expect("a number") as usize
}

fn set(conv: &mut Conv2d, weight: &Value, bias: &Value, device: &Device) {
    conv.weight = Param::from_tensor(tensor(weight, device));
    conv.bias = Some(Param::from_tensor(tensor(bias, device)));
}

fn bias(conv: &Conv2d) -> Tensor<1> {
    conv.bias.as_ref().expect("a bias").val()
}

#[test]
fn convolutions_agree() {
    let device = Device::flex().autodiff();
    for (i, case) in fixture("cnn")["convolutions"].as_array().expect("cases").iter().enumerate() {
        let geometry = Geometry {
            kernel: number(case, "kernel"),
            stride: number(case, "stride"),
            padding: number(case, "padding"),
            dilation: number(case, "dilation"),
        };
        let groups = number(case, "groups");
        let x: Tensor<4> = tensor(&case["x"], &device).require_grad();
        let [_, c_in, _, _] = x.dims();
        let c_out = case["bias"].as_array().expect("biases").len();
        let mut conv = conv2d([c_in, c_out], geometry, groups, 1.0, &mut WeightRng::new(1), &device);
        let drawn = conv.weight.dims();
        set(&mut conv, &case["weight"], &case["bias"], &device);
        assert_eq!(drawn, conv.weight.dims());
        let y = conv.forward(x.clone());
        agree(&format!("case {i}: output"), y.clone(), &case["y"]);
        let grads = (y * tensor(&case["probe"], &device)).sum().backward();
        let theirs = &case["grads"];
        agree(&format!("case {i}: gradient of x"), x.grad(&grads).expect("a gradient"), &theirs["x"]);
        let weight = conv.weight.val().grad(&grads).expect("a gradient");
        agree(&format!("case {i}: gradient of the weight"), weight, &theirs["weight"]);
        agree(
            &format!("case {i}: gradient of the bias"),
            bias(&conv).grad(&grads).expect("a gradient"),
            &theirs["bias"],
        );
    }
}

#[test]
fn the_separable_block_agrees() {
    let device = Device::flex().autodiff();
    let case = &fixture("cnn")["separable"];
    let x: Tensor<4> = tensor(&case["x"], &device).require_grad();
    let mut block = DepthwiseSeparable::new([3, 4], 3, &mut WeightRng::new(1), &device);
    let params = &case["params"];
    set(&mut block.depthwise, &params[0], &params[1], &device);
    set(&mut block.pointwise, &params[2], &params[3], &device);
    let y = block.forward(x.clone());
    agree("output", y.clone(), &case["y"]);
    let grads = (y * tensor(&case["probe"], &device)).sum().backward();
    let theirs = &case["grads"];
    agree("gradient of x", x.grad(&grads).expect("a gradient"), &theirs["x"]);
    for (i, conv) in [&block.depthwise, &block.pointwise].into_iter().enumerate() {
        agree(
            "gradient of a weight",
            conv.weight.val().grad(&grads).expect("a gradient"),
            &theirs["params"][2 * i],
        );
        agree(
            "gradient of a bias",
            bias(conv).grad(&grads).expect("a gradient"),
            &theirs["params"][2 * i + 1],
        );
    }
}

#[test]
fn both_nets_agree() {
    let device = Device::flex().autodiff();
    for case in fixture("cnn")["nets"].as_array().expect("nets") {
        let separable = case["separable"].as_bool().expect("yes or no");
        let mut net = Cnn::new(1, 1, 4, separable, &mut WeightRng::new(1), &device);
        let (weights, biases) = (&case["weights"], &case["biases"]);
        let mut at = 0;
        for block in &mut net.blocks {
            let convs = match block {
                Block::Conv(block) => vec![&mut block.conv],
                Block::Separable(block) => vec![&mut block.depthwise, &mut block.pointwise],
            };
            for conv in convs {
                set(conv, &weights[at], &biases[at], &device);
                at += 1;
            }
        }
        net.head.weight = Param::from_tensor(tensor(&weights[at], &device));
        net.head.bias = Some(Param::from_tensor(tensor(&biases[at], &device)));

        let name = if separable { "separable net" } else { "net" };
        let logits = net.forward(tensor(&case["x"], &device));
        agree(&format!("{name}: logits"), logits.clone(), &case["logits"]);
        let targets = flat(&case["targets"]).into_iter().map(|t| t as u8);
        let loss = cross_entropy(logits, one_hot(targets, 4, &device));
        agree(&format!("{name}: loss"), loss.clone(), &case["loss"]);
        let grads = loss.backward();
        let theirs = &case["grads"];
        let convs = net.blocks.iter().flat_map(Block::convolutions);
        for (i, conv) in convs.enumerate() {
            let weight = conv.weight.val().grad(&grads).expect("a gradient");
            agree(&format!("{name}: gradient of weight {i}"), weight, &theirs["weights"][i]);
            let bias = bias(conv).grad(&grads).expect("a gradient");
            agree(&format!("{name}: gradient of bias {i}"), bias, &theirs["biases"][i]);
        }
        let head = net.head.weight.val().grad(&grads).expect("a gradient");
        agree(&format!("{name}: gradient of the head"), head, &theirs["weights"][at]);
    }
}
