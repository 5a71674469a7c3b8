//! The status of a run's arms, and of the run as a whole.

use crate::protocol::{Pace, Progress, RunState};

/// How one arm of the run stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArmStatus {
    pub state: RunState,
    pub progress: Progress,
    pub pace: Pace,
    /// Whether its device or its worker was lost, so that it may go on elsewhere.
    pub is_lost: bool,
}

impl ArmStatus {
    /// Returns the status of an arm that has just been started.
    pub(super) fn loading() -> Self {
        Self { state: RunState::Loading { what: String::new(), bytes: 0, total: None }, ..Self::default() }
    }
}

/// How a run of these arms stands.
pub(super) fn combined_state(arms: &[ArmStatus]) -> RunState {
    let mut states = arms.iter().map(|arm| &arm.state);
    let failed = || arms.iter().find(|arm| matches!(arm.state, RunState::Error(_)));
    let active: Vec<&RunState> = states.clone().filter(|state| state.is_active()).collect();
    match active.first() {
        // Nothing was begun, or all has ended.
        None if arms.is_empty() => RunState::Idle,
        None if states.all(|state| matches!(state, RunState::Error(_))) => {
            failed().map_or(RunState::Idle, |arm| arm.state.clone())
        }
        None => {
            RunState::Done { stopped: arms.iter().any(|arm| arm.state == RunState::Done { stopped: true }) }
        }
        Some(_) if active.iter().all(|state| **state == RunState::Paused) => RunState::Paused,
        // One that still loads does not hide that another trains, or has trained already.
        Some(first) => {
            let begun = |state: &RunState| !matches!(state, RunState::Loading { .. } | RunState::Error(_));
            if states.any(begun) { RunState::Running } else { (*first).clone() }
        }
    }
}

/// How far the slowest of these arms is that has not failed; of how many steps, another may know before it.
pub(super) fn slowest(arms: &[ArmStatus]) -> Progress {
    let failed = |arm: &ArmStatus| matches!(arm.state, RunState::Error(_));
    // Where all have failed, it is as far as it came.
    let all = arms.iter().all(failed);
    let sound = arms.iter().filter(|arm| all || !failed(arm)).map(|arm| arm.progress);
    let steps = sound.clone().map(|progress| progress.steps).max().unwrap_or_default();
    let step = sound.map(|progress| progress.step).min().unwrap_or_default();
    Progress { step, steps }
}

#[cfg(test)]
mod tests {
    use crate::client::arm_status::*;

    fn arms(states: &[RunState]) -> Vec<ArmStatus> {
        states.iter().map(|state| ArmStatus { state: state.clone(), ..ArmStatus::default() }).collect()
    }

    #[test]
    fn a_run_goes_on_as_long_as_one_arm_does() {
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
    fn a_run_is_as_far_as_its_slowest_arm_even_while_that_loads() {
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
