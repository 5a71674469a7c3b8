//! Messages about the verification of a device: a worker measures, and the page shows the results as they
//! come in. Each device has a worker of its own. The CPU comes first, because some of its results are the
//! references for a GPU.

use serde::{Deserialize, Serialize};

/// A request to verify a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VerifyRequest {
    /// True if the request is for the GPU. The CPU must not answer it if the GPU has been lost meanwhile.
    pub of_gpu: bool,
    /// The maximum number of milliseconds for measuring speeds after the first one.
    pub max_ms: f64,
    /// The reference values of each case, if the CPU had to compute them; empty for the CPU itself.
    pub references: Vec<Option<Vec<f32>>>,
}

/// One result. All devices send their results in the same order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum VerifyEvent {
    /// The result of a case, and its reference values if the CPU has computed them.
    Case(CaseResult, Option<Vec<f32>>),
    /// The training speed of a configuration.
    Speed(Speed),
}

/// A case and its outcome on one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// The group of the case: a section, the kernels, or formulas.
    pub group: String,
    /// A description of the case.
    pub what: String,
    /// The source of the reference.
    pub reference: String,
    /// The reason for the tolerances.
    pub why: String,
    /// The outcome on one device.
    pub outcome: Outcome,
}

/// The outcome of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The maximum error, relative to the largest value of its tensor; `None` if there was nothing to
    /// compare.
    pub error: Option<f32>,
    /// The maximum allowed error.
    pub tolerance: f32,
    /// The name of the tensor with the maximum error, or a sentence that says why there is no error.
    pub place: String,
}

impl Outcome {
    /// Returns the error as a multiple of the tolerance, infinite if there was nothing to compare.
    pub fn ratio(&self) -> f32 {
        self.error.map_or(f32::INFINITY, |error| error / self.tolerance)
    }

    /// Returns `true` if the device agrees with the reference. It does not if there was nothing to compare.
    pub fn agrees(&self) -> bool {
        self.ratio() <= 1.0
    }
}

/// The training speed of a configuration on one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// The section's name.
    pub section: String,
    /// The section's slug in addresses.
    pub slug: String,
    /// The preset's name; empty for the section's defaults.
    pub title: String,
    /// The preset's slug in addresses; empty for the section's defaults.
    pub preset: String,
    /// The number of steps of a run.
    pub steps: u32,
    /// Milliseconds per step, summed over all networks of a run; `None` if it was not measured.
    pub step_ms: Option<f32>,
}

#[cfg(test)]
mod tests {
    use crate::verify::report::*;

    #[test]
    fn a_missing_error_does_not_agree() {
        let outcome = |error| Outcome { error, tolerance: 1e-3, place: String::new() };
        assert!(outcome(Some(1e-3)).agrees() && !outcome(Some(2e-3)).agrees());
        assert!(!outcome(None).agrees() && !outcome(Some(f32::NAN)).agrees());
    }
}
