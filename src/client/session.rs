//! The state of a panel's experiment, reduced from the events of its probe and of every arm of its run.

use crate::client::arm_status::{ArmStatus, combined_state, slowest};
use crate::client::dispatcher::{Dispatcher, Pool};
use crate::client::replay::Replay;
use crate::protocol::{
    ArmEvent, ArmId, DeviceChoice, DeviceInfo, Event, LabError, Pace, Progress, RunState, SavedArm, Task,
};
use crate::run::any::{AnyExperiment, AnyRecord};
use std::rc::Rc;
use yew::prelude::*;

/// The state of a panel's experiment.
#[derive(Clone)]
pub(super) struct Session {
    experiment: &'static AnyExperiment,
    /// One record per seed. The first also has what was probed.
    pub(super) records: Rc<Vec<AnyRecord>>,
    /// One status per arm of each seed; empty before a run.
    pub(super) arms: Rc<Vec<ArmStatus>>,
    /// The last saved state of each arm.
    pub(super) saved: Rc<Vec<Option<Rc<SavedArm>>>>,
    /// Earlier states of the run.
    pub(super) replay: Rc<Replay>,
    /// The step of the earlier state that is shown; `None` for the present.
    pub(super) shown: Option<u32>,
    /// The number of runs started so far.
    pub(super) run: u32,
    pub(super) probing: bool,
    pub(super) probe_error: Option<LabError>,
    /// The reason why the run could not start.
    error: Option<String>,
    pub(super) device: Option<DeviceInfo>,
    pub(super) pool: Pool,
    choice: DeviceChoice,
}

/// An arm that starts from a saved state, or from the beginning, with the steps that it has done.
pub(super) type StartedArm = (Progress, Option<Rc<SavedArm>>);

pub(super) enum Action {
    Reset,
    /// A probe, or a run with this number of seeds, was started.
    Started(Task, DeviceChoice, usize),
    /// One arm was started again. The others stay as they are.
    Restarted(ArmId),
    /// The lost arms resume from their last saved states.
    LostResumed,
    /// A run with this number of seeds starts from saved states: that of an earlier page, or weights from a file.
    Resumed(DeviceChoice, usize, Vec<StartedArm>),
    Failed(Task, String),
    Events(Vec<(Task, Event)>),
    /// The reader wants to see an earlier step, or the present.
    Show(Option<u32>),
}

impl Reducible for Session {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = Self::clone(&self);
        match action {
            Action::Reset => next.clear(1),
            Action::Started(Task::Probe, choice, _) => {
                (next.probing, next.probe_error, next.choice) = (true, None, choice);
            }
            Action::Started(Task::Train | Task::Verify | Task::File | Task::Time, choice, seeds) => {
                next.clear(seeds.max(1));
                (next.run, next.choice) = (next.run.wrapping_add(1), choice);
                let arms = seeds.max(1) * next.experiment.arms.len();
                next.arms = Rc::new(vec![ArmStatus::loading(); arms]);
                next.saved = Rc::new(vec![None; arms]);
            }
            Action::Restarted(arm) => next.restart(arm),
            Action::LostResumed => {
                for arm in next.lost() {
                    next.restart(arm);
                    next.restore_arm(arm);
                }
                let step = next.progress().step;
                Rc::make_mut(&mut next.replay).cut(step);
                next.shown = None;
            }
            Action::Resumed(choice, seeds, arms) => {
                next.clear(seeds);
                (next.run, next.choice) = (next.run.wrapping_add(1), choice);
                let status = |progress: &Progress| ArmStatus { progress: *progress, ..ArmStatus::loading() };
                next.arms = Rc::new(arms.iter().map(|(progress, _)| status(progress)).collect());
                next.saved = Rc::new(arms.into_iter().map(|(_, saved)| saved).collect());
                (0..next.arms.len()).for_each(|arm| next.restore_arm(ArmId(arm as u16)));
            }
            Action::Failed(Task::Probe, error) => {
                (next.probing, next.probe_error) = (false, Some(LabError::Device(error)));
            }
            Action::Failed(Task::Train | Task::Verify | Task::File | Task::Time, error) => {
                next.error = Some(error)
            }
            Action::Events(events) => {
                events.into_iter().for_each(|(task, event)| next.on_event(task, event));
                next.pool = Dispatcher::get().pool();
                next.store_for_replay();
            }
            Action::Show(step) => next.shown = step,
        }
        Rc::new(next)
    }
}

impl Session {
    pub(super) fn new(experiment: &'static AnyExperiment) -> Self {
        Self {
            experiment,
            records: Rc::new(vec![experiment.empty()]),
            arms: Rc::default(),
            saved: Rc::default(),
            replay: Rc::default(),
            shown: None,
            run: 0,
            probing: false,
            probe_error: None,
            error: None,
            device: None,
            pool: Pool::default(),
            choice: DeviceChoice::default(),
        }
    }

    /// Drops the run, and makes records for a run with this number of seeds.
    fn clear(&mut self, seeds: usize) {
        let experiment = self.experiment;
        let records = Rc::make_mut(&mut self.records);
        records.truncate(1);
        records.resize_with(seeds, || experiment.empty());
        let cleared = |record: &mut AnyRecord| {
            (0..experiment.arms.len()).for_each(|arm| experiment.clear_arm(record, arm));
        };
        records.iter_mut().for_each(cleared);
        (self.arms, self.saved, self.error) = (Rc::default(), Rc::default(), None);
        (self.replay, self.shown) = (Rc::default(), None);
        self.copy_probe();
    }

    /// Copies the seed-independent part of the probe to the records of the other seeds.
    fn copy_probe(&mut self) {
        if let Some((first, further)) = Rc::make_mut(&mut self.records).split_first_mut() {
            further.iter_mut().for_each(|record| self.experiment.copy_probe(first, record));
        }
    }

    fn store_for_replay(&mut self) {
        let progress = self.progress();
        if self.experiment.replays && progress.step > 0 {
            let records = self.records.clone();
            Rc::make_mut(&mut self.replay).note(progress, &records);
        }
    }

    /// Returns the records that are shown: the present ones, or those of an earlier step.
    pub(super) fn shown_records(&self) -> &Rc<Vec<AnyRecord>> {
        self.shown.and_then(|step| self.replay.at(step)).unwrap_or(&self.records)
    }

    fn restart(&mut self, arm: ArmId) {
        let (seed, kind) = split_arm_id(self.experiment, arm);
        if let Some(record) = Rc::make_mut(&mut self.records).get_mut(seed) {
            self.experiment.clear_arm(record, kind);
        }
        if let Some(status) = Rc::make_mut(&mut self.arms).get_mut(usize::from(arm.0)) {
            *status = ArmStatus { progress: Progress { step: 0, ..status.progress }, ..ArmStatus::loading() };
        }
    }

    /// Returns the arms whose device or worker was lost.
    pub(super) fn lost(&self) -> Vec<ArmId> {
        let lost = self.arms.iter().enumerate().filter(|(_, arm)| arm.is_lost);
        lost.map(|(index, _)| ArmId(index as u16)).collect()
    }

    /// Restores an arm to its last saved state, if there is one.
    fn restore_arm(&mut self, arm: ArmId) {
        let index = usize::from(arm.0);
        let Some(saved) = self.saved.get(index).cloned().flatten() else { return };
        let (seed, kind) = split_arm_id(self.experiment, arm);
        let experiment = self.experiment;
        if let Some(record) = Rc::make_mut(&mut self.records).get_mut(seed) {
            experiment.load_arm(record, kind, &saved.record);
        }
        if let Some(status) = Rc::make_mut(&mut self.arms).get_mut(index) {
            status.progress.step = saved.step;
        }
    }

    fn on_event(&mut self, task: Task, event: Event) {
        match (task, event) {
            (_, Event::Device { choice, info }) if choice == self.choice => self.device = Some(info),
            (Task::Probe, Event::Arm { event, .. }) => self.on_probe(event),
            (Task::Train | Task::Verify | Task::File | Task::Time, Event::Arm { arm, event, .. }) => {
                self.on_arm(arm, event)
            }
            (
                _,
                Event::Device { .. }
                | Event::Ready
                | Event::Died { .. }
                | Event::FileUnpacked { .. }
                | Event::Prepared { .. },
            ) => {}
        }
    }

    fn on_probe(&mut self, event: ArmEvent) {
        match event {
            ArmEvent::Frame(frame) => {
                let applied = self.apply_frame(ArmId::default(), &frame);
                self.copy_probe();
                if let Err(error) = applied {
                    self.probe_error = Some(LabError::Data(error));
                }
            }
            // A probe that answers requests stays.
            ArmEvent::Finished { .. } | ArmEvent::Idle { .. } => self.probing = false,
            ArmEvent::Failed(error) => (self.probing, self.probe_error) = (false, Some(error)),
            _ => {}
        }
    }

    fn on_arm(&mut self, arm: ArmId, event: ArmEvent) {
        let applied = match &event {
            ArmEvent::Frame(frame) => self.apply_frame(arm, frame),
            _ => Ok(()),
        };
        let Some(status) = Rc::make_mut(&mut self.arms).get_mut(usize::from(arm.0)) else { return };
        if let Err(error) = applied {
            status.state = RunState::Error(error);
        }
        match event {
            ArmEvent::Frame(_) => {}
            ArmEvent::Saved(saved) => {
                if let Some(slot) = Rc::make_mut(&mut self.saved).get_mut(usize::from(arm.0)) {
                    *slot = Some(saved);
                }
            }
            ArmEvent::Loading { what, bytes, total } => {
                if matches!(status.state, RunState::Loading { .. }) {
                    status.state = RunState::Loading { what, bytes, total };
                }
            }
            ArmEvent::Progress { progress, pace } => {
                (status.progress, status.pace) = (progress, pace);
                if matches!(status.state, RunState::Loading { .. }) {
                    status.state = RunState::Running;
                }
            }
            ArmEvent::Paused(paused) => {
                status.state = if paused { RunState::Paused } else { RunState::Running };
            }
            ArmEvent::Finished { stopped } | ArmEvent::Idle { stopped } => {
                status.state = RunState::Done { stopped };
            }
            ArmEvent::Failed(error) => {
                status.is_lost = matches!(error, LabError::Device(_));
                status.state = RunState::Error(error.to_string());
            }
        }
    }

    fn apply_frame(&mut self, arm: ArmId, frame: &[u8]) -> Result<(), String> {
        let (seed, kind) = split_arm_id(self.experiment, arm);
        match Rc::make_mut(&mut self.records).get_mut(seed) {
            Some(record) => self.experiment.apply_frame(record, kind, frame),
            None => Ok(()),
        }
    }

    /// Returns the state of the run as a whole. It runs as long as one arm does, and has failed if all have.
    pub(super) fn state(&self) -> RunState {
        if let Some(error) = &self.error {
            return RunState::Error(error.clone());
        }
        combined_state(&self.arms)
    }

    /// Returns the progress of the slowest arm that has not failed.
    pub(super) fn progress(&self) -> Progress {
        slowest(&self.arms)
    }

    /// Returns the pace of the slowest arm.
    pub(super) fn pace(&self) -> Pace {
        let active = self.arms.iter().filter(|arm| arm.progress.step > 0).map(|arm| arm.pace);
        active.min_by(|a, b| a.steps_per_sec.total_cmp(&b.steps_per_sec)).unwrap_or_default()
    }
}

/// Returns the number of an arm's seed, where 0 is the seed of the settings, and its index among the
/// section's arms.
pub(super) fn split_arm_id(experiment: &AnyExperiment, arm: ArmId) -> (usize, usize) {
    let (number, arms) = (usize::from(arm.0), experiment.arms.len().max(1));
    (number / arms, number % arms)
}
