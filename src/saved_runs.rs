//! Saved runs: the record of a run, its file, and the list of runs that a panel saves; and finished guided
//! experiments. Pure: the panels store and show the list.

pub mod finished;
pub mod format;
pub mod history;
pub mod import;
pub mod run_record;
pub mod timestamp;

pub use crate::saved_runs::finished::{Finished, SeedAnswer};
pub use crate::saved_runs::history::{History, Origin, RemovalCause, SavedRun};
pub use crate::saved_runs::import::ImportError;
pub use crate::saved_runs::run_record::{
    Change, DeviceUsed, Outcome, RunRecord, SavedSeed, SavedSeries, Steps,
};
pub use crate::saved_runs::timestamp::Timestamp;
