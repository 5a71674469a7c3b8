//! The networks and the images of the settings, for the probe and for training.

use super::{Config, Pictures};
use crate::core::LabError;
use crate::data::assets::Assets;
use crate::data::dataset::PictureShape;
use crate::data::images::{Augment, ImageSet, Images};
use crate::models::cnn::Cnn as Net;
use crate::models::weights::WeightRng;
use burn::tensor::Device;

/// Builds the standard CNN of the settings, or the separable one.
pub(super) fn net(config: &Config, separable: bool, device: &Device) -> Net {
    let PictureShape { channels, n_classes } = config.picture_shape();
    // With the same seed, two networks of one width have the same first convolution.
    let mut rng = WeightRng::new(config.seed.into());
    let width = config.width_of(separable) as usize;
    Net::new(channels as usize, width, n_classes as usize, separable, &mut rng, device)
}

/// Returns the augmentation of the settings.
pub(super) fn augment(config: &Config) -> Augment {
    Augment { crop: config.crop, flip: config.flip }
}

/// Loads the images of the settings.
///
/// # Errors
///
/// Fails if they are missing or invalid.
pub(super) async fn load(config: &Config, assets: &mut impl Assets) -> Result<Images, LabError> {
    let (n_train, n_test) = (config.n_train as usize, config.n_test as usize);
    config.dataset.load(&config.data, config.seed, n_train, n_test, assets).await
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
