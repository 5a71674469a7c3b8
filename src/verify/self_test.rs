//! A self-test that a GPU has to pass before it is used. A browser only logs shader errors, and the results
//! are then silently wrong. The test compares losses, gradients and steps of small networks with values
//! recorded on the CPU, because the worker for WebGPU has no CPU backend.

use crate::core::LabError;
use crate::models::lstm::{ForgetBias, Lstm};
use crate::models::mlp::{Activation, Mlp};
use crate::models::recurrent::{Recurrent, gradients};
use crate::models::rnn::VanillaRnn;
use crate::models::weights::WeightRng;
use crate::run::graph_capture::FIRST_REPLAYED;
use crate::run::optimizer::Optimizer;
use crate::run::step::{Input, StepOptions, StepOutput};
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::{cross_entropy, one_hot, read, read_all};
use burn::module::Param;
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::batch_norm::batch_norm;
use nn_lab_kernels::conv::{Geometry, conv};
use nn_lab_kernels::layer_norm::layer_norm;
use nn_lab_kernels::norm::norm;
use nn_lab_kernels::pool::relu_pool;

/// Little-endian 32-bit floats. `NN_LAB_RECORD=1 cargo test --features cpu --test native self_test` writes
/// them.
const RECORDED: &[u8] = include_bytes!("self_test.bin");

/// The maximum allowed error, relative to the recorded value, but at least to 1.
const TOLERANCE: f32 = 2e-4;

/// Tests a device.
///
/// # Errors
///
/// If the device fails or computes wrong values.
pub async fn self_test(device: &Device) -> Result<(), LabError> {
    let ours = numbers(device).await?;
    let error = max_error(&ours, &recorded());
    if error <= TOLERANCE {
        return Ok(());
    }
    let why = format!("The GPU computes wrongly: small networks differ from the CPU's by {error:.1e}.");
    Err(LabError::Device(why))
}

/// Returns the recorded values.
pub fn recorded() -> Vec<f32> {
    let (numbers, _) = RECORDED.as_chunks();
    numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

/// Returns the maximum error; infinite if a value is NaN, or if the lengths differ.
pub fn max_error(ours: &[f32], recorded: &[f32]) -> f32 {
    if ours.len() != recorded.len() {
        return f32::INFINITY;
    }
    ours.iter().zip(recorded).fold(0.0, |max: f32, (a, b)| {
        let error = (a - b).abs() / b.abs().max(1.0);
        if error.is_nan() { f32::INFINITY } else { max.max(error) }
    })
}

/// Returns the values that a device computes.
///
/// # Errors
///
/// If the device fails.
pub async fn numbers(device: &Device) -> Result<Vec<f32>, LabError> {
    let parts = [
        small_mlps(device).await?,
        images(device).await?,
        scans(device).await?,
        replayed_steps(device).await?,
    ];
    Ok(parts.concat())
}

/// Products, sums, activations and softmax, with their gradients.
async fn small_mlps(device: &Device) -> Result<Vec<f32>, LabError> {
    let device = device.clone().autodiff();
    let mut values = Vec::new();
    for activation in [Activation::Relu, Activation::Gelu, Activation::Tanh, Activation::Sigmoid] {
        let net = Mlp::new(3, &[8, 8], 4, activation, true, &mut WeightRng::new(3), &device);
        let x = WeightRng::new(4).uniform([5, 3], 1.0, &device).val().detach();
        let y = Tensor::<2>::eye(5, &device).slice([0..5, 0..4]);
        let loss = cross_entropy(net.forward(x), y);
        let grads = loss.backward();
        values.extend(read(loss.inner()).await?);
        if let Some(grad) = net.layers.first().and_then(|layer| layer.weight.val().grad(&grads)) {
            values.extend(read(grad).await?);
        }
    }
    Ok(values)
}

/// Convolution, batch norm, pooling and layer norm, with their gradients.
async fn images(device: &Device) -> Result<Vec<f32>, LabError> {
    const EPSILON: f32 = 1e-5;
    let device = &device.clone().autodiff();
    let mut rng = WeightRng::new(9);
    let [x, weight] = [[2, 2, 6, 6], [3, 2, 3, 3]]
        .map(|shape| rng.normal(shape, 1.0, device).val().detach().require_grad());
    let mut row = || rng.normal([3], 1.0, device).val().detach();
    let same = Geometry { stride: 1, padding: 1, dilation: 1 };
    let y = conv(x.clone(), weight.clone(), Some(row()), same);
    let y = relu_pool(batch_norm(y, row(), row(), EPSILON).output);
    let y = layer_norm(y, row(), row(), EPSILON);
    let upstream = rng.normal([2, 3, 3, 3], 1.0, device).val().detach();
    let grads = (y.clone() * upstream).sum().backward();
    let mut values = read(y.inner()).await?;
    for tensor in [&x, &weight] {
        if let Some(grad) = tensor.grad(&grads) {
            values.extend(read(norm(grad.clone(), 1.0)).await?);
            values.extend(read(grad).await?);
        }
    }
    Ok(values)
}

/// Steps of an optimizer, of which the last ones are replayed.
async fn replayed_steps(device: &Device) -> Result<Vec<f32>, LabError> {
    let net =
        Mlp::new(3, &[8], 4, Activation::Tanh, true, &mut WeightRng::new(8), &device.clone().autodiff());
    let mut state = TrainState::new(net, Optimizer::adamw(0.9, 0.99, 0.1));
    let options = StepOptions { max_norm: Some(0.1), ..StepOptions::new(0.01) };
    let labels = Input::one_hot([0, 1, 2, 3, 0].into_iter(), 4);
    for step in 0..FIRST_REPLAYED + 3 {
        let numbers = (0..15u32).map(|at| ((at * 7 + step) % 11) as f32 * 0.2 - 1.0);
        let batch = [Input::new(numbers.collect(), [5, 3]), labels.clone()];
        let descend = state.step(&batch, options, |net, inputs| {
            let loss = cross_entropy(net.forward(inputs.get(0)), inputs.get(1));
            StepOutput::backward(net, loss)
        });
        descend.await?;
    }
    read_all(state.take_losses()).await
}

/// Both recurrent networks with their gradients, and clipped steps of AdamW and SGD with momentum.
async fn scans(device: &Device) -> Result<Vec<f32>, LabError> {
    let autodiff = device.clone().autodiff();
    let x = WeightRng::new(5).uniform([6, 3, 4], 1.0, &autodiff).val().inner();
    let rnn = VanillaRnn::new(4, 5, 2, &mut WeightRng::new(6), &autodiff);
    let lstm = Lstm::new(4, 5, 2, ForgetBias::Constant(1.0), &mut WeightRng::new(7), &autodiff);
    let mut values = scan(&rnn, |net| &net.recurrent, &x).await?;
    values.extend(scan(&lstm, |net| &net.recurrent, &x).await?);
    Ok(values)
}

/// Returns the loss, the gradients of all hidden states and cells, and the recurrent weights after each step.
async fn scan<N: Recurrent>(
    net: &N,
    recurrent: impl Fn(&N) -> &Param<Tensor<2>>,
    x: &Tensor<3>,
) -> Result<Vec<f32>, LabError> {
    let y = one_hot([0, 1, 0].into_iter(), 2, &x.device().autodiff());
    let found = gradients(net, x, |logits| cross_entropy(logits, y.clone()));
    let mut values = read(found.loss).await?;
    values.extend(read(found.through_time.d_hidden).await?);
    if let Some(d_cell) = found.through_time.d_cell {
        values.extend(read(d_cell).await?);
    }
    let mut net = net.clone();
    for mut optimizer in [Optimizer::adamw(0.9, 0.99, 0.1), Optimizer::sgd(0.9)] {
        let found = gradients(&net, x, |logits| cross_entropy(logits, y.clone()));
        net = optimizer.step(0.01, Some(0.1), net, found.params);
        values.extend(read(recurrent(&net).val().inner()).await?);
    }
    Ok(values)
}
