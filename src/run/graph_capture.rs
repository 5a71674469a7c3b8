//! Steps on a GPU that are recorded once and replayed.
//!
//! Of a step of a small net the GPU sees little: most of it is the worker's finding out what is to be done, which is the same at
//! every step. A recorded step does that once. For it
//!
//! - the net and its rule's memory stay where they are: rules change them in place, and running statistics, which burn
//!   replaces at every step, are written back to their places;
//! - what differs from step to step comes in slots, which are filled before each replay;
//! - the loss and what else was measured is copied after each, before the next one overwrites it.

use crate::run::checkpoint;
use crate::run::optimizer::Optimizer;
use crate::run::train_state::{Input, device_of, on};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::graph::{CaptureError, Graph, Preparation, prepare};
use nn_lab_kernels::overwrite::{copy, overwrite};

/// So many steps are done as usual before one is recorded: by then burn has made up its mind which operations it fuses, and a
/// run that is over soon is not worth it.
const STEPS_BEFORE: u32 = 4;
/// So many more are done in preparation, each queued by itself as the recorded one will be.
const STEPS_IN_PREPARATION: u32 = 2;
/// From this step on a net's steps can be replayed.
pub const FIRST_REPLAYED: u32 = STEPS_BEFORE + STEPS_IN_PREPARATION + 1;
/// What could not be recorded so often will not be.
const MAX_FAILURES: u32 = 3;
/// So many kinds of a net's steps are recorded: each holds memory of its own.
const MAX_KINDS: usize = 2;

/// What steps must have in common to be one recording.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    shapes: Vec<Vec<usize>>,
    max_norm: Option<f64>,
    variant: u8,
}

impl Kind {
    pub(super) fn new(inputs: &[Input], max_norm: Option<f64>, variant: u8) -> Self {
        Self { shapes: inputs.iter().map(|input| input.shape().to_vec()).collect(), max_norm, variant }
    }
}

/// How far a net is with recording its steps, by their kind.
pub(super) struct GraphCapture<M> {
    kinds: Vec<(Kind, Stage<M>)>,
    /// How often it was tried in vain.
    failures: u32,
}

enum Stage<M> {
    /// So many steps were done.
    Waiting(u32),
    /// As many in preparation.
    Preparing(u32, Box<Prepared>),
    Captured(Box<Captured<M>>),
}

struct Prepared {
    preparation: Preparation,
    slots: Slots,
    /// Copies of what net and memory are, see [`checkpoint::state_tensors`], should recording fail. Memory for them was had in time.
    spare: Vec<Tensor<1>>,
}

/// The places on the device that a recorded step reads.
struct Slots {
    inputs: Vec<Tensor<1>>,
    rates: Tensor<1>,
}

impl Slots {
    fn new(inputs: &[Input], rates: &[f32], device: &Device) -> Self {
        let (inputs, rates) = on(inputs, rates, device);
        Self { inputs, rates }
    }

    fn fill(&self, inputs: &[Input], rates: &[f32]) {
        let (inputs, rates) = on(inputs, rates, &self.rates.device());
        for (slot, input) in self.inputs.iter().zip(inputs) {
            overwrite(slot.clone(), input);
        }
        overwrite(self.rates.clone(), rates);
    }

    /// Does a step with what is in them.
    fn step<M: Module>(&self, net: &mut M, optimizer: &mut Optimizer, task: &Task<M>) -> Results {
        Results::new(in_place(net, |net| (task.work)(net, optimizer, &self.inputs, self.rates.clone())))
    }
}

/// A recorded step.
struct Captured<M> {
    slots: Slots,
    recording: Graph<CapturedTensors<M>>,
}

/// What a recorded step gives and changes.
struct CapturedTensors<M> {
    results: Results,
    _net: M,
    _state: Vec<Tensor<1>>,
}

/// The loss and whatever was measured, end to end, and how many numbers each has.
struct Results {
    all: Tensor<1>,
    lengths: Vec<usize>,
}

impl Results {
    fn new(results: Vec<Tensor<1>>) -> Self {
        let lengths = results.iter().map(|result| result.dims()[0]).collect();
        Self { all: Tensor::cat(results, 0), lengths }
    }

    /// Each by itself, in other memory.
    fn copies(&self) -> Vec<Tensor<1>> {
        let all = copy(self.all.clone());
        let mut start = 0;
        let part = |&length: &usize| {
            let part = all.clone().narrow(0, start, length);
            start += length;
            part
        };
        self.lengths.iter().map(part).collect()
    }
}

impl<M> Captured<M> {
    /// Does the step with what is in the slots. If the device is gone, whoever reads the results is told.
    fn replay(&self) -> Vec<Tensor<1>> {
        let _ = self.recording.replay();
        self.recording.held.results.copies()
    }
}

impl<M> Default for GraphCapture<M> {
    fn default() -> Self {
        Self { kinds: Vec::new(), failures: 0 }
    }
}

/// A step that is to be done.
pub(super) struct Task<'a, M> {
    pub(super) inputs: &'a [Input],
    pub(super) rates: &'a [f32],
    /// Changes net and rule, and gives the loss and whatever was measured.
    pub(super) work: &'a Work<'a, M>,
}

/// A step's work on the device, with inputs and rates.
type Work<'a, M> = dyn Fn(&mut M, &mut Optimizer, &[Tensor<1>], Tensor<1>) -> Vec<Tensor<1>> + 'a;

impl<M: Module> Task<'_, M> {
    /// Does it as on any device.
    pub(super) fn run_eagerly(&self, net: &mut M, optimizer: &mut Optimizer) -> Vec<Tensor<1>> {
        let Some(device) = device_of(net) else { return Vec::new() };
        let (inputs, rates) = on(self.inputs, self.rates, &device);
        (self.work)(net, optimizer, &inputs, rates)
    }
}

impl<M: Module> GraphCapture<M> {
    /// One step, done as it can be done best; a step that is like no other has no kind.
    pub(super) fn step(
        &mut self,
        net: &mut M,
        optimizer: &mut Optimizer,
        kind: Option<Kind>,
        task: &Task<M>,
    ) -> Vec<Tensor<1>> {
        let placed = self.kinds.iter().filter(|(_, stage)| !matches!(stage, Stage::Waiting(_))).count();
        let usual = |net: &mut M, optimizer: &mut Optimizer| match placed {
            0 => task.run_eagerly(net, optimizer),
            _ => in_place(net, |net| task.run_eagerly(net, optimizer)),
        };
        let Some(kind) = kind else { return usual(net, optimizer) };
        // A limit that was changed does not come back.
        self.kinds.retain(|(known, _)| known.max_norm == kind.max_norm);
        let index = self.kinds.iter().position(|(known, _)| *known == kind);
        let stage = index.map_or(Stage::Waiting(0), |index| self.kinds.swap_remove(index).1);
        let (results, stage) = match stage {
            Stage::Captured(recorded) => {
                recorded.slots.fill(task.inputs, task.rates);
                (recorded.replay(), Stage::Captured(recorded))
            }
            Stage::Preparing(done, prepared) if done < STEPS_IN_PREPARATION => {
                let Prepared { preparation, slots, .. } = &*prepared;
                slots.fill(task.inputs, task.rates);
                let results = preparation.rehearse(|| slots.step(net, optimizer, task)).copies();
                (results, Stage::Preparing(done + 1, prepared))
            }
            Stage::Preparing(_, prepared) => match record(net, optimizer, task, *prepared) {
                Ok(recorded) => (recorded.replay(), Stage::Captured(Box::new(recorded))),
                Err(_) => {
                    self.failures += 1;
                    // The net lies elsewhere now: what was recorded of other steps is of no use.
                    self.kinds.clear();
                    (usual(net, optimizer), Stage::Waiting(0))
                }
            },
            Stage::Waiting(done) => {
                let results = usual(net, optimizer);
                let ready = done + 1 >= STEPS_BEFORE && self.failures < MAX_FAILURES && placed < MAX_KINDS;
                let prepared =
                    if ready { prepare_step(net, optimizer, task) } else { Err(CaptureError::Busy) };
                if prepared.as_ref().is_err_and(|refused| *refused == CaptureError::Unsupported) {
                    self.failures = MAX_FAILURES;
                }
                let waits = Stage::Waiting(done.saturating_add(1));
                (results, prepared.map_or(waits, |prepared| Stage::Preparing(0, Box::new(prepared))))
            }
        };
        self.kinds.push((kind, stage));
        results
    }
}

/// Has what recording needs beside the memory of the step.
fn prepare_step<M: Module>(net: &M, optimizer: &Optimizer, task: &Task<M>) -> Result<Prepared, CaptureError> {
    let device = device_of(net).ok_or(CaptureError::Unsupported)?;
    Ok(Prepared {
        preparation: prepare(&device)?,
        slots: Slots::new(task.inputs, task.rates, &device),
        spare: checkpoint::state_tensors(net, optimizer).into_iter().map(copy).collect(),
    })
}

/// Records a step. If that fails, net and memory are what they were before, in other places.
fn record<M: Module>(
    net: &mut M,
    optimizer: &mut Optimizer,
    task: &Task<M>,
    prepared: Prepared,
) -> Result<Captured<M>, String> {
    let Prepared { preparation, slots, spare } = prepared;
    for (spare, now) in spare.iter().zip(checkpoint::state_tensors(net, optimizer)) {
        overwrite(spare.clone(), now);
    }
    slots.fill(task.inputs, task.rates);
    let recorded = preparation.capture(|| CapturedTensors {
        results: slots.step(net, optimizer, task),
        _net: net.clone(),
        _state: optimizer.state.clone(),
    });
    match recorded {
        Ok(recording) => Ok(Captured { slots, recording }),
        Err(why) => {
            checkpoint::put(net, optimizer, spare);
            Err(why)
        }
    }
}

/// Does a step and sees to it that the running statistics of the net, which burn replaces, stay where they are.
fn in_place<M: Module>(net: &mut M, step: impl FnOnce(&mut M) -> Vec<Tensor<1>>) -> Vec<Tensor<1>> {
    let before = statistics(net);
    let results = step(net);
    if !before.is_empty() {
        let mut after = statistics(net).into_iter();
        let kept = before.into_iter().map(|before| match after.next() {
            Some(after) => overwrite(before, after),
            None => before,
        });
        *net = net.clone().map(&mut Place(kept.collect::<Vec<_>>().into_iter()));
    }
    results
}

/// Every float of a net that is not trained, `[n]` each, without autodiff.
fn statistics<M: Module>(net: &M) -> Vec<Tensor<1>> {
    struct Untrained(Vec<Tensor<1>>);
    impl ModuleVisitor for Untrained {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if !param.is_require_grad() {
                let n = param.shape().num_elements();
                self.0.push(param.val().inner().reshape([n]));
            }
        }
    }
    let mut untrained = Untrained(Vec::new());
    net.visit(&mut untrained);
    if !untrained.0.is_empty() {
        // This settles them: burn updates them one step late.
        let _ = net.valid();
        untrained.0.clear();
        net.visit(&mut untrained);
    }
    untrained.0
}

/// Puts them into a net, in the same order.
struct Place(std::vec::IntoIter<Tensor<1>>);

impl ModuleMapper for Place {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        if tensor.is_require_grad() {
            return Param::from_mapped_value(id, tensor, mapper);
        }
        let placed = self.0.next().map(|placed| Tensor::from_inner(placed.reshape(tensor.shape())));
        Param::from_mapped_value(id, placed.unwrap_or(tensor), mapper)
    }
}
