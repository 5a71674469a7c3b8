//! Names for the code that the page writes for section 5.

use super::Config;
use crate::run::code::Code;

/// The parameters keep the names of the lab's modules, which are PyTorch's.
pub(super) const CODE: Code =
    Code { inputs: &["x", "y"], renames: &[], sources: &["attention.rs", "lookup.rs"] };

/// Returns no derived constants: the templates compute theirs from the settings.
pub(super) fn code_values(_config: &Config) -> Vec<(&'static str, serde_json::Value)> {
    Vec::new()
}
