//! Convolutions, the depthwise separable block and both networks. The fixture is from
//! `tests/fixtures/make_cnn.py`.

use crate::models::cnn::{Block, Cnn, DepthwiseSeparable, Geometry, conv2d};
use crate::models::weights::WeightRng;
use crate::run::training::{cross_entropy, one_hot};
use crate::verify::case::{Case, CaseError, Compared, Pairs};
use crate::verify::values::{count, labels, list, param, set, set_linear, tensor};
use crate::verify::{PYTORCH, ROUNDING, each};
use burn::nn::conv::Conv2d;
use burn::tensor::Device;
use serde_json::Value;
use std::rc::Rc;

pub(super) fn cases(group: &'static str, fixture: Rc<Value>) -> Vec<Case> {
    let case = |what: String, compute: fn(&Value, &Device) -> Compared, at: (&'static str, Option<usize>)| {
        let fixture = fixture.clone();
        Case::new(group, what, PYTORCH, &ROUNDING, move |device| {
            let of = &fixture[at.0];
            compute(at.1.map_or(of, |i| &of[i]), &device.clone().autodiff())
        })
    };
    let mut cases = each(&fixture, "convolutions", |i, item| {
        let setting = |key: &str| format!("{key} {}", item[key]);
        let what = ["kernel", "stride", "padding", "dilation", "groups"].map(setting).join(", ");
        Some(case(format!("convolution, {what}"), convolution, ("convolutions", Some(i))))
    });
    if !fixture["separable"].is_null() {
        cases.push(case("depthwise separable block".to_owned(), separable, ("separable", None)));
    }
    cases.extend(each(&fixture, "nets", |i, item| {
        let kind = if item["separable"] == true { "separable" } else { "standard" };
        Some(case(format!("{kind} network of five blocks"), net, ("nets", Some(i))))
    }));
    cases
}

fn set_conv(conv: &mut Conv2d, weight: &Value, bias: &Value, device: &Device) -> Result<(), CaseError> {
    set(&mut conv.weight, weight, device)?;
    conv.bias = Some(param(bias, device)?);
    Ok(())
}

fn convolution(case: &Value, device: &Device) -> Compared {
    let geometry = Geometry {
        kernel: count(&case["kernel"])?,
        stride: count(&case["stride"])?,
        padding: count(&case["padding"])?,
        dilation: count(&case["dilation"])?,
    };
    let x = tensor::<4>(&case["x"], device)?.require_grad();
    let channels = [x.dims()[1], list(&case["bias"]).len()];
    let mut conv = conv2d(channels, geometry, count(&case["groups"])?, 1.0, &mut WeightRng::new(1), device);
    set_conv(&mut conv, &case["weight"], &case["bias"], device)?;
    let y = conv.forward(x.clone());
    let mut pairs = Pairs::default();
    pairs.json("output", y.clone(), &case["y"])?;
    let grads = (y * tensor(&case["probe"], device)?).sum().backward();
    let theirs = &case["grads"];
    pairs.gradient("the input", &x, &grads, &theirs["x"])?;
    let theirs = [&theirs["weight"], &theirs["bias"]];
    pairs.layer_gradients(0, &conv.weight, conv.bias.as_ref(), &grads, theirs)?;
    Ok(pairs)
}

fn separable(case: &Value, device: &Device) -> Compared {
    let x = tensor::<4>(&case["x"], device)?.require_grad();
    let mut block = DepthwiseSeparable::new([3, 4], 3, &mut WeightRng::new(1), device);
    let params = &case["params"];
    set_conv(&mut block.depthwise, &params[0], &params[1], device)?;
    set_conv(&mut block.pointwise, &params[2], &params[3], device)?;
    let y = block.forward(x.clone());
    let mut pairs = Pairs::default();
    pairs.json("output", y.clone(), &case["y"])?;
    let grads = (y * tensor(&case["probe"], device)?).sum().backward();
    let theirs = &case["grads"];
    pairs.gradient("the input", &x, &grads, &theirs["x"])?;
    let of = |i: usize| [&theirs["params"][2 * i], &theirs["params"][2 * i + 1]];
    for (i, conv) in [&block.depthwise, &block.pointwise].into_iter().enumerate() {
        pairs.layer_gradients(i, &conv.weight, conv.bias.as_ref(), &grads, of(i))?;
    }
    Ok(pairs)
}

fn net(case: &Value, device: &Device) -> Compared {
    let mut net = Cnn::new(1, 1, 4, case["separable"] == true, &mut WeightRng::new(1), device);
    let (weights, biases) = (&case["weights"], &case["biases"]);
    let mut at = 0;
    for block in &mut net.blocks {
        let convs = match block {
            Block::Conv(block) => vec![&mut block.conv],
            Block::Separable(block) => vec![&mut block.depthwise, &mut block.pointwise],
        };
        for conv in convs {
            set_conv(conv, &weights[at], &biases[at], device)?;
            at += 1;
        }
    }
    set_linear(&mut net.head, &weights[at], &biases[at], device)?;
    let logits = net.forward(tensor(&case["x"], device)?);
    let mut pairs = Pairs::default();
    pairs.json("logits", logits.clone(), &case["logits"])?;
    let loss = cross_entropy(logits, one_hot(labels(&case["targets"])?.into_iter(), 4, device));
    pairs.json("loss", loss.clone(), &case["loss"])?;
    let grads = loss.backward();
    let of = |i: usize| [&case["grads"]["weights"][i], &case["grads"]["biases"][i]];
    for (i, conv) in net.blocks.iter().flat_map(Block::convolutions).enumerate() {
        pairs.layer_gradients(i, &conv.weight, conv.bias.as_ref(), &grads, of(i))?;
    }
    pairs.gradient("the head", &net.head.weight.val(), &grads, of(at)[0])?;
    Ok(pairs)
}
