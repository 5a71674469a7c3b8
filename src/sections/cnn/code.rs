//! Names for the code that the page writes for section 2.

use super::Config;
use crate::data::dataset::PictureShape;
use crate::run::code::Code;

/// The inputs of a step, and the sources that the page shows. All parameters follow the rules for names.
pub(super) const CODE: Code = Code { inputs: &["x", "y"], renames: &[], sources: &["cnn.rs", "weights.rs"] };

/// Returns the constants that follow from the settings: the channels and classes of the images, and the width of the
/// separable network.
pub(super) fn code_values(config: &Config) -> Vec<(&'static str, serde_json::Value)> {
    let PictureShape { channels, n_classes } = config.picture_shape();
    vec![
        ("image_channels", channels.into()),
        ("n_classes", n_classes.into()),
        ("width_separable", config.width_of(true).into()),
    ]
}
