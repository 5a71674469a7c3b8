//! The dispatcher's workers: started when they are needed, and replaced when they die.

use crate::client::dispatcher::{Dispatcher, Pool, Run, Start};
use crate::client::download::set_download;
use crate::client::worker::{Worker, compiled, describe, launch};
use crate::client::worker_kind::{WorkerId, WorkerKind, adapter};
use crate::protocol::{ArmEvent, ArmId, Command, DeviceChoice, Event, LabError};
use gloo::timers::callback::Timeout;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The minimum time between two reports of a download.
const REPORT_MS: f64 = 100.0;
/// A worker that has not started after this time is dropped.
const START_MS: u32 = 60_000;

impl Dispatcher {
    /// Fetches and compiles the worker that a choice needs, before a run asks for it.
    pub(super) async fn prefetch(self: &Rc<Self>, choice: DeviceChoice) {
        let kind = match self.kind(choice) {
            Some(kind) => kind,
            None => {
                let adapter = adapter(false).await;
                let kind = adapter.kind(choice);
                self.adapter.borrow_mut().get_or_insert(adapter);
                kind
            }
        };
        // A failure is reported to the first run, which tries again.
        let _ = compiled(kind, self.loading(kind)).await;
        set_download(None);
    }

    /// Returns the callback for the progress of a download. It passes on the first and the last number, and a few per second.
    fn loading(self: &Rc<Self>, kind: WorkerKind) -> impl Fn(u32, Option<u32>) + 'static {
        let (dispatcher, reported) = (self.clone(), Cell::new(f64::NEG_INFINITY));
        move |bytes, total| {
            let now = js_sys::Date::now();
            if now - reported.get() >= REPORT_MS || total == Some(bytes) {
                reported.set(now);
                dispatcher.report_loading(kind, bytes, total);
            }
        }
    }

    /// Tells the runs that wait for a kind of worker how much of it has come.
    fn report_loading(&self, kind: WorkerKind, bytes: u32, total: Option<u32>) {
        let waits = |run: &Run| {
            let unassigned = run.waiting.as_ref().is_some_and(|start| self.kind(start.device) == Some(kind));
            unassigned || run.arms.values().flatten().any(|worker| worker.kind == kind)
        };
        if kind != WorkerKind::Files {
            set_download(Some((bytes, total)));
        }
        let listeners: Vec<_> = self
            .runs
            .borrow()
            .iter()
            .filter(|(_, run)| waits(run))
            .map(|(run, of)| (*run, of.listener.clone()))
            .collect();
        for (run, listener) in listeners {
            let event = ArmEvent::Loading { what: kind.fetched_name().to_owned(), bytes, total };
            listener.emit(Event::Arm { run, arm: ArmId::default(), event });
        }
    }

    /// Returns the number of workers that train, and their memory.
    pub(in crate::client) fn pool(&self) -> Pool {
        let workers = self.workers.borrow();
        let training =
            || workers.iter().filter(|(id, _)| id.kind != WorkerKind::Files).map(|(_, worker)| worker);
        Pool {
            workers: training().count(),
            memory: training().map(|worker| f64::from(worker.memory)).sum(),
            single_worker_reason: self.single_worker_reason.borrow().clone(),
        }
    }

    /// Sends a command to a worker, and blobs or ports with it. The worker is started if it is not there.
    pub(super) fn post(self: &Rc<Self>, worker: WorkerId, command: &Command, attached: &[JsValue]) {
        self.workers.borrow_mut().entry(worker).or_default().post(command, attached);
        self.launch_wanted();
    }

    /// Starts a worker if it is not there.
    pub(super) fn want(self: &Rc<Self>, worker: WorkerId) {
        self.workers.borrow_mut().entry(worker).or_default();
        self.launch_wanted();
    }

    /// Starts the workers that are wanted: the first of a kind at once, the others when the first runs. If
    /// the others do not start, the first is not affected.
    fn launch_wanted(self: &Rc<Self>) {
        let mut workers = self.workers.borrow_mut();
        let firsts = workers.iter().filter(|(id, worker)| id.number == 0 && worker.is_ready());
        let run: Vec<WorkerKind> = firsts.map(|(id, _)| id.kind).collect();
        for (&id, worker) in workers.iter_mut() {
            if (id.number == 0 || run.contains(&id.kind)) && worker.begin_start() {
                let dispatcher = self.clone();
                spawn_local(async move { dispatcher.launch(id).await });
            }
        }
    }

    async fn launch(self: Rc<Self>, id: WorkerId) {
        painted().await;
        self.restore().await;
        let (on_event, on_death) = (self.clone(), self.clone());
        let launched = launch(
            id.kind,
            self.loading(id.kind),
            move |event, attached| on_event.on_event(id, event, attached),
            move |why| on_death.on_worker_lost(id, &why),
        );
        let launched = launched.await;
        if id.kind != WorkerKind::Files {
            set_download(None);
        }
        match launched {
            Ok(live) => {
                if let Some(worker) = self.workers.borrow_mut().get_mut(&id) {
                    worker.on_launched(live);
                }
                // Its script is fetched by the browser, which reports nothing while it waits.
                Timeout::new(START_MS, move || {
                    let is_late = self.workers.borrow().get(&id).is_some_and(Worker::is_launched);
                    if is_late {
                        let seconds = START_MS / 1000;
                        self.on_worker_lost(
                            id,
                            &format!("{} did not start within {seconds} seconds.", id.kind.name()),
                        );
                    }
                })
                .forget();
            }
            Err(error) => {
                let why = describe(&error);
                self.on_worker_lost(id, &format!("{} could not be started: {why}.", id.kind.name()));
            }
        }
    }

    /// Sends the visitor's files and the waiting commands to a worker that has started.
    pub(super) fn on_ready(self: &Rc<Self>, id: WorkerId) {
        let files = self.files.borrow();
        if let Some(worker) = self.workers.borrow_mut().get_mut(&id) {
            // The worker for files reads only those that come with a command.
            let none = BTreeMap::new();
            worker.on_ready(if id.kind == WorkerKind::Files { &none } else { &files });
        }
        drop(files);
        self.launch_wanted();
    }

    /// Drops a worker and reports the reason to the arms that it trained. If another worker than the first
    /// could not be started, the first takes over its arms.
    pub(super) fn on_worker_lost(self: &Rc<Self>, id: WorkerId, why: &str) {
        let lost = self.workers.borrow_mut().remove(&id);
        let mut gone = vec![id];
        let first = WorkerId { number: 0, ..id };
        if id == first {
            if id.kind != WorkerKind::Files {
                self.devices.borrow_mut().clear();
            }
            // Workers that waited for it will not be started either.
            self.workers.borrow_mut().retain(|other, worker| {
                let waits = other.kind == id.kind && worker.is_wanted();
                gone.extend(waits.then_some(*other));
                !waits
            });
        } else if let Some(waiting) = lost.and_then(|worker| worker.into_waiting()) {
            self.single_worker_reason.replace(Some(format!(
                "A second worker could not be started, so the networks take turns. {why}"
            )));
            let mut runs = self.runs.borrow_mut();
            runs.values_mut()
                .flat_map(|run| run.arms.values_mut().flatten())
                .filter(|of| **of == id)
                .for_each(|of| *of = first);
            drop(runs);
            waiting.iter().for_each(|(command, attached)| self.post(first, command, attached));
            return;
        }
        let (mut listeners, mut teams) = (Vec::new(), Vec::new());
        self.runs.borrow_mut().retain(|&run_id, run| {
            let mut ended = Vec::new();
            run.arms.retain(|&arm, workers| {
                let is_lost = workers.iter().any(|worker| gone.contains(worker));
                if is_lost {
                    ended.push(arm);
                    let others = workers.iter().filter(|worker| !gone.contains(worker));
                    teams.extend(others.map(|worker| (run_id, *worker)));
                }
                !is_lost
            });
            // A run whose device is not known yet waits for the first worker.
            let waits = |start: &Start| self.kind(start.device) == Some(id.kind);
            let waited = id == first && run.waiting.as_ref().is_some_and(waits);
            let ended = if waited { vec![ArmId::default()] } else { ended };
            listeners.extend(ended.iter().map(|&arm| (run_id, arm, run.listener.clone())));
            !run.arms.is_empty() || (run.waiting.is_some() && !waited)
        });
        if id.kind == WorkerKind::Gpu {
            // There may be another GPU now, or none. The browser is asked again when a run needs one. The old
            // value is used above.
            self.adapter.replace(None);
            self.lost_gpu.set(true);
        }
        // The rest of a team waits for the lost worker.
        teams.into_iter().for_each(|(run, worker)| self.post(worker, &Command::Forget(run), &[]));
        for (run, arm, listener) in listeners {
            let event = ArmEvent::Failed(LabError::Device(why.to_owned()));
            listener.emit(Event::Arm { run, arm, event });
        }
    }
}

/// Waits for two frames, so that the page is painted before the worker's megabytes are requested; or for a
/// second, where nothing is painted because the page is hidden.
async fn painted() {
    let either = js_sys::Promise::new(&mut |resolve, _| {
        let window = gloo::utils::window();
        // Resolving the promise a second time does nothing.
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 1000);
        let second = Closure::once_into_js(move || {
            let _ = gloo::utils::window().request_animation_frame(&resolve);
        });
        let _ = window.request_animation_frame(second.unchecked_ref());
    });
    // A timer does not fail.
    let _ = JsFuture::from(either).await;
}
