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
        Self { claim: claim.into(), expected: expected.into(), measured, verdict }
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
    /// Nothing has been measured yet.
    Open,
}
