//! Conversions between slices and the tensors of burn's CPU backend.

use crate::product::Matrix;
use burn::backend::TensorMetadata;
use burn::tensor::{Shape, TensorData};
use burn_flex::FlexTensor;

/// Returns the tensor in row-major order, copied only if it is not in that order yet.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    tensor.to_contiguous()
}

/// Like [`contiguous`], with a storage that holds nothing but this tensor, so that it can be updated in
/// place.
pub(crate) fn owned_contiguous(tensor: FlexTensor) -> FlexTensor {
    let tensor = contiguous(tensor);
    if tensor.storage::<f32>().len() == tensor.shape().num_elements() {
        return tensor;
    }
    tensor_like(as_slice(&tensor).to_vec(), &tensor)
}

/// Returns the elements of a contiguous tensor of 32-bit floats.
pub(crate) fn as_slice(tensor: &FlexTensor) -> &[f32] {
    let all = tensor.storage::<f32>();
    let start = tensor.layout().start_offset();
    &all[start..start + tensor.shape().num_elements()]
}

/// Returns a tensor of rank 2 in a layout that a product can read: copied unless its rows or its columns are
/// contiguous.
pub(crate) fn readable(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().strides().iter().all(|&stride| stride > 0) && tensor.layout().strides().contains(&1) {
        return tensor;
    }
    contiguous(tensor)
}

/// Returns a [`readable`] tensor of rank 2 as an operand of a product.
pub(crate) fn matrix(tensor: &FlexTensor) -> Matrix<'_> {
    let numbers = &tensor.storage::<f32>()[tensor.layout().start_offset()..];
    let [n_rows, n_columns] = tensor.shape().dims();
    // The stride of an axis of length 1 says nothing: that of a single row may be shorter than the row.
    match *tensor.layout().strides() {
        [rows, 1] => Matrix::rows(numbers, if n_rows > 1 { rows.unsigned_abs() } else { n_columns.max(1) }),
        [1, columns] => {
            let stride = if n_columns > 1 { columns.unsigned_abs() } else { n_rows.max(1) };
            Matrix::rows(numbers, stride).transposed()
        }
        _ => Matrix::rows(numbers, 1),
    }
}

/// Returns a tensor of row-major values.
pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, Shape::from(shape)))
}

/// Returns a tensor of row-major values with the shape of another tensor.
pub(crate) fn tensor_like(values: Vec<f32>, other: &FlexTensor) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, other.shape()))
}
