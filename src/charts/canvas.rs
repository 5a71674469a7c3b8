//! Canvases: their drawing context, and the event that blanks them.

use gloo::events::EventListener;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};
use yew::prelude::*;

/// Returns the canvas's drawing context, or `None` if the browser refuses it.
pub fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

/// Puts rows of RGBA pixels on the canvas. `None` if the browser refuses.
pub fn put_pixels(canvas: &HtmlCanvasElement, pixels: &[u8], width: u32, height: u32) -> Option<()> {
    let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(pixels), width, height).ok()?;
    context(canvas)?.put_image_data(&image, 0.0, 0.0).ok()
}

/// Returns the number of times that the browser has restored the canvas blank, as it does after it has lost
/// the GPU. Drawing must depend on this number.
#[hook]
pub fn use_restored(canvas: &NodeRef) -> u32 {
    let count = use_state(|| 0);
    use_effect_with((), {
        let (canvas, count) = (canvas.clone(), count.setter());
        move |()| {
            let listener = canvas.cast::<HtmlCanvasElement>().map(|canvas| {
                let times = std::cell::Cell::new(0);
                EventListener::new(&canvas, "contextrestored", move |_| {
                    times.set(times.get() + 1);
                    count.set(times.get());
                })
            });
            move || drop(listener)
        }
    });
    *count
}
