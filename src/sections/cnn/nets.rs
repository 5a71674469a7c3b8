//! The networks and the images of the settings, for the probe and for training.

use super::{Config, Pictures};
use crate::data::images::{Augment, ImageSet};
use crate::models::cnn::Cnn as Net;
use crate::models::weights::WeightRng;
use burn::tensor::Device;

/// Builds the standard CNN of the settings, or the separable one.
pub(super) fn net(config: &Config, separable: bool, device: &Device) -> Net {
    let (c_in, n_classes) = (config.dataset.channels() as usize, config.dataset.class_names().len());
    // With the same seed, two networks of one width have the same first convolution.
    let mut rng = WeightRng::new(config.seed.into());
    let width = config.width_of(separable) as usize;
    Net::new(c_in, width, n_classes, separable, &mut rng, device)
}

/// Returns the augmentation of the settings.
pub(super) fn augment(config: &Config) -> Augment {
    Augment { crop: config.crop, flip: config.flip }
}

/// Returns the images of a set at these indices.
pub(super) fn pictures(set: &ImageSet, indices: &[usize]) -> Pictures {
    Pictures {
        channels: set.channels as u32,
        side: set.side as u32,
        pixels: indices.iter().flat_map(|&index| set.image(index)).copied().collect(),
        labels: indices.iter().filter_map(|&index| set.labels.get(index).copied()).collect(),
    }
}
