//! The page's commands for an arm.

use event_listener::Event;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// The page's commands for one arm of a run.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) paused: Cell<bool>,
    /// The number of steps to do although paused.
    pub(super) steps: Cell<u32>,
    stopped: Cell<bool>,
    /// True if the page no longer listens.
    pub(super) forgotten: Cell<bool>,
    pub(super) requests: RefCell<VecDeque<Vec<u8>>>,
    pub(super) update: RefCell<Option<Vec<u8>>>,
    pub(super) wake: Event,
}

impl Control {
    /// Returns the controls of a new arm, which does `steps` steps although it starts paused.
    pub(super) fn new(paused: bool, steps: u32) -> Self {
        Self {
            paused: Cell::new(paused),
            steps: Cell::new(steps),
            stopped: Cell::new(false),
            forgotten: Cell::new(false),
            requests: RefCell::default(),
            update: RefCell::default(),
            wake: Event::new(),
        }
    }

    pub(super) fn pause(&self) {
        self.paused.set(true);
    }

    pub(super) fn resume(&self) {
        self.paused.set(false);
        self.wake.notify(usize::MAX);
    }

    pub(super) fn step(&self) {
        self.paused.set(true);
        self.steps.set(self.steps.get() + 1);
        self.wake.notify(usize::MAX);
    }

    pub(super) fn stop(&self) {
        self.stopped.set(true);
        self.wake.notify(usize::MAX);
    }

    pub(super) fn forget(&self) {
        self.forgotten.set(true);
        self.stop();
    }

    pub(super) fn ask(&self, request: Vec<u8>) {
        self.requests.borrow_mut().push_back(request);
        self.wake.notify(usize::MAX);
    }

    pub(super) fn is_asked(&self) -> bool {
        !self.requests.borrow().is_empty()
    }

    pub(super) fn update(&self, config: Vec<u8>) {
        self.update.replace(Some(config));
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.get()
    }
}
