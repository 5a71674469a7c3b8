//! The width of a chart, and the pointer's position in it.

use js_sys::Array;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, ResizeObserver, ResizeObserverEntry};
use yew::prelude::*;

/// Returns a reference, and the width in CSS pixels of the element that it is attached to. Charts draw at the
/// size they are shown at, so their text is as readable at 360 px as at 1600.
#[hook]
pub fn use_width() -> (NodeRef, f64) {
    let node = use_node_ref();
    let width = use_state_eq(|| 480.0);
    let (watched, setter) = (node.clone(), width.setter());
    use_effect_with((), move |()| {
        let watch = watched.cast::<Element>().and_then(|element| {
            let set = move |width: f64| {
                // A hidden chart has no width and keeps its last one.
                if width >= 1.0 {
                    setter.set(width.round());
                }
            };
            // Measure right away: in a frame out of sight, the observer reports nothing until the frame is
            // seen.
            set(element.get_bounding_client_rect().width());
            Watch::new(&element, set)
        });
        move || drop(watch)
    });
    (node, *width)
}

/// The height of the line and bar charts in a part of the page, in CSS pixels. It is fixed, so that the page never
/// jumps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartHeight(pub f64);

impl ChartHeight {
    /// The height of a chart that is the main figure of its chapter.
    pub const STAGE: Self = Self(300.0);
    /// The height of a chart alone in a frame, next to paragraphs of a course page.
    pub const ALONE: Self = Self(230.0);
}

impl Default for ChartHeight {
    fn default() -> Self {
        Self(250.0)
    }
}

/// The maximum height of the maps in a part of the page, in CSS pixels, if it is limited there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxMapHeight(pub f64);

/// Returns the height that the context gives to charts.
#[hook]
pub(super) fn use_chart_height() -> f64 {
    use_context::<ChartHeight>().unwrap_or_default().0
}

/// Returns the pointer's position in pixels from the element's left and top.
pub fn pointer_in(node: &NodeRef, event: &MouseEvent) -> Option<(f64, f64)> {
    let frame = node.cast::<Element>()?.get_bounding_client_rect();
    Some((f64::from(event.client_x()) - frame.left(), f64::from(event.client_y()) - frame.top()))
}

/// Observes an element's width until dropped.
struct Watch {
    observer: ResizeObserver,
    // The browser calls the closure while the observer lives.
    _on_resize: Closure<dyn FnMut(Array)>,
}

impl Watch {
    fn new(element: &Element, set: impl Fn(f64) + 'static) -> Option<Self> {
        let on_resize = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            let width =
                entries.get(0).dyn_into::<ResizeObserverEntry>().map(|entry| entry.content_rect().width());
            width.into_iter().for_each(&set);
        });
        let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok()?;
        observer.observe(element);
        Some(Self { observer, _on_resize: on_resize })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
