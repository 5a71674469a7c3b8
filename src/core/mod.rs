//! The types that all layers share: settings, checks, curves, progress, files and errors. Depends on no other
//! layer, on no burn and on no DOM.
//!
//! Among the settings, arrows run one way: `int_list`, `field` <- `param` <- `schema` <- `settings`, `sweep`.

pub mod chapter;
mod check;
pub mod compared;
pub mod curve;
pub mod data_set;
mod error;
mod field;
pub mod files;
pub mod findings;
pub mod guess;
pub mod guided;
mod int_list;
pub mod measure;
pub mod metric;
pub mod notebook;
pub mod number;
pub mod number_list;
mod param;
pub mod points;
mod progress;
pub mod query;
pub mod schema;
pub mod settings;
pub mod split_mix;
pub mod suggest;
pub mod sweep;
pub mod template;

pub use check::{Check, Verdict};
pub use error::LabError;
pub use progress::Progress;
