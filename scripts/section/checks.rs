//! The claims of this section, held against what was measured.

use super::{Config, Record};
use crate::core::Check;

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let [net] = &record.arms;
    let measured = net.weight.filter(|_| net.losses.len() as u32 == config.steps);
    vec![Check::new(
        "Gradient descent finds the slope of the line.",
        format!("{} ± 0.01", config.slope),
        measured.map(|weight| (format!("{weight:.3}"), (weight - config.slope).abs() < 0.01)),
    )]
}
