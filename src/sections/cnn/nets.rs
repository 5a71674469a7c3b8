//! The nets and the images of the settings, for the probe and for training.

use super::{Config, Pictures};
use crate::data::images::{Augment, ImageSet};
use crate::models::cnn::Cnn as Net;
use crate::models::weights::WeightRng;
use burn::tensor::Device;

/// The net of the settings, or its separable twin.
pub(super) fn net(config: &Config, separable: bool, device: &Device) -> Net {
    let (c_in, n_classes) = (config.dataset.channels() as usize, config.dataset.class_names().len());
    // The same seed, so the first convolution and all biases before it are the same numbers in both.
    let mut rng = WeightRng::new(config.seed.into());
    Net::new(c_in, config.width as usize, n_classes, separable, &mut rng, device)
}

/// What the settings ask for in the way of crops and flips.
pub(super) fn augment(config: &Config) -> Augment {
    Augment { crop: config.crop, flip: config.flip }
}

/// Some images of a set.
pub(super) fn pictures(set: &ImageSet, indices: &[usize]) -> Pictures {
    Pictures {
        channels: set.channels as u32,
        side: set.side as u32,
        pixels: indices.iter().flat_map(|&index| set.image(index)).copied().collect(),
        labels: indices.iter().filter_map(|&index| set.labels.get(index).copied()).collect(),
    }
}
