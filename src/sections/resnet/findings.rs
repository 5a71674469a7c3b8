//! Results of this project that the page shows with their date, because they take minutes to repeat.
//! `docs/findings.md` lists them with their settings; a test compares both.

/// The day of the measurements.
pub const MEASURED_ON: &str = "2026-11-30";

/// Median, minimum and maximum over three seeds.
pub type Spread = [f64; 3];

/// The training error after the prepared sweep's 160 steps: of the plain and the residual network, at 20 and at
/// 56 layers.
pub const TRAINING_ERRORS: [[Spread; 2]; 2] =
    [[[0.45, 0.38, 0.46], [0.70, 0.69, 0.71]], [[0.26, 0.23, 0.30], [0.33, 0.28, 0.38]]];
