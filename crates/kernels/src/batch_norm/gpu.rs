//! On a GPU. A channel is shared among workgroups; each kernel joins what those of the one before it have found.

use super::{ChannelNorm, ChannelNormParts, sizes};
use crate::gpu::{empty, rows, sum};
use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

const UNITS: u32 = 256;
/// A channel is shared among workgroups, with no fewer numbers for each, and no more workgroups.
const SHARE: usize = 2048;
const MOST: usize = 32;

/// Where the number `at` of a channel lies.
#[cube]
fn place(at: usize, channel: usize, channels: usize, places: usize) -> usize {
    (at / places * channels + channel) * places + at % places
}

/// Number, mean and sum of squares about it, of each workgroup's share of a channel.
#[cube(launch)]
fn shares(x: &[f32], partial: &mut [f32], n: usize, channels: usize, places: usize) {
    let (channel, part, parts) = (CUBE_POS_X as usize, CUBE_POS_Y as usize, CUBE_COUNT_Y as usize);
    let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
    let mut shared = Shared::new_slice(256usize);
    let first = n * part / parts;
    let end = n * (part + 1) / parts;
    let mut own = 0.0f32;
    let mut at = first + unit;
    while at < end {
        own += x[place(at, channel, channels, places)];
        at += units;
    }
    let mean = sum(own, &mut shared) / (end - first) as f32;
    own = 0.0f32;
    at = first + unit;
    while at < end {
        let centred = x[place(at, channel, channels, places)] - mean;
        own += centred * centred;
        at += units;
    }
    let squares = sum(own, &mut shared);
    if unit == 0 {
        let to = 2 * (channel * parts + part);
        partial[to] = mean;
        partial[to + 1] = squares;
    }
}

/// The shares of a channel as one (Chan, Golub and LeVeque 1979), and the share that is the workgroup's normalized.
#[cube(launch)]
fn forward(
    x: &[f32],
    partial: &[f32],
    gamma: &[f32],
    beta: &[f32],
    output: &mut [f32],
    means: &mut [f32],
    variances: &mut [f32],
    n: usize,
    channels: usize,
    places: usize,
    epsilon: f32,
) {
    let (channel, part, parts) = (CUBE_POS_X as usize, CUBE_POS_Y as usize, CUBE_COUNT_Y as usize);
    let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
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
    let end = n * (part + 1) / parts;
    let mut at = n * part / parts + unit;
    while at < end {
        let here = place(at, channel, channels, places);
        output[here] = (x[here] - mean) * scale + beta[channel];
        at += units;
    }
    if unit == 0 && part == 0 {
        means[channel] = mean;
        variances[channel] = variance;
    }
}

/// The sums of `dy` and `dy z` over each workgroup's share of a channel; after those of all, mean and scale of the channel.
#[cube(launch)]
fn sums(
    x: &[f32],
    means: &[f32],
    variances: &[f32],
    d_output: &[f32],
    partial: &mut [f32],
    n: usize,
    channels: usize,
    places: usize,
    epsilon: f32,
) {
    let (channel, part, parts) = (CUBE_POS_X as usize, CUBE_POS_Y as usize, CUBE_COUNT_Y as usize);
    let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
    let mut shared = Shared::new_slice(256usize);
    let mean = means[channel];
    let scale = 1.0 / f32::sqrt(variances[channel] + epsilon);
    let end = n * (part + 1) / parts;
    let mut own_d = 0.0f32;
    let mut own_dz = 0.0f32;
    let mut at = n * part / parts + unit;
    while at < end {
        let here = place(at, channel, channels, places);
        own_d += d_output[here];
        own_dz += d_output[here] * (x[here] - mean) * scale;
        at += units;
    }
    let of_d = sum(own_d, &mut shared);
    let of_dz = sum(own_dz, &mut shared);
    if unit == 0 {
        let to = 2 * (channel * (parts + 1) + part);
        partial[to] = of_d;
        partial[to + 1] = of_dz;
        if part == 0 {
            let to = 2 * (channel * (parts + 1) + parts);
            partial[to] = mean;
            partial[to + 1] = scale;
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
    n: usize,
    channels: usize,
    places: usize,
) {
    let (channel, part, parts) = (CUBE_POS_X as usize, CUBE_POS_Y as usize, CUBE_COUNT_Y as usize);
    let (unit, units) = (UNIT_POS as usize, CUBE_DIM as usize);
    let mut of_d = 0.0f32;
    let mut of_dz = 0.0f32;
    for other in 0..parts {
        let from = 2 * (channel * (parts + 1) + other);
        of_d += partial[from];
        of_dz += partial[from + 1];
    }
    let from = 2 * (channel * (parts + 1) + parts);
    let (mean, scale) = (partial[from], partial[from + 1]);
    let factor = gamma[channel] * scale;
    let (mean_d, mean_dz) = (of_d / n as f32, of_dz / n as f32);
    let end = n * (part + 1) / parts;
    let mut at = n * part / parts + unit;
    while at < end {
        let here = place(at, channel, channels, places);
        d_x[here] = factor * (d_output[here] - mean_d - (x[here] - mean) * scale * mean_dz);
        at += units;
    }
    if unit == 0 && part == 0 {
        d_gamma[channel] = of_dz;
        d_beta[channel] = of_d;
    }
}

/// Workgroups: a channel's along y.
fn workgroups(channels: usize, n: usize) -> (CubeCount, usize) {
    let parts = (n / SHARE).clamp(1, MOST);
    (CubeCount::Static(channels as u32, parts as u32, 1), parts)
}

impl ChannelNorm for CubeBackend {
    fn channel_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (channels, places) = sizes::<Self>(&x);
        let (x, gamma, beta) = (rows(x), rows(gamma), rows(beta));
        let n = x.shape().num_elements() / channels.max(1);
        let (count, parts) = workgroups(channels, n);
        let client = x.client.clone();
        let partial = empty(&x, [channels, parts, 2]);
        let (output, mean) = (empty(&x, x.shape()), empty(&x, [channels]));
        let variance = empty(&x, [channels]);
        shares::launch(
            &client,
            count.clone(),
            CubeDim::new_1d(UNITS),
            x.clone().into_buffer_arg(),
            partial.clone().into_buffer_arg(),
            n,
            channels,
            places,
        );
        forward::launch(
            &client,
            count,
            CubeDim::new_1d(UNITS),
            x.into_buffer_arg(),
            partial.into_buffer_arg(),
            gamma.into_buffer_arg(),
            beta.into_buffer_arg(),
            output.clone().into_buffer_arg(),
            mean.clone().into_buffer_arg(),
            variance.clone().into_buffer_arg(),
            n,
            channels,
            places,
            epsilon,
        );
        (output, mean, variance)
    }
}

impl ChannelNormParts for CubeBackend {
    fn channel_norm_back(
        x: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (channels, places) = sizes::<Self>(&x);
        let (x, gamma, d_output) = (rows(x), rows(gamma), rows(d_output));
        let n = x.shape().num_elements() / channels.max(1);
        let (count, parts) = workgroups(channels, n);
        let client = x.client.clone();
        let partial = empty(&x, [channels, parts + 1, 2]);
        let (d_x, d_gamma) = (empty(&x, x.shape()), empty(&x, [channels]));
        let d_beta = empty(&x, [channels]);
        sums::launch(
            &client,
            count.clone(),
            CubeDim::new_1d(UNITS),
            x.clone().into_buffer_arg(),
            rows(mean).into_buffer_arg(),
            rows(variance).into_buffer_arg(),
            d_output.clone().into_buffer_arg(),
            partial.clone().into_buffer_arg(),
            n,
            channels,
            places,
            epsilon,
        );
        backward::launch(
            &client,
            count,
            CubeDim::new_1d(UNITS),
            x.into_buffer_arg(),
            gamma.into_buffer_arg(),
            d_output.into_buffer_arg(),
            partial.into_buffer_arg(),
            d_x.clone().into_buffer_arg(),
            d_gamma.clone().into_buffer_arg(),
            d_beta.clone().into_buffer_arg(),
            n,
            channels,
            places,
        );
        (d_x, d_gamma, d_beta)
    }
}
