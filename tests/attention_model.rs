//! Compares attention with burn's module, and checks masks with property tests.
#![cfg(feature = "compute")]

use crate::collector::values;
use burn::nn::attention::{MhaInput, MultiHeadAttentionConfig};
use burn::tensor::{Bool, Device, Distribution, Tensor, TensorData};
use nn_lab::models::attention::{
    Indivisible, MultiHeadAttention, causal_mask, default_scale, merge_heads, padding_mask,
    scaled_dot_product_attention, split_heads,
};
use nn_lab::models::weights::{WeightRng, count_params};
use proptest::prelude::*;

fn bools(tensor: Tensor<4, Bool>) -> Vec<bool> {
    tensor.into_data().try_to_vec::<bool>().expect("booleans")
}

fn normal<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

#[track_caller]
fn near<const D: usize>(what: &str, ours: Tensor<D>, theirs: Tensor<D>, tolerance: f32) {
    let (ours, theirs) = (values(ours), values(theirs));
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let off = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off <= tolerance && ours.iter().all(|v| v.is_finite()), "{what} differs by {off:.2e}");
}

#[test]
fn attention_agrees_with_values_computed_by_hand() {
    let device = Device::flex();
    let t = |values: Vec<f32>, rows: usize| {
        let cols = values.len() / rows;
        Tensor::<4>::from_data(TensorData::new(values, [1, 1, rows, cols]), &device)
    };
    // One query, two keys; scores 1 ln 3 and 0, so the weights are 3/4 and 1/4.
    let q = t(vec![2.0 * 3.0f32.ln(), 5.0], 1);
    let k = t(vec![1.0, 0.0, 0.0, 0.0], 2);
    let v = t(vec![4.0, 8.0], 2);
    let out = scaled_dot_product_attention(q, k, v, None, 0.5);
    near("scores", out.scores, t(vec![3.0f32.ln(), 0.0], 1), 1e-6);
    near("weights", out.weights, t(vec![0.75, 0.25], 1), 1e-6);
    near("output", out.output, t(vec![5.0], 1), 1e-6);
    assert_eq!(default_scale(64), 0.125);
}

#[test]
fn heads_that_do_not_divide_the_model_are_an_error() {
    let new = |d, h| MultiHeadAttention::new(d, h, true, &mut WeightRng::new(1), &Device::flex());
    assert_eq!(new(10, 4).err(), Some(Indivisible { d_model: 10, n_heads: 4 }));
    assert!(new(10, 0).is_err() && new(0, 1).is_err());
    let ours = new(12, 4).expect("4 divides 12");
    assert_eq!(count_params(&ours), 4 * 12 * 13);
    assert_eq!(ours.scale, default_scale(3));
}

/// Returns burn's module with the same weights.
fn theirs(
    ours: &MultiHeadAttention,
    d_model: usize,
    device: &Device,
) -> burn::nn::attention::MultiHeadAttention {
    let mut theirs = MultiHeadAttentionConfig::new(d_model, ours.n_heads).with_dropout(0.0).init(device);
    theirs.query = ours.query.clone();
    theirs.key = ours.key.clone();
    theirs.value = ours.value.clone();
    theirs.output = ours.output.clone();
    theirs
}

#[test]
fn values_and_gradients_agree_with_burn() {
    let device = Device::flex().autodiff();
    let [batch, n, d_model] = [2, 5, 12];
    for n_heads in [1, 3, 12] {
        for masked in [false, true] {
            let ours = MultiHeadAttention::new(d_model, n_heads, true, &mut WeightRng::new(7), &device)
                .expect("divisible");
            let theirs = theirs(&ours, d_model, &device);
            let x = normal([batch, n, d_model], &device).require_grad();
            let upstream = normal([batch, n, d_model], &device);
            let mask = masked.then(|| causal_mask(n, n, &device));
            let our_out = ours.forward(x.clone(), mask.clone());
            let mut input = MhaInput::self_attn(x.clone());
            if let Some(mask) = mask {
                input = input.mask_attn(mask.reshape([1, n, n]).expand([batch, n, n]));
            }
            let their_out = theirs.forward(input);
            near("weights", our_out.weights, their_out.weights, 1e-5);
            near("output", our_out.output.clone(), their_out.context.clone(), 1e-5);
            let our_grads = (our_out.output * upstream.clone()).sum().backward();
            let their_grads = (their_out.context * upstream).sum().backward();
            let of = |grads, layer: &burn::nn::Linear| layer.weight.val().grad(grads).expect("a gradient");
            for (a, b) in [
                (&ours.query, &theirs.query),
                (&ours.key, &theirs.key),
                (&ours.value, &theirs.value),
                (&ours.output, &theirs.output),
            ] {
                near("gradient of a weight", of(&our_grads, a), of(&their_grads, b), 1e-4);
            }
            near("gradient of x", x.grad(&our_grads).expect("one"), x.grad(&their_grads).expect("one"), 1e-4);
        }
    }
}

#[test]
fn cached_keys_and_values_give_the_same_output_as_the_full_sequence() {
    let device = Device::flex();
    let n = 6;
    let network = MultiHeadAttention::new(8, 2, true, &mut WeightRng::new(3), &device).expect("divisible");
    let x: Tensor<3> = normal([2, n, 8], &device);
    let whole = network.forward(x.clone(), Some(causal_mask(n, n, &device)));
    let all = network.project(x.clone());
    for n_new in 1..=n {
        let new = network.project(x.clone().slice([0..2, n - n_new..n, 0..8]));
        let mask = causal_mask(n_new, n, &device);
        let part = network.attend(new.q, all.k.clone(), all.v.clone(), Some(mask));
        near("output", part.output, whole.output.clone().slice([0..2, n - n_new..n, 0..8]), 1e-6);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_mask_gives_rows_that_sum_to_one_or_zero_and_finite_gradients(
        batch in 1usize..4, n_heads in 1usize..4, n_queries in 1usize..6, n_keys in 1usize..7, d in 1usize..5,
        spread in 0.0f32..1000.0, bits in prop::collection::vec(any::<bool>(), 4 * 6 * 7),
    ) {
        let device = Device::flex().autodiff();
        let leaf = |n: usize| normal([batch, n_heads, n, d], &device).mul_scalar(spread).detach().require_grad();
        let (q, k, v) = (leaf(n_queries), leaf(n_keys), leaf(n_keys));
        let hidden = bits[..batch * n_queries * n_keys].to_vec();
        let mask = TensorData::new(hidden.clone(), [batch, 1, n_queries, n_keys]);
        let mask = Tensor::<4, Bool>::from_data(mask, &device);
        let out = scaled_dot_product_attention(q.clone(), k.clone(), v.clone(), Some(mask), 1.0);
        let grads = out.output.clone().square().sum().backward();
        for leaf in [q, k, v] {
            let grad = values(leaf.grad(&grads).expect("a gradient"));
            prop_assert!(grad.iter().all(|g| g.is_finite()));
        }
        let outputs = values(out.output);
        for (i, row) in values(out.weights).chunks(n_keys).enumerate() {
            let (b, query) = (i / (n_heads * n_queries), i % n_queries);
            let mask_row = &hidden[(b * n_queries + query) * n_keys..][..n_keys];
            prop_assert!(row.iter().zip(mask_row).all(|(&w, &hidden)| w >= 0.0 && (w == 0.0 || !hidden)));
            let expected = if mask_row.iter().all(|&hidden| hidden) { 0.0 } else { 1.0 };
            prop_assert!((row.iter().sum::<f32>() - expected).abs() < 1e-5, "{row:?}");
            if expected == 0.0 {
                prop_assert!(outputs[i * d..(i + 1) * d].iter().all(|&o| o == 0.0));
            }
        }
    }

    #[test]
    fn masked_keys_and_values_do_not_change_the_output(n in 2usize..7, length in 1usize..6, seed in 0u64..100) {
        let length = length.min(n - 1);
        let device = Device::flex();
        let network = MultiHeadAttention::new(6, 2, true, &mut WeightRng::new(seed), &device).expect("divisible");
        let x = normal([1, n, 6], &device);
        let noise = normal([1, n - length, 6], &device).mul_scalar(100.0);
        let other = Tensor::cat(vec![x.clone().slice([0..1, 0..length, 0..6]), noise], 1);
        let first = |x: Tensor<3>, mask| values(network.forward(x, Some(mask)).output.slice([0..1, 0..length, 0..6]));
        // Padding masks the noise for all queries, and the causal mask for those before it.
        let masks = || [padding_mask(&[length], n, &device), causal_mask(n, n, &device)];
        for (a, b) in masks().into_iter().zip(masks()) {
            prop_assert_eq!(first(x.clone(), a), first(other.clone(), b));
        }
    }

    #[test]
    fn masks_follow_their_definition(n_queries in 1usize..8, n_keys in 1usize..8, lengths in prop::collection::vec(0usize..9, 1..4)) {
        let device = Device::flex();
        let causal = bools(causal_mask(n_queries, n_keys, &device));
        for (i, hidden) in causal.into_iter().enumerate() {
            let (query, key) = ((i / n_keys) as i64, (i % n_keys) as i64);
            let position = n_keys as i64 - n_queries as i64 + query;
            prop_assert_eq!(hidden, key > position);
        }
        let padding = bools(padding_mask(&lengths, n_keys, &device));
        for (i, hidden) in padding.into_iter().enumerate() {
            prop_assert_eq!(hidden, i % n_keys >= lengths[i / n_keys]);
        }
    }

    #[test]
    fn merging_heads_inverts_splitting(batch in 1usize..4, n in 1usize..5, n_heads in 1usize..5, d in 1usize..5) {
        let x = normal([batch, n, n_heads * d], &Device::flex());
        let split = split_heads(x.clone(), n_heads);
        prop_assert_eq!(split.dims(), [batch, n_heads, n, d]);
        // Head h has the columns h d to (h + 1) d.
        let last = x.clone().slice([0..1, n - 1..n, (n_heads - 1) * d..n_heads * d]);
        let piece = split.clone().slice([0..1, n_heads - 1..n_heads, n - 1..n, 0..d]);
        prop_assert_eq!(values(last), values(piece));
        prop_assert_eq!(values(merge_heads(split)), values(x));
    }
}
