//! The multilayer perceptron and its training. The fixture is from `tests/fixtures/make_mlp.py`.

use crate::models::mlp::{Activation, Mlp};
use crate::models::weights::WeightRng;
use crate::run::optimizer_kind::OptimizerKind;
use crate::run::training::{cross_entropy, one_hot};
use crate::verify::case::{Case, CaseError, Compared, Pairs};
use crate::verify::values::{count, labels, list, set_linear, tensor};
use crate::verify::{PYTORCH, ROUNDING, each};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use serde_json::Value;
use std::rc::Rc;

/// PyTorch's training runs: the key in the fixture, the optimizer, its name and its learning rate.
const OPTIMIZERS: [(&str, OptimizerKind, &str, f64); 2] = [
    ("adam", OptimizerKind::Adam, "Adam", 0.01),
    ("momentum", OptimizerKind::Momentum, "SGD with momentum", 0.1),
];

pub(super) fn cases(group: &'static str, fixture: Rc<Value>) -> Vec<Case> {
    let mut cases = each(&fixture, "cases", |i, case| {
        let (fixture, name) = (fixture.clone(), name(case));
        let what = format!("{name}: values and gradients");
        Some(Case::new(group, what, PYTORCH, &ROUNDING, move |device| values(&fixture, i, device)))
    });
    for (key, optimizer, title, learning_rate) in OPTIMIZERS {
        for (i, case) in list(&fixture["cases"]).iter().enumerate() {
            for (after, state) in list(&case[key]).iter().enumerate() {
                let fixture = fixture.clone();
                let what = format!("{}: weights after {} of {title}", name(case), steps(&state["steps"]));
                cases.push(Case::new(group, what, PYTORCH, &ROUNDING, move |device| {
                    trained(&fixture, i, &fixture["cases"][i][key][after], (optimizer, learning_rate), device)
                }));
            }
        }
    }
    cases
}

fn name(case: &Value) -> &str {
    case["activation"].as_str().unwrap_or("no activation")
}

fn steps(number: &Value) -> String {
    if *number == 1 { "a step".to_owned() } else { format!("{number} steps") }
}

/// Returns the network of a case, its inputs and its targets.
fn problem(fixture: &Value, i: usize, device: &Device) -> Result<(Mlp, Tensor<2>, Tensor<2>), CaseError> {
    let activation = match name(&fixture["cases"][i]) {
        "identity" => Activation::Identity,
        "relu" => Activation::Relu,
        "gelu" => Activation::Gelu,
        "tanh" => Activation::Tanh,
        "sigmoid" => Activation::Sigmoid,
        other => return Err(CaseError::Other(format!("No activation is called {other}."))),
    };
    let mut net = Mlp::new(3, &[5, 4], 2, activation, true, &mut WeightRng::new(0), device);
    for (l, layer) in net.layers.iter_mut().enumerate() {
        set_linear(layer, &fixture["weights"][l], &fixture["biases"][l], device)?;
    }
    let y = one_hot(labels(&fixture["targets"])?.into_iter(), 2, device);
    Ok((net, tensor(&fixture["x"], device)?, y))
}

fn values(fixture: &Value, i: usize, device: &Device) -> Compared {
    let (net, x, y) = problem(fixture, i, &device.clone().autodiff())?;
    let case = &fixture["cases"][i];
    let mut pairs = Pairs::default();
    let logits = net.forward(x);
    pairs.json("logits", logits.clone(), &case["logits"])?;
    let loss = cross_entropy(logits, y);
    pairs.json("loss", loss.clone(), &case["loss"])?;
    let grads = loss.backward();
    let theirs = &case["grads"];
    for (l, layer) in net.layers.iter().enumerate() {
        let theirs = [&theirs["weights"][l], &theirs["biases"][l]];
        pairs.layer_gradients(l, &layer.weight, layer.bias.as_ref(), &grads, theirs)?;
    }
    Ok(pairs)
}

fn trained(
    fixture: &Value,
    i: usize,
    after: &Value,
    (optimizer, learning_rate): (OptimizerKind, f64),
    device: &Device,
) -> Compared {
    let (mut net, x, y) = problem(fixture, i, &device.clone().autodiff())?;
    let mut optimizer = optimizer.init();
    for _ in 0..count(&after["steps"])? {
        let loss = cross_entropy(net.forward(x.clone()), y.clone());
        let grads = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(learning_rate, None, net, grads);
    }
    let mut pairs = Pairs::default();
    for (l, layer) in net.valid().layers.iter().enumerate() {
        pairs.json(format!("weight {l}"), layer.weight.val(), &after["weights"][l])?;
        if let Some(bias) = &layer.bias {
            pairs.json(format!("bias {l}"), bias.val(), &after["biases"][l])?;
        }
    }
    Ok(pairs)
}
