//! One step of gradient descent with momentum for one parameter, in one pass over its numbers (Sutskever et al. 2013, in
//! PyTorch's form, without dampening); the gradient is bounded as in [`adamw`](crate::adamw).
//!
//! ```text
//! v <- momentum v + g        w <- w - lr v
//! ```

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, Tensor};

/// What all parameters share at all steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// 0 for plain gradient descent.
    pub momentum: f32,
    /// The longest gradient that is followed as it is; [`UNBOUNDED`](crate::adamw::UNBOUNDED) for any.
    pub max_norm: f32,
}

/// The velocity of a parameter of `n` numbers before the first step, `[n]`.
pub fn no_velocity(n: usize, device: &Device) -> Tensor<1> {
    Tensor::zeros([n], device)
}

/// One step: the parameter and its velocity after it. `squares` is the [`SumOfSquares`](crate::adamw::SumOfSquares) of all
/// gradients; nothing is on a device with autodiff. On a GPU both are changed where they lie: whoever else holds them sees them
/// change.
///
/// # Shapes
///
/// - weight, gradient: any, the same
/// - velocity: `[n]` for `n` numbers
/// - squares: `[1]`
/// - rates: `[1]`, the learning rate
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
        step.momentum,
        step.max_norm,
    );
    (Tensor::from_dispatch(weight), Tensor::from_dispatch(velocity))
}

/// The operation, as burn's backends have it.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait SgdStep: Backend {
    #[fusion(meta = |weight, _, velocity, _, _, _, _| (weight.clone(), velocity.clone()))]
    fn sgd_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocity: FloatTensor<Self>,
        squares: FloatTensor<Self>,
        rates: FloatTensor<Self>,
        momentum: f32,
        max_norm: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::SgdStep;
    use crate::flex::{numbers, rows, whole};
    use burn::backend::{Flex, tensor::FloatTensor};

    impl SgdStep for Flex {
        fn sgd_step(
            weight: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            velocity: FloatTensor<Self>,
            squares: FloatTensor<Self>,
            rates: FloatTensor<Self>,
            momentum: f32,
            max_norm: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let norm = numbers(&squares).iter().sum::<f32>().sqrt();
            let scale = (max_norm / (norm + 1e-6)).min(1.0);
            let rate = numbers(&rates)[0];
            let gradient = rows(gradient);
            // In their places, if nobody else has them.
            let (mut weight, mut velocity) = (whole(weight), whole(velocity));
            let of_weight = weight.storage_mut::<f32>().iter_mut().zip(numbers(&gradient));
            for ((w, g), v) in of_weight.zip(velocity.storage_mut::<f32>()) {
                *v = momentum * *v + g * scale;
                *w -= rate * *v;
            }
            (weight, velocity)
        }
    }
}

#[cfg(feature = "gpu")]
mod kernels {
    use super::SgdStep;
    use crate::gpu::rows;
    use burn::backend::{TensorMetadata, tensor::FloatTensor};
    use burn_cubecl::CubeBackend;
    use cubecl::{calculate_cube_count_elemwise, prelude::*};

    const UNITS: u32 = 256;

    #[cube(launch)]
    fn update(
        weight: &mut [f32],
        gradient: &[f32],
        velocity: &mut [f32],
        squares: &[f32],
        rates: &[f32],
        n: usize,
        momentum: f32,
        max_norm: f32,
    ) {
        let at = ABSOLUTE_POS;
        if at < n {
            let scale = f32::min(max_norm / (f32::sqrt(squares[0]) + 1e-6), 1.0);
            let v = momentum * velocity[at] + gradient[at] * scale;
            velocity[at] = v;
            weight[at] -= rates[0] * v;
        }
    }

    impl SgdStep for CubeBackend {
        fn sgd_step(
            weight: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            velocity: FloatTensor<Self>,
            squares: FloatTensor<Self>,
            rates: FloatTensor<Self>,
            momentum: f32,
            max_norm: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (weight, gradient, velocity) = (rows(weight), rows(gradient), rows(velocity));
            let n = weight.shape().num_elements();
            let dim = CubeDim::new_1d(UNITS);
            update::launch(
                &weight.client.clone(),
                calculate_cube_count_elemwise(&weight.client, n, dim),
                dim,
                weight.clone().into_buffer_arg(),
                gradient.into_buffer_arg(),
                velocity.clone().into_buffer_arg(),
                rows(squares).into_buffer_arg(),
                rows(rates).into_buffer_arg(),
                n,
                momentum,
                max_norm,
            );
            (weight, velocity)
        }
    }
}
