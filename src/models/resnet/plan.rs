//! The hyperparameters of residual and plain networks.

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

impl Init {
    /// Returns the bounds of the uniform distributions of weights and biases: `sqrt(3 variance)`.
    pub(super) fn bounds(self, fan_in: f32) -> (f32, f32) {
        match self {
            Self::He => ((6.0 / fan_in).sqrt(), 0.0),
            Self::LeCun => ((3.0 / fan_in).sqrt(), 0.0),
            Self::Torch => ((1.0 / fan_in).sqrt(), (1.0 / fan_in).sqrt()),
        }
    }
}

impl BlockKind {
    /// Returns the number of channels after a block.
    pub(super) fn c_out(self, channels: usize) -> usize {
        match self {
            Self::Basic => channels,
            Self::Bottleneck => 4 * channels,
        }
    }
}
