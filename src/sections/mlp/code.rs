//! Names and constants for the code that the page writes for section 1.

use super::{Config, Dataset};
use crate::run::code::Code;
use serde_json::Value;

/// The parameters have PyTorch's names as they are: `layers.0.weight`, `layers.0.bias`, and so on.
pub(super) const CODE: Code = Code { inputs: &["x", "y"], renames: &[], sources: &["mlp.rs", "weights.rs"] };

/// Returns the constants that the templates use like settings. The setting `d_in` belongs to the figures of ranks, so
/// the dimensions of the data have other names.
pub(super) fn code_values(config: &Config) -> Vec<(&'static str, Value)> {
    let task = config.task();
    // Only the lab has the user's data, so a program outside takes its samples from the set-up file.
    let is_own = matches!(config.dataset, Dataset::Drawn | Dataset::Curve | Dataset::Own);
    vec![
        ("features", task.d_in.into()),
        ("classes", task.d_out().into()),
        ("regression", task.is_regression().into()),
        ("from_batches", is_own.into()),
        ("generated", (!is_own && config.dataset != Dataset::FashionMnist).into()),
        ("hidden_dims", config.hidden_dims().into()),
    ]
}
