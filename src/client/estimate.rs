//! The estimated duration of runs before they start: a worker measures the costs of their networks, and the duration
//! follows from them.

use crate::client::batch::workers_for;
use crate::client::dispatcher::{Dispatcher, Start};
use crate::client::pool;
use crate::protocol::{ArmEvent, ArmId, ArmStart, DeviceChoice, DeviceKind, Event, RunId, Task};
use crate::run::timing::{ArmCost, RunTime, shard_speed_up};
use gloo::timers::callback::{Interval, Timeout};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use yew::prelude::*;

/// Settings are timed after this time without a change.
const REST_MS: u32 = 400;
/// Timing stops after this time; the duration is then unknown until the runs are done.
const MAX_MS: u32 = 45_000;
/// The seconds from the button to the first step, and from the last step to the page.
const START_S: f64 = 0.15;
/// The seconds until further workers have started.
const FURTHER_S: f64 = 0.25;

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
    /// The seconds of each run.
    Known(Vec<RunTime>),
}

/// Returns the seconds of a run with this number of shards and seeds. Its networks share the workers, or several workers
/// train each network.
pub fn run_seconds(time: &RunTime, shards: usize, seeds: usize, kind: DeviceKind) -> f64 {
    let arms = time.arms.len();
    let team = pool::team_on(kind, arms * seeds, shards);
    let workers = workers_for(arms * seeds, kind);
    let alone = time.spread_over(seeds, workers, |index| pool::worker_of(index, arms, workers));
    // The workers that the page already has need not start.
    let has_all = Dispatcher::get().pool().workers >= workers.max(arms * seeds * team);
    alone / shard_speed_up(team) + START_S + if has_all { 0.0 } else { FURTHER_S }
}

/// Times the runs that `key` identifies, if it is `Some` and while `may_time` is true. `what` returns them.
#[hook]
pub fn use_run_times(key: Option<String>, may_time: bool, what: Callback<(), Timing>) -> RunTimes {
    let found = use_state(|| None::<(String, RunTimes)>);
    let known = found.as_ref().filter(|(of, _)| Some(of) == key.as_ref()).map(|(_, times)| times.clone());
    use_effect_with((key.clone(), may_time && known.is_none()), {
        let found = found.setter();
        move |(key, is_wanted)| {
            let timer = Rc::new(RefCell::new(None::<Timer>));
            let key = key.clone().filter(|_| *is_wanted);
            let waiting = key.map(|key| {
                let report = Rc::new(move |times| found.set(Some((key.clone(), times))));
                let begin = {
                    let (timer, report) = (timer.clone(), report.clone() as Rc<dyn Fn(RunTimes)>);
                    move || {
                        if timer.borrow().is_none()
                            && let Some(turn) = Turn::take()
                        {
                            *timer.borrow_mut() =
                                Some(Timer { _turn: Some(turn), ..Timer::new(what.emit(())) });
                            next(&timer, &report);
                        }
                    }
                };
                let give_up = {
                    let timer = timer.clone();
                    move || {
                        end(&timer);
                        report(RunTimes::Unknown);
                    }
                };
                (Interval::new(REST_MS, begin), Timeout::new(REST_MS + MAX_MS, give_up))
            });
            move || {
                drop(waiting);
                end(&timer);
            }
        }
    });
    known.unwrap_or(RunTimes::Open)
}

thread_local! {
    static IS_TIMING: Cell<bool> = const { Cell::new(false) };
}

/// The right to time. A second one would make the first one's steps slower.
struct Turn;

impl Turn {
    /// Returns the right to time, unless something else has it.
    fn take() -> Option<Self> {
        (!IS_TIMING.replace(true)).then_some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_TIMING.set(false);
    }
}

/// The times so far, and the part that is being timed.
struct Timer {
    _turn: Option<Turn>,
    timing: Timing,
    times: Vec<RunTime>,
    /// The network whose costs are measured; `None` while the probe is timed.
    arm: Option<usize>,
    /// The times of the run's earlier parts.
    time: RunTime,
    run: Option<RunId>,
    /// The start of the part.
    began: f64,
    /// The frames of a probe, or the last frame of a measurement.
    frames: Vec<Vec<u8>>,
}

impl Timer {
    fn new(timing: Timing) -> Self {
        let arm = timing.is_enough.is_none().then_some(0);
        let (times, time, frames) = (Vec::new(), RunTime::default(), Vec::new());
        Self { _turn: None, timing, times, arm, time, run: None, began: 0.0, frames }
    }

    /// Handles an event. Returns true if the next part is to be timed, and an error if the run failed.
    fn on_event(&mut self, event: ArmEvent, now: f64) -> Result<bool, ()> {
        match event {
            // Data is downloaded once, and not for every run.
            ArmEvent::Loading { .. } => {
                self.began = now;
                Ok(false)
            }
            ArmEvent::Frame(frame) => {
                if self.arm.is_some() {
                    self.frames.clear();
                }
                self.frames.push(frame);
                Ok(false)
            }
            ArmEvent::Progress { .. } | ArmEvent::Paused(_) | ArmEvent::Saved(_) => Ok(false),
            ArmEvent::Finished { .. } | ArmEvent::Idle { .. } => self.on_end(now).map(|()| true),
            ArmEvent::Failed(_) => Err(()),
        }
    }

    /// Adds the time of a part that has ended, and chooses the next part.
    fn on_end(&mut self, now: f64) -> Result<(), ()> {
        let frames = std::mem::take(&mut self.frames);
        let number = self.times.len();
        let next = match (self.arm, &self.timing.is_enough) {
            (Some(arm), _) => {
                let cost: ArmCost =
                    frames.last().and_then(|frame| postcard::from_bytes(frame).ok()).ok_or(())?;
                self.time.arms.push(cost.seconds());
                self.time.spread = self.time.spread.max(cost.spread);
                Some(arm + 1).filter(|arm| *arm < self.timing.arms)
            }
            (None, is_enough) => {
                self.time.arms.push((now - self.began) / 1000.0);
                let is_known = is_enough.as_ref().is_some_and(|is_enough| is_enough(number, &frames));
                if is_known { None } else { Some(0) }
            }
        };
        if next.is_none() {
            self.times.push(std::mem::take(&mut self.time));
        }
        self.arm = next.or_else(|| self.timing.is_enough.is_none().then_some(0));
        Ok(())
    }
}

/// Starts the next part, or reports the times of all runs.
fn next(timer: &Rc<RefCell<Option<Timer>>>, report: &Rc<dyn Fn(RunTimes)>) {
    let start = {
        let mut borrowed = timer.borrow_mut();
        let Some(of) = borrowed.as_mut() else { return };
        let Some(config) = of.timing.configs.get(of.times.len()) else {
            let known = RunTimes::Known(std::mem::take(&mut of.times));
            drop(borrowed);
            return report(known);
        };
        (of.began, of.frames) = (js_sys::Date::now(), Vec::new());
        let task = if of.arm.is_none() { Task::Probe } else { Task::Time };
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
            shards: 1,
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

    fn cost(seconds: u32) -> ArmEvent {
        let cost = ArmCost { steps: seconds, step_ms: 1000.0, spread: 1.5, ..ArmCost::default() };
        ArmEvent::Frame(postcard::to_stdvec(&cost).unwrap())
    }

    const OVER: ArmEvent = ArmEvent::Finished { stopped: false };

    #[test]
    fn every_network_of_every_run_is_timed() {
        let mut timer = timing(None);
        for (seconds, arm, runs) in [(2, 1, 0), (2, 0, 1), (3, 1, 1), (3, 0, 2)] {
            // The frames that the networks send are not their costs.
            assert_eq!(timer.on_event(ArmEvent::Frame(vec![1]), 0.0), Ok(false));
            assert_eq!(timer.on_event(cost(seconds), 0.0), Ok(false));
            assert_eq!(timer.on_event(OVER, 500.0), Ok(true));
            assert_eq!((timer.arm, timer.times.len()), (Some(arm), runs));
        }
        let of = |seconds| RunTime { arms: vec![seconds; 2], spread: 1.5 };
        assert_eq!(timer.times, [of(2.0), of(3.0)]);
    }

    #[test]
    fn runs_whose_probe_suffices_are_not_trained() {
        // The first run's number is known without training, the second's is not.
        let mut timer = timing(Some(Box::new(|run, frames| run == 0 && !frames.is_empty())));
        assert_eq!(timer.on_event(ArmEvent::Frame(vec![1]), 100.0), Ok(false));
        assert_eq!(timer.on_event(OVER, 250.0), Ok(true));
        assert_eq!((timer.arm, timer.times.len()), (None, 1));
        assert_eq!(timer.on_event(OVER, 250.0), Ok(true));
        assert_eq!((timer.arm, timer.times.len()), (Some(0), 1));
        assert_eq!(timer.times, [RunTime { arms: vec![0.25], spread: 0.0 }]);
    }

    #[test]
    fn a_measurement_without_costs_tells_nothing() {
        let mut timer = timing(None);
        assert_eq!(timer.on_event(OVER, 500.0), Err(()));
        assert_eq!(
            timer.on_event(ArmEvent::Failed(crate::protocol::LabError::Config(String::new())), 0.0),
            Err(())
        );
    }
}
