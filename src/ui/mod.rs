//! Controls, figures and readouts: what every panel is made of. Nothing here knows an experiment, only the
//! settings' table, the run's state and the shape of a check.

pub mod checks;
pub mod control;
pub mod export;
pub mod figure;
pub mod math;
pub mod picture;
pub mod player;
pub mod readout;
pub mod run_controls;
pub mod styles;
pub mod theme;
pub mod visibility;

use std::cell::Cell;
use yew::prelude::*;

/// A number that no other component on the page has, for the ids that labels point to.
#[hook]
pub fn use_unique() -> u32 {
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    let number = use_state(|| NEXT.with(|next| next.replace(next.get().wrapping_add(1))));
    *number
}
