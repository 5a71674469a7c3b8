//! The page, without burn.

fn main() {
    #[cfg(target_arch = "wasm32")]
    console_error_panic_hook::set_once();
    nn_lab::app::prefetch_worker();
    yew::Renderer::<nn_lab::app::App>::new().render();
}
