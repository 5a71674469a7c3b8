//! Pooling of a map, window by window, and the effect of a shift on its output.

use super::planes::{Planes, Shift};
use super::{ConvShape, output_size};

/// A way to reduce the windows of a map to one value each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The maximum of the window.
    Max,
    /// The mean of the window.
    Average,
    /// The first value of the window, as a convolution with a stride keeps only some positions.
    Stride,
}

/// All kinds, in the order of the page.
pub const POOLINGS: [Pooling; 3] = [Pooling::Max, Pooling::Average, Pooling::Stride];

impl Pooling {
    /// The name of the kind.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Max => "max pooling",
            Self::Average => "average pooling",
            Self::Stride => "stride only",
        }
    }
}

/// The windows of a pooling layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Height and width of a window.
    pub size: usize,
    /// The distance between adjacent windows.
    pub stride: usize,
}

impl Windows {
    /// Returns the number of windows along one side, 0 if a window is larger than the map.
    pub fn count(self, side: usize) -> usize {
        let shape = ConvShape {
            size: side as u32,
            kernel: self.size as u32,
            stride: self.stride as u32,
            padding: 0,
            dilation: 1,
        };
        output_size(shape).unwrap_or(0) as usize
    }

    /// Returns the positions of a window in its map, row by row.
    pub fn positions(self, side: usize, window: usize) -> impl Iterator<Item = usize> {
        let count = self.count(side).max(1);
        let (top, left) = (window / count * self.stride, window % count * self.stride);
        let size = self.size.max(1);
        (0..size * size).map(move |i| (top + i / size) * side + left + i % size)
    }

    /// Returns the position of a window's maximum.
    pub fn winner(self, map: &[f32], side: usize, window: usize) -> Option<usize> {
        let values = self.positions(side, window).filter_map(|at| Some((at, *map.get(at)?)));
        values.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(at, _)| at)
    }

    /// Returns the pooled maps.
    pub fn pooled(self, maps: &Planes, kind: Pooling) -> Planes {
        let count = self.count(maps.side);
        let of_window = |map: &[f32], window: usize| {
            let mut values =
                self.positions(maps.side, window).map(|at| map.get(at).copied().unwrap_or_default());
            match kind {
                Pooling::Max => values.fold(f32::NEG_INFINITY, f32::max),
                Pooling::Average => values.sum::<f32>() / (self.size * self.size).max(1) as f32,
                Pooling::Stride => values.next().unwrap_or_default(),
            }
        };
        let planes = (0..maps.channels).map(|index| maps.plane(index));
        let values = planes.flat_map(|map| (0..count * count).map(move |window| of_window(map, window)));
        Planes { channels: maps.channels, side: count, values: values.collect() }
    }
}

/// Returns the change of some values, relative to the norm of the original ones; `None` if these are all 0.
pub fn relative_change(before: &[f32], after: &[f32]) -> Option<f64> {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let size = norm(&mut before.iter().map(|value| f64::from(*value)));
    let difference = norm(&mut before.iter().zip(after).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    (size > 0.0).then(|| difference / size)
}

/// Returns the change of some maps by a shift of so many pixels to the right, and of the output of each kind of
/// pooling. Outputs that read pixels which entered at the border are not counted, because those zeros are not part of
/// the shifted map.
pub fn shift_changes(maps: &Planes, windows: Windows, pixels: usize) -> (Option<f64>, [Option<f64>; 3]) {
    let shifted = maps.shifted(Shift { down: 0, right: pixels as i32 });
    let change = |windows: Windows, kind: Pooling| {
        let outputs = [maps, &shifted].map(|maps| windows.pooled(maps, kind));
        let side = windows.count(maps.side).max(1);
        let is_counted = |index: usize| index % side * windows.stride >= pixels;
        let [before, after] = outputs.map(|output| {
            let values = output.values.into_iter().enumerate();
            values.filter(|(index, _)| is_counted(*index)).map(|(_, value)| value).collect::<Vec<_>>()
        });
        relative_change(&before, &after)
    };
    (change(Windows { size: 1, stride: 1 }, Pooling::Stride), POOLINGS.map(|kind| change(windows, kind)))
}
