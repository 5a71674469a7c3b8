//! One architecture per file, built on burn only: constructors, and forward passes with their shapes.

pub mod attention;
pub mod cnn;
pub mod linear;
pub mod lookup;
pub mod lstm;
pub mod mlp;
pub mod recurrent;
pub mod resnet;
pub mod rnn;
pub mod transformer;
pub mod weights;
