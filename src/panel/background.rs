//! What a panel does beside its run: a sweep, which shares the machine with other panels by the same rules.

use crate::client::BatchState;
use yew::prelude::*;

/// How the sweep of a panel stands, and why it waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Background {
    /// The sweep tells this.
    pub(super) sweep: UseStateHandle<SweepStatus>,
    /// Why what is under way waits, if not by its visitor's wish.
    pub(super) waiting: UseStateHandle<Option<AttrValue>>,
}

/// How a sweep stands, and how it is held and let go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SweepStatus {
    pub(super) state: BatchState,
    pub(super) pause: Callback<()>,
    pub(super) resume: Callback<()>,
}

/// What goes on beside the run of a panel.
#[hook]
pub(super) fn use_background() -> Background {
    Background { sweep: use_state_eq(SweepStatus::default), waiting: use_state_eq(|| None) }
}
