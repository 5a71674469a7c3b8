//! The dispatcher's workers: started when they are needed, and replaced when they die.

use crate::client::dispatcher::{Dispatcher, Pool, Start};
use crate::client::worker::{Worker, describe, launch};
use crate::client::worker_kind::{WorkerId, WorkerKind};
use crate::protocol::{ArmEvent, ArmId, Command, Event, LabError};
use gloo::timers::callback::Timeout;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Blob;

/// A worker that has not started after this time is dropped.
const START_MS: u32 = 60_000;

impl Dispatcher {
    /// Returns the number of workers, and their memory.
    pub(in crate::client) fn pool(&self) -> Pool {
        let workers = self.workers.borrow();
        Pool {
            workers: workers.len(),
            memory: workers.values().map(|worker| f64::from(worker.memory)).sum(),
            single_worker_reason: self.single_worker_reason.borrow().clone(),
        }
    }

    /// Sends a command to a worker, and blobs with it. The worker is started if it is not there.
    pub(super) fn post(self: &Rc<Self>, worker: WorkerId, command: &Command, blobs: &[Blob]) {
        self.workers.borrow_mut().entry(worker).or_default().post(command, blobs);
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
        let progress = {
            let dispatcher = self.clone();
            move |bytes, total| dispatcher.report_loading(bytes, total)
        };
        let (on_event, on_death) = (self.clone(), self.clone());
        let launched = launch(
            id.kind,
            progress,
            move |event, attached| on_event.on_event(id, event, attached),
            move |why| on_death.on_worker_lost(id, &why),
        );
        match launched.await {
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
                            &format!("The worker that trains did not start within {seconds} seconds."),
                        );
                    }
                })
                .forget();
            }
            Err(error) => {
                let why = describe(&error);
                self.on_worker_lost(id, &format!("The worker that trains could not be started: {why}."));
            }
        }
    }

    /// Sends the visitor's files and the waiting commands to a worker that has started.
    pub(super) fn on_ready(self: &Rc<Self>, id: WorkerId) {
        if let Some(worker) = self.workers.borrow_mut().get_mut(&id) {
            worker.on_ready(&self.files.borrow());
        }
        self.launch_wanted();
    }

    /// Drops a worker and reports the reason to the arms that it trained. If another worker than the first
    /// could not be started, the first takes over its arms.
    pub(super) fn on_worker_lost(self: &Rc<Self>, id: WorkerId, why: &str) {
        let lost = self.workers.borrow_mut().remove(&id);
        let mut gone = vec![id];
        let first = WorkerId { number: 0, ..id };
        if id == first {
            self.devices.borrow_mut().clear();
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
                .flat_map(|run| run.arms.values_mut())
                .filter(|of| **of == id)
                .for_each(|of| *of = first);
            drop(runs);
            waiting.iter().for_each(|(command, blobs)| self.post(first, command, blobs));
            return;
        }
        let mut listeners = Vec::new();
        self.runs.borrow_mut().retain(|&run_id, run| {
            let ended: Vec<ArmId> =
                run.arms.iter().filter(|(_, of)| gone.contains(of)).map(|(arm, _)| *arm).collect();
            run.arms.retain(|_, of| !gone.contains(of));
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
