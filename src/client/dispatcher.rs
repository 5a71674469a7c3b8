//! The page's workers: a pool of them, started when they are needed and replaced when they die. Each run is
//! spread over the pool, and each event is passed to the run that it belongs to.

mod workers;

use crate::client::pool;
use crate::client::worker::{Worker, lost_message};
use crate::client::worker_kind::{Adapter, WorkerId, WorkerKind, adapter};
use crate::protocol::{
    ArmEvent, ArmId, ArmStart, Command, DataRequest, DeviceChoice, DeviceInfo, Event, FileKind, LabError,
    RunId, Task,
};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;
use yew::Callback;

/// The one dispatcher of this page.
#[derive(Debug, Default)]
pub(super) struct Dispatcher {
    pub(super) workers: RefCell<BTreeMap<WorkerId, Worker>>,
    runs: RefCell<HashMap<RunId, Run>>,
    last_number: Cell<u32>,
    /// The browser's WebGPU adapter, once it is known.
    adapter: RefCell<Option<Adapter>>,
    /// True if a GPU was lost.
    lost_gpu: Cell<bool>,
    /// The device that each choice leads to, once a worker has reported it.
    devices: RefCell<HashMap<DeviceChoice, DeviceInfo>>,
    /// The reason why there is only one worker, if others could not be started.
    single_worker_reason: RefCell<Option<String>>,
    /// The visitor's files by path.
    pub(super) files: RefCell<BTreeMap<String, Blob>>,
    /// The number of changes of the files.
    pub(super) files_version: Cell<u32>,
    /// Callbacks for changes of the files, each with a number by which it is removed.
    pub(super) watchers: RefCell<Vec<(u32, Callback<u32>)>>,
    /// The data file of the event that is being passed to its listener.
    pub(super) prepared: RefCell<Option<Blob>>,
}

/// A run that may still send events.
#[derive(Debug)]
struct Run {
    listener: Callback<Event>,
    /// The worker of each arm that has not ended; empty until the device is known.
    arms: BTreeMap<ArmId, WorkerId>,
    /// The run to be started when the device is known.
    waiting: Option<Start>,
    /// Commands to send when the arms have started.
    commands: Vec<Command>,
}

/// A probe or a run to be started.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) slug: &'static str,
    pub(super) task: Task,
    pub(super) device: DeviceChoice,
    pub(super) arms: Vec<ArmStart>,
    /// The number of arms of each seed.
    pub(super) arms_per_seed: usize,
    pub(super) paused: bool,
    pub(super) request: Option<Vec<u8>>,
    /// The worker that gets all arms; `None` spreads them over the pool.
    pub(super) worker: Option<usize>,
}

/// The number of workers, and their memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    /// The number of workers.
    pub workers: usize,
    /// The memory of their modules, in bytes.
    pub memory: f64,
    /// The reason why there are no more, if others could not be started.
    pub single_worker_reason: Option<String>,
}

thread_local! {
    static DISPATCHER: Rc<Dispatcher> = Rc::default();
}

impl Dispatcher {
    pub(super) fn get() -> Rc<Self> {
        DISPATCHER.with(Rc::clone)
    }

    /// Starts a probe or a run and passes its events to `listener`. Workers are fetched if needed.
    pub(super) fn start(self: &Rc<Self>, listener: Callback<Event>, start: Start) -> RunId {
        let run = RunId(self.next_number());
        let choice = start.device;
        let new = Run { listener, arms: BTreeMap::new(), waiting: Some(start), commands: Vec::new() };
        self.runs.borrow_mut().insert(run, new);
        match self.kind(choice) {
            Some(kind) => self.assign(run, kind),
            None => {
                let dispatcher = self.clone();
                spawn_local(async move {
                    let adapter = adapter(dispatcher.lost_gpu.get()).await;
                    let kind = adapter.kind(choice);
                    dispatcher.adapter.replace(Some(adapter));
                    dispatcher.assign(run, kind);
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

    /// Determines the device of a run whose worker is known. The run starts at once, unless a GPU has to be
    /// tested first.
    fn assign(self: &Rc<Self>, run: RunId, kind: WorkerKind) {
        let waiting = self.runs.borrow().get(&run).and_then(|of| {
            let start = of.waiting.as_ref()?;
            Some((of.listener.clone(), start.device))
        });
        // The run may have been stopped in the meantime.
        let Some((listener, choice)) = waiting else { return };
        let known = self.devices.borrow().get(&choice).cloned();
        match &known {
            Some(info) => listener.emit(Event::Device { choice, info: info.clone() }),
            None => self.post(WorkerId { kind, number: 0 }, &Command::Device(choice), &[]),
        }
        match (kind, known) {
            (WorkerKind::Cpu, _) => self.spread(run, WorkerKind::Cpu),
            (WorkerKind::Gpu, Some(info)) => self.spread(run, info.kind.into()),
            (WorkerKind::Gpu, None) => {}
        }
    }

    /// Gives a run to its workers: to as many as there are cores, or all of it to the one that holds the GPU.
    fn spread(self: &Rc<Self>, run: RunId, kind: WorkerKind) {
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
                // If the others could not be started, the first gets all arms.
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
            self.post(WorkerId { kind, number }, &command, &[]);
        }
        commands.iter().for_each(|command| self.send(run, command));
    }

    /// Sends a file to a worker, which checks and unpacks it.
    pub(super) fn unpack_file(
        self: &Rc<Self>,
        listener: Callback<Event>,
        kind: FileKind,
        name: String,
        blob: Blob,
    ) {
        let (run, worker) = self.begin_reading(listener);
        self.post(worker, &Command::UnpackFile { run, kind, name }, &[blob]);
    }

    /// Asks a worker to read files as a data set, or to change one.
    pub(super) fn prepare(
        self: &Rc<Self>,
        listener: Callback<Event>,
        request: DataRequest,
        names: Vec<String>,
        blobs: &[Blob],
    ) -> RunId {
        let (run, worker) = self.begin_reading(listener);
        self.post(worker, &Command::Prepare { run, request, names }, blobs);
        run
    }

    /// Chooses a worker to read files: one that is already running, or else the smaller one.
    fn begin_reading(&self, listener: Callback<Event>) -> (RunId, WorkerId) {
        let run = RunId(self.next_number());
        let there = self.workers.borrow().keys().copied().find(|worker| worker.number == 0);
        let worker = there.unwrap_or(WorkerId { kind: WorkerKind::Cpu, number: 0 });
        let arms = BTreeMap::from_iter([(ArmId::default(), worker)]);
        self.runs.borrow_mut().insert(run, Run { listener, arms, waiting: None, commands: Vec::new() });
        (run, worker)
    }

    /// Sends a command to all arms of a run.
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
        workers.into_iter().for_each(|worker| self.post(worker, command, &[]));
    }

    /// Ends a run. Its listener gets no more events.
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
            Event::Ready => return self.on_ready(worker),
            Event::Died { reason } => return self.on_worker_lost(worker, &lost_message(reason)),
            Event::Device { choice, info } => return self.device_known(*choice, info.clone()),
            Event::FileUnpacked { run, files } => {
                self.add_files(files, attached);
                (*run, ArmId::default())
            }
            Event::Prepared { run, .. } => {
                self.prepared.replace(attached.into_iter().next());
                (*run, ArmId::default())
            }
            Event::Arm { run, arm, event } => {
                if let ArmEvent::Progress { pace, .. } = event
                    && let Some(worker) = self.workers.borrow_mut().get_mut(&worker)
                {
                    worker.memory = pace.memory;
                }
                (*run, *arm)
            }
        };
        let of_arm =
            |wanted: fn(&ArmEvent) -> bool| matches!(&event, Event::Arm { event, .. } if wanted(event));
        let over = matches!(event, Event::FileUnpacked { .. } | Event::Prepared { .. })
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
            // A GPU that was lost stays lost for this worker; the next run gets a new one. The
            // other runs of this worker are notified as well.
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
        ready.into_iter().for_each(|run| self.spread(run, info.kind.into()));
        let listeners: Vec<_> = self.runs.borrow().values().map(|run| run.listener.clone()).collect();
        // Each listener ignores the device of another choice.
        listeners.iter().for_each(|listener| listener.emit(Event::Device { choice, info: info.clone() }));
    }

    fn report_loading(&self, bytes: u32, total: Option<u32>) {
        let listeners: Vec<_> =
            self.runs.borrow().iter().map(|(run, of)| (*run, of.listener.clone())).collect();
        for (run, listener) in listeners {
            let event = ArmEvent::Loading { what: "the worker".to_owned(), bytes, total };
            listener.emit(Event::Arm { run, arm: ArmId::default(), event });
        }
    }
}
