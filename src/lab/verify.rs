//! The check of the visitor's device, as the page knows it: the [`use_verification`] hook.

use crate::component::prelude::*;
use crate::core::report::{CaseResult, Line, Speed};
use crate::lab::client::{Client, Start};
use crate::protocol::{
    ArmEvent, ArmId, ArmStart, Command, DeviceChoice, DeviceInfo, Event, Progress, RunId, RunState, Task,
};
use std::cell::{Ref, RefCell};
use std::rc::Rc;

/// What has been found so far.
#[derive(Debug, Default)]
pub struct Found {
    pub state: RunState,
    /// The device that was chosen, once it is known.
    pub device: Option<DeviceInfo>,
    pub progress: Progress,
    /// How long the rest takes, going by what is done.
    pub seconds_left: Option<f64>,
    pub cases: Vec<CaseResult>,
    pub speeds: Vec<Speed>,
    began: f64,
    run: Option<RunId>,
}

impl Found {
    fn on_event(&mut self, asked: DeviceChoice, event: Event) {
        match event {
            Event::Device { choice, info } if choice == asked => self.device = Some(info),
            Event::Arm { event, .. } => self.on_arm(event),
            _ => {}
        }
    }

    fn on_arm(&mut self, event: ArmEvent) {
        match event {
            ArmEvent::Loading { what, bytes, total } => self.state = RunState::Loading { what, bytes, total },
            ArmEvent::Frame(line) => match postcard::from_bytes(&line) {
                Ok(Line::Case(case)) => self.cases.push(case),
                Ok(Line::Speed(speed)) => self.speeds.push(speed),
                Err(error) => self.state = RunState::Error(format!("A result could not be read: {error}.")),
            },
            ArmEvent::Progress { progress, .. } => {
                // The first part is done now; what came before it was loading.
                if self.progress.steps == 0 {
                    self.began = js_sys::Date::now();
                }
                self.state = RunState::Running;
                self.progress = progress;
                let (done, steps) = (f64::from(progress.step), f64::from(progress.steps));
                let seconds = (js_sys::Date::now() - self.began) / 1000.0;
                self.seconds_left = (seconds > 1.0).then(|| seconds * (steps - done) / done.max(1.0));
            }
            ArmEvent::Finished { stopped } => self.state = RunState::Done { stopped },
            ArmEvent::Failed(error) => self.state = RunState::Error(error.to_string()),
            ArmEvent::Saved(_) | ArmEvent::Paused(_) | ArmEvent::Idle { .. } => {}
        }
    }
}

/// What has been found, and the ways to begin and to end it.
#[derive(Clone, Debug)]
pub struct Verification {
    found: Rc<RefCell<Found>>,
    /// Begins anew.
    pub start: Callback<()>,
    /// Ends it after the present part.
    pub stop: Callback<()>,
}

impl Verification {
    pub fn found(&self) -> Ref<'_, Found> {
        self.found.borrow()
    }
}

/// Holds the device of a choice against its references, when asked. Another choice begins with nothing.
#[hook]
pub fn use_verification(device: DeviceChoice) -> Verification {
    let found = use_mut_ref(Found::default);
    let redraw = use_force_update();
    use_effect_with(device, {
        let (found, redraw) = (found.clone(), redraw.clone());
        move |_| {
            redraw.force_update();
            move || {
                let run = found.take().run;
                run.iter().for_each(|&run| Client::get().stop(run));
            }
        }
    });
    let start = {
        let found = found.clone();
        Callback::from(move |()| {
            let state = RunState::Loading { what: "the worker".to_owned(), bytes: 0, total: None };
            let earlier = found.replace(Found { state, ..Found::default() }).run;
            earlier.iter().for_each(|&run| Client::get().stop(run));
            let listener = {
                let (found, redraw) = (found.clone(), redraw.clone());
                Callback::from(move |event: Event| {
                    found.borrow_mut().on_event(device, event);
                    redraw.force_update();
                })
            };
            let start = Start {
                slug: "verify",
                task: Task::Verify,
                device,
                arms: vec![ArmStart { id: ArmId::default(), arm: 0, config: Vec::new(), from: None }],
                arms_per_seed: 1,
                paused: false,
                request: None,
                worker: Some(0),
            };
            let run = Client::get().start(listener, start);
            found.borrow_mut().run = Some(run);
            redraw.force_update();
        })
    };
    let stop = {
        let found = found.clone();
        Callback::from(move |()| {
            let run = found.borrow().run;
            run.iter().for_each(|&run| Client::get().send(run, &Command::Stop(run)));
        })
    };
    Verification { found, start, stop }
}
