//! Labelled images as bytes, and the batches of numbers that a net takes.

use rand::{RngExt, rngs::StdRng};

/// Every image is this wide and high when a net sees it.
pub const SIDE: usize = 32;
/// Pixels that a random crop may move an image by, in each direction (Krizhevsky 2009; He et al. 2015).
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
    /// One for each label.
    pub class_names: &'static [&'static str],
}

/// A training and a test part, and the training part's moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    pub train: ImageSet,
    pub test: ImageSet,
    pub checkpoints: Moments,
}

/// Mean and standard deviation of each channel, of intensities between 0 and 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    pub mean: Vec<f32>,
    pub std: Vec<f32>,
}

/// What is done to training images at random, anew each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augment {
    /// Moved by up to [`CROP_PAD`] pixels each way; what moves in is black.
    pub crop: bool,
    /// Mirrored left to right, every other time.
    pub flip: bool,
}

impl Images {
    /// Puts two parts together; the moments are measured from the training part.
    pub fn new(train: ImageSet, test: ImageSet) -> Self {
        let checkpoints = train.checkpoints();
        Self { train, test, checkpoints }
    }
}

impl ImageSet {
    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Bytes in one image.
    pub fn image_len(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// `[channels, side, side]` of one image; nothing if there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.image_len();
        self.pixels.get(index.saturating_mul(size)..).and_then(|rest| rest.get(..size)).unwrap_or_default()
    }

    /// The first `n` images, or all if there are fewer.
    pub fn first(mut self, n: usize) -> Self {
        self.labels.truncate(n);
        self.pixels.truncate(n.saturating_mul(self.image_len()));
        self
    }

    /// The same images in the middle of larger black ones.
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

    /// Mean and standard deviation of each channel.
    pub fn checkpoints(&self) -> Moments {
        let plane = (self.side * self.side).max(1);
        let mut checkpoints = Moments::default();
        for channel in 0..self.channels {
            // Whole numbers, so that the order of adding does not matter.
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
            checkpoints.mean.push((mean / 255.0) as f32);
            // A channel that is the same everywhere is centerd and not scaled.
            let std = if variance > 0.0 { variance.sqrt() / 255.0 } else { 1.0 };
            checkpoints.std.push(std as f32);
        }
        checkpoints
    }

    /// Some images, normalized: `(value / 255 - mean) / std` of the channel; and their labels. Indices that do not
    /// exist are left out.
    ///
    /// # Shapes
    ///
    /// - output: `[indices, channels, side, side]` and `[indices]`
    pub fn batch(&self, indices: &[usize], checkpoints: &Moments) -> (Vec<f32>, Vec<u8>) {
        self.gather(indices, checkpoints, |_| Shift::default())
    }

    /// The same, each image moved and mirrored at random.
    pub fn augmented(
        &self,
        indices: &[usize],
        checkpoints: &Moments,
        augment: Augment,
        rng: &mut StdRng,
    ) -> (Vec<f32>, Vec<u8>) {
        self.gather(indices, checkpoints, |_| {
            // Drawn whether they are used or not, so that a switch changes nothing but what it says.
            let Shift { down, right, mirrored } = Shift::draw(rng);
            let mirrored = mirrored && augment.flip;
            if augment.crop {
                Shift { down, right, mirrored }
            } else {
                Shift { mirrored, ..Shift::default() }
            }
        })
    }

    /// As if so many images had been augmented.
    pub fn skip_augmented(images: usize, rng: &mut StdRng) {
        for _ in 0..images {
            Shift::draw(rng);
        }
    }

    fn gather(
        &self,
        indices: &[usize],
        checkpoints: &Moments,
        mut shift: impl FnMut(usize) -> Shift,
    ) -> (Vec<f32>, Vec<u8>) {
        let side = self.side as isize;
        let tables: Vec<[f32; 256]> = (0..self.channels).map(|channel| checkpoints.table(channel)).collect();
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
    /// What each byte of a channel becomes.
    fn table(&self, channel: usize) -> [f32; 256] {
        let mean = self.mean.get(channel).copied().unwrap_or(0.0);
        let std = self.std.get(channel).copied().unwrap_or(1.0);
        std::array::from_fn(|value| (value as f32 / 255.0 - mean) / std)
    }
}

/// Where an image is moved to.
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
