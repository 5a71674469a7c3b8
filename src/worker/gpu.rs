//! WebGPU: found, started, and tested before it is used.

use crate::verify::self_test::self_test;
use crate::worker::runtime::Signal;
use burn::tensor::Device;
use std::cell::RefCell;
use std::rc::Rc;

/// A step of a small transformer asks for some 400 tasks; each submit costs the worker a tenth of a millisecond or more.
const TASKS_PER_SUBMIT: usize = 256;

thread_local! {
    /// The outcome of this worker's only attempt.
    static GPU: RefCell<Option<Result<Device, String>>> = const { RefCell::new(None) };
    /// Held by the run that tries. A runtime can be started only once, so the others wait for the outcome.
    static TRYING: RefCell<Option<Rc<Signal>>> = const { RefCell::new(None) };
}

/// Returns the GPU, or the reason why it is not used. The page has already found out that there is an adapter.
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
