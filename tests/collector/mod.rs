//! An experiment's other end in native tests: keeps the frames, and wishes what the test wishes.
#![allow(dead_code, reason = "each test binary uses its part")]

use nn_lab::experiments::{Emit, Experiment, LabError, Progress, Tick};
use std::rc::Rc;

pub(crate) struct Collector<E: Experiment> {
    pub frames: Vec<E::Frame>,
    pub ticks: Vec<Progress>,
    /// Ask for a frame at every nth step.
    pub frame_every: u32,
    /// Stop at this step.
    pub stop_at: Option<u32>,
    /// Settings that arrive after a step, in order.
    pub updates: Vec<(u32, E::Config)>,
    /// Requests that arrive after a step, in order: those of step 0 before the run, those of `u32::MAX` after it.
    pub requests: Vec<(u32, Vec<u8>)>,
    /// Files that a visitor brought, by their paths.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

impl<E: Experiment> Default for Collector<E> {
    fn default() -> Self {
        Self {
            frames: Vec::new(),
            ticks: Vec::new(),
            frame_every: 10,
            stop_at: None,
            updates: Vec::new(),
            requests: Vec::new(),
            files: Vec::new(),
        }
    }
}

impl<E: Experiment> Collector<E> {
    /// What the page would know after these frames.
    pub(crate) fn record(&self) -> E::Record {
        let mut record = E::Record::default();
        for frame in &self.frames {
            // Through the codec, as in the page.
            let bytes = postcard::to_stdvec(frame).expect("a frame can be encoded");
            E::absorb(&mut record, postcard::from_bytes(&bytes).expect("a frame can be decoded"));
        }
        record
    }
}

impl<E: Experiment> Emit<E> for Collector<E> {
    async fn tick(&mut self, progress: Progress) -> Tick {
        let mut asked = false;
        for (at, _) in self.requests.iter_mut().filter(|(at, _)| *at <= progress.step) {
            (*at, asked) = (0, true);
        }
        if asked {
            return Tick::Ask;
        }
        self.ticks.push(progress);
        if self.stop_at == Some(progress.step) {
            Tick::Stop
        } else if progress.step.is_multiple_of(self.frame_every) {
            Tick::Frame
        } else {
            Tick::Continue
        }
    }

    fn send(&mut self, frame: E::Frame) {
        self.frames.push(frame);
    }

    fn update(&mut self) -> Option<E::Config> {
        let step = self.ticks.last()?.step;
        let due = self.updates.iter().position(|(at, _)| *at <= step)?;
        Some(self.updates.remove(due).1)
    }

    async fn asset(&mut self, path: &str) -> Result<Rc<[u8]>, LabError> {
        if let Some((_, bytes)) = self.files.iter().find(|(name, _)| *name == path) {
            return Ok(bytes.as_slice().into());
        }
        let path = format!("static/{path}");
        std::fs::read(&path).map(Rc::from).map_err(|error| LabError::Data(format!("{path}: {error}")))
    }

    fn request(&mut self) -> Option<Vec<u8>> {
        let step = self.ticks.last().map_or(0, |progress| progress.step);
        let due = self.requests.iter().position(|(at, _)| *at <= step)?;
        Some(self.requests.remove(due).1)
    }

    async fn idle(&mut self) -> Tick {
        for (at, _) in &mut self.requests {
            *at = 0;
        }
        if self.requests.is_empty() { Tick::Stop } else { Tick::Ask }
    }
}

/// Runs a future to its end on this thread; on Flex nothing ever waits for long.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}
