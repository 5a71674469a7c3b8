//! Queries and keys from one projection, and from two: what a random layer attends to.

use super::{Config, Roles, Spread};
use crate::core::LabError;
use crate::models::attention::{default_scale, scaled_dot_product_attention};
use crate::run::training::read_groups;
use burn::tensor::{Device, Tensor, TensorData};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use std::rc::Rc;

/// The number of random samples of tokens and projections. The maps show the first.
const SAMPLES: usize = 16;

/// Measures random layers without a mask. Tokens have unit variance, and queries and keys the standard deviation of the
/// settings.
pub(super) async fn roles(config: &Config, device: &Device) -> Result<Roles, LabError> {
    let mut rng = ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0x501e);
    let (n, d_model, d_k) = (config.n_tokens as usize, config.d_model as usize, config.d_k as usize);
    let mut normal = |rows: usize, cols: usize, sd: f64| {
        let draw = |_| sd as f32 * rng.sample::<f32, _>(StandardNormal);
        let values: Vec<f32> = (0..SAMPLES * rows * cols).map(draw).collect();
        Tensor::<4>::from_data(TensorData::new(values, [SAMPLES, 1, rows, cols]), device)
    };
    let sd = config.sigma / (d_model.max(1) as f64).sqrt();
    let x = normal(n, d_model, 1.0);
    let q = x.clone().matmul(normal(d_model, d_k, sd));
    let k = x.matmul(normal(d_model, d_k, sd));
    let groups = [q.clone(), k].map(|k| {
        let v = Tensor::ones([SAMPLES, 1, n, 1], device);
        let attended = scaled_dot_product_attention(q.clone(), k, v, None, default_scale(d_k));
        let size = SAMPLES * n * n;
        vec![attended.scores.reshape([size]), attended.weights.reshape([size])]
    });
    let [shared, separate] = read_groups(groups).await?;
    let of = [&shared, &separate].map(|values| values.split_at(SAMPLES * n * n));
    let first = |values: &[f32]| Rc::new(values.get(..n * n).unwrap_or_default().to_vec());
    Ok(Roles {
        n: n as u32,
        scores: of.map(|(scores, _)| first(scores)),
        weights: of.map(|(_, weights)| first(weights)),
        diagonal: of.map(|(_, weights)| diagonal(weights, n)),
        asymmetry: of.map(|(scores, _)| asymmetry(scores, n)),
    })
}

/// Returns the mean of the diagonal, over the samples.
fn diagonal(weights: &[f32], n: usize) -> Spread {
    let on = |sample: &[f32]| {
        let sum: f64 = sample.iter().step_by(n + 1).map(|&weight| f64::from(weight)).sum();
        sum / n.max(1) as f64
    };
    Spread::of(&weights.chunks_exact((n * n).max(1)).map(on).collect::<Vec<_>>())
}

/// Returns the largest difference between the scores of two tokens for each other.
fn asymmetry(scores: &[f32], n: usize) -> f64 {
    let of_sample = |sample: &[f32]| {
        let at = |row: usize, col: usize| sample.get(row * n + col).copied().unwrap_or_default();
        let pairs = (0..n).flat_map(|row| (0..row).map(move |col| (row, col)));
        pairs.map(|(row, col)| (at(row, col) - at(col, row)).abs()).fold(0.0f32, f32::max)
    };
    let largest = scores.chunks_exact((n * n).max(1)).map(of_sample);
    largest.fold(0.0f32, f32::max).into()
}
