//! The closed forms of section 3.

use super::{BlockChoice, Config, OrderChoice, ShortcutChoice};
use crate::data::dataset::PictureShape;

/// Returns the number of parameters by formula: `k^2 c_in c_out` for each convolution, plus `2 c_out` for the
/// scale and shift of batch norm, or `c_out` for a bias. Projections are such convolutions, with `k = 1`; zero
/// padding has no parameters. With pre-activation, batch norm comes before a convolution and has `2 c_in`
/// parameters. The first convolution and the projections then have none, and the last layer has `2 c_in`.
pub fn params_formula(config: &Config, shortcuts: bool) -> u64 {
    let conv = |c_in: u64, c_out: u64, k: u64| {
        let further = match (config.batch_norm, config.order) {
            (false, _) => c_out,
            (true, OrderChoice::Post) => 2 * c_out,
            (true, OrderChoice::Pre) => 2 * c_in,
        };
        k * k * c_in * c_out + further
    };
    let is_normed_before = config.batch_norm && config.order == OrderChoice::Pre;
    // A convolution outside of a branch.
    let outer = |c_in: u64, c_out: u64, k: u64| {
        if is_normed_before { k * k * c_in * c_out } else { conv(c_in, c_out, k) }
    };
    let PictureShape { channels: channels_in, n_classes } = config.picture_shape();
    let n_classes = u64::from(n_classes);
    let first = u64::from(config.channels());
    let mut total = outer(channels_in.into(), first, 3);
    let mut c_in = first;
    for channels in [first, 2 * first, 4 * first] {
        let c_out = match config.block {
            BlockChoice::Basic => channels,
            BlockChoice::Bottleneck => 4 * channels,
        };
        // The input of a stage's first block has the channels of the stage before; the other inputs have
        // `c_out`.
        let block = |c_in: u64| match config.block {
            BlockChoice::Basic => conv(c_in, channels, 3) + conv(channels, channels, 3),
            BlockChoice::Bottleneck => {
                conv(c_in, channels, 1) + conv(channels, channels, 3) + conv(channels, c_out, 1)
            }
        };
        let further = u64::from(config.blocks_per_stage().saturating_sub(1));
        total += block(c_in) + further * block(c_out);
        // Every other block of a stage keeps the shape of its input.
        total += match config.shortcut {
            ShortcutChoice::B if shortcuts && c_in != c_out => outer(c_in, c_out, 1),
            ShortcutChoice::C if shortcuts => outer(c_in, c_out, 1) + further * outer(c_out, c_out, 1),
            _ => 0,
        };
        c_in = c_out;
    }
    let last_norm = if is_normed_before { 2 * c_in } else { 0 };
    total + last_norm + c_in * n_classes + n_classes
}
