//! One step of AdamW for one parameter, in one pass over its elements (Kingma and Ba 2015; decoupled weight
//! decay: Loshchilov and Hutter 2019; gradient clipping by norm: Pascanu, Mikolov and Bengio 2013).
//!
//! ```text
//! g <- g min(1, max_norm / (norm + 1e-6)),   norm: the L2 norm of all parameters' gradients together
//! m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
//! w <- (1 - lr decay) w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
//! ```

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, Tensor};

/// Hyperparameters that are the same for all parameters and steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The decay rate of the first moment.
    pub beta1: f32,
    /// The decay rate of the second moment.
    pub beta2: f32,
    /// The term that keeps the divisor above 0.
    pub epsilon: f32,
    /// The maximum gradient norm; longer gradients are scaled down to it. [`UNBOUNDED`] turns clipping off.
    pub max_norm: f32,
}

/// Returns the values of the `rates` tensor for [`step`] number `t`, starting at 1: the learning rate divided
/// by the first moment's bias correction, the factor of `sqrt(v)` for the second moment's, and the learning
/// rate.
pub fn rates(learning_rate: f32, beta1: f32, beta2: f32, t: u32) -> [f32; 3] {
    let t = t.min(1 << 30) as i32;
    [learning_rate / (1.0 - beta1.powi(t)), 1.0 / (1.0 - beta2.powi(t)).sqrt(), learning_rate]
}

/// A maximum norm that no gradient exceeds.
pub const UNBOUNDED: f32 = f32::MAX;

/// Returns the moments of a parameter with `n` elements before the first step: `m` followed by `v`, `[2 n]`.
pub fn no_moments(n: usize, device: &Device) -> Tensor<1> {
    Tensor::zeros([2 * n], device)
}

/// Returns a parameter and its moments after one step. `decay` is the weight decay. No tensor is on a device
/// with autodiff.
///
/// On a GPU, weight and moments are updated in place: everyone else who holds them sees the change.
///
/// # Shapes
///
/// - weight, gradient: any shape, the same for both
/// - moments: `[2 n]` for `n` elements, see [`no_moments`]
/// - squares: the [`SumOfSquares`] of all gradients, `[1]`
/// - rates: `[3]`, see [`rates`]
pub fn step<const D: usize>(
    weight: Tensor<D>,
    gradient: Tensor<D>,
    moments: Tensor<1>,
    squares: Tensor<1>,
    rates: Tensor<1>,
    step: Step,
    decay: f32,
) -> (Tensor<D>, Tensor<1>) {
    let (weight, moments) = Dispatch::adamw_step(
        weight.into_dispatch(),
        gradient.into_dispatch(),
        moments.into_dispatch(),
        squares.into_dispatch(),
        rates.into_dispatch(),
        step,
        decay,
    );
    (Tensor::from_dispatch(weight), Tensor::from_dispatch(moments))
}

/// The number of gradients in one kernel. With the sum before and after it, this is the maximum number of
/// buffers that WebGPU allows a cubecl kernel.
const BATCH: usize = 5;

/// The sum of squares over all elements of several gradients.
#[derive(Debug)]
pub struct SumOfSquares {
    zero: Tensor<1>,
    sum: Tensor<1>,
    pending: Vec<FloatTensor<Dispatch>>,
}

impl SumOfSquares {
    /// Returns an empty sum. `zero` is a tensor `[1]` of zero on the device of the gradients.
    pub fn new(zero: Tensor<1>) -> Self {
        Self { sum: zero.clone(), zero, pending: Vec::new() }
    }

    /// Adds a gradient, of any shape.
    pub fn add<const D: usize>(&mut self, gradient: Tensor<D>) {
        self.pending.push(gradient.into_dispatch());
        if self.pending.len() == BATCH {
            self.flush();
        }
    }

    /// Returns the sum, `[1]`.
    pub fn sum(mut self) -> Tensor<1> {
        if !self.pending.is_empty() {
            self.flush();
        }
        self.sum
    }

    fn flush(&mut self) {
        let mut gradients = std::mem::take(&mut self.pending).into_iter();
        let mut next = || gradients.next().unwrap_or_else(|| self.zero.clone().into_dispatch());
        let sum = self.sum.clone().into_dispatch();
        self.sum = Tensor::from_dispatch(Dispatch::add_squares(sum, next(), next(), next(), next(), next()));
    }
}

/// The backend operations behind [`step`] and [`SumOfSquares`].
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait AdamWStep: Backend {
    /// See [`step`].
    #[fusion(meta = |weight, _, moments, _, _, _, _| (weight.clone(), moments.clone()))]
    fn adamw_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        squares: FloatTensor<Self>,
        rates: FloatTensor<Self>,
        step: Step,
        decay: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Returns `squares` plus the sums of squares of five tensors.
    #[fusion(dtype = squares, shape = squares)]
    fn add_squares(
        squares: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
        e: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{AdamWStep, Step};
    use crate::flex::{as_slice, contiguous, owned_contiguous, tensor};
    use crate::matrix::partial_sums;
    use burn::backend::{Flex, TensorMetadata};
    use burn_flex::FlexTensor;

    impl AdamWStep for Flex {
        fn adamw_step(
            weight: FlexTensor,
            gradient: FlexTensor,
            moments: FlexTensor,
            squares: FlexTensor,
            rates: FlexTensor,
            Step { beta1, beta2, epsilon, max_norm }: Step,
            decay: f32,
        ) -> (FlexTensor, FlexTensor) {
            let scale = super::clip_factor(as_slice(&squares), max_norm);
            let [rate, v_scale, learning_rate] = [0, 1, 2].map(|at| as_slice(&rates)[at]);
            let keep = 1.0 - learning_rate * decay;
            let gradient = contiguous(gradient);
            // Updated in place if nobody else holds them.
            let (mut weight, mut moments) = (owned_contiguous(weight), owned_contiguous(moments));
            let (m, v) = moments.storage_mut::<f32>().split_at_mut(gradient.shape().num_elements());
            let pairs = weight.storage_mut::<f32>().iter_mut().zip(as_slice(&gradient));
            for (((w, g), m), v) in pairs.zip(m).zip(v) {
                let g = g * scale;
                *m = beta1 * *m + (1.0 - beta1) * g;
                *v = beta2 * *v + (1.0 - beta2) * g * g;
                *w = keep * *w - rate * *m / (v.sqrt() * v_scale + epsilon);
            }
            (weight, moments)
        }

        fn add_squares(
            squares: FlexTensor,
            a: FlexTensor,
            b: FlexTensor,
            c: FlexTensor,
            d: FlexTensor,
            e: FlexTensor,
        ) -> FlexTensor {
            let mut total: f32 = as_slice(&squares).iter().sum();
            for gradient in [a, b, c, d, e].map(contiguous) {
                let (rest, lanes) = partial_sums::<16>(as_slice(&gradient), |g| g * g);
                total = total + rest + lanes;
            }
            tensor(vec![total], [1])
        }
    }
}

/// Returns the factor that clips a gradient to the maximum norm, given the sum of its squares.
#[cfg(feature = "cpu")]
pub(crate) fn clip_factor(squares: &[f32], max_norm: f32) -> f32 {
    let norm = squares.iter().sum::<f32>().sqrt();
    (max_norm / (norm + 1e-6)).min(1.0)
}

#[cfg(feature = "gpu")]
pub(crate) mod gpu {
    use super::{AdamWStep, Step};
    use crate::gpu::{Grid, Sum, contiguous, empty, launch, reduce};
    use burn::backend::TensorMetadata;
    use burn_cubecl::{CubeBackend, tensor::CubeTensor};
    use cubecl::prelude::*;

    /// Returns the factor that clips a gradient to the maximum norm, given the sum of its squares.
    #[cube]
    pub(crate) fn clip_factor(squares: f32, max_norm: f32) -> f32 {
        f32::min(max_norm / (f32::sqrt(squares) + 1e-6), 1.0)
    }

    #[cube(launch)]
    fn update(
        gradient: &[f32],
        squares: &[f32],
        rates: &[f32],
        weight: &mut [f32],
        moments: &mut [f32],
        n: usize,
        decay: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
        max_norm: f32,
    ) {
        let at = ABSOLUTE_POS;
        if at < n {
            let scale = clip_factor(squares[0], max_norm);
            let g = gradient[at] * scale;
            let m = beta1 * moments[at] + (1.0 - beta1) * g;
            let v = beta2 * moments[n + at] + (1.0 - beta2) * g * g;
            moments[at] = m;
            moments[n + at] = v;
            let keep = 1.0 - rates[2] * decay;
            weight[at] = keep * weight[at] - rates[0] * m / (f32::sqrt(v) * rates[1] + epsilon);
        }
    }

    /// Returns a unit's part of a sum of squares: of every 256th element, starting at the unit's index.
    #[cube]
    fn squares_of_unit(gradient: &[f32], n: usize) -> f32 {
        let units = CUBE_DIM as usize;
        let mut sum = 0.0f32;
        let mut at = UNIT_POS as usize;
        while at < n {
            sum += gradient[at] * gradient[at];
            at += units;
        }
        sum
    }

    /// Run by a single workgroup.
    #[cube(launch)]
    fn add_squares(
        before: &[f32],
        a: &[f32],
        b: &[f32],
        c: &[f32],
        d: &[f32],
        e: &[f32],
        after: &mut [f32],
        n_a: usize,
        n_b: usize,
        n_c: usize,
        n_d: usize,
        n_e: usize,
    ) {
        let mut shared = Shared::new_slice(256usize);
        let own = squares_of_unit(a, n_a)
            + squares_of_unit(b, n_b)
            + squares_of_unit(c, n_c)
            + squares_of_unit(d, n_d)
            + squares_of_unit(e, n_e);
        let sum = reduce::<Sum>(own, &mut shared);
        if UNIT_POS == 0 {
            after[0] = before[0] + sum;
        }
    }

    impl AdamWStep for CubeBackend {
        fn adamw_step(
            weight: CubeTensor,
            gradient: CubeTensor,
            moments: CubeTensor,
            squares: CubeTensor,
            rates: CubeTensor,
            Step { beta1, beta2, epsilon, max_norm }: Step,
            decay: f32,
        ) -> (CubeTensor, CubeTensor) {
            let [weight, gradient, moments] = [weight, gradient, moments].map(contiguous);
            let (squares, rates) = (contiguous(squares), contiguous(rates));
            let n = weight.shape().num_elements();
            launch!(
                update,
                Grid::elementwise(&weight),
                [gradient, squares, rates],
                [weight, moments],
                n,
                decay,
                beta1,
                beta2,
                epsilon,
                max_norm
            );
            (weight, moments)
        }

        fn add_squares(
            squares: CubeTensor,
            a: CubeTensor,
            b: CubeTensor,
            c: CubeTensor,
            d: CubeTensor,
            e: CubeTensor,
        ) -> CubeTensor {
            let [squares, a, b, c, d, e] = [squares, a, b, c, d, e].map(contiguous);
            let [n_a, n_b, n_c, n_d, n_e] = [&a, &b, &c, &d, &e].map(|part| part.shape().num_elements());
            let after = empty(&squares, [1]);
            let grid = Grid::new([1; 3], 256);
            launch!(add_squares, grid, [squares, a, b, c, d, e], [after], n_a, n_b, n_c, n_d, n_e);
            after
        }
    }
}
