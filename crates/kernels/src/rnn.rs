//! A vanilla recurrent net over a whole sequence, and back (Elman 1990; Werbos 1990).
//!
//! ```text
//! h_t = tanh(p_t + h_{t-1} W)                 p_t = x_t W_x + b,   h_{-1} = 0
//! da_t = dh_t (1 - h_t^2)                     dh_{t-1} = da_t W^T
//! ```

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

/// Reads a sequence.
///
/// # Shapes
///
/// - projected: `[seq_len, batch, d_h]`, not on a device with autodiff
/// - recurrent: `[d_h, d_h]`
/// - output: `h_t` for every position, `[seq_len, batch, d_h]`
pub fn forward(projected: Tensor<3>, recurrent: Tensor<2>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::rnn_forward(projected.into_dispatch(), recurrent.into_dispatch()))
}

/// Goes back over a sequence.
///
/// # Shapes
///
/// - hidden: `[seq_len, batch, d_h]`, what [`forward`] gave
/// - recurrent: `[d_h, d_h]`
/// - d_last: `[batch, d_h]`, the gradient of the loss in the last hidden state
pub fn backward(hidden: Tensor<3>, recurrent: Tensor<2>, d_last: Tensor<2>) -> Gradients {
    let (deltas, d_hidden) =
        Dispatch::rnn_backward(hidden.into_dispatch(), recurrent.into_dispatch(), d_last.into_dispatch());
    Gradients { deltas: Tensor::from_dispatch(deltas), d_hidden: Tensor::from_dispatch(d_hidden) }
}

/// What the way back finds, `[seq_len, batch, d_h]` each.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// `dL/da_t`, the gradient before the tanh.
    pub deltas: Tensor<3>,
    /// `dL/dh_t`
    pub d_hidden: Tensor<3>,
}

/// The two operations, as burn's backends have them.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait RnnScan: Backend {
    #[fusion(dtype = projected, shape = projected)]
    fn rnn_forward(projected: FloatTensor<Self>, recurrent: FloatTensor<Self>) -> FloatTensor<Self>;

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
    use crate::flex::{numbers, rows, tensor};
    use crate::matrix::{Rows, add_product, transposed};
    use crate::vector::tanh;
    use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};

    impl RnnScan for Flex {
        fn rnn_forward(projected: FloatTensor<Self>, recurrent: FloatTensor<Self>) -> FloatTensor<Self> {
            let [seq_len, batch, d_h] = projected.shape().dims();
            let (projected, recurrent) = (rows(projected), rows(recurrent));
            let mut hidden = numbers(&projected).to_vec();
            let step = batch * d_h;
            for t in 0..seq_len {
                let (earlier, now) = hidden.split_at_mut(t * step);
                let now = &mut now[..step];
                if let Some(before) = earlier.len().checked_sub(step) {
                    let (h, w) = (Rows::of(&earlier[before..], d_h), Rows::of(numbers(&recurrent), d_h));
                    add_product((now, d_h), h, w, [batch, d_h, d_h]);
                }
                now.iter_mut().for_each(|a| *a = tanh(*a));
            }
            tensor(hidden, [seq_len, batch, d_h])
        }

        fn rnn_backward(
            hidden: FloatTensor<Self>,
            recurrent: FloatTensor<Self>,
            d_last: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let [seq_len, batch, d_h] = hidden.shape().dims();
            let (hidden, recurrent, d_last) = (rows(hidden), rows(recurrent), rows(d_last));
            let back = transposed(numbers(&recurrent), d_h);
            let step = batch * d_h;
            let mut deltas = vec![0.0; seq_len * step];
            let mut d_hidden = vec![0.0; seq_len * step];
            if let Some(last) = d_hidden.len().checked_sub(step) {
                d_hidden[last..].copy_from_slice(numbers(&d_last));
            }
            for t in (0..seq_len).rev() {
                let at = t * step..(t + 1) * step;
                let delta = &mut deltas[at.clone()];
                let (earlier, d_h_now) = d_hidden.split_at_mut(at.start);
                for ((delta, d), h) in delta.iter_mut().zip(&*d_h_now).zip(&numbers(&hidden)[at]) {
                    *delta = d * (1.0 - h * h);
                }
                if let Some(before) = earlier.len().checked_sub(step) {
                    let (delta, back) = (Rows::of(delta, d_h), Rows::of(&back, d_h));
                    add_product((&mut earlier[before..], d_h), delta, back, [batch, d_h, d_h]);
                }
            }
            (tensor(deltas, [seq_len, batch, d_h]), tensor(d_hidden, [seq_len, batch, d_h]))
        }
    }
}

#[cfg(feature = "gpu")]
mod kernels {
    use super::RnnScan;
    use crate::gpu::{empty, rows};
    use burn::backend::{TensorMetadata, tensor::FloatTensor};
    use burn_cubecl::CubeBackend;
    use cubecl::prelude::*;

    /// A workgroup a sequence, a thread a unit; the hidden state lies in the workgroup's memory.
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
            // No unit may go on while another still reads the state.
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
        fn rnn_forward(projected: FloatTensor<Self>, recurrent: FloatTensor<Self>) -> FloatTensor<Self> {
            let [seq_len, batch, d_h] = projected.shape().dims();
            let (projected, recurrent) = (rows(projected), rows(recurrent));
            let hidden = empty(&projected, [seq_len, batch, d_h]);
            forward::launch(
                &projected.client.clone(),
                CubeCount::Static(batch as u32, 1, 1),
                CubeDim::new_1d(d_h as u32),
                projected.into_buffer_arg(),
                recurrent.into_buffer_arg(),
                hidden.clone().into_buffer_arg(),
                seq_len,
                d_h,
            );
            hidden
        }

        fn rnn_backward(
            hidden: FloatTensor<Self>,
            recurrent: FloatTensor<Self>,
            d_last: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let [seq_len, batch, d_h] = hidden.shape().dims();
            let (hidden, recurrent, d_last) = (rows(hidden), rows(recurrent), rows(d_last));
            let found = [(); 2].map(|()| empty(&hidden, [seq_len, batch, d_h]));
            let [deltas, d_hidden] = found.clone();
            backward::launch(
                &hidden.client.clone(),
                CubeCount::Static(batch as u32, 1, 1),
                CubeDim::new_1d(d_h as u32),
                hidden.into_buffer_arg(),
                recurrent.into_buffer_arg(),
                d_last.into_buffer_arg(),
                deltas.into_buffer_arg(),
                d_hidden.into_buffer_arg(),
                seq_len,
                d_h,
            );
            found.into()
        }
    }
}
