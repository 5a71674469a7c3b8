//! Training steps on a GPU that are captured once as a graph and replayed.
//!
//! A step of a small network takes the GPU little time; most of the time, the worker determines which kernels
//! to launch, and these are the same at every step. A captured step does that once. To make this work,
//!
//! - network and optimizer state keep their memory: optimizers update in place, and running statistics, which
//!   burn replaces at every step, are copied back to their old memory;
//! - values that differ from step to step are copied into static inputs before each replay;
//! - the loss and the other measurements are copied after each replay, before the next one overwrites them.

use crate::run::checkpoint;
use crate::run::optimizer::Optimizer;
use crate::run::step::{Input, device_of, upload};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::graph::{CaptureError, Graph, Preparation, prepare};
use nn_lab_kernels::overwrite::{copy, overwrite};

/// The number of eager steps before a step is captured. By then burn's fusion plans have settled, and a very
/// short run is not worth a capture.
const WARM_UP_STEPS: u32 = 4;
/// The number of further steps that are rehearsed: every operation is queued on its own, as in the captured
/// step.
const REHEARSAL_STEPS: u32 = 2;
/// The first step that can be replayed.
pub const FIRST_REPLAYED: u32 = WARM_UP_STEPS + REHEARSAL_STEPS + 1;
/// After this many failed captures no further one is tried.
const MAX_FAILURES: u32 = 3;
/// The maximum number of captured steps per network: each holds memory of its own.
const MAX_CAPTURES: usize = 2;

/// The properties that steps must have in common to share one capture. The constants of the optimizer (decay
/// rates, weight decay) are part of a capture, too, but an optimizer never changes them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CaptureKey {
    shapes: Vec<Vec<usize>>,
    max_norm: Option<f64>,
    variant: u8,
}

impl CaptureKey {
    pub(super) fn new(inputs: &[Input], max_norm: Option<f64>, variant: u8) -> Self {
        Self { shapes: inputs.iter().map(|input| input.shape().to_vec()).collect(), max_norm, variant }
    }
}

/// The progress of capturing a network's steps, for each kind of step.
pub(super) struct GraphCapture<M> {
    stages: Vec<(CaptureKey, Stage<M>)>,
    /// The number of failed captures.
    failures: u32,
}

enum Stage<M> {
    /// This many steps were done eagerly.
    WarmUp(u32),
    /// This many steps were rehearsed.
    Rehearsal(u32, Box<Prepared>),
    Captured(Box<Captured<M>>),
}

struct Prepared {
    preparation: Preparation,
    inputs: StaticInputs,
    /// Room for copies of [`checkpoint::state_tensors`], in case the capture fails. Memory cannot be
    /// allocated during the capture, so it is allocated before.
    backup: Vec<Tensor<1>>,
}

/// The tensors that a captured step reads.
struct StaticInputs {
    inputs: Vec<Tensor<1>>,
    rates: Tensor<1>,
}

impl StaticInputs {
    fn new(inputs: &[Input], rates: &[f32], device: &Device) -> Self {
        let (inputs, rates) = upload(inputs, rates, device);
        Self { inputs, rates }
    }

    fn fill(&self, inputs: &[Input], rates: &[f32]) {
        let (inputs, rates) = upload(inputs, rates, &self.rates.device());
        for (place, input) in self.inputs.iter().zip(inputs) {
            overwrite(place.clone(), input);
        }
        overwrite(self.rates.clone(), rates);
    }

    /// Does a step with the current values.
    fn step<M: Module>(&self, net: &mut M, optimizer: &mut Optimizer, work: &StepWork<M>) -> Results {
        Results::new(in_place(net, |net| (work.run)(net, optimizer, &self.inputs, self.rates.clone())))
    }
}

/// A captured step.
struct Captured<M> {
    inputs: StaticInputs,
    graph: Graph<CapturedTensors<M>>,
}

/// The tensors that a captured step writes, kept alive as long as the graph.
struct CapturedTensors<M> {
    results: Results,
    _net: M,
    _state: Vec<Tensor<1>>,
}

/// The loss and the measurements in one tensor, and the length of each.
struct Results {
    all: Tensor<1>,
    lengths: Vec<usize>,
}

impl Results {
    fn new(results: Vec<Tensor<1>>) -> Self {
        let lengths = results.iter().map(|result| result.dims()[0]).collect();
        Self { all: Tensor::cat(results, 0), lengths }
    }

    /// Returns each result separately, in memory that no replay overwrites.
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
    /// Replays the step with the current inputs. A lost device shows when the results are read.
    fn replay(&self) -> Vec<Tensor<1>> {
        let _ = self.graph.replay();
        self.graph.held.results.copies()
    }
}

impl<M> Default for GraphCapture<M> {
    fn default() -> Self {
        Self { stages: Vec::new(), failures: 0 }
    }
}

/// The work of one step.
pub(super) struct StepWork<'a, M> {
    pub(super) inputs: &'a [Input],
    pub(super) rates: &'a [f32],
    /// Updates network and optimizer, and returns the loss and the measurements.
    pub(super) run: &'a StepFn<'a, M>,
}

/// A step on the device, given inputs and rates.
type StepFn<'a, M> = dyn Fn(&mut M, &mut Optimizer, &[Tensor<1>], Tensor<1>) -> Vec<Tensor<1>> + 'a;

impl<M: Module> StepWork<'_, M> {
    /// Does the step without a graph, as on the CPU.
    pub(super) fn run_eagerly(&self, net: &mut M, optimizer: &mut Optimizer) -> Vec<Tensor<1>> {
        let Some(device) = device_of(net) else { return Vec::new() };
        let (inputs, rates) = upload(self.inputs, self.rates, &device);
        (self.run)(net, optimizer, &inputs, rates)
    }
}

impl<M: Module> GraphCapture<M> {
    /// Does one step, replayed if it has been captured. A step without a key is never captured.
    pub(super) fn step(
        &mut self,
        net: &mut M,
        optimizer: &mut Optimizer,
        key: Option<CaptureKey>,
        work: &StepWork<M>,
    ) -> Vec<Tensor<1>> {
        let captures = self.stages.iter().filter(|(_, stage)| !matches!(stage, Stage::WarmUp(_))).count();
        let run_eagerly = |net: &mut M, optimizer: &mut Optimizer| match captures {
            0 => work.run_eagerly(net, optimizer),
            _ => in_place(net, |net| work.run_eagerly(net, optimizer)),
        };
        let Some(key) = key else { return run_eagerly(net, optimizer) };
        // The limit on the norm is part of the graph. Once the user has changed it, captures with the old
        // value are not needed.
        self.stages.retain(|(known, _)| known.max_norm == key.max_norm);
        let index = self.stages.iter().position(|(known, _)| *known == key);
        let stage = index.map_or(Stage::WarmUp(0), |index| self.stages.swap_remove(index).1);
        let (results, stage) = match stage {
            Stage::Captured(captured) => {
                captured.inputs.fill(work.inputs, work.rates);
                (captured.replay(), Stage::Captured(captured))
            }
            Stage::Rehearsal(done, prepared) if done < REHEARSAL_STEPS => {
                let Prepared { preparation, inputs, .. } = &*prepared;
                inputs.fill(work.inputs, work.rates);
                let results = preparation.rehearse(|| inputs.step(net, optimizer, work)).copies();
                (results, Stage::Rehearsal(done + 1, prepared))
            }
            Stage::Rehearsal(_, prepared) => match capture(net, optimizer, work, *prepared) {
                Some(captured) => (captured.replay(), Stage::Captured(Box::new(captured))),
                None => {
                    self.failures += 1;
                    // The network is in other memory now, so that captures of other steps are useless.
                    self.stages.clear();
                    (run_eagerly(net, optimizer), Stage::WarmUp(0))
                }
            },
            Stage::WarmUp(done) => {
                let results = run_eagerly(net, optimizer);
                let ready =
                    done + 1 >= WARM_UP_STEPS && self.failures < MAX_FAILURES && captures < MAX_CAPTURES;
                let prepared =
                    if ready { prepare_step(net, optimizer, work) } else { Err(CaptureError::Busy) };
                if prepared.as_ref().is_err_and(|error| *error == CaptureError::Unsupported) {
                    self.failures = MAX_FAILURES;
                }
                let waiting = Stage::WarmUp(done.saturating_add(1));
                (results, prepared.map_or(waiting, |prepared| Stage::Rehearsal(0, Box::new(prepared))))
            }
        };
        self.stages.push((key, stage));
        results
    }
}

/// Allocates the memory that a capture needs in addition to that of the step itself.
fn prepare_step<M: Module>(
    net: &M,
    optimizer: &Optimizer,
    work: &StepWork<M>,
) -> Result<Prepared, CaptureError> {
    let device = device_of(net).ok_or(CaptureError::Unsupported)?;
    Ok(Prepared {
        preparation: prepare(&device)?,
        inputs: StaticInputs::new(work.inputs, work.rates, &device),
        backup: checkpoint::state_tensors(net, optimizer).into_iter().map(copy).collect(),
    })
}

/// Captures a step. If that fails, network and optimizer get their previous values, in other memory.
fn capture<M: Module>(
    net: &mut M,
    optimizer: &mut Optimizer,
    work: &StepWork<M>,
    prepared: Prepared,
) -> Option<Captured<M>> {
    let Prepared { preparation, inputs, backup } = prepared;
    for (backup, current) in backup.iter().zip(checkpoint::state_tensors(net, optimizer)) {
        overwrite(backup.clone(), current);
    }
    inputs.fill(work.inputs, work.rates);
    let graph = preparation.capture(|| CapturedTensors {
        results: inputs.step(net, optimizer, work),
        _net: net.clone(),
        _state: optimizer.state.clone(),
    });
    match graph {
        Ok(graph) => Some(Captured { inputs, graph }),
        Err(_) => {
            checkpoint::put(net, optimizer, backup);
            None
        }
    }
}

/// Does a step, and moves the running statistics of the network, which burn replaces, back to their memory.
fn in_place<M: Module>(net: &mut M, step: impl FnOnce(&mut M) -> Vec<Tensor<1>>) -> Vec<Tensor<1>> {
    let before = statistics(net);
    let results = step(net);
    if !before.is_empty() {
        let mut after = statistics(net).into_iter();
        let kept = before.into_iter().map(|before| match after.next() {
            Some(after) => overwrite(before, after),
            None => before,
        });
        *net = net.clone().map(&mut SetStatistics(kept.collect::<Vec<_>>().into_iter()));
    }
    results
}

/// Returns every float tensor of a network that is not trained, `[n]` each, without autodiff.
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
        // burn updates running statistics one step late; `valid` settles them.
        let _ = net.valid();
        untrained.0.clear();
        net.visit(&mut untrained);
    }
    untrained.0
}

/// Replaces the untrained tensors of a network, in the same order.
struct SetStatistics(std::vec::IntoIter<Tensor<1>>);

impl ModuleMapper for SetStatistics {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        if tensor.is_require_grad() {
            return Param::from_mapped_value(id, tensor, mapper);
        }
        let replaced = self.0.next().map(|new| Tensor::from_inner(new.reshape(tensor.shape())));
        Param::from_mapped_value(id, replaced.unwrap_or(tensor), mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_limit_on_the_norm_needs_another_capture() {
        let key = |max_norm| CaptureKey::new(&[Input::new(vec![0.0; 6], [2, 3])], max_norm, 0);
        assert_eq!(key(Some(1.0)), key(Some(1.0)));
        assert_ne!(key(Some(1.0)), key(Some(0.5)));
        assert_ne!(key(Some(1.0)), key(None), "clipping was turned off");
    }
}
