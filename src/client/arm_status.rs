//! The status of a run's arms, and of the run as a whole.

use crate::protocol::{Pace, Progress, RunState};

/// The status of one arm of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArmStatus {
    /// The arm's own state.
    pub state: RunState,
    /// The steps done and planned.
    pub progress: Progress,
    /// The speed.
    pub pace: Pace,
    /// True if its device or its worker was lost, so that it can resume on another.
    pub is_lost: bool,
}

impl ArmStatus {
    /// Returns the status of an arm that has just been started.
    pub(super) fn loading() -> Self {
        Self { state: RunState::Loading { what: String::new(), bytes: 0, total: None }, ..Self::default() }
    }
}

/// Returns the state of a run with these arms.
pub(super) fn combined_state(arms: &[ArmStatus]) -> RunState {
    let mut states = arms.iter().map(|arm| &arm.state);
    let failed = || arms.iter().find(|arm| matches!(arm.state, RunState::Error(_)));
    let active: Vec<&RunState> = states.clone().filter(|state| state.is_active()).collect();
    match active.first() {
        // Nothing was started, or all arms have ended.
        None if arms.is_empty() => RunState::Idle,
        None if states.all(|state| matches!(state, RunState::Error(_))) => {
            failed().map_or(RunState::Idle, |arm| arm.state.clone())
        }
        None => {
            RunState::Done { stopped: arms.iter().any(|arm| arm.state == RunState::Done { stopped: true }) }
        }
        Some(_) if active.iter().all(|state| **state == RunState::Paused) => RunState::Paused,
        // An arm that still loads does not hide that another one trains, or has trained already.
        Some(first) => {
            let has_started =
                |state: &RunState| !matches!(state, RunState::Loading { .. } | RunState::Error(_));
            if states.any(has_started) { RunState::Running } else { (*first).clone() }
        }
    }
}

/// Returns the progress of the slowest of these arms that has not failed. The number of steps
/// may come from another arm, which knew it first.
pub(super) fn slowest(arms: &[ArmStatus]) -> Progress {
    let failed = |arm: &ArmStatus| matches!(arm.state, RunState::Error(_));
    // If all arms failed, this is how far they got.
    let all = arms.iter().all(failed);
    let counted = arms.iter().filter(|arm| all || !failed(arm)).map(|arm| arm.progress);
    let steps = counted.clone().map(|progress| progress.steps).max().unwrap_or_default();
    let step = counted.map(|progress| progress.step).min().unwrap_or_default();
    Progress { step, steps }
}

#[cfg(test)]
mod tests {
    use crate::client::arm_status::*;

    fn arms(states: &[RunState]) -> Vec<ArmStatus> {
        states.iter().map(|state| ArmStatus { state: state.clone(), ..ArmStatus::default() }).collect()
    }

    #[test]
    fn a_run_is_active_as_long_as_one_arm_is() {
        let failed = || RunState::Error("It diverged.".to_owned());
        let done = |stopped| RunState::Done { stopped };
        let loading = || RunState::Loading { what: String::new(), bytes: 0, total: None };
        let cases = [
            (vec![], RunState::Idle),
            (vec![loading(), loading()], loading()),
            (vec![loading(), RunState::Running], RunState::Running),
            (vec![loading(), done(false)], RunState::Running),
            (vec![loading(), failed()], loading()),
            (vec![RunState::Paused, RunState::Running], RunState::Running),
            (vec![RunState::Paused, done(false)], RunState::Paused),
            (vec![RunState::Paused, failed()], RunState::Paused),
            (vec![failed(), RunState::Running], RunState::Running),
            (vec![failed(), done(false)], done(false)),
            (vec![done(true), done(false)], done(true)),
            (vec![failed(), failed()], failed()),
        ];
        for (states, expected) in cases {
            assert_eq!(combined_state(&arms(&states)), expected, "{states:?}");
        }
    }

    #[test]
    fn the_progress_of_a_run_is_that_of_its_slowest_arm_even_while_that_arm_loads() {
        let mut both =
            arms(&[RunState::Running, RunState::Loading { what: String::new(), bytes: 0, total: None }]);
        both[0].progress = Progress { step: 7, steps: 60 };
        assert_eq!(slowest(&both), Progress { step: 0, steps: 60 });
        both[1].state = RunState::Error("It diverged.".to_owned());
        assert_eq!(slowest(&both), Progress { step: 7, steps: 60 });
        assert_eq!(slowest(&[]), Progress::default());
        both[0].state = RunState::Error("It diverged, too.".to_owned());
        both[1].progress = Progress { step: 9, steps: 60 };
        assert_eq!(slowest(&both), Progress { step: 7, steps: 60 });
    }
}
