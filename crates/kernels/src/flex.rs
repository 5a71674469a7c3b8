//! To and from burn's tensors on the CPU.

use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{Shape, TensorData};
use burn_flex::FlexTensor;

/// The numbers of a tensor, row-major: as they lie there if they do, else a copy.
pub(crate) fn rows(tensor: FloatTensor<Flex>) -> FlexTensor {
    tensor.to_contiguous()
}

/// The same with nothing else in its storage.
pub(crate) fn whole(tensor: FloatTensor<Flex>) -> FlexTensor {
    let tensor = rows(tensor);
    if tensor.storage::<f32>().len() == tensor.shape().num_elements() {
        return tensor;
    }
    FlexTensor::from_data(TensorData::new(numbers(&tensor).to_vec(), tensor.shape()))
}

/// A tensor's numbers, if they are 32-bit floats that lie one after the other.
pub(crate) fn numbers(tensor: &FlexTensor) -> &[f32] {
    let all = tensor.storage::<f32>();
    let start = tensor.layout().start_offset();
    &all[start..start + tensor.shape().num_elements()]
}

/// A tensor of numbers, row-major.
pub(crate) fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D]) -> FloatTensor<Flex> {
    FlexTensor::from_data(TensorData::new(numbers, Shape::from(shape)))
}

/// A tensor of numbers in the shape of another.
pub(crate) fn tensor_like(numbers: Vec<f32>, other: &FlexTensor) -> FloatTensor<Flex> {
    FlexTensor::from_data(TensorData::new(numbers, other.shape()))
}
