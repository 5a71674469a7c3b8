//! Canvases: what is drawn with, and when what was drawn is gone.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};
use yew::prelude::*;

/// What is drawn with; `None` where the browser refuses.
pub fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

/// Counts how often the browser has given a blank canvas back, as it does after it has lost the GPU: what draws on it depends on
/// this number, too.
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
