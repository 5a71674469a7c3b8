//! All that a panel needs to know of the workers: the [`use_experiment`] hook.

mod batch;
mod dispatcher;
mod estimate;
mod files;
mod gather;
mod page_lock;
mod pool;
mod replay;
mod runner;
mod session;
mod storage;
mod unfinished;
mod user_files;
mod verify;
mod worker;
mod worker_kind;

pub use crate::client::batch::{Batch, BatchHandle, BatchState, RunResult, use_batch, workers_for};
pub use crate::client::dispatcher::Pool;
pub use crate::client::estimate::{Enough, RunTimes, Timing, use_run_times};
pub use crate::client::files::{Files, use_files};
pub(crate) use crate::client::runner::{is_known, is_named};
pub use crate::client::session::ArmStatus;
pub use crate::client::unfinished::{Unfinished, UnfinishedRun};
pub use crate::client::verify::{StepOutput, Timed, Verification, Verified, use_verification};

use crate::client::dispatcher::{Dispatcher, Start};
use crate::client::gather::throttled;
use crate::client::session::{Action, Session, split_arm_id};
use crate::client::unfinished::{Running, use_unfinished};
use crate::core::schema::{Schema, Values};
use crate::core::sweep::with_seed;
use crate::protocol::{
    ArmId, ArmStart, Command, DeviceChoice, DeviceInfo, Pace, Progress, RunId, RunState, SavedArm, Task,
};
use crate::run::Experiment;
use crate::run::any::{AnyExperiment, AnyRecord, record_of};
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Settings in motion are probed once they have rested this long.
const PROBE_DELAY_MS: u32 = 120;

/// What the page decides about a run, beside its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOptions {
    pub device: DeviceChoice,
    /// How many seeds a run has: that of the settings, and those that follow it.
    pub seeds: u32,
}

/// One panel's experiment: what has been measured, how the run stands, and what may be asked of it.
#[derive(Debug)]
pub struct RunHandle<E: Experiment> {
    /// What is looked at of the seed of the settings: what has been measured, or an earlier state of it.
    pub record: Rc<E::Record>,
    run: AnyRun,
}

impl<E: Experiment> std::ops::Deref for RunHandle<E> {
    type Target = AnyRun;

    fn deref(&self) -> &AnyRun {
        &self.run
    }
}

/// The same without its types.
#[derive(Debug)]
pub struct AnyRun {
    pub experiment: &'static AnyExperiment,
    /// What is looked at, with every seed; that of the settings is the first.
    pub shown_records: Rc<Vec<AnyRecord>>,
    /// What has been measured with every seed.
    pub records: Rc<Vec<AnyRecord>>,
    /// The steps of the run's earlier states, and the step that is looked at.
    pub replay_steps: Vec<u32>,
    pub shown: Option<u32>,
    /// Looks at an earlier state, or again at the present one.
    pub show: Callback<Option<u32>>,
    pub state: RunState,
    /// How each arm of each seed stands, seed by seed; none before a run.
    pub arms: Rc<Vec<ArmStatus>>,
    /// Counts the runs that were begun, so that one can be told from the next.
    pub run: u32,
    /// Whether the probe is computing….
    pub probing: bool,
    /// Why the probe has failed, if it has.
    pub probe_error: Option<String>,
    pub progress: Progress,
    pub pace: Pace,
    pub device: Option<DeviceInfo>,
    pub pool: Pool,
    pub train: Callback<()>,
    pub pause: Callback<()>,
    pub resume: Callback<()>,
    pub step: Callback<()>,
    pub stop: Callback<()>,
    /// Trains one arm again, by its number in `arms`.
    pub retry: Callback<usize>,
    /// The step that the arms whose device or worker was lost would go on from, if some were; and the way to do it.
    pub lost_at: Option<u32>,
    pub go_on: Callback<()>,
    /// The run of an earlier page.
    pub unfinished: UnfinishedRun,
    /// Asks something of the run: postcard bytes that its experiment understands. Nothing happens without a run.
    pub ask: Callback<Vec<u8>>,
    /// Starts a run that first answers a request, such as to take weights from a file.
    pub open: Callback<Vec<u8>>,
    /// The same, and the run waits before its first step.
    pub hold: Callback<Vec<u8>>,
    pub reset: Callback<()>,
}

/// Runs the experiment with these settings.
///
/// A change of settings is probed at once. It also ends a run, unless only settings changed that may change while
/// running; those are passed on.
#[hook]
pub fn use_experiment<E: Experiment>(settings: &Rc<Values>, options: RunOptions) -> RunHandle<E> {
    let run = use_run(AnyExperiment::of::<E>(), settings, options);
    let record = run.shown_records.first().map(record_of::<E>).unwrap_or_default();
    RunHandle { record, run }
}

#[hook]
fn use_run(experiment: &'static AnyExperiment, settings: &Rc<Values>, options: RunOptions) -> AnyRun {
    let session = use_reducer(|| Session::new(experiment));
    let runs = use_mut_ref(Runs::default);

    use_probe(experiment, &session, &runs, settings, options);
    // A panel that goes away takes its runs along.
    use_effect_with((), {
        let runs = runs.clone();
        move |()| {
            move || {
                end_run(&runs);
                let probe = runs.borrow_mut().probe.take();
                probe.iter().for_each(|&run| Dispatcher::get().stop(run));
            }
        }
    });

    let open = {
        let (session, runs, settings) = (session.dispatcher(), runs.clone(), settings.clone());
        Callback::from(move |(paused, request): (bool, Option<Vec<u8>>)| {
            end_run(&runs);
            // What a file is opened for is one net.
            let opens = request.is_some() && !paused;
            let seeds = if opens { 1 } else { options.seeds.max(1) };
            session.dispatch(Action::Started(Task::Train, options.device, seeds as usize));
            let ids = (0..seeds as usize * experiment.arms.len()).map(|arm| ArmId(arm as u16));
            let arms = arms(experiment, &settings, ids);
            let run = start(experiment, Task::Train, arms, options, (paused, request), &session);
            runs.borrow_mut().train.extend(run);
        })
    };
    let retry = {
        let (session, runs, settings) = (session.dispatcher(), runs.clone(), settings.clone());
        Callback::from(move |index: usize| {
            let arm = ArmId(index as u16);
            session.dispatch(Action::Restarted(arm));
            let arms = arms(experiment, &settings, [arm]);
            let run = start(experiment, Task::Train, arms, options, (false, None), &session);
            runs.borrow_mut().train.extend(run);
        })
    };
    let go_on = {
        let (session, runs, settings) = (session.clone(), runs.clone(), settings.clone());
        Callback::from(move |()| {
            let arms = arms(experiment, &settings, session.lost()).map(|arms| from(arms, &session.saved));
            session.dispatch(Action::WentOn);
            let run = start(experiment, Task::Train, arms, options, (false, None), &session.dispatcher());
            runs.borrow_mut().train.extend(run);
        })
    };
    let resume = {
        let (session, runs, settings) = (session.dispatcher(), runs.clone(), settings.clone());
        Callback::from(move |unfinished: Rc<Unfinished>| {
            end_run(&runs);
            let saved: Vec<_> = unfinished.file.arms.iter().map(|(_, saved)| saved.clone()).collect();
            let ids = (0..saved.len()).map(|arm| ArmId(arm as u16));
            let arms = arms(experiment, &settings, ids).map(|arms| from(arms, &saved));
            session.dispatch(Action::Resumed(options.device, unfinished));
            let run = start(experiment, Task::Train, arms, options, (false, None), &session);
            runs.borrow_mut().train.extend(run);
        })
    };
    let running = Running {
        run: session.run,
        state: session.state(),
        arms: session.arms.clone(),
        saved: session.saved.clone(),
    };
    let unfinished = use_unfinished(experiment, settings, options, running, resume);
    let lost_at = session.lost().into_iter().map(|arm| {
        let saved = session.saved.get(usize::from(arm.0)).and_then(Option::as_ref);
        saved.map_or(0, |saved| saved.step)
    });
    let lost_at = lost_at.min();
    let begin = |paused: bool| open.reform(move |()| (paused, None));
    let ask = {
        let runs = runs.clone();
        Callback::from(move |request: Vec<u8>| {
            send_to_run(&runs, |run| Command::Request { run, request: request.clone() });
        })
    };
    let send = |command: fn(RunId) -> Command| {
        let runs = runs.clone();
        Callback::from(move |()| send_to_run(&runs, command))
    };
    let reset = {
        let (session, runs) = (session.dispatcher(), runs.clone());
        Callback::from(move |()| {
            end_run(&runs);
            session.dispatch(Action::Reset);
        })
    };
    let show = use_callback((), {
        let session = session.dispatcher();
        move |step: Option<u32>, ()| session.dispatch(Action::Show(step))
    });
    let state = session.state();
    AnyRun {
        experiment,
        shown_records: session.shown_records().clone(),
        records: session.records.clone(),
        replay_steps: session.replay.steps().collect(),
        shown: session.shown,
        show,
        arms: session.arms.clone(),
        run: session.run,
        probing: session.probing,
        probe_error: session.probe_error.clone(),
        progress: session.progress(),
        pace: session.pace(),
        device: session.device.clone(),
        pool: session.pool.clone(),
        train: begin(false),
        pause: send(Command::Pause),
        resume: send(Command::Resume),
        step: if state.is_active() { send(Command::Step) } else { begin(true) },
        stop: send(Command::Stop),
        retry,
        lost_at,
        go_on,
        unfinished,
        ask,
        open: open.reform(|request| (false, Some(request))),
        hold: open.reform(|request| (true, Some(request))),
        reset,
        state,
    }
}

/// Probes the settings a little after they have changed, and ends a run that does not survive the change.
#[hook]
fn use_probe(
    experiment: &'static AnyExperiment,
    session: &UseReducerHandle<Session>,
    runs: &Rc<RefCell<Runs>>,
    settings: &Rc<Values>,
    options: RunOptions,
) {
    // New files of the visitor's may be what the probe was missing; a run goes on without them.
    let files_version = files::use_files_version();
    use_effect_with((settings.clone(), options, files_version), {
        let (session, runs) = (session.dispatcher(), runs.clone());
        move |(settings, options, _)| {
            let (settings, options) = (settings.clone(), *options);
            let resets = runs.borrow_mut().resets(&experiment.schema, &settings, options);
            if resets {
                end_run(&runs);
                session.dispatch(Action::Reset);
            } else if let Some(bytes) = experiment.encode(&settings) {
                send_to_run(&runs, |run| Command::Update { run, config: bytes.clone() });
            }
            let timer = Timeout::new(PROBE_DELAY_MS, move || {
                let earlier = runs.borrow_mut().probe.take();
                earlier.iter().for_each(|&run| Dispatcher::get().stop(run));
                let arms = arms(experiment, &settings, [ArmId::default()]);
                let run = start(experiment, Task::Probe, arms, options, (false, None), &session);
                runs.borrow_mut().probe = run;
            });
            move || drop(timer)
        }
    });
}

/// The runs of a panel that may still have something to say.
#[derive(Debug, Default)]
struct Runs {
    probe: Option<RunId>,
    /// The run, and its arms that were started again.
    train: Vec<RunId>,
    /// The settings that no run survives a change of, as they were last seen.
    fixed: Option<(Values, RunOptions)>,
}

impl Runs {
    /// Whether these settings end a run that was begun with the earlier ones.
    fn resets(&mut self, schema: &Schema, settings: &Values, options: RunOptions) -> bool {
        let mut fixed = settings.clone();
        schema.params.iter().filter(|param| param.live).for_each(|param| drop(fixed.remove(param.key)));
        let fixed = Some((fixed, options));
        let changed = self.fixed != fixed;
        self.fixed = fixed;
        changed
    }
}

fn end_run(runs: &RefCell<Runs>) {
    let ended = std::mem::take(&mut runs.borrow_mut().train);
    ended.iter().for_each(|&run| Dispatcher::get().stop(run));
}

fn send_to_run(runs: &RefCell<Runs>, command: impl Fn(RunId) -> Command) {
    let runs = runs.borrow().train.clone();
    runs.iter().for_each(|&run| Dispatcher::get().send(run, &command(run)));
}

/// What each of these arms starts with; `None` if the settings cannot be sent.
fn arms(
    experiment: &AnyExperiment,
    settings: &Values,
    ids: impl IntoIterator<Item = ArmId>,
) -> Option<Vec<ArmStart>> {
    let start = |id| {
        let (seed, kind) = split_arm_id(experiment, id);
        let config = experiment.encode(&with_seed(settings, seed as u32))?;
        Some(ArmStart { id, arm: kind as u8, config, from: None })
    };
    ids.into_iter().map(start).collect()
}

/// The same, each from where it was last saved.
fn from(arms: Vec<ArmStart>, saved: &[Option<Rc<SavedArm>>]) -> Vec<ArmStart> {
    let saved = |arm: &ArmStart| saved.get(usize::from(arm.id.0)).cloned().flatten();
    arms.into_iter().map(|arm| ArmStart { from: saved(&arm), ..arm }).collect()
}

/// Starts a probe or arms of a run; `None` if their settings cannot be sent, which the page then says.
fn start(
    experiment: &AnyExperiment,
    task: Task,
    arms: Option<Vec<ArmStart>>,
    options: RunOptions,
    (paused, request): (bool, Option<Vec<u8>>),
    session: &UseReducerDispatcher<Session>,
) -> Option<RunId> {
    let Some(arms) = arms else {
        session.dispatch(Action::Failed(task, "The settings could not be sent.".to_owned()));
        return None;
    };
    if task == Task::Probe {
        session.dispatch(Action::Started(task, options.device, 1));
    }
    let start = Start {
        slug: experiment.slug,
        task,
        device: options.device,
        arms,
        arms_per_seed: experiment.arms.len(),
        paused,
        request,
        worker: None,
    };
    Some(Dispatcher::get().start(throttled(task, session.clone()), start))
}
