//! Convolutions of images with `K x K` kernels, stride `S`, a border of `P` zeros, and dilation `D`. Channels
//! are in one group or in several independent ones; with one channel per group the convolution is depthwise.
//!
//! ```text
//! y[o, r, c]  = b[o] + sum_{i, u, v} w[o, i, u, v] x[i, S r + D u - P, S c + D v - P]
//! dx[i, p, q] = sum_{o, u, v} w[o, i, u, v] dy[o, (p + P - D u) / S, (q + P - D v) / S]    where both are integers
//! dw[o, i, u, v] = sum_{r, c} dy[o, r, c] x[i, S r + D u - P, S c + D v - P]               db[o] = sum_{r, c} dy[o, r, c]
//! ```

use crate::autodiff::{SavedForBackward, track};
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

#[cfg(feature = "cpu")]
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "cpu")]
mod shape;
#[cfg(feature = "cpu")]
mod strided;
#[cfg(feature = "cpu")]
mod tiles;
#[cfg(feature = "cpu")]
mod winograd;
#[cfg(feature = "cpu")]
mod writer;

/// Stride, padding and dilation, the same for both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// `S`, at least 1
    pub stride: usize,
    /// `P`
    pub padding: usize,
    /// `D`, at least 1
    pub dilation: usize,
}

impl Geometry {
    /// Returns the side of the output for a side of the input; 0 if the kernel does not fit.
    pub const fn side(self, side: usize, kernel: usize) -> usize {
        match (side + 2 * self.padding).checked_sub(self.dilation * (kernel - 1) + 1) {
            Some(room) => room / self.stride + 1,
            None => 0,
        }
    }
}

/// Returns a convolution; differentiable.
///
/// # Shapes
///
/// - x: `[batch, c_in, h, w]`
/// - weight: `[c_out, c_in / groups, K, K]`
/// - bias: `[c_out]`, or `None`
/// - output: `[batch, c_out, h_out, w_out]`, each side `floor((h + 2P - D (K - 1) - 1) / S) + 1`
pub fn conv(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, geometry: Geometry) -> Tensor<4> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    let has_bias = bias.is_some();
    // The number of an operation's tensors is fixed. Without a bias, the weight takes its place and is
    // ignored.
    let bias = bias.map_or_else(|| weight.clone(), Tensor::into_dispatch);
    Tensor::from_dispatch(Dispatch::conv(x, weight, bias, has_bias, geometry))
}

/// The forward pass as an operation of burn's backends, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Conv: Backend {
    /// See [`conv`].
    #[fusion(meta = |x, weight, _, _, geometry| {
        let mut output = x.clone();
        output.shape[1] = weight.shape[0];
        output.shape[2] = geometry.side(x.shape[2], weight.shape[2]);
        output.shape[3] = geometry.side(x.shape[3], weight.shape[3]);
        output
    })]
    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
        geometry: Geometry,
    ) -> FloatTensor<Self>;
}

/// The backward pass.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait ConvGrad: Backend {
    /// Returns the gradient of `x`.
    #[fusion(meta = |x, _, _, _| x.clone())]
    fn conv_grad_x(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self>;

    /// Returns the gradients of `weight` and `bias`.
    #[fusion(meta = |_, weight, _, _| {
        let mut bias = weight.clone();
        bias.shape = [weight.shape[0]].into();
        (weight.clone(), bias)
    })]
    fn conv_grad_weight(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[derive(Clone, Debug)]
struct ConvBackward<B: Backend> {
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    has_bias: bool,
    geometry: Geometry,
}

impl<B: ConvGrad> SavedForBackward<B, 3> for ConvBackward<B> {
    fn gradients(self, d_output: FloatTensor<B>, is_needed: [bool; 3]) -> [Option<FloatTensor<B>>; 3] {
        let Self { x, weight, has_bias, geometry } = self;
        let [needs_x, needs_weight, needs_bias] = is_needed;
        let needs_bias = needs_bias && has_bias;
        // Images need no gradient, so the first layer skips it.
        let d_x = needs_x.then(|| B::conv_grad_x(x.clone(), weight.clone(), d_output.clone(), geometry));
        if !needs_weight && !needs_bias {
            return [d_x, None, None];
        }
        let (d_weight, d_bias) = B::conv_grad_weight(x, weight, d_output, geometry);
        [d_x, Some(d_weight), needs_bias.then_some(d_bias)]
    }
}

impl<B: Conv + ConvGrad, C: CheckpointStrategy> Conv for Autodiff<B, C> {
    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let inputs = [x.node(), weight.node(), bias.node()];
        let [x, weight, bias] = [x, weight, bias].map(|input| input.into_primitive());
        let output = B::conv(x.clone(), weight.clone(), bias, has_bias, geometry);
        track::<B, C, _, 3>(inputs, output, ConvBackward { x, weight, has_bias, geometry })
    }
}
