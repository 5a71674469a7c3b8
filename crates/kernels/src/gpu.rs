//! To and from burn's tensors on a GPU.

use burn::backend::{DType, tensor::FloatTensor};
use burn::tensor::Shape;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

/// The numbers of a tensor, row-major.
pub(crate) fn rows(tensor: FloatTensor<CubeBackend>) -> CubeTensor {
    into_contiguous(tensor)
}

/// A tensor beside another, whose numbers are whatever lies there.
pub(crate) fn empty(beside: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_device_dtype(beside.client.clone(), beside.device.clone(), shape.into(), DType::F32)
}
