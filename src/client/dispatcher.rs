//! The page's end of its workers: a pool of them, started when they are needed and replaced when they die. Each run is
//! spread over the pool, and each event is passed to the run that it belongs to.

mod workers;

pub use crate::client::dispatcher::workers::Pool;
use crate::client::dispatcher::workers::{Slot, WorkerId};
use crate::client::pool;
use crate::client::worker::died;
use crate::client::worker_kind::{Adapter, WorkerKind, adapter};
use crate::protocol::{
    ArmEvent, ArmId, ArmStart, Command, DeviceChoice, DeviceInfo, DeviceKind, Event, FileKind, LabError,
    RunId, Task,
};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;
use yew::Callback;

/// The one client of this page.
#[derive(Debug, Default)]
pub(super) struct Dispatcher {
    pub(super) workers: RefCell<BTreeMap<WorkerId, Slot>>,
    runs: RefCell<HashMap<RunId, Run>>,
    last_number: Cell<u32>,
    /// What the browser has for WebGPU, once it has said so.
    adapter: RefCell<Option<Adapter>>,
    /// Whether there was a GPU, which was lost.
    lost_gpu: Cell<bool>,
    /// The device that each choice leads to, once a worker has said so.
    devices: RefCell<HashMap<DeviceChoice, DeviceInfo>>,
    /// Why there is one worker only, if others could not be started.
    single_worker_reason: RefCell<Option<String>>,
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
    arms: BTreeMap<ArmId, WorkerId>,
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

thread_local! {
    static DISPATCHER: Rc<Dispatcher> = Rc::default();
}

impl Dispatcher {
    pub(super) fn get() -> Rc<Self> {
        DISPATCHER.with(Rc::clone)
    }

    /// Starts a probe or a run and passes its events to `listener`; fetches workers if need be.
    pub(super) fn start(self: &Rc<Self>, listener: Callback<Event>, start: Start) -> RunId {
        let run = RunId(self.next_number());
        let choice = start.device;
        let new = Run { listener, arms: BTreeMap::new(), waiting: Some(start), commands: Vec::new() };
        self.runs.borrow_mut().insert(run, new);
        match self.kind(choice) {
            Some(kind) => self.begin(run, kind),
            None => {
                let client = self.clone();
                spawn_local(async move {
                    let adapter = adapter(client.lost_gpu.get()).await;
                    let kind = adapter.kind(choice);
                    client.adapter.replace(Some(adapter));
                    client.begin(run, kind);
                });
            }
        }
        run
    }

    /// The worker that a choice needs, if that is known.
    fn kind(&self, choice: DeviceChoice) -> Option<WorkerKind> {
        match choice {
            DeviceChoice::Cpu => Some(WorkerKind::Cpu),
            _ => self.adapter.borrow().as_ref().map(|adapter| adapter.kind(choice)),
        }
    }

    /// Starts a run whose worker is known, at once if its device is known too.
    fn begin(self: &Rc<Self>, run: RunId, kind: WorkerKind) {
        let waiting =
            self.runs.borrow().get(&run).and_then(|of| Some((of.listener.clone(), of.waiting.clone()?)));
        // It may have been stopped in the meantime.
        let Some((listener, start)) = waiting else { return };
        let choice = start.device;
        let known = self.devices.borrow().get(&choice).cloned();
        match &known {
            Some(info) => listener.emit(Event::Device { choice, info: info.clone() }),
            None => self.post(WorkerId { kind, number: 0 }, &Command::Device(choice), None),
        }
        match (kind, known) {
            (WorkerKind::Cpu, _) => self.assign(run, WorkerKind::Cpu),
            (WorkerKind::Gpu, Some(info)) => self.assign_known(run, info.kind),
            // Until the GPU has been tested.
            (WorkerKind::Gpu, None) => {}
        }
    }

    /// Where the GPU computes wrongly, the workers for the CPU do it.
    fn assign_known(self: &Rc<Self>, run: RunId, kind: DeviceKind) {
        match kind {
            DeviceKind::Cpu => self.assign(run, WorkerKind::Cpu),
            DeviceKind::Webgpu => self.assign(run, WorkerKind::Gpu),
        }
    }

    /// Gives a run to its workers: spread over as many as there are cores, or all to the one that holds the GPU.
    fn assign(self: &Rc<Self>, run: RunId, kind: WorkerKind) {
        let (start, commands) = {
            let mut runs = self.runs.borrow_mut();
            let Some(run) = runs.get_mut(&run) else { return };
            let Some(start) = run.waiting.take() else { return };
            (start, std::mem::take(&mut run.commands))
        };
        let spread = kind == WorkerKind::Cpu && self.single_worker_reason.borrow().is_none();
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
                groups.iter().flat_map(|(&number, arms)| arms.iter().map(move |arm| (arm.id, number)));
            run.arms = of_groups.map(|(arm, number)| (arm, WorkerId { kind, number })).collect();
        }
        for (number, arms) in groups {
            let Start { task, paused, .. } = start;
            let (slug, request) = (start.slug.to_owned(), start.request.clone());
            let command = Command::Start { run, slug, task, arms, paused, request };
            self.post(WorkerId { kind, number }, &command, None);
        }
        commands.iter().for_each(|command| self.send(run, command));
    }

    /// Has a worker check and unpack a file.
    pub(super) fn take(self: &Rc<Self>, listener: Callback<Event>, kind: FileKind, name: String, blob: Blob) {
        let run = RunId(self.next_number());
        // One that is there, or the smaller.
        let there = self.workers.borrow().keys().copied().find(|place| place.number == 0);
        let place = there.unwrap_or(WorkerId { kind: WorkerKind::Cpu, number: 0 });
        let arms = BTreeMap::from_iter([(ArmId::default(), place)]);
        self.runs.borrow_mut().insert(run, Run { listener, arms, waiting: None, commands: Vec::new() });
        self.post(place, &Command::Take { run, kind, name }, Some(&blob));
    }

    /// Tells a command to all arms of a run.
    pub(super) fn send(self: &Rc<Self>, run: RunId, command: &Command) {
        let workers: Vec<WorkerId> = {
            let mut runs = self.runs.borrow_mut();
            let Some(run) = runs.get_mut(&run) else { return };
            if run.waiting.is_some() {
                run.commands.push(command.clone());
            }
            let mut workers: Vec<WorkerId> = run.arms.values().copied().collect();
            workers.sort_by_key(|worker| *worker);
            workers.dedup();
            workers
        };
        workers.into_iter().for_each(|worker| self.post(worker, command, None));
    }

    /// Ends a run; nothing more is heard of it.
    pub(super) fn stop(self: &Rc<Self>, run: RunId) {
        self.send(run, &Command::Forget(run));
        self.runs.borrow_mut().remove(&run);
    }

    pub(super) fn next_number(&self) -> u32 {
        let number = self.last_number.get() + 1;
        self.last_number.set(number);
        number
    }

    fn on_event(self: &Rc<Self>, worker: WorkerId, event: Event, attached: Vec<Blob>) {
        let (run, arm) = match &event {
            Event::Ready => return self.ready(worker),
            Event::Died { reason } => return self.on_worker_lost(worker, &died(reason)),
            Event::Device { choice, info } => return self.device_known(*choice, info.clone()),
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
        let lost_device = match &event {
            Event::Arm { event: ArmEvent::Failed(LabError::Device(why)), .. } => Some(why.clone()),
            _ => None,
        };
        let listener = self.runs.borrow().get(&run).map(|run| run.listener.clone());
        if over {
            self.end_arm(run, arm);
        }
        if let Some(listener) = listener {
            listener.emit(event);
        }
        if let Some(lost_device) = lost_device {
            // A GPU that was lost stays lost for this worker; the next run gets a new one. Who shared it hears the same.
            self.on_worker_lost(worker, &lost_device);
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

    fn device_known(self: &Rc<Self>, choice: DeviceChoice, info: DeviceInfo) {
        let info = match &*self.adapter.borrow() {
            Some(adapter) => adapter.complete(choice, info),
            None => info,
        };
        self.devices.borrow_mut().insert(choice, info.clone());
        let wait = |run: &Run| run.waiting.as_ref().is_some_and(|start| start.device == choice);
        let ready: Vec<RunId> =
            self.runs.borrow().iter().filter(|(_, run)| wait(run)).map(|(id, _)| *id).collect();
        ready.into_iter().for_each(|run| self.assign_known(run, info.kind));
        let listeners: Vec<_> = self.runs.borrow().values().map(|run| run.listener.clone()).collect();
        // Each knows which choice it made.
        listeners.iter().for_each(|listener| listener.emit(Event::Device { choice, info: info.clone() }));
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
