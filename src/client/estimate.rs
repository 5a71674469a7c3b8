//! The estimated duration of runs before they start: a worker measures the costs of their networks, and the duration
//! follows from them.

use crate::client::batch::workers_for;
use crate::client::dispatcher::{Dispatcher, Start};
use crate::client::pool;
use crate::protocol::{ArmEvent, ArmId, ArmStart, DeviceChoice, DeviceKind, Event, RunId, Task};
use crate::run::timing::{ArmCost, RunTime, shard_speed_up};
use gloo::timers::callback::{Interval, Timeout};
use std::cell::{Cell, RefCell};
use std::ops::Range;
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
/// The factor by which a run takes longer if its workers keep all cores busy, because the page draws it on one of them. It is
/// the median over all presets on two cores (`./lab bench estimates`).
const DRAWING: f64 = 1.13;

/// The runs to be timed.
#[derive(Default)]
pub struct Timing {
    /// The section.
    pub slug: &'static str,
    /// The device that the user wants.
    pub device: DeviceChoice,
    /// The number of networks per run. As many are timed at once as there are workers, as in a run.
    pub arms: usize,
    /// The number of shards of each batch; 1 if each network is to be timed on one worker.
    pub shards: usize,
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
    let as_timed = time.spread_over(seeds, workers, |index| pool::worker_of(index, arms, workers));
    let alone = as_timed * shard_speed_up(time.team);
    let drawing = if kind == DeviceKind::Cpu && workers * team >= pool::cores() { DRAWING } else { 1.0 };
    // The workers that the page already has need not start.
    let has_all = Dispatcher::get().pool().workers >= workers.max(arms * seeds * team);
    drawing * alone / shard_speed_up(team) + START_S + if has_all { 0.0 } else { FURTHER_S }
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
                                Some(Timer { _turn: Some(turn), ..Timer::new(what.emit(()), pool::cores()) });
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
    cores: usize,
    times: Vec<RunTime>,
    /// The networks whose costs are being measured; empty while the probe is timed.
    arms: Range<usize>,
    /// The number of them that have not finished, or 1 for the probe.
    left: usize,
    /// The times of the run's earlier parts.
    time: RunTime,
    run: Option<RunId>,
    /// The start of the part.
    began: f64,
    /// The frames of a probe.
    frames: Vec<Vec<u8>>,
    /// The costs of the networks.
    costs: Vec<ArmCost>,
}

impl Timer {
    fn new(timing: Timing, cores: usize) -> Self {
        let first = if timing.is_enough.is_none() { timing.at_once(0, cores) } else { 0..0 };
        Self {
            _turn: None,
            timing,
            cores,
            times: Vec::new(),
            arms: first,
            left: 0,
            time: RunTime::default(),
            run: None,
            began: 0.0,
            frames: Vec::new(),
            costs: Vec::new(),
        }
    }

    /// Begins the part that is next.
    fn begin(&mut self, now: f64) {
        (self.began, self.left) = (now, self.arms.len().max(1));
        self.frames.clear();
        self.costs = vec![ArmCost::default(); self.arms.len()];
    }

    /// Handles an event. Returns true if the next part is to be timed, and an error if the run failed.
    fn on_event(&mut self, arm: usize, event: ArmEvent, now: f64) -> Result<bool, ()> {
        match event {
            // Data is downloaded once, and not for every run.
            ArmEvent::Loading { .. } => {
                self.began = now;
                Ok(false)
            }
            ArmEvent::Frame(frame) if self.arms.is_empty() => {
                self.frames.push(frame);
                Ok(false)
            }
            ArmEvent::Frame(frame) => {
                // The networks also send frames of their own.
                let cost = arm.checked_sub(self.arms.start).and_then(|at| self.costs.get_mut(at));
                if let (Some(cost), Ok(found)) = (cost, postcard::from_bytes(&frame)) {
                    *cost = found;
                }
                Ok(false)
            }
            ArmEvent::Progress { .. } | ArmEvent::Paused(_) | ArmEvent::Saved(_) => Ok(false),
            ArmEvent::Finished { .. } | ArmEvent::Idle { .. } => {
                self.left = self.left.saturating_sub(1);
                if self.left > 0 { Ok(false) } else { self.on_end(now).map(|()| true) }
            }
            ArmEvent::Failed(_) => Err(()),
        }
    }

    /// Adds the time of a part that has ended, and chooses the next part.
    fn on_end(&mut self, now: f64) -> Result<(), ()> {
        let (number, arms) = (self.times.len(), self.timing.arms);
        let is_over = if self.arms.is_empty() {
            self.time.arms.push((now - self.began) / 1000.0);
            self.timing.is_enough.as_ref().is_some_and(|is_enough| is_enough(number, &self.frames))
        } else {
            for cost in &self.costs {
                if cost.steps == 0 {
                    return Err(());
                }
                self.time.arms.push(cost.seconds());
                self.time.spread = self.time.spread.max(cost.spread);
            }
            self.time.team = pool::team(self.arms.len(), self.timing.shards, self.cores);
            self.arms.end >= arms
        };
        if is_over {
            self.times.push(std::mem::take(&mut self.time));
        }
        self.arms = if is_over && self.timing.is_enough.is_some() {
            0..0
        } else {
            self.timing.at_once(if is_over { 0 } else { self.arms.end }, self.cores)
        };
        Ok(())
    }
}

impl Timing {
    /// Returns the networks that are timed at once, the first of which is given: as many as there are workers.
    fn at_once(&self, first: usize, cores: usize) -> Range<usize> {
        first..self.arms.min(first + pool::size(self.arms, cores))
    }
}

/// Starts the next part, or reports the times of all runs.
fn next(timer: &Rc<RefCell<Option<Timer>>>, report: &Rc<dyn Fn(RunTimes)>) {
    let start = {
        let mut borrowed = timer.borrow_mut();
        let Some(of) = borrowed.as_mut() else { return };
        let Some(config) = of.timing.configs.get(of.times.len()).cloned() else {
            let known = RunTimes::Known(std::mem::take(&mut of.times));
            drop(borrowed);
            return report(known);
        };
        of.begin(js_sys::Date::now());
        let is_probe = of.arms.is_empty();
        let arm = |arm: usize| {
            let arm = arm as u8;
            ArmStart { id: ArmId(arm.into()), arm, config: config.clone(), from: None }
        };
        Start {
            slug: of.timing.slug,
            task: if is_probe { Task::Probe } else { Task::Time },
            device: of.timing.device,
            arms: if is_probe { vec![arm(0)] } else { of.arms.clone().map(arm).collect() },
            arms_per_seed: of.arms.len().max(1),
            paused: false,
            request: None,
            worker: is_probe.then_some(0),
            shards: if is_probe { 1 } else { of.timing.shards },
        }
    };
    let listener = {
        let (timer, report) = (timer.clone(), report.clone());
        Callback::from(move |event: Event| {
            let Event::Arm { run, arm, event, .. } = event else { return };
            let outcome = match &mut *timer.borrow_mut() {
                Some(of) if of.run == Some(run) => of.on_event(arm.0.into(), event, js_sys::Date::now()),
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

    fn timing(is_enough: Option<Enough>) -> Timing {
        let configs = vec![Vec::new(); 2];
        Timing { slug: "mlp", device: DeviceChoice::Cpu, arms: 2, shards: 1, configs, is_enough }
    }

    fn cost(seconds: u32) -> ArmEvent {
        let cost = ArmCost { steps: seconds, step_ms: 1000.0, spread: 1.5, ..ArmCost::default() };
        ArmEvent::Frame(postcard::to_stdvec(&cost).unwrap())
    }

    const OVER: ArmEvent = ArmEvent::Finished { stopped: false };

    #[test]
    fn all_networks_of_every_run_are_timed() {
        let mut timer = Timer::new(timing(None), 2);
        for (first, second) in [(2, 4), (3, 3)] {
            assert_eq!(timer.arms, 0..2);
            timer.begin(0.0);
            // The frames that the networks send are not their costs.
            assert_eq!(timer.on_event(1, ArmEvent::Frame(vec![1]), 0.0), Ok(false));
            assert_eq!(timer.on_event(1, cost(second), 0.0), Ok(false));
            assert_eq!(timer.on_event(1, OVER, 500.0), Ok(false));
            assert_eq!(timer.on_event(0, cost(first), 600.0), Ok(false));
            assert_eq!(timer.on_event(0, OVER, 700.0), Ok(true));
        }
        let of = |arms| RunTime { arms, spread: 1.5, team: 1 };
        assert_eq!(timer.times, [of(vec![2.0, 4.0]), of(vec![3.0, 3.0])]);
    }

    #[test]
    fn networks_that_have_no_worker_are_timed_after_the_others() {
        let mut timer = Timer::new(timing(None), 1);
        for arm in 0..2 {
            assert_eq!(timer.arms, arm..arm + 1);
            timer.begin(0.0);
            assert_eq!(timer.on_event(arm, cost(2), 0.0), Ok(false));
            assert_eq!(timer.times.len(), 0);
            assert_eq!(timer.on_event(arm, OVER, 0.0), Ok(true));
        }
        assert_eq!(timer.times, [RunTime { arms: vec![2.0; 2], spread: 1.5, team: 1 }]);
    }

    #[test]
    fn runs_whose_probe_suffices_are_not_trained() {
        // The first run's number is known without training, the second's is not.
        let mut timer = Timer::new(timing(Some(Box::new(|run, frames| run == 0 && !frames.is_empty()))), 2);
        timer.begin(0.0);
        assert_eq!(timer.on_event(0, ArmEvent::Frame(vec![1]), 100.0), Ok(false));
        assert_eq!(timer.on_event(0, OVER, 250.0), Ok(true));
        assert_eq!((timer.arms.clone(), timer.times.len()), (0..0, 1));
        timer.begin(250.0);
        assert_eq!(timer.on_event(0, OVER, 250.0), Ok(true));
        assert_eq!((timer.arms.clone(), timer.times.len()), (0..2, 1));
        assert_eq!(timer.times, [RunTime { arms: vec![0.25], ..RunTime::default() }]);
    }

    #[test]
    fn a_measurement_without_costs_tells_nothing() {
        let mut timer = Timer::new(timing(None), 1);
        timer.begin(0.0);
        assert_eq!(timer.on_event(0, OVER, 500.0), Err(()));
        let failed = ArmEvent::Failed(crate::protocol::LabError::Config(String::new()));
        assert_eq!(timer.on_event(0, failed, 0.0), Err(()));
    }
}
