//! Numbers that a reader may quote, and what several seeds make of them.

use std::borrow::Cow;

/// A number with its name: said once by the experiment, and drawn, sent, asked about, kept and listed from there.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// What it is called for tests and course authors.
    pub name: Cow<'static, str>,
    /// What it is called on the page.
    pub title: Cow<'static, str>,
    /// Nothing while it has not been measured.
    pub value: Option<f64>,
    pub unit: &'static str,
    /// A few words below it.
    pub note: Cow<'static, str>,
    /// Significant digits.
    pub digits: usize,
}

impl Metric {
    /// A number without unit and note, of three digits.
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

    /// The same with a unit.
    pub fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// The same with a few words below it.
    pub fn note(self, note: impl Into<Cow<'static, str>>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// The same with so many significant digits.
    pub fn digits(self, digits: usize) -> Self {
        Self { digits, ..self }
    }

    /// A whole number, written in full.
    pub fn count(self) -> Self {
        self.digits(12)
    }
}

/// What several seeds came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
    /// How many seeds.
    pub n: usize,
}

impl Spread {
    /// Of some values; those that are no numbers are left out, and of none there is none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (&low, &high) = (sorted.first()?, sorted.last()?);
        let n = sorted.len();
        let (upper, lower) = (*sorted.get(n / 2)?, *sorted.get((n - 1) / 2)?);
        Some(Self { median: f64::midpoint(lower, upper), low, high, n })
    }

    /// Which of these values stands for all: the one nearest to the median, and of several as near the first.
    pub fn nearest(&self, values: impl IntoIterator<Item = f64>) -> Option<usize> {
        let distances = values.into_iter().map(|value| (value - self.median).abs()).enumerate();
        let finite = distances.filter(|(_, distance)| distance.is_finite());
        finite.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
    }
}

/// Several seeds' curves as one: the spread at every x that all of them have. Curves without points are left out.
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
    fn the_median_of_an_even_number_lies_between_two() {
        let spread = Spread::of([4.0, 1.0, 2.0, f64::NAN, 3.0]).unwrap();
        assert_eq!(spread, Spread { median: 2.5, low: 1.0, high: 4.0, n: 4 });
        assert_eq!(Spread::of([f64::NAN]), None);
    }

    #[test]
    fn one_value_stands_for_all() {
        let nearest = |values: &[f64]| Spread::of(values.iter().copied())?.nearest(values.iter().copied());
        assert_eq!(nearest(&[9.0, 1.0, 2.0]), Some(2), "the median itself");
        assert_eq!(nearest(&[f64::NAN, 4.0, 1.0, 2.0, 3.0]), Some(3), "of two as near the first");
        assert_eq!(nearest(&[5.0, 5.0]), Some(0));
        assert_eq!(nearest(&[f64::INFINITY, 7.0]), Some(1), "what did not count for the median");
        assert_eq!(nearest(&[f64::NAN]), None);
    }

    #[test]
    fn a_band_ends_where_the_slowest_seed_is() {
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
