//! A network in training. On a GPU, steps that repeat are captured and replayed; see
//! [`graph_capture`](crate::run::graph_capture).

use crate::core::LabError;
use crate::run::checkpoint::{self, Checkpoint};
use crate::run::code::Code;
use crate::run::graph_capture::{CaptureKey, GraphCapture, StepWork};
use crate::run::named::{self, Named};
use crate::run::optimizer::Optimizer;
use crate::run::step::{Input, Inputs, StepOptions, StepOutput};
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
}

impl<M: Module> TrainState<M> {
    /// Creates the state before the first step.
    pub fn new(net: M, optimizer: Optimizer) -> Self {
        let mut state =
            Self { net, optimizer, steps_done: 0, capture: None, losses: Vec::new(), recording: None };
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
    /// gradients.
    pub fn step(
        &mut self,
        inputs: &[Input],
        options: StepOptions,
        forward_backward: impl Fn(&M, &Inputs) -> StepOutput,
    ) -> Vec<Tensor<1>> {
        self.steps_done += 1;
        let rates = self.optimizer.next_rates(options.learning_rate);
        let recording = &self.recording;
        let run = |net: &mut M, optimizer: &mut Optimizer, tensors: &[Tensor<1>], rates: Tensor<1>| {
            let StepOutput { loss, grads, measured } =
                forward_backward(net, &Inputs { tensors, host: inputs });
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
        measured
    }
}

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
}
