//! The sizes of a convolution that keeps the size of its input, shared by the two algorithms for the CPU.

use super::Geometry;
use crate::product::COLUMNS;

/// Approximate number of output positions computed at once, so that the operands fit into the cache.
const BLOCK: usize = 128;

/// Sizes of a standard or depthwise convolution with stride 1 and an output as large as the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) batch: usize,
    pub(super) c_in: usize,
    pub(super) c_out: usize,
    pub(super) h: usize,
    pub(super) w: usize,
    pub(super) kernel: usize,
    pub(super) depthwise: bool,
}

impl Shape {
    /// Returns `None` for convolutions of any other kind, which burn computes.
    pub(super) fn new(geometry: Geometry, x: [usize; 4], weight: [usize; 4]) -> Option<Self> {
        let [batch, c_in, h, w] = x;
        let [c_out, per_output, kernel, _] = weight;
        let keeps_size =
            kernel % 2 == 1 && geometry == Geometry { stride: 1, padding: kernel / 2, dilation: 1 };
        // A convolution of a single channel is computed as a standard one, which is a matrix product.
        let depthwise = per_output == 1 && c_in > 1;
        let groups_fit = per_output == c_in || (depthwise && c_out == c_in);
        (keeps_size && groups_fit).then_some(Self { batch, c_in, c_out, h, w, kernel, depthwise })
    }

    /// Returns `true` if the images are the right operand of a matrix product as they are in memory, and
    /// large enough for it.
    pub(super) const fn is_pointwise(&self) -> bool {
        let area = self.h * self.w;
        self.kernel == 1 && area >= 16 && area.is_multiple_of(COLUMNS)
    }

    pub(super) const fn padding(&self) -> usize {
        self.kernel / 2
    }

    /// Returns the number of weights of an output channel.
    pub(super) const fn weights(&self) -> usize {
        self.c_in * self.kernel * self.kernel
    }

    /// Returns blocks of rows of all images, as first row and end.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        row_blocks(self.batch * self.h, (BLOCK / self.w.max(1)).max(1))
    }

    /// Returns the index of a channel's row, where `row` counts the rows of all images.
    pub(super) const fn row(&self, channels: usize, channel: usize, row: usize) -> usize {
        ((row / self.h * channels + channel) * self.h + row % self.h) * self.w
    }
}

/// Splits rows into blocks of `per_block` rows: first row and end of each.
pub(super) fn row_blocks(rows: usize, per_block: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).step_by(per_block).map(move |first| (first, rows.min(first + per_block)))
}
