//! Files that data sets are read from.

use crate::core::LabError;
use std::rc::Rc;

/// The files below `static/`, and those that the user provided, whose paths start with `user/`.
pub trait Assets {
    /// Returns the bytes of a file. It is fetched once and then cached.
    ///
    /// # Errors
    ///
    /// If the file cannot be fetched.
    fn asset(&mut self, path: &str) -> impl Future<Output = Result<Rc<[u8]>, LabError>>;

    /// Returns the paths of all files that start with `prefix`, in alphabetical order.
    ///
    /// # Errors
    ///
    /// If the list of files cannot be read.
    fn list_assets(&mut self, prefix: &str) -> impl Future<Output = Result<Vec<String>, LabError>>;
}
