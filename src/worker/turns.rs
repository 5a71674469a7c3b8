//! Whose turn it is among the arms that one worker trains.

use crate::worker::runtime::Signal;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// A queue for the device: one arm computes at a time, so that a step is timed by itself and all go on alike.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: Cell<bool>,
    /// Tickets of those that wait, first come, first served.
    waiting: RefCell<VecDeque<u32>>,
    last_ticket: Cell<u32>,
    freed: Signal,
}

impl Turns {
    /// Waits for its turn.
    pub(super) async fn take(&self) {
        let ticket = self.last_ticket.get().wrapping_add(1);
        self.last_ticket.set(ticket);
        self.waiting.borrow_mut().push_back(ticket);
        while self.taken.get() || self.waiting.borrow().front() != Some(&ticket) {
            self.freed.wait().await;
        }
        self.waiting.borrow_mut().pop_front();
        self.taken.set(true);
    }

    /// Lets the next one go on.
    pub(super) fn give_back(&self) {
        self.taken.set(false);
        self.freed.notify();
    }
}
