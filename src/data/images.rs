//! Labeled images as bytes, and the batches of floats that a network takes.

use chacha20::ChaCha12Rng;
use rand::RngExt;

/// The width and height of the images that a network sees.
pub const SIDE: usize = 32;
/// The maximum shift of a random crop, in pixels per direction (Krizhevsky 2009; He et al. 2016).
pub const CROP_PAD: usize = 4;

/// Images with labels.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSet {
    /// 1 for gray, 3 for red, green and blue.
    pub channels: usize,
    /// Width and height.
    pub side: usize,
    /// `[n, channels, side, side]`
    pub pixels: Vec<u8>,
    /// `[n]`
    pub labels: Vec<u8>,
    /// One per label.
    pub class_names: Vec<String>,
}

/// A training and a test set, with the channel statistics of the training set.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// The training set.
    pub train: ImageSet,
    /// The test set.
    pub test: ImageSet,
    /// The channel statistics of the training set.
    pub stats: ChannelStats,
}

/// Mean and standard deviation of each channel, for intensities between 0 and 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelStats {
    /// The mean of each channel.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel.
    pub std: Vec<f32>,
}

/// The random augmentations of training images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augment {
    /// Shift by up to [`CROP_PAD`] pixels in each direction; pixels from outside are black.
    pub crop: bool,
    /// Mirror left to right with probability 1/2.
    pub flip: bool,
}

impl Images {
    /// Combines two sets, and measures the statistics of the training set.
    pub fn new(train: ImageSet, test: ImageSet) -> Self {
        let stats = train.channel_stats();
        Self { train, test, stats }
    }
}

impl ImageSet {
    /// Returns the number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns true if there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the number of bytes per image.
    pub fn image_len(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// Returns the pixels of one image, `[channels, side, side]`; empty if there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.image_len();
        self.pixels.get(index.saturating_mul(size)..).and_then(|rest| rest.get(..size)).unwrap_or_default()
    }

    /// Keeps the first `n` images.
    pub fn first(mut self, n: usize) -> Self {
        self.labels.truncate(n);
        self.pixels.truncate(n.saturating_mul(self.image_len()));
        self
    }

    /// Centers each image in a larger black one.
    pub fn padded_to(&self, side: usize) -> Self {
        let margin = side.saturating_sub(self.side) / 2;
        let mut pixels = vec![0; self.len() * self.channels * side * side];
        let planes = self.pixels.chunks_exact((self.side * self.side).max(1));
        for (from, to) in planes.zip(pixels.chunks_exact_mut((side * side).max(1))) {
            let rows = to.chunks_exact_mut(side).skip(margin);
            for (from, to) in from.chunks_exact(self.side).zip(rows) {
                to.iter_mut().skip(margin).zip(from).for_each(|(to, &from)| *to = from);
            }
        }
        Self { side, pixels, ..self.clone() }
    }

    /// Returns mean and standard deviation of each channel.
    pub fn channel_stats(&self) -> ChannelStats {
        let plane = (self.side * self.side).max(1);
        let mut stats = ChannelStats::default();
        for channel in 0..self.channels {
            // Integers, so that the order of summation does not matter.
            let (mut sum, mut squares) = (0u64, 0u64);
            for values in self.pixels.chunks_exact(plane).skip(channel).step_by(self.channels) {
                for &value in values {
                    sum += u64::from(value);
                    squares += u64::from(value) * u64::from(value);
                }
            }
            let n = (self.len() * plane).max(1) as f64;
            let mean = sum as f64 / n;
            let variance = (squares as f64 / n - mean * mean).max(0.0);
            stats.mean.push((mean / 255.0) as f32);
            // A constant channel is centered but not scaled.
            let std = if variance > 0.0 { variance.sqrt() / 255.0 } else { 1.0 };
            stats.std.push(std as f32);
        }
        stats
    }

    /// Returns images normalized per channel, `(value / 255 - mean) / std`, and their labels. Indices that do
    /// not exist are skipped.
    ///
    /// # Shapes
    ///
    /// - output: `[n, channels, side, side]` and `[n]` for `n` indices
    pub fn batch(&self, indices: &[usize], stats: &ChannelStats) -> (Vec<f32>, Vec<u8>) {
        let draws: Vec<_> =
            indices.iter().map(|&index| ImageDraw { index, ..ImageDraw::default() }).collect();
        self.augmented(&draws, stats, Augment { crop: true, flip: true })
    }

    /// Returns the same as [`batch`](Self::batch), with each image shifted and mirrored as `augment` allows.
    pub fn augmented(
        &self,
        draws: &[ImageDraw],
        stats: &ChannelStats,
        augment: Augment,
    ) -> (Vec<f32>, Vec<u8>) {
        let side = self.side as isize;
        let tables: Vec<[f32; 256]> = (0..self.channels).map(|channel| stats.table(channel)).collect();
        let mut values = Vec::with_capacity(draws.len() * self.image_len());
        let mut labels = Vec::with_capacity(draws.len());
        for &ImageDraw { index, down, right, mirrored } in draws {
            let Some(&label) = self.labels.get(index) else { continue };
            labels.push(label);
            let (down, right) = if augment.crop { (down, right) } else { (0, 0) };
            let mirrored = mirrored && augment.flip;
            let planes = self.image(index).chunks_exact((self.side * self.side).max(1));
            for (plane, table) in planes.zip(&tables) {
                if (down, right, mirrored) == (0, 0, false) {
                    values.extend(plane.iter().map(|&value| table[usize::from(value)]));
                    continue;
                }
                for row in 0..side {
                    for col in 0..side {
                        let col = if mirrored { side - 1 - col } else { col };
                        let (from_row, from_col) = (row - down, col - right);
                        let inside = (0..side).contains(&from_row) && (0..side).contains(&from_col);
                        let at = if inside { plane.get((from_row * side + from_col) as usize) } else { None };
                        values.push(table[usize::from(at.copied().unwrap_or(0))]);
                    }
                }
            }
        }
        (values, labels)
    }
}

impl ChannelStats {
    /// Returns the normalized value of each byte in a channel.
    fn table(&self, channel: usize) -> [f32; 256] {
        let mean = self.mean.get(channel).copied().unwrap_or(0.0);
        let std = self.std.get(channel).copied().unwrap_or(1.0);
        std::array::from_fn(|value| (value as f32 / 255.0 - mean) / std)
    }
}

/// The random choices for one image of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImageDraw {
    /// The index of the image in its set.
    pub index: usize,
    down: isize,
    right: isize,
    mirrored: bool,
}

impl ImageDraw {
    /// Draws shift and mirroring for an image. They are drawn even if the settings do not use them, so that
    /// the random stream does not depend on the settings.
    pub fn new(index: usize, rng: &mut ChaCha12Rng) -> Self {
        let mut draw = || rng.random_range(0..=2 * CROP_PAD as u32) as isize - CROP_PAD as isize;
        let (down, right) = (draw(), draw());
        Self { index, down, right, mirrored: rng.random() }
    }
}

/// Downsamples square planes of width `from` to width `to` by averaging square patches of pixels.
pub fn downsampled(planes: Vec<f32>, from: usize, to: usize) -> Vec<f32> {
    let k = from / to.max(1);
    if k <= 1 {
        return planes;
    }
    let mut means = Vec::with_capacity(planes.len() / (k * k));
    for band in planes.chunks_exact(k * from) {
        for col in 0..to {
            let rows = band.chunks_exact(from);
            let sum: f32 = rows.map(|row| row[col * k..(col + 1) * k].iter().sum::<f32>()).sum();
            means.push(sum / (k * k) as f32);
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use crate::data::images::downsampled;

    #[test]
    fn downsampling_averages_patches() {
        let plane: Vec<f32> = (0..16).map(|i| i as f32).collect();
        assert_eq!(downsampled(plane.clone(), 4, 2), [2.5, 4.5, 10.5, 12.5]);
        assert_eq!(downsampled(plane.clone(), 4, 4), plane);
    }
}
