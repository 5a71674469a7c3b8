//! Names for the code that the page writes for section 3.

use super::Config;
use crate::data::dataset::PictureShape;
use crate::run::code::{Code, Rename};

/// The inputs, parameter names and sources of section 3.
pub(super) const CODE: Code = Code {
    inputs: &["x", "y"],
    renames: &[
        renamed("stem.conv", "conv1"),
        renamed("stem.norm", "bn1"),
        renamed("convs.0.conv", "conv1"),
        renamed("convs.0.norm", "bn1"),
        renamed("convs.1.conv", "conv2"),
        renamed("convs.1.norm", "bn2"),
        renamed("convs.2.conv", "conv3"),
        renamed("convs.2.norm", "bn3"),
        renamed("projection.conv", "projection"),
        renamed("projection.norm", "projection_bn"),
    ],
    sources: &["resnet/block.rs", "resnet.rs", "resnet/conv_norm.rs", "resnet/plan.rs", "weights.rs"],
};

const fn renamed(ours: &'static str, theirs: &'static str) -> Rename {
    Rename { ours, theirs, transposed: false }
}

/// Returns constants that follow from the settings. The templates use them like settings.
pub(super) fn code_values(config: &Config) -> Vec<(&'static str, serde_json::Value)> {
    let PictureShape { channels, n_classes } = config.picture_shape();
    vec![
        ("blocks_per_stage", config.blocks_per_stage().into()),
        ("channels", config.channels().into()),
        ("channels_in", channels.into()),
        ("n_classes", n_classes.into()),
        // The number of steps between two measurements of the test accuracy, as in training.
        ("score_interval", (config.steps / 10).max(20).into()),
    ]
}
