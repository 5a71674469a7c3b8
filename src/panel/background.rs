//! The sweep of a panel, which is scheduled among the panels of a page by the same rules as its run.

use crate::client::BatchState;
use yew::prelude::*;

/// The sweep of a panel, the reason why run and sweep wait, and the state of the question.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Background {
    /// Set by the sweep.
    pub(super) sweep: UseStateHandle<SweepStatus>,
    /// The reason why run and sweep are paused, if not by the user.
    pub(super) waiting: UseStateHandle<Option<AttrValue>>,
    /// True once the reader has made the prediction that the open question asks for.
    pub(super) predicted: UseStateHandle<bool>,
}

/// The state of a sweep, and the ways to pause and resume it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SweepStatus {
    pub(super) state: BatchState,
    pub(super) pause: Callback<()>,
    pub(super) resume: Callback<()>,
}

/// Returns the state of a panel's sweep.
#[hook]
pub(super) fn use_background() -> Background {
    Background {
        sweep: use_state_eq(SweepStatus::default),
        waiting: use_state_eq(|| None),
        predicted: use_state_eq(|| false),
    }
}
