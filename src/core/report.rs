//! What a check of the visitor's device finds, a line at a time: the worker measures it, and the page shows it.

use serde::{Deserialize, Serialize};

/// One line, in the order in which it is found. Where a line has something for each device, the CPU comes first, and the
/// GPU second if there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Line {
    /// Something that is held against a reference.
    Case(CaseResult),
    /// How fast a set-up of a section trains.
    Speed(Speed),
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// What the case belongs to: a section, the kernels, formulas.
    pub group: String,
    pub what: String,
    /// Where the reference comes from.
    pub reference: String,
    /// Why the tolerances are what they are.
    pub why: String,
    pub outcomes: Vec<Outcome>,
}

/// What came of one case on one device.
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

/// How fast a set-up of a section trains.
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
    /// For each device the milliseconds of one step of all networks of a run, which take turns; `None` where it was not
    /// measured.
    pub step_ms: Vec<Option<f32>>,
}

impl Speed {
    /// The seconds that the steps of a run take on the device of a number.
    pub fn run_seconds(&self, device: usize) -> Option<f64> {
        let ms = (*self.step_ms.get(device)?)?;
        Some(f64::from(ms) * f64::from(self.steps) / 1000.0)
    }
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

    #[test]
    fn a_run_takes_its_steps() {
        let speed = Speed {
            section: String::new(),
            slug: String::new(),
            title: String::new(),
            preset: String::new(),
            steps: 200,
            step_ms: vec![Some(5.0), None],
        };
        assert_eq!(
            (speed.run_seconds(0), speed.run_seconds(1), speed.run_seconds(2)),
            (Some(1.0), None, None)
        );
    }
}
