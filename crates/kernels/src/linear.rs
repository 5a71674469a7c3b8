//! Linear layers. On the CPU, product and bias are one operation; burn computes them on a GPU.
//!
//! ```text
//! y = x W + b        dx = dy W^T        dW = x^T dy        db = sum dy        sums over all rows of x
//! ```
//!
//! If a GELU follows, `dy` is multiplied by its slope first; see [`gelu`](crate::gelu). The forward pass computes the slope
//! along with the function, because both need the same exponential.
#![cfg_attr(not(feature = "cpu"), allow(dead_code, unused_variables, reason = "only the CPU has it"))]

use crate::autodiff::{SavedForBackward, track};
use crate::gelu::gelu;
use crate::on_cpu;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{Tensor, module};
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

/// Returns `x W + b` for each row of the last axis; differentiable.
///
/// # Shapes
///
/// - x: `[.., d_in]`
/// - weight: `[d_in, d_out]`
/// - bias: `[d_out]`, or `None`
/// - output: `[.., d_out]`
pub fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<D> {
    if !on_cpu(&x) {
        return module::linear(x, weight, bias);
    }
    let has_bias = bias.is_some();
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    // The number of an operation's tensors is fixed. Without a bias, the weight takes its place and is
    // ignored.
    let bias = bias.map_or_else(|| weight.clone(), Tensor::into_dispatch);
    Tensor::from_dispatch(Dispatch::linear_layer(x, weight, bias, has_bias))
}

/// Returns `gelu(x W + b)` for each row of the last axis; differentiable. The shapes are those of [`linear`].
pub fn linear_gelu<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<D> {
    if !on_cpu(&x) {
        return gelu(module::linear(x, weight, bias));
    }
    let has_bias = bias.is_some();
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    let bias = bias.map_or_else(|| weight.clone(), Tensor::into_dispatch);
    let (output, _) = Dispatch::linear_gelu_layer(x, weight, bias, has_bias);
    Tensor::from_dispatch(output)
}

/// The forward pass as an operation of the CPU backend, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff)]
pub trait LinearLayer: Backend {
    /// See [`linear`].
    fn linear_layer(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
    ) -> FloatTensor<Self>;

    /// Returns the output, see [`linear_gelu`], and the slope of the GELU at each element.
    fn linear_gelu_layer(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The backward pass.
pub trait LinearLayerGrad: Backend {
    /// Returns the gradients of `x`, `weight` and `bias` that are needed.
    fn linear_layer_grad(
        saved: LinearLayerBackward<Self>,
        d_output: FloatTensor<Self>,
        is_needed: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3];
}

/// Saved tensors for the backward pass.
#[derive(Clone, Debug)]
pub struct LinearLayerBackward<B: Backend> {
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    has_bias: bool,
    /// The slope of the activation that follows.
    slope: Option<FloatTensor<B>>,
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{LinearLayer, LinearLayerBackward, LinearLayerGrad};
    use crate::flex::{as_slice, contiguous, matrix, readable, tensor, tensor_like};
    use crate::product::{Matrix, add_product};
    use crate::vector::{AT_ONCE, normal};
    use burn::backend::ops::FloatTensorOps;
    use burn::backend::{Flex, TensorMetadata};
    use burn::tensor::{Shape, TensorData};
    use burn_flex::FlexTensor;
    use std::array::from_mut;

    /// Returns a tensor with all axes but the last one flattened, in a layout that a product can read.
    fn rows_of(x: FlexTensor) -> FlexTensor {
        let shape = x.shape();
        let Some(&last) = shape.last() else { return x };
        if shape.num_dims() == 2 {
            return readable(x);
        }
        contiguous(x).reshape(Shape::from([shape.num_elements() / last.max(1), last]))
    }

    impl LinearLayer for Flex {
        fn linear_layer(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, has_bias: bool) -> FlexTensor {
            let [d_in, d_out] = weight.shape().dims();
            let mut shape = x.shape();
            let last = shape.num_dims() - 1;
            shape[last] = d_out;
            let rows = x.shape().num_elements() / d_in.max(1);
            let (x, weight) = (rows_of(x), readable(weight));
            let mut output =
                if has_bias { as_slice(&contiguous(bias)).repeat(rows) } else { vec![0.0; rows * d_out] };
            add_product((&mut output, d_out), matrix(&x), matrix(&weight), [rows, d_in, d_out]);
            FlexTensor::from_data(TensorData::new(output, shape))
        }

        fn linear_gelu_layer(
            x: FlexTensor,
            weight: FlexTensor,
            bias: FlexTensor,
            has_bias: bool,
        ) -> (FlexTensor, FlexTensor) {
            let mut output = Self::linear_layer(x, weight, bias, has_bias);
            let mut slope = vec![0.0; output.shape().num_elements()];
            gelu_and_slope(output.storage_mut(), &mut slope);
            let slope = tensor_like(slope, &output);
            (output, slope)
        }
    }

    /// Replaces numbers with their GELU, and writes its slope.
    fn gelu_and_slope(numbers: &mut [f32], slopes: &mut [f32]) {
        let (whole, rest) = numbers.as_chunks_mut();
        let (whole_slopes, rest_slopes) = slopes.as_chunks_mut();
        for (numbers, slopes) in whole.iter_mut().zip(whole_slopes) {
            gelu_of::<AT_ONCE>(numbers, slopes);
        }
        for (x, slope) in rest.iter_mut().zip(rest_slopes) {
            gelu_of::<1>(from_mut(x), from_mut(slope));
        }
    }

    #[inline(always)]
    fn gelu_of<const N: usize>(numbers: &mut [f32; N], slopes: &mut [f32; N]) {
        for (x, slope) in numbers.iter_mut().zip(slopes) {
            let (below, density) = normal(*x);
            (*x, *slope) = (*x * below, below + *x * density);
        }
    }

    impl LinearLayerGrad for Flex {
        fn linear_layer_grad(
            saved: LinearLayerBackward<Self>,
            d_output: FlexTensor,
            [needs_x, needs_weight, needs_bias]: [bool; 3],
        ) -> [Option<FlexTensor>; 3] {
            let LinearLayerBackward { x, weight, has_bias, slope } = saved;
            let d_output = match slope {
                Some(slope) => Self::float_mul(d_output, slope),
                None => d_output,
            };
            let [d_in, d_out] = weight.shape().dims();
            let shape = x.shape();
            let rows = shape.num_elements() / d_in.max(1);
            let (x, weight, d_output) = (rows_of(x), readable(weight), contiguous(d_output));
            let d = Matrix::rows(as_slice(&d_output), d_out);
            let d_x = needs_x.then(|| {
                let mut d_x = vec![0.0; rows * d_in];
                add_product((&mut d_x, d_in), d, matrix(&weight).transposed(), [rows, d_out, d_in]);
                FlexTensor::from_data(TensorData::new(d_x, shape))
            });
            let d_weight = needs_weight.then(|| {
                let mut d_weight = vec![0.0; d_in * d_out];
                add_product((&mut d_weight, d_out), matrix(&x).transposed(), d, [d_in, rows, d_out]);
                tensor(d_weight, [d_in, d_out])
            });
            let d_bias = (needs_bias && has_bias).then(|| {
                let mut d_bias = vec![0.0; d_out];
                for row in as_slice(&d_output).chunks_exact(d_out.max(1)) {
                    d_bias.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
                }
                tensor(d_bias, [d_out])
            });
            [d_x, d_weight, d_bias]
        }
    }
}

impl<B: LinearLayerGrad> SavedForBackward<B, 3> for LinearLayerBackward<B> {
    fn gradients(self, d_output: FloatTensor<B>, is_needed: [bool; 3]) -> [Option<FloatTensor<B>>; 3] {
        B::linear_layer_grad(self, d_output, is_needed)
    }
}

impl<B: LinearLayer + LinearLayerGrad, C: CheckpointStrategy> LinearLayer for Autodiff<B, C> {
    fn linear_layer(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
    ) -> FloatTensor<Self> {
        let inputs = [x.node(), weight.node(), bias.node()];
        let [x, weight, bias] = [x, weight, bias].map(|input| input.into_primitive());
        let output = B::linear_layer(x.clone(), weight.clone(), bias, has_bias);
        track::<B, C, _, 3>(inputs, output, LinearLayerBackward { x, weight, has_bias, slope: None })
    }

    fn linear_gelu_layer(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = [x.node(), weight.node(), bias.node()];
        let [x, weight, bias] = [x, weight, bias].map(|input| input.into_primitive());
        let (output, slope) = B::linear_gelu_layer(x.clone(), weight.clone(), bias, has_bias);
        let saved = LinearLayerBackward { x, weight, has_bias, slope: Some(slope.clone()) };
        (track::<B, C, _, 3>(inputs, output, saved), Self::from_inner(slope))
    }
}
