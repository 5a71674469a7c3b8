//! The recurrent net of Elman 1990: `h_t = tanh(x_t W_x + b + h_{t-1} W_h)`, logits `h_T W_y + b_y`.

use crate::models::recurrent::{Recurrent, ThroughTime, before, in_order, project, sum_over_time};
use crate::models::weights::WeightRng;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

/// A vanilla recurrent net.
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
    initial: Tensor<2>,
    /// `h_t` for every position, `[batch, d_h]` each.
    pub hidden: Vec<Tensor<2>>,
}

impl VanillaRnn {
    /// Weights and biases from U(-k, k), `k = 1/sqrt(d_h)`.
    pub fn new(d_in: usize, d_h: usize, d_out: usize, rng: &mut WeightRng, device: &Device) -> Self {
        let k = 1.0 / (d_h.max(1) as f32).sqrt();
        Self {
            input: rng.linear(d_in, d_h, k, device),
            recurrent: rng.uniform([d_h, d_h], k, device),
            output: rng.linear(d_h, d_out, k, device),
        }
    }

    /// The same net with all recurrent weights times `factor`, and so with a spectral radius `factor` times as large.
    pub fn scale_recurrent(mut self, factor: f32) -> Self {
        self.recurrent = Param::from_tensor(self.recurrent.val().mul_scalar(factor).detach());
        self
    }

    /// One step.
    ///
    /// # Shapes
    ///
    /// - projected: `[batch, d_h]`, that is `x_t W_x + b`
    /// - h: `[batch, d_h]`
    /// - output: `[batch, d_h]`
    pub fn step(&self, projected: Tensor<2>, h: Tensor<2>) -> Tensor<2> {
        (projected + h.matmul(self.recurrent.val())).tanh()
    }
}

impl Recurrent for VanillaRnn {
    type Trace = RnnTrace;

    fn unroll(&self, x: &Tensor<3>) -> RnnTrace {
        let [_, batch, _] = x.dims();
        let [d_h, _] = self.recurrent.dims();
        let initial = Tensor::zeros([batch, d_h], &x.device());
        let mut h = initial.clone();
        let mut hidden = Vec::new();
        for projected in project(&self.input, x) {
            h = self.step(projected, h);
            hidden.push(h.clone());
        }
        RnnTrace { initial, hidden }
    }

    fn last_hidden(trace: &RnnTrace) -> Tensor<2> {
        trace.hidden.last().unwrap_or(&trace.initial).clone()
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    /// `da_t = dh_t (1 - h_t^2)`, since `h = tanh(a)`; `dh_{t-1} = da_t W_h^T`. Each step back multiplies by
    /// `diag(1 - h_t^2) W_h^T`: where that shrinks vectors, the gradient dies geometrically.
    fn backward_through_time(
        &self,
        x: &Tensor<3>,
        trace: RnnTrace,
        d_last: Tensor<2>,
        grads: &mut GradientsParams,
    ) -> ThroughTime {
        let w_back = self.recurrent.val().transpose();
        let (mut deltas, mut d_hidden) = (Vec::new(), Vec::new());
        let mut d_h = d_last;
        for h in trace.hidden.iter().rev() {
            let delta = d_h.clone() * h.clone().square().neg().add_scalar(1.0);
            d_hidden.push(std::mem::replace(&mut d_h, delta.clone().matmul(w_back.clone())));
            deltas.push(delta);
        }
        let earlier = before(trace.initial, trace.hidden);
        sum_over_time(&self.input, &self.recurrent, x, earlier, in_order(deltas), grads);
        ThroughTime { d_hidden: in_order(d_hidden), d_cell: Vec::new() }
    }
}
