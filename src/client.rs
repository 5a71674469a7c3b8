//! The page's side of its workers: hooks that start runs, and handle their events.

mod arm_status;
mod batch;
mod dispatcher;
mod estimate;
mod experiment;
mod file_job;
mod files;
mod gather;
mod options;
mod page_lock;
mod pool;
mod recompute;
mod replay;
mod runner;
mod session;
mod storage;
mod unfinished;
mod user_files;
mod verify;
mod worker;
mod worker_kind;

pub use crate::client::arm_status::ArmStatus;
pub use crate::client::batch::{BatchHandle, use_batch, workers_for};
pub use crate::client::dispatcher::Pool;
pub use crate::client::estimate::{Enough, RunTimes, Timing, use_run_times};
pub use crate::client::experiment::{AnyRun, RunHandle, use_experiment};
pub use crate::client::file_job::{FileEvent, FileJob};
pub use crate::client::files::{Files, NewFiles, use_files};
pub use crate::client::options::RunOptions;
pub use crate::client::recompute::{Numbers, Repeat, RepeatHandle, Repeated, use_repeats};
pub use crate::client::runner::{Batch, BatchState, RunResult};
pub(crate) use crate::client::runner::{is_known, is_named};
pub use crate::client::unfinished::{Unfinished, UnfinishedRun};
pub use crate::client::verify::{Timed, Verification, Verified, VerifyReport, use_verification};
pub use crate::client::worker::fetch_text;
