//! The claims of this section, held against what was measured.

use super::{Config, Record};
use crate::core::Check;

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let measured = record.weight.filter(|_| record.losses.len() as u32 == config.steps);
    vec![Check::new(
        "Gradient descent finds the slope of the line.",
        format!("{} ± 0.01", config.slope),
        measured.map(|weight| (format!("{weight:.3}"), (weight - config.slope).abs() < 0.01)),
    )]
}
