//! The state of repeated runs: their waiting jobs, the jobs of the workers, and the results.

use crate::client::dispatcher::Dispatcher;
use crate::client::runner::BatchState;
use crate::core::metric::Spread;
use crate::protocol::{ArmEvent, DeviceChoice, DeviceKind, RunId};
use crate::run::any::{AnyConfig, AnyExperiment, AnyRecord};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

/// A run that is to be repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// The section's experiment.
    pub experiment: &'static AnyExperiment,
    /// The settings of the first seed.
    pub config: AnyConfig,
    /// The number of seeds.
    pub seeds: u32,
    /// True if the networks are trained.
    pub trains: bool,
    /// The indices of the guided experiments that it answers.
    pub guided: Vec<usize>,
    /// The device.
    pub choice: DeviceChoice,
}

/// Numbers by name: the median over all seeds, and the number of the first seed.
pub type Numbers = BTreeMap<String, Vec<f64>>;

/// The result of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repeated {
    /// The section's metrics.
    pub numbers: Numbers,
    /// The numbers of the guided experiments that were answered, by their index.
    pub answers: BTreeMap<usize, Numbers>,
    /// The curves of the first seed, by name.
    pub curves: BTreeMap<String, Rc<Vec<(f64, f64)>>>,
    /// The kind of the device, if it is known.
    pub kind: Option<DeviceKind>,
    /// The reasons why networks failed, if any did.
    pub errors: Vec<String>,
    /// The duration of the run.
    pub seconds: f64,
}

/// A job of a worker: the probe of a run, or the training of one network of one seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Job {
    Probe(usize),
    Train { run: usize, seed: u32, arm: usize },
}

impl Job {
    pub(super) const fn run(self) -> usize {
        match self {
            Self::Probe(run) | Self::Train { run, .. } => run,
        }
    }
}

/// A run under way.
pub(super) struct Partial {
    /// One record per seed.
    records: Vec<AnyRecord>,
    /// The number of jobs that have not ended.
    left: usize,
    pub(super) kind: Option<DeviceKind>,
    errors: Vec<String>,
    began: f64,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) runs: Vec<Repeat>,
    pub(super) waiting: VecDeque<Job>,
    /// The job of each worker, its run, and the fraction that is done.
    pub(super) active: HashMap<usize, (Job, RunId, f64)>,
    pub(super) partial: HashMap<usize, Partial>,
    pub(super) results: BTreeMap<usize, Repeated>,
    paused: bool,
    /// The jobs that have ended.
    ended: usize,
    /// The time of the start, or of the end of the last pause; and the milliseconds before it.
    began: f64,
    worked: f64,
}

/// Returns the jobs of a run after its probe.
fn trainings(run: usize, repeat: &Repeat) -> impl DoubleEndedIterator<Item = Job> + use<> {
    let (seeds, arms) = (repeat.seeds, repeat.experiment.arms.len());
    let count = if repeat.trains { seeds as usize * arms } else { 0 };
    (0..count).map(move |at| Job::Train { run, seed: (at / arms) as u32, arm: at % arms })
}

impl State {
    pub(super) fn new(runs: Vec<Repeat>) -> Self {
        let waiting = (0..runs.len()).map(Job::Probe).collect();
        Self { runs, waiting, began: js_sys::Date::now(), ..Self::default() }
    }

    pub(super) fn state(&self) -> BatchState {
        let is_over = self.active.is_empty() && self.waiting.is_empty();
        match () {
            () if self.runs.is_empty() => BatchState::Idle,
            () if is_over => BatchState::Done,
            () if self.paused => BatchState::Paused,
            () => BatchState::Running,
        }
    }

    pub(super) fn share(&self) -> f64 {
        let jobs: usize = (0..).zip(&self.runs).map(|(run, repeat)| 1 + trainings(run, repeat).count()).sum();
        let under_way: f64 = self.active.values().map(|(.., share)| share).sum();
        ((self.ended as f64 + under_way) / jobs.max(1) as f64).min(1.0)
    }

    pub(super) fn seconds_left(&self) -> Option<f64> {
        let share = self.share();
        let worked = self.worked + if self.paused { 0.0 } else { js_sys::Date::now() - self.began };
        (share > 0.02 && share < 1.0).then(|| worked / 1000.0 * (1.0 - share) / share)
    }

    pub(super) fn pause(&mut self, paused: bool) {
        let now = js_sys::Date::now();
        match (self.paused, paused) {
            (false, true) => self.worked += now - self.began,
            (true, false) => self.began = now,
            _ => {}
        }
        self.paused = paused;
    }

    /// Returns the next job of a worker. Only the first worker holds a GPU.
    pub(super) fn take(&mut self, worker: usize) -> Option<Job> {
        if self.paused || self.active.contains_key(&worker) {
            return None;
        }
        let fits = |job: &Job| {
            worker == 0 || self.runs.get(job.run()).is_some_and(|repeat| repeat.choice == DeviceChoice::Cpu)
        };
        let at = self.waiting.iter().position(fits)?;
        self.waiting.remove(at)
    }

    /// Handles an event. Returns true if the worker is free again.
    pub(super) fn on_event(&mut self, worker: usize, id: RunId, job: Job, event: ArmEvent) -> bool {
        if self.active.get(&worker).is_none_or(|(_, active, _)| *active != id) {
            return false;
        }
        let Some(repeat) = self.runs.get(job.run()).cloned() else { return false };
        let Some(partial) = self.partial.get_mut(&job.run()) else { return false };
        let experiment = repeat.experiment;
        let (seed, arm) = match job {
            Job::Probe(_) => (0, 0),
            Job::Train { seed, arm, .. } => (seed, arm),
        };
        match event {
            ArmEvent::Frame(frame) => {
                if let Some(record) = partial.records.get_mut(seed as usize) {
                    partial.errors.extend(experiment.apply_frame(record, arm, &frame).err());
                }
                return false;
            }
            ArmEvent::Progress { progress, .. } => {
                if let Some((.., share)) = self.active.get_mut(&worker) {
                    *share = f64::from(progress.step) / f64::from(progress.steps.max(1));
                }
                return false;
            }
            ArmEvent::Failed(error) => {
                let net = experiment.arms_of(&repeat.config).get(arm).map_or("network", |arm| arm.net);
                partial.errors.push(format!("The {net} stopped with an error: {error}"));
            }
            // A trained network could answer requests, but none are sent.
            ArmEvent::Idle { .. } => Dispatcher::get().stop(id),
            ArmEvent::Finished { .. } => {}
            ArmEvent::Loading { .. } | ArmEvent::Paused(_) | ArmEvent::Saved(_) => return false,
        }
        self.active.remove(&worker);
        self.job_done(job, &repeat);
        true
    }

    fn job_done(&mut self, job: Job, repeat: &Repeat) {
        self.ended += 1;
        let Some(partial) = self.partial.get_mut(&job.run()) else { return };
        partial.left = partial.left.saturating_sub(1);
        if let Job::Probe(run) = job {
            if let Some((first, further)) = partial.records.split_first_mut() {
                further.iter_mut().for_each(|record| repeat.experiment.copy_probe(first, record));
            }
            trainings(run, repeat).rev().for_each(|job| self.waiting.push_front(job));
        }
        if partial.left == 0
            && let Some(partial) = self.partial.remove(&job.run())
        {
            self.results.insert(job.run(), partial.result(repeat));
        }
    }
}

impl Partial {
    pub(super) fn new(repeat: &Repeat) -> Self {
        Self {
            records: (0..repeat.seeds.max(1)).map(|_| repeat.experiment.empty()).collect(),
            left: 1 + trainings(0, repeat).count(),
            kind: None,
            errors: Vec::new(),
            began: js_sys::Date::now(),
        }
    }

    fn result(self, repeat: &Repeat) -> Repeated {
        let Repeat { experiment, config, guided, trains, .. } = repeat;
        // Only the first seed is probed.
        let seeds = if *trains { self.records.len() } else { 1 };
        let records = || (0..).zip(self.records.iter().take(seeds));
        let metrics = records().flat_map(|(_, record)| {
            let measured = experiment.metrics(config, record).into_iter();
            measured.filter_map(|metric| Some((metric.name.into_owned(), metric.value?)))
        });
        let answers = guided.iter().filter_map(|&at| {
            let of_seed = |(further, record): (u32, &AnyRecord)| {
                let config = experiment.with_seed(config, further);
                experiment.answer(at, &config, record)
            };
            let numbers = records().filter_map(of_seed).flat_map(|answer| answer.numbers);
            let numbers = numbers.map(|(name, value)| (name.to_owned(), value));
            Some((at, summary(numbers))).filter(|(_, numbers)| !numbers.is_empty())
        });
        let series = self.records.first().map(|record| experiment.series(config, record));
        let series = series.into_iter().flatten();
        Repeated {
            curves: series.map(|series| (series.metric.into_owned(), series.points)).collect(),
            numbers: summary(metrics),
            answers: answers.collect(),
            kind: self.kind,
            errors: self.errors,
            seconds: (js_sys::Date::now() - self.began) / 1000.0,
        }
    }
}

/// Returns the median and the first of the numbers with each name.
fn summary(numbers: impl Iterator<Item = (String, f64)>) -> Numbers {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (name, value) in numbers {
        all.entry(name).or_default().push(value);
    }
    for values in all.values_mut() {
        let median = Spread::of(values.iter().copied()).map(|spread| spread.median);
        let first = values.first().copied().filter(|first| first.is_finite());
        *values = median.into_iter().chain(first).collect();
    }
    all
}
