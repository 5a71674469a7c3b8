//! The L2 norm of all elements of a tensor.
//!
//! ```text
//! m = max |x|      ||x|| = m sqrt(sum (x / m)^2)
//! ```
//!
//! Dividing by the maximum first keeps the norm of vanishing gradients: their squares would underflow long
//! before they do.

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

/// A lower bound on the maximum, so that it can be a divisor.
const MIN_MAX: f32 = 1e-37;

/// Returns the norm times a factor, `[1]`. The tensor is not on a device with autodiff.
pub fn norm<const D: usize>(x: Tensor<D>, factor: f32) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::norm_of_all(x.into_dispatch(), factor))
}

/// The backend operation behind [`norm`].
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Norm: Backend {
    /// See [`norm`].
    #[fusion(meta = |x, _| {
        let mut norm = x.clone();
        norm.shape = [1].into();
        norm
    })]
    fn norm_of_all(x: FloatTensor<Self>, factor: f32) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{MIN_MAX, Norm};
    use crate::flex::{as_slice, contiguous, tensor};
    use crate::matrix::partial_sums;
    use burn::backend::Flex;
    use burn_flex::FlexTensor;

    impl Norm for Flex {
        fn norm_of_all(x: FlexTensor, factor: f32) -> FlexTensor {
            let x = contiguous(x);
            let max = as_slice(&x).iter().fold(MIN_MAX, |max, x| max.max(x.abs()));
            let (rest, lanes) = partial_sums::<8>(as_slice(&x), |x| (x / max) * (x / max));
            tensor(vec![max * (rest + lanes).sqrt() * factor], [1])
        }
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use super::{MIN_MAX, Norm};
    use crate::gpu::{Grid, Max, Sum, contiguous, empty, launch, reduce};
    use burn::backend::TensorMetadata;
    use burn_cubecl::{CubeBackend, tensor::CubeTensor};
    use cubecl::prelude::*;

    const UNITS: usize = 256;
    /// Elements per workgroup, as long as there are at most [`MAX_PARTS`] workgroups.
    const PART: usize = 8192;
    const MAX_PARTS: usize = 64;

    /// Writes the maximum of each workgroup's part and the sum of squares divided by its square; the norm
    /// itself if there is only one part.
    #[cube(launch)]
    fn norm_of_parts(x: &[f32], partial: &mut [f32], n: usize, factor: f32, #[comptime] is_only: bool) {
        let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
        let (part, parts) = (CUBE_POS, CUBE_COUNT);
        let mut shared = Shared::new_slice(256usize);
        let end = n * (part + 1) / parts;
        let mut own = 0.0f32;
        own += MIN_MAX;
        let mut at = n * part / parts + unit;
        while at < end {
            own = f32::max(own, f32::abs(x[at]));
            at += units;
        }
        let max = reduce::<Max>(own, &mut shared);
        own = 0.0f32;
        at = n * part / parts + unit;
        while at < end {
            let ratio = x[at] / max;
            own += ratio * ratio;
            at += units;
        }
        let squares = reduce::<Sum>(own, &mut shared);
        if unit == 0 {
            if comptime!(is_only) {
                partial[0] = max * f32::sqrt(squares) * factor;
            } else {
                partial[2 * part] = max;
                partial[2 * part + 1] = squares;
            }
        }
    }

    #[cube(launch)]
    fn combine(partial: &[f32], norm: &mut [f32], parts: usize, factor: f32) {
        let mut max = 0.0f32;
        for part in 0..parts {
            max = f32::max(max, partial[2 * part]);
        }
        let mut squares = 0.0f32;
        for part in 0..parts {
            let ratio = partial[2 * part] / max;
            squares += partial[2 * part + 1] * ratio * ratio;
        }
        norm[0] = max * f32::sqrt(squares) * factor;
    }

    impl Norm for CubeBackend {
        fn norm_of_all(x: CubeTensor, factor: f32) -> CubeTensor {
            let x = contiguous(x);
            let n = x.shape().num_elements();
            let parts = (n / PART).clamp(1, MAX_PARTS);
            let norm = empty(&x, [1]);
            let partial = if parts == 1 { norm.clone() } else { empty(&x, [parts, 2]) };
            launch!(norm_of_parts, Grid::new([parts, 1, 1], UNITS), [x], [partial], n, factor, parts == 1);
            if parts > 1 {
                launch!(combine, Grid::new([1; 3], 1), [partial], [norm], parts, factor);
            }
            norm
        }
    }
}
