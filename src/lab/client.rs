//! The page's end of its workers: a pool of them, started when they are needed and replaced when they die. Each run is
//! spread over the pool, and each event is passed to the run that it belongs to.

use crate::lab::pool;
use crate::lab::worker::{Worker, describe, died};
use crate::protocol::{
    ArmEvent, ArmId, ArmStart, Command, DeviceChoice, DeviceInfo, DeviceKind, Event, FileKind, LabError,
    RunId, Task,
};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Blob;
use yew::Callback;

/// The one client of this page.
#[derive(Debug, Default)]
pub(super) struct Client {
    pub(super) workers: RefCell<BTreeMap<usize, Slot>>,
    runs: RefCell<HashMap<RunId, Run>>,
    last_number: Cell<u32>,
    /// The device that each choice leads to, once a worker has said so.
    devices: RefCell<HashMap<DeviceChoice, DeviceInfo>>,
    /// Why there is one worker only, if others could not be started.
    alone: RefCell<Option<String>>,
    /// What the visitor gave, by its path.
    pub(super) files: RefCell<BTreeMap<String, Blob>>,
    /// Counts the changes of the files.
    pub(super) files_version: Cell<u32>,
    /// Whoever wants to know that the files have changed.
    pub(super) watchers: RefCell<Vec<(u32, Callback<u32>)>>,
}

/// A run that may still have something to say.
#[derive(Debug)]
struct Run {
    listener: Callback<Event>,
    /// The worker of each arm that has not ended; nothing while the device is being found out.
    arms: BTreeMap<ArmId, usize>,
    /// What is to be started when the device is known.
    waiting: Option<Start>,
    /// What is to be told to its arms when they have started.
    commands: Vec<Command>,
}

/// What is to be started.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) slug: &'static str,
    pub(super) task: Task,
    pub(super) device: DeviceChoice,
    pub(super) arms: Vec<ArmStart>,
    /// How many arms there are of each seed.
    pub(super) arms_per_seed: usize,
    pub(super) paused: bool,
    pub(super) request: Option<Vec<u8>>,
    /// The worker that is to have all arms; the pool decides where none is named.
    pub(super) worker: Option<usize>,
}

#[derive(Debug)]
pub(super) enum State {
    /// Being fetched or started; commands wait here.
    Starting(Vec<(Command, Option<Blob>)>),
    Ready(Worker),
}

impl Default for State {
    fn default() -> Self {
        Self::Starting(Vec::new())
    }
}

#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) state: State,
    /// Whether it is being fetched or has been.
    booted: bool,
    /// The worker while it has not said that it is ready.
    starting: Option<Worker>,
    /// The memory of its module, in bytes.
    memory: u32,
}

/// How many workers there are, and what they take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    pub workers: usize,
    /// The memory of their modules, in bytes.
    pub memory: f64,
    /// Why there are no more, if others could not be started.
    pub alone: Option<String>,
}

thread_local! {
    static CLIENT: Rc<Client> = Rc::default();
}

impl Client {
    pub(super) fn get() -> Rc<Self> {
        CLIENT.with(Rc::clone)
    }

    /// Starts a probe or a run and passes its events to `listener`; fetches workers if need be.
    pub(super) fn start(self: &Rc<Self>, listener: Callback<Event>, start: Start) -> RunId {
        let number = self.next_number();
        let run = RunId(number);
        let choice = start.device;
        let known = self.devices.borrow().get(&choice).cloned();
        // A probe is one arm, which the first worker has on any device.
        let needs_no_device =
            choice == DeviceChoice::Cpu || start.task == Task::Probe || start.worker.is_some();
        let kind = if needs_no_device { Some(DeviceKind::Cpu) } else { known.as_ref().map(|info| info.kind) };
        let new = Run {
            listener: listener.clone(),
            arms: BTreeMap::new(),
            waiting: Some(start),
            commands: Vec::new(),
        };
        self.runs.borrow_mut().insert(run, new);
        match known {
            Some(info) => listener.emit(Event::Device { choice, info }),
            None => self.post(0, &Command::Device(choice), None),
        }
        if let Some(kind) = kind {
            self.assign(run, kind);
        }
        run
    }

    /// Spreads a run over the pool: on the CPU over as many workers as there are cores, on a GPU one holds the device.
    fn assign(self: &Rc<Self>, run: RunId, kind: DeviceKind) {
        let (start, commands) = {
            let mut runs = self.runs.borrow_mut();
            let Some(run) = runs.get_mut(&run) else { return };
            let Some(start) = run.waiting.take() else { return };
            (start, std::mem::take(&mut run.commands))
        };
        let spread = kind == DeviceKind::Cpu && self.alone.borrow().is_none();
        let workers = if spread { pool::size(start.arms.len(), pool::cores()) } else { 1 };
        let mut groups: BTreeMap<usize, Vec<ArmStart>> = BTreeMap::new();
        for arm in start.arms {
            let worker = match start.worker {
                // Where the others could not be started, the first has all.
                Some(worker) => worker * usize::from(spread),
                None => pool::worker_of(arm.id.0.into(), start.arms_per_seed, workers),
            };
            groups.entry(worker).or_default().push(arm);
        }
        if let Some(run) = self.runs.borrow_mut().get_mut(&run) {
            let of_groups =
                groups.iter().flat_map(|(&worker, arms)| arms.iter().map(move |arm| (arm.id, worker)));
            run.arms = of_groups.collect();
        }
        for (worker, arms) in groups {
            let Start { task, paused, .. } = start;
            // The first worker says why the device is another than was asked for; the others are told which it is.
            let device = if worker == 0 { start.device } else { DeviceChoice::Cpu };
            let (slug, request) = (start.slug.to_owned(), start.request.clone());
            self.post(worker, &Command::Start { run, slug, task, device, arms, paused, request }, None);
        }
        commands.iter().for_each(|command| self.send(run, command));
    }

    /// Has the first worker check and unpack a file.
    pub(super) fn take(self: &Rc<Self>, listener: Callback<Event>, kind: FileKind, name: String, blob: Blob) {
        let run = RunId(self.next_number());
        let arms = BTreeMap::from([(ArmId::default(), 0)]);
        self.runs.borrow_mut().insert(run, Run { listener, arms, waiting: None, commands: Vec::new() });
        self.post(0, &Command::Take { run, kind, name }, Some(&blob));
    }

    /// Tells a command to all arms of a run.
    pub(super) fn send(self: &Rc<Self>, run: RunId, command: &Command) {
        let workers: BTreeSet<usize> = {
            let mut runs = self.runs.borrow_mut();
            let Some(run) = runs.get_mut(&run) else { return };
            if run.waiting.is_some() {
                run.commands.push(command.clone());
            }
            run.arms.values().copied().collect()
        };
        workers.into_iter().for_each(|worker| self.post(worker, command, None));
    }

    /// Ends a run; nothing more is heard of it.
    pub(super) fn stop(self: &Rc<Self>, run: RunId) {
        self.send(run, &Command::Forget(run));
        self.runs.borrow_mut().remove(&run);
    }

    /// How many workers there are, and what they take.
    pub(super) fn pool(&self) -> Pool {
        let workers = self.workers.borrow();
        Pool {
            workers: workers.len(),
            memory: workers.values().map(|slot| f64::from(slot.memory)).sum(),
            alone: self.alone.borrow().clone(),
        }
    }

    pub(super) fn next_number(&self) -> u32 {
        let number = self.last_number.get() + 1;
        self.last_number.set(number);
        number
    }

    /// Sends a command to a worker, which is started if there is none.
    fn post(self: &Rc<Self>, worker: usize, command: &Command, attachment: Option<&Blob>) {
        let mut workers = self.workers.borrow_mut();
        let slot = workers.entry(worker).or_default();
        match &mut slot.state {
            State::Starting(waiting) => waiting.push((command.clone(), attachment.cloned())),
            State::Ready(worker) => worker.post(command, attachment),
        }
        drop(workers);
        self.boot_next();
    }

    /// Starts the workers that are wanted: the first at once, the others when it runs. What keeps them from starting then
    /// costs nothing that the first could not do.
    fn boot_next(self: &Rc<Self>) {
        let mut workers = self.workers.borrow_mut();
        let first_runs = matches!(workers.get(&0), Some(Slot { state: State::Ready(_), .. }));
        for (&number, slot) in
            workers.iter_mut().filter(|(number, slot)| !slot.booted && (first_runs || **number == 0))
        {
            slot.booted = true;
            let client = self.clone();
            spawn_local(async move { client.boot(number).await });
        }
    }

    async fn boot(self: Rc<Self>, number: usize) {
        painted().await;
        self.restore().await;
        let progress = {
            let client = self.clone();
            move |bytes, total| client.tell_loading(bytes, total)
        };
        let (on_event, on_death) = (self.clone(), self.clone());
        let started = Worker::start(
            progress,
            move |event, attached| on_event.on_event(number, event, attached),
            move |why| on_death.lose(number, &why),
        );
        match started.await {
            Ok(worker) => {
                if let Some(slot) = self.workers.borrow_mut().get_mut(&number) {
                    slot.starting = Some(worker);
                }
            }
            Err(error) => {
                self.lose(number, &format!("The worker could not be started ({}).", describe(&error)));
            }
        }
    }

    fn on_event(self: &Rc<Self>, worker: usize, event: Event, attached: Vec<Blob>) {
        let (run, arm) = match &event {
            Event::Ready => return self.ready(worker),
            Event::Died { reason } => return self.lose(worker, &died(reason)),
            Event::Device { choice, info } => return self.device_known(*choice, info),
            Event::Taken { run, files } => {
                self.keep(files, attached);
                (*run, ArmId::default())
            }
            Event::Arm { run, arm, event } => {
                if let ArmEvent::Progress { pace, .. } = event
                    && let Some(slot) = self.workers.borrow_mut().get_mut(&worker)
                {
                    slot.memory = pace.memory;
                }
                (*run, *arm)
            }
        };
        let of_arm =
            |wanted: fn(&ArmEvent) -> bool| matches!(&event, Event::Arm { event, .. } if wanted(event));
        let over = matches!(event, Event::Taken { .. })
            || of_arm(|event| matches!(event, ArmEvent::Finished { .. } | ArmEvent::Failed(_)));
        let lost_device = of_arm(|event| matches!(event, ArmEvent::Failed(LabError::Device(_))));
        let listener = self.runs.borrow().get(&run).map(|run| run.listener.clone());
        if over {
            self.end_arm(run, arm);
        }
        if let Some(listener) = listener {
            listener.emit(event);
        }
        if lost_device {
            // A GPU that was lost stays lost for this worker; the next run gets a new one.
            self.lose(
                worker,
                "The device was lost and the compute engine restarted. Press Train to start again.",
            );
        }
    }

    fn end_arm(&self, run: RunId, arm: ArmId) {
        let mut runs = self.runs.borrow_mut();
        if let Some(of_run) = runs.get_mut(&run) {
            of_run.arms.remove(&arm);
            if of_run.arms.is_empty() {
                runs.remove(&run);
            }
        }
    }

    fn device_known(self: &Rc<Self>, choice: DeviceChoice, info: &DeviceInfo) {
        self.devices.borrow_mut().insert(choice, info.clone());
        let wait = |run: &Run| run.waiting.as_ref().is_some_and(|start| start.device == choice);
        let ready: Vec<RunId> =
            self.runs.borrow().iter().filter(|(_, run)| wait(run)).map(|(id, _)| *id).collect();
        ready.into_iter().for_each(|run| self.assign(run, info.kind));
        let listeners: Vec<_> = self.runs.borrow().values().map(|run| run.listener.clone()).collect();
        // Each knows which choice it made.
        listeners.iter().for_each(|listener| listener.emit(Event::Device { choice, info: info.clone() }));
    }

    fn ready(self: &Rc<Self>, worker: usize) {
        let mut workers = self.workers.borrow_mut();
        let Some(slot) = workers.get_mut(&worker) else { return };
        let Some(mut worker) = slot.starting.take() else { return };
        worker.started();
        for (path, blob) in &*self.files.borrow() {
            worker.post(&Command::Keep { path: path.clone() }, Some(blob));
        }
        if let State::Starting(waiting) = &slot.state {
            waiting.iter().for_each(|(command, attachment)| worker.post(command, attachment.as_ref()));
        }
        slot.state = State::Ready(worker);
        drop(workers);
        self.boot_next();
    }

    /// Gives up a worker and tells the arms that it trained why. One beside the first that could not be started leaves its
    /// arms to the first.
    fn lose(self: &Rc<Self>, worker: usize, why: &str) {
        let lost = self.workers.borrow_mut().remove(&worker);
        let mut gone = BTreeSet::from([worker]);
        if worker == 0 {
            self.devices.borrow_mut().clear();
            // Those that waited for it will not be started either.
            let mut workers = self.workers.borrow_mut();
            gone.extend(workers.iter().filter(|(_, slot)| !slot.booted).map(|(number, _)| *number));
            workers.retain(|_, slot| slot.booted);
        } else if let Some(Slot { state: State::Starting(waiting), .. }) = lost {
            self.alone.replace(Some(format!(
                "A second worker could not be started, so the networks take turns. {why}"
            )));
            let mut runs = self.runs.borrow_mut();
            runs.values_mut()
                .flat_map(|run| run.arms.values_mut())
                .filter(|of| **of == worker)
                .for_each(|of| *of = 0);
            drop(runs);
            waiting.iter().for_each(|(command, attachment)| self.post(0, command, attachment.as_ref()));
            return;
        }
        let mut listeners = Vec::new();
        self.runs.borrow_mut().retain(|&id, run| {
            let ended: Vec<ArmId> =
                run.arms.iter().filter(|(_, of)| gone.contains(of)).map(|(arm, _)| *arm).collect();
            run.arms.retain(|_, of| !gone.contains(of));
            // A run whose device is not known yet waits for the first worker.
            let waited = worker == 0 && run.waiting.is_some();
            let ended = if waited { vec![ArmId::default()] } else { ended };
            listeners.extend(ended.iter().map(|&arm| (id, arm, run.listener.clone())));
            !run.arms.is_empty() || (run.waiting.is_some() && !waited)
        });
        for (run, arm, listener) in listeners {
            let event = ArmEvent::Failed(LabError::Device(why.to_owned()));
            listener.emit(Event::Arm { run, arm, event });
        }
    }

    fn tell_loading(&self, bytes: u32, total: Option<u32>) {
        let listeners: Vec<_> =
            self.runs.borrow().iter().map(|(run, of)| (*run, of.listener.clone())).collect();
        for (run, listener) in listeners {
            let event = ArmEvent::Loading { what: "the worker".to_owned(), bytes, total };
            listener.emit(Event::Arm { run, arm: ArmId::default(), event });
        }
    }
}

/// Waits for two frames, so that the page is seen before the worker's megabytes are asked for; or for a second, where
/// nothing is drawn because nobody looks.
async fn painted() {
    let either = js_sys::Promise::new(&mut |resolve, _| {
        let window = gloo::utils::window();
        // Whichever comes second resolves what is resolved already, which does nothing.
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 1000);
        let second = Closure::once_into_js(move || {
            let _ = gloo::utils::window().request_animation_frame(&resolve);
        });
        let _ = window.request_animation_frame(second.unchecked_ref());
    });
    // A timer does not fail.
    let _ = JsFuture::from(either).await;
}
