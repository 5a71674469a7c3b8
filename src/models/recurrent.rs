//! Recurrent networks: they read a sequence one position at a time, and train by backpropagation through
//! time.
//!
//! Here the backward pass is written out (Werbos 1990) instead of leaving it to autodiff. All positions are
//! one operation of `nn_lab_kernels` in each direction, where autodiff records thousands. The gradients of
//! the weights are one matrix product over all positions instead of one per position. And `dL/dh_t`, which
//! autodiff does not keep, can be shown. Tests compare it with autodiff and PyTorch.

use crate::models::linear::{linear, product};
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// A recurrent network: `h_t = step(x_t, h_{t-1})` from `h_{-1} = 0`, and logits from the last `h`.
pub trait Recurrent: Module {
    /// States that the forward pass saves for the backward pass.
    type Trace;

    /// Returns the states at every position. Network and sequence are on a device without autodiff (see
    /// `valid`).
    ///
    /// # Shapes
    ///
    /// - x: `[seq_len, batch, d_in]`, with at least one position
    fn unroll(&self, x: &Tensor<3>) -> Self::Trace;

    /// Returns the hidden state at the last position, `[batch, d_h]`.
    fn last_hidden(trace: &Self::Trace) -> Tensor<2>;

    /// Returns the layer from the last hidden state to the logits.
    fn output(&self) -> &Linear;

    /// Returns the gradients of all states, and adds the gradients of the recurrent and input weights to
    /// `grads`.
    ///
    /// # Shapes
    ///
    /// - x: the sequence of `trace`, `[seq_len, batch, d_in]`
    /// - d_last: the gradient of the loss with respect to the last hidden state, `[batch, d_h]`
    fn backward_through_time(
        &self,
        x: &Tensor<3>,
        trace: Self::Trace,
        d_last: Tensor<2>,
        grads: &mut GradientsParams,
    ) -> ThroughTime;

    /// Returns the logits.
    ///
    /// # Shapes
    ///
    /// - x: `[seq_len, batch, d_in]`
    /// - output: `[batch, d_out]`
    fn forward(&self, x: &Tensor<3>) -> Tensor<2> {
        self.output().forward(Self::last_hidden(&self.unroll(x)))
    }
}

/// Gradients of the states at every position.
#[derive(Debug)]
pub struct ThroughTime {
    /// `dL/dh_t`: `[seq_len, batch, d_h]`.
    pub d_hidden: Tensor<3>,
    /// `dL/dc_t` for networks with a cell: `[seq_len, batch, d_h]`.
    pub d_cell: Option<Tensor<3>>,
}

/// A loss with the gradients of all weights and states.
#[derive(Debug)]
pub struct Gradients {
    /// The loss, `[1]`.
    pub loss: Tensor<1>,
    /// The gradients of the weights.
    pub params: GradientsParams,
    /// The gradients of the states.
    pub through_time: ThroughTime,
}

/// Returns the gradients of a loss of the logits. Autodiff computes them down to the last hidden state, and
/// [`Recurrent::backward_through_time`] the rest. The network is on a device with autodiff.
///
/// # Shapes
///
/// - x: `[seq_len, batch, d_in]`, on the device without autodiff
pub fn gradients<N: Recurrent>(
    network: &N,
    x: &Tensor<3>,
    loss: impl FnOnce(Tensor<2>) -> Tensor<1>,
) -> Gradients {
    let inner = network.valid();
    let trace = inner.unroll(x);
    let last = Tensor::from_inner(N::last_hidden(&trace)).require_grad();
    let loss = loss(network.output().forward(last.clone()));
    let mut grads = loss.backward();
    // It exists, because the loss depends on it.
    let d_last = last.grad_remove(&mut grads).unwrap_or_else(|| last.zeros_like().inner());
    let mut params = GradientsParams::from_grads(grads, network);
    let through_time = inner.backward_through_time(x, trace, d_last, &mut params);
    Gradients { loss: loss.inner(), params, through_time }
}

/// Applies a layer to all positions at once.
///
/// # Shapes
///
/// - x: `[seq_len, batch, d_in]`
/// - output: `[seq_len, batch, d_out]`
pub(super) fn project(layer: &Linear, x: &Tensor<3>) -> Tensor<3> {
    let [seq_len, batch, d_in] = x.dims();
    // [seq_len, batch, d_in] -> [seq_len batch, d_in] and back, for a single matrix product.
    let projected = linear(layer, x.clone().reshape([seq_len * batch, d_in]));
    let [_, d_out] = projected.dims();
    projected.reshape([seq_len, batch, d_out])
}

/// Returns the last position of `[seq_len, batch, d]`: `[batch, d]`.
pub(super) fn last(states: &Tensor<3>) -> Tensor<2> {
    let [seq_len, batch, d] = states.dims();
    states.clone().slice([seq_len - 1..seq_len, 0..batch, 0..d]).reshape([batch, d])
}

/// Adds the gradients of the weights of `a_t = x_t W_x + b + h_{t-1} W_h` to `grads`, given the gradients of
/// `a_t`: `dW_x = sum_t x_t^T da_t`, `dW_h = sum_t h_{t-1}^T da_t`, `db = sum_t da_t`. Each sum over
/// positions is one matrix product.
///
/// # Shapes
///
/// - x: `[seq_len, batch, d_in]`
/// - hidden: `h_t`, `[seq_len, batch, d_h]`
/// - deltas: `da_t`, `[seq_len, batch, d_a]`
pub(super) fn sum_over_time(
    input: &Linear,
    recurrent: &Param<Tensor<2>>,
    x: &Tensor<3>,
    hidden: Tensor<3>,
    deltas: Tensor<3>,
    grads: &mut GradientsParams,
) {
    let [seq_len, batch, d_in] = x.dims();
    let [_, _, d_h] = hidden.dims();
    let [_, _, d_a] = deltas.dims();
    // The state before the first position is 0 and adds nothing. Rows of the products are [positions batch].
    let earlier = hidden.slice([0..seq_len - 1, 0..batch, 0..d_h]).reshape([(seq_len - 1) * batch, d_h]);
    let later = deltas.clone().slice([1..seq_len, 0..batch, 0..d_a]).reshape([(seq_len - 1) * batch, d_a]);
    let deltas = deltas.reshape([seq_len * batch, d_a]);
    let x = x.clone().reshape([seq_len * batch, d_in]);
    grads.register(input.weight.id, product(x.transpose(), deltas.clone()));
    grads.register(recurrent.id, product(earlier.transpose(), later));
    if let Some(bias) = &input.bias {
        grads.register(bias.id, deltas.sum_dim(0).reshape([d_a]));
    }
}
