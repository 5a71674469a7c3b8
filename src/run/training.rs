//! What every training run needs: loss, accuracy, optimizers, and reads that wait for the device only once a frame.

use crate::core::LabError;
use crate::run::moment::{self, Moment};
use crate::run::rule::Rule;
use burn::module::Module;
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData, activation::log_softmax};

/// What a library says of a device that is gone is of no use to a visitor.
const LOST: &str = "The GPU stopped answering: the browser or the driver took it away.";

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

    /// The net and all that its rule remembers, see [`moment::numbers`]; and the steps that the rule has done.
    pub fn numbers(&self) -> (u32, Vec<Tensor<1>>) {
        (self.rule.steps, moment::numbers(&self.net, &self.rule))
    }

    /// Goes back to a moment.
    pub fn restore(&mut self, moment: &Moment) -> Result<(), LabError> {
        moment::restore(&mut self.net, &mut self.rule, moment)
    }
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
    let data = tensor.into_data_async().await.map_err(|_| LabError::Device(LOST.to_owned()))?;
    data.try_to_vec::<f32>().map_err(|_| LabError::Device(LOST.to_owned()))
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
