//! The estimated duration of runs before they start: a few steps of their networks are timed, and the rest is
//! dropped.

use crate::client::dispatcher::{Dispatcher, Start};
use crate::protocol::{ArmEvent, ArmId, ArmStart, DeviceChoice, Event, Progress, RunId, Task};
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Settings are timed after this time without a change.
const REST_MS: u32 = 400;
/// Steps are timed for this long after the first, which also makes the device ready.
const TIMED_MS: f64 = 300.0;
/// Timing stops after this time; the duration is then unknown until the runs are done.
const MAX_MS: u32 = 15_000;

/// The runs to be timed.
#[derive(Default)]
pub struct Timing {
    /// The section.
    pub slug: &'static str,
    /// The device that the user wants.
    pub device: DeviceChoice,
    /// The number of networks per run.
    pub arms: usize,
    /// The settings of the runs, encoded.
    pub configs: Vec<Vec<u8>>,
    /// Returns true if a probe measures everything that the run with this number is for; `None` if only
    /// training does.
    pub is_enough: Option<Enough>,
}

/// Returns true if a probe's encoded frames are enough for the run with this number.
pub type Enough = Box<dyn Fn(usize, &[Vec<u8>]) -> bool>;

impl std::fmt::Debug for Timing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timing").field("slug", &self.slug).finish_non_exhaustive()
    }
}

/// The estimated duration of runs.
#[derive(Clone, Debug, PartialEq)]
pub enum RunTimes {
    /// The runs are being timed.
    Open,
    /// The runs could not be timed.
    Unknown,
    /// The seconds that one worker needs for each run.
    Known(Vec<f64>),
}

/// Times the runs that `key` identifies, if it is `Some`. `what` returns them.
#[hook]
pub fn use_run_times(key: Option<String>, what: Callback<(), Timing>) -> RunTimes {
    let found = use_state(|| None::<(String, RunTimes)>);
    let known = found.as_ref().filter(|(of, _)| Some(of) == key.as_ref()).map(|(_, times)| times.clone());
    use_effect_with((key.clone(), known.is_some()), {
        let found = found.setter();
        move |(key, is_known)| {
            let timer = Rc::new(RefCell::new(None::<Timer>));
            let key = key.clone().filter(|_| !is_known);
            let waiting = key.map(|key| {
                let report = Rc::new(move |times| found.set(Some((key.clone(), times))));
                let begin = {
                    let (timer, report) = (timer.clone(), report.clone());
                    move || {
                        *timer.borrow_mut() = Some(Timer::new(what.emit(())));
                        next(&timer, &(report as Rc<dyn Fn(RunTimes)>));
                    }
                };
                let give_up = {
                    let timer = timer.clone();
                    move || {
                        end(&timer);
                        report(RunTimes::Unknown);
                    }
                };
                (Timeout::new(REST_MS, begin), Timeout::new(REST_MS + MAX_MS, give_up))
            });
            move || {
                drop(waiting);
                end(&timer);
            }
        }
    });
    known.unwrap_or(RunTimes::Open)
}

/// The times so far, and the part that is being timed.
struct Timer {
    timing: Timing,
    seconds: Vec<f64>,
    /// The network that is being trained; `None` while the probe is timed.
    arm: Option<usize>,
    /// The seconds of the run's earlier networks.
    sum: f64,
    run: Option<RunId>,
    clock: Clock,
    frames: Vec<Vec<u8>>,
}

impl Timer {
    fn new(timing: Timing) -> Self {
        let arm = timing.is_enough.is_none().then_some(0);
        let (clock, frames) = (Clock::default(), Vec::new());
        Self { timing, seconds: Vec::new(), arm, sum: 0.0, run: None, clock, frames }
    }

    /// Handles an event. Returns true if the next part is to be timed, and an error if the run failed.
    fn on_event(&mut self, event: ArmEvent, now: f64) -> Result<bool, ()> {
        let took = match event {
            // Data is downloaded once, and not for every run.
            ArmEvent::Loading { .. } => {
                self.clock = Clock { began: now, first: None };
                None
            }
            ArmEvent::Frame(frame) => {
                self.frames.push(frame);
                None
            }
            ArmEvent::Progress { progress, .. } => self.clock.total_seconds(progress, now),
            ArmEvent::Paused(_) | ArmEvent::Saved(_) => None,
            ArmEvent::Finished { .. } | ArmEvent::Idle { .. } => Some((now - self.clock.began) / 1000.0),
            ArmEvent::Failed(_) => return Err(()),
        };
        let Some(took) = took else { return Ok(false) };
        self.sum += took;
        let number = self.seconds.len();
        let next = match (self.arm, &self.timing.is_enough) {
            (None, Some(is_enough)) if is_enough(number, &self.frames) => None,
            (None, _) => Some(0),
            (Some(arm), _) => Some(arm + 1).filter(|arm| *arm < self.timing.arms),
        };
        if next.is_none() {
            self.seconds.push(std::mem::take(&mut self.sum));
        }
        self.arm = next.or_else(|| self.timing.is_enough.is_none().then_some(0));
        Ok(true)
    }
}

/// The start of a part, and the time and number of its first step.
#[derive(Debug, Default)]
struct Clock {
    began: f64,
    first: Option<(f64, u32)>,
}

impl Clock {
    /// Returns the seconds of the whole training, once enough steps have been timed.
    fn total_seconds(&mut self, Progress { step, steps }: Progress, now: f64) -> Option<f64> {
        let (at, first) = *self.first.get_or_insert((now, step));
        if step >= steps {
            return Some((now - self.began) / 1000.0);
        }
        let timed = step.checked_sub(first).filter(|timed| *timed > 0 && now - at >= TIMED_MS)?;
        let each = (now - at) / f64::from(timed);
        Some((at - self.began + each * f64::from(steps - first)) / 1000.0)
    }
}

/// Starts the next part, or reports the times of all runs.
fn next(timer: &Rc<RefCell<Option<Timer>>>, report: &Rc<dyn Fn(RunTimes)>) {
    let start = {
        let mut borrowed = timer.borrow_mut();
        let Some(of) = borrowed.as_mut() else { return };
        let Some(config) = of.timing.configs.get(of.seconds.len()) else {
            let known = RunTimes::Known(std::mem::take(&mut of.seconds));
            drop(borrowed);
            return report(known);
        };
        (of.clock, of.frames) = (Clock { began: js_sys::Date::now(), first: None }, Vec::new());
        let task = if of.arm.is_none() { Task::Probe } else { Task::Train };
        let arm = of.arm.unwrap_or(0) as u8;
        Start {
            slug: of.timing.slug,
            task,
            device: of.timing.device,
            arms: vec![ArmStart { id: ArmId::default(), arm, config: config.clone(), from: None }],
            arms_per_seed: 1,
            paused: false,
            request: None,
            worker: Some(0),
        }
    };
    let listener = {
        let (timer, report) = (timer.clone(), report.clone());
        Callback::from(move |event: Event| {
            let Event::Arm { run, event, .. } = event else { return };
            let outcome = match &mut *timer.borrow_mut() {
                Some(of) if of.run == Some(run) => of.on_event(event, js_sys::Date::now()),
                _ => return,
            };
            if outcome != Ok(false) {
                // The rest of the run is not needed.
                Dispatcher::get().stop(run);
            }
            match outcome {
                Ok(true) => next(&timer, &report),
                Ok(false) => {}
                Err(()) => report(RunTimes::Unknown),
            }
        })
    };
    let run = Dispatcher::get().start(listener, start);
    if let Some(of) = &mut *timer.borrow_mut() {
        of.run = Some(run);
    }
}

fn end(timer: &RefCell<Option<Timer>>) {
    let run = timer.borrow_mut().take().and_then(|of| of.run);
    run.iter().for_each(|&run| Dispatcher::get().stop(run));
}

#[cfg(test)]
mod tests {
    use crate::client::estimate::*;

    #[test]
    fn the_first_step_is_counted_once_and_the_others_by_their_speed() {
        let mut clock = Clock { began: 1000.0, first: None };
        let at = |step| Progress { step, steps: 101 };
        assert_eq!(clock.total_seconds(at(1), 3000.0), None);
        assert_eq!(clock.total_seconds(at(5), 3200.0), None, "too short to tell");
        // Two seconds up to the first step, then a hundred of 50 ms.
        assert_eq!(clock.total_seconds(at(11), 3500.0), Some(7.0));
    }

    #[test]
    fn a_short_run_is_timed_as_a_whole() {
        let mut clock = Clock { began: 0.0, first: None };
        assert_eq!(clock.total_seconds(Progress { step: 1, steps: 1 }, 70.0), Some(0.07));
    }

    fn timing(is_enough: Option<Enough>) -> Timer {
        let timing = Timing {
            slug: "mlp",
            device: DeviceChoice::Cpu,
            arms: 2,
            configs: vec![Vec::new(); 2],
            is_enough,
        };
        Timer::new(timing)
    }

    #[test]
    fn every_network_of_every_run_is_timed() {
        let mut timer = timing(None);
        let over = || ArmEvent::Finished { stopped: false };
        for (arm, runs) in [(1, 0), (0, 1), (1, 1), (0, 2)] {
            assert_eq!(timer.on_event(over(), 500.0), Ok(true));
            assert_eq!((timer.arm, timer.seconds.len()), (Some(arm), runs));
        }
        assert_eq!(timer.seconds, [1.0, 1.0]);
    }

    #[test]
    fn runs_whose_probe_suffices_are_not_trained() {
        // The first run's number is known without training, the second's is not.
        let mut timer = timing(Some(Box::new(|run, frames| run == 0 && !frames.is_empty())));
        let over = || ArmEvent::Finished { stopped: false };
        assert_eq!(timer.on_event(ArmEvent::Frame(vec![1]), 100.0), Ok(false));
        assert_eq!(timer.on_event(over(), 250.0), Ok(true));
        assert_eq!((timer.arm, timer.seconds.len()), (None, 1));
        assert_eq!(timer.on_event(over(), 250.0), Ok(true));
        assert_eq!((timer.arm, timer.seconds.len()), (Some(0), 1));
    }
}
