//! Receptive fields: the part of the image that one unit of a stack of layers can see.

use super::{Config, ConvShape, output_size};

/// The kind of a layer of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackKind {
    /// A convolution, padded by half its dilated kernel.
    Conv,
    /// Pooling over windows of 2 x 2 pixels with stride 2.
    Pool,
}

/// A layer of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackLayer {
    /// Convolution or pooling.
    pub kind: StackKind,
    /// The convolution or pooling along one side, from its input size on.
    pub shape: ConvShape,
    /// The size of the output.
    pub out: u32,
}

/// The receptive field of a unit, along one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The size of the receptive field in pixels.
    pub size: u32,
    /// The distance between the receptive fields of adjacent units, in pixels.
    pub jump: u32,
}

/// Height and width of the image on which the probe measures the receptive field.
pub const REACH_SIDE: u32 = 128;

impl Config {
    /// Returns the layers of the stack on an image of this size. The stack ends early if a map has become too small
    /// for the next layer.
    pub fn stack(&self, side: u32) -> Vec<StackLayer> {
        let padding = self.rf_dilation * (self.rf_kernel.saturating_sub(1)) / 2;
        let conv = (StackKind::Conv, self.rf_kernel, self.rf_stride, padding, self.rf_dilation);
        let pool = (StackKind::Pool, 2, 2, 0, 1);
        let of_layer: &[_] = if self.rf_pool { &[conv, pool] } else { &[conv] };
        let mut layers = Vec::new();
        let mut size = side;
        for (kind, kernel, stride, padding, dilation) in (0..self.rf_layers).flat_map(|_| of_layer).copied() {
            let shape = ConvShape { size, kernel, stride, padding, dilation };
            let Some(out) = output_size(shape) else { break };
            layers.push(StackLayer { kind, shape, out });
            size = out;
        }
        layers
    }
}

/// Returns the receptive field after each layer: every layer adds `(K − 1) D` times the jump of its input, and
/// multiplies the jump by its stride (Araujo, Norris and Sim 2019).
pub fn reaches(layers: &[StackLayer]) -> Vec<Reach> {
    let mut reach = Reach { size: 1, jump: 1 };
    let mut after = Vec::with_capacity(layers.len());
    for StackLayer { shape, .. } in layers {
        reach = Reach {
            size: reach.size + shape.kernel.saturating_sub(1) * shape.dilation * reach.jump,
            jump: reach.jump * shape.stride,
        };
        after.push(reach);
    }
    after
}

/// Returns the first and the last row of the receptive field of a unit, counted from 0. Rows outside of the image are
/// padding.
pub fn span(layers: &[StackLayer], unit: usize) -> (i64, i64) {
    layers.iter().rev().fold((unit as i64, unit as i64), |(first, last), StackLayer { shape, .. }| {
        let at = |row: i64| row * i64::from(shape.stride) - i64::from(shape.padding);
        (at(first), at(last) + i64::from(shape.dilation * shape.kernel.saturating_sub(1)))
    })
}

/// Returns the number of paths from each input row to a unit of the last layer, counted layer by layer, from the
/// last layer's input to the image. Paths over padding are not counted, because padding does not depend on the
/// image.
///
/// If all weights are equal, this is the gradient of the unit, up to a factor.
pub fn path_counts(layers: &[StackLayer], unit: usize) -> Vec<Vec<f64>> {
    let Some(last) = layers.last() else { return Vec::new() };
    let mut counts = vec![0.0; last.out as usize];
    if let Some(count) = counts.get_mut(unit) {
        *count = 1.0;
    }
    let mut all = Vec::with_capacity(layers.len());
    for StackLayer { shape, .. } in layers.iter().rev() {
        let mut inputs = vec![0.0; shape.size as usize];
        for (output, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            for tap in super::taps(*shape, output as u32 + 1) {
                // Rows count from 1; those outside of the map are padding.
                let row = usize::try_from(tap - 1).ok();
                if let Some(paths) = row.and_then(|row| inputs.get_mut(row)) {
                    *paths += count;
                }
            }
        }
        counts.clone_from(&inputs);
        all.push(inputs);
    }
    all
}

/// Returns the first and the last index with a positive count, or `None` if there is none.
pub fn extent(counts: &[f64]) -> Option<(usize, usize)> {
    let first = counts.iter().position(|count| *count > 0.0)?;
    let last = counts.iter().rposition(|count| *count > 0.0)?;
    Some((first, last))
}

/// Returns the number of pixels, along one side, that hold at least 95% of the gradient of a unit with equal weights,
/// the central ones first.
pub fn effective_size(counts: &[f64]) -> usize {
    let total: f64 = counts.iter().sum();
    let mut sorted = counts.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mut sum = 0.0;
    let needed = sorted.iter().take_while(|count| {
        let before = sum;
        sum += **count;
        before < 0.95 * total
    });
    needed.count()
}
