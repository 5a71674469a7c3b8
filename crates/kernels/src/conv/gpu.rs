//! On a GPU. Each unit sums up some channels at some places, so that a number that it reads is used several times.

use super::{Conv, ConvParts, Geometry};
use crate::gpu::{empty, rows};
use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
use cubecl::prelude::*;

/// Places that a unit computes.
const PLACES: usize = 4;
/// Channels that it computes there, if all see the same inputs.
const CHANNELS: usize = 4;
const UNITS: u32 = 64;
/// Places that a unit goes through for the gradient of a weight, at least.
const PLACES_EACH: usize = 8;
/// What a workgroup of WebGPU has at least, in numbers of 32 bits.
const SHARED: usize = 4096;

/// All sizes of a convolution from `inner` to `outer`: those of `x` and `y`, or on the way back those of `dy` and `dx`.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Sizes {
    /// Places of all images, and the share of one of those that a unit computes.
    places: usize,
    share: usize,
    /// Channels of all groups, and of one.
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

/// The row of `inner` that a row of `outer` meets by the weights `off` rows down, or a column; a number beyond all rows where
/// it meets none: below 0 the numbers begin again at the largest.
#[cube]
fn met(at: usize, off: usize, sizes: &Sizes, #[comptime] back: bool) -> usize {
    if comptime!(back) {
        let ahead = at + sizes.padding - off;
        let found = ahead / sizes.stride;
        let between = found * sizes.stride != ahead;
        select(between, sizes.h_inner + sizes.w_inner, found)
    } else {
        at * sizes.stride + off - sizes.padding
    }
}

/// `outer` of `inner`: forward that is `y` of `x`, back it is `dx` of `dy`.
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
        let mut sums = Array::<f32>::new(channels * PLACES);
        let mut images = Array::<usize>::new(PLACES);
        let mut rows = Array::<usize>::new(PLACES);
        let mut columns = Array::<usize>::new(PLACES);
        #[unroll]
        for p in 0..PLACES {
            let place = at + p * sizes.share;
            images[p] = place / map_outer;
            rows[p] = place % map_outer / sizes.w_outer;
            columns[p] = place % sizes.w_outer;
            #[unroll]
            for c in 0..channels {
                if comptime!(has_bias) {
                    sums[p * channels + c] = bias[usize::min(first + c, sizes.outer - 1)];
                } else {
                    sums[p * channels + c] = 0.0f32;
                }
            }
        }
        let mut meets = Array::<bool>::new(PLACES);
        let mut from = Array::<usize>::new(PLACES);
        for u in 0..kernel {
            for v in 0..kernel {
                let (down, right) = (u * sizes.dilation, v * sizes.dilation);
                #[unroll]
                for p in 0..PLACES {
                    let row = met(rows[p], down, sizes, back);
                    let column = met(columns[p], right, sizes, back);
                    let is_place = at + p * sizes.share < sizes.places;
                    meets[p] = is_place && row < sizes.h_inner && column < sizes.w_inner;
                    from[p] = (images[p] * sizes.inner + group * sizes.inner_group) * map
                        + row * sizes.w_inner
                        + column;
                }
                for i in 0..sizes.inner_group {
                    let mut weights = Array::<f32>::new(channels);
                    #[unroll]
                    for c in 0..channels {
                        let channel = usize::min(first + c, sizes.outer - 1);
                        // Of an output and one of the inputs in its group.
                        let mut of = channel * sizes.inner_group + i;
                        if comptime!(back) {
                            of = (group * sizes.inner_group + i) * sizes.outer_group
                                + (channel - group * sizes.outer_group);
                        }
                        weights[c] = weight[(of * kernel + u) * kernel + v];
                    }
                    #[unroll]
                    for p in 0..PLACES {
                        if meets[p] {
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
        for p in 0..PLACES {
            if at + p * sizes.share < sizes.places {
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

/// A workgroup finds the gradients of some outputs' weights for one input and one row of the kernel, and of their biases.
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
    let mut place = unit;
    while place < sizes.places {
        let image = place / map_outer;
        let at = place % map_outer;
        let row = at / sizes.w_outer * sizes.stride + u * sizes.dilation;
        let column = at % sizes.w_outer * sizes.stride;
        let met = row >= sizes.padding && row < sizes.h_inner + sizes.padding;
        let mut xs = Array::<f32>::new(kernel);
        #[unroll]
        for v in 0..kernel {
            let column = column + v * sizes.dilation;
            xs[v] = 0.0f32;
            if met && column >= sizes.padding && column < sizes.w_inner + sizes.padding {
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
        place += units;
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

/// Both sides of a convolution: shapes of `x`, weight and `y`.
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
        let places = batch * h_outer * w_outer;
        let Geometry { stride, padding, dilation } = self.geometry;
        SizesLaunch::new(
            places,
            places.div_ceil(PLACES),
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

    /// Channels that a unit computes at once.
    const fn channels(&self) -> usize {
        if self.x[1] == self.weight[1] { CHANNELS } else { 1 }
    }
}

impl Conv for CubeBackend {
    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (rows(x), rows(weight), rows(bias));
        let shapes = Shapes::new(&x, &weight, geometry);
        let output = empty(&x, shapes.y);
        launch(&shapes, false, x, weight, bias, has_bias, &output);
        output
    }
}

fn launch(
    shapes: &Shapes,
    back: bool,
    inner: CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
    has_bias: bool,
    outer: &CubeTensor,
) {
    let [batch, c_outer, h, w] = if back { shapes.x } else { shapes.y };
    let units = (batch * h * w).div_ceil(PLACES).div_ceil(UNITS as usize) as u32;
    let channels = shapes.channels();
    product::launch(
        &outer.client.clone(),
        CubeCount::Static(units, c_outer.div_ceil(channels) as u32, 1),
        CubeDim::new_1d(UNITS),
        inner.into_buffer_arg(),
        weight.into_buffer_arg(),
        bias.into_buffer_arg(),
        outer.clone().into_buffer_arg(),
        shapes.sizes(back),
        shapes.weight[2],
        channels,
        has_bias,
        back,
    );
}

impl ConvParts for CubeBackend {
    fn conv_back_x(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let (weight, d_output) = (rows(weight), rows(d_output));
        let shapes = Shapes::new(&x, &weight, geometry);
        let found = empty(&x, shapes.x);
        launch(&shapes, true, d_output, weight.clone(), weight, false, &found);
        found
    }

    fn conv_back_weight(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, d_output) = (rows(x), rows(d_output));
        let shapes = Shapes::new(&x, &weight, geometry);
        let [c_out, per_output, kernel, _] = shapes.weight;
        let (d_weight, d_bias) = (empty(&x, shapes.weight), empty(&x, [c_out]));
        let channels = shapes.channels();
        let each = channels * (kernel + 1);
        let places = shapes.y[0] * shapes.y[2] * shapes.y[3];
        // Enough places for each unit that adding up what the units have found is the smaller part.
        let mut units = 256;
        while units > 8 && (units * each > SHARED || units * PLACES_EACH > places) {
            units /= 2;
        }
        weight_gradient::launch(
            &x.client.clone(),
            CubeCount::Static(per_output as u32, c_out.div_ceil(channels) as u32, kernel as u32),
            CubeDim::new_1d(units as u32),
            x.into_buffer_arg(),
            d_output.into_buffer_arg(),
            d_weight.clone().into_buffer_arg(),
            d_bias.clone().into_buffer_arg(),
            shapes.sizes(false),
            kernel,
            channels,
            units,
        );
        (d_weight, d_bias)
    }
}
