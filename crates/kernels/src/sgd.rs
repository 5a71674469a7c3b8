//! One step of gradient descent with momentum for one parameter, in one pass over its elements (Sutskever et
//! al. 2013, in PyTorch's form, without dampening). The gradient is clipped as in [`adamw`](crate::adamw).
//!
//! ```text
//! v <- momentum v + g        w <- w - lr v
//! ```

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, Tensor};

/// Hyperparameters that are the same for all parameters and steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// 0 for plain gradient descent.
    pub momentum: f32,
    /// The maximum gradient norm; longer gradients are scaled down to it.
    /// [`UNBOUNDED`](crate::adamw::UNBOUNDED) turns clipping off.
    pub max_norm: f32,
}

/// Returns the velocity of a parameter with `n` elements before the first step, `[n]`.
pub fn no_velocity(n: usize, device: &Device) -> Tensor<1> {
    Tensor::zeros([n], device)
}

/// Returns a parameter and its velocity after one step. No tensor is on a device with autodiff.
///
/// On a GPU, weight and velocity are updated in place: everyone else who holds them sees the change.
///
/// # Shapes
///
/// - weight, gradient: any shape, the same for both
/// - velocity: `[n]` for `n` elements
/// - squares: the [`SumOfSquares`](crate::adamw::SumOfSquares) of all gradients, `[1]`
/// - rates: the learning rate, `[1]`
pub fn step<const D: usize>(
    weight: Tensor<D>,
    gradient: Tensor<D>,
    velocity: Tensor<1>,
    squares: Tensor<1>,
    rates: Tensor<1>,
    step: Step,
) -> (Tensor<D>, Tensor<1>) {
    let (weight, velocity) = Dispatch::sgd_step(
        weight.into_dispatch(),
        gradient.into_dispatch(),
        velocity.into_dispatch(),
        squares.into_dispatch(),
        rates.into_dispatch(),
        step,
    );
    (Tensor::from_dispatch(weight), Tensor::from_dispatch(velocity))
}

/// The backend operation behind [`step`].
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait SgdStep: Backend {
    /// See [`step`].
    #[fusion(meta = |weight, _, velocity, _, _, _| (weight.clone(), velocity.clone()))]
    fn sgd_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocity: FloatTensor<Self>,
        squares: FloatTensor<Self>,
        rates: FloatTensor<Self>,
        step: Step,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{SgdStep, Step};
    use crate::adamw::clip_factor;
    use crate::flex::{as_slice, contiguous, owned_contiguous};
    use burn::backend::Flex;
    use burn_flex::FlexTensor;

    impl SgdStep for Flex {
        fn sgd_step(
            weight: FlexTensor,
            gradient: FlexTensor,
            velocity: FlexTensor,
            squares: FlexTensor,
            rates: FlexTensor,
            Step { momentum, max_norm }: Step,
        ) -> (FlexTensor, FlexTensor) {
            let scale = clip_factor(as_slice(&squares), max_norm);
            let rate = as_slice(&rates)[0];
            let gradient = contiguous(gradient);
            // Updated in place if nobody else holds them.
            let (mut weight, mut velocity) = (owned_contiguous(weight), owned_contiguous(velocity));
            let pairs = weight.storage_mut::<f32>().iter_mut().zip(as_slice(&gradient));
            for ((w, g), v) in pairs.zip(velocity.storage_mut::<f32>()) {
                *v = momentum * *v + g * scale;
                *w -= rate * *v;
            }
            (weight, velocity)
        }
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use super::{SgdStep, Step};
    use crate::adamw::gpu::clip_factor;
    use crate::gpu::{Grid, contiguous, launch};
    use burn::backend::TensorMetadata;
    use burn_cubecl::{CubeBackend, tensor::CubeTensor};
    use cubecl::prelude::*;

    #[cube(launch)]
    fn update(
        gradient: &[f32],
        squares: &[f32],
        rates: &[f32],
        weight: &mut [f32],
        velocity: &mut [f32],
        n: usize,
        momentum: f32,
        max_norm: f32,
    ) {
        let at = ABSOLUTE_POS;
        if at < n {
            let scale = clip_factor(squares[0], max_norm);
            let v = momentum * velocity[at] + gradient[at] * scale;
            velocity[at] = v;
            weight[at] -= rates[0] * v;
        }
    }

    impl SgdStep for CubeBackend {
        fn sgd_step(
            weight: CubeTensor,
            gradient: CubeTensor,
            velocity: CubeTensor,
            squares: CubeTensor,
            rates: CubeTensor,
            Step { momentum, max_norm }: Step,
        ) -> (CubeTensor, CubeTensor) {
            let [weight, gradient, velocity] = [weight, gradient, velocity].map(contiguous);
            let (squares, rates) = (contiguous(squares), contiguous(rates));
            let n = weight.shape().num_elements();
            let grid = Grid::elementwise(&weight);
            launch!(update, grid, [gradient, squares, rates], [weight, velocity], n, momentum, max_norm);
            (weight, velocity)
        }
    }
}
