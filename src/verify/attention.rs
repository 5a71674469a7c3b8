//! Scaled dot-product attention and multi-head attention. The fixture is from
//! `tests/fixtures/make_attention.py`.

use crate::models::attention::{MultiHeadAttention, causal_mask, scaled_dot_product_attention};
use crate::models::weights::WeightRng;
use crate::verify::case::{Case, CaseError, Compared, Pairs};
use crate::verify::values::{count, list, set_linear, tensor};
use crate::verify::{PYTORCH, ROUNDING};
use burn::nn::Linear;
use burn::tensor::Device;
use serde_json::Value;
use std::rc::Rc;

pub(super) fn cases(group: &'static str, fixture: Rc<Value>) -> Vec<Case> {
    let case =
        |what: String, compute: fn(&Value, &Value, &Device) -> Compared, key: &'static str, i: usize| {
            let fixture = fixture.clone();
            Case::new(group, what, PYTORCH, &ROUNDING, move |device| {
                compute(&fixture[key], &fixture[key]["cases"][i], &device.clone().autodiff())
            })
        };
    let mut cases = Vec::new();
    for (i, item) in list(&fixture["attention"]["cases"]).iter().enumerate() {
        let mask = item["mask"].as_str().unwrap_or("no");
        let what = format!("attention, mask {mask}, scale {:.3}", item["scale"].as_f64().unwrap_or(f64::NAN));
        cases.push(case(what, dot_product, "attention", i));
    }
    for (i, item) in list(&fixture["heads"]["cases"]).iter().enumerate() {
        let mask = if item["causal"] == true { "causal mask" } else { "no mask" };
        cases.push(case(
            format!("multi-head attention, {} heads, {mask}", item["n_heads"]),
            heads,
            "heads",
            i,
        ));
    }
    cases
}

fn dot_product(shared: &Value, case: &Value, device: &Device) -> Compared {
    let leaf = |name: &str| Ok::<_, CaseError>(tensor::<4>(&shared[name], device)?.require_grad());
    let (q, k, v) = (leaf("q")?, leaf("k")?, leaf("v")?);
    let hidden = &case["hidden"];
    let mask = if hidden.is_null() { None } else { Some(tensor::<4>(hidden, device)?.bool()) };
    let scale = case["scale"].as_f64().ok_or(CaseError::Missing("scale"))? as f32;
    let mut pairs = Pairs::default();
    if case["mask"] == "causal" {
        let ours = causal_mask(q.dims()[2], k.dims()[2], device).float();
        pairs.json("causal mask", ours, hidden)?;
    }
    let output = scaled_dot_product_attention(q.clone(), k.clone(), v.clone(), mask, scale).output;
    pairs.json("output", output.clone(), &case["output"])?;
    let grads = (output * tensor::<4>(&shared["upstream"], device)?).sum().backward();
    for (leaf, key) in [(q, "q"), (k, "k"), (v, "v")] {
        pairs.gradient(key, &leaf, &grads, &case["grads"][key])?;
    }
    Ok(pairs)
}

/// Returns the four layers with their names in the fixture.
fn layers(net: &mut MultiHeadAttention) -> [(&'static str, &mut Linear); 4] {
    [("query", &mut net.query), ("key", &mut net.key), ("value", &mut net.value), ("output", &mut net.output)]
}

fn heads(shared: &Value, case: &Value, device: &Device) -> Compared {
    let x = tensor::<3>(&shared["x"], device)?.require_grad();
    let [_, n, d_model] = x.dims();
    let mut net =
        MultiHeadAttention::new(d_model, count(&case["n_heads"])?, true, &mut WeightRng::new(0), device)
            .map_err(|error| CaseError::Other(error.to_string()))?;
    for (name, layer) in layers(&mut net) {
        set_linear(layer, &shared["weights"][name], &shared["biases"][name], device)?;
    }
    let mask = (case["causal"] == true).then(|| causal_mask(n, n, device));
    let out = net.forward(x.clone(), mask);
    let mut pairs = Pairs::default();
    pairs.json("output", out.output.clone(), &case["output"])?;
    pairs.json("weights", out.weights, &case["weights"])?;
    let grads = (out.output * tensor::<3>(&shared["upstream"], device)?).sum().backward();
    pairs.gradient("the input", &x, &grads, &case["grads"]["x"])?;
    for (name, layer) in layers(&mut net) {
        // A key's bias adds the same to all scores of a query, so its gradient is zero up to rounding.
        let theirs = [&case["grads"][name], &case["bias_grads"][name]];
        pairs.layer_gradients(name, &layer.weight, layer.bias.as_ref(), &grads, theirs)?;
    }
    Ok(pairs)
}
