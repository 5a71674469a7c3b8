//! WebGPU: found, started, and tested before it is used.

use crate::core::LabError;
use crate::verify::self_test::self_test;
use burn::tensor::Device;
use event_listener::Event;
use std::cell::RefCell;
use std::rc::Rc;

/// The number of tasks per submit. A step of a small transformer has about 400 tasks, and each submit takes
/// the worker at least a tenth of a millisecond.
const TASKS_PER_SUBMIT: usize = 256;

thread_local! {
    /// The outcome of this worker's only attempt.
    static GPU: RefCell<Option<Result<Device, LabError>>> = const { RefCell::new(None) };
    /// Set while a run tries. A runtime can be started only once, so the others wait for the outcome.
    static TRYING: RefCell<Option<Rc<Event>>> = const { RefCell::new(None) };
}

/// Returns the GPU, or the reason why it is not used. The page has already checked that there is an adapter.
pub(super) async fn gpu() -> Result<Device, LabError> {
    while let Some(trying) = TRYING.with_borrow(Clone::clone) {
        trying.listen().await;
    }
    if let Some(known) = GPU.with_borrow(Clone::clone) {
        return known;
    }
    let done = Rc::new(Event::new());
    TRYING.set(Some(done.clone()));
    let outcome = match Device::wgpu_options().tasks_max(TASKS_PER_SUBMIT).init_async().await {
        Ok(device) => self_test(&device).await.map(|()| device),
        Err(error) => Err(LabError::Device(format!("WebGPU could not be started: {error:?}."))),
    };
    GPU.set(Some(outcome.clone()));
    TRYING.set(None);
    done.notify(usize::MAX);
    outcome
}
