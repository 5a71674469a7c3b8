//! Verifies that a device computes correctly. Layers, blocks and models are compared with PyTorch, the lab's
//! own kernels with burn's operations, optimizers and functions with formulas, and the first losses of every
//! section with recorded ones.
//!
//! The native tests run the same cases on the CPU, so that every claim about one device can be checked on any
//! other. Only [`Case::run`](case::Case::run) reads from a device. The page, which has no burn, uses only
//! [`report`].

#[cfg(feature = "compute")]
mod attention;
#[cfg(feature = "compute")]
pub mod case;
#[cfg(feature = "compute")]
mod cases;
#[cfg(feature = "compute")]
mod cnn;
#[cfg(feature = "compute")]
mod formulas;
#[cfg(feature = "compute")]
mod kernels;
#[cfg(feature = "compute")]
mod mlp;
#[cfg(feature = "compute")]
mod optimizers;
pub mod report;
#[cfg(feature = "compute")]
mod resnet;
#[cfg(feature = "compute")]
mod rnn;
#[cfg(feature = "compute")]
pub mod section;
#[cfg(feature = "compute")]
pub mod self_test;
#[cfg(feature = "compute")]
mod transformer;
#[cfg(feature = "compute")]
mod values;

#[cfg(feature = "compute")]
pub use cases::cases;
#[cfg(feature = "compute")]
use cases::{FORMULA, PYTORCH, ROUNDING, each};
