//! Numbers copied to where others lie: what a recorded step reads is written there before it is replayed, see
//! [`graph`](crate::record).

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

/// A tensor with the numbers of `source`, and on a GPU in the memory of `target`: whoever else holds that one sees it change.
/// Both are of one shape, and not on a device with autodiff.
pub fn overwrite<const D: usize>(target: Tensor<D>, source: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::overwrite(target.into_dispatch(), source.into_dispatch()))
}

/// A tensor with the same numbers in memory of its own.
pub fn copy<const D: usize>(source: Tensor<D>) -> Tensor<D> {
    overwrite(Tensor::empty(source.shape(), &source.device()), source)
}

/// The operation, as burn's backends have it.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Overwrite: Backend {
    #[fusion(dtype = target, shape = target)]
    fn overwrite(target: FloatTensor<Self>, source: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::Overwrite;
    use burn::backend::{Flex, tensor::FloatTensor};

    impl Overwrite for Flex {
        /// Tensors of this backend are changed only where nobody else holds them, so the source itself will do.
        fn overwrite(_target: FloatTensor<Self>, source: FloatTensor<Self>) -> FloatTensor<Self> {
            source
        }
    }
}

#[cfg(feature = "gpu")]
mod kernels {
    use super::Overwrite;
    use crate::gpu::rows;
    use burn::backend::{TensorMetadata, tensor::FloatTensor};
    use burn_cubecl::CubeBackend;
    use cubecl::{calculate_cube_count_elemwise, prelude::*};

    const UNITS: u32 = 256;

    #[cube(launch)]
    fn copy(target: &mut [f32], source: &[f32], n: usize) {
        let at = ABSOLUTE_POS;
        if at < n {
            target[at] = source[at];
        }
    }

    impl Overwrite for CubeBackend {
        fn overwrite(target: FloatTensor<Self>, source: FloatTensor<Self>) -> FloatTensor<Self> {
            let n = target.shape().num_elements();
            let dim = CubeDim::new_1d(UNITS);
            copy::launch(
                &target.client.clone(),
                calculate_cube_count_elemwise(&target.client, n, dim),
                dim,
                target.clone().into_buffer_arg(),
                rows(source).into_buffer_arg(),
                n,
            );
            target
        }
    }
}
