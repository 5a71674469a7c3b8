//! Earlier states of a run, stored so that a reader can go back to them.

use crate::core::Progress;
use crate::run::any::AnyRecord;
use std::rc::Rc;

/// The maximum number of stored states. When it is exceeded, every second one is dropped.
const MAX_STATES: usize = 48;

/// States of a run at increasing steps. They share what has not changed between them, through the records'
/// own pointers.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    states: Vec<(u32, Rc<Vec<AnyRecord>>)>,
    /// The minimum number of steps between two states.
    spacing: u32,
}

impl Default for Replay {
    fn default() -> Self {
        Self { states: Vec::new(), spacing: 1 }
    }
}

impl Replay {
    /// Stores the current state if it is far enough from the last one, or the end of the run.
    pub(super) fn note(&mut self, progress: Progress, records: &Rc<Vec<AnyRecord>>) {
        let Progress { step, steps } = progress;
        let last = self.states.last().map(|(step, _)| *step);
        let due = last.is_none_or(|last| step >= last.saturating_add(self.spacing));
        if step == 0 || last.is_some_and(|last| step < last) {
            return;
        }
        if !due && step < steps {
            return;
        }
        if last == Some(step) {
            // A frame after the last step belongs to that step, such as its score.
            self.states.pop();
        }
        self.states.push((step, records.clone()));
        if self.states.len() > MAX_STATES {
            let end = self.states.pop();
            let mut index = 0;
            self.states.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.states.extend(end);
            // Later states are as far apart as the remaining ones, for any number of steps between two
            // frames.
            let span = step.saturating_sub(self.states.first().map_or(0, |(first, _)| *first));
            self.spacing = (span / (self.states.len().max(2) as u32 - 1)).max(1);
        }
    }

    /// Drops the states after a step, from which the run resumes.
    pub(super) fn cut(&mut self, step: u32) {
        self.states.retain(|(stored, _)| *stored <= step);
    }

    /// Returns the steps of the stored states.
    pub(super) fn steps(&self) -> impl ExactSizeIterator<Item = u32> {
        self.states.iter().map(|(step, _)| *step)
    }

    /// Returns the last state up to a step. A step and not an index, because indices change when states are
    /// dropped.
    pub(super) fn at(&self, step: u32) -> Option<&Rc<Vec<AnyRecord>>> {
        self.states.iter().rfind(|(stored, _)| *stored <= step).map(|(_, records)| records)
    }
}

#[cfg(test)]
mod tests {
    use crate::client::replay::*;
    use proptest::prelude::*;

    fn replay_of(steps: impl IntoIterator<Item = u32>, end: u32) -> Replay {
        let mut replay = Replay::default();
        for step in steps {
            replay.note(Progress { step, steps: end }, &Rc::new(vec![Rc::new(step) as AnyRecord]));
        }
        replay
    }

    fn found(replay: &Replay, step: u32) -> Option<u32> {
        replay.at(step).and_then(|records| records[0].downcast_ref().copied())
    }

    #[test]
    fn a_state_is_found_by_its_step_and_the_last_state_is_always_stored() {
        let replay = replay_of([0, 1, 2, 2, 3, 10, 10], 10);
        assert_eq!(replay.steps().collect::<Vec<_>>(), [1, 2, 3, 10]);
        assert_eq!(found(&replay, 10), Some(10));
        assert_eq!(found(&replay, 9), Some(3));
        assert!(replay.at(0).is_none());
    }

    proptest! {
        #[test]
        fn few_of_many_states_are_stored_from_the_first_to_the_last(frame in 1..90u32, frames in 1..400u32) {
            let end = frame * frames;
            let replay = replay_of((1..=frames).map(|index| index * frame), end);
            let steps: Vec<u32> = replay.steps().collect();
            prop_assert!(steps.len() <= MAX_STATES && steps.is_sorted_by(|a, b| a < b), "{steps:?}");
            prop_assert_eq!((steps[0], *steps.last().unwrap()), (frame, end));
            // No gap is longer than twice an even spacing.
            let widest = steps.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            prop_assert!(widest <= (4 * end / MAX_STATES as u32).max(2 * frame), "{steps:?}");
        }
    }
}
