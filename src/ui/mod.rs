//! Controls, figures and readouts: the parts of every panel. They do not know about experiments, only about
//! parameters, the state of a run, and checks.

pub mod checks;
pub mod control;
pub mod export;
pub mod figure;
pub mod file_drag;
pub mod math;
pub mod number_field;
pub mod picture;
pub mod player;
pub mod readout;
pub mod run_controls;
pub mod styles;
pub mod theme;
pub mod visibility;

use std::cell::Cell;
use yew::prelude::*;

/// Returns a number that is unique on the page, for the ids that labels refer to.
#[hook]
pub fn use_unique() -> u32 {
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    let number = use_state(|| NEXT.with(|next| next.replace(next.get().wrapping_add(1))));
    *number
}
