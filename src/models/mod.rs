//! The architectures, one a file, in burn alone: `Config`-free constructors, `forward` with shapes, nothing else.

pub mod attention;
pub mod cnn;
pub mod lookup;
pub mod lstm;
pub mod mlp;
pub mod recurrent;
pub mod resnet;
pub mod rnn;
pub mod transformer;
pub mod weights;
