//! Convolutions of images, and back: `K x K` kernels, stride `S`, `P` zeros around the input, dilation `D`; the channels in
//! one group, or in several that do not see each other, in the extreme a kernel a channel (depthwise).
//!
//! ```text
//! y[o, r, c]  = b[o] + sum_{i, u, v} w[o, i, u, v] x[i, S r + D u - P, S c + D v - P]
//! dx[i, p, q] = sum_{o, u, v} w[o, i, u, v] dy[o, (p + P - D u) / S, (q + P - D v) / S]    where both are whole numbers
//! dw[o, i, u, v] = sum_{r, c} dy[o, r, c] x[i, S r + D u - P, S c + D v - P]               db[o] = sum_{r, c} dy[o, r, c]
//! ```

use burn::backend::{Autodiff, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

#[cfg(feature = "cpu")]
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "cpu")]
mod winograd;

/// How a kernel lies over the input, the same way up and across.
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
    /// The side of the output for that of the input, or 0 where the kernel does not fit in.
    pub const fn side(self, side: usize, kernel: usize) -> usize {
        match (side + 2 * self.padding).checked_sub(self.dilation * (kernel - 1) + 1) {
            Some(room) => room / self.stride + 1,
            None => 0,
        }
    }
}

/// A convolution; differentiable.
///
/// # Shapes
///
/// - x: `[batch, c_in, h, w]`
/// - weight: `[c_out, c_in / groups, K, K]`
/// - bias: `[c_out]`, or none
/// - output: `[batch, c_out, h_out, w_out]`, each side `floor((h + 2P - D (K - 1) - 1) / S) + 1`
pub fn conv(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, geometry: Geometry) -> Tensor<4> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    let has_bias = bias.is_some();
    // An operation has as many tensors each time: without a bias the weight stands in for it, and is not read as one.
    let bias = bias.map_or_else(|| weight.clone(), Tensor::into_dispatch);
    Tensor::from_dispatch(Dispatch::conv(x, weight, bias, has_bias, geometry))
}

/// The operation, as burn's backends have it, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Conv: Backend {
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

/// Its way back.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait ConvParts: Backend {
    /// The gradient of x.
    #[fusion(meta = |x, _, _, _| x.clone())]
    fn conv_back_x(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self>;

    /// The gradients of weight and bias.
    #[fusion(meta = |_, weight, _, _| {
        let mut bias = weight.clone();
        bias.shape = [weight.shape[0]].into();
        (weight.clone(), bias)
    })]
    fn conv_back_weight(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// What is kept for the way back.
#[derive(Clone, Debug)]
struct Kept<B: Backend> {
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    has_bias: bool,
    geometry: Geometry,
}

impl<B: Conv + ConvParts, C: CheckpointStrategy> Conv for Autodiff<B, C> {
    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Back;

        impl<B: ConvParts> Backward<B, 3> for Back {
            type State = Kept<B>;

            fn backward(self, ops: Ops<Kept<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
                let d_output = grads.consume::<B>(&ops.node);
                let Kept { x, weight, has_bias, geometry } = ops.state;
                let [of_x, of_weight, of_bias] = ops.parents;
                // The images have no gradient, and that of the first layer's input is not computed.
                if let Some(parent) = of_x {
                    let found = B::conv_back_x(x.clone(), weight.clone(), d_output.clone(), geometry);
                    grads.register::<B>(parent.id, found);
                }
                let of_bias = of_bias.filter(|_| has_bias);
                if of_weight.is_none() && of_bias.is_none() {
                    return;
                }
                let (d_weight, d_bias) = B::conv_back_weight(x, weight, d_output, geometry);
                for (parent, gradient) in [(of_weight, d_weight), (of_bias, d_bias)] {
                    if let Some(parent) = parent {
                        grads.register::<B>(parent.id, gradient);
                    }
                }
            }
        }

        let prepared = Back.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful();
        let (x, weight, bias) = (x.into_primitive(), weight.into_primitive(), bias.into_primitive());
        match prepared {
            OpsKind::Tracked(prepared) => {
                let output = B::conv(x.clone(), weight.clone(), bias, has_bias, geometry);
                prepared.finish(Kept { x, weight, has_bias, geometry }, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::conv(x, weight, bias, has_bias, geometry)),
        }
    }
}
