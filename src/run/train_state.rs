//! A network in training. On a GPU, steps that repeat are captured and replayed; see
//! [`graph_capture`](crate::run::graph_capture).

use crate::core::LabError;
use crate::run::checkpoint::{self, Checkpoint};
use crate::run::code::Code;
use crate::run::graph_capture::{CaptureKey, GraphCapture, StepWork};
use crate::run::named::{self, Named};
use crate::run::optimizer::Optimizer;
use crate::run::shards::{Shards, flat_gradients, gradients_from, samples_of};
use crate::run::step::{Input, Inputs, StepOptions, StepOutput, device_of, upload};
use crate::run::training::read_all;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use nn_lab_kernels::is_cpu;
use std::cell::RefCell;

/// A network, its optimizer, and the losses that have not been read yet.
#[allow(missing_debug_implementations, reason = "burn's graph has none")]
pub struct TrainState<M> {
    net: M,
    optimizer: Optimizer,
    steps_done: u32,
    /// Present on a GPU.
    capture: Option<GraphCapture<M>>,
    /// Losses on the device since they were last taken.
    losses: Vec<Tensor<1>>,
    /// Present while steps are recorded.
    recording: Option<Recording>,
    /// Present if batches are split.
    shards: Option<Shards>,
}

/// The recorded steps.
struct Recording {
    code: &'static Code,
    steps: RefCell<Vec<RecordedStep>>,
}

/// The inputs of a step and the gradients that follow from them, before clipping.
#[derive(Clone, Debug)]
pub struct RecordedStep {
    /// The inputs, in the order of [`Code::inputs`].
    pub inputs: Vec<Input>,
    /// The gradients of all trained parameters.
    pub gradients: Vec<Named>,
}

/// A [`TrainState`] without the type of its network, for the driver.
pub trait AnyTrainState {
    /// Returns the number of steps done.
    fn steps_done(&self) -> u32;

    /// Returns the losses of the steps since the last call, `[1]` each, still on the device.
    fn take_losses(&mut self) -> Vec<Tensor<1>>;

    /// Returns one element of the parameter that a step updates last: once it can be read, the step is done.
    fn sync_tensor(&self) -> Option<Tensor<1>>;

    /// Returns the number of optimizer steps, and the tensors of network and optimizer as
    /// [`checkpoint::state_tensors`] orders them, still on the device.
    fn state_tensors(&self) -> (u32, Vec<Tensor<1>>);

    /// Restores network, optimizer and step count.
    ///
    /// # Errors
    ///
    /// If the checkpoint belongs to a network of other sizes; the state is then unchanged.
    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError>;

    /// Returns all parameters and running statistics under their names outside the lab, still on the device, in the order of
    /// [`state_tensors`](Self::state_tensors).
    fn parameters(&self, code: &'static Code) -> Vec<Named>;

    /// Records the steps from now on.
    fn record(&mut self, code: &'static Code);

    /// Returns the steps that were recorded since the last call.
    fn take_recorded(&mut self) -> Vec<RecordedStep>;

    /// Splits batches from now on. For the CPU: on a GPU one worker computes whole batches.
    fn split(&mut self, shards: Shards);
}

impl<M: Module> TrainState<M> {
    /// Creates the state before the first step.
    pub fn new(net: M, optimizer: Optimizer) -> Self {
        let mut state = Self {
            net,
            optimizer,
            steps_done: 0,
            capture: None,
            losses: Vec::new(),
            recording: None,
            shards: None,
        };
        state.reset_capture();
        state
    }

    /// Returns the network after the last step.
    pub fn net(&self) -> &M {
        &self.net
    }

    /// Returns the network, to be changed other than by a step.
    pub fn net_mut(&mut self) -> &mut M {
        self.reset_capture();
        &mut self.net
    }

    /// Replaces the network by one that was trained for some steps elsewhere. The optimizer is reset.
    pub fn load(&mut self, net: M, steps_done: u32) {
        (self.net, self.steps_done) = (net, steps_done);
        self.optimizer.reset();
        self.reset_capture();
    }

    /// A captured step holds on to the tensors of network and optimizer, so it is useless once they are
    /// replaced.
    fn reset_capture(&mut self) {
        let device = self.net.devices().into_iter().next();
        self.capture = device.filter(|device| !is_cpu(device)).map(|_| GraphCapture::default());
    }

    /// Does one step of gradient descent and returns what `forward_backward` measured besides loss and
    /// gradients. On a GPU the work is only queued.
    ///
    /// # Errors
    ///
    /// If another worker that trains the same network is lost.
    pub async fn step(
        &mut self,
        inputs: &[Input],
        options: StepOptions,
        forward_backward: impl Fn(&M, &Inputs) -> StepOutput,
    ) -> Result<Vec<Tensor<1>>, LabError> {
        self.steps_done += 1;
        let rates = self.optimizer.next_rates(options.learning_rate);
        let samples = inputs.first().map_or(0, Input::samples);
        // A batch with fewer samples than shards is not split.
        let splits = |shards: &Shards| !options.whole && (2..=samples).contains(&shards.count());
        if let Some(shards) = self.shards.clone().filter(splits) {
            return self.step_in_shards(&shards, inputs, samples, &rates, options, forward_backward).await;
        }
        let recording = &self.recording;
        let run = |net: &mut M, optimizer: &mut Optimizer, tensors: &[Tensor<1>], rates: Tensor<1>| {
            let StepOutput { loss, grads, measured } =
                forward_backward(net, &Inputs { tensors, host: inputs, shard: 0 });
            if let Some(recording) = recording {
                let gradients = named::gradients(net, &grads, recording.code);
                recording.steps.borrow_mut().push(RecordedStep { inputs: inputs.to_vec(), gradients });
            }
            *net = optimizer.step_at(rates, options.max_norm, net.clone(), grads);
            std::iter::once(loss).chain(measured).collect()
        };
        let (net, optimizer) = (&mut self.net, &mut self.optimizer);
        let work = StepWork { inputs, rates: &rates, run: &run };
        let mut results = match &mut self.capture {
            // A captured step runs without this closure.
            Some(capture) if recording.is_none() => {
                let key = options.variant.map(|variant| CaptureKey::new(inputs, options.max_norm, variant));
                capture.step(net, optimizer, key, &work)
            }
            _ => work.run_eagerly(net, optimizer),
        };
        let measured = results.split_off(results.len().min(1));
        self.losses.append(&mut results);
        Ok(measured)
    }

    /// Does a step whose gradient is the sum of those of all shards, in their order. Loss, gradient and
    /// measurements of a shard count with its fraction of the samples.
    async fn step_in_shards(
        &mut self,
        shards: &Shards,
        inputs: &[Input],
        samples: usize,
        rates: &[f32],
        options: StepOptions,
        forward_backward: impl Fn(&M, &Inputs) -> StepOutput,
    ) -> Result<Vec<Tensor<1>>, LabError> {
        let Some(device) = device_of(&self.net) else { return Ok(Vec::new()) };
        let (mut own, mut last) = (Vec::new(), None);
        for shard in shards.own() {
            let of_shard = shards.samples(shard, samples);
            let host = samples_of(inputs, &of_shard, samples);
            let (tensors, _) = upload(&host, &[], &device);
            let StepOutput { loss, grads, measured } =
                forward_backward(&self.net, &Inputs { tensors: &tensors, host: &host, shard });
            let lengths: Vec<usize> = measured.iter().map(|value| value.dims()[0]).collect();
            let parts = std::iter::once(loss).chain(measured).chain(flat_gradients(&self.net, &grads));
            let mut numbers = read_all(parts.collect()).await?;
            let weight = of_shard.len() as f32 / samples as f32;
            numbers.iter_mut().for_each(|number| *number *= weight);
            own.push(numbers);
            last = Some((grads, lengths));
        }
        // There are at most as many workers as shards, so each has one.
        let Some((like, lengths)) = last else { return Err(LabError::Device(NO_SHARD.to_owned())) };
        let sum = shards.sum(own).await?;
        let mut rest = sum.as_slice();
        let mut values = Vec::new();
        for length in std::iter::once(1).chain(lengths) {
            let (own, after) = rest.split_at_checked(length).unwrap_or_default();
            rest = after;
            values.push(Tensor::from_floats(own, &device));
        }
        let grads = gradients_from(&self.net, &like, rest, &device);
        let rates = Tensor::from_floats(rates, &device);
        self.net = self.optimizer.step_at(rates, options.max_norm, self.net.clone(), grads);
        let measured = values.split_off(1);
        self.losses.append(&mut values);
        Ok(measured)
    }
}

/// A message for a case that cannot happen.
const NO_SHARD: &str = "A worker had no part of the batch.";

impl<M: Module> AnyTrainState for TrainState<M> {
    fn steps_done(&self) -> u32 {
        self.steps_done
    }

    fn take_losses(&mut self) -> Vec<Tensor<1>> {
        std::mem::take(&mut self.losses)
    }

    fn sync_tensor(&self) -> Option<Tensor<1>> {
        type Element = Box<dyn FnOnce() -> Tensor<1>>;
        /// The last trained parameter; only its element is computed on the device.
        struct Last(Option<Element>);
        impl ModuleVisitor for Last {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if param.is_require_grad() {
                    let (tensor, n) = (param.val().inner(), param.shape().num_elements());
                    self.0 = Some(Box::new(move || tensor.reshape([n]).narrow(0, 0, 1)));
                }
            }
        }
        let mut last = Last(None);
        self.net.visit(&mut last);
        last.0.map(|element| element())
    }

    fn state_tensors(&self) -> (u32, Vec<Tensor<1>>) {
        (self.optimizer.steps, checkpoint::state_tensors(&self.net, &self.optimizer))
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError> {
        checkpoint::restore(&mut self.net, &mut self.optimizer, checkpoint)?;
        self.reset_capture();
        self.steps_done = checkpoint.step;
        Ok(())
    }

    fn parameters(&self, code: &'static Code) -> Vec<Named> {
        named::parameters(&self.net, code)
    }

    fn record(&mut self, code: &'static Code) {
        self.recording = Some(Recording { code, steps: RefCell::default() });
    }

    fn take_recorded(&mut self) -> Vec<RecordedStep> {
        self.recording.as_ref().map(|recording| recording.steps.take()).unwrap_or_default()
    }

    fn split(&mut self, shards: Shards) {
        self.shards = Some(shards);
    }
}
