//! Checkpoints: everything that a network in training needs to resume, in the same worker or another, after a
//! reload or a lost device. On the CPU a resumed run is bit for bit the run that never stopped; its random
//! stream is drawn again up to the checkpoint.

use crate::core::LabError;
use crate::run::optimizer::Optimizer;
use crate::run::training::read_all;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// The maximum number of elements of a checkpoint. Reading a larger one from the device would take too long.
pub const MAX_NUMBERS: usize = 12_000_000;

/// A network, its optimizer state, and what the section adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The number of steps done.
    pub step: u32,
    /// The number of steps the optimizer has done. It is smaller if the network came from a file, which has
    /// no optimizer state.
    pub optimizer_steps: u32,
    /// The elements of the network's tensors, then those of the optimizer; see [`state_tensors`].
    pub numbers: Vec<f32>,
    /// State of the section, in its own encoding.
    pub extra_state: Vec<u8>,
}

impl Checkpoint {
    /// Decodes a checkpoint of a run of at most `steps` steps.
    ///
    /// # Errors
    ///
    /// If the bytes are not such a checkpoint.
    pub fn read(bytes: &[u8], steps: u32) -> Result<Self, LabError> {
        let checkpoint: Self = postcard::from_bytes(bytes).map_err(|_| mismatch())?;
        if checkpoint.step > steps { Err(mismatch()) } else { Ok(checkpoint) }
    }
}

fn mismatch() -> LabError {
    LabError::Data("What was saved of this run does not fit it: it cannot go on from there.".to_owned())
}

/// Returns the tensors of a network and its optimizer, flattened: the parameters and running statistics in
/// the module's order, then the optimizer state. Nothing is read from the device.
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
    // burn updates running statistics one step late; `valid` settles them.
    net.valid().visit(&mut flat);
    flat.0.extend(optimizer.state.iter().cloned());
    flat.0
}

/// Restores network and optimizer from a checkpoint.
///
/// # Errors
///
/// If the checkpoint belongs to a network of other sizes; nothing is changed then.
pub fn restore<M: Module>(
    net: &mut M,
    optimizer: &mut Optimizer,
    checkpoint: &Checkpoint,
) -> Result<(), LabError> {
    /// The number of elements of each parameter, and true if it is trained.
    struct Sizes(Vec<(usize, bool)>);
    impl ModuleVisitor for Sizes {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push((param.shape().num_elements(), param.is_require_grad()));
        }
    }
    let mut sizes = Sizes(Vec::new());
    net.visit(&mut sizes);
    let device = net.devices().into_iter().next().ok_or_else(mismatch)?.inner();
    let trained = sizes.0.iter().filter(|(_, trained)| *trained && checkpoint.optimizer_steps > 0);
    let state: Vec<usize> = trained.map(|(n, _)| optimizer.state_len(*n)).collect();
    let mut rest = checkpoint.numbers.as_slice();
    let mut tensors = Vec::new();
    for n in sizes.0.iter().map(|(n, _)| *n).chain(state.iter().copied()) {
        let (own, after) = rest.split_at_checked(n).ok_or_else(mismatch)?;
        rest = after;
        tensors.push(Tensor::from_data(TensorData::new(own.to_vec(), [n]), &device));
    }
    if !rest.is_empty() {
        return Err(mismatch());
    }
    optimizer.steps = checkpoint.optimizer_steps;
    put(net, optimizer, tensors);
    Ok(())
}

/// Replaces the tensors of a network and its optimizer by these, in the order of [`state_tensors`], without
/// copying.
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

/// Reads a checkpoint from the device; `None` if it has more than [`MAX_NUMBERS`] elements or one that is not
/// finite.
///
/// # Errors
///
/// If the device fails.
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
