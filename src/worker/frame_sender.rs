//! The context in which an arm trains: it throttles frames, waits while paused, and measures time.

use crate::core::{LabError, Progress};
use crate::data::assets::Assets;
use crate::protocol::{ArmEvent, ArmId, DeviceKind, FileAnswer, Pace, RunId, SavedArm, Task};
use crate::run::shards::Team;
use crate::run::timing::ArmCost;
use crate::run::{Directive, Experiment, RunContext};
use crate::worker::control::Control;
use crate::worker::job::{Job, decode, post_arm};
use crate::worker::runtime::{self, memory_bytes, now_ms, sleep, yield_now};
use crate::worker::team::PortTeam;
use crate::worker::turns::Turns;
use std::rc::Rc;

/// At most 30 frames per second.
const FRAME_MS: f64 = 1000.0 / 30.0;
/// If a read takes longer than this, steps had queued up on the GPU.
const SLOW_READ_MS: f64 = 60.0;
/// The memory for tensors. The module itself takes the rest of the 4 GiB that wasm can address.
const CPU_BYTES: u64 = 3_600_000_000;
const MAX_STEPS_IN_FLIGHT: u32 = 1 << 16;
/// The time between two saved states of an arm.
const SAVE_MS: f64 = 4000.0;

/// Sends the frames of one arm.
#[allow(missing_debug_implementations, reason = "records need not have one")]
pub(super) struct FrameSender<E: Experiment> {
    run: RunId,
    arm: ArmId,
    control: Rc<Control>,
    turns: Rc<Turns>,
    /// The other workers that train the same network, if there are any.
    team: Option<Rc<PortTeam>>,
    /// True if it is this arm's turn.
    has_turn: bool,
    /// The minimum time between two frames. The arms of a worker share its frames.
    frame_ms: f64,
    /// True if tensors are in the worker's own memory.
    on_cpu: bool,
    /// True if no frames are sent.
    is_muted: bool,
    /// The time and step of the last requested frame.
    last: Option<(f64, u32)>,
    /// True if a step has been done.
    has_stepped: bool,
    /// True if the page knows that the run is paused.
    paused_reported: bool,
    /// True if the page knows that the training is over.
    idle_reported: bool,
    /// The time of the last frame of an answer.
    shown: f64,
    pace: Pace,
    /// The start of the current step.
    step_began: f64,
    /// The worker's minimum time for a step since the last frame.
    shortest_ms: f64,
    /// Called with every step and its time by benchmarks.
    observer: Option<js_sys::Function>,
    /// The maximum number of steps without a frame. On a GPU steps queue up; with few in the queue, Stop
    /// responds at once.
    steps_in_flight: u32,
    /// The index among the section's arms.
    kind: usize,
    /// The arm's part of the record, which is saved with the network; `None` for a probe.
    record: Option<E::Record>,
    /// The state from which the arm resumes, until it is used.
    from: Option<Rc<SavedArm>>,
    /// The time of the last save, or the start of the run.
    saved: f64,
    /// The time from one save to the next.
    save_ms: f64,
}

impl<E: Experiment> FrameSender<E> {
    pub(super) fn new(job: Job, device: DeviceKind) -> Self {
        let (kind, follows) = (usize::from(job.arm.arm), job.follows());
        let mut record = E::Record::default();
        if let Some(from) = &job.arm.from {
            E::load_arm(&mut record, kind, &from.record);
        }
        Self {
            run: job.run,
            arm: job.arm.id,
            control: job.control,
            turns: job.turns,
            team: job.team,
            has_turn: false,
            frame_ms: FRAME_MS * job.count.max(1) as f64,
            on_cpu: device == DeviceKind::Cpu,
            // The leader of a team reports for all.
            is_muted: follows || matches!(job.task, Task::Verify | Task::File),
            last: None,
            has_stepped: false,
            paused_reported: false,
            idle_reported: false,
            shown: 0.0,
            pace: Pace::default(),
            step_began: now_ms(),
            shortest_ms: f64::INFINITY,
            observer: runtime::observer(),
            // On the CPU, a step is done when it returns.
            steps_in_flight: if device == DeviceKind::Cpu { MAX_STEPS_IN_FLIGHT } else { 1 },
            kind,
            record: (job.task == Task::Train && !follows).then_some(record),
            from: job.arm.from,
            saved: now_ms(),
            save_ms: runtime::injected_save_ms().unwrap_or(SAVE_MS),
        }
    }

    fn post(&self, event: ArmEvent) {
        post_arm(self.run, self.arm, event);
    }

    /// Waits until no other arm of this worker computes.
    pub(super) async fn take_turn(&mut self) {
        if !self.has_turn {
            self.turns.take().await;
            self.has_turn = true;
        }
    }

    /// Sends the costs of a run.
    pub(super) fn send_cost(&self, cost: &ArmCost) {
        self.send_encoded(cost);
    }

    /// Sends the answer to a request for a file.
    pub(super) fn send_answer(&self, answer: &FileAnswer) {
        self.send_encoded(answer);
    }

    fn send_encoded(&self, answer: &impl serde::Serialize) {
        match postcard::to_stdvec(answer) {
            Ok(answer) => self.post(ArmEvent::Frame(answer)),
            Err(error) => runtime::log_error(&format!("an answer could not be encoded: {error}")),
        }
    }

    fn give_turn_back(&mut self) {
        if std::mem::take(&mut self.has_turn) {
            self.turns.give_back();
        }
    }

    /// Reports once that the run is paused.
    fn report_paused(&mut self) {
        if !std::mem::replace(&mut self.paused_reported, true) {
            self.post(ArmEvent::Paused(true));
        }
    }

    fn frame(&mut self, progress: Progress) -> Directive {
        let now = now_ms();
        if let Some((then, step)) = self.last {
            let rate = f64::from(progress.step.saturating_sub(step)) * 1000.0 / (now - then).max(0.1);
            let old = f64::from(self.pace.steps_per_sec);
            self.pace.steps_per_sec = if old == 0.0 { rate } else { 0.8 * old + 0.2 * rate } as f32;
        }
        self.last = Some((now, progress.step));
        self.pace.enqueue_ms = self.shortest_ms as f32;
        self.shortest_ms = f64::INFINITY;
        self.pace.memory = memory_bytes();
        self.pace.team = self.team.as_ref().map_or(1, |team| team.at_work());
        self.post(ArmEvent::Progress { progress, pace: self.pace });
        Directive::Frame
    }
}

impl<E: Experiment> Assets for FrameSender<E> {
    async fn asset(&mut self, path: &str) -> Result<Rc<[u8]>, LabError> {
        let (run, arm) = (self.run, self.arm);
        runtime::fetch(path, |bytes, total| {
            post_arm(run, arm, ArmEvent::Loading { what: path.to_owned(), bytes, total });
        })
        .await
    }

    async fn list_assets(&mut self, prefix: &str) -> Result<Vec<String>, LabError> {
        runtime::list(prefix).await
    }
}

impl<E: Experiment> RunContext<E> for FrameSender<E> {
    async fn step_done(&mut self, progress: Progress) -> Directive {
        self.has_stepped = true;
        let ms = now_ms() - self.step_began;
        self.shortest_ms = self.shortest_ms.min(ms);
        if let Some(observer) = &self.observer {
            runtime::observe(observer, self.arm, progress.step, ms);
        }
        self.give_turn_back();
        let directive = self.end_step(progress).await;
        self.take_turn().await;
        if directive == Directive::Request {
            // The time of the answer does not count as time of steps.
            self.last = None;
        }
        self.step_began = now_ms();
        directive
    }

    async fn may_step(&mut self, done: Progress) -> Directive {
        while self.control.paused.get() && !self.control.is_stopped() {
            let steps = self.control.steps.get();
            // A run that was paused between steps does one more, and shows a frame at its end.
            if self.has_stepped && !self.paused_reported {
                return Directive::Continue;
            }
            if steps > 0 {
                self.control.steps.set(steps - 1);
                return Directive::Continue;
            }
            if self.control.is_asked() {
                return Directive::Request;
            }
            if !self.paused_reported {
                self.report_paused();
                self.post(ArmEvent::Progress { progress: done, pace: self.pace });
            }
            self.give_turn_back();
            self.control.wake.listen().await;
            self.take_turn().await;
            // The time of waiting does not count as time of a step.
            self.last = None;
            self.step_began = now_ms();
        }
        if std::mem::take(&mut self.paused_reported) && !self.control.paused.get() {
            self.post(ArmEvent::Paused(false));
        }
        if self.control.is_stopped() { Directive::Stop } else { Directive::Continue }
    }

    fn is_paused(&self) -> bool {
        self.control.paused.get()
    }

    fn is_quiet(&self) -> bool {
        self.observer.is_some()
    }

    fn send(&mut self, frame: E::Frame) {
        self.send_frame(&frame);
        if let Some(record) = &mut self.record {
            E::apply_frame(record, self.kind, frame);
        }
        // The time of reading does not count as time of the step.
        self.step_began = now_ms();
    }

    fn update(&mut self) -> Option<E::Config> {
        let bytes = self.control.update.take()?;
        decode::<E::Config>(&bytes).ok()
    }

    fn request(&mut self) -> Option<Vec<u8>> {
        self.control.requests.borrow_mut().pop_front()
    }

    async fn yield_now(&mut self) -> Directive {
        yield_now().await;
        let now = now_ms();
        // Stop ends the training; after it, only Forget ends an answer.
        let over = self.control.forgotten.get() || (self.control.is_stopped() && !self.idle_reported);
        match () {
            () if over => Directive::Stop,
            () if self.control.is_asked() => Directive::Request,
            () if now - self.shown >= FRAME_MS => {
                self.shown = now;
                Directive::Frame
            }
            () => Directive::Continue,
        }
    }

    async fn idle(&mut self) -> Directive {
        if !self.idle_reported && !self.control.forgotten.get() {
            self.idle_reported = true;
            self.post(ArmEvent::Idle { stopped: self.control.is_stopped() });
        }
        self.give_turn_back();
        while !self.control.forgotten.get() && !self.control.is_asked() {
            self.control.wake.listen().await;
        }
        self.take_turn().await;
        if self.control.forgotten.get() { Directive::Stop } else { Directive::Request }
    }

    fn team(&self) -> Option<Rc<dyn Team>> {
        self.team.clone().map(|team| team as Rc<dyn Team>)
    }

    fn memory_limit(&self) -> Option<u64> {
        self.on_cpu.then_some(CPU_BYTES)
    }

    fn checkpoint(&mut self) -> Option<Vec<u8>> {
        self.from.take().map(|from| from.checkpoint.clone())
    }

    fn wants_checkpoint(&self, over: bool) -> bool {
        // A finished network is saved as well: its weights can be saved as a file, and it need not be trained again if the
        // others are resumed.
        self.observer.is_none() && (over || now_ms() - self.saved >= self.save_ms)
    }

    fn save_checkpoint(&mut self, step: u32, checkpoint: Vec<u8>) {
        self.saved = now_ms();
        if let Some(record) = &self.record {
            let record = E::save_arm(record, self.kind);
            self.post(ArmEvent::Saved(Rc::new(SavedArm { step, checkpoint, record })));
        }
        // The time of saving does not count as time of a step.
        self.step_began = now_ms();
    }

    fn now_ms(&self) -> f64 {
        now_ms()
    }
}

impl<E: Experiment> FrameSender<E> {
    async fn end_step(&mut self, progress: Progress) -> Directive {
        yield_now().await;
        if self.control.is_stopped() {
            self.frame(progress);
            return Directive::Stop;
        }
        if self.control.is_asked() {
            return Directive::Request;
        }
        if self.control.paused.get() {
            // Publish the current state, then wait. If Step was pressed during the run, this is that step.
            if !self.paused_reported {
                self.control.steps.set(0);
            }
            self.report_paused();
            return self.frame(progress);
        }
        let due = match self.last {
            _ if self.observer.is_some() => false,
            None => true,
            Some((then, step)) => {
                let elapsed = now_ms() - then;
                let full = progress.step.saturating_sub(step) >= self.steps_in_flight;
                if full && elapsed < self.frame_ms {
                    sleep(self.frame_ms - elapsed).await;
                }
                full || elapsed >= self.frame_ms
            }
        };
        if due || progress.step == progress.steps { self.frame(progress) } else { Directive::Continue }
    }

    fn send_frame(&mut self, frame: &E::Frame) {
        if self.is_muted {
            return;
        }
        if let Some((asked, _)) = self.last {
            // The experiment has just read from the device. The time of the read shows how many steps had
            // queued up.
            let read_ms = now_ms() - asked;
            self.steps_in_flight = if read_ms > SLOW_READ_MS {
                (self.steps_in_flight / 2).max(1)
            } else {
                (self.steps_in_flight * 4).min(MAX_STEPS_IN_FLIGHT)
            };
        }
        match postcard::to_stdvec(frame) {
            Ok(frame) => self.post(ArmEvent::Frame(frame)),
            Err(error) => runtime::log_error(&format!("a frame could not be encoded: {error}")),
        }
    }
}

impl<E: Experiment> Drop for FrameSender<E> {
    fn drop(&mut self) {
        // The other arms continue even if this one fails.
        self.give_turn_back();
    }
}
