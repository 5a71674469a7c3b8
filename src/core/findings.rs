//! Constructors and helpers that the sections' answers and checks share.

use crate::core::check::Check;
use crate::core::guided::Answer;

/// Numbers with their names, as an answer reports them.
pub type Numbers = Vec<(&'static str, f64)>;

impl Answer {
    /// Returns an answer. `choice` is the index of the option that came out, if there is one.
    pub fn new(words: String, choice: impl Into<Option<usize>>, numbers: impl Into<Numbers>) -> Self {
        Self { words, choice: choice.into(), numbers: numbers.into() }
    }
}

impl Check {
    /// Returns a check of parameters or operations that were counted in real modules against their closed
    /// form.
    pub fn counts<const N: usize>(
        claim: impl Into<String>,
        formula: [u64; N],
        counted: Option<[u64; N]>,
    ) -> Self {
        let words = |counts: [u64; N]| counts.map(|count| count.to_string()).join(" and ");
        Self::new(claim, words(formula), counted.map(|counted| (words(counted), counted == formula)))
    }

    /// Returns a check of two computations that should differ by rounding only: the largest difference, and
    /// its bound.
    pub fn rounding(claim: impl Into<String>, measured: Option<(f64, f64)>) -> Self {
        let expected =
            measured.map_or_else(|| "rounding error".to_owned(), |(_, bound)| format!("≤ {bound:.1e}"));
        let words = |(difference, bound)| (format!("max |difference| {difference:.1e}"), difference <= bound);
        Self::new(claim, expected, measured.map(words))
    }
}

/// Returns a value of both arms once both have it.
pub fn both<T>(of_arm: impl Fn(usize) -> Option<T>) -> Option<[T; 2]> {
    Some([of_arm(0)?, of_arm(1)?])
}

/// Returns the numbers that have a value.
pub fn known<const N: usize>(numbers: [(&'static str, Option<f64>); N]) -> Numbers {
    numbers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Returns the first x of a curve at which `reached` holds for y.
pub fn first_x(curve: &[(f64, f64)], reached: impl Fn(f64) -> bool) -> Option<f64> {
    curve.iter().find(|(_, y)| reached(*y)).map(|(x, _)| *x)
}

#[cfg(test)]
mod tests {
    use crate::core::Verdict;
    use crate::core::findings::*;

    #[test]
    fn counts_are_compared_one_by_one() {
        let check = Check::counts("They agree.", [3, 5], Some([3, 6]));
        assert_eq!(
            (&*check.expected, &*check.measured, check.verdict),
            ("3 and 5", "3 and 6", Verdict::Fails)
        );
        assert_eq!(Check::counts("It agrees.", [3], None).verdict, Verdict::Open);
    }

    #[test]
    fn rounding_has_a_bound() {
        let check = Check::rounding("They agree.", Some((1e-7, 2e-6)));
        assert_eq!((&*check.expected, &*check.measured), ("≤ 2.0e-6", "max |difference| 1.0e-7"));
        assert_eq!(check.verdict, Verdict::Holds);
        assert_eq!(Check::rounding("They agree.", None).expected, "rounding error");
    }

    #[test]
    fn values_are_reported_once_they_are_known() {
        assert_eq!(both(|arm| (arm == 0).then_some(arm)), None);
        assert_eq!(both(Some), Some([0, 1]));
        assert_eq!(known([("a", Some(1.0)), ("b", None)]), [("a", 1.0)]);
        let curve = [(0.0, 0.5), (10.0, 0.95), (20.0, 1.0)];
        assert_eq!(first_x(&curve, |y| y > 0.9), Some(10.0));
        assert_eq!(first_x(&curve, |y| y > 1.0), None);
    }
}
