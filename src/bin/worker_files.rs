//! The worker that reads the visitor's files, without burn. It is fetched when the visitor opens one.

fn main() {
    #[cfg(target_arch = "wasm32")]
    nn_lab::worker::start_reader();
}
