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
}

impl<E: Experiment> Default for Collector<E> {
    fn default() -> Self {
        Self { frames: Vec::new(), ticks: Vec::new(), frame_every: 10, stop_at: None, updates: Vec::new() }
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
        let path = format!("static/{path}");
        std::fs::read(&path).map(Rc::from).map_err(|error| LabError::Data(format!("{path}: {error}")))
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
