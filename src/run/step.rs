//! One step of gradient descent: its inputs, its options, and its output.

use crate::run::training::one_hot_rows;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use std::ops::Range;

/// Host data that a step reads: a row-major array of floats with its shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    values: Vec<f32>,
    shape: Vec<usize>,
    /// See [`with_samples_on`](Self::with_samples_on).
    sample_axis: usize,
}

impl Input {
    /// Creates an input of the given shape from row-major values.
    pub fn new<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Self {
        Self { values, shape: shape.to_vec(), sample_axis: 0 }
    }

    /// Creates one-hot rows for class labels, `[n, n_classes]`.
    pub fn one_hot(labels: impl Iterator<Item = u8>, n_classes: usize) -> Self {
        let values = one_hot_rows(labels, n_classes);
        let n = values.len() / n_classes.max(1);
        Self::new(values, [n, n_classes])
    }

    /// Returns the input as a tensor of rank `D`, its own rank.
    pub fn tensor<const D: usize>(&self, device: &Device) -> Tensor<D> {
        self.upload(device).reshape(self.dims())
    }

    fn dims<const D: usize>(&self) -> [usize; D] {
        std::array::from_fn(|axis| self.shape[axis])
    }

    /// Returns the values, row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Returns the length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Marks the axis whose entries are the samples of the batch; without this, the first.
    #[must_use]
    pub fn with_samples_on(self, sample_axis: usize) -> Self {
        Self { sample_axis, ..self }
    }

    /// Returns the length of the axis of the samples.
    pub(super) fn samples(&self) -> usize {
        self.shape.get(self.sample_axis).copied().unwrap_or(0)
    }

    /// Returns a part of the axis of the samples.
    pub(super) fn part(&self, of: Range<usize>) -> Self {
        let inner: usize = self.shape.iter().skip(self.sample_axis + 1).product();
        let blocks = self.values.chunks_exact((self.samples() * inner).max(1));
        let parts: Vec<&[f32]> =
            blocks.filter_map(|block| block.get(of.start * inner..of.end * inner)).collect();
        let mut shape = self.shape.clone();
        shape.get_mut(self.sample_axis).into_iter().for_each(|length| *length = of.len());
        Self { values: parts.concat(), shape, sample_axis: self.sample_axis }
    }

    /// Copies the values to a device, flattened.
    pub(super) fn upload(&self, device: &Device) -> Tensor<1> {
        Tensor::from_data(TensorData::new(self.values.clone(), [self.values.len()]), device)
    }
}

/// The inputs of a step on the device, in the order of the host's inputs.
#[derive(Debug)]
pub struct Inputs<'a> {
    pub(super) tensors: &'a [Tensor<1>],
    pub(super) host: &'a [Input],
    pub(super) shard: usize,
}

impl Inputs<'_> {
    /// Returns the number of this shard of the batch, 0 if the batch is not split. Random numbers that are
    /// drawn on the device have to depend on it; see [`shards`](crate::run::shards).
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// Returns one input in its shape, without autodiff.
    pub fn inner<const D: usize>(&self, index: usize) -> Tensor<D> {
        self.tensors[index].clone().reshape(self.host[index].dims())
    }

    /// Returns one input in its shape, on the autodiff device.
    pub fn get<const D: usize>(&self, index: usize) -> Tensor<D> {
        Tensor::from_inner(self.inner(index))
    }
}

/// Loss, gradients and measurements of one step, all without autodiff.
#[allow(missing_debug_implementations, reason = "burn's gradients have none")]
pub struct StepOutput {
    /// The loss, `[1]`.
    pub loss: Tensor<1>,
    /// The gradients of the trained parameters.
    pub grads: GradientsParams,
    /// Other measurements, to be read after the step. In a step that may be split into shards, each is a mean
    /// over the samples.
    pub measured: Vec<Tensor<1>>,
}

impl StepOutput {
    /// Backpropagates a loss.
    pub fn backward<M: Module>(net: &M, loss: Tensor<1>) -> Self {
        Self::backward_with(net, loss, |_| Vec::new())
    }

    /// Backpropagates a loss; `measure` sees the gradients of all tensors.
    pub fn backward_with<M: Module>(
        net: &M,
        loss: Tensor<1>,
        measure: impl FnOnce(&Gradients) -> Vec<Tensor<1>>,
    ) -> Self {
        let grads = loss.backward();
        let measured = measure(&grads);
        Self { loss: loss.inner(), grads: GradientsParams::from_grads(grads, net), measured }
    }
}

/// The options of the update that follows from the gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOptions {
    /// The learning rate.
    pub learning_rate: f64,
    /// Maximum norm of the whole gradient; longer gradients are scaled down to it.
    pub max_norm: Option<f64>,
    /// Steps of one variant do the same work on the device with inputs of the same shapes and measure the
    /// same values, so that a GPU can capture the step once and replay it. `None` for a step that cannot be
    /// replayed, for example because it draws random numbers on the device.
    pub variant: Option<u8>,
    /// True if the batch must not be split into shards, because something else than a mean over its samples
    /// is measured.
    pub whole: bool,
}

impl StepOptions {
    /// Returns the options of a replayable step without gradient clipping.
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate, max_norm: None, variant: Some(0), whole: false }
    }
}

/// Returns the device of a module, without autodiff; `None` for a module without parameters.
pub(super) fn device_of<M: Module>(net: &M) -> Option<Device> {
    net.devices().into_iter().next().map(Device::inner)
}

/// Copies inputs and rates to a device.
pub(super) fn upload(inputs: &[Input], rates: &[f32], device: &Device) -> (Vec<Tensor<1>>, Tensor<1>) {
    (inputs.iter().map(|input| input.upload(device)).collect(), Tensor::from_floats(rates, device))
}
