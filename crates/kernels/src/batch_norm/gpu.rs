//! Batch normalization on a GPU. Each channel is divided among several workgroups; each kernel combines the
//! partial results of the one before.

use super::{BatchNorm, BatchNormGrad, sizes};
use crate::gpu::{Grid, Sum, contiguous, empty, launch, reduce};
use burn::backend::TensorMetadata;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
use cubecl::prelude::*;

const UNITS: usize = 256;
/// Elements of a channel per workgroup, as long as there are at most [`MAX_PARTS`] workgroups for it.
const PART: usize = 2048;
const MAX_PARTS: usize = 32;

/// The sizes of a batch of maps.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Sizes {
    /// Elements of a channel.
    n: usize,
    channels: usize,
    /// Elements of a map.
    area: usize,
}

/// The part of a channel that a workgroup computes: channels along x, parts along y.
#[derive(CubeType, Clone, Copy)]
struct Part {
    channel: usize,
    index: usize,
    count: usize,
    start: usize,
    end: usize,
}

#[cube]
fn own_part(n: usize) -> Part {
    let index = CUBE_POS_Y as usize;
    let count = CUBE_COUNT_Y as usize;
    Part {
        channel: CUBE_POS_X as usize,
        index,
        count,
        start: n * index / count,
        end: n * (index + 1) / count,
    }
}

/// Returns the index of element `at` of a channel.
#[cube]
fn position(at: usize, channel: usize, sizes: &Sizes) -> usize {
    (at / sizes.area * sizes.channels + channel) * sizes.area + at % sizes.area
}

/// Writes the mean of each part of a channel, and the sum of squared deviations from it.
#[cube(launch)]
fn statistics(x: &[f32], partial: &mut [f32], sizes: &Sizes) {
    let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
    let part = own_part(sizes.n);
    let mut shared = Shared::new_slice(256usize);
    let mut own = 0.0f32;
    let mut at = part.start + unit;
    while at < part.end {
        own += x[position(at, part.channel, sizes)];
        at += units;
    }
    let mean = reduce::<Sum>(own, &mut shared) / (part.end - part.start) as f32;
    own = 0.0f32;
    at = part.start + unit;
    while at < part.end {
        let centered = x[position(at, part.channel, sizes)] - mean;
        own += centered * centered;
        at += units;
    }
    let squares = reduce::<Sum>(own, &mut shared);
    if unit == 0 {
        let to = 2 * (part.channel * part.count + part.index);
        partial[to] = mean;
        partial[to + 1] = squares;
    }
}

/// Combines the statistics of a channel's parts (Chan, Golub and LeVeque 1979), and normalizes the
/// workgroup's part.
#[cube(launch)]
fn forward(
    x: &[f32],
    partial: &[f32],
    gamma: &[f32],
    beta: &[f32],
    output: &mut [f32],
    means: &mut [f32],
    variances: &mut [f32],
    sizes: &Sizes,
    epsilon: f32,
) {
    let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
    let part = own_part(sizes.n);
    let (n, channel, parts) = (sizes.n, part.channel, part.count);
    let mut mean = 0.0f32;
    for other in 0..parts {
        let size = (n * (other + 1) / parts - n * other / parts) as f32;
        mean += partial[2 * (channel * parts + other)] * size;
    }
    mean /= n as f32;
    let mut squares = 0.0f32;
    for other in 0..parts {
        let size = (n * (other + 1) / parts - n * other / parts) as f32;
        let from = 2 * (channel * parts + other);
        let off = partial[from] - mean;
        squares += partial[from + 1] + off * off * size;
    }
    let variance = squares / n as f32;
    let scale = gamma[channel] / f32::sqrt(variance + epsilon);
    let mut at = part.start + unit;
    while at < part.end {
        let here = position(at, channel, sizes);
        output[here] = (x[here] - mean) * scale + beta[channel];
        at += units;
    }
    if unit == 0 && part.index == 0 {
        means[channel] = mean;
        variances[channel] = variance;
    }
}

/// Writes the sums of `dy` and `dy z` over each part of a channel, and after those of all parts the channel's
/// mean and scale.
#[cube(launch)]
fn gradient_sums(
    x: &[f32],
    means: &[f32],
    variances: &[f32],
    d_output: &[f32],
    partial: &mut [f32],
    sizes: &Sizes,
    epsilon: f32,
) {
    let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
    let part = own_part(sizes.n);
    let mut shared = Shared::new_slice(256usize);
    let mean = means[part.channel];
    let scale = 1.0 / f32::sqrt(variances[part.channel] + epsilon);
    let mut own_d = 0.0f32;
    let mut own_dz = 0.0f32;
    let mut at = part.start + unit;
    while at < part.end {
        let here = position(at, part.channel, sizes);
        own_d += d_output[here];
        own_dz += d_output[here] * (x[here] - mean) * scale;
        at += units;
    }
    let sum_d = reduce::<Sum>(own_d, &mut shared);
    let sum_dz = reduce::<Sum>(own_dz, &mut shared);
    if unit == 0 {
        let first = 2 * part.channel * (part.count + 1);
        let to = first + 2 * part.index;
        partial[to] = sum_d;
        partial[to + 1] = sum_dz;
        if part.index == 0 {
            let last = first + 2 * part.count;
            partial[last] = mean;
            partial[last + 1] = scale;
        }
    }
}

#[cube(launch)]
fn backward(
    x: &[f32],
    gamma: &[f32],
    d_output: &[f32],
    partial: &[f32],
    d_x: &mut [f32],
    d_gamma: &mut [f32],
    d_beta: &mut [f32],
    sizes: &Sizes,
) {
    let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
    let part = own_part(sizes.n);
    let first = 2 * part.channel * (part.count + 1);
    let mut sum_d = 0.0f32;
    let mut sum_dz = 0.0f32;
    for other in 0..part.count {
        sum_d += partial[first + 2 * other];
        sum_dz += partial[first + 2 * other + 1];
    }
    let last = first + 2 * part.count;
    let (mean, scale) = (partial[last], partial[last + 1]);
    let factor = gamma[part.channel] * scale;
    let (mean_d, mean_dz) = (sum_d / sizes.n as f32, sum_dz / sizes.n as f32);
    let mut at = part.start + unit;
    while at < part.end {
        let here = position(at, part.channel, sizes);
        d_x[here] = factor * (d_output[here] - mean_d - (x[here] - mean) * scale * mean_dz);
        at += units;
    }
    if unit == 0 && part.index == 0 {
        d_gamma[part.channel] = sum_dz;
        d_beta[part.channel] = sum_d;
    }
}

/// The sizes of a batch, and the number of parts of a channel.
struct Plan {
    channels: usize,
    area: usize,
    n: usize,
    parts: usize,
}

impl Plan {
    fn new(x: &CubeTensor) -> Self {
        let (channels, area) = sizes(x);
        let n = x.shape().num_elements() / channels.max(1);
        Self { channels, area, n, parts: (n / PART).clamp(1, MAX_PARTS) }
    }

    fn grid(&self) -> Grid {
        Grid::new([self.channels, self.parts, 1], UNITS)
    }

    fn sizes(&self) -> SizesLaunch {
        SizesLaunch::new(self.n, self.channels, self.area)
    }
}

impl BatchNorm for CubeBackend {
    fn batch_norm(
        x: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        epsilon: f32,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let plan = Plan::new(&x);
        let [x, gamma, beta] = [x, gamma, beta].map(contiguous);
        let partial = empty(&x, [plan.channels, plan.parts, 2]);
        let (output, mean) = (empty(&x, x.shape()), empty(&x, [plan.channels]));
        let variance = empty(&x, [plan.channels]);
        launch!(statistics, plan.grid(), [x.clone()], [partial], plan.sizes());
        launch!(
            forward,
            plan.grid(),
            [x, partial, gamma, beta],
            [output, mean, variance],
            plan.sizes(),
            epsilon
        );
        (output, mean, variance)
    }
}

impl BatchNormGrad for CubeBackend {
    fn batch_norm_grad(
        x: CubeTensor,
        mean: CubeTensor,
        variance: CubeTensor,
        gamma: CubeTensor,
        d_output: CubeTensor,
        epsilon: f32,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let plan = Plan::new(&x);
        let [x, mean, variance, gamma, d_output] = [x, mean, variance, gamma, d_output].map(contiguous);
        let partial = empty(&x, [plan.channels, plan.parts + 1, 2]);
        let (d_x, d_gamma) = (empty(&x, x.shape()), empty(&x, [plan.channels]));
        let d_beta = empty(&x, [plan.channels]);
        launch!(
            gradient_sums,
            plan.grid(),
            [x.clone(), mean, variance, d_output.clone()],
            [partial],
            plan.sizes(),
            epsilon
        );
        launch!(backward, plan.grid(), [x, gamma, d_output, partial], [d_x, d_gamma, d_beta], plan.sizes());
        (d_x, d_gamma, d_beta)
    }
}
