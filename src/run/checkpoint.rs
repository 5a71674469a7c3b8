//! A moment of a run: all that a net in training needs to go on from it, in the same worker or in another, after a reload or
//! after a device was lost. On the CPU a run that goes on is bit for bit the run that never stopped; what is random in it is
//! drawn anew up to the moment and passed over.

use crate::core::LabError;
use crate::run::optimizer::Optimizer;
use crate::run::training::read_all;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// A moment with more numbers than these is not kept: it would cost more than the run is worth.
pub const MAX_NUMBERS: usize = 12_000_000;

/// A net, its rule's memory, and what the section adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u32,
    /// Steps that the rule has done, which may be others: those of a file that was opened have no memory.
    pub optimizer_steps: u32,
    /// The net's numbers and then the memory's, see [`state_tensors`].
    pub numbers: Vec<f32>,
    /// What the section needs beside them, as it wrote it.
    pub extra_state: Vec<u8>,
}

impl Checkpoint {
    /// Reads one of a run of so many steps; whatever the bytes are, a moment comes of it or a sentence.
    pub fn read(bytes: &[u8], steps: u32) -> Result<Self, LabError> {
        let checkpoint: Self = postcard::from_bytes(bytes).map_err(|_| unfit())?;
        if checkpoint.step > steps { Err(unfit()) } else { Ok(checkpoint) }
    }
}

fn unfit() -> LabError {
    LabError::Data("What was saved of this run does not fit it: it cannot go on from there.".to_owned())
}

/// A net and the memory of its rule as tensors, in an order of their own: the parameters in the module's order, running
/// statistics among them, and then the memory. Nothing is read.
pub fn state_tensors<M: Module>(net: &M, optimizer: &Optimizer) -> Vec<Tensor<1>> {
    struct Flat(Vec<Tensor<1>>);
    impl ModuleVisitor for Flat {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val();
            let n = tensor.shape().num_elements();
            self.0.push(tensor.reshape([n]));
        }
    }
    let mut flat = Flat(Vec::new());
    // Without autodiff; this also settles the running statistics, which burn updates one step late.
    net.valid().visit(&mut flat);
    flat.0.extend(optimizer.state.iter().cloned());
    flat.0
}

/// Puts a moment's numbers back; a sentence if they are not this net's, which is then as it was.
pub fn restore<M: Module>(
    net: &mut M,
    optimizer: &mut Optimizer,
    checkpoint: &Checkpoint,
) -> Result<(), LabError> {
    /// How many numbers each parameter has, and whether it is trained.
    struct Sizes(Vec<(usize, bool)>);
    impl ModuleVisitor for Sizes {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push((param.shape().num_elements(), param.is_require_grad()));
        }
    }
    let mut sizes = Sizes(Vec::new());
    net.visit(&mut sizes);
    let device = net.devices().into_iter().next().ok_or_else(unfit)?.inner();
    let trained = sizes.0.iter().filter(|(_, trained)| *trained && checkpoint.optimizer_steps > 0);
    let state: Vec<usize> = trained.map(|(n, _)| optimizer.state_len(*n)).collect();
    let mut rest = checkpoint.numbers.as_slice();
    let mut tensors = Vec::new();
    for n in sizes.0.iter().map(|(n, _)| *n).chain(state.iter().copied()) {
        let (own, after) = rest.split_at_checked(n).ok_or_else(unfit)?;
        rest = after;
        tensors.push(Tensor::from_data(TensorData::new(own.to_vec(), [n]), &device));
    }
    if !rest.is_empty() {
        return Err(unfit());
    }
    optimizer.steps = checkpoint.optimizer_steps;
    put(net, optimizer, tensors);
    Ok(())
}

/// Has a net and its rule's memory be these tensors, which come as [`state_tensors`] gives them and are not copied.
pub(super) fn put<M: Module>(net: &mut M, optimizer: &mut Optimizer, tensors: Vec<Tensor<1>>) {
    struct Filler(std::vec::IntoIter<Tensor<1>>);
    impl ModuleMapper for Filler {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, tensor, mapper) = param.consume();
            let Some(own) = self.0.next() else { return Param::from_mapped_value(id, tensor, mapper) };
            let own = own.reshape(tensor.shape());
            let filled = if tensor.device().is_autodiff() { Tensor::from_inner(own) } else { own };
            let tracked = tensor.is_require_grad();
            Param::from_mapped_value(id, if tracked { filled.require_grad() } else { filled }, mapper)
        }
    }
    let mut filler = Filler(tensors.into_iter());
    *net = net.clone().map(&mut filler);
    optimizer.state = filler.0.collect();
}

/// Reads a moment from the device; nothing if it is too large to be kept, or holds what is no number.
pub async fn take(
    step: u32,
    optimizer_steps: u32,
    tensors: Vec<Tensor<1>>,
    extra_state: Vec<u8>,
) -> Result<Option<Checkpoint>, LabError> {
    if tensors.iter().map(|tensor| tensor.dims()[0]).sum::<usize>() > MAX_NUMBERS {
        return Ok(None);
    }
    let numbers = read_all(tensors).await?;
    Ok(numbers.iter().all(|number| number.is_finite()).then_some(Checkpoint {
        step,
        optimizer_steps,
        numbers,
        extra_state,
    }))
}
