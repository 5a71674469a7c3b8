//! The expected duration of a panel's run: measured with a few steps before the run, and refined while it is under way.

use crate::client::{AnyRun, RunOptions, RunTimes, Timing, run_seconds, use_run_times};
use crate::panel::AnySettings;
use crate::protocol::{DeviceKind, Progress, RunState};
use crate::run::any::{AnyConfig, AnyExperiment};
use crate::run::timing::RecentPace;
use yew::prelude::*;

/// The duration of the run that the Train button would start, as a context of the panel's parts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RunEstimate {
    /// It is not measured before the first run: on a GPU, whose first steps compile its programs, and in a frame, where
    /// several panels share the machine.
    #[default]
    None,
    /// It is being measured, or will be when nothing else is under way.
    Open,
    /// It is known.
    Known {
        /// The expected seconds.
        seconds: f64,
        /// The seconds if the machine stays as busy as in the slower of the timed steps.
        high: f64,
    },
}

/// A run that could be started, and whether its steps may be timed now.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::panel) struct RunPlan {
    experiment: &'static AnyExperiment,
    config: AnyConfig,
    options: RunOptions,
    kind: Option<DeviceKind>,
    /// The seconds that a run with these settings took, if it has just ended.
    took: Option<f64>,
    may_time: bool,
}

impl RunPlan {
    /// Returns the plan of a panel's next run.
    pub(in crate::panel) fn new(run: &AnyRun, settings: &AnySettings) -> Self {
        let is_active = run.state.is_active() || run.probing || settings.background.sweep.state.is_active();
        Self {
            experiment: run.experiment,
            config: settings.run_config.clone(),
            options: settings.options,
            kind: run.device.as_ref().map(|device| device.kind),
            took: run.seconds(),
            // The numbers of a run that has ended are still read, and maybe repeated at once.
            may_time: !is_active && run.state == RunState::Idle && run.probe_error.is_none(),
        }
    }

    fn is_timed(&self) -> bool {
        self.kind == Some(DeviceKind::Cpu) && !crate::embedding::framed()
    }

    fn key(&self) -> String {
        self.experiment.schema.query(self.config.values()).to_string()
    }

    fn timing(&self) -> Timing {
        let (experiment, config) = (self.experiment, self.experiment.encode(&self.config));
        let configs = config.into_iter().collect();
        let (arms, shards) = (experiment.arms.len(), experiment.shards(&self.config));
        Timing { slug: experiment.slug, device: self.options.device, arms, shards, configs, is_enough: None }
    }
}

/// Returns the expected duration of the planned run.
#[hook]
pub(in crate::panel) fn use_estimate(plan: &RunPlan) -> RunEstimate {
    let key = plan.is_timed().then(|| plan.key());
    let times = use_run_times(key, plan.may_time, {
        let plan = plan.clone();
        Callback::from(move |()| plan.timing())
    });
    if let Some(seconds) = plan.took {
        return RunEstimate::Known { seconds, high: seconds };
    }
    match (times, plan.kind) {
        _ if !plan.is_timed() => RunEstimate::None,
        (RunTimes::Open, _) => RunEstimate::Open,
        (RunTimes::Known(times), Some(kind)) => times.first().map_or(RunEstimate::None, |time| {
            let shards = plan.experiment.shards(&plan.config);
            let seconds = run_seconds(time, shards, plan.options.seeds.max(1) as usize, kind);
            RunEstimate::Known { seconds, high: seconds * time.spread.max(1.0) }
        }),
        (RunTimes::Unknown | RunTimes::Known(_), _) => RunEstimate::None,
    }
}

/// Returns the seconds left of a run: from its pace over the last seconds, and until that is known, from the estimate.
#[hook]
pub(in crate::panel) fn use_seconds_left(
    state: &RunState,
    progress: Progress,
    estimate: RunEstimate,
) -> Option<f64> {
    let pace = use_mut_ref(RecentPace::default);
    use_effect_with((*state == RunState::Running, progress.step), {
        let pace = pace.clone();
        move |&(runs, step)| {
            let mut pace = pace.borrow_mut();
            if runs {
                pace.note(js_sys::Date::now(), step);
            } else {
                pace.clear();
            }
        }
    });
    let runs = *state == RunState::Running;
    let measured = pace.borrow().seconds_to(progress.steps).filter(|_| runs);
    measured.or_else(|| match estimate {
        RunEstimate::Known { seconds, .. } if progress.steps > 0 => {
            let done = f64::from(progress.step) / f64::from(progress.steps);
            Some(seconds * (1.0 - done).max(0.0))
        }
        _ => None,
    })
}
