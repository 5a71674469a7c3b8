//! How much of a change at one position is left at the end.

use super::nets::{inputs, task};
use super::{Config, Paths};
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

/// Follows the paths of both nets back over one sequence. The products are taken in 64 bits: what they come to is often
/// far below the smallest number of 32.
pub(super) async fn paths(
    config: &Config,
    rnn: &VanillaRnn,
    lstm: &Lstm,
    device: &Device,
) -> Result<Paths, LabError> {
    let task = task(config);
    let x = inputs(&task, &task.draw(1, &mut stream(config.seed.into(), 2)), device);
    let d_h = config.d_hidden as usize;
    let (rnn, lstm) = (rnn.valid(), lstm.valid());
    let hidden = read(Tensor::cat(rnn.unroll(&x).hidden, 0)).await?;
    let forget = lstm.unroll(&x).steps.into_iter().map(|step| step.f).collect();
    let forget = read(Tensor::cat(forget, 0)).await?;
    let weights = read(rnn.recurrent.val()).await?;
    Ok(Paths {
        rnn: hidden_path(d_h, &weights, &hidden),
        cell: cell_path(d_h, &forget),
        spectral_radius: spectral_radius(d_h, &weights).unwrap_or(f64::NAN),
    })
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
