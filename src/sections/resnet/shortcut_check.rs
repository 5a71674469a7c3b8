//! A shortcut computed by the model, and again by hand.

use super::{ShortcutCheck, ShortcutKind};
use crate::core::LabError;
use crate::models::resnet::{ConvNorm, PathPosition, ResNet as Net};
use crate::run::training::read;
use burn::nn::BatchNorm;
use burn::tensor::Tensor;

/// Returns the shortcut of a residual network's first block with a stride of 2, or `None` if it has no such
/// block. `x` is a batch of images.
pub(super) async fn shortcut_check(net: &Net, x: Tensor<4>) -> Result<Option<ShortcutCheck>, LabError> {
    // The first block of the second stage.
    let index = net.blocks.len() / 3;
    let (mut input, mut output) = (None, None);
    net.forward_with(x, |at, position, h| {
        match position {
            PathPosition::ShortcutInput if at == index + 1 => input = Some(h.clone().inner()),
            PathPosition::Shortcut if at == index + 1 => output = Some(h.clone().inner()),
            _ => {}
        }
        h
    });
    let (Some(block), Some(input), Some(output)) = (net.blocks.get(index), input, output) else {
        return Ok(None);
    };
    let shapes = [input.dims(), output.dims()];
    let x: Vec<f64> = read(input).await?.into_iter().map(f64::from).collect();
    let by_model = read(output).await?;
    let mut map = Map { values: x, shape: shapes[0] };
    // Batch norm and ReLU of the first convolution, before a projection.
    let is_activated = block.is_pre_activated() && block.projection.is_some();
    if let (Some(first), true) = (block.convs.first(), is_activated) {
        if let Some(norm) = &first.norm {
            map.normalize(norm).await?;
        }
        map.values.iter_mut().for_each(|value| *value = value.max(0.0));
    }
    let inputs = map.at(0, 0, 0).into_iter().map(|value| value as f32).collect();
    let mut check = ShortcutCheck {
        block: index as u32 + 1,
        kind: block.shortcut().map(ShortcutKind::from).unwrap_or_default(),
        shapes: shapes.map(|[_, channels, height, width]| [channels as u32, height as u32, width as u32]),
        inputs,
        compared: by_model.len() as u32,
        ..ShortcutCheck::default()
    };
    let mut by_hand = Map { values: Vec::with_capacity(by_model.len()), shape: shapes[1] };
    let weights = match &block.projection {
        Some(projection) => Weights::of(projection).await?,
        None => Weights::default(),
    };
    let [images, channels, height, width] = shapes[1];
    for image in 0..images {
        for channel in 0..channels {
            for row in 0..height {
                for col in 0..width {
                    // A stride of 2 skips every other row and column.
                    let pixels = map.at(image, 2 * row, 2 * col);
                    by_hand.values.push(match &block.projection {
                        Some(_) => weights.sum(channel, &pixels),
                        // Zero padding: channels that the input does not have are 0.
                        None => pixels.get(channel).copied().unwrap_or_default(),
                    });
                }
            }
        }
    }
    check.weights = weights.of_channel(0).iter().map(|weight| *weight as f32).collect();
    check.bias = weights.biases.first().map_or(0.0, |bias| *bias as f32);
    if let Some(norm) = block.projection.as_ref().and_then(|projection| projection.norm.as_ref()) {
        check.norm = by_hand.normalize(norm).await?;
    }
    let first = |values: Option<f64>| values.unwrap_or_default();
    check.first = [first(by_hand.values.first().copied()), first(by_model.first().map(|&y| y.into()))];
    let differences = by_hand.values.iter().zip(&by_model).map(|(a, b)| (a - f64::from(*b)).abs());
    check.max_difference = differences.fold(0.0, f64::max);
    Ok(Some(check))
}

/// The weights of a 1 x 1 convolution.
#[derive(Default)]
struct Weights {
    /// `[c_out, c_in]`
    values: Vec<f64>,
    c_in: usize,
    /// Empty if the convolution has none.
    biases: Vec<f64>,
}

impl Weights {
    async fn of(projection: &ConvNorm) -> Result<Self, LabError> {
        let weight = projection.conv.weight.val().inner();
        let c_in = weight.dims()[1];
        let numbers = |values: Vec<f32>| values.into_iter().map(f64::from).collect();
        let biases = match &projection.conv.bias {
            Some(bias) => numbers(read(bias.val().inner()).await?),
            None => Vec::new(),
        };
        Ok(Self { values: numbers(read(weight).await?), c_in, biases })
    }

    fn of_channel(&self, channel: usize) -> &[f64] {
        self.values.get(channel * self.c_in..(channel + 1) * self.c_in).unwrap_or_default()
    }

    /// Returns the weighted sum of a pixel's channels.
    fn sum(&self, channel: usize, pixels: &[f64]) -> f64 {
        let bias = self.biases.get(channel).copied().unwrap_or_default();
        self.of_channel(channel).iter().zip(pixels).map(|(w, x)| w * x).sum::<f64>() + bias
    }
}

/// Activations on the host: `[n, channels, height, width]`.
struct Map {
    values: Vec<f64>,
    shape: [usize; 4],
}

impl Map {
    /// Returns all channels at one position of one image.
    fn at(&self, image: usize, row: usize, col: usize) -> Vec<f64> {
        let [_, channels, height, width] = self.shape;
        let index = |channel: usize| ((image * channels + channel) * height + row) * width + col;
        (0..channels).filter_map(|channel| self.values.get(index(channel)).copied()).collect()
    }

    /// Applies batch norm with the statistics of the batch. Returns mean and standard deviation of the first
    /// channel.
    async fn normalize(&mut self, norm: &BatchNorm) -> Result<Option<[f64; 2]>, LabError> {
        let gamma = read(norm.gamma.val().inner()).await?;
        let beta = read(norm.beta.val().inner()).await?;
        let [images, channels, height, width] = self.shape;
        let plane = height * width;
        let mut first = None;
        for (channel, (gamma, beta)) in gamma.into_iter().zip(beta).enumerate() {
            let ranges: Vec<_> = (0..images)
                .map(|image| (image * channels + channel) * plane)
                .map(|start| start..start + plane)
                .collect();
            let of_channel = || ranges.iter().filter_map(|range| self.values.get(range.clone())).flatten();
            let n = (images * plane).max(1) as f64;
            let mean = of_channel().sum::<f64>() / n;
            let variance = of_channel().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
            let std = (variance + norm.epsilon).sqrt();
            first = first.or(Some([mean, std]));
            for range in ranges {
                for value in self.values.get_mut(range).into_iter().flatten() {
                    *value = f64::from(gamma) * (*value - mean) / std + f64::from(beta);
                }
            }
        }
        Ok(first)
    }
}
