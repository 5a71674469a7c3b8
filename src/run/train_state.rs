//! A net in training. On a GPU its steps are recorded and replayed where they repeat, see [`graph_capture`](crate::run::graph_capture).

use crate::core::LabError;
use crate::run::checkpoint::{self, Checkpoint};
use crate::run::graph_capture::{GraphCapture, Kind, Task};
use crate::run::optimizer::Optimizer;
use crate::run::training::one_hot_rows;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use nn_lab_kernels::is_cpu;

/// What a step reads from the host: numbers, row-major in a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    numbers: Vec<f32>,
    shape: Vec<usize>,
}

impl Input {
    pub fn new<const D: usize>(numbers: Vec<f32>, shape: [usize; D]) -> Self {
        Self { numbers, shape: shape.to_vec() }
    }

    /// One-hot rows for class numbers, `[n, n_classes]`.
    pub fn one_hot(labels: impl Iterator<Item = u8>, n_classes: usize) -> Self {
        let numbers = one_hot_rows(labels, n_classes);
        let n = numbers.len() / n_classes.max(1);
        Self::new(numbers, [n, n_classes])
    }

    /// As a tensor of its rank.
    pub fn tensor<const D: usize>(&self, device: &Device) -> Tensor<D> {
        self.on(device).reshape(self.dims())
    }

    fn dims<const D: usize>(&self) -> [usize; D] {
        std::array::from_fn(|axis| self.shape[axis])
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All its numbers end to end, on a device.
    pub(super) fn on(&self, device: &Device) -> Tensor<1> {
        Tensor::from_data(TensorData::new(self.numbers.clone(), [self.numbers.len()]), device)
    }
}

/// The inputs of a step on the device, in the order in which they were given.
#[derive(Debug)]
pub struct Inputs<'a> {
    tensors: &'a [Tensor<1>],
    given: &'a [Input],
}

impl Inputs<'_> {
    /// One of them, on the device without autodiff, in its shape.
    pub fn inner<const D: usize>(&self, index: usize) -> Tensor<D> {
        self.tensors[index].clone().reshape(self.given[index].dims())
    }

    /// One of them, on the device with autodiff, in its shape.
    pub fn get<const D: usize>(&self, index: usize) -> Tensor<D> {
        Tensor::from_inner(self.inner(index))
    }
}

/// What a step has found out about a net; nothing is on a device with autodiff.
#[allow(missing_debug_implementations, reason = "burn's gradients have none")]
pub struct StepOutput {
    /// `[1]`
    pub loss: Tensor<1>,
    pub grads: GradientsParams,
    /// Whatever else is to be read.
    pub measured: Vec<Tensor<1>>,
}

impl StepOutput {
    /// The gradients of a loss by autodiff; `measure` sees those of all tensors.
    pub fn by_autodiff<M: Module>(
        net: &M,
        loss: Tensor<1>,
        measure: impl FnOnce(&Gradients) -> Vec<Tensor<1>>,
    ) -> Self {
        let grads = loss.backward();
        let measured = measure(&grads);
        Self { loss: loss.inner(), grads: GradientsParams::from_grads(grads, net), measured }
    }
}

/// How a step is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOptions {
    pub learning_rate: f64,
    /// Bounds the norm of the whole gradient.
    pub max_norm: Option<f64>,
    /// Steps of one variant do the same work on the device with inputs of the same shapes, and measure the same; a step without
    /// is like no other, as where something is drawn at random there.
    pub variant: Option<u8>,
}

/// A net and all that its training keeps.
#[allow(missing_debug_implementations, reason = "burn's graph has none")]
pub struct TrainState<M> {
    net: M,
    optimizer: Optimizer,
    /// On a GPU.
    capture: Option<GraphCapture<M>>,
    /// Losses on the device since they were last taken.
    losses: Vec<Tensor<1>>,
}

impl<M: Module> TrainState<M> {
    /// A net and a rule that has no memory yet.
    pub fn new(net: M, optimizer: Optimizer) -> Self {
        let mut state = Self { net, optimizer, capture: None, losses: Vec::new() };
        state.forget();
        state
    }

    /// The net after the last step.
    pub fn net(&self) -> &M {
        &self.net
    }

    /// The net and its rule, to be changed by other means than a step.
    pub fn change(&mut self) -> (&mut M, &mut Optimizer) {
        self.forget();
        (&mut self.net, &mut self.optimizer)
    }

    /// A recording is of no use when net or memory have become others.
    fn forget(&mut self) {
        let device = self.net.devices().into_iter().next();
        self.capture = device.filter(|device| !is_cpu(device)).map(|_| GraphCapture::default());
    }

    /// One step of gradient descent: `find` is given the net and the inputs, and gives the loss and its gradients. What it has
    /// measured beside them comes back.
    pub fn step(
        &mut self,
        inputs: &[Input],
        options: StepOptions,
        find: impl Fn(&M, &Inputs) -> StepOutput,
    ) -> Vec<Tensor<1>> {
        let rates = self.optimizer.next_rates(options.learning_rate);
        let work = |net: &mut M, optimizer: &mut Optimizer, tensors: &[Tensor<1>], rates: Tensor<1>| {
            let StepOutput { loss, grads, measured } = find(net, &Inputs { tensors, given: inputs });
            *net = optimizer.step_at(rates, options.max_norm, net.clone(), grads);
            std::iter::once(loss).chain(measured).collect()
        };
        let (net, optimizer) = (&mut self.net, &mut self.optimizer);
        let task = Task { inputs, rates: &rates, work: &work };
        let mut results = match &mut self.capture {
            Some(capture) => {
                let kind = options.variant.map(|variant| Kind::new(inputs, options.max_norm, variant));
                capture.step(net, optimizer, kind, &task)
            }
            None => task.run_eagerly(net, optimizer),
        };
        let measured = results.split_off(results.len().min(1));
        self.losses.append(&mut results);
        measured
    }

    /// The losses of the steps since the last call, `[1]` each, still on the device.
    pub fn take_losses(&mut self) -> Vec<Tensor<1>> {
        std::mem::take(&mut self.losses)
    }

    /// The net and all that its rule remembers, see [`checkpoint::state_tensors`]; and the steps that the rule has done.
    pub fn state_tensors(&self) -> (u32, Vec<Tensor<1>>) {
        (self.optimizer.steps, checkpoint::state_tensors(&self.net, &self.optimizer))
    }

    /// Goes back to a moment.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError> {
        self.forget();
        checkpoint::restore(&mut self.net, &mut self.optimizer, checkpoint)
    }
}

/// The device of a net, without autodiff; a net without parameters has none.
pub(super) fn device_of<M: Module>(net: &M) -> Option<Device> {
    net.devices().into_iter().next().map(Device::inner)
}

/// Inputs and rates on a device.
pub(super) fn on(inputs: &[Input], rates: &[f32], device: &Device) -> (Vec<Tensor<1>>, Tensor<1>) {
    (inputs.iter().map(|input| input.on(device)).collect(), Tensor::from_floats(rates, device))
}
