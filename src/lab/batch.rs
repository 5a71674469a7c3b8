//! Many runs, one after the other on every worker: the [`use_batch`] hook, which sweeps are made of.

use crate::core::Progress;
use crate::lab::client::{Client, Start};
use crate::lab::pool;
use crate::protocol::{ArmEvent, ArmId, ArmStart, Command, DeviceChoice, DeviceKind, Event, RunId, Task};
use crate::run::Experiment;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use yew::prelude::*;

/// So many points of each curve are kept: enough to tell when it passes a value.
const KEPT_POINTS: usize = 100;

/// What one run of a batch left behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Its number in the batch.
    pub run: usize,
    /// Curves by name, thinned. Where layers or heads have one each, those are left out.
    pub curves: BTreeMap<String, Vec<(f64, f64)>>,
    /// The section's numbers at its end, by name.
    pub numbers: BTreeMap<String, f64>,
    /// Why nets of it failed, if some did.
    pub errors: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// How a batch stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchState {
    #[default]
    Idle,
    Running,
    Paused,
    Done,
}

impl BatchState {
    /// The name in `data-sweep`.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
        }
    }
}

/// A batch of runs: what came of it so far, and what may be asked of it.
#[derive(Debug)]
pub struct BatchHandle<E: Experiment> {
    pub state: BatchState,
    pub results: Rc<Vec<RunResult>>,
    /// How many runs it has in all.
    pub runs: usize,
    /// The share of all work that is done, runs under way included.
    pub share: f64,
    /// Seconds until it is done, once that can be told.
    pub seconds_left: Option<f64>,
    /// Starts a batch.
    pub start: Callback<Batch<E>>,
    pub pause: Callback<()>,
    pub resume: Callback<()>,
    /// Ends it; what is done stays.
    pub stop: Callback<()>,
    /// Takes up the results of an earlier visit.
    pub restore: Callback<(usize, Vec<RunResult>)>,
}

/// What is to be run.
#[derive(Debug)]
pub struct Batch<E: Experiment> {
    pub configs: Vec<E::Config>,
    /// Results that there are already; their runs are not done again.
    pub done: Vec<RunResult>,
    /// The number that is wanted of each run, if what is wanted is no curve: where it is known without training, nothing is
    /// trained.
    pub number: Option<String>,
    pub choice: DeviceChoice,
    pub kind: DeviceKind,
}

/// One thing that a worker does for a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Job {
    Probe(usize),
    Train(usize, usize),
}

impl Job {
    fn run(self) -> usize {
        match self {
            Self::Probe(run) | Self::Train(run, _) => run,
        }
    }
}

struct Runner<E: Experiment> {
    batch: Batch<E>,
    waiting: VecDeque<Job>,
    /// What each worker does, and how far it is.
    active: HashMap<usize, (Job, RunId, f64)>,
    /// What is known of runs under way: the record, the jobs that are left, and when it began.
    records: HashMap<usize, Partial<E>>,
    results: Vec<RunResult>,
    paused: bool,
    began: f64,
    /// How many results there were at the beginning.
    known: usize,
}

struct Partial<E: Experiment> {
    record: E::Record,
    jobs: usize,
    errors: Vec<String>,
    began: f64,
}

type Shared<E> = Rc<RefCell<Option<Runner<E>>>>;

/// A batch of runs of a section. It ends with the panel.
#[hook]
pub fn use_batch<E: Experiment>() -> BatchHandle<E> {
    let runner: Shared<E> = use_mut_ref(|| None);
    let update = use_force_update();
    use_effect_with((), {
        let runner = runner.clone();
        move |()| move || end(&runner)
    });
    let start = {
        let (runner, update) = (runner.clone(), update.clone());
        Callback::from(move |batch: Batch<E>| {
            end(&runner);
            let workers = match batch.kind {
                DeviceKind::Cpu => pool::size(batch.configs.len() * E::ARMS.len(), pool::cores()),
                // One worker holds the device.
                DeviceKind::Webgpu => 1,
            };
            *runner.borrow_mut() = Some(Runner::new(batch));
            (0..workers).for_each(|worker| next(&runner, &update, worker));
            update.force_update();
        })
    };
    let tell = |command: fn(RunId) -> Command, paused: bool| {
        let (runner, update) = (runner.clone(), update.clone());
        Callback::from(move |()| {
            let runs: Vec<RunId> = match &mut *runner.borrow_mut() {
                Some(runner) => {
                    runner.paused = paused;
                    runner.active.values().map(|(_, run, _)| *run).collect()
                }
                None => Vec::new(),
            };
            runs.iter().for_each(|&run| Client::get().send(run, &command(run)));
            update.force_update();
        })
    };
    let stop = {
        let (runner, update) = (runner.clone(), update.clone());
        Callback::from(move |()| {
            end(&runner);
            update.force_update();
        })
    };
    let restore = {
        let (runner, update) = (runner.clone(), update.clone());
        Callback::from(move |(runs, results): (usize, Vec<RunResult>)| {
            let configs = vec![E::Config::default(); runs];
            let batch = Batch {
                configs,
                done: results,
                number: None,
                choice: DeviceChoice::Auto,
                kind: DeviceKind::Cpu,
            };
            let mut restored = Runner::new(batch);
            restored.waiting.clear();
            *runner.borrow_mut() = Some(restored);
            update.force_update();
        })
    };
    let borrowed = runner.borrow();
    let now = borrowed.as_ref();
    BatchHandle {
        state: now.map_or(BatchState::Idle, Runner::state),
        results: Rc::new(now.map_or_else(Vec::new, |runner| runner.results.clone())),
        runs: now.map_or(0, |runner| runner.batch.configs.len()),
        share: now.map_or(0.0, Runner::share),
        seconds_left: now.and_then(Runner::seconds_left),
        start,
        pause: tell(Command::Pause, true),
        resume: {
            let (runner, update, resume) = (runner.clone(), update.clone(), tell(Command::Resume, false));
            Callback::from(move |()| {
                resume.emit(());
                let idle: Vec<usize> = (0..workers_of(&runner)).collect();
                idle.into_iter().for_each(|worker| next(&runner, &update, worker));
            })
        },
        stop,
        restore,
    }
}

fn workers_of<E: Experiment>(runner: &Shared<E>) -> usize {
    let runner = runner.borrow();
    runner.as_ref().map_or(0, |runner| match runner.batch.kind {
        DeviceKind::Cpu => pool::size(runner.batch.configs.len() * E::ARMS.len(), pool::cores()),
        DeviceKind::Webgpu => 1,
    })
}

/// Ends what is under way; results stay.
fn end<E: Experiment>(runner: &Shared<E>) {
    let active: Vec<RunId> = match &mut *runner.borrow_mut() {
        Some(runner) => {
            runner.waiting.clear();
            runner.records.clear();
            runner.active.drain().map(|(_, (_, run, _))| run).collect()
        }
        None => Vec::new(),
    };
    active.iter().for_each(|&run| Client::get().stop(run));
}

/// Gives a worker its next job, if there is one.
fn next<E: Experiment>(runner: &Shared<E>, update: &UseForceUpdateHandle, worker: usize) {
    let (job, start) = {
        let mut borrowed = runner.borrow_mut();
        let Some(runner) = borrowed.as_mut() else { return };
        if runner.paused || runner.active.contains_key(&worker) {
            return;
        }
        let Some(job) = runner.waiting.pop_front() else { return };
        let Some(config) = runner.batch.configs.get(job.run()) else { return };
        let config = postcard::to_stdvec(config).unwrap_or_default();
        let now = js_sys::Date::now();
        let partial = runner.records.entry(job.run()).or_insert_with(|| Partial {
            record: E::Record::default(),
            jobs: 0,
            errors: Vec::new(),
            began: now,
        });
        partial.jobs += 1;
        let (task, arm) = match job {
            Job::Probe(_) => (Task::Probe, 0),
            Job::Train(_, arm) => (Task::Train, arm),
        };
        let start = Start {
            slug: E::SLUG,
            task,
            device: if worker == 0 { runner.batch.choice } else { DeviceChoice::Cpu },
            arms: vec![ArmStart { id: ArmId::default(), arm: arm as u8, config }],
            arms_per_seed: 1,
            paused: false,
            request: None,
            worker: Some(worker),
        };
        (job, start)
    };
    let listener = {
        let (runner, update) = (runner.clone(), update.clone());
        Callback::from(move |event: Event| {
            let Event::Arm { run, event, .. } = event else { return };
            let over = match &mut *runner.borrow_mut() {
                Some(runner) => runner.on_event(worker, run, job, event),
                None => return,
            };
            if over {
                next(&runner, &update, worker);
                update.force_update();
            }
        })
    };
    let run = Client::get().start(listener, start);
    if let Some(runner) = &mut *runner.borrow_mut() {
        runner.active.insert(worker, (job, run, 0.0));
    }
}

impl<E: Experiment> Runner<E> {
    fn new(batch: Batch<E>) -> Self {
        let results = batch.done.clone();
        let left = (0..batch.configs.len()).filter(|run| results.iter().all(|result| result.run != *run));
        let jobs = left.flat_map(|run| match &batch.number {
            Some(_) => vec![Job::Probe(run)],
            None => trainings::<E>(run),
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

    fn state(&self) -> BatchState {
        match () {
            () if !self.active.is_empty() && self.paused => BatchState::Paused,
            () if self.paused && !self.waiting.is_empty() => BatchState::Paused,
            () if !self.active.is_empty() || !self.waiting.is_empty() => BatchState::Running,
            () if self.results.is_empty() => BatchState::Idle,
            () => BatchState::Done,
        }
    }

    fn share(&self) -> f64 {
        let under_way: f64 =
            self.active.values().map(|(_, _, share)| share).sum::<f64>() / E::ARMS.len().max(1) as f64;
        ((self.results.len() as f64 + under_way) / self.batch.configs.len().max(1) as f64).min(1.0)
    }

    fn seconds_left(&self) -> Option<f64> {
        let done = self.results.len().checked_sub(self.known).filter(|done| *done > 0)?;
        let left = self.batch.configs.len().checked_sub(self.results.len())?;
        let each = (js_sys::Date::now() - self.began) / 1000.0 / done as f64;
        Some(each * left as f64)
    }

    /// Takes notice of an event; whether the worker is free again.
    fn on_event(&mut self, worker: usize, run: RunId, job: Job, event: ArmEvent) -> bool {
        if self.active.get(&worker).is_some_and(|(_, active, _)| *active != run) {
            return false;
        }
        let Some(partial) = self.records.get_mut(&job.run()) else { return false };
        let arm = match job {
            Job::Probe(_) => 0,
            Job::Train(_, arm) => arm,
        };
        match event {
            ArmEvent::Frame(frame) => {
                match postcard::from_bytes(&frame) {
                    Ok(frame) => E::absorb(&mut partial.record, arm, frame),
                    Err(error) => partial.errors.push(format!("A frame could not be read: {error}.")),
                }
                return false;
            }
            ArmEvent::Progress { progress: Progress { step, steps }, .. } => {
                if let Some((_, _, share)) = self.active.get_mut(&worker) {
                    *share = f64::from(step) / f64::from(steps.max(1));
                }
                return false;
            }
            ArmEvent::Failed(error) => {
                let net = E::ARMS.get(arm).map_or("net", |arm| arm.net);
                partial.errors.push(format!("The {net} has ended: {error}"));
            }
            // A net that stays to answer requests is not asked anything here.
            ArmEvent::Idle { .. } => Client::get().stop(run),
            ArmEvent::Finished { .. } => {}
            ArmEvent::Loading { .. } | ArmEvent::Paused(_) => return false,
        }
        self.active.remove(&worker);
        self.job_done(job);
        true
    }

    fn job_done(&mut self, job: Job) {
        let run = job.run();
        let (Some(partial), Some(config)) = (self.records.get_mut(&run), self.batch.configs.get(run)) else {
            return;
        };
        if let Job::Probe(_) = job
            && let Some(wanted) = &self.batch.number
            && !E::metrics(config, &partial.record)
                .iter()
                .any(|m| is_named::<E>(m.name, wanted) && m.value.is_some())
        {
            partial.jobs = 0;
            trainings::<E>(run).into_iter().rev().for_each(|job| self.waiting.push_front(job));
            return;
        }
        let all = if matches!(job, Job::Probe(_)) { 1 } else { E::ARMS.len() };
        let open = self.waiting.iter().any(|job| job.run() == run)
            || self.active.values().any(|(job, _, _)| job.run() == run);
        if open || partial.jobs < all {
            return;
        }
        if let Some(partial) = self.records.remove(&run) {
            let result = partial.result(run, config);
            self.results.push(result);
        }
    }
}

impl<E: Experiment> Partial<E> {
    fn result(self, run: usize, config: &E::Config) -> RunResult {
        let whole = E::series(&self.record).into_iter().filter(|series| series.part.is_none());
        let thin = |points: &[(f64, f64)]| {
            let every = points.len().div_ceil(KEPT_POINTS).max(1);
            let last = points.last().filter(|_| !(points.len().saturating_sub(1)).is_multiple_of(every));
            points.iter().step_by(every).chain(last).filter(|point| point.1.is_finite()).copied().collect()
        };
        let metrics = E::metrics(config, &self.record).into_iter();
        RunResult {
            run,
            curves: whole.map(|series| (series.metric.to_string(), thin(&series.points))).collect(),
            numbers: metrics.filter_map(|metric| Some((metric.name.to_owned(), metric.value?))).collect(),
            errors: self.errors,
            seconds: (js_sys::Date::now() - self.began) / 1000.0,
        }
    }
}

fn trainings<E: Experiment>(run: usize) -> Vec<Job> {
    (0..E::ARMS.len()).map(|arm| Job::Train(run, arm)).collect()
}

/// Whether a number is the wanted one, or that of one of the nets: `rank_linear` for `rank`.
pub(crate) fn is_named<E: Experiment>(name: &str, wanted: &str) -> bool {
    name == wanted
        || name
            .strip_prefix(wanted)
            .and_then(|rest| rest.strip_prefix('_'))
            .is_some_and(|rest| E::ARMS.iter().any(|arm| arm.slug == rest))
}
