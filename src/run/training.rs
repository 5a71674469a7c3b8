//! Loss, accuracy, and reads that wait for the device only once per frame.

use crate::core::LabError;
use burn::tensor::{Device, Int, Tensor, TensorData};

pub use nn_lab_kernels::cross_entropy::cross_entropy;

/// Shown instead of a library's message about a lost device, which would not help the user.
const LOST: &str = "The GPU stopped answering: the browser or the driver took it away.";

/// Returns the fraction of rows whose largest logit is the target's.
///
/// # Shapes
///
/// - logits: `[n, n_classes]`
/// - targets: `[n]`
/// - output: `[1]`
pub fn accuracy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let [n, _] = logits.dims();
    let predicted = logits.argmax(1).reshape([n]);
    predicted.equal(targets).float().mean()
}

/// Returns one-hot rows for class labels, concatenated.
pub fn one_hot_rows(labels: impl Iterator<Item = u8>, n_classes: usize) -> Vec<f32> {
    let mut rows = Vec::new();
    for label in labels {
        let start = rows.len();
        rows.resize(start + n_classes, 0.0);
        if let Some(entry) = rows.get_mut(start + usize::from(label)) {
            *entry = 1.0;
        }
    }
    rows
}

/// Returns one-hot rows for class labels, `[n, n_classes]`.
pub fn one_hot(labels: impl Iterator<Item = u8>, n_classes: usize, device: &Device) -> Tensor<2> {
    let rows = one_hot_rows(labels, n_classes);
    let n = rows.len() / n_classes.max(1);
    Tensor::from_data(TensorData::new(rows, [n, n_classes]), device)
}

/// Reads several tensors at once, concatenated.
///
/// # Errors
///
/// If the device is lost.
pub async fn read_all(tensors: Vec<Tensor<1>>) -> Result<Vec<f32>, LabError> {
    if tensors.is_empty() {
        return Ok(Vec::new());
    }
    read(Tensor::cat(tensors, 0)).await
}

/// Reads several groups of tensors at once, and returns the values of each group.
///
/// # Errors
///
/// If the device is lost.
pub async fn read_groups<const N: usize>(groups: [Vec<Tensor<1>>; N]) -> Result<[Vec<f32>; N], LabError> {
    let lengths = groups.each_ref().map(|group| group.iter().map(|tensor| tensor.dims()[0]).sum::<usize>());
    let values = read_all(groups.into_iter().flatten().collect()).await?;
    let mut rest = values.as_slice();
    Ok(lengths.map(|length| {
        let (group, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        group.to_vec()
    }))
}

/// Reads a tensor, row-major.
///
/// # Errors
///
/// If the device is lost.
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, LabError> {
    let data = tensor.into_data_async().await.map_err(|_| LabError::Device(LOST.to_owned()))?;
    data.try_to_vec::<f32>().map_err(|_| LabError::Device(LOST.to_owned()))
}

/// Checks losses of consecutive steps, the first being `first_step`, of the network `net`.
///
/// # Errors
///
/// If a loss is infinite or NaN.
pub fn check_finite(losses: &[f32], first_step: u32, net: &str) -> Result<(), LabError> {
    match losses.iter().position(|loss| !loss.is_finite()) {
        None => Ok(()),
        Some(i) => Err(LabError::Diverged {
            step: first_step + i as u32,
            hint: format!("It happened in the {net}. Reset, choose a smaller learning rate and train again."),
        }),
    }
}
