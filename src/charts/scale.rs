//! Scales: from values to pixels and back, and the positions of ticks. Pure.

pub use crate::charts::format::{format_exact, format_number, format_tick};

/// The spacing of values along an axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ScaleKind {
    /// Equal differences at equal distances.
    #[default]
    Linear,
    /// Powers of ten at equal distances; values that are not positive have no place.
    Log,
}

impl ScaleKind {
    /// The domain of an axis without data.
    pub const fn empty_domain(self) -> (f64, f64) {
        match self {
            Self::Linear => (0.0, 1.0),
            Self::Log => (0.1, 1.0),
        }
    }
}

/// A mark on an axis.
#[derive(Clone, PartialEq, Debug)]
pub struct Tick {
    /// The value at the mark.
    pub value: f64,
    /// The text next to the mark. Empty for a minor tick.
    pub label: String,
}

/// A mapping from a domain of values to a range of pixels. The range may be reversed, as it is for y in SVG.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scale {
    kind: ScaleKind,
    domain: (f64, f64),
    range: (f64, f64),
}

/// Limits that keep the differences of domain ends finite.
const LARGEST: f64 = 1e150;
const SMALLEST: f64 = 1e-150;

impl Scale {
    /// Returns a scale for any domain. A domain that cannot be drawn (empty, reversed, infinite, not positive
    /// on a log axis) is replaced with the nearest one that can.
    pub fn new(kind: ScaleKind, domain: (f64, f64), range: (f64, f64)) -> Self {
        Self { kind, domain: drawable(kind, domain), range }
    }

    /// Returns the domain that is drawn.
    pub const fn domain(&self) -> (f64, f64) {
        self.domain
    }

    /// Returns the pixels that the domain is drawn on.
    pub const fn range(&self) -> (f64, f64) {
        self.range
    }

    /// Returns the pixel of a value, which may be outside the range. `None` if the value has no place on this
    /// axis.
    pub fn map(&self, value: f64) -> Option<f64> {
        let (low, high) = (self.warp(self.domain.0), self.warp(self.domain.1));
        let at = self.warp(value);
        let share = (at - low) / (high - low);
        // SVG renderers do not handle huge numbers well, and far outside the picture the exact pixel does not
        // matter.
        (value.is_finite() && share.is_finite())
            .then(|| self.range.0 + share.clamp(-100.0, 100.0) * (self.range.1 - self.range.0))
    }

    /// Returns the value at a pixel.
    pub fn invert(&self, pixel: f64) -> f64 {
        let (low, high) = (self.warp(self.domain.0), self.warp(self.domain.1));
        let width = self.range.1 - self.range.0;
        let share = if width == 0.0 { 0.0 } else { (pixel - self.range.0) / width };
        let at = low + share * (high - low);
        match self.kind {
            ScaleKind::Linear => at,
            ScaleKind::Log => 10f64.powf(at),
        }
    }

    /// Returns about `target` labeled ticks at round values inside the domain. A log axis also gets minor
    /// ticks.
    pub fn ticks(&self, target: usize) -> Vec<Tick> {
        match self.kind {
            ScaleKind::Linear => linear_ticks(self.domain, target),
            ScaleKind::Log => log_ticks(self.domain, target),
        }
    }

    /// Returns about `target` ticks at whole numbers.
    pub fn whole_ticks(&self, target: usize) -> Vec<Tick> {
        let mut ticks = self.ticks(target);
        let places = if self.kind == ScaleKind::Linear { step_of(self.domain, target) } else { 1.0 };
        if places < 1.0 {
            let (low, high) = (self.domain.0.ceil(), self.domain.1.floor());
            let count = (high - low).clamp(-1.0, 50.0);
            ticks = (0..=count as i64).map(|index| whole_tick(low + index as f64)).collect();
            if count < 0.0 {
                ticks.clear();
            }
        }
        ticks.retain(|tick| tick.value.fract().abs() < 1e-9);
        ticks
    }

    fn warp(&self, value: f64) -> f64 {
        match self.kind {
            ScaleKind::Linear => value,
            ScaleKind::Log => value.log10(),
        }
    }
}

/// Returns the minimum and the maximum of the values that have a place on the axis, or `None` if no value
/// has.
pub fn extent(kind: ScaleKind, values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite() && (kind == ScaleKind::Linear || *value > 0.0)).fold(
        None,
        |so_far, value| match so_far {
            None => Some((value, value)),
            Some((low, high)) => Some((low.min(value), high.max(value))),
        },
    )
}

/// Returns the domain widened to round numbers, so that the data does not touch the frame.
pub fn nice(kind: ScaleKind, domain: (f64, f64), target: usize) -> (f64, f64) {
    let (low, high) = drawable(kind, domain);
    match kind {
        ScaleKind::Linear => {
            let step = step_of((low, high), target);
            ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step)
        }
        // A whole decade would often leave half of the picture empty, and 1, 2 and 5 are round enough.
        ScaleKind::Log => (round_log(low, false), round_log(high, true)),
    }
}

fn drawable(kind: ScaleKind, (low, high): (f64, f64)) -> (f64, f64) {
    let (low, high) = if low <= high { (low, high) } else { (high, low) };
    if low.is_nan() || high.is_nan() {
        return kind.empty_domain();
    }
    let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
    match kind {
        ScaleKind::Linear => {
            let size = low.abs().max(high.abs());
            if high - low > size * 1e-9 && high - low > SMALLEST {
                (low, high)
            } else if size <= SMALLEST {
                kind.empty_domain()
            } else {
                let middle = low / 2.0 + high / 2.0;
                (middle - size * 0.1, middle + size * 0.1)
            }
        }
        ScaleKind::Log if high <= 0.0 => kind.empty_domain(),
        ScaleKind::Log => {
            let high = high.max(SMALLEST);
            let low = if low <= 0.0 { high * 1e-3 } else { low.max(SMALLEST * 1e-3) };
            if high / low > 1.0 + 1e-9 { (low, high) } else { (low / 2.0, high * 2.0) }
        }
    }
}

fn round_log(value: f64, up: bool) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    let mantissa = value / decade;
    let steps = [1.0, 2.0, 5.0, 10.0];
    let chosen = if up {
        steps.iter().copied().find(|step| *step >= mantissa - 1e-9)
    } else {
        steps.iter().rev().copied().find(|step| *step <= mantissa + 1e-9)
    };
    chosen.unwrap_or(1.0) * decade
}

/// Returns the round distance (1, 2 or 5 times a power of ten) that gives about `target` ticks.
fn step_of((low, high): (f64, f64), target: usize) -> f64 {
    let raw = (high - low) / target.max(1) as f64;
    let decade = 10f64.powf(raw.log10().floor());
    let factor = match raw / decade {
        share if share < 1.5 => 1.0,
        share if share < 3.5 => 2.0,
        share if share < 7.5 => 5.0,
        _ => 10.0,
    };
    let step = factor * decade;
    if step.is_finite() && step > 0.0 { step } else { 1.0 }
}

fn linear_ticks((low, high): (f64, f64), target: usize) -> Vec<Tick> {
    let step = step_of((low, high), target);
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let count = (last - first).clamp(-1.0, 50.0) as i64;
    (0..=count)
        .filter(|_| count >= 0)
        .map(|index| {
            let value = (first + index as f64) * step;
            // Adding zero turns -0 into 0.
            Tick { value: value + 0.0, label: format_tick(value + 0.0, step) }
        })
        .collect()
}

fn log_ticks((low, high): (f64, f64), target: usize) -> Vec<Tick> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let inside = |value: f64| value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9);
    let decades = (first..=last).filter(|power| inside(10f64.powi(*power))).count();
    let stride = decades.div_ceil(target.max(2)).max(1) as i32;
    let mut ticks = Vec::new();
    for power in first..=last {
        let decade = 10f64.powi(power);
        for mantissa in 1..10 {
            let value = decade * f64::from(mantissa);
            let labeled = match mantissa {
                1 => power.rem_euclid(stride) == 0,
                2 | 5 => decades < 3 && target >= 3,
                _ => false,
            };
            if inside(value) && (labeled || stride == 1) {
                let label = if labeled { format_tick(value, value) } else { String::new() };
                ticks.push(Tick { value, label });
            }
        }
    }
    if ticks.iter().filter(|tick| !tick.label.is_empty()).count() < 2 {
        // Over less than a factor of about two the axis is nearly linear, and linear ticks are easiest to
        // read.
        ticks = linear_ticks((low, high), target);
        ticks.retain(|tick| tick.value > 0.0);
    }
    ticks
}

fn whole_tick(value: f64) -> Tick {
    Tick { value, label: format_tick(value, 1.0) }
}

#[cfg(test)]
mod tests {
    use crate::charts::scale::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn maps_and_inverts() {
        for (kind, domain) in [(ScaleKind::Linear, (-3.0, 7.0)), (ScaleKind::Log, (1e-4, 100.0))] {
            let scale = Scale::new(kind, domain, (200.0, 10.0));
            for value in [domain.0, 0.5, 2.0, domain.1] {
                let pixel = scale.map(value).expect("inside");
                assert!(
                    (scale.invert(pixel) - value).abs() < 1e-9 * value.abs().max(1.0),
                    "{kind:?} {value}"
                );
            }
            assert_eq!(scale.map(domain.0), Some(200.0));
            assert_eq!(scale.map(f64::NAN), None);
            assert_eq!(scale.map(f64::INFINITY), None);
        }
        assert_eq!(Scale::new(ScaleKind::Log, (1.0, 10.0), (0.0, 1.0)).map(0.0), None);
        assert_eq!(Scale::new(ScaleKind::Log, (1.0, 10.0), (0.0, 1.0)).map(-1.0), None);
    }

    #[test]
    fn linear_ticks_are_round() {
        let ticks = |low, high| Scale::new(ScaleKind::Linear, (low, high), (0.0, 1.0)).ticks(5);
        assert_eq!(labels(&ticks(0.0, 1.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&ticks(-1.0, 1.0)), ["−1", "−0.5", "0", "0.5", "1"]);
        assert_eq!(labels(&ticks(0.0, 50_000.0)), ["0", "10k", "20k", "30k", "40k", "50k"]);
        assert_eq!(labels(&ticks(0.0, 5e-5)), ["0", "1e-5", "2e-5", "3e-5", "4e-5", "5e-5"]);
        assert_eq!(labels(&ticks(0.95, 1.0)), ["0.95", "0.96", "0.97", "0.98", "0.99", "1"]);
    }

    #[test]
    fn log_ticks_are_decades() {
        let ticks = |low, high| Scale::new(ScaleKind::Log, (low, high), (0.0, 1.0)).ticks(5);
        assert_eq!(labels(&ticks(1e-5, 1.0)), ["1e-4", "0.01", "1"]);
        assert_eq!(labels(&ticks(0.01, 100.0)), ["0.01", "0.1", "1", "10", "100"]);
        assert_eq!(labels(&ticks(1.0, 20.0)), ["1", "2", "5", "10", "20"]);
        assert!(labels(&ticks(3.1, 3.4)).len() >= 2);
        assert!(ticks(1.0, 1000.0).len() > labels(&ticks(1.0, 1000.0)).len());
        assert!(labels(&ticks(1e-100, 1e100)).len() <= 6);
    }

    #[test]
    fn degenerate_domains_still_draw() {
        let values =
            [0.0, 1.0, -1.0, 1e-320, 1e308, -1e308, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e16];
        for kind in [ScaleKind::Linear, ScaleKind::Log] {
            for low in values {
                for high in values {
                    let scale = Scale::new(kind, (low, high), (0.0, 300.0));
                    let (a, b) = scale.domain();
                    assert!(a < b && a.is_finite() && b.is_finite(), "{kind:?} {low} {high}: {a} {b}");
                    let ticks = scale.ticks(5);
                    assert!(!ticks.is_empty() && ticks.len() < 100, "{kind:?} {low} {high} {a} {b}");
                    assert!(ticks.iter().all(|tick| scale.map(tick.value).is_some()));
                    let _ = scale.whole_ticks(5);
                    let (a, b) = nice(kind, (low, high), 5);
                    assert!(a < b && a.is_finite() && b.is_finite(), "nice {kind:?} {low} {high}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn whole_ticks_are_whole() {
        let ticks = |low, high| Scale::new(ScaleKind::Linear, (low, high), (0.0, 1.0)).whole_ticks(6);
        assert_eq!(labels(&ticks(0.0, 3.0)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&ticks(0.5, 2.5)), ["1", "2"]);
        assert_eq!(labels(&ticks(0.2, 0.4)), Vec::<&str>::new());
    }

    #[test]
    fn domains_become_round() {
        assert_eq!(nice(ScaleKind::Linear, (0.03, 0.97), 5), (0.0, 1.0));
        assert_eq!(nice(ScaleKind::Log, (0.03, 0.97), 5), (0.02, 1.0));
        assert_eq!(nice(ScaleKind::Linear, (0.0, 0.0), 5), (0.0, 1.0));
    }

    #[test]
    fn extents_skip_values_without_a_place() {
        assert_eq!(extent(ScaleKind::Linear, [f64::NAN, 2.0, -1.0, f64::INFINITY]), Some((-1.0, 2.0)));
        assert_eq!(extent(ScaleKind::Log, [0.0, 2.0, -1.0]), Some((2.0, 2.0)));
        assert_eq!(extent(ScaleKind::Log, [0.0]), None);
    }
}
