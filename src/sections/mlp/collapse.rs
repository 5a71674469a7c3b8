//! The outputs of both untrained networks for a random batch: their singular values and ranks layer by layer, and
//! the single layer that equals the linear network.

use super::checks::probe_out;
use super::nets::net;
use super::{Collapse, Config, Factors, LINEAR, LayerSpectra, Mlp, NONLINEAR};
use crate::core::{LabError, Progress};
use crate::run::spectrum::{centered, spectrum};
use crate::run::training::read;
use crate::run::{Directive, RunContext};
use burn::tensor::{Device, Tensor, TensorData};
use chacha20::ChaCha12Rng;
use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

/// Measures the networks of the settings. Returns `None` if the settings have changed in the meantime.
///
/// # Errors
///
/// Fails if the device cannot be read.
pub(super) async fn measure(
    config: &Config,
    device: &Device,
    ctx: &mut impl RunContext<Mlp>,
) -> Result<Option<Collapse>, LabError> {
    let (rows, width) = (config.n_probe as usize, probe_out(config) as usize);
    let [linear, nonlinear] =
        [LINEAR, NONLINEAR].map(|arm| net(config, arm, config.d_in as usize, width, device));
    let x = gaussian_batch(rows, config.d_in as usize, config.seed, device);

    let linear_layers = linear.forward_layers(x.clone());
    let nonlinear_layers = nonlinear.forward_layers(x.clone());
    let steps = linear_layers.len() as u32;
    let mut collapse = Collapse::default();
    let mut outputs = [Vec::new(), Vec::new()];
    for (step, (linear, nonlinear)) in linear_layers.into_iter().zip(nonlinear_layers).enumerate() {
        let [rows, cols] = linear.dims();
        outputs = [read(linear).await?, read(nonlinear).await?];
        let [linear, nonlinear] = outputs.each_ref().map(|values| spectrum(rows, cols, values));
        collapse.layers.push(LayerSpectra { linear, nonlinear });
        // A large spectrum takes a while, and a newer setting should not wait for it.
        if ctx.step_done(Progress { step: step as u32 + 1, steps }).await == Directive::Stop {
            return Ok(None);
        }
    }
    let [output, _] = &outputs;
    collapse.outputs = outputs.each_ref().map(|values| factors(rows, width, values));
    collapse.linear_centered = spectrum(rows, width, &centered(rows, width, output));

    if let Some((w, b)) = linear.collapsed() {
        let y = x.matmul(w);
        let y = read(match b {
            Some(b) => y + b,
            None => y,
        })
        .await?;
        let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0f32, |max, v| max.max(v.abs()));
        collapse.max_abs_diff = largest(&mut y.iter().zip(output).map(|(a, b)| a - b)).into();
        collapse.max_abs = largest(&mut output.iter().copied()).into();
        let layers = f64::from(steps);
        let terms = config.hidden_dims().into_iter().fold(config.d_in, u32::max);
        let terms = f64::from(terms);
        collapse.diff_tolerance = f64::from(f32::EPSILON) * collapse.max_abs * layers * terms.sqrt();
    }
    Ok(Some(collapse))
}

/// Returns the directions of a row-major matrix; none if an element is not finite.
fn factors(rows: usize, cols: usize, values: &[f32]) -> Factors {
    let mut factors = Factors { rows, cols, directions: Vec::new() };
    if values.len() != rows * cols || values.iter().any(|value| !value.is_finite()) {
        return factors;
    }
    let matrix = DMatrix::from_row_iterator(rows, cols, values.iter().map(|&value| f64::from(value)));
    let svd = matrix.try_svd(true, true, f64::EPSILON, 10_000);
    let Some((u, v_t, sigma)) = svd.and_then(|svd| Some((svd.u?, svd.v_t?, svd.singular_values))) else {
        return factors;
    };
    // `try_svd` sorts the singular values in decreasing order.
    for ((left, right), sigma) in u.column_iter().zip(v_t.row_iter()).zip(sigma.iter()) {
        let left = left.iter().map(|value| (value * sigma) as f32);
        factors.directions.push(left.chain(right.iter().map(|&value| value as f32)).collect());
    }
    factors
}

/// Returns independent standard normal numbers, `[rows, cols]`.
fn gaussian_batch(rows: usize, cols: usize, seed: u32, device: &Device) -> Tensor<2> {
    let rng = ChaCha12Rng::seed_from_u64(u64::from(seed) ^ 0x9a55);
    let values: Vec<f32> = rng.sample_iter(StandardNormal).take(rows * cols).collect();
    Tensor::from_data(TensorData::new(values, [rows, cols]), device)
}
