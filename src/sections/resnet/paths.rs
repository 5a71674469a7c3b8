//! The size of signal and gradient on every path of every block.

use serde::{Deserialize, Serialize};

#[cfg(feature = "compute")]
use super::nets::{norm, root_mean_square};
#[cfg(feature = "compute")]
use crate::models::resnet::{PathPosition, ResNet as Net, Shortcut};
#[cfg(feature = "compute")]
use burn::tensor::{Gradients, Tensor};

/// Signal and gradient on every path, from one forward and one backward pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Paths {
    /// The training step; 0 for an untrained network.
    pub step: u32,
    /// Signal and gradient at the input of the first block.
    pub input: Flow,
    /// The paths through each block.
    pub blocks: Vec<BlockPaths>,
}

/// The signal that flows forward and the gradient that flows backward at one position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Root mean square of the activations.
    pub signal: f32,
    /// L2 norm of the gradient of the loss.
    pub gradient: f32,
}

/// The paths through one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockPaths {
    /// The signal after the layers, `F(x)`, and the gradient that they pass back to the block's input.
    pub branch: Flow,
    /// The signal after the shortcut, `s(x)`, and the gradient that it passes back. `None` in a plain block.
    pub shortcut: Option<Flow>,
    /// The kind of the shortcut, if there is one.
    pub kind: ShortcutKind,
    /// The sum before ReLU. An addition passes the same gradient to both paths.
    pub sum: Flow,
    /// The output after ReLU.
    pub output: Flow,
}

/// The function on a shortcut. The order of the variants is the format of saved runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShortcutKind {
    /// The input, unchanged.
    #[default]
    Identity,
    /// A 1 x 1 convolution.
    Projection,
    /// The input without some of its rows and columns, and with channels of zeros appended.
    ZeroPadding,
}

#[cfg(feature = "compute")]
impl From<Shortcut> for ShortcutKind {
    fn from(shortcut: Shortcut) -> Self {
        match shortcut {
            Shortcut::Identity => Self::Identity,
            Shortcut::Projection => Self::Projection,
            Shortcut::ZeroPadding => Self::ZeroPadding,
        }
    }
}

impl Paths {
    /// Returns signal and gradient at the input of a block; the first is 0.
    pub fn input_of(&self, block: usize) -> Flow {
        let before = block.checked_sub(1).and_then(|before| self.blocks.get(before));
        before.map_or(self.input, |before| before.output)
    }
}

/// Records the signals of one forward pass, and the leaves whose gradients are read after the backward pass.
#[cfg(feature = "compute")]
#[derive(Debug)]
pub(super) struct Watch {
    blocks: Vec<BlockPaths>,
    signals: Vec<(usize, PathPosition, Tensor<1>)>,
    leaves: Vec<(usize, PathPosition, Tensor<4>)>,
}

/// The positions of the measured values.
#[cfg(feature = "compute")]
#[derive(Clone, Debug)]
pub(super) struct Watched {
    blocks: Vec<BlockPaths>,
    /// For each value: the block, the position in it, and true for a gradient. Signals come first.
    positions: Vec<(usize, PathPosition, bool)>,
}

#[cfg(feature = "compute")]
impl Watch {
    pub(super) fn new(net: &Net) -> Self {
        let block = |block: &crate::models::resnet::Block| BlockPaths {
            kind: block.shortcut().map(ShortcutKind::from).unwrap_or_default(),
            shortcut: block.shortcut().map(|_| Flow::default()),
            ..BlockPaths::default()
        };
        Self { blocks: net.blocks.iter().map(block).collect(), signals: Vec::new(), leaves: Vec::new() }
    }

    /// Records the signal at a position, and adds a leaf of zeros: only leaves have gradients that can be
    /// read.
    pub(super) fn at(&mut self, index: usize, position: PathPosition, h: Tensor<4>) -> Tensor<4> {
        let block =
            index.checked_sub(1).and_then(|block| self.blocks.get(block)).copied().unwrap_or_default();
        let (has_shortcut, is_identity) = (block.shortcut.is_some(), block.kind == ShortcutKind::Identity);
        // The output of an identity and the sum of a plain block follow from their neighbors.
        let signal = match position {
            PathPosition::BranchInput | PathPosition::ShortcutInput => false,
            PathPosition::Branch | PathPosition::Output => true,
            PathPosition::Shortcut => !is_identity,
            PathPosition::Sum => has_shortcut,
        };
        let leaf = match position {
            PathPosition::BranchInput => has_shortcut,
            PathPosition::Branch | PathPosition::Shortcut => false,
            PathPosition::ShortcutInput | PathPosition::Sum | PathPosition::Output => true,
        };
        if signal {
            self.signals.push((index, position, root_mean_square(h.clone().inner())));
        }
        if !leaf {
            return h;
        }
        let leaf = Tensor::<4>::zeros(h.dims(), &h.device()).require_grad();
        self.leaves.push((index, position, leaf.clone()));
        h + leaf
    }

    /// Returns the positions and the values, `[1]` each and still on the device, from the gradients of the
    /// backward pass.
    pub(super) fn measured(self, grads: &Gradients) -> (Watched, Vec<Tensor<1>>) {
        let Self { blocks, signals, leaves } = self;
        let (mut positions, mut values) = (Vec::new(), Vec::new());
        for (index, position, signal) in signals {
            positions.push((index, position, false));
            values.push(signal);
        }
        for (index, position, leaf) in leaves {
            if let Some(grad) = leaf.grad(grads) {
                positions.push((index, position, true));
                values.push(norm(grad));
            }
        }
        (Watched { blocks, positions }, values)
    }
}

#[cfg(feature = "compute")]
impl Watched {
    /// Assigns the values of a step to their positions.
    pub(super) fn paths(&self, step: u32, values: &[f32]) -> Paths {
        let mut paths = Paths { step, input: Flow::default(), blocks: self.blocks.clone() };
        for (&(index, position, is_gradient), &value) in self.positions.iter().zip(values) {
            let block = index.checked_sub(1).and_then(|block| paths.blocks.get_mut(block));
            let flow = match (block, position) {
                (None, _) => Some(&mut paths.input),
                (Some(block), PathPosition::BranchInput | PathPosition::Branch) => Some(&mut block.branch),
                (Some(block), PathPosition::ShortcutInput | PathPosition::Shortcut) => {
                    block.shortcut.as_mut()
                }
                (Some(block), PathPosition::Sum) => Some(&mut block.sum),
                (Some(block), PathPosition::Output) => Some(&mut block.output),
            };
            match flow {
                Some(flow) if is_gradient => flow.gradient = value,
                Some(flow) => flow.signal = value,
                None => {}
            }
        }
        let mut input = paths.input;
        for block in &mut paths.blocks {
            match &mut block.shortcut {
                // An identity passes on its input, and its gradient, unchanged.
                Some(shortcut) if block.kind == ShortcutKind::Identity => {
                    *shortcut = Flow { signal: input.signal, gradient: block.sum.gradient };
                }
                Some(_) => {}
                None => {
                    block.sum.signal = block.branch.signal;
                    block.branch.gradient = input.gradient;
                }
            }
            input = block.output;
        }
        paths
    }
}
