//! The L2 norm of all numbers of a tensor.
//!
//! ```text
//! m = max |x|      ||x|| = m sqrt(sum (x / m)^2)
//! ```
//!
//! In units of the largest, since squares of vanishing gradients would vanish long before these do.

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

/// No largest number is taken to be smaller.
const LEAST: f32 = 1e-37;

/// `[1]`: the norm, times a factor. Not for a device with autodiff.
pub fn norm<const D: usize>(x: Tensor<D>, factor: f32) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::norm_of_all(x.into_dispatch(), factor))
}

/// The operation, as burn's backends have it.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Norm: Backend {
    #[fusion(meta = |x, _| {
        let mut norm = x.clone();
        norm.shape = [1].into();
        norm
    })]
    fn norm_of_all(x: FloatTensor<Self>, factor: f32) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{LEAST, Norm};
    use crate::flex::{numbers, rows, tensor};
    use burn::backend::{Flex, tensor::FloatTensor};

    impl Norm for Flex {
        fn norm_of_all(x: FloatTensor<Self>, factor: f32) -> FloatTensor<Self> {
            let x = rows(x);
            let largest = numbers(&x).iter().fold(LEAST, |largest, x| largest.max(x.abs()));
            // Sums of eight, of which the compiler makes four at a time.
            let mut sums = [0.0f32; 8];
            let chunks = numbers(&x).chunks_exact(8);
            let rest: f32 = chunks.remainder().iter().map(|x| (x / largest) * (x / largest)).sum();
            for chunk in chunks {
                for (sum, x) in sums.iter_mut().zip(chunk) {
                    *sum += (x / largest) * (x / largest);
                }
            }
            let squares = rest + sums.iter().sum::<f32>();
            tensor(vec![largest * squares.sqrt() * factor], [1])
        }
    }
}

#[cfg(feature = "gpu")]
mod kernels {
    use super::{LEAST, Norm};
    use crate::gpu::{empty, rows, sum};
    use burn::backend::{TensorMetadata, tensor::FloatTensor};
    use burn_cubecl::CubeBackend;
    use cubecl::prelude::*;

    const UNITS: u32 = 256;
    /// So many numbers are a workgroup's share, and no more workgroups than that.
    const SHARE: usize = 8192;
    const MOST: usize = 64;

    /// The largest of what the units of a workgroup have; each must call it.
    #[cube]
    fn largest(value: f32, shared: &mut [f32]) -> f32 {
        let unit = UNIT_POS as usize;
        shared[unit] = value;
        sync_cube();
        let mut half = CUBE_DIM as usize;
        while half > 1 {
            half /= 2;
            if unit < half {
                let other = shared[unit + half];
                shared[unit] = f32::max(shared[unit], other);
            }
            sync_cube();
        }
        shared[0]
    }

    /// The largest and the sum of squares in its units, of each workgroup's share; the norm itself if there is but one.
    #[cube(launch)]
    fn shares(x: &[f32], found: &mut [f32], n: usize, factor: f32, #[comptime] alone: bool) {
        let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
        let (part, parts) = (CUBE_POS, CUBE_COUNT);
        let mut shared = Shared::new_slice(256usize);
        let end = n * (part + 1) / parts;
        let mut own = 0.0f32;
        own += LEAST;
        let mut at = n * part / parts + unit;
        while at < end {
            own = f32::max(own, f32::abs(x[at]));
            at += units;
        }
        let most = largest(own, &mut shared);
        own = 0.0f32;
        at = n * part / parts + unit;
        while at < end {
            let ratio = x[at] / most;
            own += ratio * ratio;
            at += units;
        }
        let squares = sum(own, &mut shared);
        if unit == 0 {
            if comptime!(alone) {
                found[0] = most * f32::sqrt(squares) * factor;
            } else {
                found[2 * part] = most;
                found[2 * part + 1] = squares;
            }
        }
    }

    #[cube(launch)]
    fn together(partial: &[f32], norm: &mut [f32], parts: usize, factor: f32) {
        let mut most = 0.0f32;
        for part in 0..parts {
            most = f32::max(most, partial[2 * part]);
        }
        let mut squares = 0.0f32;
        for part in 0..parts {
            let ratio = partial[2 * part] / most;
            squares += partial[2 * part + 1] * ratio * ratio;
        }
        norm[0] = most * f32::sqrt(squares) * factor;
    }

    impl Norm for CubeBackend {
        fn norm_of_all(x: FloatTensor<Self>, factor: f32) -> FloatTensor<Self> {
            let x = rows(x);
            let n = x.shape().num_elements();
            let parts = (n / SHARE).clamp(1, MOST);
            let client = x.client.clone();
            let norm = empty(&x, [1]);
            let found = if parts == 1 { norm.clone() } else { empty(&x, [parts, 2]) };
            shares::launch(
                &client,
                CubeCount::Static(parts as u32, 1, 1),
                CubeDim::new_1d(UNITS),
                x.into_buffer_arg(),
                found.clone().into_buffer_arg(),
                n,
                factor,
                parts == 1,
            );
            if parts > 1 {
                together::launch(
                    &client,
                    CubeCount::Static(1, 1, 1),
                    CubeDim::new_1d(1),
                    found.into_buffer_arg(),
                    norm.clone().into_buffer_arg(),
                    parts,
                    factor,
                );
            }
            norm
        }
    }
}
