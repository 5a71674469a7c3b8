//! The state of a batch: its waiting jobs, the jobs of its workers, and its results.

use crate::client::dispatcher::Dispatcher;
use crate::core::Progress;
use crate::protocol::{ArmEvent, DeviceChoice, DeviceKind, RunId};
use crate::run::any::{AnyConfig, AnyExperiment, AnyRecord};
use crate::run::arm::Arm;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The maximum number of points per curve: enough to determine when it passes a value.
const MAX_POINTS: usize = 100;

/// The results of one run of a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// The index of the run in the batch.
    pub run: usize,
    /// Thinned curves by name. Curves of single layers or heads are left out.
    pub curves: BTreeMap<String, Vec<(f64, f64)>>,
    /// The section's metrics at the end of the run, by name.
    pub numbers: BTreeMap<String, f64>,
    /// The reasons why networks failed, if any did.
    pub errors: Vec<String>,
    /// The duration of the run.
    pub seconds: f64,
}

/// The state of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchState {
    /// There is no batch.
    #[default]
    Idle,
    /// Runs are under way.
    Running,
    /// The user or the scheduler has paused it.
    Paused,
    /// It has ended or was stopped.
    Done,
}

impl BatchState {
    /// Returns the name in `data-sweep`.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
        }
    }

    /// Returns true if the batch runs or is paused.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// A batch to be run.
#[derive(Debug)]
pub struct Batch {
    /// The section's experiment.
    pub experiment: &'static AnyExperiment,
    /// The settings of each run.
    pub configs: Vec<AnyConfig>,
    /// Results that are known already. Their runs are not repeated.
    pub done: Vec<RunResult>,
    /// The metric wanted of each run; `None` if a curve is wanted. Runs whose probe has the metric are not
    /// trained.
    pub number: Option<String>,
    /// The device that the user wants.
    pub choice: DeviceChoice,
    /// The kind of device that this choice leads to.
    pub kind: DeviceKind,
}

/// A job of a worker: the probe of a run, or the training of one of its arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Job {
    Probe(usize),
    Train(usize, usize),
}

impl Job {
    pub(super) fn run(self) -> usize {
        match self {
            Self::Probe(run) | Self::Train(run, _) => run,
        }
    }
}

/// A batch under way.
pub(super) struct Runner {
    pub(super) batch: Batch,
    pub(super) waiting: VecDeque<Job>,
    /// The job of each worker, its run, and the fraction that is done.
    pub(super) active: HashMap<usize, (Job, RunId, f64)>,
    /// The runs under way, by their index.
    pub(super) records: HashMap<usize, Partial>,
    pub(super) results: Vec<RunResult>,
    pub(super) paused: bool,
    pub(super) began: f64,
    /// The number of results at the start.
    pub(super) known: usize,
}

/// A run under way.
pub(super) struct Partial {
    pub(super) record: AnyRecord,
    pub(super) jobs: usize,
    pub(super) errors: Vec<String>,
    pub(super) began: f64,
}

impl Runner {
    pub(super) fn new(batch: Batch) -> Self {
        let results = batch.done.clone();
        let left = (0..batch.configs.len()).filter(|run| results.iter().all(|result| result.run != *run));
        let jobs = left.flat_map(|run| match &batch.number {
            Some(_) => vec![Job::Probe(run)],
            None => trainings(batch.experiment, run).collect(),
        });
        Self {
            waiting: jobs.collect(),
            active: HashMap::new(),
            records: HashMap::new(),
            known: results.len(),
            results,
            paused: false,
            began: js_sys::Date::now(),
            batch,
        }
    }

    pub(super) fn state(&self) -> BatchState {
        match () {
            () if !self.active.is_empty() && self.paused => BatchState::Paused,
            () if self.paused && !self.waiting.is_empty() => BatchState::Paused,
            () if !self.active.is_empty() || !self.waiting.is_empty() => BatchState::Running,
            () if self.results.is_empty() => BatchState::Idle,
            () => BatchState::Done,
        }
    }

    pub(super) fn share(&self) -> f64 {
        let under_way: f64 = self.active.values().map(|(_, _, share)| share).sum::<f64>()
            / self.batch.experiment.arms.len().max(1) as f64;
        ((self.results.len() as f64 + under_way) / self.batch.configs.len().max(1) as f64).min(1.0)
    }

    pub(super) fn seconds_left(&self) -> Option<f64> {
        let done = self.results.len().checked_sub(self.known).filter(|done| *done > 0)?;
        let left = self.batch.configs.len().checked_sub(self.results.len())?;
        let each = (js_sys::Date::now() - self.began) / 1000.0 / done as f64;
        Some(each * left as f64)
    }

    /// Handles an event. Returns true if the worker is free again.
    pub(super) fn on_event(&mut self, worker: usize, run: RunId, job: Job, event: ArmEvent) -> bool {
        if self.active.get(&worker).is_some_and(|(_, active, _)| *active != run) {
            return false;
        }
        let experiment = self.batch.experiment;
        let Some(partial) = self.records.get_mut(&job.run()) else { return false };
        let arm = match job {
            Job::Probe(_) => 0,
            Job::Train(_, arm) => arm,
        };
        match event {
            ArmEvent::Frame(frame) => {
                partial.errors.extend(experiment.apply_frame(&mut partial.record, arm, &frame).err());
                return false;
            }
            ArmEvent::Progress { progress: Progress { step, steps }, .. } => {
                if let Some((_, _, share)) = self.active.get_mut(&worker) {
                    *share = f64::from(step) / f64::from(steps.max(1));
                }
                return false;
            }
            ArmEvent::Failed(error) => {
                let config = self.batch.configs.get(job.run());
                let arms = config.map_or(experiment.arms, |config| experiment.arms_of(config));
                let net = arms.get(arm).map_or("network", |arm| arm.net);
                partial.errors.push(format!("The {net} stopped with an error: {error}"));
            }
            // A trained network could answer requests, but a batch sends none.
            ArmEvent::Idle { .. } => Dispatcher::get().stop(run),
            ArmEvent::Finished { .. } => {}
            ArmEvent::Loading { .. } | ArmEvent::Paused(_) | ArmEvent::Saved(_) => return false,
        }
        self.active.remove(&worker);
        self.job_done(job);
        true
    }

    fn job_done(&mut self, job: Job) {
        let (run, experiment) = (job.run(), self.batch.experiment);
        let (Some(partial), Some(config)) = (self.records.get_mut(&run), self.batch.configs.get(run)) else {
            return;
        };
        if let Job::Probe(_) = job
            && let Some(wanted) = &self.batch.number
            && !is_known(experiment, config, &partial.record, wanted)
        {
            partial.jobs = 0;
            trainings(experiment, run).rev().for_each(|job| self.waiting.push_front(job));
            return;
        }
        let all = if matches!(job, Job::Probe(_)) { 1 } else { experiment.arms.len() };
        let open = self.waiting.iter().any(|job| job.run() == run)
            || self.active.values().any(|(job, _, _)| job.run() == run);
        if open || partial.jobs < all {
            return;
        }
        if let Some(partial) = self.records.remove(&run) {
            let result = partial.result(experiment, run, config);
            self.results.push(result);
        }
    }
}

impl Partial {
    fn result(self, experiment: &AnyExperiment, run: usize, config: &AnyConfig) -> RunResult {
        let whole =
            experiment.series(config, &self.record).into_iter().filter(|series| series.part.is_none());
        let thin = |points: &[(f64, f64)]| {
            let every = points.len().div_ceil(MAX_POINTS).max(1);
            let last = points.last().filter(|_| !(points.len().saturating_sub(1)).is_multiple_of(every));
            points.iter().step_by(every).chain(last).filter(|point| point.1.is_finite()).copied().collect()
        };
        let metrics = experiment.metrics(config, &self.record).into_iter();
        RunResult {
            run,
            curves: whole.map(|series| (series.metric.to_string(), thin(&series.points))).collect(),
            numbers: metrics.filter_map(|metric| Some((metric.name.into_owned(), metric.value?))).collect(),
            errors: self.errors,
            seconds: (js_sys::Date::now() - self.began) / 1000.0,
        }
    }
}

fn trainings(experiment: &AnyExperiment, run: usize) -> impl DoubleEndedIterator<Item = Job> + use<> {
    (0..experiment.arms.len()).map(move |arm| Job::Train(run, arm))
}

/// Returns true if the wanted metric has been measured.
pub(crate) fn is_known(
    experiment: &AnyExperiment,
    config: &AnyConfig,
    record: &AnyRecord,
    wanted: &str,
) -> bool {
    let metrics = experiment.metrics(config, record);
    let arms = experiment.arms_of(config);
    metrics.iter().any(|metric| is_named(arms, &metric.name, wanted) && metric.value.is_some())
}

/// Returns true if a metric is the wanted one, or belongs to one of the arms: `rank_linear` for `rank`.
pub(crate) fn is_named(arms: &[Arm], name: &str, wanted: &str) -> bool {
    name == wanted
        || name
            .strip_prefix(wanted)
            .and_then(|rest| rest.strip_prefix('_'))
            .is_some_and(|rest| arms.iter().any(|arm| arm.slug == rest))
}
