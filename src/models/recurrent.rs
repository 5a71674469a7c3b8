//! What recurrent nets have in common: they read a sequence one position at a time, and learn by backpropagation
//! through time.
//!
//! Autodiff records every operation of every step and walks back over the record. Here the walk is written out
//! instead, as in Werbos 1990: it needs a third of the operations, since the gradients of the weights are one matrix
//! product over all positions and not one a position; it is linear in `seq_len`, where differentiating a slice of the
//! sequence would fill a whole sequence with zeros; and `dL/dh_t`, which autodiff does not keep, is there to be looked
//! at. Tests hold it against autodiff and PyTorch.

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
    /// `dL/dh_t`: one `[batch, d_h]` a position, in the order of the sequence.
    pub d_hidden: Vec<Tensor<2>>,
    /// `dL/dc_t`, where there is a cell; else empty.
    pub d_cell: Vec<Tensor<2>>,
}

/// A loss, its gradients in all weights of the net, and what they passed through.
#[derive(Debug)]
pub struct Gradients {
    pub loss: Tensor<1>,
    pub params: GradientsParams,
    pub through_time: ThroughTime,
}

/// The gradients of a loss of the logits. Autodiff gives them as far as the last hidden state, and the walk back over
/// the steps does the rest. `None` if the net is not on a device with autodiff.
///
/// # Shapes
///
/// - x: `[seq_len, batch, d_in]`, on the device without autodiff
pub fn gradients<N: Recurrent>(
    net: &N,
    x: &Tensor<3>,
    loss: impl FnOnce(Tensor<2>) -> Tensor<1>,
) -> Option<Gradients> {
    let plain = net.valid();
    let trace = plain.unroll(x);
    let last = Tensor::from_inner(N::last_hidden(&trace)).require_grad();
    let loss = loss(net.output().forward(last.clone()));
    let mut grads = loss.backward();
    let d_last = last.grad_remove(&mut grads)?;
    let mut params = GradientsParams::from_grads(grads, net);
    let through_time = plain.backward_through_time(x, trace, d_last, &mut params);
    Some(Gradients { loss: loss.inner(), params, through_time })
}

/// Applies a layer to every position at once, and gives the positions one by one.
///
/// # Shapes
///
/// - x: `[seq_len, batch, d_in]`
/// - output: `seq_len` times `[batch, d_out]`
pub(super) fn project(layer: &Linear, x: &Tensor<3>) -> Vec<Tensor<2>> {
    let [seq_len, batch, d_in] = x.dims();
    let projected = layer.forward(x.clone().reshape([seq_len * batch, d_in]));
    let [_, d_out] = projected.dims();
    (0..seq_len).map(|t| projected.clone().slice([t * batch..(t + 1) * batch, 0..d_out])).collect()
}

/// The gradients of `a_t = x_t W_x + b + h_{t-1} W_h` from those of `a_t`, all positions in one product each:
/// `dW_x = sum_t x_t^T da_t`, `dW_h = sum_t h_{t-1}^T da_t`, `db = sum_t da_t`.
///
/// # Shapes
///
/// - x: `[seq_len, batch, d_in]`
/// - earlier: `seq_len` times `[batch, d_h]`, the hidden state before each position
/// - deltas: `seq_len` times `[batch, d_a]`
pub(super) fn sum_over_time(
    input: &Linear,
    recurrent: &Param<Tensor<2>>,
    x: &Tensor<3>,
    earlier: Vec<Tensor<2>>,
    deltas: Vec<Tensor<2>>,
    grads: &mut GradientsParams,
) {
    let [seq_len, batch, d_in] = x.dims();
    let deltas = Tensor::cat(deltas, 0);
    let [_, d_a] = deltas.dims();
    let x = x.clone().reshape([seq_len * batch, d_in]);
    grads.register(input.weight.id, x.transpose().matmul(deltas.clone()));
    grads.register(recurrent.id, Tensor::cat(earlier, 0).transpose().matmul(deltas.clone()));
    if let Some(bias) = &input.bias {
        grads.register(bias.id, deltas.sum_dim(0).reshape([d_a]));
    }
}

/// What the backward pass found, in the order of the sequence.
pub(super) fn in_order<T>(mut backwards: Vec<T>) -> Vec<T> {
    backwards.reverse();
    backwards
}

/// The states before each position, of the states after each.
pub(super) fn before(initial: Tensor<2>, mut after: Vec<Tensor<2>>) -> Vec<Tensor<2>> {
    after.pop();
    after.insert(0, initial);
    after
}
