//! The recurrent network of Elman 1990: `h_t = tanh(x_t W_x + b + h_{t-1} W_h)`, logits
//! `h_{T-1} W_y + b_y` after the last of T positions.

use crate::models::recurrent::{Recurrent, ThroughTime, last, project, sum_over_time};
use crate::models::weights::WeightRng;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::rnn as scan;

/// A vanilla recurrent network.
#[derive(Module, Debug)]
pub struct VanillaRnn {
    /// `W_x` `[d_in, d_h]` and `b` `[d_h]`
    pub input: Linear,
    /// `W_h` `[d_h, d_h]`
    pub recurrent: Param<Tensor<2>>,
    /// `W_y` `[d_h, d_out]` and `b_y` `[d_out]`
    pub output: Linear,
}

/// The hidden states of a sequence.
#[derive(Debug)]
pub struct RnnTrace {
    /// `h_t` at every position: `[seq_len, batch, d_h]`.
    pub hidden: Tensor<3>,
}

impl VanillaRnn {
    /// Returns a network with weights and biases initialized from U(-k, k), `k = 1/sqrt(d_h)`.
    pub fn new(d_in: usize, d_h: usize, d_out: usize, rng: &mut WeightRng, device: &Device) -> Self {
        let k = 1.0 / (d_h.max(1) as f32).sqrt();
        Self {
            input: rng.linear(d_in, d_h, k, device),
            recurrent: rng.uniform([d_h, d_h], k, device),
            output: rng.linear(d_h, d_out, k, device),
        }
    }

    /// Returns the network with its recurrent weights, and so their spectral radius, multiplied by `factor`.
    pub fn scale_recurrent(mut self, factor: f32) -> Self {
        self.recurrent = Param::from_tensor(self.recurrent.val().mul_scalar(factor).detach());
        self
    }

    /// Returns the next hidden state. [`Recurrent::unroll`] computes a whole sequence in one operation.
    ///
    /// # Shapes
    ///
    /// - projected: `x_t W_x + b`, `[batch, d_h]`
    /// - h: `[batch, d_h]`
    /// - output: `[batch, d_h]`
    pub fn step(&self, projected: Tensor<2>, h: Tensor<2>) -> Tensor<2> {
        (projected + h.matmul(self.recurrent.val())).tanh()
    }
}

impl Recurrent for VanillaRnn {
    type Trace = RnnTrace;

    fn unroll(&self, x: &Tensor<3>) -> RnnTrace {
        RnnTrace { hidden: scan::forward(project(&self.input, x), self.recurrent.val()) }
    }

    fn last_hidden(trace: &RnnTrace) -> Tensor<2> {
        last(&trace.hidden)
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    /// `da_t = dh_t (1 - h_t^2)`, since `h = tanh(a)`, and `dh_{t-1} = da_t W_h^T`. Each step back multiplies
    /// the gradient by `diag(1 - h_t^2) W_h^T`. If that shrinks vectors, the gradient vanishes geometrically.
    fn backward_through_time(
        &self,
        x: &Tensor<3>,
        trace: RnnTrace,
        d_last: Tensor<2>,
        grads: &mut GradientsParams,
    ) -> ThroughTime {
        let scan::Gradients { deltas, d_hidden } =
            scan::backward(trace.hidden.clone(), self.recurrent.val(), d_last);
        sum_over_time(&self.input, &self.recurrent, x, trace.hidden, deltas, grads);
        ThroughTime { d_hidden, d_cell: None }
    }
}
