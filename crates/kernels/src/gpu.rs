//! Launching kernels, and what kernels share.

use burn::backend::{DType, TensorMetadata};
use burn::tensor::Shape;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::{calculate_cube_count_elemwise, prelude::*};

pub(crate) use burn_cubecl::kernel::into_contiguous as contiguous;

/// Units of a workgroup in elementwise kernels.
const UNITS: u32 = 256;

/// The maximum number of workgroups along an axis in WebGPU.
pub(crate) const MAX_WORKGROUPS: usize = 65_535;

/// Returns an uninitialized tensor on the device of another one.
pub(crate) fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_device_dtype(like.client.clone(), like.device.clone(), shape.into(), DType::F32)
}

/// The number of workgroups and the number of units in each.
pub(crate) struct Grid {
    pub(crate) count: CubeCount,
    pub(crate) dim: CubeDim,
}

impl Grid {
    /// Workgroups along x, y and z.
    pub(crate) fn new(workgroups: [usize; 3], units: usize) -> Self {
        let [x, y, z] = workgroups.map(|n| n as u32);
        Self { count: CubeCount::Static(x, y, z), dim: CubeDim::new_1d(units as u32) }
    }

    /// One unit for each element of a tensor.
    pub(crate) fn elementwise(tensor: &CubeTensor) -> Self {
        let dim = CubeDim::new_1d(UNITS);
        let n = tensor.shape().num_elements();
        Self { count: calculate_cube_count_elemwise(&tensor.client, n, dim), dim }
    }
}

/// Launches a kernel: its name, the [`Grid`], input buffers, output buffers (also those it updates in place),
/// and then its other arguments. Kernels take them in this order.
macro_rules! launch {
    ($kernel:ident, $grid:expr, [$($input:expr),*], [$output:expr $(, $more:expr)*] $(, $argument:expr)*) => {{
        let grid: $crate::gpu::Grid = $grid;
        $kernel::launch(
            &$output.client.clone(),
            grid.count,
            grid.dim,
            $($input.into_buffer_arg(),)*
            $output.clone().into_buffer_arg(),
            $($more.clone().into_buffer_arg(),)*
            $($argument,)*
        );
    }};
}
pub(crate) use launch;

/// An associative, commutative operation.
#[cube]
pub(crate) trait Combine: 'static + Send + Sync {
    fn combine(a: f32, b: f32) -> f32;
}

pub(crate) struct Sum;
pub(crate) struct Max;

#[cube]
impl Combine for Sum {
    fn combine(a: f32, b: f32) -> f32 {
        a + b
    }
}

#[cube]
impl Combine for Max {
    fn combine(a: f32, b: f32) -> f32 {
        f32::max(a, b)
    }
}

/// Returns the reduction of one value per unit to every unit of a workgroup, as a tree in shared memory. All
/// units must call it; `shared` has one element per unit, and their number is a power of two.
#[cube]
pub(crate) fn reduce<Op: Combine>(value: f32, shared: &mut [f32]) -> f32 {
    let unit = UNIT_POS as usize;
    // Other units may still be reading the result of an earlier reduction.
    sync_cube();
    shared[unit] = value;
    sync_cube();
    let mut half = CUBE_DIM as usize;
    while half > 1 {
        half /= 2;
        if unit < half {
            shared[unit] = Op::combine(shared[unit], shared[unit + half]);
        }
        sync_cube();
    }
    shared[0]
}
