//! Runs that can be kept: what is written down of a run, the file that it travels in, and the list of runs that a panel
//! keeps. Pure: where the list is stored and how it is shown is the panels' affair.

pub mod evidence;
pub mod history;
pub mod moment;
pub mod words;

pub use evidence::{Change, DeviceUsed, Evidence, KeptSeries, Outcome, Refusal, Steps};
pub use history::{History, Kept, Origin};
pub use moment::Moment;
