//! The worker with WebGPU: fetched only where the browser has a GPU for it.

fn main() {
    #[cfg(target_arch = "wasm32")]
    nn_lab::worker::start();
}
