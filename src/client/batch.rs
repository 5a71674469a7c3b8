//! Many runs, one after another on every worker: the [`use_batch`] hook, which sweeps use.

use crate::client::dispatcher::{Dispatcher, Start};
use crate::client::pool;
use crate::client::runner::{Batch, BatchState, Job, Partial, RunResult, Runner};
use crate::core::schema::Values;
use crate::protocol::{ArmId, ArmStart, Command, DeviceChoice, DeviceKind, Event, RunId, Task};
use crate::run::any::AnyExperiment;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// A batch of runs: its results so far, with callbacks to change its state.
#[derive(Debug)]
pub struct BatchHandle {
    /// The state of the batch.
    pub state: BatchState,
    /// The results, in the order in which the runs ended.
    pub results: Rc<Vec<RunResult>>,
    /// The number of runs in all.
    pub runs: usize,
    /// The fraction of all work that is done, including runs under way.
    pub share: f64,
    /// The seconds until the batch is done, once they can be estimated.
    pub seconds_left: Option<f64>,
    /// Starts a batch.
    pub start: Callback<Batch>,
    /// Pauses the runs under way and starts no others.
    pub pause: Callback<()>,
    /// Resumes after a pause.
    pub resume: Callback<()>,
    /// Ends the batch. Results stay.
    pub stop: Callback<()>,
    /// Restores the results of an earlier visit: the number of runs, and the results.
    pub restore: Callback<(usize, Vec<RunResult>)>,
}

type Shared = Rc<RefCell<Option<Runner>>>;

/// Returns a batch of runs of a section. It ends with the panel.
#[hook]
pub fn use_batch(experiment: &'static AnyExperiment) -> BatchHandle {
    let runner: Shared = use_mut_ref(|| None);
    let update = use_force_update();
    use_effect_with((), {
        let runner = runner.clone();
        move |()| move || end(&runner)
    });
    let start = {
        let (runner, update) = (runner.clone(), update.clone());
        Callback::from(move |batch: Batch| {
            end(&runner);
            *runner.borrow_mut() = Some(Runner::new(batch));
            (0..workers_of(&runner)).for_each(|worker| next(&runner, &update, worker));
            update.force_update();
        })
    };
    let send_all = |command: fn(RunId) -> Command, paused: bool| {
        let (runner, update) = (runner.clone(), update.clone());
        Callback::from(move |()| {
            let runs: Vec<RunId> = match &mut *runner.borrow_mut() {
                Some(runner) => {
                    runner.paused = paused;
                    runner.active.values().map(|(_, run, _)| *run).collect()
                }
                None => Vec::new(),
            };
            runs.iter().for_each(|&run| Dispatcher::get().send(run, &command(run)));
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
            let batch = Batch {
                experiment,
                configs: vec![experiment.config(Values::new()); runs],
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
        pause: send_all(Command::Pause, true),
        resume: {
            let (runner, update, resume) = (runner.clone(), update.clone(), send_all(Command::Resume, false));
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

fn workers_of(runner: &Shared) -> usize {
    let runner = runner.borrow();
    let of = |Runner { batch, .. }: &Runner| {
        workers_for(batch.configs.len() * batch.experiment.arms.len(), batch.kind)
    };
    runner.as_ref().map_or(0, of)
}

/// Returns the number of workers that share this number of trainings.
pub fn workers_for(trainings: usize, kind: DeviceKind) -> usize {
    match kind {
        DeviceKind::Cpu => pool::size(trainings, pool::cores()),
        // A single worker holds the GPU.
        DeviceKind::Webgpu => 1,
    }
}

/// Ends the runs under way. Results stay.
fn end(runner: &Shared) {
    let active: Vec<RunId> = match &mut *runner.borrow_mut() {
        Some(runner) => {
            runner.waiting.clear();
            runner.records.clear();
            runner.active.drain().map(|(_, (_, run, _))| run).collect()
        }
        None => Vec::new(),
    };
    active.iter().for_each(|&run| Dispatcher::get().stop(run));
}

/// Gives a worker its next job, if any is left.
fn next(runner: &Shared, update: &UseForceUpdateHandle, worker: usize) {
    let (job, start) = {
        let mut borrowed = runner.borrow_mut();
        let Some(runner) = borrowed.as_mut() else { return };
        if runner.paused || runner.active.contains_key(&worker) {
            return;
        }
        let Some(job) = runner.waiting.pop_front() else { return };
        let Batch { experiment, configs, .. } = &runner.batch;
        let Some(config) = configs.get(job.run()) else { return };
        let config = experiment.encode(config).unwrap_or_default();
        let now = js_sys::Date::now();
        let partial = runner.records.entry(job.run()).or_insert_with(|| Partial {
            record: experiment.empty(),
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
            slug: experiment.slug,
            task,
            device: if worker == 0 { runner.batch.choice } else { DeviceChoice::Cpu },
            arms: vec![ArmStart { id: ArmId::default(), arm: arm as u8, config, from: None }],
            arms_per_seed: 1,
            paused: false,
            request: None,
            worker: Some(worker),
            shards: 1,
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
    let run = Dispatcher::get().start(listener, start);
    if let Some(runner) = &mut *runner.borrow_mut() {
        runner.active.insert(worker, (job, run, 0.0));
    }
}
