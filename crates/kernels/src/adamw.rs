//! One step of Adam for one parameter, in one pass over its numbers (Kingma and Ba 2015; decoupled weight decay: Loshchilov
//! and Hutter 2019; gradients bounded in their norm: Pascanu et al. 2013).
//!
//! ```text
//! g <- g min(1, max_norm / (norm + 1e-6)),   norm that of all parameters' gradients, laid end to end
//! m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
//! w <- (1 - lr decay) w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
//! ```

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, Tensor};

/// What all parameters share at all steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    /// The longest gradient that is followed as it is; [`UNBOUNDED`] for any.
    pub max_norm: f32,
}

/// What differs from step to step, of which `t` is 1 at the first: a tensor of these for [`step`]. The corrections of both
/// moments are folded into two numbers.
pub fn rates(learning_rate: f32, beta1: f32, beta2: f32, t: u32) -> [f32; 3] {
    let t = t.min(1 << 30) as i32;
    [learning_rate / (1.0 - beta1.powi(t)), 1.0 / (1.0 - beta2.powi(t)).sqrt(), learning_rate]
}

/// Gradients of any length are followed as they are.
pub const UNBOUNDED: f32 = f32::MAX;

/// The moments of a parameter of `n` numbers before the first step: `m` and then `v`, `[2 n]`.
pub fn no_moments(n: usize, device: &Device) -> Tensor<1> {
    Tensor::zeros([2 * n], device)
}

/// One step: the parameter and its moments after it. `decay` is the weight decay, `squares` the [`SumOfSquares`] of all
/// gradients; nothing is on a device with autodiff. On a GPU both are changed where they lie: whoever else holds them sees
/// them change.
///
/// # Shapes
///
/// - weight, gradient: any, the same
/// - moments: `[2 n]` for `n` numbers, see [`no_moments`]
/// - squares: `[1]`
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
    let Step { beta1, beta2, epsilon, max_norm } = step;
    let (weight, moments) = Dispatch::adamw_step(
        weight.into_dispatch(),
        gradient.into_dispatch(),
        moments.into_dispatch(),
        squares.into_dispatch(),
        rates.into_dispatch(),
        decay,
        beta1,
        beta2,
        epsilon,
        max_norm,
    );
    (Tensor::from_dispatch(weight), Tensor::from_dispatch(moments))
}

/// How many gradients one operation adds up: with the sum before and after as many as WebGPU lets a kernel of cubecl's have.
const AT_ONCE: usize = 5;

/// The sum of the squares of all numbers of some gradients of any shapes, which are added one by one.
#[derive(Debug)]
pub struct SumOfSquares {
    zero: Tensor<1>,
    sum: Tensor<1>,
    waiting: Vec<FloatTensor<Dispatch>>,
}

impl SumOfSquares {
    /// The sum of nothing yet: `zero` is a zero, `[1]`, on the device of the gradients.
    pub fn new(zero: Tensor<1>) -> Self {
        Self { sum: zero.clone(), zero, waiting: Vec::new() }
    }

    /// Adds a gradient, of any shape.
    pub fn add<const D: usize>(&mut self, gradient: Tensor<D>) {
        self.waiting.push(gradient.into_dispatch());
        if self.waiting.len() == AT_ONCE {
            self.flush();
        }
    }

    /// The sum, `[1]`.
    pub fn sum(mut self) -> Tensor<1> {
        if !self.waiting.is_empty() {
            self.flush();
        }
        self.sum
    }

    fn flush(&mut self) {
        let mut gradients = std::mem::take(&mut self.waiting).into_iter();
        let mut next = || gradients.next().unwrap_or_else(|| self.zero.clone().into_dispatch());
        let sum = self.sum.clone().into_dispatch();
        self.sum = Tensor::from_dispatch(Dispatch::add_squares(sum, next(), next(), next(), next(), next()));
    }
}

/// The operations, as burn's backends have them.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait AdamWStep: Backend {
    #[allow(
        clippy::too_many_arguments,
        reason = "an operation's numbers are its arguments, for fusion to see"
    )]
    #[fusion(meta = |weight, _, moments, _, _, _, _, _, _, _| (weight.clone(), moments.clone()))]
    fn adamw_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        squares: FloatTensor<Self>,
        rates: FloatTensor<Self>,
        decay: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
        max_norm: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

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
    use super::AdamWStep;
    use crate::flex::{numbers, rows, tensor, whole};
    use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};

    impl AdamWStep for Flex {
        fn adamw_step(
            weight: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            moments: FloatTensor<Self>,
            squares: FloatTensor<Self>,
            rates: FloatTensor<Self>,
            decay: f32,
            beta1: f32,
            beta2: f32,
            epsilon: f32,
            max_norm: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let norm = numbers(&squares).iter().sum::<f32>().sqrt();
            let scale = (max_norm / (norm + 1e-6)).min(1.0);
            let [rate, v_scale, learning_rate] = [0, 1, 2].map(|at| numbers(&rates)[at]);
            let keep = 1.0 - learning_rate * decay;
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

        fn add_squares(
            squares: FloatTensor<Self>,
            a: FloatTensor<Self>,
            b: FloatTensor<Self>,
            c: FloatTensor<Self>,
            d: FloatTensor<Self>,
            e: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            let mut total: f32 = numbers(&squares).iter().sum();
            for gradient in [a, b, c, d, e] {
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
                total = total + rest + sums.iter().sum::<f32>();
            }
            tensor(vec![total], [1])
        }
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
        weight: &mut [f32],
        gradient: &[f32],
        moments: &mut [f32],
        squares: &[f32],
        rates: &[f32],
        n: usize,
        decay: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
        max_norm: f32,
    ) {
        let at = ABSOLUTE_POS;
        if at < n {
            let scale = f32::min(max_norm / (f32::sqrt(squares[0]) + 1e-6), 1.0);
            let g = gradient[at] * scale;
            let m = beta1 * moments[at] + (1.0 - beta1) * g;
            let v = beta2 * moments[n + at] + (1.0 - beta2) * g * g;
            moments[at] = m;
            moments[n + at] = v;
            let keep = 1.0 - rates[2] * decay;
            weight[at] = keep * weight[at] - rates[0] * m / (f32::sqrt(v) * rates[1] + epsilon);
        }
    }

    /// The squares of every 256th number, from that of the unit on.
    #[cube]
    fn share(gradient: &[f32], n: usize) -> f32 {
        let units = CUBE_DIM as usize;
        let mut sum = 0.0f32;
        let mut at = UNIT_POS as usize;
        while at < n {
            sum += gradient[at] * gradient[at];
            at += units;
        }
        sum
    }

    /// One workgroup: each unit sums its share, then half of the units add the other half's sums, and so on.
    #[cube(launch)]
    fn squares_of(
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
        let unit = UNIT_POS as usize;
        let mut sums = Shared::new_slice(256usize);
        sums[unit] = share(a, n_a) + share(b, n_b) + share(c, n_c) + share(d, n_d) + share(e, n_e);
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
            rates: FloatTensor<Self>,
            decay: f32,
            beta1: f32,
            beta2: f32,
            epsilon: f32,
            max_norm: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (weight, gradient, moments) = (rows(weight), rows(gradient), rows(moments));
            let n = weight.shape().num_elements();
            let dim = CubeDim::new_1d(UNITS);
            update::launch(
                &weight.client.clone(),
                calculate_cube_count_elemwise(&weight.client, n, dim),
                dim,
                weight.clone().into_buffer_arg(),
                gradient.into_buffer_arg(),
                moments.clone().into_buffer_arg(),
                rows(squares).into_buffer_arg(),
                rows(rates).into_buffer_arg(),
                n,
                decay,
                beta1,
                beta2,
                epsilon,
                max_norm,
            );
            (weight, moments)
        }

        fn add_squares(
            squares: FloatTensor<Self>,
            a: FloatTensor<Self>,
            b: FloatTensor<Self>,
            c: FloatTensor<Self>,
            d: FloatTensor<Self>,
            e: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            let squares = rows(squares);
            let [a, b, c, d, e] = [a, b, c, d, e].map(rows);
            let [n_a, n_b, n_c, n_d, n_e] = [&a, &b, &c, &d, &e].map(|part| part.shape().num_elements());
            let after = empty(&squares, [1]);
            squares_of::launch(
                &squares.client.clone(),
                CubeCount::Static(1, 1, 1),
                CubeDim::new_1d(UNITS),
                squares.into_buffer_arg(),
                a.into_buffer_arg(),
                b.into_buffer_arg(),
                c.into_buffer_arg(),
                d.into_buffer_arg(),
                e.into_buffer_arg(),
                after.clone().into_buffer_arg(),
                n_a,
                n_b,
                n_c,
                n_d,
                n_e,
            );
            after
        }
    }
}
