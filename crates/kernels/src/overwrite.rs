//! Copies a tensor into the memory of another one. A captured step reads fixed memory, so its inputs are
//! written there before each replay; see [`graph`](crate::graph).

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

/// Returns a tensor with the values of `source`, on a GPU in the memory of `target`. Everyone else who holds
/// `target` sees the change. Both have the same shape, and neither is on a device with autodiff.
pub fn overwrite<const D: usize>(target: Tensor<D>, source: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::overwrite(target.into_dispatch(), source.into_dispatch()))
}

/// Returns a copy of a tensor in memory of its own.
pub fn copy<const D: usize>(source: Tensor<D>) -> Tensor<D> {
    overwrite(Tensor::empty(source.shape(), &source.device()), source)
}

/// The backend operation behind [`overwrite`].
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Overwrite: Backend {
    /// See [`overwrite`].
    #[fusion(dtype = target, shape = target)]
    fn overwrite(target: FloatTensor<Self>, source: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::Overwrite;
    use burn::backend::Flex;
    use burn_flex::FlexTensor;

    impl Overwrite for Flex {
        /// Returns `source` itself: this backend updates a tensor in place only if nobody else holds it.
        fn overwrite(_target: FlexTensor, source: FlexTensor) -> FlexTensor {
            source
        }
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use super::Overwrite;
    use crate::gpu::{Grid, contiguous, launch};
    use burn::backend::TensorMetadata;
    use burn_cubecl::{CubeBackend, tensor::CubeTensor};
    use cubecl::prelude::*;

    #[cube(launch)]
    fn copy(source: &[f32], target: &mut [f32], n: usize) {
        let at = ABSOLUTE_POS;
        if at < n {
            target[at] = source[at];
        }
    }

    impl Overwrite for CubeBackend {
        fn overwrite(target: CubeTensor, source: CubeTensor) -> CubeTensor {
            let n = target.shape().num_elements();
            launch!(copy, Grid::elementwise(&target), [contiguous(source)], [target], n);
            target
        }
    }
}
