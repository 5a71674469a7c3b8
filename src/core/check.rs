//! Claims compared with measurements.

use serde::{Deserialize, Serialize};

/// A claim of the course, compared with a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The claim, in one sentence.
    pub claim: String,
    /// The value that the formula or the textbook predicts.
    pub expected: String,
    /// The measurement, or the reason that there is none yet.
    pub measured: String,
    /// The result of the comparison.
    pub verdict: Verdict,
    /// True if the claim is about the result of training. Such a check has no verdict before the run ends.
    #[serde(skip)]
    pub of_training: bool,
}

impl Check {
    /// Returns a claim with the measurement and whether the two agree; `None` before anything is measured.
    pub fn new(
        claim: impl Into<String>,
        expected: impl Into<String>,
        measured: Option<(String, bool)>,
    ) -> Self {
        let (measured, verdict) = match measured {
            Some((measured, true)) => (measured, Verdict::Holds),
            Some((measured, false)) => (measured, Verdict::Fails),
            None => ("not measured yet".to_owned(), Verdict::Open),
        };
        Self { claim: claim.into(), expected: expected.into(), measured, verdict, of_training: false }
    }

    /// Marks the claim as one about the result of training.
    pub fn of_training(self) -> Self {
        Self { of_training: true, ..self }
    }

    /// Returns the check as it is shown during training: without a verdict if it is about the result of
    /// training.
    pub fn while_training(self) -> Self {
        if self.of_training && self.verdict != Verdict::Open {
            return Self { measured: format!("so far: {}", self.measured), verdict: Verdict::Open, ..self };
        }
        self
    }

    /// Combines the checks of several seeds. A claim holds if it holds for every seed for which it was
    /// measured.
    pub fn of_seeds(seeds: &[Vec<Self>]) -> Vec<Self> {
        let Some((first, others)) = seeds.split_first() else { return Vec::new() };
        let combined = first.iter().enumerate().map(|(index, check)| {
            let same = others
                .iter()
                .filter_map(|checks| checks.get(index))
                .filter(|other| other.claim == check.claim);
            let verdicts: Vec<Verdict> =
                std::iter::once(check).chain(same).map(|check| check.verdict).collect();
            let measured = verdicts.iter().filter(|verdict| **verdict != Verdict::Open).count();
            if measured < 2 {
                return check.clone();
            }
            let holds = verdicts.iter().filter(|verdict| **verdict == Verdict::Holds).count();
            let verdict = match holds {
                0 => Verdict::Fails,
                n if n == measured => Verdict::Holds,
                _ => Verdict::Mixed,
            };
            let words = format!("confirmed with {holds} of {measured} seeds; first seed: {}", check.measured);
            Self { measured: words, verdict, ..check.clone() }
        });
        combined.collect()
    }
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The measurement agrees with the claim.
    Holds,
    /// The measurement disagrees with the claim.
    Fails,
    /// The measurement agrees for some seeds and disagrees for others.
    Mixed,
    /// Nothing has been measured yet.
    Open,
}

#[cfg(test)]
mod tests {
    use crate::core::check::*;

    fn check(verdict: Option<bool>) -> Check {
        Check::new("It learns.", "above 0.9", verdict.map(|holds| ("0.95".to_owned(), holds))).of_training()
    }

    #[test]
    fn a_claim_that_holds_for_some_seeds_is_mixed() {
        let of = |verdicts: &[Option<bool>]| {
            let seeds: Vec<Vec<Check>> = verdicts.iter().map(|verdict| vec![check(*verdict)]).collect();
            Check::of_seeds(&seeds).remove(0)
        };
        assert_eq!(of(&[Some(true), Some(false), Some(true)]).verdict, Verdict::Mixed);
        assert!(
            of(&[Some(true), Some(false), Some(true)]).measured.starts_with("confirmed with 2 of 3 seeds")
        );
        assert_eq!(of(&[Some(true); 3]).verdict, Verdict::Holds);
        assert_eq!(of(&[Some(false); 3]).verdict, Verdict::Fails);
        assert_eq!(of(&[Some(true), None]), check(Some(true)), "measured with one seed");
        assert!(Check::of_seeds(&[]).is_empty());
    }

    #[test]
    fn a_claim_about_training_has_no_verdict_before_the_end() {
        let going = check(Some(false)).while_training();
        assert_eq!((going.verdict, going.measured.as_str()), (Verdict::Open, "so far: 0.95"));
        let untrained = Check { of_training: false, ..check(Some(true)) };
        assert_eq!(untrained.clone().while_training(), untrained);
    }
}
