//! Names for the code that the page writes for this section.

use super::Config;
use crate::run::code::{Code, Rename};

pub(super) const CODE: Code = Code {
    // The windows as ids, `[batch, context + 1, 1]`: inputs are all but the last, targets all but the first.
    inputs: &["windows"],
    renames: &[
        // `nn.Embedding` and `nn.Linear` call their only parameter `weight`.
        Rename { ours: "embedding", theirs: "embedding.weight", transposed: false },
        Rename { ours: "positions", theirs: "positions.weight", transposed: false },
        Rename { ours: "head", theirs: "head.weight", transposed: true },
    ],
    sources: &[
        "transformer.rs",
        "transformer/block.rs",
        "transformer/positions.rs",
        "transformer/sizes.rs",
        "attention.rs",
        "weights.rs",
    ],
};

/// Returns the constants that the templates use besides the settings.
pub(super) fn code_values(_: &Config) -> Vec<(&'static str, serde_json::Value)> {
    Vec::new()
}
