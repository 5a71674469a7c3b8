//! The hand-built models against PyTorch, for the same weights. `fixtures/make_mlp.py` made the numbers.
#![cfg(feature = "compute")]

use crate::reference::{agree, fixture, flat, tensor};
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use nn_lab::models::mlp::{Activation, Mlp};
use nn_lab::models::weights::WeightRng;
use nn_lab::run::optimizer::Optimizer;
use nn_lab::run::rule::Rule;
use nn_lab::run::training::{cross_entropy, one_hot};
use serde_json::Value;

fn net(fixture: &Value, activation: Activation, device: &Device) -> Mlp {
    let mut net = Mlp::new(3, &[5, 4], 2, activation, true, &mut WeightRng::new(0), device);
    for (l, layer) in net.layers.iter_mut().enumerate() {
        layer.weight = Param::from_tensor(tensor(&fixture["weights"][l], device));
        layer.bias = Some(Param::from_tensor(tensor(&fixture["biases"][l], device)));
    }
    net
}

fn agree_params(what: &str, net: &Mlp, theirs: &Value) {
    for (l, layer) in net.layers.iter().enumerate() {
        agree(&format!("{what}, weight {l}"), layer.weight.val(), &theirs["weights"][l]);
        agree(&format!("{what}, bias {l}"), layer.bias.as_ref().expect("a bias").val(), &theirs["biases"][l]);
    }
}

/// One net for each activation of the fixture, with its case.
fn cases(check: impl Fn(&str, Mlp, Tensor<2>, Tensor<2>, &Value)) {
    let fixture = fixture("mlp");
    let device = Device::flex().autodiff();
    let x = tensor(&fixture["x"], &device);
    let targets = flat(&fixture["targets"]).into_iter().map(|t| t as u8);
    let y = one_hot(targets, 2, &device);
    for case in fixture["cases"].as_array().expect("cases") {
        let name = case["activation"].as_str().expect("a name");
        let activation = match name {
            "identity" => Activation::Identity,
            "relu" => Activation::Relu,
            "gelu" => Activation::Gelu,
            "tanh" => Activation::Tanh,
            "sigmoid" => Activation::Sigmoid,
            other => panic!("no activation is called {other}"),
        };
        check(name, net(&fixture, activation, &device), x.clone(), y.clone(), case);
    }
}

#[test]
fn values_and_gradients_agree() {
    cases(|name, net, x, y, case| {
        let logits = net.forward(x);
        agree(&format!("{name}: logits"), logits.clone(), &case["logits"]);
        let loss = cross_entropy(logits, y);
        agree(&format!("{name}: loss"), loss.clone(), &case["loss"]);
        let grads = loss.backward();
        for (l, layer) in net.layers.iter().enumerate() {
            let weight = layer.weight.val().grad(&grads).expect("a gradient");
            agree(&format!("{name}: gradient of weight {l}"), weight, &case["grads"]["weights"][l]);
            let bias = layer.bias.as_ref().expect("a bias").val().grad(&grads).expect("a gradient");
            agree(&format!("{name}: gradient of bias {l}"), bias, &case["grads"]["biases"][l]);
        }
    });
}

fn trained(mut net: Mlp, mut rule: Rule, lr: f64, steps: usize, x: &Tensor<2>, y: &Tensor<2>) -> Mlp {
    for _ in 0..steps {
        let loss = cross_entropy(net.forward(x.clone()), y.clone());
        let grads = GradientsParams::from_grads(loss.backward(), &net);
        net = rule.step(lr, None, net, grads);
    }
    net.valid()
}

#[test]
fn optimizers_agree() {
    cases(|name, net, x, y, case| {
        for (rule, lr, optimizer) in [("adam", 0.01, Optimizer::Adam), ("momentum", 0.1, Optimizer::Momentum)]
        {
            for after in case[rule].as_array().expect("numbers of steps") {
                let steps = after["steps"].as_u64().expect("a number") as usize;
                let ours = trained(net.clone(), optimizer.init(), lr, steps, &x, &y);
                agree_params(&format!("{name}: {steps} steps of {rule}"), &ours, after);
            }
        }
    });
}
