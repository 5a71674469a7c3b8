//! What a check of the visitor's device finds, a line at a time: a worker measures it, and the page shows it. Each device has
//! a worker of its own, and the CPU's comes first: what it has computed is what a GPU is held against.

use serde::{Deserialize, Serialize};

/// What a worker is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VerifyRequest {
    /// Whether it is the GPU that is asked: one that has been lost meanwhile is not answered for by the CPU.
    pub of_gpu: bool,
    /// Milliseconds after the first speed after which no more are measured.
    pub most_ms: f64,
    /// The numbers that each case is held against, where they had to be computed; empty for the CPU, which computes them.
    pub references: Vec<Option<Vec<f32>>>,
}

/// One line, in the order in which it is found, which is the same on every device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum VerifyEvent {
    /// Something that is held against a reference; and that, where the CPU has computed it.
    Case(CaseResult, Option<Vec<f32>>),
    /// How fast a set-up of a section trains.
    Speed(Speed),
}

/// What came of one case on one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// What the case belongs to: a section, the kernels, formulas.
    pub group: String,
    pub what: String,
    /// Where the reference comes from.
    pub reference: String,
    /// Why the tolerances are what they are.
    pub why: String,
    pub outcome: Outcome,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The greatest error, relative to the largest number of its tensor; `None` if it could not be found.
    pub error: Option<f32>,
    /// The greatest error that is allowed.
    pub tolerance: f32,
    /// Where the greatest error is; or, where there is none, a sentence that says why.
    pub place: String,
}

impl Outcome {
    /// The error as a multiple of the tolerance; infinite if there is none.
    pub fn ratio(&self) -> f32 {
        self.error.map_or(f32::INFINITY, |error| error / self.tolerance)
    }

    /// Whether the device agrees with the reference. What could not be found does not.
    pub fn agrees(&self) -> bool {
        self.ratio() <= 1.0
    }
}

/// How fast a set-up of a section trains on one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// The section's name, and its name in addresses.
    pub section: String,
    pub slug: String,
    /// The preset's name, and its name in addresses; both are empty for the section's defaults.
    pub title: String,
    pub preset: String,
    /// The steps of a run.
    pub steps: u32,
    /// The milliseconds of one step of all networks of a run, which take turns; `None` where it was not measured.
    pub step_ms: Option<f32>,
}

#[cfg(test)]
mod tests {
    use crate::core::report::*;

    #[test]
    fn what_could_not_be_found_does_not_agree() {
        let outcome = |error| Outcome { error, tolerance: 1e-3, place: String::new() };
        assert!(outcome(Some(1e-3)).agrees() && !outcome(Some(2e-3)).agrees());
        assert!(!outcome(None).agrees() && !outcome(Some(f32::NAN)).agrees());
    }
}
