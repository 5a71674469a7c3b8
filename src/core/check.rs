//! Claims, held against measurements.

use serde::{Deserialize, Serialize};

/// A claim of the course, held against a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What is claimed, in one sentence.
    pub claim: String,
    /// What the formula or the textbook expects.
    pub expected: String,
    /// What was measured here, or why there is no measurement yet.
    pub measured: String,
    pub verdict: Verdict,
    /// Whether it is about what training reaches: such a check has no verdict before the run has ended.
    #[serde(skip)]
    pub of_training: bool,
}

impl Check {
    /// A claim with what was measured and whether that agrees; `None` while nothing has been measured.
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

    /// The same, as one about what training reaches.
    pub fn of_training(self) -> Self {
        Self { of_training: true, ..self }
    }

    /// What can be said of it while training goes on.
    pub fn while_training(self) -> Self {
        if self.of_training && self.verdict != Verdict::Open {
            return Self { measured: format!("so far: {}", self.measured), verdict: Verdict::Open, ..self };
        }
        self
    }

    /// One check of several seeds' ones: it holds if it does with every seed that it was measured with.
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

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The measurement agrees with the claim.
    Holds,
    /// It does not, and the claim's text says why that can be.
    Fails,
    /// It does with some seeds, and does not with others.
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
    fn what_holds_with_some_seeds_does_not_hold() {
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
    fn nothing_is_decided_while_training_goes_on() {
        let going = check(Some(false)).while_training();
        assert_eq!((going.verdict, going.measured.as_str()), (Verdict::Open, "so far: 0.95"));
        let untrained = Check { of_training: false, ..check(Some(true)) };
        assert_eq!(untrained.clone().while_training(), untrained);
    }
}
