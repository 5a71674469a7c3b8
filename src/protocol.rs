//! The types of the messages between the page and its workers, which are encoded as postcard bytes.
//!
//! Configs travel as bytes inside a message. Frames travel as bytes next to their event, in a buffer that is
//! transferred. They are decoded only by the page's hook and the worker's dispatch, which both know the
//! experiment. The visitor's files travel next to a message as the browser's own blobs, so that their bytes
//! are copied only where they are read.

use serde::{Deserialize, Serialize};
use std::rc::Rc;

pub use crate::core::compared::ComparedTensor;
pub use crate::core::data_set::{DataAnswer, DataRequest};
pub use crate::core::files::{FileKind, UserFile};
pub use crate::core::{LabError, Progress};

/// Identifies a run, so that a late frame of an old run never reaches a new one. No number is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub u32);

/// A message from the page to a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The first command.
    Hello {
        /// The address below which the page's files are.
        base_url: String,
        /// The files whose names there differ from those in the source: the two names of each.
        names: Vec<(String, String)>,
    },
    /// Determine the device that computes. [`Event::Device`] answers.
    Device(DeviceChoice),
    /// Start a probe of a section, or train arms of a run.
    Start {
        /// The run that the events will name.
        run: RunId,
        /// The section.
        slug: String,
        /// Probe, train or verify.
        task: Task,
        /// The arms, which take turns on this worker.
        arms: Vec<ArmStart>,
        /// True if the run waits before its first step.
        paused: bool,
        /// A request that is answered before the first step.
        request: Option<Vec<u8>>,
        /// The place of this worker if several train the same network. There is one arm then, and the ports of
        /// the channels to the other workers come next to this command.
        team: Option<TeamPlace>,
    },
    /// Pause at the end of the step.
    Pause(RunId),
    /// Continue after a pause.
    Resume(RunId),
    /// Do one step, then pause.
    Step(RunId),
    /// End the training at the end of the step. The run may stay to answer requests.
    Stop(RunId),
    /// End the run at the end of the step: the page no longer listens.
    Forget(RunId),
    /// A request to a run that trains, waits or has done its last step.
    Request {
        /// The run.
        run: RunId,
        /// Postcard bytes that its experiment understands.
        request: Vec<u8>,
    },
    /// New values of the settings that may change during a run.
    Update {
        /// The run.
        run: RunId,
        /// All settings of the section, in postcard bytes.
        config: Vec<u8>,
    },
    /// Check and unpack a file of the visitor. Its blob comes next to this command.
    UnpackFile {
        /// The number that the answer will name.
        run: RunId,
        /// The kind of the file.
        kind: FileKind,
        /// Its name.
        name: String,
    },
    /// Read files of the visitor as a data set, or change one. The blobs come next to this command.
    Prepare {
        /// The number that the answer will name.
        run: RunId,
        /// The files to be read, or the change.
        request: DataRequest,
        /// The names of the files, in the order of their blobs. If the request changes a data set, its file comes first and
        /// has no name here.
        names: Vec<String>,
    },
    /// A file that was accepted before. Its blob comes next to this command.
    AddFile {
        /// The path by which experiments read it.
        path: String,
    },
    /// The visitor has removed a file.
    RemoveFile {
        /// Its path.
        path: String,
    },
}

/// The place of a worker among those that train one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamPlace {
    /// The number of the worker; the leader is 0.
    pub place: u8,
    /// The number of workers.
    pub workers: u8,
}

/// One arm of a run to be trained, or a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmStart {
    /// The number of the arm in the run, counting the arms of every seed.
    pub id: ArmId,
    /// The index among the section's arms.
    pub arm: u8,
    /// The settings, in postcard bytes.
    pub config: Vec<u8>,
    /// The state from which it resumes, if it does.
    pub from: Option<Rc<SavedArm>>,
}

/// Everything that an arm needs to resume on another worker, or later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedArm {
    /// The number of steps done.
    pub step: u32,
    /// Weights, optimizer state, and everything else that the worker needs.
    pub checkpoint: Vec<u8>,
    /// The arm's part of the record up to that step.
    pub record: Vec<u8>,
}

/// Identifies an arm of a run. The arms of all seeds are counted, seed by seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArmId(pub u16);

/// The part of an experiment that a worker performs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Task {
    /// Makes the measurements that need no training.
    Probe,
    /// Trains.
    Train,
    /// Verifies a device in all sections. The frames are the entries of a report, see `VerifyEvent`.
    Verify,
    /// Measures what a run would cost. The frames are to be ignored, except for the last one, which is an
    /// [`ArmCost`](crate::run::timing::ArmCost).
    Time,
    /// Writes or reads a file for programs outside the lab. The request is a [`FileRequest`], and the frame its
    /// [`FileAnswer`].
    File,
}

/// A file that a worker writes or reads, for the settings of its arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FileRequest {
    /// Write the first steps of all networks.
    SetUp,
    /// Write the weights of the arm, in the state from which it would resume.
    Weights,
    /// Read weights for the arm.
    Open(Vec<u8>),
    /// Compare the tensors of a file with the first steps of all networks.
    Compare(Vec<u8>),
}

/// The answer to a [`FileRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FileAnswer {
    /// A file was written.
    Written(Vec<u8>),
    /// Weights were read.
    Opened {
        /// The state from which the arm starts.
        saved: Rc<SavedArm>,
        /// Remarks on the file.
        remarks: Vec<String>,
    },
    /// The tensors of a file were compared.
    Compared(Vec<ComparedTensor>),
}

/// A message from a worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The worker's module has failed. The page replaces the worker.
    Died {
        /// The panic's message.
        reason: String,
    },
    /// The worker runs and accepts commands.
    Ready,
    /// The device that computes.
    Device {
        /// The choice that leads to this device.
        choice: DeviceChoice,
        /// The device.
        info: DeviceInfo,
    },
    /// An event of one arm of a run.
    Arm {
        /// The run.
        run: RunId,
        /// The arm.
        arm: ArmId,
        /// The event.
        event: ArmEvent,
    },
    /// A file of the visitor was accepted.
    FileUnpacked {
        /// The number of the command.
        run: RunId,
        /// The files that were in it. Their blobs come next to this event, in the same order.
        files: Vec<UserFile>,
    },
    /// Files were read as a data set. If they can be used, the data file comes next to this event.
    Prepared {
        /// The number of the command.
        run: RunId,
        /// The answer.
        answer: Rc<DataAnswer>,
    },
}

impl Event {
    /// Returns the bytes of a frame. Encoding the event leaves them out, so that a frame is encoded once, and
    /// its buffer is handed over without a copy.
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

/// An event of one arm, or of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ArmEvent {
    /// A file is being downloaded.
    Loading {
        /// The file.
        what: String,
        /// The bytes so far.
        bytes: u32,
        /// The bytes in all, if they are known.
        total: Option<u32>,
    },
    /// A frame in postcard bytes. They travel next to the encoded event, in a buffer of their own: see
    /// [`Event::frame`].
    Frame(#[serde(skip)] Vec<u8>),
    /// A step was done.
    Progress {
        /// The steps done, and the steps of the run.
        progress: Progress,
        /// The speed.
        pace: Pace,
    },
    /// A state from which the arm can resume; sent every few seconds.
    Saved(Rc<SavedArm>),
    /// The arm pauses (`true`) or continues.
    Paused(bool),
    /// The training is over, and the network stays to answer requests.
    Idle {
        /// True if the user stopped it before its last step.
        stopped: bool,
    },
    /// The arm has ended.
    Finished {
        /// True if the user stopped it before its last step.
        stopped: bool,
    },
    /// The arm has ended with an error.
    Failed(LabError),
}

/// The speed of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Steps per second, smoothed, including everything between the steps.
    pub steps_per_sec: f32,
    /// The worker's time for a step in milliseconds, the minimum since the last frame: on the CPU the time of
    /// the step itself, on a GPU the time to enqueue it.
    pub enqueue_ms: f32,
    /// The memory of the worker's module in bytes, which never shrinks.
    pub memory: u32,
    /// The number of workers that train the network together; 0 before the first report.
    pub team: u8,
}

/// The device that the visitor wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// A hardware GPU that passes the self-test, or else the CPU.
    #[default]
    Auto,
    /// WebGPU with any adapter. The CPU is used only if there is no adapter or it computes wrongly.
    Webgpu,
    /// The CPU.
    Cpu,
}

/// The device that computes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// The kind of the device.
    pub kind: DeviceKind,
    /// The name of the adapter, as the browser reports it.
    pub name: String,
    /// The reason why it is not the device that was asked for.
    pub fallback: Option<String>,
}

impl DeviceInfo {
    /// Returns the CPU, with the reason why it is not the device that was asked for.
    pub fn cpu(fallback: Option<String>) -> Self {
        Self { kind: DeviceKind::Cpu, name: "Flex, 128-bit SIMD, one thread".to_owned(), fallback }
    }
}

/// The kind of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// A GPU.
    Webgpu,
    /// The CPU.
    Cpu,
}

impl DeviceKind {
    /// Returns the name in `data-device`.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Webgpu => "webgpu",
            Self::Cpu => "cpu",
        }
    }
}

/// The state of a run on the page, which is the panel's `data-state`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RunState {
    /// There is no run.
    #[default]
    Idle,
    /// The worker or a data file is being downloaded.
    Loading {
        /// The file.
        what: String,
        /// The bytes so far.
        bytes: u32,
        /// The bytes in all, if they are known.
        total: Option<u32>,
    },
    /// It trains.
    Running,
    /// It waits.
    Paused,
    /// It has ended.
    Done {
        /// True if the user stopped it before its last step.
        stopped: bool,
    },
    /// It has ended with an error.
    Error(String),
}

impl RunState {
    /// Returns the name in `data-state`.
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

    /// Returns true if a run is loading, running or paused.
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
