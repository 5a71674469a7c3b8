//! An interactive lab for neural network architectures, wholly in the browser.
//!
//! # Layers
//!
//! Arrows run one way; `tests/layers.rs` reads the imports and keeps it so.
//!
//! ```text
//! data, models -> experiments -> sections -> protocol, worker, lab, keep -> panels -> app
//!                           lesson, charts -> ui, host -------------------/
//! ```
//!
//! - `data` makes or reads seeded data sets (feature `compute`).
//! - `models` holds one architecture a file, in burn alone (feature `compute`).
//! - [`experiments`] measures: a `Config` in, `Frame`s out. No DOM, no threads.
//! - [`sections`] is the one registry.
//! - [`protocol`] has the only types that cross the worker boundary.
//! - `worker` owns the device and runs experiments (feature `compute`).
//! - `lab` is all that a panel needs to know of the worker (feature `page`).
//! - `lesson` is what the author of a link decides: what is hidden or locked, which question is asked.
//! - `host` speaks with the page around a frame, and with the panels beside it.
//! - [`keep`] has what is written down of a run, its file, and the list of runs that a panel keeps.
//! - `charts` and `ui` draw what they are given, and know no experiment.
//! - `panels` has one component a section; `app` has navigation, routing and theme.
//!
//! # Invariants
//!
//! - Nothing panics: a panic in wasm is a dead page. Errors are values that end as a sentence in the panel.
//! - The app binary links no burn at all, so the page paints before the worker is fetched.
//! - Experiments read tensors only with `*_async`: synchronous reads panic on WebGPU.

#[cfg(feature = "page")]
pub mod app;
#[cfg(feature = "page")]
pub mod charts;
pub mod data;
pub mod experiments;
#[cfg(feature = "page")]
pub mod host;
pub mod keep;
#[cfg(feature = "page")]
pub mod lab;
#[cfg(feature = "page")]
pub mod lesson;
#[cfg(feature = "compute")]
pub mod models;
#[cfg(feature = "page")]
pub mod panels;
pub mod protocol;
pub mod sections;
#[cfg(feature = "page")]
pub mod ui;
#[cfg(feature = "compute")]
pub mod worker;
