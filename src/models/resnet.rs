//! Residual networks for small images (He, Zhang, Ren and Sun 2016, "Deep residual learning", section 4.2),
//! and plain networks with the same layers.
//!
//! ```text
//! h_0 = relu(BN(conv3x3(x)))
//! h_{i+1} = relu(s_i(h_i) + F_i(h_i))            the residual block; a plain block is relu(F_i(h_i))
//! logits = W mean_{height, width}(h_last) + b
//! ```
//!
//! There are three stages of `n` blocks with `c`, `2c` and `4c` channels. The second and third stage start
//! with a stride of 2. `F` is two 3x3 convolutions (basic: depth `6n + 2`), or 1x1, 3x3 and 1x1 convolutions
//! with four times the channels at the end (bottleneck: depth `9n + 2`). Each is followed by batch norm
//! (Ioffe and Szegedy 2015) if that is on, and all but the last by ReLU. `s` is the identity where the shape
//! stays. Where it changes, [`ShortcutOption`] decides between zero padding and a 1x1 convolution. A bottleneck
//! block has its stride in the 3x3 convolution, as in today's libraries; the paper has it in the first 1x1
//! convolution.
//!
//! With pre-activation (He, Zhang, Ren and Sun 2016b, "Identity mappings in deep residual networks", section 4)
//! batch norm and ReLU come before each convolution, and nothing follows the addition:
//!
//! ```text
//! h_0 = conv3x3(x)
//! h_{i+1} = s_i(h_i) + F_i(h_i)                   F_i = conv3x3(a(conv3x3(a(h_i)))), a(h) = relu(BN(h))
//! logits = W mean_{height, width}(a(h_last)) + b
//! ```
//!
//! A projection then applies to `a(h_i)`, with the same batch norm as the first convolution of the block, and has
//! no batch norm of its own, as in the paper's published code.
//!
//! Batch norm is burn's module. In training (on an autodiff device) it normalizes with the statistics of the
//! batch and updates its running statistics, `running <- 0.9 running + 0.1 batch`, which is PyTorch's
//! convention of momentum. `valid()` uses the running statistics. Unlike PyTorch, the running variance uses
//! the biased variance of the batch, divided by `n` and not by `n - 1`. Clones of a module share its running
//! statistics, so two networks that train must be constructed separately.

mod block;
mod conv_norm;
mod plan;

pub use block::{Block, PathPosition, Shortcut};
pub use conv_norm::ConvNorm;
pub use plan::{BlockKind, Init, LayerOrder, Plan, ShortcutOption};

use crate::models::weights::WeightRng;
use burn::module::{Module, Param};
use burn::nn::{BatchNorm, Linear};
use burn::tensor::{Device, Tensor, activation::relu};
use conv_norm::{Initializer, normalized};

/// A residual or plain network.
#[derive(Module, Debug)]
pub struct ResNet {
    /// The first convolution, before all blocks.
    pub stem: ConvNorm,
    /// `3 n` blocks.
    pub blocks: Vec<Block>,
    /// The batch norm after the last block of a network with pre-activation.
    pub last_norm: Option<BatchNorm>,
    /// `[c_last, n_classes]`
    pub head: Linear,
    /// The order of the layers in each block.
    #[module(skip)]
    order: LayerOrder,
}

impl ResNet {
    /// Returns the network of a plan. Projections are initialized from a random stream of their own, so that
    /// a plain and a residual network with the same seed have the same weights in all other layers.
    pub fn new(plan: &Plan, seed: u64, device: &Device) -> Self {
        let draw = |seed| Initializer {
            rng: WeightRng::new(seed),
            init: plan.init,
            batch_norm: plan.batch_norm,
            order: plan.order,
            device,
        };
        let (mut own, mut shortcut) = (draw(seed), draw(seed ^ 0x5bd1_e995_0000));
        let stem = own.outer_conv(plan.channels_in, plan.channels, 3, 1);
        let mut blocks = Vec::new();
        let mut c_in = plan.channels;
        for stage in 0..3 {
            let channels = plan.channels << stage;
            for block in 0..plan.blocks_per_stage {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                blocks.push(Block::new(plan, c_in, channels, stride, &mut own, &mut shortcut));
                c_in = plan.kind.c_out(channels);
            }
        }
        let bound = (3.0 / c_in as f32).sqrt();
        let head = Linear {
            weight: own.rng.uniform([c_in, plan.n_classes], bound, device),
            bias: Some(Param::from_tensor(Tensor::zeros([plan.n_classes], device))),
        };
        let last_norm = if plan.order == LayerOrder::Pre { own.norm(c_in) } else { None };
        Self { stem, blocks, last_norm, head, order: plan.order }
    }

    /// Returns the logits.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, channels_in, side, side]`
    /// - output: `[batch, n_classes]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.forward_with(x, |_, _, h| h)
    }

    /// Like [`Self::forward`], but replaces the signal at every place of the stem (index 0) and the blocks
    /// (from 1) with the result of `at`. A probe can read the signal there, or add a leaf to read its
    /// gradient.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, channels_in, side, side]`
    /// - output: `[batch, n_classes]`
    pub fn forward_with(
        &self,
        x: Tensor<4>,
        mut at: impl FnMut(usize, PathPosition, Tensor<4>) -> Tensor<4>,
    ) -> Tensor<2> {
        let stem = self.stem.forward(x);
        let stem = if self.order == LayerOrder::Pre { stem } else { relu(stem) };
        let mut h = at(0, PathPosition::Output, stem);
        for (i, block) in self.blocks.iter().enumerate() {
            let output = block.forward_with(h, &mut |place, h| at(i + 1, place, h));
            h = at(i + 1, PathPosition::Output, output);
        }
        if self.order == LayerOrder::Pre {
            h = relu(normalized(self.last_norm.as_ref(), h));
        }
        let [batch, channels, height, width] = h.dims();
        // Global average pooling: [batch, channels, height, width] -> [batch, channels].
        let pooled = h.reshape([batch, channels, height * width]).mean_dim(2).reshape([batch, channels]);
        self.head.forward(pooled)
    }

    /// Returns the weight of the first convolution of every block.
    pub fn first_convs(&self) -> impl Iterator<Item = &Param<Tensor<4>>> {
        self.blocks.iter().filter_map(|block| block.convs.first()).map(|conv| &conv.conv.weight)
    }
}
