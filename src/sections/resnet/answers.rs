//! The answers of a network for some test images.

use super::{Config, N_HELD_OUT, Pictures, Samples};
use crate::core::LabError;
use crate::data::dataset::SetInfo;
use crate::data::images::{Images, SIDE, downsampled};
use crate::models::resnet::ResNet as Net;
use crate::run::training::read;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// Returns the index of the first test image of each class that has one.
fn one_per_class(images: &Images) -> Vec<usize> {
    let first = |class: usize| images.test.labels.iter().position(|&label| usize::from(label) == class);
    (0..images.test.class_names.len()).filter_map(first).collect()
}

/// Returns the indices of the first test images.
fn held_out(images: &Images) -> Vec<usize> {
    (0..images.test.len().min(N_HELD_OUT)).collect()
}

/// Returns test images as the networks receive them: `[n, channels, side, side]`. First those of each class, then the first
/// held-out ones.
pub(super) fn sample_batches(config: &Config, images: &Images, device: &Device) -> [Tensor<4>; 2] {
    [one_per_class(images), held_out(images)].map(|indices| {
        let (values, _) = images.test.batch(&indices, &images.stats);
        let side = config.side as usize;
        let shape = [indices.len(), images.test.channels, side, side];
        Tensor::from_data(TensorData::new(downsampled(values, SIDE, side), shape), device)
    })
}

/// Returns the sample images for the page, without answers.
pub(super) fn samples(config: &Config, images: &Images) -> Samples {
    let pictures = |indices: Vec<usize>| Pictures {
        channels: images.test.channels as u32,
        side: images.test.side as u32,
        pixels: indices.iter().flat_map(|&index| images.test.image(index)).copied().collect(),
        labels: indices.iter().filter_map(|&index| images.test.labels.get(index)).copied().collect(),
    };
    Samples {
        info: SetInfo::of(config.dataset, &config.data, images),
        per_class: pictures(one_per_class(images)),
        held_out: pictures(held_out(images)),
        ..Samples::default()
    }
}

/// Returns the probabilities of the classes, image by image.
pub(super) async fn answers(net: &Net, images: Tensor<4>) -> Result<Vec<f32>, LabError> {
    read(softmax(net.forward(images), 1)).await
}
