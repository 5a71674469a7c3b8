//! Communication between a panel and the page that embeds it (the host page), and between the panels on that
//! page, which share one machine.

pub mod messages;
pub mod scheduler;

use crate::embedding::messages::{HostCommand, MessageError};
use crate::embedding::scheduler::Claim;
use gloo::events::EventListener;
use gloo::timers::callback::{Interval, Timeout};
use gloo::utils::window;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, Element, IntersectionObserver, MessageEvent, ResizeObserver, Window};

/// Returns the host page's window, if this page is embedded.
fn parent() -> Option<Window> {
    let window = window();
    let parent = window.parent().ok()??;
    (!js_sys::Object::is(parent.as_ref(), window.as_ref())).then_some(parent)
}

/// Returns true if this page is embedded.
pub fn framed() -> bool {
    parent().is_some()
}

/// Posts a panel's message to the host page, if there is one.
pub fn post_to_host(panel: &str, kind: &str, body: Value) {
    let Some(parent) = parent() else { return };
    if let Ok(message) = js_sys::JSON::parse(&messages::written(panel, kind, body).to_string()) {
        // Any origin may embed the panel: messages have no secrets, and a sandboxed page has no origin to
        // name.
        let _ = parent.post_message(&message, "*");
    }
}

/// Listens to messages from the host page. Messages from other windows are dropped unread.
pub fn listen(on_message: Callback) -> EventListener {
    EventListener::new(&window(), "message", move |event| {
        let Some(event) = event.dyn_ref::<MessageEvent>() else { return };
        let from_parent = parent()
            .zip(event.source())
            .is_some_and(|(parent, source)| js_sys::Object::is(parent.as_ref(), source.as_ref()));
        if from_parent && let Some(message) = read(&event.data()) {
            on_message(message);
        }
    })
}

/// Receives commands, and errors for malformed ones.
pub type Callback = Box<dyn Fn(Result<HostCommand, MessageError>)>;

/// Reads a message, or returns `None` if it is not meant for a panel.
fn read(data: &JsValue) -> Option<Result<HostCommand, MessageError>> {
    if !data.is_object() {
        return None;
    }
    let text = js_sys::JSON::stringify(data).ok()?.as_string()?;
    messages::read(&text).transpose()
}

/// The channel between panels of one origin. Sandboxed panels reach each other only through the host page.
#[derive(Debug)]
pub struct Bus {
    panel: &'static str,
    channel: Option<BroadcastChannel>,
    _on_message: Option<Closure<dyn Fn(MessageEvent)>>,
}

impl Bus {
    /// Joins the channel, and listens to the claims of the other panels.
    pub fn join(panel: &'static str, on_message: impl Fn(Claim) + 'static) -> Self {
        let Ok(channel) = BroadcastChannel::new("nn-lab") else {
            return Self { panel, channel: None, _on_message: None };
        };
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(Ok(HostCommand::Claim(claim))) = read(&event.data()) {
                on_message(claim);
            }
        });
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Self { panel, channel: Some(channel), _on_message: Some(on_message) }
    }

    /// Sends a claim to all other panels, over the channel and through the host page.
    pub fn broadcast(&self, claim: &Claim) {
        let Ok(message) = serde_json::to_value(HostCommand::Claim(claim.clone())) else { return };
        if let Some(channel) = &self.channel {
            let text = messages::from_host(message.clone()).to_string();
            if let Ok(message) = js_sys::JSON::parse(&text) {
                let _ = channel.post_message(&message);
            }
        }
        post_to_host(self.panel, "stand", message);
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.set_onmessage(None);
            channel.close();
        }
    }
}

/// Returns a random name, unique among the panels on a page.
pub fn unique_name() -> String {
    let random = |_| char::from_digit((js_sys::Math::random() * 36.0) as u32 % 36, 36);
    (0..12).filter_map(random).collect()
}

/// Watches the visibility of an element. It is visible if it is near the viewport and the document is not
/// hidden.
#[derive(Debug)]
pub struct Sight {
    observer: Option<IntersectionObserver>,
    _on_cross: Closure<dyn Fn(js_sys::Array)>,
    _on_visibility: EventListener,
}

impl Sight {
    /// Calls `on_sight` soon, and whenever the visibility changes.
    pub fn watch(element: &Element, on_sight: impl Fn(bool) + 'static) -> Self {
        let on_sight = Rc::new(on_sight);
        let inside = Rc::new(RefCell::new(None));
        let report = {
            let inside = inside.clone();
            Rc::new(move || {
                if let Some(inside) = *inside.borrow() {
                    on_sight(inside && !gloo::utils::document().hidden());
                }
            })
        };
        let on_cross = {
            let report = report.clone();
            Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
                let last = entries.pop();
                let crossing = js_sys::Reflect::get(&last, &"isIntersecting".into());
                inside.replace(Some(crossing.is_ok_and(|crossing| crossing.is_truthy())));
                report();
            })
        };
        let observer = IntersectionObserver::new(on_cross.as_ref().unchecked_ref()).ok();
        if let Some(observer) = &observer {
            observer.observe(element);
        }
        let on_visibility =
            EventListener::new(&gloo::utils::document(), "visibilitychange", move |_| report());
        Self { observer, _on_cross: on_cross, _on_visibility: on_visibility }
    }
}

impl Drop for Sight {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

/// The delay before a new height is reported, so that the frame does not jump at each new line.
const DEBOUNCE_MS: u32 = 60;

/// The interval at which the height is measured. Browsers do not lay out a frame outside of the viewport, so
/// that a resize observer misses changes there; measuring forces a layout.
const POLL_MS: u32 = 500;

/// Reports the height of an element to the host page, now and whenever it changes, also outside of the
/// viewport.
#[derive(Debug)]
pub struct Height {
    observer: Option<ResizeObserver>,
    _on_resize: Closure<dyn Fn()>,
    _poll: Interval,
}

impl Height {
    /// Starts to report the height of a panel's element.
    pub fn watch(element: &Element, panel: &str) -> Self {
        let reporter = Rc::new(HeightReporter {
            element: element.clone(),
            panel: panel.to_owned(),
            last: Cell::new(0),
            pending: RefCell::default(),
        });
        let poll = {
            let reporter = reporter.clone();
            Interval::new(POLL_MS, move || reporter.report())
        };
        let on_resize = Closure::<dyn Fn()>::new(move || reporter.report_soon());
        let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
        observer.iter().for_each(|observer| observer.observe(element));
        Self { observer, _on_resize: on_resize, _poll: poll }
    }
}

impl Drop for Height {
    fn drop(&mut self) {
        self.observer.iter().for_each(ResizeObserver::disconnect);
    }
}

struct HeightReporter {
    element: Element,
    panel: String,
    last: Cell<u32>,
    pending: RefCell<Option<Timeout>>,
}

impl HeightReporter {
    fn report_soon(self: &Rc<Self>) {
        let reporter = self.clone();
        self.pending.replace(Some(Timeout::new(DEBOUNCE_MS, move || reporter.report())));
    }

    fn report(&self) {
        let height = self.element.get_bounding_client_rect().height().ceil() as u32;
        if height > 0 && self.last.replace(height) != height {
            post_to_host(&self.panel, "resize", serde_json::json!({ "height": height }));
            report_to_course_system(height);
        }
    }
}

/// Reports the height in the format of course systems (LTI, used by Canvas, Moodle and others).
fn report_to_course_system(height: u32) {
    let Some(parent) = parent() else { return };
    let text = serde_json::json!({ "subject": "lti.frameResize", "height": height }).to_string();
    if let Ok(message) = js_sys::JSON::parse(&text) {
        let _ = parent.post_message(&message, "*");
    }
}
