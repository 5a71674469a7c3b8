//! Tensors that another program computed, compared with the lab's.

use serde::{Deserialize, Serialize};

/// A tensor of a file, compared with the tensor of the same name here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedTensor {
    /// Its name.
    pub name: String,
    /// The largest difference, relative to the largest number here; or the reason why there is none, as the end of a
    /// sentence.
    pub difference: Result<f32, String>,
}
