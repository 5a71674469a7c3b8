//! The reading of some files, which tells its progress and may be cancelled.

use crate::core::{LabError, Progress};
use crate::protocol::{ArmEvent, ArmId, Event, Pace, RunId};
use crate::worker::messages::{self, Blob};
use std::cell::Cell;
use std::rc::Rc;

/// The minimum time between two reports of the progress, in milliseconds.
const REPORT_MS: f64 = 100.0;

/// The reading of some files, which the page may cancel.
pub(super) struct DataJob {
    pub(super) run: RunId,
    /// True if the page no longer waits for the answer.
    pub(super) is_cancelled: Rc<Cell<bool>>,
}

impl DataJob {
    /// Tells the page how many of `total` files or pictures are done. `what` names them.
    pub(super) fn progress(&self, what: &str, done: u32, total: u32) {
        thread_local! {
            static REPORTED: Cell<f64> = const { Cell::new(0.0) };
        }
        let now = messages::now_ms();
        if done < total && now - REPORTED.get() < REPORT_MS {
            return;
        }
        REPORTED.set(now);
        if done == 0 {
            let loading = ArmEvent::Loading { what: what.to_owned(), bytes: 0, total: None };
            self.post(loading);
        }
        let progress = Progress { step: done, steps: total };
        self.post(ArmEvent::Progress { progress, pace: Pace::default() });
    }

    /// Tells the page that the files cannot be used.
    pub(super) fn fail(&self, error: LabError) {
        self.post(ArmEvent::Failed(error));
    }

    fn post(&self, event: ArmEvent) {
        messages::post(&Event::Arm { run: self.run, arm: ArmId::default(), event });
    }

    /// Returns true if the page no longer waits for the answer.
    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.get()
    }

    /// Waits for one turn of the event loop, so that runs continue and a cancellation arrives.
    pub(super) async fn breathe(&self) {
        messages::yield_now().await;
    }
}

/// The maximum size of a file in bytes, of which a worker holds several copies while it reads.
const MAX_FILE: u64 = 500_000_000;

/// Returns the bytes of a file.
///
/// # Errors
///
/// Fails if the file is too large, or if the browser can no longer read it.
pub(super) async fn bytes_of(name: &str, blob: &Blob) -> Result<Vec<u8>, LabError> {
    if blob.size() > MAX_FILE {
        let megabytes = blob.size() / 1_000_000;
        return Err(LabError::Data(format!(
            "{name} has {megabytes} MB; at most {} MB are read. Take a part of it.",
            MAX_FILE / 1_000_000
        )));
    }
    blob.read().await.map_err(|_| LabError::Data(format!("{name} could not be read. Choose it again.")))
}
