//! Colors. Series take theirs from the stylesheet, so that a theme can change them. Color maps are tables
//! here.

/// The number of series colors in the stylesheet.
pub const SERIES_COLORS: usize = 8;

/// Returns the CSS color of a series.
pub fn series(index: usize) -> String {
    format!("var(--series-{})", index % SERIES_COLORS)
}

/// A mapping from a heatmap's values to colors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ColorMap {
    /// From dark to light, for amounts. Perceptually uniform, also without color vision.
    #[default]
    Sequential,
    /// Blue below zero, orange above, near-white between.
    Diverging,
    /// A color for each of some classes, pale where their probability is near chance. A value is the class plus its
    /// probability, which counts as less than 1.
    Classes(u8),
}

type Rgb = [u8; 3];

/// Nine samples of matplotlib's viridis.
const SEQUENTIAL: [Rgb; 9] = [
    [68, 1, 84],
    [71, 39, 119],
    [62, 73, 137],
    [48, 103, 141],
    [37, 130, 142],
    [30, 157, 136],
    [67, 185, 110],
    [155, 215, 60],
    [253, 231, 37],
];

const DIVERGING: [Rgb; 7] = [
    [12, 61, 120],
    [58, 124, 184],
    [150, 192, 222],
    [245, 244, 240],
    [247, 185, 122],
    [217, 113, 31],
    [133, 55, 4],
];

/// The colors of areas in which a class is certain. They go with the colors of its points in the stylesheet.
const CLASSES: [Rgb; 6] =
    [[58, 124, 184], [217, 113, 31], [46, 150, 90], [142, 92, 196], [205, 70, 130], [110, 118, 128]];

/// Returns the color of an area in which a class has a probability `share` of the way from chance to 1.
pub fn class_color(class: usize, share: f32) -> Rgb {
    let (pale, full) = (DIVERGING[3], CLASSES[class % CLASSES.len()]);
    // Even an undecided area shows a little of its color.
    let share = if share.is_nan() { 0.0 } else { 0.1 + 0.9 * share.clamp(0.0, 1.0) };
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(pale[channel]), f32::from(full[channel]));
        (from + share * (to - from)).round() as u8
    })
}

/// Returns a value of [`ColorMap::Classes`].
pub fn class_value(class: u8, probability: f32) -> f32 {
    f32::from(class) + probability.clamp(0.0, 0.9999)
}

impl ColorMap {
    /// Returns the color at a fraction of the way from the minimum to the maximum. NaN is the middle.
    pub fn at(self, fraction: f64) -> Rgb {
        let anchors: &[Rgb] = match self {
            Self::Sequential | Self::Classes(_) => &SEQUENTIAL,
            Self::Diverging => &DIVERGING,
        };
        let fraction = if fraction.is_nan() { 0.5 } else { fraction.clamp(0.0, 1.0) };
        let at = fraction * (anchors.len() - 1) as f64;
        let index = (at.floor() as usize).min(anchors.len() - 2);
        let part = at - index as f64;
        let (low, high) = (anchors[index], anchors[index + 1]);
        std::array::from_fn(|channel| {
            (f64::from(low[channel]) * (1.0 - part) + f64::from(high[channel]) * part).round() as u8
        })
    }

    /// Returns the color at a fraction as text for CSS and SVG.
    pub fn css(self, fraction: f64) -> String {
        let [red, green, blue] = self.at(fraction);
        format!("rgb({red},{green},{blue})")
    }

    /// Returns the values at the two ends of the map: the given range, or else the range of the data. A
    /// diverging map keeps zero in the middle.
    pub fn range(self, given: Option<(f64, f64)>, values: &[f32]) -> (f64, f64) {
        if let Some((low, high)) = given
            && low.is_finite()
            && high.is_finite()
            && low < high
        {
            return (low, high);
        }
        let finite = values.iter().copied().filter(|value| value.is_finite()).map(f64::from);
        let (low, high) = finite
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        match self {
            Self::Classes(n) => (0.0, f64::from(n.max(1))),
            _ if low > high => {
                if self == Self::Diverging {
                    (-1.0, 1.0)
                } else {
                    (0.0, 1.0)
                }
            }
            Self::Diverging => {
                let size = low.abs().max(high.abs());
                if size > 0.0 { (-size, size) } else { (-1.0, 1.0) }
            }
            Self::Sequential if low < high => (low, high),
            // All values are equal: a positive amount is shown as full, zero as empty.
            Self::Sequential if low > 0.0 => (0.0, low),
            Self::Sequential => (low, low + 1.0),
        }
    }

    /// Returns the pixels of a grid as RGBA, by table lookup. Values that are not finite stay transparent.
    pub fn paint(self, values: &[f32], (low, high): (f64, f64)) -> Vec<u8> {
        const STEPS: usize = 256;
        if let Self::Classes(n) = self {
            let chance = 1.0 / f32::from(n.max(2));
            let pixel = |value: &f32| match value {
                value if value.is_finite() => {
                    let [r, g, b] = class_color(*value as usize, (value.fract() - chance) / (1.0 - chance));
                    [r, g, b, 255]
                }
                _ => [0; 4],
            };
            return values.iter().flat_map(pixel).collect();
        }
        let table: Vec<Rgb> = (0..STEPS).map(|step| self.at(step as f64 / (STEPS - 1) as f64)).collect();
        let scale = (STEPS - 1) as f64 / (high - low);
        let mut pixels = Vec::with_capacity(values.len() * 4);
        for value in values {
            // A cast from a float saturates, so values out of range take the color of their end.
            let step = ((f64::from(*value) - low) * scale + 0.5) as usize;
            match table.get(step.min(STEPS - 1)) {
                Some([red, green, blue]) if value.is_finite() => {
                    pixels.extend_from_slice(&[*red, *green, *blue, 255]);
                }
                _ => pixels.extend_from_slice(&[0, 0, 0, 0]),
            }
        }
        pixels
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::color::*;

    #[test]
    fn ends_and_middle() {
        assert_eq!(ColorMap::Sequential.at(0.0), SEQUENTIAL[0]);
        assert_eq!(ColorMap::Sequential.at(1.0), SEQUENTIAL[8]);
        assert_eq!(ColorMap::Diverging.at(0.5), DIVERGING[3]);
        assert_eq!(ColorMap::Diverging.at(f64::NAN), DIVERGING[3]);
        assert_eq!(ColorMap::Diverging.at(f64::INFINITY), DIVERGING[6]);
    }

    #[test]
    fn sequential_grows_lighter() {
        let light = |step: i32| {
            let [red, green, blue] = ColorMap::Sequential.at(f64::from(step) / 50.0);
            0.2126 * f64::from(red) + 0.7152 * f64::from(green) + 0.0722 * f64::from(blue)
        };
        assert!((0..50).all(|step| light(step) <= light(step + 1)));
    }

    #[test]
    fn ranges_never_collapse() {
        for values in
            [vec![], vec![f32::NAN], vec![0.0; 3], vec![2.0; 3], vec![-2.0; 3], vec![f32::MAX, f32::MIN]]
        {
            for map in [ColorMap::Sequential, ColorMap::Diverging] {
                for given in [None, Some((1.0, 1.0)), Some((f64::NAN, 1.0)), Some((0.0, 5.0))] {
                    let (low, high) = map.range(given, &values);
                    assert!(low < high && (high - low).is_finite(), "{values:?} {low} {high}");
                }
            }
        }
        assert_eq!(ColorMap::Diverging.range(None, &[-1.0, 3.0]), (-3.0, 3.0));
    }

    #[test]
    fn every_class_has_its_color() {
        let map = ColorMap::Classes(3);
        let values = [class_value(0, 1.0), class_value(2, 1.0), class_value(2, 0.34), f32::NAN];
        let pixels = map.paint(&values, map.range(None, &values));
        assert_eq!((&pixels[..4], &pixels[4..8]), (&[58, 124, 184, 255][..], &[46, 150, 90, 255][..]));
        assert!(pixels[8] > 200 && pixels[15] == 0, "pale near chance; nothing without a value");
    }

    #[test]
    fn paints_each_value() {
        let pixels = ColorMap::Sequential.paint(&[0.0, 1.0, f32::NAN, -9.0, f32::INFINITY], (0.0, 1.0));
        assert_eq!(pixels.len(), 20);
        assert_eq!(pixels[0..3], SEQUENTIAL[0]);
        assert_eq!(pixels[4..7], SEQUENTIAL[8]);
        assert_eq!(pixels[11], 0);
        assert_eq!(pixels[12..15], SEQUENTIAL[0]);
        assert_eq!(pixels[19], 0);
    }
}
