//! WebGPU: found, started and tested before anything is believed.

use crate::verify::self_test::self_test;
use crate::worker::runtime::Signal;
use burn::tensor::Device;
use std::cell::RefCell;
use std::rc::Rc;

/// A step of a small transformer asks for some 400 tasks; each submit costs the worker a tenth of a millisecond or more.
const TASKS_PER_SUBMIT: usize = 256;

thread_local! {
    /// The outcome of the one attempt in this worker's life.
    static GPU: RefCell<Option<Result<Device, String>>> = const { RefCell::new(None) };
    /// Held by the run that tries; a runtime can be started only once, so the others wait for the outcome.
    static TRYING: RefCell<Option<Rc<Signal>>> = const { RefCell::new(None) };
}

/// The GPU, or why it is not used. Whether it is worth asking for, the page has found out.
pub(super) async fn gpu() -> Result<Device, String> {
    while let Some(trying) = TRYING.with_borrow(Clone::clone) {
        trying.wait().await;
    }
    if let Some(known) = GPU.with_borrow(Clone::clone) {
        return known;
    }
    let signal = Rc::new(Signal::default());
    TRYING.set(Some(signal.clone()));
    let outcome = match Device::wgpu_options().tasks_max(TASKS_PER_SUBMIT).init_async().await {
        Ok(device) => self_test(&device).await.map(|()| device),
        Err(error) => Err(format!("WebGPU could not be started: {error:?}.")),
    };
    GPU.set(Some(outcome.clone()));
    TRYING.set(None);
    signal.notify();
    outcome
}
