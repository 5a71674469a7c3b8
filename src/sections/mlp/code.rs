//! Names and constants for the code that the page writes for section 1.

use super::{Config, training_dims};
use crate::run::code::Code;
use serde_json::Value;

/// The parameters have PyTorch's names as they are: `layers.0.weight`, `layers.0.bias`, and so on.
pub(super) const CODE: Code = Code { inputs: &["x", "y"], renames: &[], sources: &["mlp.rs", "weights.rs"] };

/// Returns the constants that the templates use like settings. The setting `d_in` belongs to the figures of ranks, so
/// the dimensions of the data have other names.
pub(super) fn code_values(config: &Config) -> Vec<(&'static str, Value)> {
    let (features, classes) = training_dims(config.dataset);
    vec![
        ("features", features.into()),
        ("classes", classes.into()),
        ("hidden_dims", config.hidden_dims().into()),
    ]
}
