//! The worker for the CPU alone: the same experiments without the kernels of a GPU, a third of the bytes.

fn main() {
    #[cfg(target_arch = "wasm32")]
    nn_lab::worker::start();
}
