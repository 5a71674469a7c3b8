//! How long one net's training step takes, by itself.

use serde::{Deserialize, Serialize};

/// As many as tell the present pace: later ones push out the first.
const KEPT: usize = 31;

/// Times of single steps of one net, each measured until its last number had been read, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepTimes(Vec<f32>);

impl StepTimes {
    pub fn push(&mut self, ms: f32) {
        self.extend(&Self(vec![ms]));
    }

    pub fn extend(&mut self, later: &Self) {
        self.0.extend_from_slice(&later.0);
        let extra = self.0.len().saturating_sub(KEPT);
        self.0.drain(..extra);
    }

    /// The middle one, which a step that had to wait does not move; `None` before the first.
    pub fn median(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self.0.iter().map(|&ms| ms.into()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use crate::run::timing::{KEPT, StepTimes};

    #[test]
    fn a_slow_step_does_not_move_the_median_and_old_ones_are_forgotten() {
        let mut times = StepTimes::default();
        assert_eq!(times.median(), None);
        [2.0, 900.0, 3.0].into_iter().for_each(|ms| times.push(ms));
        assert_eq!(times.median(), Some(3.0));
        (0..KEPT).for_each(|_| times.push(1.0));
        assert_eq!(times, StepTimes(vec![1.0; KEPT]));
    }
}
