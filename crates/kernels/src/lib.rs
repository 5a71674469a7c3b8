//! Operations that burn has not, or has not as fast.
//!
//! [`rnn`], [`lstm`], [`adamw`], [`sgd`] and [`norm`](mod@norm) are for burn's CPU backend and, with the feature `gpu`, kernels for WebGPU: one operation
//! instead of thousands. Their ways back are operations of their own; they do not take part in autodiff. [`gelu`],
//! [`layer_norm`], [`batch_norm`], [`conv`], [`pool`] and [`cross_entropy`] are for both and take part in it. So does [`attention`], which is for
//! the CPU alone, see [`on_cpu`]: on a GPU burn fuses what it is made of.
//!
//! One operation a file: its equation, its side on the CPU, its kernel. [`record`] has work on a GPU done again without being
//! planned again, and [`overwrite`] is what that needs.
//!
//! A crate, so that it is built for speed: the rest of the lab is built to be small.

pub mod adamw;
pub mod attention;
pub mod batch_norm;
pub mod conv;
pub mod cross_entropy;
pub mod gelu;
pub mod layer_norm;
pub mod lstm;
pub mod norm;
pub mod overwrite;
pub mod pool;
pub mod record;
pub mod rnn;
pub mod sgd;

mod flex;
#[cfg(feature = "gpu")]
mod gpu;
mod matrix;
pub mod vector;

pub use crate::flex::on_cpu;
