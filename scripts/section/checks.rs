//! The claims of this section, compared with the measurements.

use super::{Config, Record};
use crate::core::Check;

/// Returns the checks; each stays open until the training has finished.
pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let [net] = &record.arms;
    let measured = net.weight.filter(|_| net.losses.len() as u32 == config.steps);
    vec![Check::new(
        "Gradient descent finds the slope of the line.",
        format!("{} ± 0.01", config.slope),
        measured.map(|weight| (format!("{weight:.3}"), (weight - config.slope).abs() < 0.01)),
    )]
}
