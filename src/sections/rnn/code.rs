//! Names for the code that the page writes for section 4.

use super::Config;
use crate::run::code::{Code, Rename};

/// The inputs, parameter names and sources of section 4.
pub(super) const CODE: Code = Code {
    inputs: &["x", "y"],
    // The recurrent weights are a bare parameter here, and an `nn.Linear` without bias in PyTorch.
    renames: &[Rename { ours: "recurrent", theirs: "recurrent.weight", transposed: true }],
    sources: &["rnn.rs", "lstm.rs", "recurrent.rs", "weights.rs"],
};

/// Returns the derived constants of the templates.
pub(super) fn code_values(config: &Config) -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("d_in", config.d_in().into()),
        ("length", config.length().into()),
        ("classes", config.classes().into()),
    ]
}
