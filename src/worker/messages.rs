//! The worker's global scope: messages, a clock, and a way to yield.
//!
//! Uses the web-sys features that `Cargo.toml` lists for the worker. burn depends on web-sys through wgpu, so
//! each feature added there recompiles burn once.

use crate::protocol::{Command, Event};
use js_sys::{Array, Promise, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, MessagePort};

// Bound by hand, since web-sys has these two functions behind two features that nothing else needs.
#[wasm_bindgen]
extern "C" {
    /// Bytes that the browser holds, possibly on disk.
    #[derive(Clone, Debug)]
    pub(super) type Blob;
    #[wasm_bindgen(constructor, catch)]
    fn new_of(parts: &Array) -> Result<Blob, JsValue>;
    #[wasm_bindgen(method, js_name = arrayBuffer)]
    fn array_buffer(this: &Blob) -> Promise;
    #[wasm_bindgen(method, getter, js_name = size)]
    fn size_of(this: &Blob) -> f64;
    #[wasm_bindgen(method, js_name = slice)]
    pub(super) fn part(this: &Blob, start: f64, end: f64) -> Blob;
}

/// Returns the worker's global scope.
pub(super) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

#[cfg(feature = "reader")]
impl Blob {
    /// Returns a blob of these bytes.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, JsValue> {
        Self::new_of(&Array::of1(&Uint8Array::from(bytes)))
    }

    /// Returns the size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size_of() as u64
    }
}

impl Blob {
    /// Returns the bytes.
    pub(super) async fn read(&self) -> Result<Vec<u8>, JsValue> {
        Ok(Uint8Array::new(&JsFuture::from(self.array_buffer()).await?).to_vec())
    }
}

thread_local! {
    static YIELDS: Yields = Yields::new();
}

/// Sends an event to the page.
pub(super) fn post(event: &Event) {
    post_with(event, &[]);
}

/// Sends an event with blobs: an array of the encoded event, the bytes of its frame if it has one, and the
/// blobs. The bytes are transferred, not copied.
pub(super) fn post_with(event: &Event, blobs: &[Blob]) {
    let header = match postcard::to_stdvec(event) {
        Ok(header) => header,
        Err(error) => return log_error(&format!("an event could not be encoded: {error}")),
    };
    let (message, transfer) = (Array::new(), Array::new());
    for bytes in std::iter::once(&*header).chain(event.frame()) {
        let bytes = Uint8Array::from(bytes);
        transfer.push(&bytes.buffer());
        message.push(&bytes);
    }
    for blob in blobs {
        message.push(blob);
    }
    if scope().post_message_with_transfer(&message, &transfer).is_err() {
        log_error("a message could not be sent to the page");
    }
}

/// Calls `handle` with every command from the page, and the blobs next to it.
pub(super) fn listen(handle: impl Fn(Command, Vec<Blob>) + 'static) {
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let Ok(parts) = event.data().dyn_into::<Array>() else { return };
        let Ok(bytes) = parts.get(0).dyn_into::<Uint8Array>() else { return };
        let blobs = parts.iter().skip(1).map(JsCast::unchecked_into::<Blob>).collect();
        match postcard::from_bytes(&bytes.to_vec()) {
            Ok(command) => handle(command, blobs),
            Err(error) => log_error(&format!("a command could not be decoded: {error}")),
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The worker listens as long as it lives.
    on_message.forget();
}

pub(super) fn log_error(text: &str) {
    web_sys::console::error_1(&text.into());
}

/// Returns the milliseconds since the worker started.
pub(super) fn now_ms() -> f64 {
    scope().performance().map_or(0.0, |clock| clock.now())
}

/// A turn of the event loop. A message to the worker itself is a separate task, so waiting messages come
/// first. A timer would sleep for 4 ms each time.
struct Yields {
    /// `None` if the browser has no message channel. A timer is used then.
    port: Option<MessagePort>,
    done: Rc<event_listener::Event>,
    _on_message: Closure<dyn Fn()>,
}

impl Yields {
    fn new() -> Self {
        let channel = MessageChannel::new().ok();
        let done = Rc::new(event_listener::Event::new());
        let notified = done.clone();
        let on_message = Closure::<dyn Fn()>::new(move || {
            notified.notify(usize::MAX);
        });
        if let Some(channel) = &channel {
            channel.port1().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        }
        Self { port: channel.map(|channel| channel.port2()), done, _on_message: on_message }
    }
}

/// Waits for one turn of the event loop.
pub(super) async fn yield_now() {
    let posted = YIELDS.with(|yields| {
        let port = yields.port.as_ref()?;
        port.post_message(&JsValue::NULL).ok().map(|()| yields.done.listen())
    });
    match posted {
        Some(done) => done.await,
        None => sleep(0.0).await,
    }
}

/// Waits for some milliseconds.
pub(super) async fn sleep(ms: f64) {
    let timeout = Promise::new(&mut |resolve, _| {
        // A timer cannot fail.
        let _ = scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms as i32);
    });
    // A timer cannot fail.
    let _ = JsFuture::from(timeout).await;
}
