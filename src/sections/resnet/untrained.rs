//! Measurements of networks before any training.

#[cfg(feature = "compute")]
use super::PathFlow;
use super::{BlockChoice, PLAIN, Paths, ShortcutKind};
use crate::data::dataset::SetInfo;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The networks as they were built.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// The number of parameters counted in the plain network.
    pub params_plain: u32,
    /// The number of parameters counted in the residual network.
    pub params_residual: u32,
    /// Channels, height and width of the input, after the first convolution and after every block, from one
    /// forward pass.
    pub shapes: Vec<[u32; 3]>,
    /// The shortcut of each block of the residual network.
    pub shortcuts: Vec<ShortcutKind>,
    /// The number of logits.
    pub n_classes: u32,
    /// The kind of block.
    pub block: Option<BlockChoice>,
}

/// One backward pass through several untrained networks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// True if the networks have batch norm.
    pub batch_norm: bool,
    /// The plain networks, one per initialization.
    pub plain: Vec<NetFlow>,
    /// The residual networks, one per initialization.
    pub residual: Vec<NetFlow>,
}

impl Flow {
    /// Returns the networks of an arm.
    pub fn nets(&self, arm: usize) -> &[NetFlow] {
        if arm == PLAIN { &self.plain } else { &self.residual }
    }
}

/// One backward pass through one network; one entry per block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetFlow {
    /// L2 norm of the gradient with respect to the weight of the block's first convolution.
    pub weights: Vec<f32>,
    /// Root mean square of the block's output.
    pub signals: Vec<f32>,
    /// L2 norm of the gradient with respect to the block's output.
    pub deltas: Vec<f32>,
    /// Signal and gradient on every path.
    pub paths: Rc<Paths>,
}

impl NetFlow {
    #[cfg(feature = "compute")]
    pub(super) fn new(weights: Vec<f32>, paths: Paths) -> Self {
        let of =
            |value: fn(&PathFlow) -> f32| paths.blocks.iter().map(|block| value(&block.output)).collect();
        Self {
            weights,
            signals: of(|flow| flow.signal),
            deltas: of(|flow| flow.gradient),
            paths: Rc::new(paths),
        }
    }
}

/// The untrained networks of one depth, in the set-up of the prepared sweep over depths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DepthFlow {
    /// The number of layers with weights.
    pub depth: u32,
    /// The plain and the residual network.
    pub nets: [NetFlow; 2],
}

/// A shortcut that the model computed, and that was computed again by hand: in loops over plain numbers, in
/// 64-bit arithmetic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShortcutCheck {
    /// The number of the block, from 1.
    pub block: u32,
    /// The kind of the shortcut.
    pub kind: ShortcutKind,
    /// Channels, height and width of the input and of the output.
    pub shapes: [[u32; 3]; 2],
    /// The input of every channel at the first position of the first image: after batch norm and ReLU if the
    /// network has pre-activation.
    pub inputs: Vec<f32>,
    /// The weights of the first output channel, one per input. Empty without a projection.
    pub weights: Vec<f32>,
    /// The bias that is added to the weighted sum.
    pub bias: f32,
    /// Mean and standard deviation of the first output channel, if batch norm follows.
    pub norm: Option<[f64; 2]>,
    /// The first number of the output, by hand and by the model.
    pub first: [f64; 2],
    /// The number of compared numbers: the whole output for all images.
    pub compared: u32,
    /// The maximum difference between both.
    pub max_difference: f64,
}

/// The maximum number of held-out pictures in the chapter with the user's own.
pub const N_HELD_OUT: usize = 12;

/// Images and their classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pictures {
    /// 1 for gray, 3 for red, green and blue.
    pub channels: u32,
    /// Width and height.
    pub side: u32,
    /// `[n, channels, side, side]`
    pub pixels: Vec<u8>,
    /// The class of each image.
    pub labels: Vec<u8>,
}

/// Test images, and what both untrained networks answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// The data set that they are from.
    pub info: SetInfo,
    /// The first test image of each class.
    pub per_class: Pictures,
    /// For each network, the probabilities of the classes: `[n, n_classes]`.
    pub untrained: [Rc<Vec<f32>>; 2],
    /// The first [`N_HELD_OUT`] test images.
    pub held_out: Pictures,
    /// For each network, the probabilities of the classes: `[n, n_classes]`.
    pub untrained_held_out: [Rc<Vec<f32>>; 2],
}
