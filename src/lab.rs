//! All that a panel needs to know of the worker: the [`use_experiment`] hook.

mod client;
mod files;
mod kept;
mod storage;

pub use crate::lab::files::{Files, use_files};
pub use crate::lab::kept::{Kept, use_kept};

use crate::lab::client::Client;
use crate::protocol::{Command, DeviceChoice, DeviceInfo, Event, Pace, Progress, RunId, RunState, Task};
use crate::run::Experiment;
use gloo::timers::callback::Timeout;
use std::rc::Rc;
use yew::prelude::*;

/// Settings in motion are probed once they have rested this long.
const PROBE_DELAY_MS: u32 = 120;

/// One panel's experiment: what has been measured, how the run stands, and what may be asked of it.
#[derive(Debug)]
pub struct RunHandle<E: Experiment> {
    pub record: Rc<E::Record>,
    pub state: RunState,
    /// Counts the runs that were begun, so that one can be told from the next.
    pub run: u32,
    /// Whether the probe is being computed.
    pub probing: bool,
    /// Why the probe has failed, if it has.
    pub probe_error: Option<String>,
    pub progress: Progress,
    pub pace: Pace,
    pub device: Option<DeviceInfo>,
    pub train: Callback<()>,
    pub pause: Callback<()>,
    pub resume: Callback<()>,
    pub step: Callback<()>,
    pub stop: Callback<()>,
    /// Asks something of the run: postcard bytes that its experiment understands. Nothing happens without a run.
    pub ask: Callback<Vec<u8>>,
    /// Starts a run that first answers a request, such as to take weights from a file.
    pub open: Callback<Vec<u8>>,
    pub reset: Callback<()>,
}

/// Runs the experiment with these settings on this device.
///
/// A change of settings is probed at once. It also ends a run, unless only settings changed that may change while
/// running; those are passed on.
#[hook]
pub fn use_experiment<E: Experiment>(config: &E::Config, device: DeviceChoice) -> RunHandle<E> {
    let session = use_reducer(Session::<E>::default);
    let runs = use_mut_ref(Runs::default);

    // New files of the visitor's may be what the probe was missing; a run goes on without them.
    let files_version = files::use_files_version();
    use_effect_with((config.clone(), device, files_version), {
        let (session, runs) = (session.dispatcher(), runs.clone());
        move |(config, device, _)| {
            let (config, device) = (config.clone(), *device);
            let resets = runs.borrow_mut().resets::<E>(&config, device);
            if resets {
                end_run(&runs);
                session.dispatch(Action::Reset);
            } else if let Some((run, Some(config))) =
                runs.borrow().train.map(|run| (run, postcard::to_stdvec(&config).ok()))
            {
                Client::get().send(&Command::Update { run, config });
            }
            let timer = Timeout::new(PROBE_DELAY_MS, move || {
                let earlier = runs.borrow_mut().probe.take();
                earlier.iter().for_each(|&run| Client::get().stop(run));
                let run = start::<E>(Task::Probe, &config, device, (false, None), &session);
                runs.borrow_mut().probe = run;
            });
            move || drop(timer)
        }
    });
    // A panel that goes away takes its runs along.
    use_effect_with((), {
        let runs = runs.clone();
        move |()| {
            move || {
                end_run(&runs);
                let probe = runs.borrow_mut().probe.take();
                probe.iter().for_each(|&run| Client::get().stop(run));
            }
        }
    });

    let open = {
        let (session, runs, config) = (session.dispatcher(), runs.clone(), config.clone());
        Callback::from(move |(paused, request): (bool, Option<Vec<u8>>)| {
            end_run(&runs);
            session.dispatch(Action::Reset);
            let run = start::<E>(Task::Train, &config, device, (paused, request), &session);
            runs.borrow_mut().train = run;
        })
    };
    let begin = |paused: bool| open.reform(move |()| (paused, None));
    let ask = {
        let runs = runs.clone();
        Callback::from(move |request: Vec<u8>| {
            let run = runs.borrow().train;
            run.into_iter()
                .for_each(|run| Client::get().send(&Command::Request { run, request: request.clone() }));
        })
    };
    let send = |command: fn(RunId) -> Command| {
        let runs = runs.clone();
        Callback::from(move |()| {
            runs.borrow().train.iter().for_each(|&run| Client::get().send(&command(run)))
        })
    };
    let reset = {
        let (session, runs) = (session.dispatcher(), runs.clone());
        Callback::from(move |()| {
            end_run(&runs);
            session.dispatch(Action::Reset);
        })
    };
    RunHandle {
        record: session.record.clone(),
        state: session.state.clone(),
        run: session.run,
        probing: session.probing,
        probe_error: session.probe_error.clone(),
        progress: session.progress,
        pace: session.pace,
        device: session.device.clone(),
        train: begin(false),
        pause: send(Command::Pause),
        resume: send(Command::Resume),
        step: if session.state.is_active() { send(Command::Step) } else { begin(true) },
        stop: send(Command::Stop),
        ask,
        open: open.reform(|request| (false, Some(request))),
        reset,
    }
}

/// The runs of a panel that may still have something to say.
#[derive(Debug, Default)]
struct Runs {
    probe: Option<RunId>,
    train: Option<RunId>,
    /// The settings that no run survives a change of, as they were last seen.
    fixed: Option<(serde_json::Map<String, serde_json::Value>, DeviceChoice)>,
}

impl Runs {
    /// Whether these settings end a run that was begun with the earlier ones.
    fn resets<E: Experiment>(&mut self, config: &E::Config, device: DeviceChoice) -> bool {
        use crate::core::settings::{Settings, to_map};
        let mut fixed = to_map(config);
        for param in <E::Config as Settings>::PARAMS.iter().filter(|param| param.live) {
            fixed.remove(param.key);
        }
        let fixed = Some((fixed, device));
        let changed = self.fixed != fixed;
        self.fixed = fixed;
        changed
    }
}

fn end_run(runs: &Rc<std::cell::RefCell<Runs>>) {
    let run = runs.borrow_mut().train.take();
    run.iter().for_each(|&run| Client::get().stop(run));
}

/// Starts a probe or a run; `None` if its settings cannot be sent, which the page then says.
fn start<E: Experiment>(
    task: Task,
    config: &E::Config,
    device: DeviceChoice,
    (paused, request): (bool, Option<Vec<u8>>),
    session: &UseReducerDispatcher<Session<E>>,
) -> Option<RunId> {
    let config = match postcard::to_stdvec(config) {
        Ok(config) => config,
        Err(error) => {
            session.dispatch(Action::Failed(task, format!("The settings could not be sent: {error}.")));
            return None;
        }
    };
    session.dispatch(Action::Started(task));
    let session = session.clone();
    let listener = Callback::from(move |event| session.dispatch(Action::Event(task, event)));
    let slug = E::SLUG.to_owned();
    Some(Client::get().start(listener, |run| Command::Start {
        run,
        slug,
        task,
        device,
        config,
        paused,
        request,
    }))
}

/// How a panel's experiment stands.
struct Session<E: Experiment> {
    record: Rc<E::Record>,
    state: RunState,
    run: u32,
    probing: bool,
    probe_error: Option<String>,
    progress: Progress,
    pace: Pace,
    device: Option<DeviceInfo>,
}

impl<E: Experiment> Default for Session<E> {
    fn default() -> Self {
        Self {
            record: Rc::default(),
            state: RunState::Idle,
            run: 0,
            probing: false,
            probe_error: None,
            progress: Progress::default(),
            pace: Pace::default(),
            device: None,
        }
    }
}

impl<E: Experiment> Clone for Session<E> {
    fn clone(&self) -> Self {
        Self {
            record: self.record.clone(),
            state: self.state.clone(),
            run: self.run,
            probing: self.probing,
            probe_error: self.probe_error.clone(),
            progress: self.progress,
            pace: self.pace,
            device: self.device.clone(),
        }
    }
}

enum Action {
    Reset,
    Started(Task),
    Failed(Task, String),
    Event(Task, Event),
}

impl<E: Experiment> Reducible for Session<E> {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = Self::clone(&self);
        match action {
            Action::Reset => {
                E::clear_run(Rc::make_mut(&mut next.record));
                next.state = RunState::Idle;
                next.progress = Progress::default();
                next.pace = Pace::default();
            }
            Action::Started(Task::Probe) => (next.probing, next.probe_error) = (true, None),
            Action::Started(Task::Train) => {
                next.run = next.run.wrapping_add(1);
                next.state = RunState::Loading { what: String::new(), bytes: 0, total: None }
            }
            Action::Failed(Task::Probe, error) => (next.probing, next.probe_error) = (false, Some(error)),
            Action::Failed(Task::Train, error) => next.state = RunState::Error(error),
            Action::Event(task, event) => next.hear(task, event),
        }
        Rc::new(next)
    }
}

impl<E: Experiment> Session<E> {
    fn hear(&mut self, task: Task, event: Event) {
        match (task, event) {
            (_, Event::Device { info, .. }) => self.device = Some(info),
            (task, Event::Frame { frame, .. }) => match postcard::from_bytes(&frame) {
                Ok(frame) => E::absorb(Rc::make_mut(&mut self.record), frame),
                Err(error) => {
                    let words = format!("A frame could not be read: {error}.");
                    match task {
                        Task::Probe => self.probe_error = Some(words),
                        Task::Train => self.state = RunState::Error(words),
                    }
                }
            },
            (Task::Probe, Event::Finished { .. }) => self.probing = false,
            (Task::Probe, Event::Failed { error, .. }) => {
                (self.probing, self.probe_error) = (false, Some(error.to_string()));
            }
            (Task::Train, Event::Loading { what, bytes, total, .. }) => {
                self.state = RunState::Loading { what, bytes, total };
            }
            (Task::Train, Event::Progress { progress, pace, .. }) => {
                (self.progress, self.pace) = (progress, pace);
                if matches!(self.state, RunState::Loading { .. }) {
                    self.state = RunState::Running;
                }
            }
            (Task::Train, Event::Paused { paused, .. }) => {
                self.state = if paused { RunState::Paused } else { RunState::Running };
            }
            (Task::Train, Event::Finished { stopped, .. } | Event::Idle { stopped, .. }) => {
                self.state = RunState::Done { stopped }
            }
            (Task::Train, Event::Failed { error, .. }) => self.state = RunState::Error(error.to_string()),
            (_, Event::Ready | Event::Died { .. } | Event::Taken { .. }) | (Task::Probe, _) => {}
        }
    }
}
