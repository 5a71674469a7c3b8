//! The closed forms of section 2: output sizes, parameters and multiply-accumulates (MACs) of convolutions.

use super::{BLOCK_SIDE, Compare, Config, Cost};
use crate::data::dataset::PictureShape;
use serde::{Deserialize, Serialize};

/// The geometry of a convolution along one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvShape {
    /// Height and width of the input, `H`.
    pub size: u32,
    /// Height and width of the kernel, `K`.
    pub kernel: u32,
    /// `S`, the pixels from one kernel position to the next.
    pub stride: u32,
    /// `P`, the zeros on each side of the input.
    pub padding: u32,
    /// `D`, the distance between neighboring weights in input pixels; 1 means adjacent pixels.
    pub dilation: u32,
}

/// Returns the size of the dilated kernel in pixels, `D (K - 1) + 1`.
pub fn effective_kernel(shape: ConvShape) -> u32 {
    shape.dilation * shape.kernel.saturating_sub(1) + 1
}

/// Returns the output size, `floor((H + 2P - D (K - 1) - 1) / S) + 1`, or `None` if the kernel is larger than
/// the padded input.
pub fn output_size(shape: ConvShape) -> Option<u32> {
    let room = (shape.size + 2 * shape.padding).checked_sub(effective_kernel(shape))?;
    Some(room.checked_div(shape.stride)? + 1)
}

/// Returns the input rows that an output row reads, or the columns that an output column reads, all counted
/// from 1. Those below 1 or above `H` are padding.
pub fn taps(shape: ConvShape, output: u32) -> impl Iterator<Item = i64> {
    let first = i64::from(output.saturating_sub(1) * shape.stride) - i64::from(shape.padding) + 1;
    (0..shape.kernel).map(move |tap| first + i64::from(tap * shape.dilation))
}

/// Well-known convolutions with their descriptions.
pub const KNOWN_SHAPES: &[(&str, ConvShape)] = &[
    ("No padding: smaller by K − 1 (LeNet-5)", shape(32, 5, 1, 0, 1)),
    ("\"Same\": P = (K − 1) / 2 keeps the size (VGG)", shape(32, 3, 1, 1, 1)),
    ("1 × 1: the size never changes", shape(32, 1, 1, 0, 1)),
    ("Stride 2 halves (ResNet)", shape(32, 3, 2, 1, 1)),
    ("The floor loses what is left over", shape(8, 3, 2, 0, 1)),
    ("Large kernel, large stride (AlexNet)", shape(227, 11, 4, 0, 1)),
    ("First layer of ResNet-18", shape(224, 7, 2, 3, 1)),
    ("Dilation 2: a 3 × 3 kernel that spans 5 × 5", shape(32, 3, 1, 2, 2)),
];

const fn shape(size: u32, kernel: u32, stride: u32, padding: u32, dilation: u32) -> ConvShape {
    ConvShape { size, kernel, stride, padding, dilation }
}

impl Config {
    /// Returns the convolution of the output-size figures.
    pub fn shape(&self) -> ConvShape {
        shape(self.size, self.kernel, self.stride, self.padding, self.dilation)
    }
}

/// Returns the number of parameters of a standard convolution, `K^2 C_in C_out + C_out`.
pub fn conv_params(c_in: u64, c_out: u64, kernel: u64) -> u64 {
    kernel * kernel * c_in * c_out + c_out
}

/// Returns the number of parameters of a separable convolution: `K^2 C_in + C_in` depthwise, `C_in C_out +
/// C_out` pointwise.
pub fn separable_params(c_in: u64, c_out: u64, kernel: u64) -> u64 {
    kernel * kernel * c_in + c_in + c_in * c_out + c_out
}

/// Returns the factor by which a separable convolution needs fewer multiply-accumulates, `1 / (1 / C_out + 1
/// / K^2)`. It approaches `K^2` as `C_out` grows.
pub fn separable_savings(c_out: f64, kernel: f64) -> f64 {
    1.0 / (1.0 / c_out + 1.0 / (kernel * kernel))
}

/// The costs of a standard and of a separable block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockCounts {
    /// The cost of the standard block.
    pub conv: Cost,
    /// The cost of the separable block.
    pub separable: Cost,
}

impl BlockCounts {
    /// Returns the factor by which the separable block has fewer parameters.
    pub fn params_ratio(&self) -> f64 {
        self.conv.params as f64 / self.separable.params.max(1) as f64
    }

    /// Returns the factor by which the separable block needs fewer multiply-accumulates.
    pub fn multiply_adds_ratio(&self) -> f64 {
        self.conv.multiply_adds as f64 / self.separable.multiply_adds.max(1) as f64
    }
}

/// Returns the costs of both blocks by formula, on maps of [`BLOCK_SIDE`] x [`BLOCK_SIDE`], padded by half
/// the kernel.
pub fn block_formula(config: &Config) -> BlockCounts {
    let (c_in, c_out, k) = (u64::from(config.c_in), u64::from(config.c_out), u64::from(config.block_kernel));
    let kernel = config.block_kernel;
    let side = output_size(shape(BLOCK_SIDE, kernel, 1, kernel.saturating_sub(1) / 2, 1)).unwrap_or(0);
    let positions = u64::from(side) * u64::from(side);
    BlockCounts {
        conv: Cost { params: conv_params(c_in, c_out, k), multiply_adds: positions * k * k * c_in * c_out },
        separable: Cost {
            params: separable_params(c_in, c_out, k),
            multiply_adds: positions * c_in * (k * k + c_out),
        },
    }
}

/// The layers of a network: five blocks and the classifier.
pub const N_NET_LAYERS: usize = 6;

/// Returns the costs of the layers of the standard five-block network, or of the separable one, for one image of
/// 32 x 32 pixels: five blocks and the classifier.
pub fn net_layers(c_in: u64, width: u64, n_classes: u64, separable: bool) -> [Cost; N_NET_LAYERS] {
    let channels = [c_in, width, 2 * width, 4 * width, 8 * width, 8 * width];
    std::array::from_fn(|index| {
        let (from, to) = (channels.get(index).copied(), channels.get(index + 1).copied());
        let (Some(from), Some(to)) = (from, to) else {
            let from = from.unwrap_or_default();
            return Cost { params: from * n_classes + n_classes, multiply_adds: from * n_classes };
        };
        // Each pooling layer halves height and width.
        let positions = (32u64 >> index).pow(2);
        if separable && index > 0 {
            Cost { params: separable_params(from, to, 3), multiply_adds: positions * from * (9 + to) }
        } else {
            Cost { params: conv_params(from, to, 3), multiply_adds: positions * 9 * from * to }
        }
    })
}

/// Returns the number of parameters of the standard five-block network, or of the separable one.
pub fn net_params(c_in: u64, width: u64, n_classes: u64, separable: bool) -> u64 {
    net_layers(c_in, width, n_classes, separable).iter().map(|cost| cost.params).sum()
}

impl Config {
    /// Returns the width of the network of an arm. At the same number of parameters, the separable network has the
    /// width at which its parameter count is closest to the standard network's.
    pub fn width_of(&self, separable: bool) -> u32 {
        if !separable || self.compare == Compare::Size {
            return self.width;
        }
        let params = |width: u32, separable| self.net_params_of(width, separable);
        let budget = params(self.width, false);
        let distance = |width: &u32| params(*width, true).abs_diff(budget);
        // The count grows with the width, so the first width that reaches the budget or the one before is closest.
        let enough = (self.width..).find(|width| params(*width, true) >= budget).unwrap_or(self.width);
        [enough.saturating_sub(1).max(1), enough].into_iter().min_by_key(distance).unwrap_or(enough)
    }

    fn net_params_of(&self, width: u32, separable: bool) -> u64 {
        let PictureShape { channels, n_classes } = self.picture_shape();
        net_params(channels.into(), width.into(), n_classes.into(), separable)
    }

    /// Returns the costs of the layers of the network of an arm.
    pub fn layers_of(&self, separable: bool) -> [Cost; N_NET_LAYERS] {
        let PictureShape { channels, n_classes } = self.picture_shape();
        net_layers(channels.into(), self.width_of(separable).into(), n_classes.into(), separable)
    }
}
