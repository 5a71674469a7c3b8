//! The fraction of a change at each position that is left at the end, and the states of the cells, both from the same
//! sequence.

use super::task::Shown;
use super::trace::{LSTM_PARTS, RNN_PARTS, Trace};
use super::{Answers, Paths};
use crate::core::LabError;
use crate::models::lstm::Lstm;
use crate::models::recurrent::Recurrent;
use crate::models::rnn::VanillaRnn;
use crate::run::spectrum::spectral_radius;
use crate::run::training::{read, read_groups};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Tensor, activation::softmax};
use nalgebra::DMatrix;

/// Runs the RNN along the first of the shown sequences and reads its states.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn rnn_trace(shown: &Shown, rnn: &VanillaRnn) -> Result<Traced, LabError> {
    let rnn = rnn.valid();
    let (x, tokens) = (shown.first(), shown.tokens.clone());
    let device = &x.device();
    let [seq_len, _, d_in] = x.dims();
    let [d_h, _] = rnn.recurrent.dims();
    let hidden = rnn.unroll(&x).hidden.reshape([seq_len, d_h]);
    let before = Tensor::cat(
        vec![Tensor::zeros([1, d_h], device), hidden.clone().slice([0..seq_len.saturating_sub(1), 0..d_h])],
        0,
    );
    let pre_activation = rnn.input.forward(x.reshape([seq_len, d_in])) + before.matmul(rnn.recurrent.val());
    let answers = softmax(rnn.output.forward(hidden.clone()), 1);
    let [pre_activation, hidden, answers] =
        read_groups([pre_activation, hidden, answers].map(|part| vec![flat(part)])).await?;
    let parts = vec![pre_activation, hidden];
    Ok(Traced { trace: Trace::new(&RNN_PARTS, d_h, tokens, &parts, answers), parts })
}

/// Returns what the RNN says about all shown sequences.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn rnn_answers(shown: &Shown, rnn: &VanillaRnn) -> Result<Answers, LabError> {
    let rnn = rnn.valid();
    answers(&rnn.output, rnn.unroll(&shown.x).hidden).await
}

/// Returns what the LSTM says about all shown sequences.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn lstm_answers(shown: &Shown, lstm: &Lstm) -> Result<Answers, LabError> {
    let lstm = lstm.valid();
    answers(&lstm.output, lstm.unroll(&shown.x).hidden).await
}

/// Returns the probabilities of the classes at every position of every sequence, for hidden states `[seq_len, n, d_h]`.
async fn answers(output: &Linear, hidden: Tensor<3>) -> Result<Answers, LabError> {
    let [seq_len, n, d_h] = hidden.dims();
    let by_line = hidden.swap_dims(0, 1).reshape([n * seq_len, d_h]);
    let probabilities = softmax(output.forward(by_line), 1);
    let [_, n_classes] = probabilities.dims();
    let probabilities = read(flat(probabilities)).await?;
    Ok(Answers { step: 0, n_lines: n as u32, n_classes: n_classes as u32, probabilities })
}

/// Runs the LSTM along the first of the shown sequences and reads its gates and states.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn lstm_trace(shown: &Shown, lstm: &Lstm) -> Result<Traced, LabError> {
    let lstm = lstm.valid();
    let (x, tokens) = (shown.first(), shown.tokens.clone());
    let [d_h, _] = lstm.recurrent.dims();
    let [seq_len, _, _] = x.dims();
    let states = lstm.unroll(&x);
    let gates = states.gates.reshape([seq_len, 4 * d_h]);
    let gate = |n: usize| gates.clone().slice([0..seq_len, n * d_h..(n + 1) * d_h]);
    let hidden = states.hidden.reshape([seq_len, d_h]);
    let answers = softmax(lstm.output.forward(hidden.clone()), 1);
    let parts = [gate(1), gate(0), gate(2), gate(3), states.cell.reshape([seq_len, d_h]), hidden, answers];
    let mut parts = Vec::from(read_groups(parts.map(|part| vec![flat(part)])).await?);
    let answers = parts.pop().unwrap_or_default();
    Ok(Traced { trace: Trace::new(&LSTM_PARTS, d_h, tokens, &parts, answers), parts })
}

/// The states of a network along one sequence.
pub(super) struct Traced {
    /// The part that is sent to the page.
    pub(super) trace: Trace,
    /// The values of all units of each part, `[seq_len, d_h]`.
    parts: Vec<Vec<f32>>,
}

impl Traced {
    /// Returns the RNN's path and its spectral radius. The product is computed in 64 bits, since it is often far below the
    /// smallest 32-bit number.
    ///
    /// # Errors
    /// Fails if the weights cannot be read.
    pub(super) async fn rnn_path(&self, rnn: &VanillaRnn) -> Result<Paths, LabError> {
        let d_h = self.trace.d_hidden as usize;
        let weights = read(rnn.recurrent.val().inner()).await?;
        let hidden = self.parts.last().map(Vec::as_slice).unwrap_or_default();
        let spectral_radius = spectral_radius(d_h, &weights).unwrap_or(f64::NAN);
        Ok(Paths { rnn: hidden_path(d_h, &weights, hidden), spectral_radius, ..Paths::default() })
    }

    /// Returns the LSTM's path through its cells.
    pub(super) fn cell_path(&self) -> Vec<f64> {
        let forget = self.parts.first().map(Vec::as_slice).unwrap_or_default();
        cell_path(self.trace.d_hidden as usize, forget)
    }
}

fn flat(tensor: Tensor<2>) -> Tensor<1> {
    let size = tensor.shape().num_elements();
    tensor.reshape([size])
}

impl Shown {
    /// Returns the first sequence, `[seq_len, 1, n_tokens]`.
    fn first(&self) -> Tensor<3> {
        let [seq_len, n, n_tokens] = self.x.dims();
        if n == 1 { self.x.clone() } else { self.x.clone().slice([0..seq_len, 0..1, 0..n_tokens]) }
    }
}

/// Returns `||J_t||_F / sqrt(d_h)` at each position t, for `J_{T-1} = I` and `J_{t-1} = J_t diag(1 - h_t^2) W_h^T`.
///
/// # Shapes
/// `weights`: `[d_h, d_h]` for row vectors (`h W_h`), `hidden`: `[seq_len, d_h]`.
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

/// Returns `||prod_{s > t} diag(f_s)||_F / sqrt(d_h)` at each position t: the direct path only.
///
/// # Shapes
/// `forget`: `[seq_len, d_h]`.
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
        // One unit, W = 0.5, and h = 0 except at the last position, where the slope of the tanh is 0.75.
        assert_eq!(hidden_path(1, &[0.5], &[0.0, 0.0, 0.5]), [0.1875, 0.375, 1.0]);
        let path = cell_path(2, &[0.9, 0.9, 0.5, 1.0, 0.25, 0.5]);
        let rms = |a: f64, b: f64| ((a * a + b * b) / 2.0).sqrt();
        assert_eq!(path, [rms(0.125, 0.5), rms(0.25, 0.5), 1.0]);
        assert!(hidden_path(1, &[1.0], &[]).is_empty());
    }
}
