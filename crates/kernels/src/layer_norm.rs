//! Layer normalization (Ba, Kiros and Hinton 2016). burn composes it of about eight operations in each
//! direction; here the forward pass is one kernel and the backward pass is two.
//!
//! ```text
//! z = (x - mean(x)) / sqrt(var(x) + epsilon)      y = gamma z + beta      mean and variance over the last axis
//! g = gamma dy      dx = (g - mean(g) - z mean(g z)) / sqrt(var(x) + epsilon)      dgamma = sum dy z      dbeta = sum dy
//! ```

use crate::autodiff::{SavedForBackward, track};
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

/// Returns `gamma z + beta` for each row of the last axis; differentiable.
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
    let [x, gamma, beta] = [x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch()];
    let (output, _) = <Dispatch as LayerNorm>::layer_norm(x, gamma, beta, epsilon);
    Tensor::from_dispatch(output)
}

/// The forward pass as an operation of burn's backends, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait LayerNorm: Backend {
    /// Returns the output, and the mean and `1 / sqrt(var + epsilon)` of each row, `[.., 2]`.
    #[fusion(meta = |x, _, _, _| {
        let mut scales = x.clone();
        let last = scales.shape.num_dims() - 1;
        scales.shape[last] = 2;
        (x.clone(), scales)
    })]
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The backward pass.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait LayerNormGrad: Backend {
    /// Returns the gradients of `x`, `gamma` and `beta`.
    #[fusion(meta = |x, _, gamma, _| (x.clone(), gamma.clone(), gamma.clone()))]
    fn layer_norm_grad(
        x: FloatTensor<Self>,
        scales: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Returns the shape of the scales.
#[cfg(any(feature = "cpu", feature = "gpu"))]
fn scales_shape(mut x: burn::tensor::Shape) -> burn::tensor::Shape {
    let last = x.num_dims() - 1;
    x[last] = 2;
    x
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{LayerNorm, LayerNormGrad, scales_shape};
    use crate::flex::{as_slice, contiguous, tensor_like};
    use crate::matrix::{dot, sum};
    use burn::backend::{Flex, TensorMetadata};
    use burn::tensor::TensorData;
    use burn_flex::FlexTensor;

    impl LayerNorm for Flex {
        fn layer_norm(
            x: FlexTensor,
            gamma: FlexTensor,
            beta: FlexTensor,
            epsilon: f32,
        ) -> (FlexTensor, FlexTensor) {
            let [x, gamma, beta] = [x, gamma, beta].map(contiguous);
            let (all, gamma, beta) = (as_slice(&x), as_slice(&gamma), as_slice(&beta));
            let d = gamma.len().max(1);
            let mut output = Vec::with_capacity(all.len());
            let mut scales = Vec::with_capacity(2 * all.len() / d);
            let mut centered = vec![0.0; d];
            for row in all.chunks_exact(d) {
                let mean = sum(row) / d as f32;
                centered.iter_mut().zip(row).for_each(|(centered, x)| *centered = x - mean);
                let scale = (dot(&centered, &centered) / d as f32 + epsilon).sqrt().recip();
                let terms = centered.iter().zip(gamma).zip(beta);
                output.extend(terms.map(|((x, gamma), beta)| x * scale * gamma + beta));
                scales.extend([mean, scale]);
            }
            let scales = FlexTensor::from_data(TensorData::new(scales, scales_shape(x.shape())));
            (tensor_like(output, &x), scales)
        }
    }

    impl LayerNormGrad for Flex {
        fn layer_norm_grad(
            x: FlexTensor,
            scales: FlexTensor,
            gamma: FlexTensor,
            d_output: FlexTensor,
        ) -> (FlexTensor, FlexTensor, FlexTensor) {
            let [x, scales, gamma, d_output] = [x, scales, gamma, d_output].map(contiguous);
            let weights = as_slice(&gamma);
            let d = weights.len().max(1);
            let mut d_x = Vec::with_capacity(as_slice(&x).len());
            let (mut d_gamma, mut d_beta) = (vec![0.0; d], vec![0.0; d]);
            let (mut z, mut g) = (vec![0.0; d], vec![0.0; d]);
            let rows = as_slice(&x).chunks_exact(d).zip(as_slice(&d_output).chunks_exact(d));
            for ((row, d_row), scales) in rows.zip(as_slice(&scales).chunks_exact(2)) {
                let (mean, scale) = (scales[0], scales[1]);
                z.iter_mut().zip(row).for_each(|(z, x)| *z = (x - mean) * scale);
                for ((g, gamma), d) in g.iter_mut().zip(weights).zip(d_row) {
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

#[derive(Clone, Debug)]
struct LayerNormBackward<B: Backend> {
    x: FloatTensor<B>,
    scales: FloatTensor<B>,
    gamma: FloatTensor<B>,
}

impl<B: LayerNormGrad> SavedForBackward<B, 3> for LayerNormBackward<B> {
    fn gradients(self, d_output: FloatTensor<B>, _: [bool; 3]) -> [Option<FloatTensor<B>>; 3] {
        let Self { x, scales, gamma } = self;
        <[_; 3]>::from(B::layer_norm_grad(x, scales, gamma, d_output)).map(Some)
    }
}

impl<B: LayerNorm + LayerNormGrad, C: CheckpointStrategy> LayerNorm for Autodiff<B, C> {
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = [x.node(), gamma.node(), beta.node()];
        let [x, gamma, beta] = [x, gamma, beta].map(|input| input.into_primitive());
        let (output, scales) = <B as LayerNorm>::layer_norm(x.clone(), gamma.clone(), beta, epsilon);
        let saved = LayerNormBackward { x, scales: scales.clone(), gamma };
        (track::<B, C, _, 3>(inputs, output, saved), Self::from_inner(scales))
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use super::{LayerNorm, LayerNormGrad, scales_shape};
    use crate::gpu::{Grid, MAX_WORKGROUPS, Sum, contiguous, empty, launch, reduce};
    use burn::backend::TensorMetadata;
    use burn_cubecl::{CubeBackend, tensor::CubeTensor};
    use cubecl::prelude::*;

    /// Units per workgroup. A workgroup computes rows, or one column of the gradients of gamma and beta.
    const UNITS: usize = 64;

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
            let mean = reduce::<Sum>(own, &mut shared) / d as f32;
            own = 0.0f32;
            at = unit;
            while at < d {
                let centered = x[row * d + at] - mean;
                own += centered * centered;
                at += units;
            }
            let scale = 1.0 / f32::sqrt(reduce::<Sum>(own, &mut shared) / d as f32 + epsilon);
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
            let mean_g = reduce::<Sum>(own_g, &mut shared) / d as f32;
            let mean_gz = reduce::<Sum>(own_gz, &mut shared) / d as f32;
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
            let upstream = d_output[row * d + column];
            own_gamma += upstream * (x[row * d + column] - scales[2 * row]) * scales[2 * row + 1];
            own_beta += upstream;
            row += units;
        }
        let gamma = reduce::<Sum>(own_gamma, &mut shared);
        let beta = reduce::<Sum>(own_beta, &mut shared);
        if unit == 0 {
            d_gamma[column] = gamma;
            d_beta[column] = beta;
        }
    }

    /// Returns the number of rows and their length.
    fn rows(x: &CubeTensor, gamma: &CubeTensor) -> (usize, usize) {
        let d = gamma.shape().num_elements();
        (x.shape().num_elements() / d.max(1), d)
    }

    impl LayerNorm for CubeBackend {
        fn layer_norm(
            x: CubeTensor,
            gamma: CubeTensor,
            beta: CubeTensor,
            epsilon: f32,
        ) -> (CubeTensor, CubeTensor) {
            let [x, gamma, beta] = [x, gamma, beta].map(contiguous);
            let (n, d) = rows(&x, &gamma);
            let (output, scales) = (empty(&x, x.shape()), empty(&x, scales_shape(x.shape())));
            let grid = Grid::new([n.min(MAX_WORKGROUPS), 1, 1], UNITS);
            launch!(forward, grid, [x, gamma, beta], [output, scales], n, d, epsilon);
            (output, scales)
        }
    }

    impl LayerNormGrad for CubeBackend {
        fn layer_norm_grad(
            x: CubeTensor,
            scales: CubeTensor,
            gamma: CubeTensor,
            d_output: CubeTensor,
        ) -> (CubeTensor, CubeTensor, CubeTensor) {
            let [x, scales, gamma, d_output] = [x, scales, gamma, d_output].map(contiguous);
            let (n, d) = rows(&x, &gamma);
            let (d_gamma, d_beta) = (empty(&x, gamma.shape()), empty(&x, gamma.shape()));
            let d_x = empty(&x, x.shape());
            let grid = Grid::new([n.min(MAX_WORKGROUPS), 1, 1], UNITS);
            launch!(backward_x, grid, [x.clone(), scales.clone(), gamma, d_output.clone()], [d_x], n, d);
            let grid = Grid::new([d, 1, 1], UNITS);
            launch!(backward_parameters, grid, [x, scales, d_output], [d_gamma, d_beta], n, d);
            (d_x, d_gamma, d_beta)
        }
    }
}
