//! The frame of an item: a panel of this page, whose height it follows.

use crate::embedding::messages::{self, HostTheme};
use gloo::events::EventListener;
use gloo::utils::window;
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{MessageEvent, Window};
use yew::prelude::*;

/// The height of a frame in pixels until its panel has reported its own.
const FIRST_HEIGHT: u32 = 640;
/// The maximum height that is followed.
const MAX_HEIGHT: f64 = 100_000.0;

/// A message of the panel in a frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FrameMessage {
    /// The index of the item.
    pub(super) item: usize,
    /// The section of the panel.
    pub(super) panel: String,
    /// The type of the message.
    pub(super) kind: String,
    /// The other fields.
    pub(super) body: Map<String, Value>,
}

/// The properties of [`ItemFrame`].
#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct ItemFrameProps {
    /// The index of the item.
    pub(super) item: usize,
    /// The element, to which messages are posted.
    pub(super) node: NodeRef,
    /// The address. Only the first one is loaded.
    pub(super) src: String,
    /// The title for screen readers.
    pub(super) title: String,
    /// The theme of the page, which its address does not follow.
    pub(super) theme: Option<HostTheme>,
    /// Receives the panel's messages, except for its height.
    pub(super) on_message: Callback<FrameMessage>,
}

/// A panel in a frame.
#[component]
pub(super) fn ItemFrame(props: &ItemFrameProps) -> Html {
    let height = use_state_eq(|| FIRST_HEIGHT);
    let src = use_memo((), |()| props.src.clone());
    let latest = use_mut_ref(|| props.clone());
    latest.replace(props.clone());
    let has_theme = use_memo((), |()| Cell::new(props.theme.is_some()));
    use_effect_with((), {
        let (height, latest, has_theme) = (height.setter(), latest.clone(), has_theme.clone());
        move |()| {
            let listener = EventListener::new(&window(), "message", move |event| {
                let props = latest.borrow().clone();
                let Some(message) = event.dyn_ref::<MessageEvent>().and_then(|event| read(&props, event))
                else {
                    return;
                };
                match message.kind.as_str() {
                    "resize" => {
                        let reported = message.body.get("height").and_then(Value::as_f64);
                        if let Some(pixels) = reported.filter(|pixels| (1.0..MAX_HEIGHT).contains(pixels)) {
                            height.set(pixels.ceil() as u32);
                        }
                    }
                    // The theme may have changed while the panel was loading.
                    "ready" => {
                        tell_theme(&props, &has_theme);
                        props.on_message.emit(message);
                    }
                    _ => props.on_message.emit(message),
                }
            });
            move || drop(listener)
        }
    });
    use_effect_with(props.theme, move |_| tell_theme(&latest.borrow(), &has_theme));
    html! {
        <iframe ref={props.node.clone()} src={(*src).clone()} title={props.title.clone()} height={height.to_string()}
            allow="clipboard-write; fullscreen" scrolling="no" data-item={(props.item + 1).to_string()}></iframe>
    }
}

/// Returns the window of the page in a frame.
fn window_of(frame: &NodeRef) -> Option<Window> {
    let frame = frame.get()?;
    let window = js_sys::Reflect::get(&frame, &"contentWindow".into()).ok()?;
    // The window of a sandboxed frame belongs to no class of this page.
    window.is_object().then(|| window.unchecked_into())
}

/// Reads a message, if the frame of this item has sent it.
fn read(props: &ItemFrameProps, event: &MessageEvent) -> Option<FrameMessage> {
    let source = event.source()?;
    if !js_sys::Object::is(window_of(&props.node)?.as_ref(), source.as_ref()) {
        return None;
    }
    let text = js_sys::JSON::stringify(&event.data()).ok()?.as_string()?;
    let Ok(Value::Object(mut body)) = serde_json::from_str(&text) else { return None };
    let mut take = |key: &str| body.remove(key);
    let is_ours = take("source").as_ref().and_then(Value::as_str) == Some("nn-lab");
    let is_known = take("version").as_ref().and_then(Value::as_u64) == Some(messages::VERSION);
    let (kind, panel) = (take("type")?.as_str()?.to_owned(), take("panel")?.as_str()?.to_owned());
    (is_ours && is_known).then_some(FrameMessage { item: props.item, panel, kind, body })
}

/// Posts a message to the panel in a frame.
pub(super) fn post(frame: &NodeRef, body: Value) {
    let text = messages::from_host(body).to_string();
    if let (Some(window), Ok(message)) = (window_of(frame), js_sys::JSON::parse(&text)) {
        // The frame shows this page, which has no origin to name in a sandbox.
        let _ = window.post_message(&message, "*");
    }
}

/// Tells the panel the theme of the page. `has_theme` is true if it has another one than that of the system.
fn tell_theme(props: &ItemFrameProps, has_theme: &Cell<bool>) {
    let system = || {
        let is_dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
        if is_dark.is_some_and(|query| query.matches()) { HostTheme::Dark } else { HostTheme::Light }
    };
    let theme = props.theme.or_else(|| has_theme.get().then(system));
    if let Some(theme) = theme {
        has_theme.set(true);
        post(&props.node, serde_json::json!({ "type": "theme", "theme": theme.slug() }));
    }
}

/// The frames of a lesson, by the index of their item.
pub(super) type Frames = Rc<RefCell<Vec<NodeRef>>>;
