//! Runs that can be kept: what is written down of a run, the file that it travels in, and the list of runs that a panel
//! keeps; and the guided experiments that were finished. Pure: where the list is stored and how it is shown is the panels' affair.

pub mod finished;
pub mod format;
pub mod history;
pub mod import;
pub mod run_record;
pub mod timestamp;

pub use crate::saved_runs::finished::{Finished, SeedAnswer};
pub use crate::saved_runs::history::{History, Kept, Origin};
pub use crate::saved_runs::import::ImportError;
pub use crate::saved_runs::run_record::{
    Change, DeviceUsed, KeptSeed, KeptSeries, Outcome, RunRecord, Steps,
};
pub use crate::saved_runs::timestamp::Timestamp;
