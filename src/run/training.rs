//! What every training run needs: loss, accuracy, optimizers, and reads that wait for the device only once a frame.

use crate::core::LabError;
use crate::run::optimizer::Rule;
use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData, activation::log_softmax};

/// A net and all that its training keeps.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct TrainState<M> {
    pub net: M,
    rule: Rule,
    /// Losses on the device since they were last taken.
    losses: Vec<Tensor<1>>,
}

impl<M: Module> TrainState<M> {
    /// A net and a rule that has no memory yet.
    pub fn new(net: M, rule: Rule) -> Self {
        Self { net, rule, losses: Vec::new() }
    }

    /// One step down the gradient of `loss`, which came from this net. `max_norm` bounds the norm of the whole
    /// gradient; `measure` sees the gradients before that.
    pub fn descend(
        &mut self,
        loss: Tensor<1>,
        learning_rate: f64,
        max_norm: Option<f64>,
        measure: impl FnOnce(&M, &Gradients),
    ) {
        let grads = loss.backward();
        measure(&self.net, &grads);
        let grads = GradientsParams::from_grads(grads, &self.net);
        self.apply(loss.inner(), grads, learning_rate, max_norm);
    }

    /// One step along gradients that are known already, and the loss that they belong to.
    pub fn apply(
        &mut self,
        loss: Tensor<1>,
        grads: GradientsParams,
        learning_rate: f64,
        max_norm: Option<f64>,
    ) {
        self.losses.push(loss);
        self.net = self.rule.step(learning_rate, max_norm, self.net.clone(), grads);
    }

    /// The losses of the steps since the last call, `[1]` each, still on the device.
    pub fn take_losses(&mut self) -> Vec<Tensor<1>> {
        std::mem::take(&mut self.losses)
    }
}

/// Scales all gradients by `min(1, max_norm / norm)`, where `norm` is that of all of them laid end to end (Pascanu et
/// al. 2013). Nothing is read: the norm stays on the device.
pub fn clip_by_global_norm<M: Module>(grads: GradientsParams, net: &M, max_norm: f64) -> GradientsParams {
    struct Squares<'a>(&'a GradientsParams, Vec<Tensor<1>>);
    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.extend(self.0.get::<D>(param.id).map(|grad| grad.square().sum()));
        }
    }
    struct Scaler(GradientsParams, Tensor<1>);
    impl ModuleVisitor for Scaler {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(grad) = self.0.remove::<D>(param.id) {
                self.0.register(param.id, grad * self.1.clone().reshape([1; D]));
            }
        }
    }
    let mut squares = Squares(&grads, Vec::new());
    net.visit(&mut squares);
    if squares.1.is_empty() {
        return grads;
    }
    let norm = Tensor::cat(squares.1, 0).sum().sqrt();
    // The small number is PyTorch's, and keeps a gradient of nothing but zeros from becoming NaN.
    let scale = norm.add_scalar(1e-6).recip().mul_scalar(max_norm as f32).clamp_max(1.0);
    let mut scaler = Scaler(grads, scale);
    net.visit(&mut scaler);
    scaler.0
}

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

/// A number of a layer's weight: it can be read when the step that changed it is done.
pub fn first_weight(layer: &Linear) -> Tensor<1> {
    layer.weight.val().inner().slice([0..1, 0..1]).reshape([1])
}

/// Reads several tensors in one go: they are laid end to end on the device, and the device is waited for once.
pub async fn read_all(tensors: Vec<Tensor<1>>) -> Result<Vec<f32>, LabError> {
    if tensors.is_empty() {
        return Ok(Vec::new());
    }
    read(Tensor::cat(tensors, 0)).await
}

/// Reads several groups of tensors in one go, and gives each group's numbers back by itself.
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
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, LabError> {
    let data = tensor.into_data_async().await.map_err(|error| LabError::Device(device_error(&error)))?;
    data.try_to_vec::<f32>()
        .map_err(|error| LabError::Device(format!("The device returned unexpected data: {error:?}.")))
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
