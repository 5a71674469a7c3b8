//! The page around a panel: what is said to it, what is heard from it, and how several panels on one page share the
//! machine. A panel in a frame of its own knows the others only through here.

pub mod messages;
pub mod scheduler;

use crate::embedding::messages::HostCommand;
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

/// The page around this one, if there is one.
fn parent() -> Option<Window> {
    let window = window();
    let parent = window.parent().ok()??;
    (!js_sys::Object::is(parent.as_ref(), window.as_ref())).then_some(parent)
}

/// Whether there is a page around this one.
pub fn framed() -> bool {
    parent().is_some()
}

/// Tells the page around what a panel has to say; nothing happens where there is none.
pub fn post_to_host(panel: &str, kind: &str, body: Value) {
    let Some(parent) = parent() else { return };
    if let Ok(message) = js_sys::JSON::parse(&messages::written(panel, kind, body).to_string()) {
        // To whoever embeds it: nothing in it is secret, and a page in a sandbox has no origin that could be named.
        let _ = parent.post_message(&message, "*");
    }
}

/// Hears the page around, and nobody else: a message from another window is dropped unread.
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

/// What hears wishes, or why one could not be understood.
pub type Callback = Box<dyn Fn(Result<HostCommand, String>)>;

fn read(data: &JsValue) -> Option<Result<HostCommand, String>> {
    if !data.is_object() {
        return None;
    }
    let text = js_sys::JSON::stringify(data).ok()?.as_string()?;
    messages::read(&text).transpose()
}

/// The channel between panels of one origin; panels in a sandbox only hear each other by way of the page around them.
#[derive(Debug)]
pub struct Bus {
    panel: &'static str,
    channel: Option<BroadcastChannel>,
    _on_message: Option<Closure<dyn Fn(MessageEvent)>>,
}

impl Bus {
    /// Joins, and hears the others.
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

    /// Tells all others, here and by way of the page around.
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

/// A name that no other panel on the page has.
pub fn unique_name() -> String {
    let random = |_| char::from_digit((js_sys::Math::random() * 36.0) as u32 % 36, 36);
    (0..12).filter_map(random).collect()
}

/// Watches whether somebody can see the element: it is near the window's view, and the window is not hidden.
#[derive(Debug)]
pub struct Sight {
    observer: Option<IntersectionObserver>,
    _on_cross: Closure<dyn Fn(js_sys::Array)>,
    _on_visibility: EventListener,
}

impl Sight {
    /// Calls `tell` whenever that changes, the first time soon.
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

/// A change of height is told once it has rested this long, so that a frame does not jump at each new line.
const REST_MS: u32 = 60;

/// Browsers lay a frame out only when it is near the view, so that in one that is not nothing is seen to resize. There the
/// height is measured this often, which lays it out.
const UNSEEN_MS: u32 = 500;

/// Tells the page around how high the element is, now and whenever that changes, whether the frame is seen or not.
#[derive(Debug)]
pub struct Height {
    observer: Option<ResizeObserver>,
    _on_resize: Closure<dyn Fn()>,
    _unseen: Interval,
}

impl Height {
    pub fn watch(element: &Element, panel: &str) -> Self {
        let teller = Rc::new(Teller {
            element: element.clone(),
            panel: panel.to_owned(),
            last: Cell::new(0),
            pending: RefCell::default(),
        });
        let unseen = {
            let teller = teller.clone();
            Interval::new(UNSEEN_MS, move || teller.tell())
        };
        let on_resize = Closure::<dyn Fn()>::new(move || teller.tell_soon());
        let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
        observer.iter().for_each(|observer| observer.observe(element));
        Self { observer, _on_resize: on_resize, _unseen: unseen }
    }
}

impl Drop for Height {
    fn drop(&mut self) {
        self.observer.iter().for_each(ResizeObserver::disconnect);
    }
}

struct Teller {
    element: Element,
    panel: String,
    last: Cell<u32>,
    pending: RefCell<Option<Timeout>>,
}

impl Teller {
    fn tell_soon(self: &Rc<Self>) {
        let teller = self.clone();
        self.pending.replace(Some(Timeout::new(REST_MS, move || teller.tell())));
    }

    fn tell(&self) {
        let height = self.element.get_bounding_client_rect().height().ceil() as u32;
        if height > 0 && self.last.replace(height) != height {
            post_to_host(&self.panel, "resize", serde_json::json!({ "height": height }));
            tell_course_system(height);
        }
    }
}

/// The form that course systems know (LTI; Canvas, Moodle and others).
fn tell_course_system(height: u32) {
    let Some(parent) = parent() else { return };
    let text = serde_json::json!({ "subject": "lti.frameResize", "height": height }).to_string();
    if let Ok(message) = js_sys::JSON::parse(&text) {
        let _ = parent.post_message(&message, "*");
    }
}
