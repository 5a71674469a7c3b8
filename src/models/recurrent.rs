//! What recurrent nets have in common: they read a sequence one position at a time, and learn by backpropagation
//! through time.
//!
//! Autodiff records every operation of every step and walks back over the record. Here the walk is written out
//! instead, as in Werbos 1990: all positions are one operation each way, from `nn_lab_kernels`, where autodiff has thousands;
//! the gradients of the weights are one matrix product over all positions and not one a position; and `dL/dh_t`, which
//! autodiff does not keep, is there to be looked at. Tests hold it against autodiff and PyTorch.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// A recurrent net: `h_t = step(x_t, h_{t-1})` from `h_{-1} = 0`, and logits from the last `h`.
pub trait Recurrent: Module {
    /// What the forward pass keeps for the backward pass.
    type Trace;

    /// Reads a sequence.
    ///
    /// # Shapes
    ///
    /// - x: `[seq_len, batch, d_in]`, with at least one position
    ///
    /// Net and sequence are on a device without autodiff: see `valid`.
    fn unroll(&self, x: &Tensor<3>) -> Self::Trace;

    /// The hidden state after the last position, `[batch, d_h]`.
    fn last_hidden(trace: &Self::Trace) -> Tensor<2>;

    /// The layer from the last hidden state to the logits.
    fn output(&self) -> &Linear;

    /// Goes back over the steps.
    ///
    /// # Shapes
    ///
    /// - x: `[seq_len, batch, d_in]`, the sequence of `trace`
    /// - d_last: `[batch, d_h]`, the gradient of the loss in the last hidden state
    ///
    /// The gradients of the recurrent weights go into `grads`.
    fn backward_through_time(
        &self,
        x: &Tensor<3>,
        trace: Self::Trace,
        d_last: Tensor<2>,
        grads: &mut GradientsParams,
    ) -> ThroughTime;

    /// # Shapes
    ///
    /// - x: `[seq_len, batch, d_in]`
    /// - output: logits `[batch, d_out]`
    fn forward(&self, x: &Tensor<3>) -> Tensor<2> {
        self.output().forward(Self::last_hidden(&self.unroll(x)))
    }
}

/// What the backward pass needs.
#[derive(Debug)]
pub struct ThroughTime {
    /// `dL/dh_t`: `[seq_len, batch, d_h]`.
    pub d_hidden: Tensor<3>,
    /// `dL/dc_t`, where there is a cell: `[seq_len, batch, d_h]`.
    pub d_cell: Option<Tensor<3>>,
}

/// A loss, its gradients in all weights of the net, and what they passed through.
#[derive(Debug)]
pub struct Gradients {
    pub loss: Tensor<1>,
    pub params: GradientsParams,
    pub through_time: ThroughTime,
}

/// The gradients of a loss of the logits. Autodiff gives them as far as the last hidden state, and the walk back over
/// the steps does the rest. The net is on a device with autodiff.
///
/// # Shapes
///
/// - x: `[seq_len, batch, d_in]`, on the device without autodiff
pub fn gradients<N: Recurrent>(
    net: &N,
    x: &Tensor<3>,
    loss: impl FnOnce(Tensor<2>) -> Tensor<1>,
) -> Gradients {
    let plain = net.valid();
    let trace = plain.unroll(x);
    let last = Tensor::from_inner(N::last_hidden(&trace)).require_grad();
    let loss = loss(net.output().forward(last.clone()));
    let mut grads = loss.backward();
    // There is one, since the loss depends on it.
    let d_last = last.grad_remove(&mut grads).unwrap_or_else(|| last.zeros_like().inner());
    let mut params = GradientsParams::from_grads(grads, net);
    let through_time = plain.backward_through_time(x, trace, d_last, &mut params);
    Gradients { loss: loss.inner(), params, through_time }
}

/// Applies a layer to every position at once.
///
/// # Shapes
///
/// - x: `[seq_len, batch, d_in]`
/// - output: `[seq_len, batch, d_out]`
pub(super) fn project(layer: &Linear, x: &Tensor<3>) -> Tensor<3> {
    let [seq_len, batch, d_in] = x.dims();
    let projected = layer.forward(x.clone().reshape([seq_len * batch, d_in]));
    let [_, d_out] = projected.dims();
    projected.reshape([seq_len, batch, d_out])
}

/// The last position of `[seq_len, batch, d]`.
pub(super) fn last(states: &Tensor<3>) -> Tensor<2> {
    let [seq_len, batch, d] = states.dims();
    states.clone().slice([seq_len - 1..seq_len, 0..batch, 0..d]).reshape([batch, d])
}

/// The gradients of `a_t = x_t W_x + b + h_{t-1} W_h` from those of `a_t`, all positions in one product each:
/// `dW_x = sum_t x_t^T da_t`, `dW_h = sum_t h_{t-1}^T da_t`, `db = sum_t da_t`.
///
/// # Shapes
///
/// - x: `[seq_len, batch, d_in]`
/// - hidden: `[seq_len, batch, d_h]`, the state after each position
/// - deltas: `[seq_len, batch, d_a]`
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
    // The state before the first position is zero and adds nothing.
    let earlier = hidden.slice([0..seq_len - 1, 0..batch, 0..d_h]).reshape([(seq_len - 1) * batch, d_h]);
    let later = deltas.clone().slice([1..seq_len, 0..batch, 0..d_a]).reshape([(seq_len - 1) * batch, d_a]);
    let deltas = deltas.reshape([seq_len * batch, d_a]);
    let x = x.clone().reshape([seq_len * batch, d_in]);
    grads.register(input.weight.id, x.transpose().matmul(deltas.clone()));
    grads.register(recurrent.id, earlier.transpose().matmul(later));
    if let Some(bias) = &input.bias {
        grads.register(bias.id, deltas.sum_dim(0).reshape([d_a]));
    }
}
