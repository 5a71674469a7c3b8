//! A decoded picture, and its conversion to the size and the colors of a set.

/// A decoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    channels: usize,
    height: usize,
    width: usize,
    /// `[channels, height, width]`
    pixels: Vec<u8>,
}

impl Raw {
    /// Returns a picture of planes, `[channels, height, width]`, or `None` if the number of bytes is another, or if it is
    /// neither gray (one channel) nor colored (three).
    pub fn of_planes(channels: usize, height: usize, width: usize, pixels: Vec<u8>) -> Option<Self> {
        let len = height.checked_mul(width)?.checked_mul(channels)?;
        let is_picture = len > 0 && len == pixels.len() && matches!(channels, 1 | 3);
        is_picture.then_some(Self { channels, height, width, pixels })
    }

    /// Returns the picture of interleaved pixels, `[height, width, depth]`, of which the first `channels` values are used.
    pub fn of_interleaved(
        channels: usize,
        depth: usize,
        height: usize,
        width: usize,
        bytes: &[u8],
    ) -> Option<Self> {
        let len = height.checked_mul(width)?.checked_mul(depth)?;
        if bytes.len() != len || channels > depth {
            return None;
        }
        let plane = |channel| bytes.iter().skip(channel).step_by(depth.max(1)).copied();
        Self::of_planes(channels, height, width, (0..channels).flat_map(plane).collect())
    }

    /// Returns the pixels of the largest square in the center, scaled to `side` by averaging areas, as gray or color:
    /// `[channels, side, side]`.
    pub fn scaled(&self, channels: usize, side: usize) -> Vec<u8> {
        let planes = self.pixels.chunks_exact((self.height * self.width).max(1));
        let scaled: Vec<Vec<u8>> = planes.map(|plane| self.scaled_plane(plane, side)).collect();
        match (scaled.as_slice(), channels) {
            ([red, green, blue], 1) => {
                red.iter().zip(green).zip(blue).map(|((&r, &g), &b)| luma(r, g, b)).collect()
            }
            ([gray], 3) => [gray.as_slice(), gray, gray].concat(),
            _ => scaled.concat(),
        }
    }

    fn scaled_plane(&self, plane: &[u8], side: usize) -> Vec<u8> {
        let crop = self.height.min(self.width);
        let (top, left) = ((self.height - crop) / 2, (self.width - crop) / 2);
        let rows = plane.chunks_exact(self.width).skip(top).take(crop);
        let rows = rows.map(|row| row.get(left..left + crop).unwrap_or_default());
        if crop == side {
            return rows.flatten().copied().collect();
        }
        // Integers, so that a gray area keeps its value exactly.
        let mut sums = vec![0u64; side * side];
        for (y, row) in rows.enumerate() {
            let mut line = vec![0u64; side];
            for (x, &value) in row.iter().enumerate() {
                for (to, weight) in overlaps(x, crop, side) {
                    if let Some(sum) = line.get_mut(to) {
                        *sum += weight * u64::from(value);
                    }
                }
            }
            for (to, weight) in overlaps(y, crop, side) {
                let sums = sums.get_mut(to * side..(to + 1) * side).unwrap_or_default();
                sums.iter_mut().zip(&line).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        let area = (crop * crop).max(1) as u64;
        sums.into_iter().map(|sum| ((sum + area / 2) / area).min(255) as u8).collect()
    }
}

/// Returns the new pixels that cover an old one, each with the length of the overlap, when `from` pixels become `to`. The
/// unit is such that an old pixel has the length `to`, and a new one has the length `from`.
fn overlaps(at: usize, from: usize, to: usize) -> impl Iterator<Item = (usize, u64)> {
    let (start, end) = (at * to, (at + 1) * to);
    let from = from.max(1);
    (start / from..to.min(end.div_ceil(from))).map(move |new| {
        let overlap = end.min((new + 1) * from) - start.max(new * from);
        (new, overlap as u64)
    })
}

/// Returns the gray of a color (ITU-R BT.601).
fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}

#[cfg(test)]
mod tests {
    use crate::data::own::pictures::raw::*;

    fn gray(height: usize, width: usize, pixel: impl Fn(usize, usize) -> u8) -> Raw {
        let pixels = (0..height * width).map(|i| pixel(i / width, i % width)).collect();
        Raw::of_planes(1, height, width, pixels).expect("a picture")
    }

    #[test]
    fn areas_are_averaged() {
        let picture = gray(4, 4, |y, x| (16 * (4 * y + x)) as u8);
        assert_eq!(picture.scaled(1, 2), [40, 72, 168, 200]);
        assert_eq!(picture.scaled(1, 4), picture.pixels);
        // Three pixels in two: the middle one is shared.
        let stripes = gray(3, 3, |_, x| [0, 90, 240][x]);
        assert_eq!(stripes.scaled(1, 2), [30, 190, 30, 190]);
        // Constant pictures keep their value at any size.
        for (height, width, side) in [(1, 1, 28), (28, 28, 32), (100, 37, 32), (33, 31, 28)] {
            let scaled = gray(height, width, |_, _| 201).scaled(1, side);
            assert!(
                scaled.len() == side * side && scaled.iter().all(|&value| value == 201),
                "{height} {width}"
            );
        }
    }

    #[test]
    fn the_square_in_the_center_is_used() {
        let wide = gray(2, 6, |_, x| [9, 9, 1, 2, 9, 9][x]);
        assert_eq!(wide.scaled(1, 2), [1, 2, 1, 2]);
        let tall = gray(6, 2, |y, _| [9, 9, 1, 2, 9, 9][y]);
        assert_eq!(tall.scaled(1, 2), [1, 1, 2, 2]);
    }

    #[test]
    fn colors_become_gray_and_gray_becomes_color() {
        let color = Raw::of_interleaved(3, 4, 1, 1, &[255, 0, 0, 7]).expect("a picture");
        assert_eq!((color.scaled(3, 1), color.scaled(1, 1)), (vec![255, 0, 0], vec![76]));
        assert_eq!(gray(1, 1, |_, _| 5).scaled(3, 1), [5, 5, 5]);
        let white = Raw::of_interleaved(3, 3, 1, 1, &[255; 3]).expect("a picture");
        assert_eq!(white.scaled(1, 1), [255]);
    }

    #[test]
    fn wrong_sizes_are_refused() {
        assert_eq!(Raw::of_planes(1, 2, 2, vec![0; 3]), None);
        assert_eq!(Raw::of_planes(1, 0, 2, vec![]), None);
        assert_eq!(Raw::of_planes(2, 1, 1, vec![0; 2]), None);
        assert_eq!(Raw::of_planes(3, usize::MAX, 2, vec![]), None);
        assert_eq!(Raw::of_interleaved(3, 4, 2, 2, &[0; 12]), None);
    }
}
