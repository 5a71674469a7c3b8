//! Numbers that a reader may quote, and their spread over several seeds.

use std::borrow::Cow;

/// A number with its name, declared once by the experiment. Readouts, messages, questions and saved runs all
/// use it.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The name for tests and course authors: `data-metric`.
    pub name: Cow<'static, str>,
    /// The title on the page.
    pub title: Cow<'static, str>,
    /// The value; `None` before it is measured.
    pub value: Option<f64>,
    /// The unit, or an empty string.
    pub unit: &'static str,
    /// A short note under the number, or an empty string.
    pub note: Cow<'static, str>,
    /// The number of significant digits.
    pub digits: usize,
}

impl Metric {
    /// Returns a number without a unit or a note, shown with three significant digits.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        value: impl Into<Option<f64>>,
    ) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            value: value.into(),
            unit: "",
            note: Cow::Borrowed(""),
            digits: 3,
        }
    }

    /// Sets the unit.
    pub fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Sets the note.
    pub fn note(self, note: impl Into<Cow<'static, str>>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// Sets the number of significant digits.
    pub fn digits(self, digits: usize) -> Self {
        Self { digits, ..self }
    }

    /// Shows the number as an integer with all its digits.
    pub fn count(self) -> Self {
        self.digits(12)
    }
}

/// The spread of a number over several seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The minimum.
    pub low: f64,
    /// The maximum.
    pub high: f64,
    /// The number of seeds.
    pub n: usize,
}

impl Spread {
    /// Returns the spread of the finite values, or `None` if no value is finite.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (&low, &high) = (sorted.first()?, sorted.last()?);
        let n = sorted.len();
        let (upper, lower) = (*sorted.get(n / 2)?, *sorted.get((n - 1) / 2)?);
        Some(Self { median: f64::midpoint(lower, upper), low, high, n })
    }

    /// Returns the index of the value nearest to the median; the first one of equally near values.
    pub fn nearest(&self, values: impl IntoIterator<Item = f64>) -> Option<usize> {
        let distances = values.into_iter().map(|value| (value - self.median).abs()).enumerate();
        let finite = distances.filter(|(_, distance)| distance.is_finite());
        finite.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
    }
}

/// Returns the spread of several seeds' curves at every x that all of them have. Empty curves are ignored.
pub fn spread_of(curves: &[&[(f64, f64)]]) -> Vec<(f64, Spread)> {
    let curves: Vec<&[(f64, f64)]> = curves.iter().copied().filter(|curve| !curve.is_empty()).collect();
    let Some((first, others)) = curves.split_first() else { return Vec::new() };
    let mut ahead = vec![0usize; others.len()];
    let mut spreads = Vec::with_capacity(first.len());
    for &(x, y) in *first {
        let mut values = vec![y];
        for (curve, at) in others.iter().zip(&mut ahead) {
            while curve.get(*at).is_some_and(|point| point.0 < x) {
                *at += 1;
            }
            values.extend(curve.get(*at).filter(|point| point.0 == x).map(|point| point.1));
        }
        if values.len() == curves.len()
            && let Some(spread) = Spread::of(values)
        {
            spreads.push((x, spread));
        }
    }
    spreads
}

#[cfg(test)]
mod tests {
    use crate::core::metric::*;
    use proptest::prelude::*;

    #[test]
    fn the_median_of_an_even_count_is_the_mean_of_two() {
        let spread = Spread::of([4.0, 1.0, 2.0, f64::NAN, 3.0]).unwrap();
        assert_eq!(spread, Spread { median: 2.5, low: 1.0, high: 4.0, n: 4 });
        assert_eq!(Spread::of([f64::NAN]), None);
    }

    #[test]
    fn the_value_nearest_to_the_median_is_found() {
        let nearest = |values: &[f64]| Spread::of(values.iter().copied())?.nearest(values.iter().copied());
        assert_eq!(nearest(&[9.0, 1.0, 2.0]), Some(2), "the median itself");
        assert_eq!(nearest(&[f64::NAN, 4.0, 1.0, 2.0, 3.0]), Some(3), "the first of two equally near");
        assert_eq!(nearest(&[5.0, 5.0]), Some(0));
        assert_eq!(nearest(&[f64::INFINITY, 7.0]), Some(1), "infinity does not count");
        assert_eq!(nearest(&[f64::NAN]), None);
    }

    #[test]
    fn a_band_ends_at_the_last_step_of_the_slowest_seed() {
        let (a, b) = ([(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)], [(1.0, 5.0), (3.0, 9.0)]);
        let spreads = spread_of(&[&a, &b, &[]]);
        let seen: Vec<_> = spreads.iter().map(|(x, s)| (*x, s.low, s.median, s.high, s.n)).collect();
        assert_eq!(seen, [(1.0, 1.0, 3.0, 5.0, 2), (3.0, 3.0, 6.0, 9.0, 2)]);
        assert!(spread_of(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn the_median_lies_within(values in prop::collection::vec(-1e6..1e6f64, 1..20)) {
            let spread = Spread::of(values.iter().copied()).unwrap();
            prop_assert!(spread.low <= spread.median && spread.median <= spread.high);
            let below = values.iter().filter(|value| **value < spread.median).count();
            let above = values.iter().filter(|value| **value > spread.median).count();
            prop_assert!(2 * below <= values.len() && 2 * above <= values.len());
        }
    }
}
