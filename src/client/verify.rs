//! The verification of the visitor's device: the [`use_verification`] hook.
//!
//! First the device is determined. Then the CPU is verified, and after it the GPU, if there is one, which is
//! also compared with the CPU. They do not run at the same time, so that neither slows the other down.

use crate::client::dispatcher::{Dispatcher, Start};
use crate::protocol::{
    ArmEvent, ArmId, ArmStart, Command, DeviceChoice, DeviceInfo, DeviceKind, Event, Progress, RunId,
    RunState, Task,
};
use crate::verify::report::{CaseResult, Outcome, Speed, VerifyEvent, VerifyRequest};
use std::cell::{Ref, RefCell};
use std::rc::Rc;
use yew::prelude::*;

/// No speed is measured after this time, so that a verification takes about two minutes on a laptop.
const MAX_MS: f64 = 105_000.0;
/// The fraction of this time for the CPU if there is also a GPU, which is faster.
const CPU_FRACTION: f64 = 2.0 / 3.0;

/// A case, and its outcome on each device: the CPU, and the GPU if there is one.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The case, with its outcome on the first device.
    pub case: CaseResult,
    /// The outcome on each device.
    pub outcomes: Vec<Outcome>,
}

/// A set-up, and the milliseconds of a step on each device; `None` if they were not measured.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The set-up, with its speed on the first device.
    pub speed: Speed,
    /// Milliseconds per step on each device.
    pub step_ms: Vec<Option<f32>>,
}

impl Timed {
    /// Returns the seconds that a run takes on the device with this number.
    pub fn run_seconds(&self, device: usize) -> Option<f64> {
        let ms = (*self.step_ms.get(device)?)?;
        Some(f64::from(ms) * f64::from(self.speed.steps) / 1000.0)
    }
}

/// The results so far.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// The state of the verification.
    pub state: RunState,
    /// The device that the choice leads to, once it is known.
    pub device: Option<DeviceInfo>,
    /// The progress of all devices together.
    pub progress: Progress,
    /// The estimated seconds until the end.
    pub seconds_left: Option<f64>,
    /// The results of the cases.
    pub cases: Vec<Verified>,
    /// The measured speeds.
    pub speeds: Vec<Timed>,
    /// The CPU's values with which the GPU is compared, by case.
    references: Vec<Option<Vec<f32>>>,
    /// The device that is being verified.
    now: Option<DeviceKind>,
    /// The numbers of its cases and set-ups so far.
    received: [usize; 2],
    began: f64,
    run: Option<RunId>,
}

impl VerifyReport {
    /// Returns the device that is being verified, and the numbers of its cases and set-ups so far.
    pub const fn now(&self) -> (Option<DeviceKind>, [usize; 2]) {
        (self.now, self.received)
    }

    /// Returns true if a GPU is verified, too.
    pub fn has_gpu(&self) -> bool {
        self.device.as_ref().is_some_and(|info| info.kind == DeviceKind::Webgpu)
    }

    /// Returns the device to be verified next, if any is left.
    fn next(&mut self) -> Option<DeviceKind> {
        let next = match self.now {
            None => DeviceKind::Cpu,
            Some(DeviceKind::Cpu) if self.has_gpu() => DeviceKind::Webgpu,
            Some(_) => return None,
        };
        self.now = Some(next);
        self.received = [0, 0];
        Some(next)
    }

    /// Returns the request for the worker of a device.
    fn request(&mut self, device: DeviceKind) -> VerifyRequest {
        let part = match (device, self.has_gpu()) {
            (DeviceKind::Cpu, false) => 1.0,
            (DeviceKind::Cpu, true) => CPU_FRACTION,
            (DeviceKind::Webgpu, _) => 1.0 - CPU_FRACTION,
        };
        VerifyRequest {
            of_gpu: device == DeviceKind::Webgpu,
            max_ms: MAX_MS * part,
            references: std::mem::take(&mut self.references),
        }
    }

    /// Handles an event. Returns true if the device is done.
    fn on_event(&mut self, event: ArmEvent) -> bool {
        match event {
            ArmEvent::Loading { what, bytes, total } => self.state = RunState::Loading { what, bytes, total },
            ArmEvent::Frame(line) => match postcard::from_bytes(&line) {
                Ok(VerifyEvent::Case(case, reference)) => self.on_case(case, reference),
                Ok(VerifyEvent::Speed(speed)) => self.on_speed(speed),
                Err(error) => self.state = RunState::Error(format!("A result could not be read: {error}.")),
            },
            ArmEvent::Progress { progress, .. } => self.on_progress(progress),
            ArmEvent::Finished { stopped: false } => return true,
            ArmEvent::Finished { stopped: true } => self.state = RunState::Done { stopped: true },
            ArmEvent::Failed(error) => self.state = RunState::Error(error.to_string()),
            ArmEvent::Saved(_) | ArmEvent::Paused(_) | ArmEvent::Idle { .. } => {}
        }
        false
    }

    fn on_case(&mut self, case: CaseResult, reference: Option<Vec<f32>>) {
        let outcome = case.outcome.clone();
        match self.cases.get_mut(self.received[0]) {
            Some(known) => known.outcomes.push(outcome),
            None => {
                self.cases.push(Verified { case, outcomes: vec![outcome] });
                self.references.push(reference);
            }
        }
        self.received[0] += 1;
    }

    fn on_speed(&mut self, speed: Speed) {
        let step_ms = speed.step_ms;
        match self.speeds.get_mut(self.received[1]) {
            Some(known) => {
                // A device that could not be timed does not know the steps.
                known.speed.steps = known.speed.steps.max(speed.steps);
                known.step_ms.push(step_ms);
            }
            None => self.speeds.push(Timed { speed, step_ms: vec![step_ms] }),
        }
        self.received[1] += 1;
    }

    /// Adds the progress of one device to that of all devices.
    fn on_progress(&mut self, progress: Progress) {
        // The first part is done. The time before it was spent loading.
        if self.progress.steps == 0 {
            self.began = js_sys::Date::now();
        }
        self.state = RunState::Running;
        let before = if self.now == Some(DeviceKind::Webgpu) { progress.steps } else { 0 };
        let devices = if self.has_gpu() { 2 } else { 1 };
        self.progress = Progress { step: before + progress.step, steps: devices * progress.steps };
        let (done, steps) = (f64::from(self.progress.step), f64::from(self.progress.steps));
        let seconds = (js_sys::Date::now() - self.began) / 1000.0;
        self.seconds_left = (seconds > 1.0).then(|| seconds * (steps - done) / done.max(1.0));
    }
}

/// The results, with callbacks to start and to stop.
#[derive(Clone, Debug)]
pub struct Verification {
    found: Rc<RefCell<VerifyReport>>,
    /// Starts again from the beginning.
    pub start: Callback<()>,
    /// Stops after the present part.
    pub stop: Callback<()>,
}

impl Verification {
    /// Returns the results so far.
    pub fn found(&self) -> Ref<'_, VerifyReport> {
        self.found.borrow()
    }
}

/// Verifies the device of a choice when it is started. Another choice drops the results.
#[hook]
pub fn use_verification(device: DeviceChoice) -> Verification {
    let found = use_mut_ref(VerifyReport::default);
    let redraw = use_force_update();
    use_effect_with(device, {
        let (found, redraw) = (found.clone(), redraw.clone());
        move |_| {
            redraw.force_update();
            move || {
                let run = found.take().run;
                run.iter().for_each(|&run| Dispatcher::get().stop(run));
            }
        }
    });
    let redraw = Callback::from(move |()| redraw.force_update());
    let start = {
        let (found, redraw) = (found.clone(), redraw.clone());
        Callback::from(move |()| {
            let state = RunState::Loading { what: "the worker".to_owned(), bytes: 0, total: None };
            let earlier = found.replace(VerifyReport { state, ..VerifyReport::default() }).run;
            earlier.iter().for_each(|&run| Dispatcher::get().stop(run));
            find_device(&found, device, &redraw);
            redraw.emit(());
        })
    };
    let stop = {
        let (found, redraw) = (found.clone(), redraw.clone());
        Callback::from(move |()| {
            let (run, now) = (found.borrow().run, found.borrow().now);
            let Some(run) = run else { return };
            if now.is_some() {
                Dispatcher::get().send(run, &Command::Stop(run));
            } else {
                Dispatcher::get().stop(run);
                found.replace(VerifyReport {
                    state: RunState::Done { stopped: true },
                    ..VerifyReport::default()
                });
                redraw.emit(());
            }
        })
    };
    Verification { found, start, stop }
}

/// Starts a run of `arms` on a device.
fn start_run(device: DeviceChoice, arms: Vec<ArmStart>, listener: Callback<Event>) -> RunId {
    let start = Start {
        slug: "verify",
        task: Task::Verify,
        device,
        arms,
        arms_per_seed: 1,
        paused: false,
        request: None,
        worker: Some(0),
        shards: 1,
    };
    Dispatcher::get().start(listener, start)
}

/// Determines the device of a choice by a run without arms.
fn find_device(found: &Rc<RefCell<VerifyReport>>, choice: DeviceChoice, redraw: &Callback<()>) {
    let listener = {
        let (found, redraw) = (found.clone(), redraw.clone());
        Callback::from(move |event: Event| {
            match event {
                Event::Device { choice: of, info } if of == choice => {
                    let is_first = found.borrow_mut().device.replace(info).is_none();
                    if is_first {
                        verify_next(&found, choice, &redraw);
                    }
                }
                Event::Arm { event, .. } => drop(found.borrow_mut().on_event(event)),
                _ => {}
            }
            redraw.emit(());
        })
    };
    let run = start_run(choice, Vec::new(), listener);
    // If the device was known, another run is under way already.
    if found.borrow().now.is_some() {
        Dispatcher::get().stop(run);
    } else {
        found.borrow_mut().run = Some(run);
    }
}

/// Verifies the next device, or notes that all are done.
fn verify_next(found: &Rc<RefCell<VerifyReport>>, choice: DeviceChoice, redraw: &Callback<()>) {
    let next = found.borrow_mut().next();
    let Some(next) = next else {
        found.borrow_mut().state = RunState::Done { stopped: false };
        return;
    };
    let request = found.borrow_mut().request(next);
    let config = match postcard::to_stdvec(&request) {
        Ok(config) => config,
        Err(error) => {
            found.borrow_mut().state = RunState::Error(format!("The worker could not be asked: {error}."));
            return;
        }
    };
    let arms = vec![ArmStart { id: ArmId::default(), arm: 0, config, from: None }];
    let device = if next == DeviceKind::Cpu { DeviceChoice::Cpu } else { choice };
    let listener = {
        let (found, redraw) = (found.clone(), redraw.clone());
        Callback::from(move |event: Event| {
            if let Event::Arm { event, .. } = event {
                let is_done = found.borrow_mut().on_event(event);
                if is_done {
                    verify_next(&found, choice, &redraw);
                }
                redraw.emit(());
            }
        })
    };
    let run = start_run(device, arms, listener);
    let earlier = found.borrow_mut().run.replace(run);
    earlier.iter().for_each(|&run| Dispatcher::get().stop(run));
}

#[cfg(test)]
mod tests {
    use crate::client::verify::*;

    fn case(what: &str, error: f32) -> CaseResult {
        CaseResult {
            group: "Kernels".to_owned(),
            what: what.to_owned(),
            reference: String::new(),
            why: String::new(),
            outcome: Outcome { error: Some(error), tolerance: 1.0, place: String::new() },
        }
    }

    fn speed(steps: u32, step_ms: Option<f32>) -> Speed {
        let [section, slug, title, preset] = [(); 4].map(|()| String::new());
        Speed { section, slug, title, preset, steps, step_ms }
    }

    #[test]
    fn the_results_of_a_gpu_are_next_to_those_of_the_cpu() {
        let gpu = DeviceInfo { kind: DeviceKind::Webgpu, ..DeviceInfo::cpu(None) };
        let mut found = VerifyReport { device: Some(gpu), ..VerifyReport::default() };
        assert_eq!(found.next(), Some(DeviceKind::Cpu));
        assert!(found.request(DeviceKind::Cpu).references.is_empty());
        found.on_case(case("a", 0.1), Some(vec![1.0]));
        found.on_case(case("b", 0.2), None);
        found.on_speed(speed(0, None));

        assert_eq!(found.next(), Some(DeviceKind::Webgpu));
        let request = found.request(DeviceKind::Webgpu);
        assert_eq!(request.references, [Some(vec![1.0]), None], "what the CPU has computed");
        assert!(request.of_gpu && request.max_ms < MAX_MS / 2.0);
        found.on_case(case("a", 0.3), None);
        found.on_speed(speed(200, Some(5.0)));
        let errors = |i: usize| found.cases[i].outcomes.iter().map(|of| of.error).collect::<Vec<_>>();
        assert_eq!((errors(0), errors(1)), (vec![Some(0.1), Some(0.3)], vec![Some(0.2)]));
        assert_eq!([0, 1, 2].map(|device| found.speeds[0].run_seconds(device)), [None, Some(1.0), None]);
        assert_eq!(found.next(), None);
    }

    #[test]
    fn without_a_gpu_the_cpu_gets_all_the_time() {
        let mut found = VerifyReport { device: Some(DeviceInfo::cpu(None)), ..VerifyReport::default() };
        assert_eq!(found.next(), Some(DeviceKind::Cpu));
        assert_eq!(found.request(DeviceKind::Cpu).max_ms, MAX_MS);
        assert_eq!(found.next(), None);
    }
}
