//! What all layers speak: settings, checks, curves, progress, files and errors. No burn, no DOM, nothing of ours.

pub mod chapter;
mod check;
pub mod curve;
mod error;
pub mod files;
pub mod findings;
pub mod guided;
pub mod metric;
mod progress;
pub mod query;
pub mod report;
pub mod schema;
pub mod settings;
pub mod sweep;

pub use check::{Check, Verdict};
pub use error::LabError;
pub use progress::Progress;
