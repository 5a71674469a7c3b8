//! The only types that cross the worker boundary, as postcard bytes.
//!
//! Configs and frames travel as bytes inside the messages: only the page's hook and the worker's dispatch, which
//! both know the experiment, decode them. The visitor's files travel beside a message as the browser's own blobs, so that
//! their bytes are copied only where they are read.

use serde::{Deserialize, Serialize};
use std::rc::Rc;

pub use crate::core::files::{FileKind, UserFile};
pub use crate::core::{LabError, Progress};

/// Tells one run from another, so that a late frame of an old run never reaches a new one. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub u32);

/// What the page asks of the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The first command: where the page's files are, and the names of those that have others there than in the source.
    Hello { base_url: String, names: Vec<(String, String)> },
    /// Find out which device computes; [`Event::Device`] answers.
    Device(DeviceChoice),
    /// Start a probe of the section `slug`, or train some arms of a run, which take turns. A run may be given its first
    /// request along.
    Start {
        run: RunId,
        slug: String,
        task: Task,
        arms: Vec<ArmStart>,
        paused: bool,
        request: Option<Vec<u8>>,
    },
    /// Wait at the end of the step.
    Pause(RunId),
    /// Go on after a pause.
    Resume(RunId),
    /// Do one step, then wait.
    Step(RunId),
    /// End the training at the end of the step. The run may stay to answer requests.
    Stop(RunId),
    /// End altogether at the end of the step: nobody listens any longer.
    Forget(RunId),
    /// A request to a run that trains, waits or has done its last step: bytes that its experiment understands.
    Request { run: RunId, request: Vec<u8> },
    /// Settings that may change while running.
    Update { run: RunId, config: Vec<u8> },
    /// Check and unpack a file of the visitor's, which comes beside this.
    Take { run: RunId, kind: FileKind, name: String },
    /// A file that was taken in before comes beside this.
    Keep { path: String },
    /// The visitor has removed a file.
    Remove { path: String },
}

/// One arm of a run to be trained, or the one task of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmStart {
    /// Which of the run's it is: in its events, arms of every seed are counted.
    pub id: ArmId,
    /// Its number among the section's arms.
    pub arm: u8,
    pub config: Vec<u8>,
    /// What it goes on from, if it goes on.
    pub from: Option<Rc<SavedArm>>,
}

/// All that one arm needs to go on elsewhere or later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedArm {
    /// Steps done.
    pub step: u32,
    /// Weights, optimizer, and whatever else the worker needs.
    pub checkpoint: Vec<u8>,
    /// What the page had heard by then: the arm's part of the record.
    pub heard: Vec<u8>,
}

/// Tells the arms of one run from each other, those of all seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArmId(pub u16);

/// Which half of an experiment is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Task {
    /// What can be measured without training.
    Probe,
    /// Training.
    Train,
    /// Everything that a device can be held against, in whatever section: its frames are lines of a report, see
    /// `VerifyEvent`.
    Verify,
}

/// What the worker tells the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The worker's module has failed for good; the page replaces the worker.
    Died { reason: String },
    /// The worker runs and listens.
    Ready,
    /// The device that computes where this is chosen.
    Device { choice: DeviceChoice, info: DeviceInfo },
    /// Something of one arm of a run.
    Arm { run: RunId, arm: ArmId, event: ArmEvent },
    /// A file was taken in; what came of it comes beside this, in the same order.
    Taken { run: RunId, files: Vec<UserFile> },
}

impl Event {
    /// Returns the bytes of a frame. Encoding the event leaves them out, so that a frame is encoded once, and its buffer is
    /// handed over without a copy.
    pub fn frame(&self) -> Option<&[u8]> {
        match self {
            Self::Arm { event: ArmEvent::Frame(bytes), .. } => Some(bytes),
            _ => None,
        }
    }

    /// Returns the event with the bytes of the frame that came next to it.
    #[must_use]
    pub fn with_frame(self, bytes: Vec<u8>) -> Self {
        match self {
            Self::Arm { run, arm, event: ArmEvent::Frame(_) } => {
                Self::Arm { run, arm, event: ArmEvent::Frame(bytes) }
            }
            other => other,
        }
    }
}

/// What the worker tells of one arm, or of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ArmEvent {
    /// Bytes of a data file have come.
    Loading { what: String, bytes: u32, total: Option<u32> },
    /// A frame in postcard bytes. They travel next to the encoded event, in a buffer of their own: see [`Event::frame`].
    Frame(#[serde(skip)] Vec<u8>),
    /// How far it is, and how fast.
    Progress { progress: Progress, pace: Pace },
    /// It could go on from here; now and then.
    Saved(Rc<SavedArm>),
    /// It waits or goes on.
    Paused(bool),
    /// The training is over, at its end or by the visitor's wish, and the net stays to answer requests.
    Idle { stopped: bool },
    /// It is over: at its end, or by the visitor's wish.
    Finished { stopped: bool },
    /// It is over, because of this.
    Failed(LabError),
}

/// How fast a run goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Steps a second, smoothed, all that happens between them included.
    pub steps_per_sec: f32,
    /// The worker's own time for a step, the shortest since the last frame, in milliseconds: on the CPU that is the
    /// step itself, on a GPU the time to enqueue it.
    pub enqueue_ms: f32,
    /// The memory of the worker's module, in bytes; it never shrinks.
    pub memory: u32,
}

/// Which device the visitor wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// A real GPU that passes the self-test, else the CPU.
    #[default]
    Auto,
    /// WebGPU, whatever the adapter; the CPU only where there is none or it computes wrongly.
    Webgpu,
    /// The CPU.
    Cpu,
}

/// The device that computes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    pub kind: DeviceKind,
    /// The adapter's name, as the browser tells it.
    pub name: String,
    /// Why it is not the device that was asked for.
    pub fallback: Option<String>,
}

impl DeviceInfo {
    /// The CPU, and why it is not the device that was asked for.
    pub fn cpu(fallback: Option<String>) -> Self {
        Self { kind: DeviceKind::Cpu, name: "Flex, 128-bit SIMD, one thread".to_owned(), fallback }
    }
}

/// What kind of device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    Webgpu,
    Cpu,
}

impl DeviceKind {
    /// The name in `data-device`.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Webgpu => "webgpu",
            Self::Cpu => "cpu",
        }
    }
}

/// What a run is doing, as the page knows it; the panel's `data-state`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RunState {
    #[default]
    Idle,
    /// The worker or a data file is being fetched: what, bytes so far, bytes in all.
    Loading {
        what: String,
        bytes: u32,
        total: Option<u32>,
    },
    Running,
    Paused,
    /// Over; `stopped` if the visitor ended it early.
    Done {
        stopped: bool,
    },
    /// Over, and why.
    Error(String),
}

impl RunState {
    /// The name in `data-state`.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Loading { .. } => "loading",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done { .. } => "done",
            Self::Error(_) => "error",
        }
    }

    /// Whether a run is under way, be it paused or still loading.
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Loading { .. } | Self::Running | Self::Paused)
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::*;

    #[test]
    fn a_frame_travels_next_to_its_event() {
        let event = Event::Arm { run: RunId(3), arm: ArmId(1), event: ArmEvent::Frame(vec![7; 500]) };
        let header = postcard::to_stdvec(&event).unwrap();
        assert!(header.len() < 10, "{} bytes", header.len());
        let decoded: Event = postcard::from_bytes(&header).unwrap();
        assert_eq!(decoded.frame(), Some(&[][..]));
        assert_eq!(decoded.with_frame(event.frame().unwrap().to_vec()), event);
    }
}
