//! Measurements that need no training: output sizes, counts, and the images.

use super::inspect::inspect;
use super::nets::{augment, load, net, pictures};
use super::score::score;
use super::{
    BLOCK_SIDE, BlockCounts, Cnn, Config, ConvShape, Cost, Frame, KNOWN_SHAPES, N_CHOICES, N_SAMPLES,
    N_UNTRAINED, Pictures, REACH_SIDE, Samples, extent, output_size,
};
use crate::core::{LabError, Progress};
use crate::data::dataset::{Cifar10Files, SetInfo};
use crate::data::images::{Augment, ImageDraw, Images};
use crate::models::cnn::{
    Block, Cnn as Net, ConvBlock, DepthwiseSeparable, Geometry, conv2d, convolve, multiply_adds,
};
use crate::models::weights::{WeightRng, count_params};
use crate::run::training::read;
use crate::run::{Directive, Probe, RunContext};
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use chacha20::ChaCha12Rng;
use rand::SeedableRng;
use std::rc::Rc;

impl Probe for Cnn {
    async fn probe(config: Config, device: &Device, ctx: &mut impl RunContext<Self>) -> Result<(), LabError> {
        const PARTS: u32 = 6;
        let known = KNOWN_SHAPES.iter().filter_map(|(_, shape)| measure(*shape, device)).collect();
        ctx.send(Frame::Shapes { measured: measure(config.shape(), device), known });
        if ctx.step_done(Progress { step: 1, steps: PARTS }).await == Directive::Stop {
            return Ok(());
        }
        ctx.send(Frame::Blocks(blocks(&config, device)));
        if ctx.step_done(Progress { step: 2, steps: PARTS }).await == Directive::Stop {
            return Ok(());
        }
        let costs =
            [false, true].map(|separable| net_cost(&net(&config, separable, device), &config, device));
        ctx.send(Frame::Nets(costs));
        ctx.send(Frame::Reach(reach(&config, device).await?));
        if ctx.step_done(Progress { step: 3, steps: PARTS }).await == Directive::Stop {
            return Ok(());
        }
        let cifar10 = Cifar10Files::find(ctx).await?.is_complete();
        ctx.send(Frame::Cifar10(cifar10));
        let images = load(&config, ctx).await?;
        ctx.send(Frame::Samples(Rc::new(samples(&config, &images))));
        if ctx.step_done(Progress { step: 4, steps: PARTS }).await == Directive::Stop {
            return Ok(());
        }
        let last = images.test.len().min(N_CHOICES).saturating_sub(1);
        let index = [(config.image.saturating_sub(1) as usize).min(last)];
        let mut views = Vec::new();
        for separable in [false, true] {
            views.extend(inspect(&net(&config, separable, device), &images, &index, 0, device).await?);
        }
        if let Ok(views) = views.try_into() {
            ctx.send(Frame::Untrained(views));
        }
        if ctx.step_done(Progress { step: 5, steps: PARTS }).await == Directive::Stop {
            return Ok(());
        }
        let mut scores = Vec::new();
        for separable in [false, true] {
            let net = net(&config, separable, device);
            scores.push(Rc::new(score(&net, &images, N_UNTRAINED, device).await?));
        }
        if let Ok(scores) = scores.try_into() {
            ctx.send(Frame::UntrainedScores(scores));
        }
        Ok(())
    }
}

/// Returns the output size of a real convolution of one channel, or `None` if it is impossible.
fn measure(shape: ConvShape, device: &Device) -> Option<u32> {
    // burn panics on a kernel that does not fit.
    output_size(shape)?;
    let geometry = Geometry {
        kernel: shape.kernel as usize,
        stride: shape.stride as usize,
        padding: shape.padding as usize,
        dilation: shape.dilation as usize,
    };
    let conv = conv2d([1, 1], geometry, 1, 1.0, &mut WeightRng::new(0), device);
    let side = shape.size as usize;
    let [_, _, _, width] = conv.forward(Tensor::zeros([1, 1, side, side], device)).dims();
    Some(width as u32)
}

/// Measures the receptive field of the stack of the settings along one side: the rows of the image for which the
/// gradient of the middle unit is not 0. Returns `None` if they reach the border of the image, so that the receptive
/// field may be larger.
///
/// All weights are 1, so that no products cancel. Pooling is a sum, since which pixels can have an effect does not
/// depend on the kind of pooling.
async fn reach(config: &Config, device: &Device) -> Result<Option<u32>, LabError> {
    let device = device.clone().autodiff();
    let side = REACH_SIDE as usize;
    let x = Tensor::<4>::zeros([1, 1, side, side], &device).require_grad();
    let maps = config.stack(REACH_SIDE).iter().fold(x.clone(), |maps, layer| {
        let ConvShape { kernel, stride, padding, dilation, .. } = layer.shape;
        let [kernel, stride, padding, dilation] = [kernel, stride, padding, dilation].map(|n| n as usize);
        let geometry = Geometry { kernel, stride, padding, dilation };
        let mut conv = conv2d([1, 1], geometry, 1, 1.0, &mut WeightRng::new(0), &device);
        conv.weight = conv.weight.map(|weight| weight.ones_like());
        convolve(&conv, maps)
    });
    let [_, _, height, width] = maps.dims();
    let (row, col) = (height / 2, width / 2);
    let grads = maps.slice([0..1, 0..1, row..row + 1, col..col + 1]).sum().backward();
    let Some(gradient) = x.grad(&grads) else { return Ok(None) };
    let rows = read(gradient.sum_dim(3).reshape([side])).await?;
    let rows: Vec<f64> = rows.into_iter().map(f64::from).collect();
    let inside = extent(&rows).filter(|(first, last)| *first > 0 && *last + 1 < side);
    Ok(inside.map(|(first, last)| (last - first + 1) as u32))
}

/// Counts the parameters and multiply-accumulates of both blocks.
fn blocks(config: &Config, device: &Device) -> BlockCounts {
    let channels = [config.c_in as usize, config.c_out as usize];
    let kernel = config.block_kernel as usize;
    let side = BLOCK_SIDE as usize;
    let x = Tensor::zeros([1, channels[0], side, side], device);
    let rng = &mut WeightRng::new(0);
    let conv = ConvBlock::new(channels, Geometry::same(kernel), rng, device);
    let separable = DepthwiseSeparable::new(channels, kernel, rng, device);
    let cost = |params: usize, block: &Block| Cost {
        params: params as u64,
        multiply_adds: forward_counted(&block.convolutions(), x.clone()).0,
    };
    BlockCounts {
        conv: cost(count_params(&conv), &Block::Conv(conv)),
        separable: cost(count_params(&separable), &Block::Separable(separable)),
    }
}

/// Returns the multiply-accumulates of a sequence of convolutions, and their output.
fn forward_counted(convolutions: &[&Conv2d], x: Tensor<4>) -> (u64, Tensor<4>) {
    convolutions.iter().fold((0, x), |(sum, x), conv| {
        let y = conv.forward(x);
        (sum + multiply_adds(conv, &y), y)
    })
}

/// Counts the parameters, and the multiply-accumulates of a forward pass of one image.
fn net_cost(net: &Net, config: &Config, device: &Device) -> Cost {
    let side = crate::data::images::SIDE;
    let x = Tensor::zeros([1, config.picture_shape().channels as usize, side, side], device);
    let (maps, _) = net.forward_blocks(x);
    let [d_in, d_out] = net.head.weight.dims();
    let convolutions = net.blocks.iter().zip(&maps).flat_map(|(block, map)| {
        // All convolutions of a block have the same height and width, so the last output gives the size of
        // all.
        block.convolutions().into_iter().map(|conv| {
            let [c_out, _, _, _] = conv.weight.dims();
            let [_, c_map, _, _] = map.dims();
            multiply_adds(conv, map) / c_map.max(1) as u64 * c_out as u64
        })
    });
    Cost {
        params: count_params(net) as u64,
        multiply_adds: convolutions.sum::<u64>() + (d_in * d_out) as u64,
    }
}

/// Collects the images that the page shows.
fn samples(config: &Config, images: &Images) -> Samples {
    let shown: Vec<usize> = (0..images.train.len().min(N_SAMPLES)).collect();
    let augment = augment(config);
    let augmented = if augment == Augment::default() {
        Pictures::default()
    } else {
        let mut rng = ChaCha12Rng::seed_from_u64(config.seed.into());
        let draws: Vec<_> = shown.iter().map(|&index| ImageDraw::new(index, &mut rng)).collect();
        let (values, labels) = images.train.augmented(&draws, &images.stats, augment);
        Pictures { pixels: denormalized(&values, images), labels, ..pictures(&images.train, &[]) }
    };
    let choices: Vec<usize> = (0..images.test.len().min(N_CHOICES)).collect();
    Samples {
        info: SetInfo::of(config.dataset, &config.data, images),
        train: pictures(&images.train, &shown),
        augmented,
        test: pictures(&images.test, &choices),
        n_train: images.train.len() as u32,
        n_test: images.test.len() as u32,
        mean: images.stats.mean.clone(),
        std: images.stats.std.clone(),
    }
}

/// Converts the input of a network back to bytes, so that the page shows exactly what the network gets.
fn denormalized(values: &[f32], images: &Images) -> Vec<u8> {
    let plane = images.train.side * images.train.side;
    let channels = images.train.channels.max(1);
    let stats = images.stats.mean.iter().zip(&images.stats.std).collect::<Vec<_>>();
    let planes = values.chunks(plane.max(1)).enumerate();
    let byte = |(i, plane): (usize, &[f32])| {
        let (mean, std) = stats.get(i % channels).map_or((0.0, 1.0), |(mean, std)| (**mean, **std));
        plane.iter().map(|v| ((v * std + mean) * 255.0).round() as u8).collect::<Vec<_>>()
    };
    planes.flat_map(byte).collect()
}
