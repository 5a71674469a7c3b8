//! Data sets, each made from a seed or read from a file that says what it is.

pub mod batches;
pub mod fashion_mnist;
pub mod lookup;
pub mod plane;
pub mod recall;
