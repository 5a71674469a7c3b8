//! Errors that reach the user, as sentences.

use serde::{Deserialize, Serialize};

/// The reason an experiment could not continue, as a sentence for the user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum LabError {
    /// The loss or the weights are no longer finite.
    #[error("The loss became infinite or undefined at step {step}. {hint}")]
    Diverged {
        /// The first step with a non-finite value.
        step: u32,
        /// A sentence with advice.
        hint: String,
    },
    /// A file does not have the expected content.
    #[error("{0}")]
    Data(String),
    /// The user has not added the data yet. Nothing is wrong.
    #[error("{0}")]
    NoData(String),
    /// The device failed or was lost.
    #[error("{0}")]
    Device(String),
    /// The settings contradict each other.
    #[error("{0}")]
    Config(String),
}
