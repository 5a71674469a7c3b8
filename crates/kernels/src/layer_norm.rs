//! Layer normalization, and back (Ba, Kiros and Hinton 2016). burn makes it of some eight operations each way; this is one
//! forward and two back.
//!
//! ```text
//! z = (x - mean(x)) / sqrt(var(x) + epsilon)      y = gamma z + beta      mean and variance over the last axis
//! g = gamma dy      dx = (g - mean(g) - z mean(g z)) / sqrt(var(x) + epsilon)      dgamma = sum dy z      dbeta = sum dy
//! ```

use burn::backend::{Autodiff, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

/// `gamma z + beta` for each row of the last axis; differentiable.
///
/// # Shapes
///
/// - x, output: `[.., d]`
/// - gamma, beta: `[d]`
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f32,
) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::row_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    ))
}

/// The operation, as burn's backends have it, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait RowNorm: Backend {
    #[fusion(dtype = x, shape = x)]
    fn row_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

/// What autodiff makes it of. `scales` are each row's mean and `1 / sqrt(var + epsilon)`, `[.., 2]`.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait RowNormParts: Backend {
    #[fusion(meta = |x, _, _, _| {
        let mut scales = x.clone();
        let last = scales.shape.num_dims() - 1;
        scales.shape[last] = 2;
        (x.clone(), scales)
    })]
    fn row_norm_forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    #[fusion(meta = |x, _, gamma, _| (x.clone(), gamma.clone(), gamma.clone()))]
    fn row_norm_backward(
        x: FloatTensor<Self>,
        scales: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{RowNorm, RowNormParts};
    use crate::flex::{numbers, rows, tensor_like};
    use crate::matrix::{dot, sum};
    use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
    use burn::tensor::TensorData;
    use burn_flex::FlexTensor;

    impl RowNorm for Flex {
        fn row_norm(
            x: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            beta: FloatTensor<Self>,
            epsilon: f32,
        ) -> FloatTensor<Self> {
            Self::row_norm_forward(x, gamma, beta, epsilon).0
        }
    }

    impl RowNormParts for Flex {
        fn row_norm_forward(
            x: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            beta: FloatTensor<Self>,
            epsilon: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (x, gamma, beta) = (rows(x), rows(gamma), rows(beta));
            let d = numbers(&gamma).len().max(1);
            let mut output = Vec::with_capacity(numbers(&x).len());
            let mut scales = Vec::with_capacity(2 * numbers(&x).len() / d);
            let mut centred = vec![0.0; d];
            for row in numbers(&x).chunks_exact(d) {
                let mean = sum(row) / d as f32;
                centred.iter_mut().zip(row).for_each(|(centred, x)| *centred = x - mean);
                let scale = (dot(&centred, &centred) / d as f32 + epsilon).sqrt().recip();
                let of = centred.iter().zip(numbers(&gamma)).zip(numbers(&beta));
                output.extend(of.map(|((x, gamma), beta)| x * scale * gamma + beta));
                scales.extend([mean, scale]);
            }
            let mut shape = x.shape();
            let last = shape.num_dims() - 1;
            shape[last] = 2;
            (tensor_like(output, &x), FlexTensor::from_data(TensorData::new(scales, shape)))
        }

        fn row_norm_backward(
            x: FloatTensor<Self>,
            scales: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            d_output: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let (x, scales, gamma, d_output) = (rows(x), rows(scales), rows(gamma), rows(d_output));
            let d = numbers(&gamma).len().max(1);
            let mut d_x = Vec::with_capacity(numbers(&x).len());
            let (mut d_gamma, mut d_beta) = (vec![0.0; d], vec![0.0; d]);
            let (mut z, mut g) = (vec![0.0; d], vec![0.0; d]);
            let of_rows = numbers(&x).chunks_exact(d).zip(numbers(&d_output).chunks_exact(d));
            for ((row, d_row), scales) in of_rows.zip(numbers(&scales).chunks_exact(2)) {
                let (mean, scale) = (scales[0], scales[1]);
                z.iter_mut().zip(row).for_each(|(z, x)| *z = (x - mean) * scale);
                for ((g, gamma), d) in g.iter_mut().zip(numbers(&gamma)).zip(d_row) {
                    *g = gamma * d;
                }
                for ((sum, z), d) in d_gamma.iter_mut().zip(&z).zip(d_row) {
                    *sum += z * d;
                }
                d_beta.iter_mut().zip(d_row).for_each(|(sum, d)| *sum += d);
                let (mean_g, mean_gz) = (sum(&g) / d as f32, dot(&g, &z) / d as f32);
                d_x.extend(g.iter().zip(&z).map(|(g, z)| (g - mean_g - z * mean_gz) * scale));
            }
            (tensor_like(d_x, &x), tensor_like(d_gamma, &gamma), tensor_like(d_beta, &gamma))
        }
    }
}

/// What is kept for the way back.
#[derive(Clone, Debug)]
struct Kept<B: Backend> {
    x: FloatTensor<B>,
    scales: FloatTensor<B>,
    gamma: FloatTensor<B>,
}

impl<B: RowNorm + RowNormParts, C: CheckpointStrategy> RowNorm for Autodiff<B, C> {
    fn row_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Back;

        impl<B: RowNormParts> Backward<B, 3> for Back {
            type State = Kept<B>;

            fn backward(self, ops: Ops<Kept<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
                let d_output = grads.consume::<B>(&ops.node);
                let Kept { x, scales, gamma } = ops.state;
                let (d_x, d_gamma, d_beta) = B::row_norm_backward(x, scales, gamma, d_output);
                for (parent, gradient) in ops.parents.into_iter().zip([d_x, d_gamma, d_beta]) {
                    if let Some(parent) = parent {
                        grads.register::<B>(parent.id, gradient);
                    }
                }
            }
        }

        let prepared = Back.prepare::<C>([x.node(), gamma.node(), beta.node()]).compute_bound().stateful();
        let (x, gamma, beta) = (x.into_primitive(), gamma.into_primitive(), beta.into_primitive());
        match prepared {
            OpsKind::Tracked(prepared) => {
                let (output, scales) = B::row_norm_forward(x.clone(), gamma.clone(), beta, epsilon);
                prepared.finish(Kept { x, scales, gamma }, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::row_norm(x, gamma, beta, epsilon)),
        }
    }
}

#[cfg(feature = "gpu")]
mod kernels {
    use super::{RowNorm, RowNormParts};
    use crate::gpu::{empty, rows, sum};
    use burn::backend::{TensorMetadata, tensor::FloatTensor};
    use burn_cubecl::CubeBackend;
    use cubecl::prelude::*;

    /// A workgroup treats a row, or a column on the way to the gradients of gamma and beta.
    const UNITS: u32 = 64;
    /// WebGPU lets no more be launched along an axis.
    const MOST: usize = 65_535;

    #[cube(launch)]
    fn forward(
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        output: &mut [f32],
        scales: &mut [f32],
        n: usize,
        d: usize,
        epsilon: f32,
    ) {
        let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
        let mut shared = Shared::new_slice(64usize);
        let mut row = CUBE_POS;
        while row < n {
            let mut own = 0.0f32;
            let mut at = unit;
            while at < d {
                own += x[row * d + at];
                at += units;
            }
            let mean = sum(own, &mut shared) / d as f32;
            own = 0.0f32;
            at = unit;
            while at < d {
                let centred = x[row * d + at] - mean;
                own += centred * centred;
                at += units;
            }
            let scale = 1.0 / f32::sqrt(sum(own, &mut shared) / d as f32 + epsilon);
            at = unit;
            while at < d {
                output[row * d + at] = (x[row * d + at] - mean) * scale * gamma[at] + beta[at];
                at += units;
            }
            if unit == 0 {
                scales[2 * row] = mean;
                scales[2 * row + 1] = scale;
            }
            row += CUBE_COUNT;
        }
    }

    #[cube(launch)]
    fn backward_x(
        x: &[f32],
        scales: &[f32],
        gamma: &[f32],
        d_output: &[f32],
        d_x: &mut [f32],
        n: usize,
        d: usize,
    ) {
        let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
        let mut shared = Shared::new_slice(64usize);
        let mut row = CUBE_POS;
        while row < n {
            let (mean, scale) = (scales[2 * row], scales[2 * row + 1]);
            let mut own_g = 0.0f32;
            let mut own_gz = 0.0f32;
            let mut at = unit;
            while at < d {
                let g = gamma[at] * d_output[row * d + at];
                own_g += g;
                own_gz += g * (x[row * d + at] - mean) * scale;
                at += units;
            }
            let mean_g = sum(own_g, &mut shared) / d as f32;
            let mean_gz = sum(own_gz, &mut shared) / d as f32;
            at = unit;
            while at < d {
                let g = gamma[at] * d_output[row * d + at];
                let z = (x[row * d + at] - mean) * scale;
                d_x[row * d + at] = (g - mean_g - z * mean_gz) * scale;
                at += units;
            }
            row += CUBE_COUNT;
        }
    }

    #[cube(launch)]
    fn backward_parameters(
        x: &[f32],
        scales: &[f32],
        d_output: &[f32],
        d_gamma: &mut [f32],
        d_beta: &mut [f32],
        n: usize,
        d: usize,
    ) {
        let (column, unit, units) = (CUBE_POS, UNIT_POS as usize, CUBE_DIM as usize);
        let mut shared = Shared::new_slice(64usize);
        let mut own_gamma = 0.0f32;
        let mut own_beta = 0.0f32;
        let mut row = unit;
        while row < n {
            let above = d_output[row * d + column];
            own_gamma += above * (x[row * d + column] - scales[2 * row]) * scales[2 * row + 1];
            own_beta += above;
            row += units;
        }
        let gamma = sum(own_gamma, &mut shared);
        let beta = sum(own_beta, &mut shared);
        if unit == 0 {
            d_gamma[column] = gamma;
            d_beta[column] = beta;
        }
    }

    impl RowNorm for CubeBackend {
        fn row_norm(
            x: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            beta: FloatTensor<Self>,
            epsilon: f32,
        ) -> FloatTensor<Self> {
            Self::row_norm_forward(x, gamma, beta, epsilon).0
        }
    }

    impl RowNormParts for CubeBackend {
        fn row_norm_forward(
            x: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            beta: FloatTensor<Self>,
            epsilon: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (x, gamma, beta) = (rows(x), rows(gamma), rows(beta));
            let d = gamma.shape().num_elements();
            let n = x.shape().num_elements() / d.max(1);
            let mut shape = x.shape();
            let last = shape.num_dims() - 1;
            shape[last] = 2;
            let (output, scales) = (empty(&x, x.shape()), empty(&x, shape));
            forward::launch(
                &x.client.clone(),
                CubeCount::Static(n.min(MOST) as u32, 1, 1),
                CubeDim::new_1d(UNITS),
                x.into_buffer_arg(),
                gamma.into_buffer_arg(),
                beta.into_buffer_arg(),
                output.clone().into_buffer_arg(),
                scales.clone().into_buffer_arg(),
                n,
                d,
                epsilon,
            );
            (output, scales)
        }

        fn row_norm_backward(
            x: FloatTensor<Self>,
            scales: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            d_output: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let (x, scales, gamma, d_output) = (rows(x), rows(scales), rows(gamma), rows(d_output));
            let d = gamma.shape().num_elements();
            let n = x.shape().num_elements() / d.max(1);
            let d_x = empty(&x, x.shape());
            let (d_gamma, d_beta) = (empty(&x, gamma.shape()), empty(&x, gamma.shape()));
            let client = x.client.clone();
            backward_x::launch(
                &client,
                CubeCount::Static(n.min(MOST) as u32, 1, 1),
                CubeDim::new_1d(UNITS),
                x.clone().into_buffer_arg(),
                scales.clone().into_buffer_arg(),
                gamma.into_buffer_arg(),
                d_output.clone().into_buffer_arg(),
                d_x.clone().into_buffer_arg(),
                n,
                d,
            );
            backward_parameters::launch(
                &client,
                CubeCount::Static(d as u32, 1, 1),
                CubeDim::new_1d(UNITS),
                x.into_buffer_arg(),
                scales.into_buffer_arg(),
                d_output.into_buffer_arg(),
                d_gamma.clone().into_buffer_arg(),
                d_beta.clone().into_buffer_arg(),
                n,
                d,
            );
            (d_x, d_gamma, d_beta)
        }
    }
}
