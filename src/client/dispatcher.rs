//! The page's workers: a pool of them, started when they are needed and replaced when they die. Each run is
//! spread over the pool, and each event is passed to the run that it belongs to.

mod workers;

use crate::client::pool;
use crate::client::worker::{Worker, lost_message};
use crate::client::worker_kind::{Adapter, WorkerId, WorkerKind, adapter};
use crate::protocol::{
    ArmEvent, ArmId, ArmStart, Command, DataRequest, DeviceChoice, DeviceInfo, Event, FileKind, LabError,
    RunId, Task, TeamPlace,
};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, MessageChannel, MessagePort};
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
    /// The workers of each arm that has not ended, the leader first; empty until the device is known.
    arms: BTreeMap<ArmId, Vec<WorkerId>>,
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
    /// The number of shards of each batch, which as many workers can compute.
    pub(super) shards: usize,
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

/// Fetches and compiles the worker that a choice of the device needs, before a run asks for it.
pub fn prefetch_worker(choice: DeviceChoice) {
    let dispatcher = Dispatcher::get();
    spawn_local(async move { dispatcher.prefetch(choice).await });
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
            // No run computes on the worker for files.
            (WorkerKind::Gpu, None) | (WorkerKind::Files, _) => {}
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
        let cores = if spread { pool::cores() } else { 1 };
        let team = if start.worker.is_none() { pool::team(start.arms.len(), start.shards, cores) } else { 1 };
        if team > 1 {
            if matches!(start.task, Task::Train | Task::Time) {
                self.start_teams(run, start, team);
                return commands.iter().for_each(|command| self.send(run, command));
            }
            // The others start while the reader looks at the picture of the probe.
            (1..team).for_each(|number| self.want(WorkerId { kind, number }));
        }
        let workers = pool::size(start.arms.len(), cores);
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
            run.arms = of_groups.map(|(arm, number)| (arm, vec![WorkerId { kind, number }])).collect();
        }
        for (number, arms) in groups {
            let Start { task, paused, .. } = start;
            let (slug, request) = (start.slug.to_owned(), start.request.clone());
            let command = Command::Start { run, slug, task, arms, paused, request, team: None };
            self.post(WorkerId { kind, number }, &command, &[]);
        }
        commands.iter().for_each(|command| self.send(run, command));
    }

    /// Gives each arm of a run to a team of workers of its own. The leader and each of the others are connected
    /// by a channel, so the numbers that they exchange do not pass through the page.
    fn start_teams(self: &Rc<Self>, run: RunId, start: Start, size: usize) {
        let Start { slug, task, arms, paused, request, .. } = start;
        for (index, arm) in arms.into_iter().enumerate() {
            let numbers = index * size..(index + 1) * size;
            let workers: Vec<_> = numbers.map(|number| WorkerId { kind: WorkerKind::Cpu, number }).collect();
            // A browser without channels trains the network on one worker.
            let channels: Vec<_> =
                workers.iter().skip(1).filter_map(|_| MessageChannel::new().ok()).collect();
            let workers = workers.get(..=channels.len()).unwrap_or_default().to_vec();
            if let Some(run) = self.runs.borrow_mut().get_mut(&run) {
                run.arms.insert(arm.id, workers.clone());
            }
            let ports = |end: fn(&MessageChannel) -> MessagePort| {
                channels.iter().map(move |one| vec![end(one).into()])
            };
            let of_leader: Vec<JsValue> = ports(MessageChannel::port1).flatten().collect();
            let of_all = std::iter::once(of_leader).chain(ports(MessageChannel::port2));
            for (place, (&worker, ports)) in workers.iter().zip(of_all).enumerate() {
                let team = TeamPlace { place: place as u8, workers: workers.len() as u8 };
                let command = Command::Start {
                    run,
                    slug: slug.to_owned(),
                    task,
                    arms: vec![arm.clone()],
                    paused,
                    request: request.clone().filter(|_| place == 0),
                    team: Some(team),
                };
                self.post(worker, &command, &ports);
            }
        }
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
        self.post(worker, &Command::UnpackFile { run, kind, name }, &[blob.into()]);
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
        let blobs: Vec<JsValue> = blobs.iter().map(JsValue::from).collect();
        self.post(worker, &Command::Prepare { run, request, names }, &blobs);
        run
    }

    /// Begins to read files, on the worker that does nothing else.
    fn begin_reading(&self, listener: Callback<Event>) -> (RunId, WorkerId) {
        let run = RunId(self.next_number());
        let worker = WorkerId { kind: WorkerKind::Files, number: 0 };
        let arms = BTreeMap::from_iter([(ArmId::default(), vec![worker])]);
        self.runs.borrow_mut().insert(run, Run { listener, arms, waiting: None, commands: Vec::new() });
        (run, worker)
    }

    /// Sends a command to all arms of a run; to the leader where several workers train one network.
    pub(super) fn send(self: &Rc<Self>, run: RunId, command: &Command) {
        let workers: BTreeSet<WorkerId> = {
            let mut runs = self.runs.borrow_mut();
            let Some(run) = runs.get_mut(&run) else { return };
            if run.waiting.is_some() {
                run.commands.push(command.clone());
            }
            run.arms.values().filter_map(|team| team.first().copied()).collect::<BTreeSet<_>>()
        };
        workers.into_iter().for_each(|worker| self.post(worker, command, &[]));
    }

    /// Ends a run. Its listener gets no more events.
    pub(super) fn stop(self: &Rc<Self>, run: RunId) {
        let removed = self.runs.borrow_mut().remove(&run);
        let workers: BTreeSet<WorkerId> =
            removed.into_iter().flat_map(|run| run.arms.into_values().flatten()).collect();
        workers.into_iter().for_each(|worker| self.post(worker, &Command::Forget(run), &[]));
    }

    pub(super) fn next_number(&self) -> u32 {
        let number = self.last_number.get() + 1;
        self.last_number.set(number);
        number
    }

    fn on_event(self: &Rc<Self>, worker: WorkerId, event: Event, attached: Vec<Blob>) {
        let (run, arm) = match &event {
            Event::Ready => return self.on_ready(worker),
            Event::Died { reason } => return self.on_worker_lost(worker, &lost_message(worker.kind, reason)),
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
        // An arm that has lost one of its workers has been given up.
        let is_known = |of: &Run| of.arms.contains_key(&arm);
        if !self.runs.borrow().get(&run).is_some_and(is_known) {
            return;
        }
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
}
