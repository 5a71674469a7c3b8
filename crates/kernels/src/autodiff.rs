//! Connects an operation with a handwritten backward pass to burn's autodiff.

use burn::backend::{Autodiff, Backend, tensor::FloatTensor};
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use std::{fmt::Debug, marker::PhantomData};

/// Tensors and constants that an operation with `N` inputs saves in its forward pass for its backward pass.
pub(crate) trait SavedForBackward<B: Backend, const N: usize>: Clone + Debug + Send + 'static {
    /// Returns the gradient of each input. An input that does not need one may get `None`.
    fn gradients(self, d_output: FloatTensor<B>, is_needed: [bool; N]) -> [Option<FloatTensor<B>>; N];
}

/// The node of the autodiff graph for every operation of this crate; its state is the saved tensors.
#[derive(Debug)]
struct BackwardStep<S>(PhantomData<S>);

impl<B: Backend, S: SavedForBackward<B, N>, const N: usize> Backward<B, N> for BackwardStep<S> {
    type State = S;

    fn backward(self, ops: Ops<S, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let d_output = grads.consume::<B>(&ops.node);
        let is_needed = ops.parents.each_ref().map(Option::is_some);
        let gradients = ops.state.gradients(d_output, is_needed);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

/// Returns the output as a tensor of the autodiff graph. `saved` is dropped if no input is tracked.
pub(crate) fn track<B: Backend, C: CheckpointStrategy, S: SavedForBackward<B, N>, const N: usize>(
    inputs: [NodeGuard; N],
    output: FloatTensor<B>,
    saved: S,
) -> FloatTensor<Autodiff<B, C>> {
    let step = BackwardStep::<S>(PhantomData);
    match Backward::<B, N>::prepare::<C>(step, inputs).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(saved, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}
