//! Durations of training steps.

use serde::{Deserialize, Serialize};

/// The number of durations kept; older ones are dropped, so that the median follows the current pace.
const MAX_TIMES: usize = 31;

/// Durations of single steps of one network, in milliseconds, each measured until the device had finished.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepTimes(Vec<f32>);

impl StepTimes {
    /// Adds a duration.
    pub fn push(&mut self, ms: f32) {
        self.extend(&Self(vec![ms]));
    }

    /// Adds later durations.
    pub fn extend(&mut self, later: &Self) {
        self.0.extend_from_slice(&later.0);
        let extra = self.0.len().saturating_sub(MAX_TIMES);
        self.0.drain(..extra);
    }

    /// Returns the median, which a step that had to wait does not move; `None` if there are no durations.
    pub fn median(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self.0.iter().map(|&ms| ms.into()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use crate::run::timing::{MAX_TIMES, StepTimes};

    #[test]
    fn a_slow_step_does_not_move_the_median_and_old_steps_are_dropped() {
        let mut times = StepTimes::default();
        assert_eq!(times.median(), None);
        [2.0, 900.0, 3.0].into_iter().for_each(|ms| times.push(ms));
        assert_eq!(times.median(), Some(3.0));
        (0..MAX_TIMES).for_each(|_| times.push(1.0));
        assert_eq!(times, StepTimes(vec![1.0; MAX_TIMES]));
    }
}
