//! Long short-term memory over a whole sequence (Hochreiter and Schmidhuber 1997; forget gate: Gers et al.
//! 2000), with backpropagation through time.
//!
//! ```text
//! a_t = p_t + h_{t-1} W      p_t = x_t W_x + b,   h_{-1} = c_{-1} = 0
//! i = sigmoid(a_i)   f = sigmoid(a_f)   g = tanh(a_g)   o = sigmoid(a_o)
//! c_t = f c_{t-1} + i g      h_t = o tanh(c_t)
//!
//! dc_t = dc_{t+1} f_{t+1} + dh_t o_t (1 - tanh(c_t)^2)
//! da_i = dc g i (1 - i)   da_f = dc c_{t-1} f (1 - f)   da_g = dc i (1 - g^2)   da_o = dh tanh(c_t) o (1 - o)
//! dh_{t-1} = da_t W^T
//! ```
//!
//! The four gates are concatenated along the last axis, in the order i, f, g, o.

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

#[cfg(feature = "cpu")]
mod cpu;

/// Gates and states at every position of a sequence.
#[derive(Clone, Debug)]
pub struct States {
    /// `i`, `f`, `g`, `o`: `[seq_len, batch, 4 d_h]`.
    pub gates: Tensor<3>,
    /// `c_t`: `[seq_len, batch, d_h]`.
    pub cell: Tensor<3>,
    /// `h_t`: `[seq_len, batch, d_h]`.
    pub hidden: Tensor<3>,
}

/// Gradients computed by the backward pass.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// `dL/da_t`, the gradient before the gates' activations: `[seq_len, batch, 4 d_h]`.
    pub deltas: Tensor<3>,
    /// `dL/dh_t`: `[seq_len, batch, d_h]`.
    pub d_hidden: Tensor<3>,
    /// `dL/dc_t`: `[seq_len, batch, d_h]`.
    pub d_cell: Tensor<3>,
}

/// Returns gates and states at every position of a sequence.
///
/// # Shapes
///
/// - projected: `p_t`, `[seq_len, batch, 4 d_h]`, not on a device with autodiff
/// - recurrent: `W`, `[d_h, 4 d_h]`
pub fn forward(projected: Tensor<3>, recurrent: Tensor<2>) -> States {
    let (gates, cell, hidden) = Dispatch::lstm_forward(projected.into_dispatch(), recurrent.into_dispatch());
    States {
        gates: Tensor::from_dispatch(gates),
        cell: Tensor::from_dispatch(cell),
        hidden: Tensor::from_dispatch(hidden),
    }
}

/// Returns the gradients at every position of a sequence.
///
/// # Shapes
///
/// - recurrent: `[d_h, 4 d_h]`
/// - d_last: the gradient of the loss with respect to the last hidden state, `[batch, d_h]`
pub fn backward(states: &States, recurrent: Tensor<2>, d_last: Tensor<2>) -> Gradients {
    let (deltas, d_hidden, d_cell) = Dispatch::lstm_backward(
        states.gates.clone().into_dispatch(),
        states.cell.clone().into_dispatch(),
        recurrent.into_dispatch(),
        d_last.into_dispatch(),
    );
    Gradients {
        deltas: Tensor::from_dispatch(deltas),
        d_hidden: Tensor::from_dispatch(d_hidden),
        d_cell: Tensor::from_dispatch(d_cell),
    }
}

/// The backend operations behind [`forward`] and [`backward`].
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait LstmScan: Backend {
    /// Returns gates, cell and hidden state; see [`forward`].
    #[fusion(meta = |projected, _| {
        let mut state = projected.clone();
        state.shape[2] /= 4;
        (projected.clone(), state.clone(), state)
    })]
    fn lstm_forward(
        projected: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Returns the gradients of gate sums, hidden state and cell; see [`backward`].
    #[fusion(meta = |gates, cell, _, _| (gates.clone(), cell.clone(), cell.clone()))]
    fn lstm_backward(
        gates: FloatTensor<Self>,
        cell: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        d_last: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
mod gpu {
    use super::LstmScan;
    use crate::gpu::{Grid, contiguous, empty, launch};
    use burn::backend::TensorMetadata;
    use burn_cubecl::{CubeBackend, tensor::CubeTensor};
    use cubecl::prelude::*;

    #[cube]
    fn squash(x: f32) -> f32 {
        // Some GPUs compute tanh from powers of e, which overflow where tanh has long reached 1.
        f32::tanh(f32::clamp(x, -15.0, 15.0))
    }

    #[cube]
    fn logistic(x: f32) -> f32 {
        1.0 / (1.0 + f32::exp(-f32::clamp(x, -80.0, 80.0)))
    }

    /// One workgroup per sequence, one thread per unit. The hidden state is in shared memory, each cell in
    /// its thread.
    #[cube(launch)]
    fn forward(
        projected: &[f32],
        recurrent: &[f32],
        gates: &mut [f32],
        cell: &mut [f32],
        hidden: &mut [f32],
        seq_len: usize,
        #[comptime] d_h: usize,
    ) {
        let (unit, row) = (UNIT_POS as usize, CUBE_POS);
        let batch = CUBE_COUNT;
        let mut state = Shared::new_slice(d_h);
        state[unit] = 0.0f32;
        let mut c = 0.0f32;
        sync_cube();
        for t in 0..seq_len {
            let at = (t * batch + row) * d_h;
            let gate = 4 * at + unit;
            let mut i = projected[gate];
            let mut f = projected[gate + d_h];
            let mut g = projected[gate + 2 * d_h];
            let mut o = projected[gate + 3 * d_h];
            for k in 0..d_h {
                let h = state[k];
                let weight = 4 * k * d_h + unit;
                i += h * recurrent[weight];
                f += h * recurrent[weight + d_h];
                g += h * recurrent[weight + 2 * d_h];
                o += h * recurrent[weight + 3 * d_h];
            }
            // All units must have read the state before any of them overwrites it.
            sync_cube();
            i = logistic(i);
            f = logistic(f);
            g = squash(g);
            o = logistic(o);
            c = f * c + i * g;
            let h = o * squash(c);
            gates[gate] = i;
            gates[gate + d_h] = f;
            gates[gate + 2 * d_h] = g;
            gates[gate + 3 * d_h] = o;
            cell[at + unit] = c;
            hidden[at + unit] = h;
            state[unit] = h;
            sync_cube();
        }
    }

    #[cube(launch)]
    fn backward(
        gates: &[f32],
        cell: &[f32],
        recurrent: &[f32],
        d_last: &[f32],
        deltas: &mut [f32],
        d_hidden: &mut [f32],
        d_cell: &mut [f32],
        seq_len: usize,
        #[comptime] d_h: usize,
    ) {
        let (unit, row) = (UNIT_POS as usize, CUBE_POS);
        let batch = CUBE_COUNT;
        let mut delta = Shared::new_slice(4 * d_h);
        let mut d = 0.0f32;
        d += d_last[row * d_h + unit];
        let mut d_c_later = 0.0f32;
        let mut t = seq_len;
        while t > 0 {
            t -= 1;
            let at = (t * batch + row) * d_h;
            let gate = 4 * at + unit;
            let i = gates[gate];
            let f = gates[gate + d_h];
            let g = gates[gate + 2 * d_h];
            let o = gates[gate + 3 * d_h];
            let squashed = squash(cell[at + unit]);
            let mut c_before = 0.0f32;
            if t > 0 {
                c_before = cell[at - batch * d_h + unit];
            }
            let d_c = d_c_later + d * o * (1.0 - squashed * squashed);
            let d_i = d_c * g * i * (1.0 - i);
            let d_f = d_c * c_before * f * (1.0 - f);
            let d_g = d_c * i * (1.0 - g * g);
            let d_o = d * squashed * o * (1.0 - o);
            d_hidden[at + unit] = d;
            d_cell[at + unit] = d_c;
            deltas[gate] = d_i;
            deltas[gate + d_h] = d_f;
            deltas[gate + 2 * d_h] = d_g;
            deltas[gate + 3 * d_h] = d_o;
            delta[unit] = d_i;
            delta[unit + d_h] = d_f;
            delta[unit + 2 * d_h] = d_g;
            delta[unit + 3 * d_h] = d_o;
            d_c_later = d_c * f;
            sync_cube();
            d = 0.0f32;
            for k in 0..4 * d_h {
                d += delta[k] * recurrent[4 * unit * d_h + k];
            }
            sync_cube();
        }
    }

    impl LstmScan for CubeBackend {
        fn lstm_forward(
            projected: CubeTensor,
            recurrent: CubeTensor,
        ) -> (CubeTensor, CubeTensor, CubeTensor) {
            let [seq_len, batch, d_gates] = projected.shape().dims();
            let d_h = d_gates / 4;
            let (projected, recurrent) = (contiguous(projected), contiguous(recurrent));
            let gates = empty(&projected, projected.shape());
            let [cell, hidden] = [(); 2].map(|()| empty(&projected, [seq_len, batch, d_h]));
            let grid = Grid::new([batch, 1, 1], d_h);
            launch!(forward, grid, [projected, recurrent], [gates, cell, hidden], seq_len, d_h);
            (gates, cell, hidden)
        }

        fn lstm_backward(
            gates: CubeTensor,
            cell: CubeTensor,
            recurrent: CubeTensor,
            d_last: CubeTensor,
        ) -> (CubeTensor, CubeTensor, CubeTensor) {
            let [seq_len, batch, d_h] = cell.shape().dims();
            let [gates, cell, recurrent, d_last] = [gates, cell, recurrent, d_last].map(contiguous);
            let deltas = empty(&gates, gates.shape());
            let [d_hidden, d_cell] = [(); 2].map(|()| empty(&gates, [seq_len, batch, d_h]));
            let grid = Grid::new([batch, 1, 1], d_h);
            launch!(
                backward,
                grid,
                [gates, cell, recurrent, d_last],
                [deltas, d_hidden, d_cell],
                seq_len,
                d_h
            );
            (deltas, d_hidden, d_cell)
        }
    }
}
