//! What can go wrong, as sentences for the visitor.

use serde::{Deserialize, Serialize};

/// Why an experiment could not go on, as a sentence for the visitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LabError {
    /// The loss or the weights are no longer numbers.
    Diverged { step: u32, hint: String },
    /// A file is not what it should be.
    Data(String),
    /// The device failed or was lost.
    Device(String),
    /// The settings contradict each other.
    Config(String),
}

impl std::fmt::Display for LabError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Diverged { step, hint } => {
                write!(f, "The loss became infinite or undefined at step {step}. {hint}")
            }
            Self::Data(text) | Self::Device(text) | Self::Config(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for LabError {}
