//! The recurrent nets against PyTorch's, for the same weights, and their written-out way back against autodiff.
#![cfg(feature = "compute")]

use crate::reference::{agree, fixture, flat, tensor};
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Distribution, Tensor};
use nn_lab::models::lstm::{ForgetBias, Lstm};
use nn_lab::models::recurrent::{Recurrent, gradients};
use nn_lab::models::rnn::VanillaRnn;
use nn_lab::models::weights::WeightRng;
use nn_lab::run::training::{cross_entropy, one_hot};
use serde_json::Value;

fn linear(weights: &Value, weight: &str, bias: &str, device: &Device) -> Linear {
    Linear {
        weight: Param::from_tensor(tensor(&weights[weight], device)),
        bias: Some(Param::from_tensor(tensor(&weights[bias], device))),
    }
}

/// Checks all of a case but the hidden states, whose place differs.
fn check<N: Recurrent>(net: &N, input: &Linear, recurrent: &Param<Tensor<2>>, fixture: &Value, case: &Value) {
    let device = Device::flex();
    let x = tensor::<3>(&fixture["x"], &device);
    let targets = flat(&fixture["targets"]).into_iter().map(|target| target as u8);
    let y = one_hot(targets, 2, &device.autodiff());
    agree("logits", net.valid().forward(&x), &case["logits"]);
    let found = gradients(net, &x, |logits| cross_entropy(logits, y)).expect("a device with autodiff");
    agree("loss", found.loss, &case["loss"]);
    let grads = &case["grads"];
    let of = |param: &Param<Tensor<2>>| found.params.get::<2>(param.id).expect("a gradient");
    let of_bias =
        |layer: &Linear| found.params.get::<1>(layer.bias.as_ref().expect("a bias").id).expect("a gradient");
    agree("dW_x", of(&input.weight), &grads["w_x"]);
    agree("db", of_bias(input), &grads["b"]);
    agree("dW_h", of(recurrent), &grads["w_h"]);
    agree("dW_y", of(&net.output().weight), &grads["w_y"]);
    agree("db_y", of_bias(net.output()), &grads["b_y"]);
    agree("dL/dh", found.through_time.d_hidden, &case["d_hidden"]);
    if let Some(d_cell) = found.through_time.d_cell {
        agree("dL/dc", d_cell, &case["d_cell"]);
    }
}

#[test]
fn the_rnn_agrees() {
    let (fixture, device) = (fixture("rnn"), Device::flex().autodiff());
    let case = &fixture["cases"][0];
    let weights = &case["weights"];
    let net = VanillaRnn {
        input: linear(weights, "w_x", "b", &device),
        recurrent: Param::from_tensor(tensor(&weights["w_h"], &device)),
        output: linear(weights, "w_y", "b_y", &device),
    };
    let trace = net.valid().unroll(&tensor(&fixture["x"], &Device::flex()));
    agree("hidden", trace.hidden, &case["hidden"]);
    check(&net, &net.input, &net.recurrent, &fixture, case);
}

#[test]
fn the_lstm_agrees() {
    let (fixture, device) = (fixture("rnn"), Device::flex().autodiff());
    let case = &fixture["cases"][1];
    let weights = &case["weights"];
    let net = Lstm {
        input: linear(weights, "w_x", "b", &device),
        recurrent: Param::from_tensor(tensor(&weights["w_h"], &device)),
        output: linear(weights, "w_y", "b_y", &device),
    };
    let trace = net.valid().unroll(&tensor(&fixture["x"], &Device::flex()));
    agree("hidden", trace.hidden, &case["hidden"]);
    check(&net, &net.input, &net.recurrent, &fixture, case);
}

/// The way back that is written out finds what autodiff finds on the way forward, over a longer sequence.
///
/// `step_by_step` is the net as its equations have it: from what the input layer gives at each position to the last hidden
/// state.
fn check_against_autodiff<N: Recurrent>(
    net: &N,
    input: &Linear,
    recurrent: &Param<Tensor<2>>,
    step_by_step: impl Fn(Vec<Tensor<2>>) -> Tensor<2>,
) {
    let device = Device::flex();
    let x = Tensor::<3>::random([40, 5, 7], Distribution::Normal(0.0, 1.0), &device);
    let y = one_hot([0, 1, 2, 1, 0].into_iter(), 3, &device.autodiff());
    let ours = gradients(net, &x, |logits| cross_entropy(logits, y.clone())).expect("gradients");
    let x = Tensor::from_inner(x).reshape([40 * 5, 7]);
    let last = step_by_step(input.forward(x).chunk(40, 0));
    let theirs = cross_entropy(net.output().forward(last), y).backward();
    let off =
        |a: Tensor<2>, b: Tensor<2>| (a - b).abs().max().into_data().try_to_vec::<f32>().expect("floats")[0];
    for param in [&input.weight, recurrent, &net.output().weight] {
        let theirs = param.val().grad(&theirs).expect("a gradient");
        assert!(theirs.clone().abs().max().into_data().try_to_vec::<f32>().expect("floats")[0] > 1e-4);
        let off = off(ours.params.get::<2>(param.id).expect("a gradient"), theirs);
        assert!(off < 1e-5, "{off:e}");
    }
}

#[test]
fn the_way_back_agrees_with_autodiff() {
    let device = Device::flex().autodiff();
    let rnn = VanillaRnn::new(7, 6, 3, &mut WeightRng::new(1), &device).scale_recurrent(2.0);
    let zeros = || Tensor::<2>::zeros([5, 6], &device);
    check_against_autodiff(&rnn, &rnn.input, &rnn.recurrent, |projected| {
        projected.into_iter().fold(zeros(), |h, projected| rnn.step(projected, h))
    });
    for bias in [ForgetBias::Constant(1.0), ForgetBias::Chrono { t_max: 40 }] {
        let lstm = Lstm::new(7, 6, 3, bias, &mut WeightRng::new(2), &device);
        check_against_autodiff(&lstm, &lstm.input, &lstm.recurrent, |projected| {
            let step = |(h, c), projected| {
                let step = lstm.step(projected, h, c);
                (step.hidden, step.cell)
            };
            projected.into_iter().fold((zeros(), zeros()), step).0
        });
    }
}
