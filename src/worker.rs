//! The workers: one owns the device, and starts, pauses, stops and throttles runs (feature `compute`); the other reads the
//! visitor's files (feature `reader`), and is fetched only when there are some.

#[cfg(feature = "compute")]
mod control;
#[cfg(feature = "reader")]
mod data;
#[cfg(feature = "reader")]
mod data_job;
#[cfg(feature = "compute")]
mod device;
#[cfg(feature = "compute")]
mod file;
#[cfg(feature = "compute")]
mod frame_sender;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "compute")]
mod job;
mod messages;
#[cfg(feature = "reader")]
mod pictures;
#[cfg(feature = "reader")]
mod reader;
#[cfg(feature = "compute")]
mod runs;
#[cfg(feature = "compute")]
mod runtime;
#[cfg(feature = "compute")]
mod team;
#[cfg(feature = "compute")]
mod turns;
#[cfg(feature = "compute")]
mod verify;

use crate::protocol::{Command, Event};
use crate::worker::messages::Blob;

/// Accepts commands from the page to train. Called once, when the worker's module has been loaded.
#[cfg(feature = "compute")]
pub fn start() {
    accept(runs::handle);
}

/// Accepts commands from the page to read files. Called once, when the worker's module has been loaded.
#[cfg(feature = "reader")]
pub fn start_reader() {
    accept(reader::handle);
}

fn accept(handle: impl Fn(Command, Vec<Blob>) + 'static) {
    run_static_constructors();
    std::panic::set_hook(Box::new(|info| {
        // A panic poisons the module, so report it first.
        messages::post(&Event::Died { reason: info.to_string() });
        messages::log_error(&info.to_string());
    }));
    messages::listen(handle);
    messages::post(&Event::Ready);
}

/// Runs the static constructors once.
///
/// cubecl's compiler registers itself through them. Where a module never calls `__wasm_call_ctors`, the
/// linker wraps every export so that each call from JS runs all of them again, and a training step spends
/// seconds there.
#[allow(unsafe_code)]
fn run_static_constructors() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: the linker defines this function for every wasm module; it takes and returns nothing.
    unsafe { __wasm_call_ctors() }
}
