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

#[cfg(feature = "cpu")]
mod cpu {
    use super::LstmScan;
    use crate::flex::{as_slice, contiguous, tensor};
    use crate::matrix::{add_recurrent, add_recurrent_grad, at_last_position, transposed};
    use crate::vector::{sigmoid, tanh};
    use burn::backend::{Flex, TensorMetadata};
    use burn_flex::FlexTensor;

    impl LstmScan for Flex {
        fn lstm_forward(
            projected: FlexTensor,
            recurrent: FlexTensor,
        ) -> (FlexTensor, FlexTensor, FlexTensor) {
            let [seq_len, batch, d_gates] = projected.shape().dims();
            let d_h = d_gates / 4;
            let (projected, recurrent) = (contiguous(projected), contiguous(recurrent));
            let mut gates = as_slice(&projected).to_vec();
            let step = batch * d_h;
            let mut cell = vec![0.0; seq_len * step];
            let mut hidden = vec![0.0; seq_len * step];
            for t in 0..seq_len {
                let (h_before, h_now) = hidden.split_at_mut(t * step);
                let (c_before, c_now) = cell.split_at_mut(t * step);
                let a = &mut gates[4 * t * step..4 * (t + 1) * step];
                let before = c_before.len().checked_sub(step);
                add_recurrent(a, h_before, as_slice(&recurrent), [batch, d_h, d_gates]);
                for (row, a) in a.chunks_exact_mut(d_gates).enumerate() {
                    let (i_f, g_o) = a.split_at_mut(2 * d_h);
                    i_f.iter_mut().for_each(|a| *a = sigmoid(*a));
                    let (g, o) = g_o.split_at_mut(d_h);
                    g.iter_mut().for_each(|a| *a = tanh(*a));
                    o.iter_mut().for_each(|a| *a = sigmoid(*a));
                    let (i, f) = i_f.split_at(d_h);
                    let at = row * d_h..(row + 1) * d_h;
                    let c = &mut c_now[at.clone()];
                    for ((c, i), g) in c.iter_mut().zip(i).zip(&*g) {
                        *c = i * g;
                    }
                    if let Some(before) = before {
                        let earlier = &c_before[before + at.start..before + at.end];
                        for ((c, f), earlier) in c.iter_mut().zip(f).zip(earlier) {
                            *c += f * earlier;
                        }
                    }
                    for ((h, o), c) in h_now[at].iter_mut().zip(&*o).zip(&*c) {
                        *h = o * tanh(*c);
                    }
                }
            }
            (
                tensor(gates, [seq_len, batch, d_gates]),
                tensor(cell, [seq_len, batch, d_h]),
                tensor(hidden, [seq_len, batch, d_h]),
            )
        }

        fn lstm_backward(
            gates: FlexTensor,
            cell: FlexTensor,
            recurrent: FlexTensor,
            d_last: FlexTensor,
        ) -> (FlexTensor, FlexTensor, FlexTensor) {
            let [seq_len, batch, d_gates] = gates.shape().dims();
            let d_h = d_gates / 4;
            let [gates, cell, recurrent, d_last] = [gates, cell, recurrent, d_last].map(contiguous);
            let (gates, cells) = (as_slice(&gates), as_slice(&cell));
            let back = transposed(as_slice(&recurrent), d_gates);
            let step = batch * d_h;
            let mut deltas = vec![0.0; 4 * seq_len * step];
            let mut d_hidden = at_last_position(as_slice(&d_last), seq_len);
            let mut d_cell = vec![0.0; seq_len * step];
            let zeros = vec![0.0; step];
            for t in (0..seq_len).rev() {
                let (start, end) = (t * step, (t + 1) * step);
                let before = start.checked_sub(step);
                let cells_before = before.map_or(&zeros[..], |before| &cells[before..start]);
                let (d_h_earlier, d_h_now) = d_hidden.split_at_mut(start);
                let (d_c_earlier, d_c_now) = d_cell.split_at_mut(start);
                let delta = &mut deltas[4 * start..4 * end];
                for row in 0..batch {
                    let at = row * d_h..(row + 1) * d_h;
                    let [i, f, g, o] = quarters(&gates[4 * (start + at.start)..4 * (start + at.end)], d_h);
                    let (c, c_before) = (&cells[start + at.start..start + at.end], &cells_before[at.clone()]);
                    let (d_h_row, d_c) = (&d_h_now[at.clone()], &mut d_c_now[at.clone()]);
                    let delta = &mut delta[4 * at.start..4 * at.end];
                    let (d_i, rest) = delta.split_at_mut(d_h);
                    let (d_f, rest) = rest.split_at_mut(d_h);
                    let (d_g, d_o) = rest.split_at_mut(d_h);
                    for j in 0..d_h {
                        let squashed = tanh(c[j]);
                        // `d_c` already holds the gradient from later positions through the cell.
                        let d = d_c[j] + d_h_row[j] * o[j] * (1.0 - squashed * squashed);
                        d_c[j] = d;
                        d_i[j] = d * g[j] * i[j] * (1.0 - i[j]);
                        d_f[j] = d * c_before[j] * f[j] * (1.0 - f[j]);
                        d_g[j] = d * i[j] * (1.0 - g[j] * g[j]);
                        d_o[j] = d_h_row[j] * squashed * o[j] * (1.0 - o[j]);
                    }
                    if let Some(before) = before {
                        let earlier = &mut d_c_earlier[before + at.start..before + at.end];
                        for ((earlier, d), f) in earlier.iter_mut().zip(&*d_c).zip(f) {
                            *earlier = d * f;
                        }
                    }
                }
                add_recurrent_grad(d_h_earlier, delta, &back, [batch, d_gates, d_h]);
            }
            (
                tensor(deltas, [seq_len, batch, d_gates]),
                tensor(d_hidden, [seq_len, batch, d_h]),
                tensor(d_cell, [seq_len, batch, d_h]),
            )
        }
    }

    /// Splits a row into its four gates.
    fn quarters(row: &[f32], d_h: usize) -> [&[f32]; 4] {
        std::array::from_fn(|gate| &row[gate * d_h..(gate + 1) * d_h])
    }
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
