//! The architectures, one a file, in burn alone: `Config`-free constructors, `forward` with shapes, nothing else.

pub mod attention;
pub mod cnn;
pub mod mlp;
pub mod transformer;
pub mod weights;
