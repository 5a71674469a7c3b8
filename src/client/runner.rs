//! What a batch has still to do, what its workers do now, and what came of it.

use crate::client::batch::{Batch, BatchState, RunResult};
use crate::client::dispatcher::Dispatcher;
use crate::core::Progress;
use crate::core::schema::Values;
use crate::protocol::{ArmEvent, RunId};
use crate::run::any::{AnyExperiment, AnyRecord};
use std::collections::{HashMap, VecDeque};

/// So many points of each curve are kept: enough to tell when it passes a value.
const KEPT_POINTS: usize = 100;

/// One thing that a worker does for a batch.
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

pub(super) struct Runner {
    pub(super) batch: Batch,
    pub(super) waiting: VecDeque<Job>,
    /// What each worker does, and how far it is.
    pub(super) active: HashMap<usize, (Job, RunId, f64)>,
    /// What is known of runs under way: the record, the jobs that are left, and when it began.
    pub(super) records: HashMap<usize, Partial>,
    pub(super) results: Vec<RunResult>,
    pub(super) paused: bool,
    pub(super) began: f64,
    /// How many results there were at the beginning.
    pub(super) known: usize,
}

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

    /// Takes notice of an event; whether the worker is free again.
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
                let net = experiment.arms.get(arm).map_or("net", |arm| arm.net);
                partial.errors.push(format!("The {net} has ended: {error}"));
            }
            // A net that stays to answer requests is not asked anything here.
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
    fn result(self, experiment: &AnyExperiment, run: usize, config: &Values) -> RunResult {
        let whole = experiment.series(&self.record).into_iter().filter(|series| series.part.is_none());
        let thin = |points: &[(f64, f64)]| {
            let every = points.len().div_ceil(KEPT_POINTS).max(1);
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

/// Whether the wanted number has been measured.
pub(crate) fn is_known(
    experiment: &AnyExperiment,
    config: &Values,
    record: &AnyRecord,
    wanted: &str,
) -> bool {
    let metrics = experiment.metrics(config, record);
    metrics.iter().any(|metric| is_named(experiment, &metric.name, wanted) && metric.value.is_some())
}

/// Whether a number is the wanted one, or that of one of the nets: `rank_linear` for `rank`.
pub(crate) fn is_named(experiment: &AnyExperiment, name: &str, wanted: &str) -> bool {
    name == wanted
        || name
            .strip_prefix(wanted)
            .and_then(|rest| rest.strip_prefix('_'))
            .is_some_and(|rest| experiment.arms.iter().any(|arm| arm.slug == rest))
}
