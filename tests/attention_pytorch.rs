//! Attention against PyTorch, for the same numbers. `fixtures/make_attention.py` made them.
#![cfg(feature = "compute")]

use crate::reference::{agree, fixture, tensor};
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use nn_lab::models::attention::{MultiHeadAttention, causal_mask, scaled_dot_product_attention};
use nn_lab::models::weights::WeightRng;
use serde_json::Value;

#[test]
fn scaled_dot_product_attention_agrees_in_values_and_gradients() {
    let fixture = &fixture("attention")["attention"];
    let device = Device::flex().autodiff();
    for case in fixture["cases"].as_array().expect("cases") {
        let leaf = |name: &str| tensor::<4>(&fixture[name], &device).require_grad();
        let (q, k, v) = (leaf("q"), leaf("k"), leaf("v"));
        let hidden = &case["hidden"];
        let mask = (!hidden.is_null()).then(|| tensor::<4>(hidden, &device).bool());
        let scale = case["scale"].as_f64().expect("a number") as f32;
        let name = format!("mask {}, scale {scale}", case["mask"]);
        if case["mask"] == "causal" {
            let ours = causal_mask(q.dims()[2], k.dims()[2], &device).float();
            agree("causal mask", ours, hidden);
        }
        let out = scaled_dot_product_attention(q.clone(), k.clone(), v.clone(), mask, scale);
        agree(&format!("{name}: output"), out.output.clone(), &case["output"]);
        let grads = (out.output * tensor::<4>(&fixture["upstream"], &device)).sum().backward();
        for (leaf, key) in [(q, "q"), (k, "k"), (v, "v")] {
            let grad = leaf.grad(&grads).expect("a gradient");
            agree(&format!("{name}: gradient of {key}"), grad, &case["grads"][key]);
        }
    }
}

fn layer<'a>(net: &'a mut MultiHeadAttention, name: &str) -> &'a mut Linear {
    match name {
        "query" => &mut net.query,
        "key" => &mut net.key,
        "value" => &mut net.value,
        _ => &mut net.output,
    }
}

#[test]
fn multi_head_attention_agrees_in_values_and_gradients() {
    let fixture: &Value = &fixture("attention")["heads"];
    let device = Device::flex().autodiff();
    let names = ["query", "key", "value", "output"];
    for case in fixture["cases"].as_array().expect("cases") {
        let n_heads = case["n_heads"].as_u64().expect("a number") as usize;
        let causal = case["causal"].as_bool().expect("a boolean");
        let what = format!("{n_heads} heads, causal {causal}");
        let x = tensor::<3>(&fixture["x"], &device).require_grad();
        let [_, n, d_model] = x.dims();
        let mut net = MultiHeadAttention::new(d_model, n_heads, true, &mut WeightRng::new(0), &device)
            .expect("divisible");
        for name in names {
            let layer = layer(&mut net, name);
            layer.weight = Param::from_tensor(tensor(&fixture["weights"][name], &device));
            layer.bias = Some(Param::from_tensor(tensor(&fixture["biases"][name], &device)));
        }
        let out = net.forward(x.clone(), causal.then(|| causal_mask(n, n, &device)));
        agree(&format!("{what}: output"), out.output.clone(), &case["output"]);
        agree(&format!("{what}: weights"), out.weights, &case["weights"]);
        let grads = (out.output * tensor::<3>(&fixture["upstream"], &device)).sum().backward();
        agree(&format!("{what}: gradient of x"), x.grad(&grads).expect("one"), &case["grads"]["x"]);
        for name in names {
            let layer = layer(&mut net, name);
            let weight = layer.weight.val().grad(&grads).expect("a gradient");
            agree(&format!("{what}: gradient of {name}"), weight, &case["grads"][name]);
            let bias = layer.bias.as_ref().expect("a bias").val();
            // A key's bias adds the same to all scores of a query, so its gradient is zero but for rounding.
            let bias: Tensor<1> = bias.grad(&grads).expect("a gradient");
            agree(&format!("{what}: gradient of the bias of {name}"), bias, &case["bias_grads"][name]);
        }
    }
}
