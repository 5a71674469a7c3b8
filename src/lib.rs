//! An interactive lab for neural network architectures, wholly in the browser.
//!
//! # Layers
//!
//! Arrows run one way; `tests/layers.rs` reads the imports and keeps it so.
//!
//! ```text
//! core -> data -> run -> verify, sections (the run's files) -> protocol, transfer, worker, lab, keep -> panel -> sections (the panels) -> app
//!         models /                                     assignment, component -> charts -> ui, host /
//! ```
//!
//! - [`core`] has what all layers speak: settings, checks, curves, progress, files and errors. No burn, no DOM.
//! - `data` makes or reads seeded data sets (feature `compute`).
//! - `models` holds one architecture a file, in burn alone (feature `compute`).
//! - [`run`] is how an experiment is run: a `Config` in, `Frame`s out; training, optimizers, spectra. No DOM, no threads.
//! - [`sections`] is the one registry, and below it is a folder for each section: its settings, what it measures, and its
//!   panel. Files of the run name burn and no DOM; `panel.rs` and what is below `panel/` name Yew and no burn.
//! - [`protocol`] has the only types that cross the worker boundary.
//! - `transfer` fetches files from the page's own server, for the page and its workers.
//! - [`verify`] compares a device with references, in the same cases as the native tests (feature `compute`); its
//!   [`report`](verify::report) is what the page shows.
//! - `worker` owns the device and runs experiments (feature `compute`).
//! - `lab` is all that a panel needs to know of the worker (feature `page`).
//! - `assignment` is what the author of a link decides: what is hidden or locked, which question is asked.
//! - `host` speaks with the page around a frame, and with the panels beside it.
//! - [`keep`] has what is written down of a run, its file, and the list of runs that a panel keeps.
//! - `component` is the one type that all components of the page share, and the `html!` that makes them so.
//! - `charts` and `ui` draw what they are given, and know no experiment.
//! - `panel` is what the panels of all sections share; `app` has navigation, routing and theme.
//!
//! # Invariants
//!
//! - Nothing panics: a panic in wasm is a dead page. Errors are values that end as a sentence in the panel.
//! - The app binary links no burn at all, so the page paints before the worker is fetched.
//! - Experiments read tensors only with `*_async`: synchronous reads panic on WebGPU.

#[cfg(feature = "page")]
pub mod app;
#[cfg(feature = "page")]
pub mod assignment;
#[cfg(feature = "page")]
pub mod charts;
#[cfg(feature = "page")]
pub mod client;
pub mod core;
pub mod data;
#[cfg(feature = "page")]
pub mod embedding;
#[cfg(feature = "compute")]
pub mod models;
#[cfg(feature = "page")]
pub mod panel;
pub mod protocol;
pub mod run;
pub mod saved_runs;
pub mod sections;
#[cfg(any(feature = "page", feature = "compute"))]
pub mod transfer;
#[cfg(feature = "page")]
pub mod ui;
pub mod verify;
#[cfg(feature = "compute")]
pub mod worker;
