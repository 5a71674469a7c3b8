//! Reads tensors and numbers from the JSON of a reference.

use crate::verify::case::{CaseError, Pairs};
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use serde_json::Value;

fn unexpected(found: impl std::fmt::Display, expected: &str) -> CaseError {
    CaseError::Unexpected { found: found.to_string(), expected: expected.to_owned() }
}

/// Returns all numbers of a nested list in order.
pub(super) fn flat(value: &Value) -> Result<Vec<f64>, CaseError> {
    fn collect(value: &Value, numbers: &mut Vec<f64>) -> Result<(), CaseError> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| collect(item, numbers)),
            other => {
                let number = other.as_f64();
                numbers.push(number.ok_or_else(|| unexpected(other, "a number"))?);
                Ok(())
            }
        }
    }
    let mut numbers = Vec::new();
    collect(value, &mut numbers)?;
    Ok(numbers)
}

/// Returns a nested list of `D` levels as a tensor.
pub(super) fn tensor<const D: usize>(value: &Value, device: &Device) -> Result<Tensor<D>, CaseError> {
    let mut shape = [0; D];
    let mut level = value;
    for size in &mut shape {
        let items = level.as_array().ok_or_else(|| unexpected("a number", "a list"))?;
        *size = items.len();
        level = items.first().unwrap_or(&Value::Null);
    }
    let values: Vec<f32> = flat(value)?.into_iter().map(|v| v as f32).collect();
    if values.len() != shape.iter().product::<usize>() {
        return Err(CaseError::Ragged("lists"));
    }
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}

/// Returns a nested list as a parameter.
pub(super) fn param<const D: usize>(value: &Value, device: &Device) -> Result<Param<Tensor<D>>, CaseError> {
    Ok(Param::from_tensor(tensor(value, device)?))
}

/// Sets the weight and the bias of a layer.
pub(super) fn set_linear(
    layer: &mut Linear,
    weight: &Value,
    bias: &Value,
    device: &Device,
) -> Result<(), CaseError> {
    set(&mut layer.weight, weight, device)?;
    layer.bias = Some(param(bias, device)?);
    Ok(())
}

/// Sets a parameter, if the reference has its shape.
pub(super) fn set<const D: usize>(
    ours: &mut Param<Tensor<D>>,
    theirs: &Value,
    device: &Device,
) -> Result<(), CaseError> {
    let theirs = param::<D>(theirs, device)?;
    let (shape, expected) = (theirs.dims(), ours.dims());
    if shape != expected {
        return Err(unexpected(format_args!("a weight of {shape:?}"), &format!("{expected:?}")));
    }
    *ours = theirs;
    Ok(())
}

/// Returns a list of class indices.
pub(super) fn labels(value: &Value) -> Result<Vec<u8>, CaseError> {
    Ok(flat(value)?.into_iter().map(|label| label as u8).collect())
}

/// Returns a non-negative integer.
pub(super) fn count(value: &Value) -> Result<usize, CaseError> {
    value.as_u64().map(|n| n as usize).ok_or_else(|| unexpected(value, "a count"))
}

/// Returns a list, empty if the value is not a list.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

impl Pairs {
    /// Adds a tensor and its reference.
    pub(super) fn json<const D: usize>(
        &mut self,
        place: impl Into<String>,
        ours: Tensor<D>,
        theirs: &Value,
    ) -> Result<(), CaseError> {
        self.numbers(place, ours, flat(theirs)?)
    }

    /// Adds the gradient of a tensor and its reference.
    pub(super) fn gradient<const D: usize>(
        &mut self,
        of: impl std::fmt::Display,
        tensor: &Tensor<D>,
        grads: &Gradients,
        theirs: &Value,
    ) -> Result<(), CaseError> {
        self.json(format!("gradient of {of}"), gradient(&of, tensor, grads)?, theirs)
    }

    /// Adds the gradients of a layer's weight and bias, and their references.
    pub(super) fn layer_gradients<const D: usize>(
        &mut self,
        name: impl std::fmt::Display,
        weight: &Param<Tensor<D>>,
        bias: Option<&Param<Tensor<1>>>,
        grads: &Gradients,
        theirs: [&Value; 2],
    ) -> Result<(), CaseError> {
        self.gradient(format_args!("weight {name}"), &weight.val(), grads, theirs[0])?;
        match bias {
            Some(bias) => self.gradient(format_args!("bias {name}"), &bias.val(), grads, theirs[1]),
            None => Ok(()),
        }
    }
}

/// Returns the gradient of a tensor.
pub(super) fn gradient<const D: usize>(
    of: impl std::fmt::Display,
    tensor: &Tensor<D>,
    grads: &Gradients,
) -> Result<Tensor<D>, CaseError> {
    tensor.grad(grads).ok_or_else(|| CaseError::NoGradient(of.to_string()))
}
