//! One run's way out: throttles frames, waits while paused, and keeps the clock.

use crate::core::{LabError, Progress};
use crate::protocol::{DeviceKind, Event, Pace, RunId};
use crate::run::{Experiment, RunContext, Tick};
use crate::worker::runtime::{self, now_ms, sleep, yield_now};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// At most 30 frames a second.
const FRAME_MS: f64 = 1000.0 / 30.0;
/// A read that takes longer than this means that steps had queued up on the GPU.
const SLOW_READ_MS: f64 = 60.0;
const MAX_STEPS_IN_FLIGHT: u32 = 1 << 16;

/// The page's wishes for a run.
#[derive(Debug)]
pub(super) struct Control {
    paused: Cell<bool>,
    /// Steps to do although paused.
    steps: Cell<u32>,
    stopped: Cell<bool>,
    /// Whether nobody listens any longer.
    forgotten: Cell<bool>,
    requests: RefCell<VecDeque<Vec<u8>>>,
    update: RefCell<Option<Vec<u8>>>,
    wake: runtime::Signal,
}

impl Control {
    pub(super) fn new(paused: bool) -> Self {
        Self {
            paused: Cell::new(paused),
            steps: Cell::new(0),
            stopped: Cell::new(false),
            forgotten: Cell::new(false),
            requests: RefCell::default(),
            update: RefCell::default(),
            wake: runtime::Signal::default(),
        }
    }

    pub(super) fn pause(&self) {
        self.paused.set(true);
    }

    pub(super) fn resume(&self) {
        self.paused.set(false);
        self.wake.notify();
    }

    pub(super) fn step(&self) {
        self.paused.set(true);
        self.steps.set(self.steps.get() + 1);
        self.wake.notify();
    }

    pub(super) fn stop(&self) {
        self.stopped.set(true);
        self.wake.notify();
    }

    pub(super) fn forget(&self) {
        self.forgotten.set(true);
        self.stop();
    }

    pub(super) fn ask(&self, request: Vec<u8>) {
        self.requests.borrow_mut().push_back(request);
        self.wake.notify();
    }

    fn is_asked(&self) -> bool {
        !self.requests.borrow().is_empty()
    }

    pub(super) fn update(&self, config: Vec<u8>) {
        self.update.replace(Some(config));
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.get()
    }
}

/// Sends the frames of one run.
#[derive(Debug)]
pub(super) struct FrameSender<E> {
    run: RunId,
    control: Rc<Control>,
    /// When, and at which step, the last frame was asked for.
    last: Option<(f64, u32)>,
    /// Whether the page has been told that the run waits.
    told_paused: bool,
    /// Whether the page has been told that the training is over.
    told_idle: bool,
    /// When an answer was last shown.
    shown: f64,
    pace: Pace,
    /// When the current step began.
    step_began: f64,
    /// The worker's shortest time for a step since the last frame.
    shortest_ms: f64,
    /// On a GPU steps only queue up. So that Stop answers within one step, no more are queued than it can do at once.
    steps_in_flight: u32,
    experiment: std::marker::PhantomData<E>,
}

impl<E> FrameSender<E> {
    pub(super) fn new(run: RunId, control: Rc<Control>, device: DeviceKind) -> Self {
        Self {
            run,
            control,
            last: None,
            told_paused: false,
            told_idle: false,
            shown: 0.0,
            pace: Pace::default(),
            step_began: now_ms(),
            shortest_ms: f64::INFINITY,
            // The CPU has done a step when it returns.
            steps_in_flight: if device == DeviceKind::Cpu { MAX_STEPS_IN_FLIGHT } else { 1 },
            experiment: std::marker::PhantomData,
        }
    }

    /// Waits while paused. The step that has just ended stays unseen until the run goes on.
    async fn wait(&mut self) {
        while self.told_paused && self.control.paused.get() && !self.control.is_stopped() {
            let steps = self.control.steps.get();
            if steps > 0 {
                self.control.steps.set(steps - 1);
                return;
            }
            if self.control.is_asked() {
                return;
            }
            self.control.wake.wait().await;
            self.last = None;
        }
        if self.told_paused && !self.control.paused.get() {
            self.told_paused = false;
            runtime::post(&Event::Paused { run: self.run, paused: false });
        }
    }

    fn frame(&mut self, progress: Progress) -> Tick {
        let now = now_ms();
        if let Some((then, step)) = self.last {
            let rate = f64::from(progress.step.saturating_sub(step)) * 1000.0 / (now - then).max(0.1);
            let old = f64::from(self.pace.steps_per_sec);
            self.pace.steps_per_sec = if old == 0.0 { rate } else { 0.8 * old + 0.2 * rate } as f32;
        }
        self.last = Some((now, progress.step));
        self.pace.enqueue_ms = self.shortest_ms as f32;
        self.shortest_ms = f64::INFINITY;
        runtime::post(&Event::Progress { run: self.run, progress, pace: self.pace });
        Tick::Frame
    }
}

impl<E: Experiment> RunContext<E> for FrameSender<E> {
    async fn step_done(&mut self, progress: Progress) -> Tick {
        self.shortest_ms = self.shortest_ms.min(now_ms() - self.step_began);
        let tick = self.end_step(progress).await;
        if tick == Tick::Request {
            // The answer's time is not the steps'.
            self.last = None;
        }
        self.step_began = now_ms();
        tick
    }

    fn send(&mut self, frame: E::Frame) {
        self.send_frame(&frame);
        // What came before was reading, which is not the step's time.
        self.step_began = now_ms();
    }

    fn update(&mut self) -> Option<E::Config> {
        let bytes = self.control.update.take()?;
        super::decode::<E::Config>(&bytes).ok()
    }

    fn request(&mut self) -> Option<Vec<u8>> {
        self.control.requests.borrow_mut().pop_front()
    }

    async fn yield_now(&mut self) -> Tick {
        yield_now().await;
        let now = now_ms();
        // A run that is over was stopped for its training alone.
        let over = self.control.forgotten.get() || (self.control.is_stopped() && !self.told_idle);
        match () {
            () if over => Tick::Stop,
            () if self.control.is_asked() => Tick::Request,
            () if now - self.shown >= FRAME_MS => {
                self.shown = now;
                Tick::Frame
            }
            () => Tick::Continue,
        }
    }

    async fn idle(&mut self) -> Tick {
        if !self.told_idle && !self.control.forgotten.get() {
            self.told_idle = true;
            runtime::post(&Event::Idle { run: self.run, stopped: self.control.is_stopped() });
        }
        loop {
            if self.control.forgotten.get() {
                return Tick::Stop;
            }
            if self.control.is_asked() {
                return Tick::Request;
            }
            self.control.wake.wait().await;
        }
    }

    async fn asset(&mut self, path: &str) -> Result<Rc<[u8]>, LabError> {
        let run = self.run;
        runtime::fetch(path, |bytes, total| {
            runtime::post(&Event::Loading { run, what: path.to_owned(), bytes, total });
        })
        .await
    }

    async fn list_assets(&mut self, prefix: &str) -> Result<Vec<String>, LabError> {
        runtime::list(prefix).await
    }

    fn now_ms(&self) -> f64 {
        now_ms()
    }
}

impl<E: Experiment> FrameSender<E> {
    async fn end_step(&mut self, progress: Progress) -> Tick {
        yield_now().await;
        self.wait().await;
        if self.control.is_stopped() {
            self.frame(progress);
            return Tick::Stop;
        }
        if self.control.is_asked() {
            return Tick::Request;
        }
        if self.control.paused.get() {
            // Show how things stand; the next tick waits. A run that starts paused shows its first step.
            if !self.told_paused {
                self.told_paused = true;
                self.control.steps.set(0);
                runtime::post(&Event::Paused { run: self.run, paused: true });
            }
            return self.frame(progress);
        }
        let due = match self.last {
            None => true,
            Some((then, step)) => {
                let elapsed = now_ms() - then;
                let full = progress.step.saturating_sub(step) >= self.steps_in_flight;
                if full && elapsed < FRAME_MS {
                    sleep(FRAME_MS - elapsed).await;
                }
                full || elapsed >= FRAME_MS
            }
        };
        if due || progress.step == progress.steps { self.frame(progress) } else { Tick::Continue }
    }

    fn send_frame(&mut self, frame: &E::Frame) {
        if let Some((asked, _)) = self.last {
            // The experiment has just read from the device: how long that took tells how many steps had queued up.
            let read_ms = now_ms() - asked;
            self.steps_in_flight = if read_ms > SLOW_READ_MS {
                (self.steps_in_flight / 2).max(1)
            } else {
                (self.steps_in_flight * 4).min(MAX_STEPS_IN_FLIGHT)
            };
        }
        match postcard::to_stdvec(frame) {
            Ok(frame) => runtime::post(&Event::Frame { run: self.run, frame }),
            Err(error) => runtime::log_error(&format!("a frame could not be encoded: {error}")),
        }
    }
}
