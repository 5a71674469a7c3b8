//! How much of a change at one position is left at the end.

use super::Config;
use super::nets::{inputs, task};
use crate::core::LabError;
use crate::data::recall::stream;
use crate::models::lstm::Lstm;
use crate::models::recurrent::Recurrent;
use crate::models::rnn::VanillaRnn;
use crate::run::spectrum::spectral_radius;
use crate::run::training::read;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use nalgebra::DMatrix;

/// Follows the RNN's path back over one sequence, and finds its spectral radius. The product is taken in 64 bits: what it
/// comes to is often far below the smallest number of 32.
pub(super) async fn rnn_path(
    config: &Config,
    rnn: &VanillaRnn,
    device: &Device,
) -> Result<(Vec<f64>, f64), LabError> {
    let d_h = config.d_hidden as usize;
    let rnn = rnn.valid();
    let hidden = read(Tensor::cat(rnn.unroll(&sequence(config, device)).hidden, 0)).await?;
    let weights = read(rnn.recurrent.val()).await?;
    Ok((hidden_path(d_h, &weights, &hidden), spectral_radius(d_h, &weights).unwrap_or(f64::NAN)))
}

/// Follows the LSTM's path back through its cells.
pub(super) async fn lstm_path(config: &Config, lstm: &Lstm, device: &Device) -> Result<Vec<f64>, LabError> {
    let steps = lstm.valid().unroll(&sequence(config, device)).steps;
    let forget = read(Tensor::cat(steps.into_iter().map(|step| step.f).collect(), 0)).await?;
    Ok(cell_path(config.d_hidden as usize, &forget))
}

/// The one sequence that paths are followed over.
fn sequence(config: &Config, device: &Device) -> Tensor<3> {
    let task = task(config);
    inputs(&task, &task.draw(1, &mut stream(config.seed.into(), 2)), device)
}

/// `||J_t||_F / sqrt(d_h)` for `J_T = I`, `J_{t-1} = J_t diag(1 - h_t^2) W_h^T`, entry t for position t.
///
/// `weights` is `[d_h, d_h]` for row vectors (`h W_h`), `hidden` is `[seq_len, d_h]`.
fn hidden_path(d_h: usize, weights: &[f32], hidden: &[f32]) -> Vec<f64> {
    let w_back =
        DMatrix::from_row_iterator(d_h, d_h, weights.iter().map(|&weight| f64::from(weight))).transpose();
    let mut jacobian = DMatrix::<f64>::identity(d_h, d_h);
    let mut path = Vec::new();
    for h in hidden.chunks_exact(d_h.max(1)).rev() {
        path.push(jacobian.norm() / (d_h as f64).sqrt());
        for (mut column, &h) in jacobian.column_iter_mut().zip(h) {
            column *= 1.0 - f64::from(h).powi(2);
        }
        jacobian = &jacobian * &w_back;
    }
    path.reverse();
    path
}

/// The same for `prod_{s > t} diag(f_s)`; `forget` is `[seq_len, d_h]`.
fn cell_path(d_h: usize, forget: &[f32]) -> Vec<f64> {
    let mut product = vec![1.0f64; d_h];
    let mut path = Vec::new();
    for f in forget.chunks_exact(d_h.max(1)).rev() {
        path.push((product.iter().map(|p| p * p).sum::<f64>() / d_h as f64).sqrt());
        for (p, &f) in product.iter_mut().zip(f) {
            *p *= f64::from(f);
        }
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_products() {
        // One unit, W = 0.5, h = 0 but at the last position, where the slope is 0.75.
        assert_eq!(hidden_path(1, &[0.5], &[0.0, 0.0, 0.5]), [0.1875, 0.375, 1.0]);
        let path = cell_path(2, &[0.9, 0.9, 0.5, 1.0, 0.25, 0.5]);
        let rms = |a: f64, b: f64| ((a * a + b * b) / 2.0).sqrt();
        assert_eq!(path, [rms(0.125, 0.5), rms(0.25, 0.5), 1.0]);
        assert!(hidden_path(1, &[1.0], &[]).is_empty());
    }
}
