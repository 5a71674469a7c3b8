//! Convolutions on a GPU. Each unit computes several channels at several positions, so that it reuses what it
//! reads.

use super::{Conv, ConvGrad, Geometry};
use crate::gpu::{Grid, contiguous, empty, launch};
use burn::backend::TensorMetadata;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
use cubecl::prelude::*;

/// Positions per unit.
const POSITIONS: usize = 4;
/// Channels per unit, if all have the same inputs.
const CHANNELS: usize = 4;
const UNITS: usize = 64;
/// The minimum number of positions that a unit sums over for the gradient of a weight.
const MIN_POSITIONS: usize = 8;
/// The shared memory that WebGPU guarantees a workgroup, in 32-bit floats.
const SHARED: usize = 4096;

/// The sizes of a convolution from `inner` to `outer`: from `x` to `y` in the forward pass, from `dy` to `dx`
/// in the backward pass.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Sizes {
    /// Positions of all images, and the distance between the positions of a unit.
    positions: usize,
    share: usize,
    /// Channels of all groups, and of one group.
    outer: usize,
    outer_group: usize,
    inner: usize,
    inner_group: usize,
    h_outer: usize,
    w_outer: usize,
    h_inner: usize,
    w_inner: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
}

/// Returns the row of `inner` that contributes to a row of `outer` through the weights at offset `off`; the
/// same for columns. If there is none, the result is beyond all rows, since unsigned integers wrap around
/// below 0.
#[cube]
fn source(at: usize, off: usize, sizes: &Sizes, #[comptime] back: bool) -> usize {
    if comptime!(back) {
        let ahead = at + sizes.padding - off;
        let row = ahead / sizes.stride;
        let is_between = row * sizes.stride != ahead;
        select(is_between, sizes.h_inner + sizes.w_inner, row)
    } else {
        at * sizes.stride + off - sizes.padding
    }
}

/// Computes `outer` from `inner`: `y` from `x` in the forward pass, `dx` from `dy` in the backward pass.
#[cube(launch)]
fn product(
    inner: &[f32],
    weight: &[f32],
    bias: &[f32],
    outer: &mut [f32],
    sizes: &Sizes,
    #[comptime] kernel: usize,
    #[comptime] channels: usize,
    #[comptime] has_bias: bool,
    #[comptime] back: bool,
) {
    let at = ABSOLUTE_POS_X as usize;
    if at < sizes.share {
        let first = CUBE_POS_Y as usize * channels;
        let group = first / sizes.outer_group;
        let map = sizes.h_inner * sizes.w_inner;
        let map_outer = sizes.h_outer * sizes.w_outer;
        let mut sums = Array::<f32>::new(channels * POSITIONS);
        let mut images = Array::<usize>::new(POSITIONS);
        let mut rows = Array::<usize>::new(POSITIONS);
        let mut columns = Array::<usize>::new(POSITIONS);
        #[unroll]
        for p in 0..POSITIONS {
            let position = at + p * sizes.share;
            images[p] = position / map_outer;
            rows[p] = position % map_outer / sizes.w_outer;
            columns[p] = position % sizes.w_outer;
            #[unroll]
            for c in 0..channels {
                if comptime!(has_bias) {
                    sums[p * channels + c] = bias[usize::min(first + c, sizes.outer - 1)];
                } else {
                    sums[p * channels + c] = 0.0f32;
                }
            }
        }
        let mut has_source = Array::<bool>::new(POSITIONS);
        let mut from = Array::<usize>::new(POSITIONS);
        for u in 0..kernel {
            for v in 0..kernel {
                let (down, right) = (u * sizes.dilation, v * sizes.dilation);
                #[unroll]
                for p in 0..POSITIONS {
                    let row = source(rows[p], down, sizes, back);
                    let column = source(columns[p], right, sizes, back);
                    let is_position = at + p * sizes.share < sizes.positions;
                    has_source[p] = is_position && row < sizes.h_inner && column < sizes.w_inner;
                    from[p] = (images[p] * sizes.inner + group * sizes.inner_group) * map
                        + row * sizes.w_inner
                        + column;
                }
                for i in 0..sizes.inner_group {
                    let mut weights = Array::<f32>::new(channels);
                    #[unroll]
                    for c in 0..channels {
                        let channel = usize::min(first + c, sizes.outer - 1);
                        // The kernel from one input channel of the group to the output channel.
                        let mut kernels = channel * sizes.inner_group + i;
                        if comptime!(back) {
                            kernels = (group * sizes.inner_group + i) * sizes.outer_group
                                + (channel - group * sizes.outer_group);
                        }
                        weights[c] = weight[(kernels * kernel + u) * kernel + v];
                    }
                    #[unroll]
                    for p in 0..POSITIONS {
                        if has_source[p] {
                            let x = inner[from[p] + i * map];
                            #[unroll]
                            for c in 0..channels {
                                sums[p * channels + c] += weights[c] * x;
                            }
                        }
                    }
                }
            }
        }
        #[unroll]
        for p in 0..POSITIONS {
            if at + p * sizes.share < sizes.positions {
                #[unroll]
                for c in 0..channels {
                    if first + c < sizes.outer {
                        let to = (images[p] * sizes.outer + first + c) * map_outer
                            + rows[p] * sizes.w_outer
                            + columns[p];
                        outer[to] = sums[p * channels + c];
                    }
                }
            }
        }
    }
}

/// Each workgroup computes the gradients of several output channels' weights for one input channel and one
/// row of the kernel, and of the biases.
#[cube(launch)]
fn weight_gradient(
    x: &[f32],
    d_output: &[f32],
    d_weight: &mut [f32],
    d_bias: &mut [f32],
    sizes: &Sizes,
    #[comptime] kernel: usize,
    #[comptime] channels: usize,
    #[comptime] units: usize,
) {
    let (i, first, u) = (CUBE_POS_X as usize, CUBE_POS_Y as usize * channels, CUBE_POS_Z as usize);
    let unit = UNIT_POS as usize;
    let input = first / sizes.outer_group * sizes.inner_group + i;
    let map = sizes.h_inner * sizes.w_inner;
    let map_outer = sizes.h_outer * sizes.w_outer;
    let each = comptime!(channels * (kernel + 1));
    let mut sums = Array::<f32>::new(each);
    #[unroll]
    for k in 0..each {
        sums[k] = 0.0f32;
    }
    let mut position = unit;
    while position < sizes.positions {
        let image = position / map_outer;
        let at = position % map_outer;
        let row = at / sizes.w_outer * sizes.stride + u * sizes.dilation;
        let column = at % sizes.w_outer * sizes.stride;
        let is_inside = row >= sizes.padding && row < sizes.h_inner + sizes.padding;
        let mut xs = Array::<f32>::new(kernel);
        #[unroll]
        for v in 0..kernel {
            let column = column + v * sizes.dilation;
            xs[v] = 0.0f32;
            if is_inside && column >= sizes.padding && column < sizes.w_inner + sizes.padding {
                xs[v] =
                    x[(image * sizes.inner + input) * map + (row - sizes.padding) * sizes.w_inner + column
                        - sizes.padding];
            }
        }
        #[unroll]
        for c in 0..channels {
            let output = usize::min(first + c, sizes.outer - 1);
            let d = d_output[(image * sizes.outer + output) * map_outer + at];
            #[unroll]
            for v in 0..kernel {
                sums[c * (kernel + 1) + v] += d * xs[v];
            }
            sums[c * (kernel + 1) + kernel] += d;
        }
        position += units;
    }
    let mut shared = Shared::new_slice(units * each);
    #[unroll]
    for k in 0..each {
        shared[unit * each + k] = sums[k];
    }
    sync_cube();
    let mut k = unit;
    while k < each {
        let mut sum = 0.0f32;
        for other in 0..units {
            sum += shared[other * each + k];
        }
        let output = first + k / (kernel + 1);
        let v = k % (kernel + 1);
        if output < sizes.outer {
            if v < kernel {
                d_weight[((output * sizes.inner_group + i) * kernel + u) * kernel + v] = sum;
            } else if i == 0 && u == 0 {
                d_bias[output] = sum;
            }
        }
        k += units;
    }
}

/// Shapes and geometry of a convolution.
struct Shapes {
    x: [usize; 4],
    weight: [usize; 4],
    y: [usize; 4],
    geometry: Geometry,
}

impl Shapes {
    fn new(x: &CubeTensor, weight: &CubeTensor, geometry: Geometry) -> Self {
        let (x, weight): ([usize; 4], [usize; 4]) = (x.shape().dims(), weight.shape().dims());
        let side = |at: usize| geometry.side(x[at], weight[at]);
        Self { x, weight, y: [x[0], weight[0], side(2), side(3)], geometry }
    }

    fn sizes(&self, back: bool) -> SizesLaunch {
        let ([batch, c_in, h, w], [_, c_out, h_out, w_out]) = (self.x, self.y);
        let groups = c_in / self.weight[1].max(1);
        let (x, y) = ((c_in, h, w), (c_out, h_out, w_out));
        let ((inner, h_inner, w_inner), (outer, h_outer, w_outer)) = if back { (y, x) } else { (x, y) };
        let positions = batch * h_outer * w_outer;
        let Geometry { stride, padding, dilation } = self.geometry;
        SizesLaunch::new(
            positions,
            positions.div_ceil(POSITIONS),
            outer,
            outer / groups,
            inner,
            inner / groups,
            h_outer,
            w_outer,
            h_inner,
            w_inner,
            stride,
            padding,
            dilation,
        )
    }

    /// Returns the number of channels per unit.
    const fn channels(&self) -> usize {
        if self.x[1] == self.weight[1] { CHANNELS } else { 1 }
    }
}

impl Shapes {
    /// Computes `outer` from `inner`: the forward pass, or the gradient of `x` if `back`.
    fn launch(&self, back: bool, [inner, weight, bias]: [CubeTensor; 3], has_bias: bool, outer: &CubeTensor) {
        let [batch, c_outer, h, w] = if back { self.x } else { self.y };
        let channels = self.channels();
        let units = (batch * h * w).div_ceil(POSITIONS);
        let grid = Grid::new([units.div_ceil(UNITS), c_outer.div_ceil(channels), 1], UNITS);
        let (sizes, kernel) = (self.sizes(back), self.weight[2]);
        launch!(product, grid, [inner, weight, bias], [outer], sizes, kernel, channels, has_bias, back);
    }
}

impl Conv for CubeBackend {
    fn conv(
        x: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        has_bias: bool,
        geometry: Geometry,
    ) -> CubeTensor {
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        let shapes = Shapes::new(&x, &weight, geometry);
        let output = empty(&x, shapes.y);
        shapes.launch(false, [x, weight, bias], has_bias, &output);
        output
    }
}

impl ConvGrad for CubeBackend {
    fn conv_grad_x(
        x: CubeTensor,
        weight: CubeTensor,
        d_output: CubeTensor,
        geometry: Geometry,
    ) -> CubeTensor {
        let (weight, d_output) = (contiguous(weight), contiguous(d_output));
        let shapes = Shapes::new(&x, &weight, geometry);
        let d_x = empty(&x, shapes.x);
        shapes.launch(true, [d_output, weight.clone(), weight], false, &d_x);
        d_x
    }

    fn conv_grad_weight(
        x: CubeTensor,
        weight: CubeTensor,
        d_output: CubeTensor,
        geometry: Geometry,
    ) -> (CubeTensor, CubeTensor) {
        let (x, d_output) = (contiguous(x), contiguous(d_output));
        let shapes = Shapes::new(&x, &weight, geometry);
        let [c_out, per_output, kernel, _] = shapes.weight;
        let (d_weight, d_bias) = (empty(&x, shapes.weight), empty(&x, [c_out]));
        let channels = shapes.channels();
        let each = channels * (kernel + 1);
        let positions = shapes.y[0] * shapes.y[2] * shapes.y[3];
        // As many units as fit, but each with so many positions that the final sum over units is the smaller
        // part.
        let mut units = 256;
        while units > 8 && (units * each > SHARED || units * MIN_POSITIONS > positions) {
            units /= 2;
        }
        let (sizes, grid) =
            (shapes.sizes(false), Grid::new([per_output, c_out.div_ceil(channels), kernel], units));
        launch!(weight_gradient, grid, [x, d_output], [d_weight, d_bias], sizes, kernel, channels, units);
        (d_weight, d_bias)
    }
}
