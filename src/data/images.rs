//! Labeled images as bytes, and the normalized batches that a network takes.

use rand::{RngExt, rngs::StdRng};

/// The width and height of an image when a network sees it.
pub const SIDE: usize = 32;
/// The maximum shift of a random crop in pixels, in each direction (Krizhevsky 2009; He et al. 2015).
pub const CROP_PAD: usize = 4;

/// Images with labels.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSet {
    /// The number of channels: 1 for gray, 3 for red, green and blue.
    pub channels: usize,
    /// The width and height.
    pub side: usize,
    /// Intensities, `[n, channels, side, side]`.
    pub pixels: Vec<u8>,
    /// Classes, `[n]`.
    pub labels: Vec<u8>,
    /// The name of each class.
    pub class_names: &'static [&'static str],
}

/// A training part and a test part, with the moments of the training part.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// The training part.
    pub train: ImageSet,
    /// The test part.
    pub test: ImageSet,
    /// The moments of the training part, which normalize both parts.
    pub moments: Moments,
}

/// The mean and standard deviation of each channel, for intensities between 0 and 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// The means, `[channels]`.
    pub mean: Vec<f32>,
    /// The standard deviations, `[channels]`.
    pub std: Vec<f32>,
}

/// The random augmentation of training images, drawn again each time an image is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augment {
    /// Shifts an image by up to [`CROP_PAD`] pixels in each direction, and fills in black.
    pub crop: bool,
    /// Mirrors an image left to right with probability 1/2.
    pub flip: bool,
}

impl Images {
    /// Combines two parts, and measures the moments of the training part.
    pub fn new(train: ImageSet, test: ImageSet) -> Self {
        let moments = train.moments();
        Self { train, test, moments }
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

    /// Returns the number of bytes in one image.
    pub fn image_len(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// Returns the bytes of one image, `[channels, side, side]`; empty if there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.image_len();
        self.pixels.get(index.saturating_mul(size)..).and_then(|rest| rest.get(..size)).unwrap_or_default()
    }

    /// Returns the first `n` images, or all if there are fewer.
    pub fn first(mut self, n: usize) -> Self {
        self.labels.truncate(n);
        self.pixels.truncate(n.saturating_mul(self.image_len()));
        self
    }

    /// Returns the images centered in black ones of width and height `side`.
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

    /// Returns the mean and standard deviation of each channel.
    pub fn moments(&self) -> Moments {
        let plane = (self.side * self.side).max(1);
        let mut moments = Moments::default();
        for channel in 0..self.channels {
            // With integers, the sum does not depend on the order.
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
            moments.mean.push((mean / 255.0) as f32);
            // A constant channel is centered, but not scaled.
            let std = if variance > 0.0 { variance.sqrt() / 255.0 } else { 1.0 };
            moments.std.push(std as f32);
        }
        moments
    }

    /// Returns the images at some indices, normalized per channel as `(value / 255 - mean) / std`, and their
    /// labels. Indices that do not exist are skipped.
    ///
    /// # Shapes
    ///
    /// - output: `[indices, channels, side, side]` and `[indices]`
    pub fn batch(&self, indices: &[usize], moments: &Moments) -> (Vec<f32>, Vec<u8>) {
        self.gather(indices, moments, |_| Shift::default())
    }

    /// Returns the same as [`batch`](Self::batch), with each image shifted and mirrored at random.
    ///
    /// # Shapes
    ///
    /// - output: `[indices, channels, side, side]` and `[indices]`
    pub fn augmented(
        &self,
        indices: &[usize],
        moments: &Moments,
        augment: Augment,
        rng: &mut StdRng,
    ) -> (Vec<f32>, Vec<u8>) {
        self.gather(indices, moments, |_| {
            // Always drawn, so that switching one augmentation off does not change the other.
            let Shift { down, right, mirrored } = Shift::draw(rng);
            let mirrored = mirrored && augment.flip;
            if augment.crop {
                Shift { down, right, mirrored }
            } else {
                Shift { mirrored, ..Shift::default() }
            }
        })
    }

    /// Advances `rng` as if `images` images had been augmented.
    pub fn skip_augmented(images: usize, rng: &mut StdRng) {
        for _ in 0..images {
            Shift::draw(rng);
        }
    }

    fn gather(
        &self,
        indices: &[usize],
        moments: &Moments,
        mut shift: impl FnMut(usize) -> Shift,
    ) -> (Vec<f32>, Vec<u8>) {
        let side = self.side as isize;
        let tables: Vec<[f32; 256]> = (0..self.channels).map(|channel| moments.table(channel)).collect();
        let mut values = Vec::with_capacity(indices.len() * self.image_len());
        let mut labels = Vec::with_capacity(indices.len());
        for &index in indices {
            let Some(&label) = self.labels.get(index) else { continue };
            labels.push(label);
            let Shift { down, right, mirrored } = shift(index);
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

impl Moments {
    /// Returns the normalized value of each byte in a channel.
    fn table(&self, channel: usize) -> [f32; 256] {
        let mean = self.mean.get(channel).copied().unwrap_or(0.0);
        let std = self.std.get(channel).copied().unwrap_or(1.0);
        std::array::from_fn(|value| (value as f32 / 255.0 - mean) / std)
    }
}

/// The random shift and reflection of an image.
#[derive(Clone, Copy, Debug, Default)]
struct Shift {
    down: isize,
    right: isize,
    mirrored: bool,
}

impl Shift {
    fn draw(rng: &mut StdRng) -> Self {
        let mut draw = || rng.random_range(0..=2 * CROP_PAD as u32) as isize - CROP_PAD as isize;
        let (down, right) = (draw(), draw());
        Self { down, right, mirrored: rng.random() }
    }
}
