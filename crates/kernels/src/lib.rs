//! Operations that burn lacks, or that are faster here: for burn's CPU backend with the feature `cpu`, and as
//! kernels for WebGPU with the feature `gpu`.
//!
//! [`rnn`], [`lstm`], [`adamw`], [`sgd`] and [`norm`](mod@norm) are one operation instead of thousands. Their
//! backward passes are separate, non-autodiff operations. [`gelu`], [`layer_norm`], [`batch_norm`], [`conv`],
//! [`pool`] and [`cross_entropy`] take part in autodiff. So does [`attention`], which exists for the CPU only
//! (see [`on_cpu`]), because burn fuses its parts on a GPU.
//!
//! Each file has one operation: its equations, its CPU implementation, its GPU kernels. [`graph`] captures
//! GPU work and replays it without planning it again, and [`overwrite`] feeds a captured graph.
//!
//! This is a crate of its own so that it can be compiled for speed. The rest of the lab is compiled for size.

pub mod adamw;
pub mod attention;
pub mod batch_norm;
pub mod conv;
pub mod cross_entropy;
pub mod gelu;
pub mod graph;
pub mod layer_norm;
pub mod linear;
pub mod lstm;
pub mod norm;
pub mod overwrite;
pub mod pool;
pub mod rnn;
pub mod sgd;

mod autodiff;
#[cfg(feature = "cpu")]
mod flex;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "cpu")]
mod lanes;
#[cfg(feature = "cpu")]
mod matrix;
#[cfg(feature = "cpu")]
mod product;
#[cfg(feature = "cpu")]
pub mod vector;

use burn::tensor::{Device, Tensor};

/// Returns `true` if a tensor is on the CPU backend, with autodiff or without.
pub fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    is_cpu(&tensor.device())
}

/// Returns `true` if a device is burn's CPU backend, with autodiff or without.
#[cfg(feature = "cpu")]
pub fn is_cpu(device: &Device) -> bool {
    device.clone().inner() == Device::flex()
}

/// Returns `false`: this build has no CPU backend.
#[cfg(not(feature = "cpu"))]
pub const fn is_cpu(_: &Device) -> bool {
    false
}
