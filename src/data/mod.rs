//! Data sets, each made from a seed or read from a file that says what it is.

#[cfg(feature = "compute")]
pub mod batches;
#[cfg(feature = "compute")]
pub mod cifar10;
pub mod classes;
#[cfg(feature = "compute")]
pub mod fashion_mnist;
#[cfg(feature = "compute")]
pub mod images;
#[cfg(feature = "compute")]
pub mod lookup;
#[cfg(feature = "compute")]
pub mod packed;
#[cfg(feature = "compute")]
pub mod plane;
#[cfg(feature = "compute")]
pub mod recall;
#[cfg(feature = "compute")]
pub mod repeats;
#[cfg(feature = "compute")]
pub mod tar_gz;
#[cfg(feature = "compute")]
pub mod text;
#[cfg(feature = "compute")]
pub mod visitor_files;
