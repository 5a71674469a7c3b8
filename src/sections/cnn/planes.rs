//! Images and maps as planes of numbers, and the operations that the page itself repeats on them: shifts,
//! convolutions and a dense layer.

use super::Conv;
use crate::core::split_mix::{SplitMix64, mixed};

/// Planes of the same size: the channels of an image, or the maps of a layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planes {
    /// The number of planes.
    pub channels: usize,
    /// Height and width.
    pub side: usize,
    /// `[channels, side, side]`.
    pub values: Vec<f32>,
}

/// A shift in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// Rows downward.
    pub down: i32,
    /// Columns to the right.
    pub right: i32,
}

impl Shift {
    /// Returns the shift with both parts limited to at most `max` pixels.
    #[must_use]
    pub fn limited(self, max: i32) -> Self {
        Self { down: self.down.clamp(-max, max), right: self.right.clamp(-max, max) }
    }
}

impl Planes {
    /// Returns the bytes of an image as intensities from 0 to 1.
    pub fn from_bytes(channels: usize, side: usize, bytes: &[u8]) -> Self {
        Self { channels, side, values: bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect() }
    }

    /// Returns (value − mean) / standard deviation, channel by channel.
    #[must_use]
    pub fn normalized(&self, mean: &[f32], std: &[f32]) -> Self {
        let stats = mean.iter().zip(std).cycle();
        let planes = self.values.chunks(self.plane_len()).zip(stats);
        let values = planes.flat_map(|(plane, (mean, std))| plane.iter().map(move |v| (v - mean) / std));
        Self { values: values.collect(), ..*self }
    }

    fn plane_len(&self) -> usize {
        (self.side * self.side).max(1)
    }

    /// Returns one plane, or nothing if there is no such plane.
    pub fn plane(&self, index: usize) -> &[f32] {
        self.values.chunks_exact(self.plane_len()).nth(index).unwrap_or_default()
    }

    /// Returns a value; outside of the plane it is 0.
    fn at(&self, plane: &[f32], row: i64, col: i64) -> f32 {
        let side = self.side as i64;
        let inside = (0..side).contains(&row) && (0..side).contains(&col);
        inside.then(|| plane.get((row * side + col) as usize)).flatten().copied().unwrap_or(0.0)
    }

    /// Returns the planes after a shift. Zeros enter at the border.
    #[must_use]
    pub fn shifted(&self, shift: Shift) -> Self {
        let side = self.side as i64;
        let mut values = Vec::with_capacity(self.values.len());
        for plane in self.values.chunks_exact(self.plane_len()) {
            for row in 0..side {
                for col in 0..side {
                    values.push(self.at(plane, row - i64::from(shift.down), col - i64::from(shift.right)));
                }
            }
        }
        Self { values, ..*self }
    }

    /// Returns the mean over blocks of `factor` x `factor` pixels.
    #[must_use]
    pub fn reduced(&self, factor: usize) -> Self {
        let side = self.side / factor.max(1);
        let mut values = Vec::with_capacity(self.channels * side * side);
        for plane in self.values.chunks_exact(self.plane_len()) {
            for row in 0..side {
                for col in 0..side {
                    let block = (0..factor * factor).map(|i| {
                        self.at(plane, (row * factor + i / factor) as i64, (col * factor + i % factor) as i64)
                    });
                    values.push(block.sum::<f32>() / (factor * factor).max(1) as f32);
                }
            }
        }
        Self { channels: self.channels, side, values }
    }

    /// Returns the mean over the channels, as one plane.
    #[must_use]
    pub fn gray(&self) -> Self {
        let mut values = vec![0.0; self.side * self.side];
        for plane in self.values.chunks_exact(self.plane_len()) {
            values.iter_mut().zip(plane).for_each(|(sum, value)| *sum += value / self.channels.max(1) as f32);
        }
        Self { channels: 1, side: self.side, values }
    }

    /// Returns how much these maps differ from earlier ones that are shifted, relative to their norm. It is
    /// measured where both positions, before and after the shift, are at least `margin` pixels from the border.
    /// 0 means that the maps shift with the image. `None` if nothing is that far from the border, or if all
    /// values are 0.
    pub fn difference(&self, before: &Self, shift: Shift, margin: usize) -> Option<f64> {
        let (side, margin) = (self.side as i64, margin as i64);
        let interior = |at: i64| (margin..side - margin).contains(&at);
        let (mut difference, mut size) = (0.0, 0.0);
        let planes = self.values.chunks_exact(self.plane_len());
        for (plane, earlier) in planes.zip(before.values.chunks_exact(before.plane_len())) {
            for row in (0..side).filter(|&row| interior(row) && interior(row - i64::from(shift.down))) {
                for col in (0..side).filter(|&col| interior(col) && interior(col - i64::from(shift.right))) {
                    let value = f64::from(self.at(plane, row, col));
                    let moved = self.at(earlier, row - i64::from(shift.down), col - i64::from(shift.right));
                    difference += (value - f64::from(moved)).powi(2);
                    size += value.powi(2);
                }
            }
        }
        (size > 0.0).then(|| (difference / size).sqrt())
    }
}

impl Conv {
    /// Returns the number of weights and biases.
    pub fn n_params(&self) -> usize {
        self.weights.len() + self.biases.len()
    }

    /// Returns the maps of a convolution with stride 1, padded by half the kernel with zeros.
    pub fn maps(&self, input: &Planes) -> Planes {
        let (k, side) = (self.kernel.max(1) as usize, input.side);
        let padding = ((k - 1) / 2) as i64;
        let of_output = (k * k * input.channels).max(1);
        let mut values = Vec::with_capacity(self.biases.len() * side * side);
        for (kernels, bias) in self.weights.chunks_exact(of_output).zip(&self.biases) {
            for position in 0..side * side {
                let (row, col) = ((position / side) as i64, (position % side) as i64);
                let mut sum = *bias;
                for (plane, kernel) in
                    input.values.chunks_exact(input.plane_len()).zip(kernels.chunks_exact(k * k))
                {
                    for (index, weight) in kernel.iter().enumerate() {
                        let (u, v) = ((index / k) as i64, (index % k) as i64);
                        sum += weight * input.at(plane, row + u - padding, col + v - padding);
                    }
                }
                values.push(sum);
            }
        }
        Planes { channels: self.biases.len(), side, values }
    }
}

/// A dense layer with random weights, as before training: every output has a weight for every input value.
///
/// The weights are drawn again in the same order for every image instead of being stored, since two million of them
/// would take 8 MB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dense {
    /// The number of input values.
    pub n_in: usize,
    /// The number of outputs.
    pub n_out: usize,
    /// The seed of the weights.
    pub seed: u64,
}

impl Dense {
    /// Returns the number of weights and biases.
    pub fn n_params(self) -> u64 {
        (self.n_in as u64 + 1) * self.n_out as u64
    }

    /// Returns the outputs. The weights are from U(−sqrt(3 / n), sqrt(3 / n)) with n inputs, which keeps the
    /// variance of the input, and the biases are 0.
    pub fn outputs(self, input: &[f32]) -> Vec<f32> {
        let bound = (3.0 / self.n_in.max(1) as f32).sqrt();
        let mut outputs = Vec::with_capacity(self.n_out);
        for output in 0..self.n_out as u64 {
            let mut weights = SplitMix64::new(mixed(self.seed ^ mixed(output + 1)));
            let sum: f32 = input.iter().take(self.n_in).map(|value| weights.next_signed() * value).sum();
            outputs.push(bound * sum);
        }
        outputs
    }
}

/// The number of maps of the convolution that the dense layer is compared with.
pub const N_SHIFT_MAPS: usize = 2;

/// Returns the dense layer that has as many outputs as the convolution's maps of this image.
pub fn dense_layer(input: &Planes, seed: u64) -> Dense {
    let pixels = input.side * input.side;
    Dense { n_in: input.channels * pixels, n_out: N_SHIFT_MAPS * pixels, seed }
}

/// Returns a drawn picture of a T-shirt, for the time before the images of the data set are loaded.
pub fn drawn(side: usize) -> Planes {
    let at = |index: usize| (index as f32 + 0.5) / side.max(1) as f32;
    let pixel = |row: f32, col: f32| {
        let from_middle = (col - 0.5).abs();
        let body = row > 0.16 + 0.15 * from_middle && row < 0.86 && from_middle < 0.2;
        // A sleeve hangs from the shoulder.
        let sleeve = from_middle < 0.42 && row > 0.12 + 0.36 * from_middle && row < 0.3 + 0.5 * from_middle;
        let neck = (row - 0.14).hypot(from_middle) < 0.1;
        let stripe = body && (0.5..0.58).contains(&row);
        match (body || sleeve) && !neck {
            true if stripe => 0.35,
            true => 0.85,
            false => 0.0,
        }
    };
    let rows = (0..side).flat_map(|row| (0..side).map(move |col| (row, col)));
    let values = rows.map(|(row, col)| pixel(at(row), at(col)));
    Planes { channels: 1, side, values: values.collect() }
}

/// The kernels of Sobel for vertical and horizontal edges (Gonzalez and Woods 2018, section 3.6), for images of so
/// many channels, of which they take the mean. The biases are 0.
pub fn edge_kernels(channels: usize) -> Conv {
    const VERTICAL: [f32; 9] = [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0];
    const HORIZONTAL: [f32; 9] = [-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0];
    let of_output =
        |kernel: [f32; 9]| (0..channels).flat_map(move |_| kernel).map(|w| w / channels.max(1) as f32);
    let weights = [VERTICAL, HORIZONTAL].into_iter().flat_map(of_output).collect();
    Conv { kernel: 3, weights, biases: vec![0.0; N_SHIFT_MAPS] }
}
