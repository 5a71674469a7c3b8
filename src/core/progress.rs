//! The progress of a run.

use serde::{Deserialize, Serialize};

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of steps done.
    pub step: u32,
    /// The total number of steps.
    pub steps: u32,
}
