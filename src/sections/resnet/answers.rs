//! The answers of a network for one test image of each class.

use super::{Config, N_CLASSES, Samples};
use crate::core::LabError;
use crate::data::images::{Images, SIDE, downsampled};
use crate::models::resnet::ResNet as Net;
use crate::run::training::read;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// Returns the index of the first test image of each class.
fn one_per_class(images: &Images) -> Vec<usize> {
    let first = |class: usize| images.test.labels.iter().position(|&label| usize::from(label) == class);
    (0..N_CLASSES).filter_map(first).collect()
}

/// Returns the sample images as the networks receive them: `[n, channels, side, side]`.
pub(super) fn sample_batch(config: &Config, images: &Images, device: &Device) -> Tensor<4> {
    let indices = one_per_class(images);
    let (values, _) = images.test.batch(&indices, &images.stats);
    let side = config.side as usize;
    let shape = [indices.len(), images.test.channels, side, side];
    Tensor::from_data(TensorData::new(downsampled(values, SIDE, side), shape), device)
}

/// Returns the sample images for the page, without answers.
pub(super) fn samples(images: &Images) -> Samples {
    let indices = one_per_class(images);
    Samples {
        channels: images.test.channels as u32,
        side: images.test.side as u32,
        pixels: indices.iter().flat_map(|&index| images.test.image(index)).copied().collect(),
        labels: indices.iter().filter_map(|&index| images.test.labels.get(index)).copied().collect(),
        untrained: Default::default(),
    }
}

/// Returns the probabilities of the classes, image by image.
pub(super) async fn answers(net: &Net, images: Tensor<4>) -> Result<Vec<f32>, LabError> {
    read(softmax(net.forward(images), 1)).await
}
