//! One step of Adam for one parameter, in one pass over its numbers (Kingma and Ba 2015; decoupled weight decay: Loshchilov
//! and Hutter 2019; gradients bounded in their norm: Pascanu et al. 2013).
//!
//! ```text
//! g <- g min(1, max_norm / (norm + 1e-6)),   norm that of all parameters' gradients, laid end to end
//! m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
//! w <- (1 - lr decay) w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
//! ```

use crate::flex::{numbers, rows, tensor, whole};
use burn::backend::{Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, Tensor};

/// What all parameters share at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub learning_rate: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    /// The steps done with this one, from 1.
    pub t: u32,
    /// The longest gradient that is followed as it is; [`UNBOUNDED`] for any.
    pub max_norm: f32,
}

/// Gradients of any length are followed as they are.
pub const UNBOUNDED: f32 = f32::MAX;

/// The moments of a parameter of `n` numbers before the first step: `m` and then `v`, `[2 n]`.
pub fn no_moments(n: usize, device: &Device) -> Tensor<1> {
    Tensor::zeros([2 * n], device)
}

/// One step: the parameter and its moments after it. `decay` is the weight decay, `squares` the [`sum_of_squares`] of all
/// gradients; nothing is on a device with autodiff.
///
/// # Shapes
///
/// - weight, gradient: any, the same
/// - moments: `[2 n]` for `n` numbers, see [`no_moments`]
/// - squares: `[1]`
pub fn step<const D: usize>(
    weight: Tensor<D>,
    gradient: Tensor<D>,
    moments: Tensor<1>,
    squares: Tensor<1>,
    step: Step,
    decay: f32,
) -> (Tensor<D>, Tensor<1>) {
    let Step { learning_rate, beta1, beta2, epsilon, t, max_norm } = step;
    let t = t.min(1 << 30) as i32;
    // The corrections are folded into two numbers.
    let rate = learning_rate / (1.0 - beta1.powi(t));
    let v_scale = 1.0 / (1.0 - beta2.powi(t)).sqrt();
    let (weight, moments) = Dispatch::adamw_step(
        weight.into_dispatch(),
        gradient.into_dispatch(),
        moments.into_dispatch(),
        squares.into_dispatch(),
        rate,
        1.0 - learning_rate * decay,
        beta1,
        beta2,
        epsilon,
        v_scale,
        max_norm,
    );
    (Tensor::from_dispatch(weight), Tensor::from_dispatch(moments))
}

/// `squares` and the squares of all numbers of a gradient.
///
/// # Shapes
///
/// - squares: `[1]`
/// - gradient: any
pub fn sum_of_squares<const D: usize>(squares: Tensor<1>, gradient: Tensor<D>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::add_squares(squares.into_dispatch(), gradient.into_dispatch()))
}

/// The operations, as burn's backends have them.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait AdamWStep: Backend {
    #[allow(
        clippy::too_many_arguments,
        reason = "an operation's numbers are its arguments, for fusion to see"
    )]
    #[fusion(meta = |weight, _, moments, _, _, _, _, _, _, _, _| (weight.clone(), moments.clone()))]
    fn adamw_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        squares: FloatTensor<Self>,
        rate: f32,
        keep: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
        v_scale: f32,
        max_norm: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    #[fusion(dtype = squares, shape = squares)]
    fn add_squares(squares: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl AdamWStep for Flex {
    fn adamw_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        squares: FloatTensor<Self>,
        rate: f32,
        keep: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
        v_scale: f32,
        max_norm: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let norm = numbers(&squares).iter().sum::<f32>().sqrt();
        let scale = (max_norm / (norm + 1e-6)).min(1.0);
        let gradient = rows(gradient);
        // In their places, if nobody else has them.
        let (mut weight, mut moments) = (whole(weight), whole(moments));
        let (m, v) = moments.storage_mut::<f32>().split_at_mut(gradient.shape().num_elements());
        let of_weight = weight.storage_mut::<f32>().iter_mut().zip(numbers(&gradient));
        for (((w, g), m), v) in of_weight.zip(m).zip(v) {
            let g = g * scale;
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            *w = keep * *w - rate * *m / (v.sqrt() * v_scale + epsilon);
        }
        (weight, moments)
    }

    fn add_squares(squares: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let gradient = rows(gradient);
        // Sums of sixteen, of which the compiler makes four at a time.
        let chunks = numbers(&gradient).chunks_exact(16);
        let rest: f32 = chunks.remainder().iter().map(|g| g * g).sum();
        let mut sums = [0.0f32; 16];
        for chunk in chunks {
            for (sum, g) in sums.iter_mut().zip(chunk) {
                *sum += g * g;
            }
        }
        let before: f32 = numbers(&squares).iter().sum();
        tensor(vec![before + rest + sums.iter().sum::<f32>()], [1])
    }
}

#[cfg(feature = "gpu")]
mod kernels {
    use super::AdamWStep;
    use crate::gpu::{empty, rows};
    use burn::backend::{TensorMetadata, tensor::FloatTensor};
    use burn_cubecl::CubeBackend;
    use cubecl::{calculate_cube_count_elemwise, prelude::*};

    const UNITS: u32 = 256;

    #[cube(launch)]
    fn update(
        weight: &[f32],
        gradient: &[f32],
        moments: &[f32],
        squares: &[f32],
        weight_after: &mut [f32],
        moments_after: &mut [f32],
        n: usize,
        rate: f32,
        keep: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
        v_scale: f32,
        max_norm: f32,
    ) {
        let at = ABSOLUTE_POS;
        if at < n {
            let scale = f32::min(max_norm / (f32::sqrt(squares[0]) + 1e-6), 1.0);
            let g = gradient[at] * scale;
            let m = beta1 * moments[at] + (1.0 - beta1) * g;
            let v = beta2 * moments[n + at] + (1.0 - beta2) * g * g;
            moments_after[at] = m;
            moments_after[n + at] = v;
            weight_after[at] = keep * weight[at] - rate * m / (f32::sqrt(v) * v_scale + epsilon);
        }
    }

    /// One workgroup: each unit sums every 256th number, then half of the units add the other half's sums, and so on.
    #[cube(launch)]
    fn squares_of(before: &[f32], gradient: &[f32], after: &mut [f32], n: usize) {
        let unit = UNIT_POS as usize;
        let units = CUBE_DIM as usize;
        let mut sums = Shared::new_slice(256usize);
        let mut sum = 0.0f32;
        let mut at = unit;
        while at < n {
            sum += gradient[at] * gradient[at];
            at += units;
        }
        sums[unit] = sum;
        sync_cube();
        // What is changed has to begin as a number that only the device knows.
        let mut half = CUBE_DIM as usize;
        while half > 1 {
            half /= 2;
            if unit < half {
                let other = sums[unit + half];
                sums[unit] += other;
            }
            sync_cube();
        }
        if unit == 0 {
            after[0] = before[0] + sums[0];
        }
    }

    impl AdamWStep for CubeBackend {
        fn adamw_step(
            weight: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            moments: FloatTensor<Self>,
            squares: FloatTensor<Self>,
            rate: f32,
            keep: f32,
            beta1: f32,
            beta2: f32,
            epsilon: f32,
            v_scale: f32,
            max_norm: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (weight, gradient, moments) = (rows(weight), rows(gradient), rows(moments));
            let n = weight.shape().num_elements();
            let weight_after = empty(&weight, weight.shape());
            let moments_after = empty(&weight, [2 * n]);
            let dim = CubeDim::new_1d(UNITS);
            update::launch(
                &weight.client.clone(),
                calculate_cube_count_elemwise(&weight.client, n, dim),
                dim,
                weight.into_buffer_arg(),
                gradient.into_buffer_arg(),
                moments.into_buffer_arg(),
                rows(squares).into_buffer_arg(),
                weight_after.clone().into_buffer_arg(),
                moments_after.clone().into_buffer_arg(),
                n,
                rate,
                keep,
                beta1,
                beta2,
                epsilon,
                v_scale,
                max_norm,
            );
            (weight_after, moments_after)
        }

        fn add_squares(squares: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
            let (squares, gradient) = (rows(squares), rows(gradient));
            let n = gradient.shape().num_elements();
            let after = empty(&squares, [1]);
            squares_of::launch(
                &squares.client.clone(),
                CubeCount::Static(1, 1, 1),
                CubeDim::new_1d(UNITS),
                squares.into_buffer_arg(),
                gradient.into_buffer_arg(),
                after.clone().into_buffer_arg(),
                n,
            );
            after
        }
    }
}
