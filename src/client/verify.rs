//! The check of the visitor's device, as the page knows it: the [`use_verification`] hook.
//!
//! Which device there is, comes first; then the CPU is verified, and then a GPU, if there is one, beside what the CPU has
//! computed. Each by itself, so that neither slows the other down.

use crate::client::dispatcher::{Dispatcher, Start};
use crate::protocol::{
    ArmEvent, ArmId, ArmStart, Command, DeviceChoice, DeviceInfo, DeviceKind, Event, Progress, RunId,
    RunState, Task,
};
use crate::verify::report::{CaseResult, Outcome, Speed, VerifyEvent, VerifyRequest};
use std::cell::{Ref, RefCell};
use std::rc::Rc;
use yew::prelude::*;

/// No speed is measured after so many milliseconds, so that the whole takes about two minutes on a laptop.
const MAX_MS: f64 = 105_000.0;
/// The part of it that the CPU has where there is a GPU, too, which is faster.
const OF_THE_CPU: f64 = 2.0 / 3.0;

/// A case, and what came of it on each device: the CPU, and the GPU if it was asked.
#[derive(Clone, Debug)]
pub struct Verified {
    pub case: CaseResult,
    pub outcomes: Vec<Outcome>,
}

/// A set-up, and the milliseconds of a step on each device; `None` where it was not measured.
#[derive(Clone, Debug)]
pub struct Timed {
    pub speed: Speed,
    pub step_ms: Vec<Option<f32>>,
}

impl Timed {
    /// The seconds that the steps of a run take on the device of a number.
    pub fn run_seconds(&self, device: usize) -> Option<f64> {
        let ms = (*self.step_ms.get(device)?)?;
        Some(f64::from(ms) * f64::from(self.speed.steps) / 1000.0)
    }
}

/// What has been found so far.
#[derive(Debug, Default)]
pub struct StepOutput {
    pub state: RunState,
    /// The device that was chosen, once it is known.
    pub device: Option<DeviceInfo>,
    pub progress: Progress,
    /// How long the rest takes, going by what is done.
    pub seconds_left: Option<f64>,
    pub cases: Vec<Verified>,
    pub speeds: Vec<Timed>,
    /// What the CPU has computed for the GPU to be held against, by case.
    references: Vec<Option<Vec<f32>>>,
    /// The device that is being verified.
    now: Option<DeviceKind>,
    /// How many cases and set-ups it has told of.
    told: [usize; 2],
    began: f64,
    run: Option<RunId>,
}

impl StepOutput {
    /// The device that is being verified, and of how many cases and set-ups it has told.
    pub const fn now(&self) -> (Option<DeviceKind>, [usize; 2]) {
        (self.now, self.told)
    }

    /// Whether a GPU is verified, too.
    pub fn has_gpu(&self) -> bool {
        self.device.as_ref().is_some_and(|info| info.kind == DeviceKind::Webgpu)
    }

    /// The device that is to be verified next, if any.
    fn next(&mut self) -> Option<DeviceKind> {
        let next = match self.now {
            None => DeviceKind::Cpu,
            Some(DeviceKind::Cpu) if self.has_gpu() => DeviceKind::Webgpu,
            Some(_) => return None,
        };
        self.now = Some(next);
        self.told = [0, 0];
        Some(next)
    }

    /// What the worker of a device is asked for.
    fn asked(&mut self, device: DeviceKind) -> VerifyRequest {
        let part = match (device, self.has_gpu()) {
            (DeviceKind::Cpu, false) => 1.0,
            (DeviceKind::Cpu, true) => OF_THE_CPU,
            (DeviceKind::Webgpu, _) => 1.0 - OF_THE_CPU,
        };
        VerifyRequest {
            of_gpu: device == DeviceKind::Webgpu,
            most_ms: MAX_MS * part,
            references: std::mem::take(&mut self.references),
        }
    }

    /// Says whether the device is through.
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
        match self.cases.get_mut(self.told[0]) {
            Some(known) => known.outcomes.push(outcome),
            None => {
                self.cases.push(Verified { case, outcomes: vec![outcome] });
                self.references.push(reference);
            }
        }
        self.told[0] += 1;
    }

    fn on_speed(&mut self, speed: Speed) {
        let step_ms = speed.step_ms;
        match self.speeds.get_mut(self.told[1]) {
            Some(known) => {
                // Who could not time it does not know them.
                known.speed.steps = known.speed.steps.max(speed.steps);
                known.step_ms.push(step_ms);
            }
            None => self.speeds.push(Timed { speed, step_ms: vec![step_ms] }),
        }
        self.told[1] += 1;
    }

    /// All devices together are one whole.
    fn on_progress(&mut self, progress: Progress) {
        // The first part is done now; what came before it was loading.
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

/// What has been found, and the ways to begin and to end it.
#[derive(Clone, Debug)]
pub struct Verification {
    found: Rc<RefCell<StepOutput>>,
    /// Begins anew.
    pub start: Callback<()>,
    /// Ends it after the present part.
    pub stop: Callback<()>,
}

impl Verification {
    pub fn found(&self) -> Ref<'_, StepOutput> {
        self.found.borrow()
    }
}

/// Holds the device of a choice against its references, when asked. Another choice begins with nothing.
#[hook]
pub fn use_verification(device: DeviceChoice) -> Verification {
    let found = use_mut_ref(StepOutput::default);
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
            let earlier = found.replace(StepOutput { state, ..StepOutput::default() }).run;
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
                found
                    .replace(StepOutput { state: RunState::Done { stopped: true }, ..StepOutput::default() });
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
    };
    Dispatcher::get().start(listener, start)
}

/// A run of nothing tells which device a choice leads to.
fn find_device(found: &Rc<RefCell<StepOutput>>, choice: DeviceChoice, redraw: &Callback<()>) {
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
    // Where the device was known, another run is under way already.
    if found.borrow().now.is_some() {
        Dispatcher::get().stop(run);
    } else {
        found.borrow_mut().run = Some(run);
    }
}

/// Verifies the next device, or says that all are.
fn verify_next(found: &Rc<RefCell<StepOutput>>, choice: DeviceChoice, redraw: &Callback<()>) {
    let next = found.borrow_mut().next();
    let Some(next) = next else {
        found.borrow_mut().state = RunState::Done { stopped: false };
        return;
    };
    let asked = found.borrow_mut().asked(next);
    let config = match postcard::to_stdvec(&asked) {
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
                let is_through = found.borrow_mut().on_event(event);
                if is_through {
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
    fn what_a_gpu_tells_stands_beside_what_the_cpu_told() {
        let gpu = DeviceInfo { kind: DeviceKind::Webgpu, ..DeviceInfo::cpu(None) };
        let mut found = StepOutput { device: Some(gpu), ..StepOutput::default() };
        assert_eq!(found.next(), Some(DeviceKind::Cpu));
        assert!(found.asked(DeviceKind::Cpu).references.is_empty());
        found.on_case(case("a", 0.1), Some(vec![1.0]));
        found.on_case(case("b", 0.2), None);
        found.on_speed(speed(0, None));

        assert_eq!(found.next(), Some(DeviceKind::Webgpu));
        let asked = found.asked(DeviceKind::Webgpu);
        assert_eq!(asked.references, [Some(vec![1.0]), None], "what the CPU has computed");
        assert!(asked.of_gpu && asked.most_ms < MAX_MS / 2.0);
        found.on_case(case("a", 0.3), None);
        found.on_speed(speed(200, Some(5.0)));
        let errors = |i: usize| found.cases[i].outcomes.iter().map(|of| of.error).collect::<Vec<_>>();
        assert_eq!((errors(0), errors(1)), (vec![Some(0.1), Some(0.3)], vec![Some(0.2)]));
        assert_eq!([0, 1, 2].map(|device| found.speeds[0].run_seconds(device)), [None, Some(1.0), None]);
        assert_eq!(found.next(), None);
    }

    #[test]
    fn without_a_gpu_the_cpu_has_all_of_the_time() {
        let mut found = StepOutput { device: Some(DeviceInfo::cpu(None)), ..StepOutput::default() };
        assert_eq!(found.next(), Some(DeviceKind::Cpu));
        assert_eq!(found.asked(DeviceKind::Cpu).most_ms, MAX_MS);
        assert_eq!(found.next(), None);
    }
}
