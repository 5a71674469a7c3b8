//! The worker binary: burn and the experiments, off the main thread.

fn main() {
    #[cfg(target_arch = "wasm32")]
    {
        run_static_constructors();
        nn_lab::worker::start();
    }
}

/// Runs the static constructors once, here.
///
/// cubecl's compiler registers itself through them. Where a module never calls `__wasm_call_ctors`, the linker wraps
/// every export so that each call from JS runs all of them again, and a training step spends seconds there.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
fn run_static_constructors() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: the linker defines this function for every wasm module; it takes and returns nothing.
    unsafe { __wasm_call_ctors() }
}
