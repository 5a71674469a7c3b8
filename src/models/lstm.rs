//! Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).
//!
//! ```text
//! i = sigmoid(a_i)   f = sigmoid(a_f)   g = tanh(a_g)   o = sigmoid(a_o),   a = x_t W_x + b + h_{t-1} W_h
//! c_t = f c_{t-1} + i g
//! h_t = o tanh(c_t)
//! ```

use crate::models::recurrent::{Recurrent, ThroughTime, last, project, sum_over_time};
use crate::models::weights::WeightRng;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData, activation::sigmoid};
use nn_lab_kernels::lstm::{self as scan, States};

/// An LSTM. Each weight concatenates the three gates and the candidate along its last axis, in the order
/// i, f, g, o.
#[derive(Module, Debug)]
pub struct Lstm {
    /// `W_x` `[d_in, 4 d_h]` and `b` `[4 d_h]`
    pub input: Linear,
    /// `W_h` `[d_h, 4 d_h]`
    pub recurrent: Param<Tensor<2>>,
    /// `W_y` `[d_h, d_out]` and `b_y` `[d_out]`
    pub output: Linear,
}

/// The initial bias of the forget gate. The gate then keeps about `sigmoid(b_f)` of the cell per step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ForgetBias {
    /// The same bias for every cell: 0 keeps 50% per step, 1 keeps 73%.
    Constant(f32),
    /// `b_f = ln u`, `b_i = -b_f`, `u` from U(1, `t_max` - 1): memories of all lengths up to `t_max` (Tallec
    /// and Ollivier 2018, equation 16).
    Chrono {
        /// The longest memory, in steps.
        t_max: usize,
    },
}

/// Gates and states of one step, `[batch, d_h]` each.
#[derive(Clone, Debug)]
pub struct LstmStep {
    /// The input gate.
    pub i: Tensor<2>,
    /// The forget gate.
    pub f: Tensor<2>,
    /// The candidate for the cell.
    pub g: Tensor<2>,
    /// The output gate.
    pub o: Tensor<2>,
    /// `c_t`
    pub cell: Tensor<2>,
    /// `tanh(c_t)`
    pub squashed: Tensor<2>,
    /// `h_t`
    pub hidden: Tensor<2>,
}

impl Lstm {
    /// Returns a network with weights and biases initialized from U(-k, k), `k = 1/sqrt(d_h)`, except for the
    /// biases of the gates, which follow from `forget_bias`.
    pub fn new(
        d_in: usize,
        d_h: usize,
        d_out: usize,
        forget_bias: ForgetBias,
        rng: &mut WeightRng,
        device: &Device,
    ) -> Self {
        let k = 1.0 / (d_h.max(1) as f32).sqrt();
        let recurrent = rng.uniform([d_h, 4 * d_h], k, device);
        let mut input = rng.linear(d_in, 4 * d_h, k, device);
        let output = rng.linear(d_h, d_out, k, device);
        let (b_i, b_f) = match forget_bias {
            ForgetBias::Constant(bias) => (vec![0.0; d_h], vec![bias; d_h]),
            ForgetBias::Chrono { t_max } => {
                let longest = (t_max as f32 - 1.0).max(1.0);
                let b_f: Vec<f32> = rng.between(1.0, longest, d_h).into_iter().map(f32::ln).collect();
                (b_f.iter().map(|b| -b).collect(), b_f)
            }
        };
        let bias = [b_i, b_f, vec![0.0; 2 * d_h]].concat();
        input.bias = Some(Param::from_tensor(Tensor::from_data(TensorData::new(bias, [4 * d_h]), device)));
        Self { input, recurrent, output }
    }

    /// Returns gates and states of the next step. [`Recurrent::unroll`] computes a whole sequence in one
    /// operation.
    ///
    /// # Shapes
    ///
    /// - projected: `x_t W_x + b`, `[batch, 4 d_h]`
    /// - h, c: `[batch, d_h]`
    pub fn step(&self, projected: Tensor<2>, h: Tensor<2>, c: Tensor<2>) -> LstmStep {
        let [batch, d_h] = h.dims();
        let a = projected + h.matmul(self.recurrent.val());
        let gate = |n: usize| a.clone().slice([0..batch, n * d_h..(n + 1) * d_h]);
        let (i, f, g, o) = (sigmoid(gate(0)), sigmoid(gate(1)), gate(2).tanh(), sigmoid(gate(3)));
        let cell = f.clone() * c + i.clone() * g.clone();
        let squashed = cell.clone().tanh();
        let hidden = o.clone() * squashed.clone();
        LstmStep { i, f, g, o, cell, squashed, hidden }
    }
}

impl Recurrent for Lstm {
    type Trace = States;

    fn unroll(&self, x: &Tensor<3>) -> States {
        scan::forward(project(&self.input, x), self.recurrent.val())
    }

    fn last_hidden(trace: &States) -> Tensor<2> {
        last(&trace.hidden)
    }

    fn output(&self) -> &Linear {
        &self.output
    }

    /// `dc_t = dc_{t+1} f_{t+1} + dh_t o_t (1 - tanh(c_t)^2)`: along the direct path through the cell, the
    /// gradient is a product of forget gates, without weight matrices and activations. The rest is the chain rule through
    /// `h_{t-1}` and the gates,
    /// with `sigmoid' = s (1 - s)` and `tanh' = 1 - tanh^2`, and `dh_{t-1} = da_t W_h^T`.
    fn backward_through_time(
        &self,
        x: &Tensor<3>,
        trace: States,
        d_last: Tensor<2>,
        grads: &mut GradientsParams,
    ) -> ThroughTime {
        let scan::Gradients { deltas, d_hidden, d_cell } =
            scan::backward(&trace, self.recurrent.val(), d_last);
        sum_over_time(&self.input, &self.recurrent, x, trace.hidden, deltas, grads);
        ThroughTime { d_hidden, d_cell: Some(d_cell) }
    }
}
