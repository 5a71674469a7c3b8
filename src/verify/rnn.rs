//! The recurrent networks, and their written-out backward passes compared with autodiff. The fixture is from
//! `tests/fixtures/make_rnn.py`.

use crate::models::lstm::{ForgetBias, Lstm};
use crate::models::recurrent::{Recurrent, gradients};
use crate::models::rnn::VanillaRnn;
use crate::models::weights::WeightRng;
use crate::run::training::{cross_entropy, one_hot};
use crate::verify::case::{Case, CaseError, Compared, Computed, Pairs, Side, Tensors, Tolerance};
use crate::verify::values::{gradient, labels, list, param, tensor};
use crate::verify::{PYTORCH, ROUNDING};
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use serde_json::Value;
use std::rc::Rc;

/// For two computations of the same gradients over forty steps.
static FORTY_STEPS: Tolerance = Tolerance {
    cpu: 2e-5,
    gpu: 2e-4,
    why: "Two orders of the same sums in 32 bits, over forty steps. WebGPU allows a GPU errors of 1e-5 in tanh and similar functions.",
};

/// A computation from a fixture and one of its cases.
type OfCase = fn(&Value, &Value, &Device) -> Compared;
/// A computation with two implementations, without a fixture.
type ComputeSide = fn(Side, &Device) -> Computed;

pub(super) fn cases(group: &'static str, fixture: Rc<Value>) -> Vec<Case> {
    let nets: [(&str, OfCase); 2] = [("RNN", rnn), ("LSTM", lstm)];
    let found = list(&fixture["cases"]).len();
    let mut cases: Vec<Case> = nets
        .into_iter()
        .enumerate()
        .take(found)
        .map(|(i, (name, compute))| {
            let fixture = fixture.clone();
            let what = format!("{name}: states, loss, gradients of weights and states");
            Case::new(group, what, PYTORCH, &ROUNDING, move |device| {
                compute(&fixture, &fixture["cases"][i], device)
            })
        })
        .collect();
    // These need no fixture, but without one the group has to be empty, so that it is reported as missing.
    if found > 0 {
        let nets: [(&str, ComputeSide); 3] =
            [("RNN", long_rnn), ("LSTM, forget bias 1", long_lstm), ("LSTM, chrono", long_chrono)];
        cases.extend(nets.map(|(name, compute)| {
            let what = format!("{name}: backpropagation through 40 steps");
            Case::of_both_sides(group, what, "burn's autodiff, CPU", &FORTY_STEPS, compute)
        }));
    }
    cases
}

/// The input layer, the recurrent weights and the output layer of a network.
type Layers = (Linear, Param<Tensor<2>>, Linear);

fn layers(weights: &Value, device: &Device) -> Result<Layers, CaseError> {
    let linear = |weight: &str, bias: &str| {
        Ok::<_, CaseError>(Linear {
            weight: param(&weights[weight], device)?,
            bias: Some(param(&weights[bias], device)?),
        })
    };
    Ok((linear("w_x", "b")?, param(&weights["w_h"], device)?, linear("w_y", "b_y")?))
}

fn rnn(fixture: &Value, case: &Value, plain: &Device) -> Compared {
    let (input, recurrent, output) = layers(&case["weights"], &plain.clone().autodiff())?;
    let net = VanillaRnn { input, recurrent, output };
    let parts = ([&net.input, &net.output], &net.recurrent);
    compare_with_pytorch(&net, parts, |trace| trace.hidden, fixture, case, plain)
}

fn lstm(fixture: &Value, case: &Value, plain: &Device) -> Compared {
    let (input, recurrent, output) = layers(&case["weights"], &plain.clone().autodiff())?;
    let net = Lstm { input, recurrent, output };
    let parts = ([&net.input, &net.output], &net.recurrent);
    compare_with_pytorch(&net, parts, |trace| trace.hidden, fixture, case, plain)
}

fn compare_with_pytorch<N: Recurrent>(
    net: &N,
    ([input, output], recurrent): ([&Linear; 2], &Param<Tensor<2>>),
    hidden: impl FnOnce(N::Trace) -> Tensor<3>,
    fixture: &Value,
    case: &Value,
    plain: &Device,
) -> Compared {
    let x = &tensor(&fixture["x"], plain)?;
    let mut pairs = Pairs::default();
    pairs.json("hidden states", hidden(net.valid().unroll(x)), &case["hidden"])?;
    let y = one_hot(labels(&fixture["targets"])?.into_iter(), 2, &x.device().autodiff());
    pairs.json("logits", net.valid().forward(x), &case["logits"])?;
    let found = gradients(net, x, |logits| cross_entropy(logits, y));
    pairs.json("loss", found.loss, &case["loss"])?;
    let grads = &case["grads"];
    for (name, param) in [("w_x", &input.weight), ("w_h", recurrent), ("w_y", &output.weight)] {
        let ours = found.params.get::<2>(param.id).ok_or_else(|| CaseError::NoGradient(name.to_owned()))?;
        pairs.json(format!("gradient of {name}"), ours, &grads[name])?;
    }
    for (name, layer) in [("b", input), ("b_y", output)] {
        let ours = layer.bias.as_ref().and_then(|bias| found.params.get::<1>(bias.id));
        let ours = ours.ok_or_else(|| CaseError::NoGradient(name.to_owned()))?;
        pairs.json(format!("gradient of {name}"), ours, &grads[name])?;
    }
    pairs.json("gradient of the hidden states", found.through_time.d_hidden, &case["d_hidden"])?;
    if let Some(d_cell) = found.through_time.d_cell {
        pairs.json("gradient of the cells", d_cell, &case["d_cell"])?;
    }
    Ok(pairs)
}

fn long_rnn(side: Side, device: &Device) -> Computed {
    let device = &device.clone().autodiff();
    let net = VanillaRnn::new(7, 6, 3, &mut WeightRng::new(1), device).scale_recurrent(2.0);
    let weights = [&net.input.weight, &net.recurrent, &net.output.weight];
    weight_gradients(side, &net, weights, |x| {
        let zeros = Tensor::<2>::zeros([5, 6], device);
        let projected = net.input.forward(x).chunk(40, 0);
        projected.into_iter().fold(zeros, |h, projected| net.step(projected, h))
    })
}

fn long_lstm(side: Side, device: &Device) -> Computed {
    lstm_weight_gradients(ForgetBias::Constant(1.0), side, device)
}

fn long_chrono(side: Side, device: &Device) -> Computed {
    lstm_weight_gradients(ForgetBias::Chrono { t_max: 40 }, side, device)
}

fn lstm_weight_gradients(bias: ForgetBias, side: Side, device: &Device) -> Computed {
    let device = &device.clone().autodiff();
    let net = Lstm::new(7, 6, 3, bias, &mut WeightRng::new(2), device);
    let weights = [&net.input.weight, &net.recurrent, &net.output.weight];
    weight_gradients(side, &net, weights, |x| {
        let zeros = Tensor::<2>::zeros([5, 6], device);
        let step = |(h, c), projected| {
            let step = net.step(projected, h, c);
            (step.hidden, step.cell)
        };
        net.input.forward(x).chunk(40, 0).into_iter().fold((zeros.clone(), zeros), step).0
    })
}

/// Returns the gradients of a network's weights from the written-out backward pass or from autodiff.
/// `last_hidden` has the equations for autodiff: it returns the last hidden state for the inputs of all
/// positions, `[40 * 5, 7]`.
fn weight_gradients<N: Recurrent>(
    side: Side,
    net: &N,
    weights: [&Param<Tensor<2>>; 3],
    last_hidden: impl FnOnce(Tensor<2>) -> Tensor<2>,
) -> Computed {
    let device = net.output().weight.val().device();
    let x = WeightRng::new(3).normal([40, 5, 7], 1.0, &device.clone().inner()).val();
    let y = one_hot([0, 1, 2, 1, 0].into_iter(), 3, &device);
    let mut tensors = Tensors::default();
    let mut add =
        |name: &str, gradient: Tensor<2>| tensors.add(format!("gradient of the {name} weights"), gradient);
    let named = ["input", "recurrent", "output"].into_iter().zip(weights);
    match side {
        Side::Lab => {
            let found = gradients(net, &x, |logits| cross_entropy(logits, y));
            for (name, weight) in named {
                let gradient = found.params.get::<2>(weight.id);
                add(name, gradient.ok_or_else(|| CaseError::NoGradient(name.to_owned()))?);
            }
        }
        Side::Reference => {
            let last = last_hidden(Tensor::from_inner(x).reshape([40 * 5, 7]));
            let grads = cross_entropy(net.output().forward(last), y).backward();
            for (name, weight) in named {
                add(name, gradient(name, &weight.val(), &grads)?);
            }
        }
    }
    Ok(tensors)
}
