//! Runs of any sections, one after another on every worker, with everything that a panel measures: the probe, and all networks
//! of all seeds. The class view repeats the runs of a class with it.

mod state;

pub use crate::client::recompute::state::{Numbers, Repeat, Repeated};

use crate::client::batch::workers_for;
use crate::client::dispatcher::{Dispatcher, Start};
use crate::client::recompute::state::{Job, Partial, State};
use crate::client::runner::BatchState;
use crate::protocol::{ArmId, ArmStart, Command, DeviceKind, Event, RunId, Task};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;

type Shared = Rc<RefCell<State>>;

/// Runs that are repeated: the results so far, with callbacks to change the state.
#[derive(Clone, Debug)]
pub struct RepeatHandle {
    /// The state.
    pub state: BatchState,
    /// The results by the index of the run.
    pub results: Rc<BTreeMap<usize, Repeated>>,
    /// The number of runs in all.
    pub runs: usize,
    /// The fraction of all work that is done.
    pub share: f64,
    /// The seconds until all runs are done, once they can be estimated.
    pub seconds_left: Option<f64>,
    /// Starts runs. The results of earlier ones are dropped.
    pub start: Callback<Vec<Repeat>>,
    /// Pauses the runs under way and starts no others.
    pub pause: Callback<()>,
    /// Resumes after a pause.
    pub resume: Callback<()>,
    /// Ends the runs. Results stay.
    pub stop: Callback<()>,
    /// Ends the runs and drops the results.
    pub clear: Callback<()>,
}

/// Repeats runs. They end with the component.
#[hook]
pub fn use_repeats() -> RepeatHandle {
    let state: Shared = use_mut_ref(State::default);
    let update = use_force_update();
    use_effect_with((), {
        let state = state.clone();
        move |()| move || end(&state)
    });
    let start = {
        let (state, update) = (state.clone(), update.clone());
        use_callback((), move |runs: Vec<Repeat>, ()| {
            end(&state);
            *state.borrow_mut() = State::new(runs);
            fill(&state, &update);
            update.force_update();
        })
    };
    let send_all = |command: fn(RunId) -> Command, paused: bool| {
        let (state, update) = (state.clone(), update.clone());
        Callback::from(move |()| {
            let runs: Vec<RunId> = {
                let mut state = state.borrow_mut();
                state.pause(paused);
                state.active.values().map(|(_, run, _)| *run).collect()
            };
            runs.iter().for_each(|&run| Dispatcher::get().send(run, &command(run)));
            if !paused {
                fill(&state, &update);
            }
            update.force_update();
        })
    };
    let stop = |clears: bool| {
        let (state, update) = (state.clone(), update.clone());
        Callback::from(move |()| {
            end(&state);
            if clears {
                *state.borrow_mut() = State::default();
            }
            update.force_update();
        })
    };
    let now = state.borrow();
    RepeatHandle {
        state: now.state(),
        results: Rc::new(now.results.clone()),
        runs: now.runs.len(),
        share: now.share(),
        seconds_left: now.seconds_left(),
        start,
        pause: send_all(Command::Pause, true),
        resume: send_all(Command::Resume, false),
        stop: stop(false),
        clear: stop(true),
    }
}

/// Ends the runs under way. Results stay.
fn end(state: &Shared) {
    let active: Vec<RunId> = {
        let mut state = state.borrow_mut();
        state.waiting.clear();
        state.partial.clear();
        state.active.drain().map(|(_, (_, run, _))| run).collect()
    };
    active.iter().for_each(|&run| Dispatcher::get().stop(run));
}

/// Gives every free worker a job, as long as there are any.
fn fill(state: &Shared, update: &UseForceUpdateHandle) {
    let workers = {
        let state = state.borrow();
        let jobs = |repeat: &Repeat| repeat.experiment.arms.len() * repeat.seeds.max(1) as usize;
        workers_for(state.runs.iter().map(jobs).sum(), DeviceKind::Cpu)
    };
    (0..workers).for_each(|worker| next(state, update, worker));
}

/// Gives a worker its next job, if there is one for it.
fn next(shared: &Shared, update: &UseForceUpdateHandle, worker: usize) {
    let (job, start) = {
        let mut state = shared.borrow_mut();
        let Some(job) = state.take(worker) else { return };
        let Some(repeat) = state.runs.get(job.run()).cloned() else { return };
        state.partial.entry(job.run()).or_insert_with(|| Partial::new(&repeat));
        let experiment = repeat.experiment;
        let (task, seed, arm) = match job {
            Job::Probe(_) => (Task::Probe, 0, 0),
            Job::Train { seed, arm, .. } => (Task::Train, seed, arm),
        };
        let config = experiment.encode(&experiment.with_seed(&repeat.config, seed)).unwrap_or_default();
        let start = Start {
            slug: experiment.slug,
            task,
            device: repeat.choice,
            arms: vec![ArmStart { id: ArmId::default(), arm: arm as u8, config, from: None }],
            arms_per_seed: 1,
            paused: false,
            request: None,
            worker: Some(worker),
            shards: 1,
        };
        (job, start)
    };
    let choice = start.device;
    let listener = {
        let (shared, update) = (shared.clone(), update.clone());
        Callback::from(move |event: Event| {
            let over = match event {
                Event::Device { choice: of, info } if of == choice => {
                    if let Some(partial) = shared.borrow_mut().partial.get_mut(&job.run()) {
                        partial.kind = Some(info.kind);
                    }
                    return;
                }
                Event::Arm { run, event, .. } => shared.borrow_mut().on_event(worker, run, job, event),
                _ => return,
            };
            if over {
                fill(&shared, &update);
            }
            update.force_update();
        })
    };
    let run = Dispatcher::get().start(listener, start);
    shared.borrow_mut().active.insert(worker, (job, run, 0.0));
}
