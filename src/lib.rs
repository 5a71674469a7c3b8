//! An interactive lab for neural network architectures that runs entirely in the browser.
//!
//! The crate compiles to three WebAssembly binaries: the page (feature `page`), and a worker for the CPU (`cpu`) and one for
//! WebGPU (`gpu`), which share everything behind the feature `compute`. `docs/architecture.md` gives the reasons.
//!
//! # Layers
//!
//! Dependencies run one way. `tests/layers.rs` parses every import and fails if one breaks this order.
//!
//! ```text
//! core -> data, models -> run -> sections (measuring files), verify -> protocol, transfer -> worker | client, saved_runs
//!                                           assignment, embedding, charts -> ui -> panel -> sections (panels) -> app
//!                                           assignment, saved_runs -> coursework -> panel
//! ```
//!
//! - [`core`]: settings, checks, metrics, curves, progress, files and errors, which all layers share. No burn, no DOM.
//! - `data`: data sets, generated from a seed or read from a file (feature `files`).
//! - `models`: one architecture per file (feature `compute`).
//! - [`run`]: how an experiment runs, with a `Config` as input and `Frame`s as output; the training loop, optimizers and
//!   checkpoints. No DOM, no threads.
//! - [`sections`]: the registry, and one folder per section with its settings, its measurements and its panel. Files that
//!   measure use burn and no DOM; `panel.rs` and the files in `panel/` use Yew and no burn.
//! - [`verify`]: reference cases for a device, which the native tests run, too (feature `compute`); its
//!   [`report`](verify::report) is what the page shows.
//! - [`protocol`]: the only types that cross the boundary between page and worker.
//! - `transfer`: downloads from the page's own server, for the page and its workers.
//! - `worker`: owns the device and runs experiments (feature `compute`).
//! - `client`: the page's side of the workers; panels use nothing else of them (feature `page`).
//! - [`saved_runs`]: records of runs, their file formats, and the list of runs that a panel keeps.
//! - `assignment`: what the author of a link decides, such as what is hidden or locked and which question is asked.
//! - `coursework`: lessons, answer sheets, and the packages and tables that are made of them.
//! - `embedding`: messages to and from the page around a frame, and to other panels on that page.
//! - `charts` and `ui`: draw the data they receive, and know no experiment.
//! - `panel`: what the panels of all sections share.
//! - `app`: navigation, routing and theme.
//!
//! # Invariants
//!
//! - Nothing panics, because a panic in wasm leaves a dead page. Errors are values that end up as a sentence in the panel.
//! - The page links no burn, so it paints before a worker is downloaded.
//! - Experiments read tensors only with `*_async`, because synchronous reads panic on WebGPU.

#[cfg(feature = "page")]
pub mod app;
#[cfg(feature = "page")]
pub mod assignment;
#[cfg(feature = "page")]
pub mod charts;
#[cfg(feature = "page")]
pub mod client;
pub mod core;
#[cfg(feature = "page")]
pub mod coursework;
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
#[cfg(any(feature = "compute", feature = "reader"))]
pub mod worker;
