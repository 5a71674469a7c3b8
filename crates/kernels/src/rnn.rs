//! A vanilla recurrent network over a whole sequence (Elman 1990), with backpropagation through time (Werbos
//! 1990).
//!
//! ```text
//! h_t = tanh(p_t + h_{t-1} W)                 p_t = x_t W_x + b,   h_{-1} = 0
//! da_t = dh_t (1 - h_t^2)                     dh_{t-1} = da_t W^T
//! ```

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

/// Returns `h_t` for every position of a sequence.
///
/// # Shapes
///
/// - projected: `p_t`, `[seq_len, batch, d_h]`, not on a device with autodiff
/// - recurrent: `W`, `[d_h, d_h]`
/// - output: `[seq_len, batch, d_h]`
pub fn forward(projected: Tensor<3>, recurrent: Tensor<2>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::rnn_forward(projected.into_dispatch(), recurrent.into_dispatch()))
}

/// Returns the gradients at every position of a sequence.
///
/// # Shapes
///
/// - hidden: the output of [`forward`], `[seq_len, batch, d_h]`
/// - recurrent: `[d_h, d_h]`
/// - d_last: the gradient of the loss with respect to the last hidden state, `[batch, d_h]`
pub fn backward(hidden: Tensor<3>, recurrent: Tensor<2>, d_last: Tensor<2>) -> Gradients {
    let (deltas, d_hidden) =
        Dispatch::rnn_backward(hidden.into_dispatch(), recurrent.into_dispatch(), d_last.into_dispatch());
    Gradients { deltas: Tensor::from_dispatch(deltas), d_hidden: Tensor::from_dispatch(d_hidden) }
}

/// Gradients computed by the backward pass, `[seq_len, batch, d_h]` each.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// `dL/da_t`, the gradient before the tanh.
    pub deltas: Tensor<3>,
    /// `dL/dh_t`
    pub d_hidden: Tensor<3>,
}

/// The backend operations behind [`forward`] and [`backward`].
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait RnnScan: Backend {
    /// See [`forward`].
    #[fusion(dtype = projected, shape = projected)]
    fn rnn_forward(projected: FloatTensor<Self>, recurrent: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`backward`].
    #[fusion(meta = |hidden, _, _| (hidden.clone(), hidden.clone()))]
    fn rnn_backward(
        hidden: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        d_last: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::RnnScan;
    use crate::flex::{as_slice, contiguous, tensor};
    use crate::matrix::{Recurrent, at_last_position};
    use crate::vector::{apply, tanh};
    use burn::backend::{Flex, TensorMetadata};
    use burn_flex::FlexTensor;

    impl RnnScan for Flex {
        fn rnn_forward(projected: FlexTensor, recurrent: FlexTensor) -> FlexTensor {
            let [seq_len, batch, d_h] = projected.shape().dims();
            let (projected, recurrent) = (contiguous(projected), contiguous(recurrent));
            let mut weight = Recurrent::new(as_slice(&recurrent), [batch, d_h, d_h]);
            let mut hidden = as_slice(&projected).to_vec();
            let step = batch * d_h;
            for t in 0..seq_len {
                let (earlier, now) = hidden.split_at_mut(t * step);
                let now = &mut now[..step];
                weight.add(now, earlier);
                apply(now, tanh);
            }
            tensor(hidden, [seq_len, batch, d_h])
        }

        fn rnn_backward(
            hidden: FlexTensor,
            recurrent: FlexTensor,
            d_last: FlexTensor,
        ) -> (FlexTensor, FlexTensor) {
            let [seq_len, batch, d_h] = hidden.shape().dims();
            let [hidden, recurrent, d_last] = [hidden, recurrent, d_last].map(contiguous);
            let mut weight = Recurrent::transposed(as_slice(&recurrent), [batch, d_h, d_h]);
            let step = batch * d_h;
            let mut deltas = vec![0.0; seq_len * step];
            let mut d_hidden = at_last_position(as_slice(&d_last), seq_len);
            for t in (0..seq_len).rev() {
                let at = t * step..(t + 1) * step;
                let delta = &mut deltas[at.clone()];
                let (earlier, d_h_now) = d_hidden.split_at_mut(at.start);
                for ((delta, d), h) in delta.iter_mut().zip(&*d_h_now).zip(&as_slice(&hidden)[at]) {
                    *delta = d * (1.0 - h * h);
                }
                weight.add_gradient(earlier, delta);
            }
            (tensor(deltas, [seq_len, batch, d_h]), tensor(d_hidden, [seq_len, batch, d_h]))
        }
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use super::RnnScan;
    use crate::gpu::{Grid, contiguous, empty, launch};
    use burn::backend::TensorMetadata;
    use burn_cubecl::{CubeBackend, tensor::CubeTensor};
    use cubecl::prelude::*;

    /// One workgroup per sequence, one thread per unit. The hidden state is in shared memory.
    #[cube(launch)]
    fn forward(
        projected: &[f32],
        recurrent: &[f32],
        hidden: &mut [f32],
        seq_len: usize,
        #[comptime] d_h: usize,
    ) {
        let (unit, row) = (UNIT_POS as usize, CUBE_POS);
        let batch = CUBE_COUNT;
        let mut state = Shared::new_slice(d_h);
        state[unit] = 0.0f32;
        sync_cube();
        for t in 0..seq_len {
            let at = (t * batch + row) * d_h + unit;
            let mut a = projected[at];
            for k in 0..d_h {
                a += state[k] * recurrent[k * d_h + unit];
            }
            // All units must have read the state before any of them overwrites it.
            sync_cube();
            let h = f32::tanh(f32::clamp(a, -15.0, 15.0));
            hidden[at] = h;
            state[unit] = h;
            sync_cube();
        }
    }

    #[cube(launch)]
    fn backward(
        hidden: &[f32],
        recurrent: &[f32],
        d_last: &[f32],
        deltas: &mut [f32],
        d_hidden: &mut [f32],
        seq_len: usize,
        #[comptime] d_h: usize,
    ) {
        let (unit, row) = (UNIT_POS as usize, CUBE_POS);
        let batch = CUBE_COUNT;
        let mut delta = Shared::new_slice(d_h);
        let mut d = 0.0f32;
        d += d_last[row * d_h + unit];
        let mut t = seq_len;
        while t > 0 {
            t -= 1;
            let at = (t * batch + row) * d_h + unit;
            let h = hidden[at];
            let here = d * (1.0 - h * h);
            d_hidden[at] = d;
            deltas[at] = here;
            delta[unit] = here;
            sync_cube();
            d = 0.0f32;
            for k in 0..d_h {
                d += delta[k] * recurrent[unit * d_h + k];
            }
            sync_cube();
        }
    }

    impl RnnScan for CubeBackend {
        fn rnn_forward(projected: CubeTensor, recurrent: CubeTensor) -> CubeTensor {
            let [seq_len, batch, d_h] = projected.shape().dims();
            let (projected, recurrent) = (contiguous(projected), contiguous(recurrent));
            let hidden = empty(&projected, projected.shape());
            launch!(forward, Grid::new([batch, 1, 1], d_h), [projected, recurrent], [hidden], seq_len, d_h);
            hidden
        }

        fn rnn_backward(
            hidden: CubeTensor,
            recurrent: CubeTensor,
            d_last: CubeTensor,
        ) -> (CubeTensor, CubeTensor) {
            let [seq_len, batch, d_h] = hidden.shape().dims();
            let [hidden, recurrent, d_last] = [hidden, recurrent, d_last].map(contiguous);
            let (deltas, d_hidden) = (empty(&hidden, hidden.shape()), empty(&hidden, hidden.shape()));
            let grid = Grid::new([batch, 1, 1], d_h);
            launch!(backward, grid, [hidden, recurrent, d_last], [deltas, d_hidden], seq_len, d_h);
            (deltas, d_hidden)
        }
    }
}
