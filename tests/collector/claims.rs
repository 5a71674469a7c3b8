//! Checks of a section, given evidence for and against them.

use nn_lab::core::{Check, Verdict};

/// Returns the only check whose claim contains some words.
#[track_caller]
pub(crate) fn claim_about(words: &str, checks: &[Check]) -> Check {
    let found = checks.iter().filter(|check| check.claim.contains(words)).collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{words}: {checks:#?}");
    found[0].clone()
}

/// Fails unless the first check confirms a claim and the second one refutes it.
#[track_caller]
pub(crate) fn confirmed_and_refuted([holds, fails]: [Check; 2]) {
    assert_eq!(holds.verdict, Verdict::Holds, "{holds:?}");
    assert_eq!(fails.verdict, Verdict::Fails, "{fails:?}");
    assert_eq!(holds.claim, fails.claim, "it is the same claim");
}
