//! Measurements that need no training: one head's weights, the saturation sweep, and the stages of multi-head attention.

use super::cost_time::cost;
use super::roles::roles;
use super::task::untrained;
use super::{
    Attention, Config, Frame, Heads, Maps, MaskChoice, SWEEP, SWEEP_QUERIES, Saturation, Spread, Sweep,
    SweepPoint, Task,
};
use crate::core::{LabError, Progress};
use crate::models::attention::{
    MultiHeadAttention, causal_mask, default_scale, merge_heads, padding_mask, scaled_dot_product_attention,
    split_heads,
};
use crate::models::weights::{WeightRng, count_params};
use crate::run::training::{read_all, read_groups};
use crate::run::{Directive, Probe, RunContext};
use burn::nn::attention::{MhaInput, MultiHeadAttentionConfig};
use burn::tensor::{Bool, Device, Tensor, TensorData};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use std::rc::Rc;

impl Probe for Attention {
    async fn probe(config: Config, device: &Device, ctx: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let steps = SWEEP.len() as u32 + 4;
        ctx.send(Frame::Maps(Rc::new(maps(&config, device).await?)));
        if ctx.step_done(Progress { step: 1, steps }).await == Directive::Stop {
            return Ok(());
        }
        for (task, step) in [(Task::LookUp, 2), (Task::TwoLookUps, 3)] {
            let config = Config { task, ..config.clone() };
            ctx.send(Frame::Untrained(task, Rc::new(untrained(&config, device).await?)));
            if ctx.step_done(Progress { step, steps }).await == Directive::Stop {
                return Ok(());
            }
        }
        ctx.send(Frame::Heads(heads(&config, device).await?.map(Rc::new)));
        ctx.send(Frame::Roles(Rc::new(roles(&config, device).await?)));
        if ctx.step_done(Progress { step: 4, steps }).await == Directive::Stop {
            return Ok(());
        }

        let draws = Draws::new(&config, device);
        let here = draws.at(config.d_k).await?;
        let mut sweep = Sweep { here, ..Sweep::default() };
        (sweep.bars_scaled, sweep.bars_unscaled) = draws.bars(config.d_k).await?;
        for (i, &d_k) in SWEEP.iter().enumerate() {
            sweep.points.push(draws.at(d_k).await?);
            if ctx.step_done(Progress { step: i as u32 + 5, steps }).await == Directive::Stop {
                return Ok(());
            }
        }
        ctx.send(Frame::Sweep(Rc::new(sweep)));
        // Last, because it takes longest and only one chapter shows it.
        let cost = cost(&config, device, ctx).await?;
        ctx.send(Frame::Cost(Rc::new(cost)));
        Ok(())
    }
}

/// Returns independent normal numbers of standard deviation `sigma`.
fn normal<const D: usize>(
    shape: [usize; D],
    sigma: f64,
    rng: &mut ChaCha12Rng,
    device: &Device,
) -> Tensor<D> {
    let n = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|_| sigma as f32 * rng.sample::<f32, _>(StandardNormal)).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Returns the mask of the settings.
fn mask(config: &Config, device: &Device) -> Option<Tensor<4, Bool>> {
    let n = config.n_tokens as usize;
    match config.mask {
        MaskChoice::None => None,
        MaskChoice::Causal => Some(causal_mask(n, n, device)),
        MaskChoice::Padding => Some(padding_mask(&[config.length as usize], n, device)),
    }
}

async fn maps(config: &Config, device: &Device) -> Result<Maps, LabError> {
    let mut rng = ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0xa77e);
    let (n, d_k) = (config.n_tokens as usize, config.d_k as usize);
    let q = normal([1, 1, n, d_k], config.sigma, &mut rng, device);
    let k = normal([1, 1, n, d_k], config.sigma, &mut rng, device);
    let attend = |scale| {
        let v = Tensor::ones([1, 1, n, 1], device);
        scaled_dot_product_attention(q.clone(), k.clone(), v, mask(config, device), scale)
    };
    let (scaled, unscaled) = (attend(default_scale(d_k)), attend(1.0));
    let parts = [unscaled.scores, scaled.scores, scaled.weights, unscaled.weights];
    let [scores, scaled_scores, weights_scaled, weights_unscaled] =
        read_groups(parts.map(|part| vec![part.reshape([n * n])])).await?.map(Rc::new);
    Ok(Maps { n: config.n_tokens, scores, scaled_scores, weights_scaled, weights_unscaled })
}

/// The queries and keys of all random samples: each is a separate head, and a smaller `d_k` uses their first dimensions.
struct Draws {
    /// `[1, n_seeds, n_queries, 512]`
    q: Tensor<4>,
    /// `[1, n_seeds, n_keys, 512]`
    k: Tensor<4>,
    n_seeds: usize,
    n_keys: usize,
    device: Device,
}

impl Draws {
    fn new(config: &Config, device: &Device) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0x5a7e);
        let (n_seeds, n_keys) = (config.n_seeds as usize, config.n_keys as usize);
        let widest = SWEEP.into_iter().max().unwrap_or(config.d_k).max(config.d_k) as usize;
        let q = normal([1, n_seeds, SWEEP_QUERIES, widest], config.sigma, &mut rng, device);
        let k = normal([1, n_seeds, n_keys, widest], config.sigma, &mut rng, device);
        Self { q, k, n_seeds, n_keys, device: device.clone() }
    }

    /// Returns the weights at one `d_k`, scaled and unscaled: `[1, n_seeds, n_queries, n_keys]` each.
    fn weights(&self, d_k: u32) -> [Tensor<4>; 2] {
        let d_k = d_k as usize;
        [default_scale(d_k), 1.0].map(|scale| {
            let (q, k) = (self.q.clone().narrow(3, 0, d_k), self.k.clone().narrow(3, 0, d_k));
            let v = Tensor::ones([1, self.n_seeds, self.n_keys, 1], &self.device);
            scaled_dot_product_attention(q, k, v, None, scale).weights
        })
    }

    async fn at(&self, d_k: u32) -> Result<SweepPoint, LabError> {
        let n_rows = self.n_seeds * SWEEP_QUERIES;
        let [scaled, unscaled] =
            self.weights(d_k).map(|weights| measures(weights).map(|m| m.reshape([n_rows])));
        let values = read_all(scaled.into_iter().chain(unscaled).collect()).await?;
        let mut parts = values.chunks_exact(3 * n_rows).map(saturation);
        let (scaled, unscaled) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Ok(SweepPoint { d_k, scaled, unscaled })
    }

    /// Returns the weights of the first query of the first sample, scaled and unscaled, largest first.
    async fn bars(&self, d_k: u32) -> Result<(Vec<f32>, Vec<f32>), LabError> {
        let first = |weights: Tensor<4>| vec![weights.narrow(1, 0, 1).narrow(2, 0, 1).reshape([self.n_keys])];
        let [scaled, unscaled] = read_groups(self.weights(d_k).map(first)).await?;
        let sorted = |mut weights: Vec<f32>| {
            weights.sort_by(|a, b| b.total_cmp(a));
            weights
        };
        Ok((sorted(scaled), sorted(unscaled)))
    }
}

/// Returns the entropy, the largest weight, and the norm of the softmax's Jacobian.
///
/// The Jacobian is `diag(p) - p p^T`: `p_i (1 - p_i)` on the diagonal and `-p_i p_j` elsewhere. If one weight is near 1 all of
/// these terms are small, so the sum of their squares loses little to rounding.
///
/// # Shapes
/// `p`: `[1, n_seeds, n_queries, n_keys]`, outputs: `[1, n_seeds, n_queries, 1]`.
fn measures(p: Tensor<4>) -> [Tensor<4>; 3] {
    // On some devices the logarithm of the smallest numbers is minus infinity; 0 ln 0 is 0.
    let entropy = (p.clone() * p.clone().clamp_min(1e-30).log()).sum_dim(3).neg();
    let largest = p.clone().max_dim(3);
    let square = p.clone().square();
    let diagonal = (p.clone() * (p.clone().neg() + 1.0)).square().sum_dim(3);
    let total = square.clone().sum_dim(3);
    let off = (square.clone() * (total - square)).sum_dim(3);
    let jacobian = (diagonal + off).clamp_min(0.0).sqrt();
    [entropy, largest, jacobian]
}

/// Summarizes the results of `measures`: the three of all rows, one after the other.
fn saturation(values: &[f32]) -> Saturation {
    let n_rows = values.len() / 3;
    let rows = |measure: usize| values.get(measure * n_rows..(measure + 1) * n_rows).unwrap_or_default();
    let mean = |row: &[f32]| row.iter().map(|&v| f64::from(v)).sum::<f64>() / row.len().max(1) as f64;
    let median = |row: &[f32]| {
        let mut row = row.to_vec();
        row.sort_by(f32::total_cmp);
        let middle = row.get((row.len().saturating_sub(1)) / 2..=row.len() / 2).unwrap_or_default();
        mean(middle)
    };
    Saturation {
        entropy: spread(rows(0), mean),
        largest: spread(rows(1), mean),
        jacobian_mean: spread(rows(2), mean),
        jacobian_median: spread(rows(2), median),
    }
}

/// Returns the mean and the standard deviation over samples of a number computed from each.
fn spread(values: &[f32], of: impl Fn(&[f32]) -> f64) -> Spread {
    Spread::of(&values.chunks_exact(SWEEP_QUERIES).map(of).collect::<Vec<_>>())
}

async fn heads(config: &Config, device: &Device) -> Result<Option<Heads>, LabError> {
    let (n, d_model, n_heads) = (config.n_tokens as usize, config.d_model as usize, config.n_heads as usize);
    let mut rng = WeightRng::new(config.seed.into());
    let Ok(ours) = MultiHeadAttention::new(d_model, n_heads, true, &mut rng, device) else {
        // The page explains why there are no heads.
        return Ok(None);
    };
    let x = normal(
        [1, n, d_model],
        1.0,
        &mut ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0x4ead),
        device,
    );

    // The stages of `forward`, one by one.
    let queries = ours.query.forward(x.clone());
    let q = split_heads(queries.clone(), n_heads);
    let k = split_heads(ours.key.forward(x.clone()), n_heads);
    let v = split_heads(ours.value.forward(x.clone()), n_heads);
    let attended = scaled_dot_product_attention(q.clone(), k, v, mask(config, device), ours.scale);
    let merged = merge_heads(attended.output.clone());
    let output = ours.output.forward(merged.clone());
    let shape = |dims: &[usize]| dims.iter().map(|&size| size as u32).collect::<Vec<_>>();
    let shapes = vec![
        shape(&x.dims()),
        shape(&queries.dims()),
        shape(&q.dims()),
        shape(&attended.scores.dims()),
        shape(&attended.weights.dims()),
        shape(&attended.output.dims()),
        shape(&merged.dims()),
        shape(&output.dims()),
    ];

    let mut theirs = MultiHeadAttentionConfig::new(d_model, n_heads).with_dropout(0.0).init(device);
    theirs.query = ours.query.clone();
    theirs.key = ours.key.clone();
    theirs.value = ours.value.clone();
    theirs.output = ours.output.clone();
    let mut differences = Vec::new();
    let mut largest = Vec::new();
    for causal in [false, true] {
        let mask = causal.then(|| causal_mask(n, n, device));
        let input = MhaInput::self_attn(x.clone());
        let input = match &mask {
            Some(mask) => input.mask_attn(mask.clone().reshape([1, n, n])),
            None => input,
        };
        let (a, b) = (ours.forward(x.clone(), mask), theirs.forward(input));
        differences.push((a.output.clone() - b.context).abs().max().reshape([1]));
        differences.push((a.weights - b.weights).abs().max().reshape([1]));
        largest.push(a.output.abs().max().reshape([1]));
    }
    let weights = attended.weights.reshape([n_heads * n * n]);
    let [differences, largest, weights] = read_groups([differences, largest, vec![weights]]).await?;
    let max = |values: &[f32]| values.iter().fold(0.0f32, |max, &value| max.max(value));
    // Each of the four products may be off by a few units in the last place of its sum.
    let size = f64::from(max(&largest)).max(1.0);
    let tolerance = 4.0 * f64::from(f32::EPSILON) * size * (d_model as f64).sqrt();
    Ok(Some(Heads {
        shapes,
        n: config.n_tokens,
        weights: weights.chunks_exact(n * n).map(|head| Rc::new(head.to_vec())).collect(),
        params_counted: count_params(&ours) as u32,
        max_abs_err: max(&differences).into(),
        tolerance,
    }))
}
