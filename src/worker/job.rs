//! An arm that a worker computes.

use crate::core::LabError;
use crate::protocol::{ArmEvent, ArmId, ArmStart, Event, RunId, Task};
use crate::run::shards::Team;
use crate::worker::control::Control;
use crate::worker::runtime;
use crate::worker::team::PortTeam;
use crate::worker::turns::Turns;
use serde::de::DeserializeOwned;
use std::rc::Rc;

/// One arm to be trained, or a probe.
pub(super) struct Job {
    pub(super) run: RunId,
    pub(super) task: Task,
    pub(super) arm: ArmStart,
    pub(super) control: Rc<Control>,
    /// The queue of the arms that this worker trains.
    pub(super) turns: Rc<Turns>,
    pub(super) count: usize,
    /// The other workers that train the same network, if there are any.
    pub(super) team: Option<Rc<PortTeam>>,
}

impl Job {
    /// Returns true if another worker leads the training of this network.
    pub(super) fn follows(&self) -> bool {
        self.team.as_ref().is_some_and(|team| team.place() > 0)
    }
}

/// Sends an event of an arm to the page.
pub(super) fn post_arm(run: RunId, arm: ArmId, event: ArmEvent) {
    runtime::post(&Event::Arm { run, arm, event });
}

/// Decodes bytes from the page.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, LabError> {
    postcard::from_bytes(bytes).map_err(|error| {
        LabError::Config(format!("The page and its worker do not fit together ({error}). Reload the page."))
    })
}
