//! Options of a run that are not settings of its section.

use crate::protocol::DeviceChoice;

/// The options of a run, in addition to its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// The device that the user wants.
    pub device: DeviceChoice,
    /// The number of seeds: the seed of the settings, and those that follow it.
    pub seeds: u32,
}
