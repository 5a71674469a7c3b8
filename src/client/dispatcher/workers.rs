//! The workers of a client: started when they are wanted, told what is to be done, and given up when they die.

use crate::client::dispatcher::{Dispatcher, Start};
use crate::client::worker::{Worker, describe};
use crate::client::worker_kind::WorkerKind;
use crate::protocol::{ArmEvent, ArmId, Command, Event, LabError};
use gloo::timers::callback::Timeout;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Blob;

/// A worker that has not started after so long is given up.
const START_MS: u32 = 60_000;

/// Which worker: those of one module are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::client) struct WorkerId {
    pub(in crate::client) kind: WorkerKind,
    pub(in crate::client) number: usize,
}

#[derive(Debug)]
enum State {
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
pub(in crate::client) struct Slot {
    state: State,
    /// Whether it is being fetched or has been.
    booted: bool,
    /// The worker while it has not said that it is ready.
    starting: Option<Worker>,
    /// The memory of its module, in bytes.
    pub(super) memory: u32,
}

impl Slot {
    const fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready(_))
    }

    /// Tells the worker, or keeps it for when the worker is ready.
    pub(in crate::client) fn post(&mut self, command: &Command, attachment: Option<&Blob>) {
        match &mut self.state {
            State::Starting(waiting) => waiting.push((command.clone(), attachment.cloned())),
            State::Ready(worker) => worker.post(command, attachment),
        }
    }
}

/// How many workers there are, and what they take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    pub workers: usize,
    /// The memory of their modules, in bytes.
    pub memory: f64,
    /// Why there are no more, if others could not be started.
    pub single_worker_reason: Option<String>,
}

impl Dispatcher {
    /// How many workers there are, and what they take.
    pub(in crate::client) fn pool(&self) -> Pool {
        let workers = self.workers.borrow();
        Pool {
            workers: workers.len(),
            memory: workers.values().map(|slot| f64::from(slot.memory)).sum(),
            single_worker_reason: self.single_worker_reason.borrow().clone(),
        }
    }

    /// Sends a command to a worker, which is started if there is none.
    pub(super) fn post(self: &Rc<Self>, worker: WorkerId, command: &Command, attachment: Option<&Blob>) {
        let mut workers = self.workers.borrow_mut();
        let slot = workers.entry(worker).or_default();
        slot.post(command, attachment);
        drop(workers);
        self.boot_next();
    }

    /// Starts the workers that are wanted: the first of a module at once, the others when it runs. What keeps them from
    /// starting then costs nothing that the first could not do.
    fn boot_next(self: &Rc<Self>) {
        let mut workers = self.workers.borrow_mut();
        let firsts = workers.iter().filter(|(place, slot)| place.number == 0 && slot.is_ready());
        let run: Vec<WorkerKind> = firsts.map(|(place, _)| place.kind).collect();
        let may = |place: &WorkerId| place.number == 0 || run.contains(&place.kind);
        for (&place, slot) in workers.iter_mut().filter(|(place, slot)| !slot.booted && may(place)) {
            slot.booted = true;
            let client = self.clone();
            spawn_local(async move { client.boot(place).await });
        }
    }

    async fn boot(self: Rc<Self>, place: WorkerId) {
        painted().await;
        self.restore().await;
        let progress = {
            let client = self.clone();
            move |bytes, total| client.tell_loading(bytes, total)
        };
        let (on_event, on_death) = (self.clone(), self.clone());
        let started = Worker::start(
            place.kind,
            progress,
            move |event, attached| on_event.on_event(place, event, attached),
            move |why| on_death.on_worker_lost(place, &why),
        );
        match started.await {
            Ok(worker) => {
                if let Some(slot) = self.workers.borrow_mut().get_mut(&place) {
                    slot.starting = Some(worker);
                }
                // Its script is fetched by the browser, which tells nothing while it waits.
                Timeout::new(START_MS, move || {
                    let starts =
                        self.workers.borrow().get(&place).is_some_and(|slot| slot.starting.is_some());
                    if starts {
                        let seconds = START_MS / 1000;
                        self.on_worker_lost(
                            place,
                            &format!("The worker that trains did not start within {seconds} seconds."),
                        );
                    }
                })
                .forget();
            }
            Err(error) => {
                let why = describe(&error);
                self.on_worker_lost(place, &format!("The worker that trains could not be started: {why}."));
            }
        }
    }

    pub(super) fn ready(self: &Rc<Self>, worker: WorkerId) {
        let mut workers = self.workers.borrow_mut();
        let Some(slot) = workers.get_mut(&worker) else { return };
        let Some(mut worker) = slot.starting.take() else { return };
        worker.started();
        for (path, blob) in self.files.borrow().iter() {
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
    pub(super) fn on_worker_lost(self: &Rc<Self>, worker: WorkerId, why: &str) {
        let lost = self.workers.borrow_mut().remove(&worker);
        let mut gone = vec![worker];
        let first = WorkerId { number: 0, ..worker };
        if worker == first {
            self.devices.borrow_mut().clear();
            // Those that waited for it will not be started either.
            let mut workers = self.workers.borrow_mut();
            let wait = |place: &WorkerId, slot: &Slot| place.kind == worker.kind && !slot.booted;
            gone.extend(workers.iter().filter(|(place, slot)| wait(place, slot)).map(|(place, _)| *place));
            workers.retain(|place, slot| !wait(place, slot));
        } else if let Some(Slot { state: State::Starting(waiting), .. }) = lost {
            self.single_worker_reason.replace(Some(format!(
                "A second worker could not be started, so the networks take turns. {why}"
            )));
            let mut runs = self.runs.borrow_mut();
            runs.values_mut()
                .flat_map(|run| run.arms.values_mut())
                .filter(|of| **of == worker)
                .for_each(|of| *of = first);
            drop(runs);
            waiting.iter().for_each(|(command, attachment)| self.post(first, command, attachment.as_ref()));
            return;
        }
        let mut listeners = Vec::new();
        self.runs.borrow_mut().retain(|&id, run| {
            let ended: Vec<ArmId> =
                run.arms.iter().filter(|(_, of)| gone.contains(of)).map(|(arm, _)| *arm).collect();
            run.arms.retain(|_, of| !gone.contains(of));
            // A run whose device is not known yet waits for the first worker.
            let waits = |start: &Start| self.kind(start.device) == Some(worker.kind);
            let waited = worker == first && run.waiting.as_ref().is_some_and(waits);
            let ended = if waited { vec![ArmId::default()] } else { ended };
            listeners.extend(ended.iter().map(|&arm| (id, arm, run.listener.clone())));
            !run.arms.is_empty() || (run.waiting.is_some() && !waited)
        });
        if worker.kind == WorkerKind::Gpu {
            // There may be another GPU now, or none. Asked only when a run wants it; above, what was known is needed.
            self.adapter.replace(None);
            self.lost_gpu.set(true);
        }
        for (run, arm, listener) in listeners {
            let event = ArmEvent::Failed(LabError::Device(why.to_owned()));
            listener.emit(Event::Arm { run, arm, event });
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
