//! The experiment of a panel: the [`use_experiment`] hook, which probes settings and runs them.

use crate::client::arm_status::ArmStatus;
use crate::client::dispatcher::{Dispatcher, Pool, Start};
use crate::client::files::use_files_version;
use crate::client::gather::throttled;
use crate::client::options::RunOptions;
use crate::client::pool;
use crate::client::session::{Action, Session, StartedArm, split_arm_id};
use crate::client::unfinished::{Running, Unfinished, UnfinishedRun, use_unfinished};
use crate::core::LabError;
use crate::core::schema::{Schema, Values};
use crate::protocol::{
    ArmId, ArmStart, Command, DeviceInfo, Pace, Progress, RunId, RunState, SavedArm, Task,
};
use crate::run::Experiment;
use crate::run::any::{AnyConfig, AnyExperiment, AnyRecord, record_of};
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Settings are probed after this time without a change.
const PROBE_DELAY_MS: u32 = 120;

/// One panel's experiment: its measurements, the state of its run, and callbacks to change it.
#[derive(Debug)]
pub struct RunHandle<E: Experiment> {
    /// The record that is shown for the seed of the settings: the present one, or that of an earlier step.
    pub record: Rc<E::Record>,
    run: AnyRun,
}

impl<E: Experiment> std::ops::Deref for RunHandle<E> {
    type Target = AnyRun;

    fn deref(&self) -> &AnyRun {
        &self.run
    }
}

/// [`RunHandle`] without its types.
#[derive(Debug)]
pub struct AnyRun {
    /// The section's experiment.
    pub experiment: &'static AnyExperiment,
    /// The records that are shown, one per seed; the one for the seed of the settings is the first.
    pub shown_records: Rc<Vec<AnyRecord>>,
    /// The present records, one per seed.
    pub records: Rc<Vec<AnyRecord>>,
    /// The steps of the run's earlier states.
    pub replay_steps: Vec<u32>,
    /// The earlier step that is shown; `None` for the present.
    pub shown: Option<u32>,
    /// Shows an earlier step, or the present.
    pub show: Callback<Option<u32>>,
    /// The state of the run as a whole.
    pub state: RunState,
    /// The status of each arm of each seed, seed by seed; empty before a run.
    pub arms: Rc<Vec<ArmStatus>>,
    /// The number of runs started so far, which identifies the current run.
    pub run: u32,
    /// True while the settings wait for their probe, and while it is running.
    pub probing: bool,
    /// The reason why the probe failed, if it did.
    pub probe_error: Option<LabError>,
    /// The progress of the slowest arm.
    pub progress: Progress,
    /// The pace of the slowest arm.
    pub pace: Pace,
    /// The device that computes, once it is known.
    pub device: Option<DeviceInfo>,
    /// The page's workers.
    pub pool: Pool,
    /// The number of workers that train each network of the run; 1 if there is no run.
    pub team: usize,
    /// Starts a run.
    pub train: Callback<()>,
    /// Pauses the run at the end of its step.
    pub pause: Callback<()>,
    /// Resumes the run after a pause.
    pub resume: Callback<()>,
    /// Does one step and then pauses; starts a run if there is none.
    pub step: Callback<()>,
    /// Stops the run at the end of its step.
    pub stop: Callback<()>,
    /// Trains one arm again, by its index in `arms`.
    pub retry: Callback<usize>,
    /// The step from which the arms whose device or worker was lost can resume, if any were lost.
    pub lost_at: Option<u32>,
    /// Resumes the lost arms.
    pub resume_lost: Callback<()>,
    /// The run of an earlier page.
    pub unfinished: UnfinishedRun,
    /// Sends a request to the run: postcard bytes that its experiment understands. Without a run, nothing
    /// happens.
    pub ask: Callback<Vec<u8>>,
    /// Sends a request to the last probe, for an experiment whose probe answers requests.
    pub ask_probe: Callback<Vec<u8>>,
    /// Starts a run that first answers a request, such as to load weights from a file.
    pub start_with: Callback<Vec<u8>>,
    /// Starts a run that first answers a request and then waits before its first step.
    pub start_paused_with: Callback<Vec<u8>>,
    /// Starts a run of one seed in which some networks have given weights, in the order of the section's arms.
    pub start_from: Callback<Vec<Option<Rc<SavedArm>>>>,
    /// The last saved state of each arm of each seed, seed by seed. An arm is saved every few seconds and at its end.
    pub saved: Rc<Vec<Option<Rc<SavedArm>>>>,
    /// Ends the run and drops its record.
    pub reset: Callback<()>,
}

impl AnyRun {
    /// Returns the time that a complete run took, in seconds; `None` while the run is not complete, and for a run too short
    /// to have a pace.
    pub fn seconds(&self) -> Option<f64> {
        let seconds = f64::from(self.progress.step) / f64::from(self.pace.steps_per_sec);
        (self.state == RunState::Done { stopped: false } && seconds.is_finite()).then_some(seconds)
    }
}

/// Runs the experiment with these settings.
///
/// A change of settings is probed at once. It also ends a run, unless only live settings changed, which are
/// passed on to the run.
#[hook]
pub fn use_experiment<E: Experiment>(config: &AnyConfig, options: RunOptions) -> RunHandle<E> {
    let run = use_run(AnyExperiment::of::<E>(), config, options);
    let record = run.shown_records.first().map(record_of::<E>).unwrap_or_default();
    RunHandle { record, run }
}

#[hook]
fn use_run(experiment: &'static AnyExperiment, config: &AnyConfig, options: RunOptions) -> AnyRun {
    let session = use_reducer(|| Session::new(experiment));
    let runs = use_mut_ref(Runs::default);
    let starter = Starter {
        experiment,
        config: config.clone(),
        options,
        session: session.dispatcher(),
        runs: runs.clone(),
    };

    use_probe(&starter);
    // The runs end with their panel.
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

    let start = {
        let starter = starter.clone();
        Callback::from(move |(paused, request): (bool, Option<Vec<u8>>)| {
            end_run(&starter.runs);
            // A weight file has the weights of one network.
            let has_file = request.is_some() && !paused;
            let seeds = if has_file { 1 } else { options.seeds.max(1) };
            starter.session.dispatch(Action::Started(Task::Train, options.device, seeds as usize));
            starter.train((0..seeds as usize * experiment.arms.len()).map(arm_id), &[], paused, request);
        })
    };
    let retry = {
        let starter = starter.clone();
        Callback::from(move |index: usize| {
            starter.session.dispatch(Action::Restarted(arm_id(index)));
            starter.train([arm_id(index)], &[], false, None);
        })
    };
    let resume_lost = {
        let (starter, session) = (starter.clone(), session.clone());
        Callback::from(move |()| {
            let (lost, saved) = (session.lost(), session.saved.clone());
            session.dispatch(Action::LostResumed);
            starter.train(lost, &saved, false, None);
        })
    };
    let resume_from = Callback::from(move |(seeds, arms): (usize, Vec<StartedArm>)| {
        end_run(&starter.runs);
        let saved: Vec<_> = arms.iter().map(|(_, saved)| saved.clone()).collect();
        starter.session.dispatch(Action::Resumed(options.device, seeds, arms));
        starter.train((0..saved.len()).map(arm_id), &saved, false, None);
    });
    let resume_unfinished = resume_from
        .reform(|unfinished: Rc<Unfinished>| (unfinished.file.seeds as usize, unfinished.file.arms.clone()));
    let start_from = resume_from.reform(|arms: Vec<Option<Rc<SavedArm>>>| {
        (1, arms.into_iter().map(|saved| (Progress::default(), saved)).collect())
    });
    let running = Running {
        run: session.run,
        state: session.state(),
        arms: session.arms.clone(),
        saved: session.saved.clone(),
    };
    let unfinished = use_unfinished(experiment, config, options, running, resume_unfinished);
    let lost_at = session.lost().into_iter().map(|arm| {
        let saved = session.saved.get(usize::from(arm.0)).and_then(Option::as_ref);
        saved.map_or(0, |saved| saved.step)
    });
    let lost_at = lost_at.min();
    let ask = {
        let runs = runs.clone();
        Callback::from(move |request: Vec<u8>| {
            send_to_run(&runs, |run| Command::Request { run, request: request.clone() });
        })
    };
    let ask_probe = {
        let runs = runs.clone();
        Callback::from(move |request: Vec<u8>| {
            let probe = runs.borrow().probe;
            probe.iter().for_each(|&run| {
                Dispatcher::get().send(run, &Command::Request { run, request: request.clone() });
            });
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
        // Until the delay is over, the record is that of the earlier settings.
        probing: session.probing || runs.borrow().probed.as_ref() != Some(config),
        probe_error: session.probe_error.clone(),
        progress: session.progress(),
        pace: session.pace(),
        device: session.device.clone(),
        team: team_of(&session, experiment.shards(config)),
        pool: session.pool.clone(),
        train: start.reform(|()| (false, None)),
        pause: send(Command::Pause),
        resume: send(Command::Resume),
        step: if state.is_active() { send(Command::Step) } else { start.reform(|()| (true, None)) },
        stop: send(Command::Stop),
        retry,
        lost_at,
        resume_lost,
        unfinished,
        ask,
        ask_probe,
        start_with: start.reform(|request| (false, Some(request))),
        start_paused_with: start.reform(|request| (true, Some(request))),
        start_from,
        saved: session.saved.clone(),
        reset,
        state,
    }
}

/// Returns the number of workers that train each network of the run: as they report it, and before that, as the dispatcher
/// chooses it.
fn team_of(session: &Session, shards: usize) -> usize {
    if !session.state().is_active() {
        return 1;
    }
    let device = session.device.as_ref().filter(|_| session.pool.single_worker_reason.is_none());
    match (session.pace().team, device) {
        (0, Some(info)) => pool::team_on(info.kind, session.arms.len(), shards),
        (reported, _) => usize::from(reported).max(1),
    }
}

/// Probes the settings a little after they have changed, and ends a run that does not survive the change.
#[hook]
fn use_probe(starter: &Starter) {
    // The probe may need the new files of the visitor; a run continues without them.
    let files_version = use_files_version();
    use_effect_with((starter.config.clone(), starter.options, files_version), {
        let starter = starter.clone();
        move |_| {
            let Starter { experiment, config, options, session, runs } = &starter;
            let resets = runs.borrow_mut().resets(&experiment.schema, config.values(), *options);
            if resets {
                end_run(runs);
                session.dispatch(Action::Reset);
            } else if let Some(bytes) = experiment.encode(config) {
                send_to_run(runs, |run| Command::Update { run, config: bytes.clone() });
            }
            let timer = Timeout::new(PROBE_DELAY_MS, move || starter.probe());
            move || drop(timer)
        }
    });
}

/// The runs of a panel that may still send events.
#[derive(Debug, Default)]
struct Runs {
    probe: Option<RunId>,
    /// The settings of the last probe.
    probed: Option<AnyConfig>,
    /// The run, and its arms that were started again.
    train: Vec<RunId>,
    /// The settings whose change ends a run, as they were last seen.
    fixed: Option<(Values, RunOptions)>,
}

impl Runs {
    /// Returns true if these settings end a run that was started with the earlier ones.
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

const fn arm_id(index: usize) -> ArmId {
    ArmId(index as u16)
}

/// Everything that is needed to start a probe or arms of a run.
#[derive(Clone)]
struct Starter {
    experiment: &'static AnyExperiment,
    config: AnyConfig,
    options: RunOptions,
    session: UseReducerDispatcher<Session>,
    runs: Rc<RefCell<Runs>>,
}

impl Starter {
    /// Replaces the probe by one of these settings.
    fn probe(&self) {
        let earlier = self.runs.borrow_mut().probe.take();
        earlier.iter().for_each(|&run| Dispatcher::get().stop(run));
        let run = self.start(Task::Probe, [ArmId::default()], &[], false, None);
        let mut runs = self.runs.borrow_mut();
        (runs.probe, runs.probed) = (run, Some(self.config.clone()));
    }

    /// Trains arms of the run, each from its entry in `saved` if it has one.
    fn train(
        &self,
        ids: impl IntoIterator<Item = ArmId>,
        saved: &[Option<Rc<SavedArm>>],
        paused: bool,
        request: Option<Vec<u8>>,
    ) {
        let run = self.start(Task::Train, ids, saved, paused, request);
        self.runs.borrow_mut().train.extend(run);
    }

    /// Returns `None` if the settings cannot be sent; the page then shows an error.
    fn start(
        &self,
        task: Task,
        ids: impl IntoIterator<Item = ArmId>,
        saved: &[Option<Rc<SavedArm>>],
        paused: bool,
        request: Option<Vec<u8>>,
    ) -> Option<RunId> {
        let Self { experiment, options, session, .. } = self;
        let arm = |id| {
            let (seed, arm) = split_arm_id(experiment, id);
            let config = experiment.encode(&experiment.with_seed(&self.config, seed as u32))?;
            let from = saved.get(usize::from(id.0)).cloned().flatten();
            Some(ArmStart { id, arm: arm as u8, config, from })
        };
        let arms: Option<Vec<ArmStart>> = ids.into_iter().map(arm).collect();
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
            shards: experiment.shards(&self.config),
        };
        Some(Dispatcher::get().start(throttled(task, session.clone()), start))
    }
}
