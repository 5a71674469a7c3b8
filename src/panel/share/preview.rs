//! A live preview of the panel, scaled to the space that there is.

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use gloo::utils::window;
use js_sys::Reflect;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, MessageEvent};
use yew::prelude::*;

/// The width of a panel in the preview: about that of a column of text.
const WIDTH: f64 = 720.0;
/// The minimum scale at which text is readable.
const MIN_SCALE: f64 = 0.7;
/// The height of a panel that has not reported its own.
const HEIGHT: u32 = 640;
/// A panel loads again once the teacher has paused for this time.
const PAUSE_MS: u32 = 500;

#[derive(PartialEq, Properties)]
pub(super) struct PreviewProps {
    pub(super) src: String,
    /// The height that the panel has reported.
    pub(super) height: Option<u32>,
    /// Receives the height that the panel reports; `None` while it loads.
    pub(super) on_height: Callback<Option<u32>>,
}

/// A frame with the panel. It loads again shortly after a change, and keeps its size until then.
#[component]
pub(super) fn Preview(props: &PreviewProps) -> Html {
    let shown = use_state_eq(|| props.src.clone());
    let last_height = use_state_eq(|| HEIGHT);
    let resized = use_state_eq(|| 0.0);
    let (area, sheet, frame) = (use_node_ref(), use_node_ref(), use_node_ref());
    use_effect_with(props.src.clone(), {
        let (shown, on_height) = (shown.clone(), props.on_height.clone());
        move |src| {
            let is_new = *src != *shown;
            if is_new {
                // The height of the old panel is not that of the new one.
                on_height.emit(None);
            }
            let (shown, src) = (shown.setter(), src.clone());
            let timeout = is_new.then(|| Timeout::new(PAUSE_MS, move || shown.set(src)));
            move || drop(timeout)
        }
    });
    use_effect_with((*shown).clone(), {
        let (frame, on_height, last_height) = (frame.clone(), props.on_height.clone(), last_height.setter());
        move |_| {
            let listener = heights_of(frame, move |height| {
                last_height.set(height);
                on_height.emit(Some(height));
            });
            move || drop(listener)
        }
    });
    use_effect_with((), {
        let resized = resized.setter();
        move |()| {
            let listener = EventListener::new(&window(), "resize", move |_| resized.set(js_sys::Date::now()));
            move || drop(listener)
        }
    });
    use_effect_with(((*shown).clone(), *last_height, *resized), {
        let (area, sheet, frame) = (area.clone(), sheet.clone(), frame.clone());
        move |(_, height, _)| scale(&area, &sheet, &frame, *height)
    });
    let is_current = *shown == props.src;
    let note = match props.height.filter(|_| is_current) {
        Some(height) => {
            format!("Preview, scaled. In a column of {WIDTH} pixels, the panel is {height} pixels high.")
        }
        None => "The preview is loading.".to_owned(),
    };
    html! {
        <div class="share-preview" data-preview={if props.height.is_some() && is_current { "ready" } else { "loading" }}>
            <div class="share-area" ref={area} tabindex="0" role="group" aria-label="Preview">
                <div class="share-sheet" ref={sheet}>
                    // A frame whose hash changes does not load again; a frame with another key does.
                    <iframe ref={frame} key={(*shown).clone()} src={(*shown).clone()} title="Preview of the embedded panel"></iframe>
                </div>
            </div>
            <p class="muted">{ note }</p>
        </div>
    }
}

/// Scales the frame so that the panel fits into the area, or as much of it as is readable.
fn scale(area: &NodeRef, sheet: &NodeRef, frame: &NodeRef, height: u32) {
    let parts = area.cast::<HtmlElement>().zip(sheet.cast::<HtmlElement>()).zip(frame.cast::<HtmlElement>());
    let Some(((area, sheet), frame)) = parts else { return };
    let height = f64::from(height);
    let fits = f64::from(area.client_height()) / height;
    let scale = fits.clamp(MIN_SCALE, 1.0).min(f64::from(area.client_width()) / WIDTH);
    // The page's policy refuses style attributes, but scripts may set properties, which cannot fail for these names.
    let put = |element: &HtmlElement, name: &str, value: String| {
        let _ = element.style().set_property(name, &value);
    };
    put(&sheet, "width", format!("{}px", WIDTH * scale));
    put(&sheet, "height", format!("{}px", height * scale));
    put(&frame, "width", format!("{WIDTH}px"));
    put(&frame, "height", format!("{height}px"));
    put(&frame, "transform", format!("scale({scale})"));
}

/// Listens to the heights that the panel in a frame reports.
fn heights_of(frame: NodeRef, on_height: impl Fn(u32) + 'static) -> EventListener {
    EventListener::new(&window(), "message", move |event| {
        let Some(event) = event.dyn_ref::<MessageEvent>() else { return };
        let window = frame.get().and_then(|frame| Reflect::get(&frame, &"contentWindow".into()).ok());
        let is_preview = window
            .zip(event.source())
            .is_some_and(|(window, source)| js_sys::Object::is(&window, source.as_ref()));
        let get = |key: &str| Reflect::get(&event.data(), &key.into()).unwrap_or_default();
        if is_preview && get("type").as_string().as_deref() == Some("resize") {
            let height = get("height").as_f64().filter(|height| (1.0..100_000.0).contains(height));
            if let Some(height) = height {
                on_height(height.ceil() as u32);
            }
        }
    })
}
