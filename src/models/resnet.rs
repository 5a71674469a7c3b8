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

use crate::models::cnn::convolve;
use crate::models::weights::WeightRng;
use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, PaddingConfig2d};
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor, activation::relu, s};
use nn_lab_kernels::batch_norm::batch_norm;

/// The layers of the residual function `F`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// 3x3, 3x3
    Basic,
    /// 1x1, 3x3, 1x1 to four times the channels
    Bottleneck,
}

/// The shortcuts of a residual network: options A, B and C of He et al. 2016, section 4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortcutOption {
    /// Option A: no parameters. Where the shape changes, the identity skips rows and columns and appends
    /// channels of zeros. The paper uses it for CIFAR-10 (section 4.2).
    ZeroPadding,
    /// Option B: a projection where the shape changes, the identity elsewhere.
    Projection,
    /// Option C: a projection in every block.
    AllProjections,
}

/// The variance of initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// `2 / fan_in`: preserves the signal's variance through ReLU (He et al. 2015, "Delving deep into
    /// rectifiers").
    He,
    /// `1 / fan_in`: preserves it without ReLU (LeCun et al. 1998). With ReLU, each layer halves the
    /// variance.
    LeCun,
    /// `1 / (3 fan_in)`, and biases from U(-1/sqrt(fan_in), 1/sqrt(fan_in)): PyTorch's default.
    Torch,
}

/// The order of convolution, batch norm and ReLU in the blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LayerOrder {
    /// Convolution, batch norm, ReLU. ReLU also follows the addition (He et al. 2016).
    #[default]
    Post,
    /// Batch norm, ReLU, convolution. Nothing follows the addition (He et al. 2016b).
    Pre,
}

/// The hyperparameters of a network's architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The number of channels of an image.
    pub channels_in: usize,
    /// The number of classes.
    pub n_classes: usize,
    /// The layers of each block.
    pub kind: BlockKind,
    /// `n`: blocks in each of the three stages.
    pub blocks_per_stage: usize,
    /// `c`: channels of the first stage; 16 in the paper.
    pub channels: usize,
    /// True if batch norm follows each convolution.
    pub batch_norm: bool,
    /// The shortcuts of the blocks; `None` for a plain network.
    pub shortcuts: Option<ShortcutOption>,
    /// The variance of initial weights.
    pub init: Init,
    /// The order of the layers in each block.
    pub order: LayerOrder,
}

/// A convolution with batch norm, or with a bias instead.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// `[c_out, c_in, k, k]`; without a bias in a network with batch norm, which would subtract most of them again.
    pub conv: Conv2d,
    /// The batch norm after the convolution, or before it in a block with pre-activation.
    pub norm: Option<BatchNorm>,
}

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

impl Init {
    /// Returns the bounds of the uniform distributions of weights and biases: `sqrt(3 variance)`.
    fn bounds(self, fan_in: f32) -> (f32, f32) {
        match self {
            Self::He => ((6.0 / fan_in).sqrt(), 0.0),
            Self::LeCun => ((3.0 / fan_in).sqrt(), 0.0),
            Self::Torch => ((1.0 / fan_in).sqrt(), (1.0 / fan_in).sqrt()),
        }
    }
}

/// Initializes the layers of a network.
struct Initializer<'a> {
    rng: WeightRng,
    init: Init,
    batch_norm: bool,
    order: LayerOrder,
    device: &'a Device,
}

impl Initializer<'_> {
    /// Returns a convolution with a `k x k` kernel and padding that keeps the size, for a branch.
    fn conv(&mut self, c_in: usize, c_out: usize, k: usize, stride: usize) -> ConvNorm {
        let fan_in = (c_in * k * k) as f32;
        let (bound, bias_bound) = self.init.bounds(fan_in);
        let pad = k / 2;
        let weight = self.rng.uniform([c_out, c_in, k, k], bound, self.device);
        // Drawn even if unused, so that all later weights are the same with and without batch norm.
        let bias = self.rng.uniform([c_out], bias_bound, self.device);
        let conv = Conv2d {
            weight,
            bias: (!self.batch_norm).then_some(bias),
            stride: [stride; 2],
            kernel_size: [k; 2],
            dilation: [1; 2],
            groups: 1,
            padding: PaddingConfig2d::Explicit(pad, pad, pad, pad),
        };
        let channels = match self.order {
            LayerOrder::Post => c_out,
            LayerOrder::Pre => c_in,
        };
        ConvNorm { conv, norm: self.norm(channels) }
    }

    /// Returns a convolution outside of a branch: the first of the network, or a projection. With
    /// pre-activation it has no batch norm.
    fn outer_conv(&mut self, c_in: usize, c_out: usize, k: usize, stride: usize) -> ConvNorm {
        let conv = self.conv(c_in, c_out, k, stride);
        match self.order {
            LayerOrder::Post => conv,
            LayerOrder::Pre => ConvNorm { norm: None, ..conv },
        }
    }

    fn norm(&self, channels: usize) -> Option<BatchNorm> {
        self.batch_norm.then(|| BatchNormConfig::new(channels).init(self.device))
    }
}

impl ConvNorm {
    /// Returns the normalized convolution.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, height, width]`
    /// - output: `[batch, c_out, ceil(height / stride), ceil(width / stride)]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        normalized(self.norm.as_ref(), convolve(&self.conv, x))
    }

    /// Returns the convolution of the pre-activation: `conv(relu(BN(x)))`.
    ///
    /// # Shapes
    ///
    /// As in [`Self::forward`].
    pub fn forward_pre(&self, x: Tensor<4>) -> Tensor<4> {
        convolve(&self.conv, relu(normalized(self.norm.as_ref(), x)))
    }

    /// Returns the pre-activation `relu(BN(x))` for the shortcut. It leaves the running statistics alone,
    /// because the branch updates them with the same input.
    fn pre_activation(&self, x: Tensor<4>) -> Tensor<4> {
        relu(match &self.norm {
            Some(norm) if x.device().is_autodiff() => {
                batch_norm(x, norm.gamma.val(), norm.beta.val(), norm.epsilon as f32).output
            }
            norm => normalized(norm.as_ref(), x),
        })
    }
}

/// Applies batch norm if there is one.
fn normalized(norm: Option<&BatchNorm>, x: Tensor<4>) -> Tensor<4> {
    match norm {
        Some(norm) if x.device().is_autodiff() => normalize(norm, x),
        Some(norm) => norm.forward(x),
        None => x,
    }
}

/// Applies burn's batch norm in training, with the lab's own operation.
fn normalize(norm: &BatchNorm, x: Tensor<4>) -> Tensor<4> {
    let device = x.device();
    let normalized = batch_norm(x, norm.gamma.val(), norm.beta.val(), norm.epsilon as f32);
    let updated = |running: Tensor<1>, batch: Tensor<1>| {
        let running = running.to_device(&device).mul_scalar(1.0 - norm.momentum);
        (running + batch.mul_scalar(norm.momentum)).detach()
    };
    norm.running_mean.update(updated(norm.running_mean.value_sync(), normalized.mean));
    norm.running_var.update(updated(norm.running_var.value_sync(), normalized.variance));
    normalized.output
}

impl Block {
    fn new(
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

impl BlockKind {
    fn c_out(self, channels: usize) -> usize {
        match self {
            Self::Basic => channels,
            Self::Bottleneck => 4 * channels,
        }
    }
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
