//! Numbers from PyTorch, and how near ours must come to them. `tests/fixtures/make_*.py` made the files.

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;

/// The fixtures have nine digits; what is left is the rounding of 32-bit floats.
pub(crate) const TOLERANCE: f64 = 2e-5;

/// `tests/fixtures/<name>.json`
pub(crate) fn fixture(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("tests/fixtures/{name}.json")).expect("the fixture is there");
    serde_json::from_str(&text).expect("the fixture is JSON")
}

/// All numbers of a nested list, in order.
pub(crate) fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

/// A nested list of `D` levels as a tensor.
pub(crate) fn tensor<const D: usize>(value: &Value, device: &Device) -> Tensor<D> {
    let mut shape = [0; D];
    let mut level = value;
    for size in &mut shape {
        let items = level.as_array().expect("a list");
        *size = items.len();
        level = items.first().unwrap_or(&Value::Null);
    }
    let values: Vec<f32> = flat(value).into_iter().map(|v| v as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The largest difference between a tensor and the fixture's numbers.
#[track_caller]
pub(crate) fn max_abs_diff<const D: usize>(what: &str, ours: Tensor<D>, theirs: &Value) -> f64 {
    let ours = ours.into_data().try_to_vec::<f32>().expect("floats");
    let theirs = flat(theirs);
    assert_eq!(ours.len(), theirs.len(), "{what}");
    assert!(ours.iter().all(|v| v.is_finite()), "{what} is not finite");
    ours.iter().zip(&theirs).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}

/// Fails where a tensor differs from the fixture's numbers by more than [`TOLERANCE`].
#[track_caller]
pub(crate) fn agree<const D: usize>(what: &str, ours: Tensor<D>, theirs: &Value) {
    let off = max_abs_diff(what, ours, theirs);
    assert!(off <= TOLERANCE, "{what} differs by {off:.2e}");
}
