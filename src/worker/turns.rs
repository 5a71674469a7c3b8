//! A queue for the arms that one worker trains.

use event_listener::Event;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// A queue for the device: one arm computes at a time, so that each step is timed separately and all arms
/// advance at the same rate.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: Cell<bool>,
    /// The tickets of the waiting arms, in the order of their arrival.
    waiting: RefCell<VecDeque<u32>>,
    last_ticket: Cell<u32>,
    freed: Event,
}

impl Turns {
    /// Waits for a turn.
    pub(super) async fn take(&self) {
        let ticket = self.last_ticket.get().wrapping_add(1);
        self.last_ticket.set(ticket);
        self.waiting.borrow_mut().push_back(ticket);
        while self.taken.get() || self.waiting.borrow().front() != Some(&ticket) {
            self.freed.listen().await;
        }
        self.waiting.borrow_mut().pop_front();
        self.taken.set(true);
    }

    /// Ends a turn, so that the next arm can compute.
    pub(super) fn give_back(&self) {
        self.taken.set(false);
        self.freed.notify(usize::MAX);
    }
}
