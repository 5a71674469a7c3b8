//! The worker with WebGPU, fetched only if the browser has a GPU.

fn main() {
    #[cfg(target_arch = "wasm32")]
    nn_lab::worker::start();
}
