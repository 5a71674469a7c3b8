//! The net of the settings, for the probe and for training.

use super::Config;
use crate::models::mlp::Mlp as Net;
use crate::models::weights::WeightRng;
use burn::tensor::Device;

/// The net of the settings with the given ends.
pub(super) fn net(config: &Config, d_in: usize, d_out: usize, device: &Device) -> Net {
    let hidden = vec![config.width as usize; config.depth as usize];
    let mut rng = WeightRng::new(config.seed.into());
    Net::new(d_in, &hidden, d_out, config.activation.into(), config.bias, &mut rng, device)
}
