//! What every training run needs: loss, accuracy, optimizers, and reads that wait for the device only once a frame.

use super::LabError;
use burn::tensor::{Device, Int, Tensor, TensorData, activation::log_softmax};

/// Mean cross-entropy in nats: `-1/B sum_b log softmax(logits_b)[target_b]`.
///
/// The targets come as one-hot rows: a product and a sum differentiate into a product, where a gather would
/// differentiate into a scatter.
///
/// # Shapes
///
/// - logits, one_hot: `[batch, n_classes]`
/// - output: `[1]`
pub fn cross_entropy(logits: Tensor<2>, one_hot: Tensor<2>) -> Tensor<1> {
    let [batch, _] = logits.dims();
    (log_softmax(logits, 1) * one_hot).sum().neg().div_scalar(batch.max(1) as f32)
}

/// The share of rows whose largest logit is the target's.
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

/// One-hot rows for class numbers.
pub fn one_hot(labels: impl Iterator<Item = u8>, n_classes: usize, device: &Device) -> Tensor<2> {
    let mut values = Vec::new();
    let mut rows = 0;
    for label in labels {
        values.extend((0..n_classes).map(|c| if c == usize::from(label) { 1.0f32 } else { 0.0 }));
        rows += 1;
    }
    Tensor::from_data(TensorData::new(values, [rows, n_classes]), device)
}

/// Reads several tensors in one go: they are laid end to end on the device, and the device is waited for once.
pub async fn read_all(tensors: Vec<Tensor<1>>) -> Result<Vec<f32>, LabError> {
    if tensors.is_empty() {
        return Ok(Vec::new());
    }
    read(Tensor::cat(tensors, 0)).await
}

/// Reads a tensor, row-major.
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, LabError> {
    let data = tensor.into_data_async().await.map_err(|error| LabError::Device(device_error(&error)))?;
    data.try_to_vec::<f32>().map_err(|error| {
        LabError::Device(format!("The device gave back other numbers than asked: {error:?}."))
    })
}

fn device_error(error: &impl std::fmt::Debug) -> String {
    format!("The device did not answer ({error:?}). Choose the CPU above, or reload the page.")
}

/// An error if one of the losses is no longer a number; `first_step` is the step of the first.
pub fn check_finite(losses: &[f32], first_step: u32, which: &str) -> Result<(), LabError> {
    match losses.iter().position(|loss| !loss.is_finite()) {
        None => Ok(()),
        Some(i) => Err(LabError::Diverged {
            step: first_step + i as u32,
            hint: format!(
                "It happened in the {which}. Reset, choose a smaller learning rate and train again."
            ),
        }),
    }
}
