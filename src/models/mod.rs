//! The architectures, one a file, in burn alone: `Config`-free constructors, `forward` with shapes, nothing else.

pub mod mlp;
pub mod resnet;
pub mod weights;
