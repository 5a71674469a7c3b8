//! WebGPU: found, started and tested before anything is believed.

use crate::core::LabError;
use crate::models::lstm::{ForgetBias, Lstm};
use crate::models::mlp::{Activation, Mlp};
use crate::models::recurrent::{Recurrent, gradients};
use crate::models::rnn::VanillaRnn;
use crate::models::weights::WeightRng;
use crate::run::recorder::FIRST_REPLAYED;
use crate::run::rule::Rule;
use crate::run::train_state::{Found, How, Input, TrainState};
use crate::run::training::{cross_entropy, one_hot, read, read_all};
use crate::worker::runtime::Signal;
use burn::module::Param;
use burn::tensor::{Device, Tensor};
use std::cell::RefCell;
use std::rc::Rc;

/// A step of a small transformer asks for some 400 tasks; each submit costs the worker a tenth of a millisecond or more.
const TASKS_PER_SUBMIT: usize = 256;

thread_local! {
    /// The outcome of the one attempt in this worker's life.
    static GPU: RefCell<Option<Result<Device, String>>> = const { RefCell::new(None) };
    /// Held by the run that tries; a runtime can be started only once, so the others wait for the outcome.
    static TRYING: RefCell<Option<Rc<Signal>>> = const { RefCell::new(None) };
}

/// The GPU, or why it is not used. Whether it is worth asking for, the page has found out.
pub(super) async fn gpu() -> Result<Device, String> {
    while let Some(trying) = TRYING.with_borrow(Clone::clone) {
        trying.wait().await;
    }
    if let Some(known) = GPU.with_borrow(Clone::clone) {
        return known;
    }
    let signal = Rc::new(Signal::default());
    TRYING.set(Some(signal.clone()));
    let outcome = match Device::wgpu_options().tasks_max(TASKS_PER_SUBMIT).init_async().await {
        Ok(device) => self_test(&device).await.map(|()| device),
        Err(error) => Err(format!("WebGPU could not be started: {error:?}.")),
    };
    GPU.set(Some(outcome.clone()));
    TRYING.set(None);
    signal.notify();
    outcome
}

/// Shader errors are only logged in a browser, and the results are then silently wrong. So a small net's loss and
/// gradient are held against the CPU's before anything is believed.
async fn self_test(device: &Device) -> Result<(), String> {
    const TOLERANCE: f32 = 1e-3;
    let all = async |device: &Device| -> Result<Vec<f32>, LabError> {
        Ok([small_net(device).await?, scans(device).await?, replayed_steps(device).await?].concat())
    };
    let ours = all(device).await.map_err(|error| error.to_string())?;
    let reference = all(&Device::flex()).await.map_err(|error| error.to_string())?;
    let off = ours.iter().zip(&reference).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
    if ours.len() == reference.len() && off <= TOLERANCE && ours.iter().all(|v| v.is_finite()) {
        Ok(())
    } else {
        Err(format!("The GPU computes wrongly: small networks differ from the CPU's by {off:.1e}."))
    }
}

/// Products, sums, activations and a softmax, forwards and backwards.
async fn small_net(device: &Device) -> Result<Vec<f32>, LabError> {
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

/// So many steps that the last ones are replayed.
async fn replayed_steps(device: &Device) -> Result<Vec<f32>, LabError> {
    let net =
        Mlp::new(3, &[8], 4, Activation::Tanh, true, &mut WeightRng::new(8), &device.clone().autodiff());
    let mut state = TrainState::new(net, Rule::adamw(0.9, 0.99, 0.1));
    let how = How { learning_rate: 0.01, max_norm: Some(0.1), variant: Some(0) };
    let labels = Input::one_hot([0, 1, 2, 3, 0].into_iter(), 4);
    for step in 0..FIRST_REPLAYED + 3 {
        let numbers = (0..15u32).map(|at| ((at * 7 + step) % 11) as f32 * 0.2 - 1.0);
        state.step(&[Input::new(numbers.collect(), [5, 3]), labels.clone()], how, |net, inputs| {
            let loss = cross_entropy(net.forward(inputs.get(0)), inputs.get(1));
            Found::by_autodiff(net, loss, |_| Vec::new())
        });
    }
    read_all(state.take_losses()).await
}

/// The kernels of our own: both recurrent nets over some positions and back, and bounded steps of Adam and of momentum.
async fn scans(device: &Device) -> Result<Vec<f32>, LabError> {
    let autodiff = device.clone().autodiff();
    let x = WeightRng::new(5).uniform([6, 3, 4], 1.0, &autodiff).val().inner();
    let rnn = VanillaRnn::new(4, 5, 2, &mut WeightRng::new(6), &autodiff);
    let lstm = Lstm::new(4, 5, 2, ForgetBias::Constant(1.0), &mut WeightRng::new(7), &autodiff);
    let mut values = scan(&rnn, |net| &net.recurrent, &x).await?;
    values.extend(scan(&lstm, |net| &net.recurrent, &x).await?);
    Ok(values)
}

/// Loss, gradients of every hidden state and cell, and recurrent weights after a step.
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
    for mut rule in [Rule::adamw(0.9, 0.99, 0.1), Rule::sgd(0.9)] {
        let found = gradients(&net, x, |logits| cross_entropy(logits, y.clone()));
        net = rule.step(0.01, Some(0.1), net, found.params);
        values.extend(read(recurrent(&net).val().inner()).await?);
    }
    Ok(values)
}
