//! The plans of the networks, for the probe and for training.

use super::{BlockChoice, Config, InitChoice, OrderChoice, ShortcutChoice};
use crate::core::LabError;
use crate::data::assets::Assets;
use crate::data::dataset::PictureShape;
use crate::data::images::Images;
use crate::models::resnet::{BlockKind, Init, LayerOrder, Plan, ShortcutOption};
use burn::tensor::Tensor;

/// The maximum number of training images.
const N_TRAIN: usize = 10_000;
/// The maximum number of test images.
const N_TEST: usize = 500;

/// Loads the images of the settings.
///
/// # Errors
///
/// Fails if they are missing or invalid.
pub(super) async fn load(config: &Config, assets: &mut impl Assets) -> Result<Images, LabError> {
    config.dataset.load(&config.data, config.seed, N_TRAIN, N_TEST, assets).await
}

/// Returns the plan of the plain network, or of the residual one with `shortcuts`.
pub(super) fn plan(config: &Config, shortcuts: bool, batch_norm: bool) -> Plan {
    let PictureShape { channels, n_classes } = config.picture_shape();
    Plan {
        channels_in: channels as usize,
        n_classes: n_classes as usize,
        kind: match config.block {
            BlockChoice::Basic => BlockKind::Basic,
            BlockChoice::Bottleneck => BlockKind::Bottleneck,
        },
        blocks_per_stage: config.blocks_per_stage() as usize,
        channels: config.channels() as usize,
        batch_norm,
        shortcuts: shortcuts.then_some(match config.shortcut {
            ShortcutChoice::A => ShortcutOption::ZeroPadding,
            ShortcutChoice::B => ShortcutOption::Projection,
            ShortcutChoice::C => ShortcutOption::AllProjections,
        }),
        init: match config.init {
            InitChoice::Pytorch => Init::Torch,
            InitChoice::He => Init::He,
            InitChoice::Lecun => Init::LeCun,
        },
        order: match config.order {
            OrderChoice::Post => LayerOrder::Post,
            OrderChoice::Pre => LayerOrder::Pre,
        },
    }
}

/// Returns the L2 norm of all elements, `[1]`.
pub(super) fn norm(tensor: Tensor<4>) -> Tensor<1> {
    nn_lab_kernels::norm::norm(tensor, 1.0)
}

/// Returns the root mean square of all elements, `[1]`.
pub(super) fn root_mean_square(tensor: Tensor<4>) -> Tensor<1> {
    let n = tensor.dims().iter().product::<usize>();
    nn_lab_kernels::norm::norm(tensor, (n as f32).sqrt().recip())
}
