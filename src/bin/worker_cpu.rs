//! The worker for the CPU: the same experiments without the GPU's kernels, a third of the bytes to fetch.

fn main() {
    #[cfg(target_arch = "wasm32")]
    nn_lab::worker::start();
}
