//! The network of the settings, for the probe and for training: how it is built, read and changed.

use super::snapshot::{MAP_SIDE, ParamIndex, Snapshot};
use super::{BOUNDARY_REACH, Config, LINEAR};
use crate::core::LabError;
use crate::models::mlp::{Activation, Mlp as Net};
use crate::models::weights::WeightRng;
use crate::run::training::{read, read_groups};
use burn::module::Param;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// Builds the linear or the non-linear network of the settings with the given numbers of inputs and outputs.
///
/// Both get the same random numbers, and each scales its weights by the gain of its own activation function:
/// the ReLU's gain of sqrt(2) would make the signal of a linear network grow with every layer.
pub(super) fn net(config: &Config, arm: usize, d_in: usize, d_out: usize, device: &Device) -> Net {
    let hidden: Vec<usize> = config.hidden_dims().into_iter().map(|width| width as usize).collect();
    let activation = if arm == LINEAR { Activation::Identity } else { config.activation.into() };
    let mut rng = WeightRng::new(config.seed.into());
    Net::new(d_in, &hidden, d_out, activation, config.bias, &mut rng, device)
}

/// Returns the centers of the cells of a square grid over the plane, row by row from the bottom.
///
/// # Shapes
/// Output: `[side * side, 2]`.
pub(super) fn grid(side: usize, device: &Device) -> Tensor<2> {
    let at = |i: usize| ((i as f32 + 0.5) / side as f32 * 2.0 - 1.0) * BOUNDARY_REACH;
    let cells = (0..side).flat_map(|row| (0..side).flat_map(move |col| [at(col), at(row)]));
    Tensor::from_data(TensorData::new(cells.collect::<Vec<_>>(), [side * side, 2]), device)
}

/// Returns the probability of class 1 at each point of a grid and no classes, or with more than two classes the probability
/// of the predicted class and that class.
///
/// # Shapes
/// `grid`: `[n, d_in]`, output: `n` numbers.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn probabilities(net: &Net, grid: &Tensor<2>) -> Result<(Vec<f32>, Vec<u8>), LabError> {
    let probabilities = softmax(net.forward(grid.clone()), 1);
    let [rows, n_classes] = probabilities.dims();
    if n_classes <= 2 {
        return Ok((read(probabilities.slice([0..rows, 1..2])).await?, Vec::new()));
    }
    let values = read(probabilities).await?;
    let best = |row: &[f32]| {
        let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or((0.0, 0), |(class, probability)| (*probability, class as u8))
    };
    Ok(values.chunks_exact(n_classes).map(best).unzip())
}

/// Reads all weights and biases of a network, and the maps of its units if there is a grid of side
/// [`MAP_SIDE`], at once. `inputs` are the inputs as functions of the plane.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn snapshot(
    net: &Net,
    step: u32,
    grid: Option<&Tensor<2>>,
    inputs: &[[f32; 3]],
) -> Result<Snapshot, LabError> {
    fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
        let n: usize = tensor.dims().iter().product();
        tensor.reshape([n])
    }
    let mut dims = Vec::new();
    let mut params = Vec::new();
    let mut has_bias = false;
    for layer in &net.layers {
        let weight = layer.weight.val();
        let [d_in, d_out] = weight.dims();
        if dims.is_empty() {
            dims.push(d_in as u32);
        }
        dims.push(d_out as u32);
        params.push(flat(weight));
        if let Some(bias) = &layer.bias {
            has_bias = true;
            params.push(bias.val());
        }
    }
    let activations = grid.map(|grid| net.forward_layers(grid.clone())).unwrap_or_default();
    let [params, activations] = read_groups([params, activations.into_iter().map(flat).collect()]).await?;
    let (mut maps, mut ranges) = (Vec::new(), Vec::new());
    let mut rest = activations.as_slice();
    for &width in dims.iter().skip(1) {
        let width = width as usize;
        let Some((layer, after)) = rest.split_at_checked(MAP_SIDE * MAP_SIDE * width) else { break };
        rest = after;
        for unit in 0..width {
            let values = layer.iter().skip(unit).step_by(width);
            let range =
                values.clone().fold((f32::MAX, f32::MIN), |(low, high), &v| (low.min(v), high.max(v)));
            // A constant map becomes all 0. The cast turns values that are not finite into 0.
            let scale = if range.1 > range.0 { 255.0 / (range.1 - range.0) } else { 0.0 };
            maps.extend(values.map(|v| ((v - range.0) * scale).round() as u8));
            ranges.push(range);
        }
    }
    Ok(Snapshot { step, dims, has_bias, params, maps, ranges, edits: 0, inputs: inputs.to_vec() })
}

/// Sets a weight or a bias. The optimizer keeps its state.
#[allow(clippy::single_range_in_vec_init, reason = "a tensor of one dimension takes one range")]
pub(super) fn set(net: &mut Net, param: ParamIndex, value: f32) {
    let Some(layer) = net.layers.get_mut(param.layer) else { return };
    let to = param.to;
    match (param.from, layer.bias.take()) {
        (Some(from), bias) => {
            layer.weight = with_element(layer.weight.clone(), [from..from + 1, to..to + 1], value);
            layer.bias = bias;
        }
        (None, bias) => layer.bias = bias.map(|bias| with_element(bias, [to..to + 1], value)),
    }
}

fn with_element<const D: usize>(
    param: Param<Tensor<D>>,
    at: [std::ops::Range<usize>; D],
    value: f32,
) -> Param<Tensor<D>> {
    param.map(|tensor| {
        let tracked = tensor.is_require_grad();
        let inner = tensor.inner();
        let element = Tensor::from_data(TensorData::new(vec![value], [1; D]), &inner.device());
        let changed = Tensor::from_inner(inner.slice_assign(at, element));
        if tracked { changed.require_grad() } else { changed }
    })
}
