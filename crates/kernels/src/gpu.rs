//! To and from burn's tensors on a GPU, and what kernels share.

use burn::backend::{DType, tensor::FloatTensor};
use burn::tensor::Shape;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
use cubecl::prelude::*;

/// The numbers of a tensor, row-major.
pub(crate) fn rows(tensor: FloatTensor<CubeBackend>) -> CubeTensor {
    into_contiguous(tensor)
}

/// A tensor beside another, whose numbers are whatever lies there.
pub(crate) fn empty(beside: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_device_dtype(beside.client.clone(), beside.device.clone(), shape.into(), DType::F32)
}

/// The sum of what the units of a workgroup have; each must call it.
#[cube]
pub(crate) fn sum(value: f32, shared: &mut [f32]) -> f32 {
    let unit = UNIT_POS as usize;
    // Nobody may still be reading an earlier sum.
    sync_cube();
    shared[unit] = value;
    sync_cube();
    let mut half = CUBE_DIM as usize;
    while half > 1 {
        half /= 2;
        if unit < half {
            let other = shared[unit + half];
            shared[unit] += other;
        }
        sync_cube();
    }
    shared[0]
}
