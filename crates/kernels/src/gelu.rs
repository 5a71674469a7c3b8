//! The Gaussian error linear unit on the CPU, and back (Hendrycks and Gimpel 2016).
//!
//! ```text
//! gelu(x) = x P(x)      P(x) = (1 + erf(x / sqrt 2)) / 2      gelu'(x) = P(x) + x e^(-x^2 / 2) / sqrt(2 pi)
//! ```

use crate::flex::{numbers, rows, tensor_like};
use crate::vector::normal;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind, unary};

/// `x P(x)` of every number; differentiable, on the CPU alone.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::quick_gelu(x.into_dispatch()))
}

/// The operation, as the CPU backend has it, with autodiff or without.
#[backend_extension(Flex, Autodiff)]
pub trait Gelu: Backend {
    fn quick_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Its way back.
pub trait GeluParts: Backend {
    fn gelu_back(x: FloatTensor<Self>, d_output: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Gelu for Flex {
    fn quick_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = rows(x);
        let values = numbers(&x).iter().map(|&x| x * normal(x).0).collect();
        tensor_like(values, &x)
    }
}

impl GeluParts for Flex {
    fn gelu_back(x: FloatTensor<Self>, d_output: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, d_output) = (rows(x), rows(d_output));
        let slope = |(&x, d): (&f32, &f32)| {
            let (below, density) = normal(x);
            d * (below + x * density)
        };
        tensor_like(numbers(&x).iter().zip(numbers(&d_output)).map(slope).collect(), &x)
    }
}

impl<B: Gelu + GeluParts, C: CheckpointStrategy> Gelu for Autodiff<B, C> {
    fn quick_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Back;

        impl<B: GeluParts> Backward<B, 1> for Back {
            type State = FloatTensor<B>;

            fn backward(self, ops: Ops<FloatTensor<B>, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                unary::<B, _>(ops.parents, ops.node, grads, |d_output| B::gelu_back(ops.state, d_output));
            }
        }

        let prepared = Back.prepare::<C>([x.node()]).compute_bound().stateful();
        let x = x.into_primitive();
        match prepared {
            OpsKind::Tracked(prepared) => prepared.finish(x.clone(), B::quick_gelu(x)),
            OpsKind::UnTracked(prepared) => prepared.finish(B::quick_gelu(x)),
        }
    }
}
