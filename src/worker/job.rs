//! One arm that a worker computes, and what its files share.

use crate::core::LabError;
use crate::protocol::{ArmEvent, ArmId, ArmStart, Event, RunId, Task};
use crate::worker::control::Control;
use crate::worker::runtime;
use crate::worker::turns::Turns;
use serde::de::DeserializeOwned;
use std::rc::Rc;

/// One arm to be trained, or a probe.
pub(super) struct Job {
    pub(super) run: RunId,
    pub(super) task: Task,
    pub(super) arm: ArmStart,
    pub(super) control: Rc<Control>,
    /// Whose turn it is among the arms that this worker trains, and how many they are.
    pub(super) turns: Rc<Turns>,
    pub(super) count: usize,
}

/// Sends an event of an arm to the page.
pub(super) fn post_arm(run: RunId, arm: ArmId, event: ArmEvent) {
    runtime::post(&Event::Arm { run, arm, event });
}

/// Decodes what the page has sent.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, LabError> {
    postcard::from_bytes(bytes).map_err(|error| {
        LabError::Config(format!("The page and its worker do not fit together ({error}). Reload the page."))
    })
}
