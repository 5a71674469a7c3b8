//! One step of gradient descent with momentum for one parameter, in one pass over its numbers (Sutskever et al. 2013, in
//! PyTorch's form, without dampening); the gradient is bounded as in [`adamw`](crate::adamw).
//!
//! ```text
//! v <- momentum v + g        w <- w - lr v
//! ```

use crate::flex::{numbers, rows, whole};
use burn::backend::{Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, Tensor};

/// What all parameters share at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub learning_rate: f32,
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
/// gradients; nothing is on a device with autodiff.
///
/// # Shapes
///
/// - weight, gradient: any, the same
/// - velocity: `[n]` for `n` numbers
/// - squares: `[1]`
pub fn step<const D: usize>(
    weight: Tensor<D>,
    gradient: Tensor<D>,
    velocity: Tensor<1>,
    squares: Tensor<1>,
    step: Step,
) -> (Tensor<D>, Tensor<1>) {
    let (weight, velocity) = Dispatch::sgd_step(
        weight.into_dispatch(),
        gradient.into_dispatch(),
        velocity.into_dispatch(),
        squares.into_dispatch(),
        step.learning_rate,
        step.momentum,
        step.max_norm,
    );
    (Tensor::from_dispatch(weight), Tensor::from_dispatch(velocity))
}

/// The operation, as burn's backends have it.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait SgdStep: Backend {
    #[fusion(meta = |weight, _, velocity, _, _, _, _| (weight.clone(), velocity.clone()))]
    fn sgd_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocity: FloatTensor<Self>,
        squares: FloatTensor<Self>,
        rate: f32,
        momentum: f32,
        max_norm: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl SgdStep for Flex {
    fn sgd_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocity: FloatTensor<Self>,
        squares: FloatTensor<Self>,
        rate: f32,
        momentum: f32,
        max_norm: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let norm = numbers(&squares).iter().sum::<f32>().sqrt();
        let scale = (max_norm / (norm + 1e-6)).min(1.0);
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

#[cfg(feature = "gpu")]
mod kernels {
    use super::SgdStep;
    use crate::gpu::{empty, rows};
    use burn::backend::{TensorMetadata, tensor::FloatTensor};
    use burn_cubecl::CubeBackend;
    use cubecl::{calculate_cube_count_elemwise, prelude::*};

    const UNITS: u32 = 256;

    #[cube(launch)]
    fn update(
        weight: &[f32],
        gradient: &[f32],
        velocity: &[f32],
        squares: &[f32],
        weight_after: &mut [f32],
        velocity_after: &mut [f32],
        n: usize,
        rate: f32,
        momentum: f32,
        max_norm: f32,
    ) {
        let at = ABSOLUTE_POS;
        if at < n {
            let scale = f32::min(max_norm / (f32::sqrt(squares[0]) + 1e-6), 1.0);
            let v = momentum * velocity[at] + gradient[at] * scale;
            velocity_after[at] = v;
            weight_after[at] = weight[at] - rate * v;
        }
    }

    impl SgdStep for CubeBackend {
        fn sgd_step(
            weight: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            velocity: FloatTensor<Self>,
            squares: FloatTensor<Self>,
            rate: f32,
            momentum: f32,
            max_norm: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (weight, gradient, velocity) = (rows(weight), rows(gradient), rows(velocity));
            let n = weight.shape().num_elements();
            let weight_after = empty(&weight, weight.shape());
            let velocity_after = empty(&weight, [n]);
            let dim = CubeDim::new_1d(UNITS);
            update::launch(
                &weight.client.clone(),
                calculate_cube_count_elemwise(&weight.client, n, dim),
                dim,
                weight.into_buffer_arg(),
                gradient.into_buffer_arg(),
                velocity.into_buffer_arg(),
                rows(squares).into_buffer_arg(),
                weight_after.clone().into_buffer_arg(),
                velocity_after.clone().into_buffer_arg(),
                n,
                rate,
                momentum,
                max_norm,
            );
            (weight_after, velocity_after)
        }
    }
}
