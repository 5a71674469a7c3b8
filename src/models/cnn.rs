//! A convolutional network of five blocks, with standard or with depthwise separable convolutions.
//!
//! A standard convolution from `C_in` to `C_out` channels sums over positions and channels at once:
//! `y[o, r, c] = b[o] + sum_{i, u, v} w[o, i, u, v] x[i, S r + D u - P, S c + D v - P]`, with
//! `K^2 C_in C_out` weights. A depthwise separable convolution (Sifre 2014; Howard et al. 2017, MobileNets,
//! section 3.1) sums over positions first, with one `K x K` kernel per channel, and then over channels, with
//! a `1 x 1` convolution. It has `K^2 C_in + C_in C_out` weights.

use crate::models::weights::WeightRng;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::pool::relu_pool;

/// Kernel size, stride, padding and dilation of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// `K`, at least 1: the kernel is K x K.
    pub kernel: usize,
    /// `S`, at least 1
    pub stride: usize,
    /// `P`, the width of the border of zeros around the input
    pub padding: usize,
    /// `D`, at least 1: the distance between the inputs of neighboring weights
    pub dilation: usize,
}

impl Geometry {
    /// Returns the geometry with stride 1 that keeps the size of the input, if the kernel is odd.
    pub fn same(kernel: usize) -> Self {
        Self { kernel, stride: 1, padding: kernel.saturating_sub(1) / 2, dilation: 1 }
    }
}

/// Returns a convolution whose weights have a variance of `gain^2 / fan_in`, and whose biases are initialized
/// from U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
///
/// `groups` divides both numbers of channels. Each group of output channels depends on its group of input
/// channels only.
pub fn conv2d(
    [c_in, c_out]: [usize; 2],
    geometry: Geometry,
    groups: usize,
    gain: f32,
    rng: &mut WeightRng,
    device: &Device,
) -> Conv2d {
    let Geometry { kernel: k, stride, padding: p, dilation } = geometry;
    let per_group = c_in / groups.max(1);
    let fan_in = (per_group * k * k).max(1) as f32;
    Conv2d {
        weight: rng.uniform([c_out, per_group, k, k], gain * (3.0 / fan_in).sqrt(), device),
        bias: Some(rng.uniform([c_out], 1.0 / fan_in.sqrt(), device)),
        stride: [stride; 2],
        kernel_size: [k; 2],
        dilation: [dilation; 2],
        groups,
        padding: PaddingConfig2d::Explicit(p, p, p, p),
    }
}

/// Applies a convolution, with the lab's own operation if its geometry is the same for both axes, and with
/// burn's otherwise.
///
/// # Shapes
///
/// - x: `[batch, c_in, h, w]`
/// - output: `[batch, c_out, h_out, w_out]`, each side `floor((h + 2P - D (K - 1) - 1) / S) + 1`
pub fn convolve(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let ([k, width], [stride, across], [dilation, dilation_across]) =
        (conv.kernel_size, conv.stride, conv.dilation);
    match conv.padding {
        PaddingConfig2d::Explicit(padding, left, bottom, right)
            if (k, stride, dilation) == (width, across, dilation_across)
                && [left, bottom, right] == [padding; 3] =>
        {
            let bias = conv.bias.as_ref().map(burn::module::Param::val);
            let geometry = nn_lab_kernels::conv::Geometry { stride, padding, dilation };
            nn_lab_kernels::conv::conv(x, conv.weight.val(), bias, geometry)
        }
        _ => conv.forward(x),
    }
}

/// The gain that preserves the variance of a signal if ReLU drops half of it (He et al. 2015, section 2.2).
const RELU_GAIN: f32 = std::f32::consts::SQRT_2;

/// A convolution, followed by ReLU.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// `[c_out, c_in, K, K]`
    pub conv: Conv2d,
}

impl ConvBlock {
    /// Returns a block from `c_in` to `c_out` channels, initialized for ReLU.
    pub fn new(channels: [usize; 2], geometry: Geometry, rng: &mut WeightRng, device: &Device) -> Self {
        Self { conv: conv2d(channels, geometry, 1, RELU_GAIN, rng, device) }
    }

    /// Returns the maps after ReLU.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, h, w]`
    /// - output: `[batch, c_out, h_out, w_out]`, each side `floor((h + 2P - D (K - 1) - 1) / S) + 1`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        relu(convolve(&self.conv, x))
    }
}

/// A depthwise and a pointwise convolution, followed by ReLU.
///
/// There is no activation between the two, as in Xception, which trains better without it (Chollet 2017,
/// section 4.7).
#[derive(Module, Debug)]
pub struct DepthwiseSeparable {
    /// `[c_in, 1, K, K]`: one kernel per channel
    pub depthwise: Conv2d,
    /// `[c_out, c_in, 1, 1]`
    pub pointwise: Conv2d,
}

impl DepthwiseSeparable {
    /// Returns a block with stride 1, initialized for ReLU after its second convolution.
    pub fn new([c_in, c_out]: [usize; 2], kernel: usize, rng: &mut WeightRng, device: &Device) -> Self {
        Self {
            depthwise: conv2d([c_in, c_in], Geometry::same(kernel), c_in, 1.0, rng, device),
            pointwise: conv2d([c_in, c_out], Geometry::same(1), 1, RELU_GAIN, rng, device),
        }
    }

    /// Returns the maps after ReLU.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, h, w]`
    /// - output: `[batch, c_out, h, w]` for an odd kernel
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        relu(convolve(&self.pointwise, convolve(&self.depthwise, x)))
    }
}

/// A block of either kind.
#[allow(clippy::large_enum_variant, reason = "a network has five of them, and a box is not a module")]
#[derive(Module, Debug)]
pub enum Block {
    /// A standard convolution.
    Conv(ConvBlock),
    /// A depthwise separable convolution.
    Separable(DepthwiseSeparable),
}

impl Block {
    /// Returns the maps after ReLU.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, h, w]`
    /// - output: `[batch, c_out, h, w]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Conv(block) => block.forward(x),
            Self::Separable(block) => block.forward(x),
        }
    }

    /// Returns the output of the depthwise convolution, if there is one, and the input of ReLU.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, h, w]`
    /// - output: `[batch, c_in, h, w]` and `[batch, c_out, h, w]`
    pub fn sums(&self, x: Tensor<4>) -> (Option<Tensor<4>>, Tensor<4>) {
        match self {
            Self::Conv(block) => (None, convolve(&block.conv, x)),
            Self::Separable(block) => {
                let depthwise = convolve(&block.depthwise, x);
                let sums = convolve(&block.pointwise, depthwise.clone());
                (Some(depthwise), sums)
            }
        }
    }

    /// Returns the convolutions in order.
    pub fn convolutions(&self) -> Vec<&Conv2d> {
        match self {
            Self::Conv(block) => vec![&block.conv],
            Self::Separable(block) => vec![&block.depthwise, &block.pointwise],
        }
    }
}

/// The number of blocks. Each halves width and height, from 32 x 32 to 1 x 1.
pub const N_BLOCKS: usize = 5;

/// Returns the number of channels after each block: `w, 2w, 4w, 8w, 8w`.
pub const fn channels(width: usize) -> [usize; N_BLOCKS] {
    [width, 2 * width, 4 * width, 8 * width, 8 * width]
}

/// Five blocks, each followed by 2 x 2 max-pooling, and a linear layer.
#[derive(Module, Debug)]
pub struct Cnn {
    /// [`N_BLOCKS`] blocks.
    pub blocks: Vec<Block>,
    /// `[8w, n_classes]`
    pub head: Linear,
}

impl Cnn {
    /// Returns a network of standard 3 x 3 convolutions, or one in which all but the first are depthwise
    /// separable. The first one stays standard, as in MobileNets, because it has too few input channels to
    /// gain from separating them.
    pub fn new(
        c_in: usize,
        width: usize,
        n_classes: usize,
        separable: bool,
        rng: &mut WeightRng,
        device: &Device,
    ) -> Self {
        let channels = channels(width);
        let mut from = c_in;
        let mut blocks = Vec::with_capacity(N_BLOCKS);
        for (index, to) in channels.into_iter().enumerate() {
            blocks.push(if separable && index > 0 {
                Block::Separable(DepthwiseSeparable::new([from, to], 3, rng, device))
            } else {
                Block::Conv(ConvBlock::new([from, to], Geometry::same(3), rng, device))
            });
            from = to;
        }
        let fan_in = from.max(1) as f32;
        let head = Linear {
            weight: rng.uniform([from, n_classes], (3.0 / fan_in).sqrt(), device),
            bias: Some(rng.uniform([n_classes], 1.0 / fan_in.sqrt(), device)),
        };
        Self { blocks, head }
    }

    /// Returns the logits.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, 32, 32]`
    /// - output: `[batch, n_classes]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.logits(self.blocks.iter().fold(x, |h, block| relu_pool(block.sums(h).1)))
    }

    /// Returns the maps of each block before pooling, and the logits.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, 32, 32]`
    /// - output: `[batch, w, 32, 32]`, `[batch, 2w, 16, 16]`, ... `[batch, 8w, 2, 2]`; and
    ///   `[batch, n_classes]`
    pub fn forward_blocks(&self, x: Tensor<4>) -> (Vec<Tensor<4>>, Tensor<2>) {
        let pool = MaxPool2dConfig::new([2, 2]).init();
        let mut maps = Vec::with_capacity(self.blocks.len());
        let mut h = x;
        for block in &self.blocks {
            let map = block.forward(h);
            h = pool.forward(map.clone());
            maps.push(map);
        }
        (maps, self.logits(h))
    }

    /// Returns the intermediate maps of each block, and the logits. Training does not use it, since it keeps
    /// every tensor.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, 32, 32]`
    /// - output: one entry per block, and `[batch, n_classes]`
    pub fn forward_inside(&self, x: Tensor<4>) -> (Vec<Inside>, Tensor<2>) {
        let pool = MaxPool2dConfig::new([2, 2]).init();
        let mut insides = Vec::with_capacity(self.blocks.len());
        let mut h = x;
        for block in &self.blocks {
            let (depthwise, sums) = block.sums(h.clone());
            let pooled = pool.forward(relu(sums.clone()));
            insides.push(Inside { input: std::mem::replace(&mut h, pooled), depthwise, sums });
        }
        (insides, self.logits(h))
    }

    fn logits(&self, pooled: Tensor<4>) -> Tensor<2> {
        let [batch, channels, height, width] = pooled.dims();
        // [batch, 8w, 1, 1] -> [batch, 8w]
        self.head.forward(pooled.reshape([batch, channels * height * width]))
    }
}

/// Intermediate maps of a block.
#[derive(Clone, Debug)]
pub struct Inside {
    /// `[batch, c_in, h, w]`
    pub input: Tensor<4>,
    /// `[batch, c_in, h, w]`: the output of the depthwise convolution in a separable block
    pub depthwise: Option<Tensor<4>>,
    /// `[batch, c_out, h, w]`: the input of ReLU
    pub sums: Tensor<4>,
}

/// Returns the number of multiply-accumulates (MACs) of a convolution for one image, counted from the shapes
/// of the module's weight and of its actual output: each output element is a sum over the weights of its
/// channel.
///
/// # Shapes
///
/// - output: `[batch, c_out, h_out, w_out]`
pub fn multiply_adds(conv: &Conv2d, output: &Tensor<4>) -> u64 {
    let [_, c_out, height, width] = output.dims();
    let [_, per_group, k_h, k_w] = conv.weight.dims();
    [c_out, height, width, per_group, k_h, k_w].into_iter().map(|n| n as u64).product()
}
