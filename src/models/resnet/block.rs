//! A block of a residual or plain network: its layers, its shortcut, and the paths through them.

use super::conv_norm::{ConvNorm, Initializer};
use super::plan::{BlockKind, LayerOrder, Plan, ShortcutOption};
use burn::module::Module;
use burn::tensor::ops::PadMode;
use burn::tensor::{Tensor, activation::relu, s};

/// `relu(s(x) + F(x))`, or `relu(F(x))`; with pre-activation `s(x) + F(x)`, or `F(x)`.
#[derive(Module, Debug)]
pub struct Block {
    /// `F`: with ReLU after all convolutions but the last, or before all of them.
    pub convs: Vec<ConvNorm>,
    /// `s` if it is a projection.
    pub projection: Option<ConvNorm>,
    /// `s` if it has no parameters.
    #[module(skip)]
    identity: Option<PaddedIdentity>,
    /// The order of the layers.
    #[module(skip)]
    order: LayerOrder,
}

/// The identity between two shapes: every `stride`-th row and column of every channel, followed by channels of
/// zeros (option A of He et al. 2016, section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PaddedIdentity {
    stride: usize,
    /// The number of channels of zeros.
    zeros: usize,
}

/// The shortcut of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// The input, unchanged.
    Identity,
    /// The input without some of its rows and columns, and with channels of zeros appended.
    ZeroPadding,
    /// A 1x1 convolution of the input.
    Projection,
}

/// A point in a block where the signal can be read, or where a leaf can be added to read its gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPosition {
    /// The input of a block's layers.
    BranchInput,
    /// The output of the layers: `F(x)`.
    Branch,
    /// The input of a projection or of a padded identity; the identity between equal shapes does not have it.
    ShortcutInput,
    /// The output of the shortcut: `s(x)`.
    Shortcut,
    /// `s(x) + F(x)`, before any ReLU.
    Sum,
    /// The output of a block or of the stem.
    Output,
}

impl Block {
    /// Returns a block. A projection is initialized by `init_shortcut`, all other layers by `init`.
    pub(super) fn new(
        plan: &Plan,
        c_in: usize,
        channels: usize,
        stride: usize,
        init: &mut Initializer<'_>,
        init_shortcut: &mut Initializer<'_>,
    ) -> Self {
        let c_out = plan.kind.c_out(channels);
        let convs = match plan.kind {
            BlockKind::Basic => {
                vec![init.conv(c_in, channels, 3, stride), init.conv(channels, channels, 3, 1)]
            }
            BlockKind::Bottleneck => vec![
                init.conv(c_in, channels, 1, 1),
                init.conv(channels, channels, 3, stride),
                init.conv(channels, c_out, 1, 1),
            ],
        };
        let changes = c_in != c_out || stride != 1;
        let projects = match plan.shortcuts {
            None | Some(ShortcutOption::ZeroPadding) => false,
            Some(ShortcutOption::Projection) => changes,
            Some(ShortcutOption::AllProjections) => true,
        };
        let projection = projects.then(|| init_shortcut.outer_conv(c_in, c_out, 1, stride));
        let identity = (plan.shortcuts.is_some() && !projects)
            .then(|| PaddedIdentity { stride, zeros: c_out.saturating_sub(c_in) });
        Self { convs, projection, identity, order: plan.order }
    }

    /// Returns the block's shortcut, or `None` if the block is plain.
    pub fn shortcut(&self) -> Option<Shortcut> {
        match (&self.projection, self.identity) {
            (Some(_), _) => Some(Shortcut::Projection),
            (None, Some(identity)) if identity.keeps_shape() => Some(Shortcut::Identity),
            (None, Some(_)) => Some(Shortcut::ZeroPadding),
            (None, None) => None,
        }
    }

    /// Returns true if batch norm and ReLU come before the convolutions.
    pub fn is_pre_activated(&self) -> bool {
        self.order == LayerOrder::Pre
    }

    /// Returns `F(x)`, before the shortcut is added.
    pub fn residual(&self, x: Tensor<4>) -> Tensor<4> {
        if self.order == LayerOrder::Pre {
            return self.convs.iter().fold(x, |h, conv| conv.forward_pre(h));
        }
        let last = self.convs.len().saturating_sub(1);
        self.convs.iter().enumerate().fold(x, |h, (i, conv)| {
            let h = conv.forward(h);
            if i < last { relu(h) } else { h }
        })
    }

    /// Returns the input of the projection.
    fn projected(&self, x: Tensor<4>) -> Tensor<4> {
        match (self.order, self.convs.first()) {
            (LayerOrder::Pre, Some(first)) => first.pre_activation(x),
            _ => x,
        }
    }

    /// Returns the output of the block.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, height, width]`
    /// - output: `[batch, c_out, ceil(height / stride), ceil(width / stride)]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_with(x, &mut |_, h| h)
    }

    /// Like [`Self::forward`], but replaces the signal at every [`PathPosition`] except the output with the
    /// result of `at`.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, height, width]`
    /// - output: `[batch, c_out, ceil(height / stride), ceil(width / stride)]`
    pub fn forward_with(
        &self,
        x: Tensor<4>,
        at: &mut impl FnMut(PathPosition, Tensor<4>) -> Tensor<4>,
    ) -> Tensor<4> {
        let branch = self.residual(at(PathPosition::BranchInput, x.clone()));
        let branch = at(PathPosition::Branch, branch);
        let shortcut = match (&self.projection, self.identity) {
            (Some(projection), _) => {
                Some(projection.forward(self.projected(at(PathPosition::ShortcutInput, x))))
            }
            (None, Some(identity)) if identity.keeps_shape() => Some(x),
            (None, Some(identity)) => Some(identity.forward(at(PathPosition::ShortcutInput, x))),
            (None, None) => None,
        };
        let sum = match shortcut {
            Some(shortcut) => at(PathPosition::Shortcut, shortcut) + branch,
            None => branch,
        };
        let sum = at(PathPosition::Sum, sum);
        match self.order {
            LayerOrder::Post => relu(sum),
            LayerOrder::Pre => sum,
        }
    }
}

impl PaddedIdentity {
    fn keeps_shape(self) -> bool {
        self == Self { stride: 1, zeros: 0 }
    }

    /// Returns the input without the skipped rows and columns, followed by channels of zeros.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, height, width]`
    /// - output: `[batch, c_in + zeros, ceil(height / stride), ceil(width / stride)]`
    fn forward(self, x: Tensor<4>) -> Tensor<4> {
        let Self { stride, zeros } = self;
        let x = if stride > 1 { x.slice(s![.., .., ..;stride, ..;stride]) } else { x };
        if zeros > 0 { x.pad([(0, 0), (0, zeros), (0, 0), (0, 0)], PadMode::Constant(0.0)) } else { x }
    }
}
