//! Operations that burn has not, or has not as fast: for burn's CPU backend with the feature `cpu`, as kernels for WebGPU with
//! the feature `gpu`.
//!
//! [`rnn`], [`lstm`], [`adamw`], [`sgd`] and [`norm`](mod@norm) are one operation instead of thousands. Their ways back are
//! operations of their own; they do not take part in autodiff. [`gelu`], [`layer_norm`], [`batch_norm`], [`conv`], [`pool`]
//! and [`cross_entropy`] take part in it. So does [`attention`], which is for the CPU alone, see [`on_cpu`]: on a GPU burn
//! fuses what it is made of.
//!
//! One operation a file: its equation, its side on the CPU, its kernel. [`graph`] has work on a GPU done again without being
//! planned again, and [`overwrite`] is what that needs.
//!
//! A crate, so that it is built for speed: the rest of the lab is built to be small.

pub mod adamw;
pub mod attention;
pub mod batch_norm;
pub mod conv;
pub mod cross_entropy;
pub mod gelu;
pub mod graph;
pub mod layer_norm;
pub mod lstm;
pub mod norm;
pub mod overwrite;
pub mod pool;
pub mod rnn;
pub mod sgd;

#[cfg(feature = "cpu")]
mod flex;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "cpu")]
mod matrix;
#[cfg(feature = "cpu")]
pub mod vector;

use burn::tensor::{Device, Tensor};

/// Whether a tensor is one of the CPU backend, with autodiff or without: the operations that only that has are for these.
pub fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    is_cpu(&tensor.device())
}

/// Whether a device is burn's own for the CPU, with autodiff or without.
#[cfg(feature = "cpu")]
pub fn is_cpu(device: &Device) -> bool {
    device.clone().inner() == Device::flex()
}

/// Whether a device is burn's own for the CPU: this build has a GPU's alone.
#[cfg(not(feature = "cpu"))]
pub const fn is_cpu(_: &Device) -> bool {
    false
}
