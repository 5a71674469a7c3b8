//! Linear layers and products with the lab's own operation.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor;

/// Returns `x W + b` for each row of the last axis.
pub fn linear<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    nn_lab_kernels::linear::linear(x, layer.weight.val(), layer.bias.as_ref().map(Param::val))
}

/// Returns `gelu(x W + b)` for each row of the last axis.
pub fn linear_gelu<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    nn_lab_kernels::linear::linear_gelu(x, layer.weight.val(), layer.bias.as_ref().map(Param::val))
}

/// Returns the product of two matrices.
pub fn product(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    nn_lab_kernels::linear::linear(a, b, None)
}
