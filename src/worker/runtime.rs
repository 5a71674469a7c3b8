//! What the worker needs of its global scope: messages, a clock, a way to yield, and fetch.
//!
//! Bound by hand: web-sys features beyond the ones that wgpu asks for would have all of burn compiled again.

use crate::core::LabError;
use crate::protocol::{Command, Event};
use js_sys::{Array, Promise, Reflect, Uint8Array};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::task::{Poll, Waker};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = postMessage)]
    fn post_message(message: &JsValue);
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(text: &str);
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_name = fetch)]
    fn js_fetch(url: &str) -> Promise;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &js_sys::Function, ms: f64);

    type MessageChannel;
    #[wasm_bindgen(constructor)]
    fn new() -> MessageChannel;
    #[wasm_bindgen(method, getter)]
    fn port1(this: &MessageChannel) -> MessagePort;
    #[wasm_bindgen(method, getter)]
    fn port2(this: &MessageChannel) -> MessagePort;

    type MessagePort;
    #[wasm_bindgen(method, js_name = postMessage)]
    fn post(this: &MessagePort, message: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_onmessage(this: &MessagePort, handler: &js_sys::Function);

    type Response;
    #[wasm_bindgen(method, getter)]
    fn ok(this: &Response) -> bool;
    #[wasm_bindgen(method, getter)]
    fn status(this: &Response) -> u16;
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Response) -> Headers;
    #[wasm_bindgen(method, getter)]
    fn body(this: &Response) -> Option<ReadableStream>;

    type Headers;
    #[wasm_bindgen(method)]
    fn get(this: &Headers, name: &str) -> Option<String>;

    type ReadableStream;
    #[wasm_bindgen(method, js_name = getReader)]
    fn reader(this: &ReadableStream) -> Reader;

    type Reader;
    #[wasm_bindgen(method)]
    fn read(this: &Reader) -> Promise;

    /// Bytes that the browser keeps, perhaps on disk.
    #[derive(Clone, Debug)]
    pub(super) type Blob;
    #[wasm_bindgen(constructor, catch)]
    fn new_of(parts: &Array) -> Result<Blob, JsValue>;
    #[wasm_bindgen(method, js_name = arrayBuffer)]
    fn array_buffer(this: &Blob) -> Promise;
}

impl Blob {
    pub(super) fn of(bytes: &[u8]) -> Result<Self, JsValue> {
        Self::new_of(&Array::of1(&Uint8Array::from(bytes)))
    }

    pub(super) async fn read(&self) -> Result<Vec<u8>, JsValue> {
        Ok(Uint8Array::new(&JsFuture::from(self.array_buffer()).await?).to_vec())
    }
}

thread_local! {
    static BASE_URL: RefCell<String> = RefCell::default();
    /// Files that have another name where the site lies: one with a hash in it.
    static NAMES: RefCell<HashMap<String, String>> = RefCell::default();
    static ASSETS: RefCell<HashMap<String, Rc<[u8]>>> = RefCell::default();
    /// What the visitor gave, by its path below `user/`.
    static FILES: RefCell<BTreeMap<String, Blob>> = RefCell::default();
    static YIELDS: Yields = Yields::new();
}

/// Sends an event to the page.
pub(super) fn post(event: &Event) {
    match postcard::to_stdvec(event) {
        Ok(bytes) => post_message(&Uint8Array::from(bytes.as_slice())),
        Err(error) => log_error(&format!("an event could not be encoded: {error}")),
    }
}

/// Sends an event with blobs attached.
pub(super) fn post_with(event: &Event, blobs: &[Blob]) {
    match postcard::to_stdvec(event) {
        Ok(bytes) => {
            let message = Array::of1(&Uint8Array::from(bytes.as_slice()));
            blobs.iter().for_each(|blob| {
                message.push(blob);
            });
            post_message(&message);
        }
        Err(error) => log_error(&format!("an event could not be encoded: {error}")),
    }
}

/// Keeps a file of the visitor's, or forgets it.
pub(super) fn keep_file(path: String, blob: Option<Blob>) {
    ASSETS.with_borrow_mut(|assets| assets.remove(&path));
    FILES.with_borrow_mut(|files| match blob {
        Some(blob) => files.insert(path, blob),
        None => files.remove(&path),
    });
}

/// Calls `handle` with every command from the page, and the blob that was attached to it if one was.
pub(super) fn listen(handle: impl Fn(Command, Option<Blob>) + 'static) {
    let on_message = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let Ok(data) = Reflect::get(&event, &"data".into()) else { return };
        let (data, attachment) = match data.dyn_into::<Array>() {
            Ok(parts) => (parts.get(0), Some(parts.get(1).unchecked_into::<Blob>())),
            Err(data) => (data, None),
        };
        let Ok(bytes) = data.dyn_into::<Uint8Array>() else { return };
        match postcard::from_bytes(&bytes.to_vec()) {
            Ok(command) => handle(command, attachment),
            Err(error) => log_error(&format!("a command could not be decoded: {error}")),
        }
    });
    if Reflect::set(&js_sys::global(), &"onmessage".into(), on_message.as_ref()).is_err() {
        log_error("the worker cannot listen to its page");
    }
    // The worker listens as long as it lives.
    on_message.forget();
}

pub(super) fn log_error(text: &str) {
    console_error(text);
}

/// The memory of this module, in bytes.
pub(super) fn memory_bytes() -> u32 {
    let memory = wasm_bindgen::memory().dyn_into::<js_sys::WebAssembly::Memory>();
    let buffer = memory.ok().and_then(|memory| memory.buffer().dyn_into::<js_sys::ArrayBuffer>().ok());
    buffer.map_or(0, |buffer| buffer.byte_length())
}

/// Milliseconds since the worker began.
pub(super) fn now_ms() -> f64 {
    performance_now()
}

/// Sets the address that files are fetched below, and the names that some have there.
pub(super) fn set_files(base_url: String, names: Vec<(String, String)>) {
    BASE_URL.set(base_url);
    NAMES.set(names.into_iter().collect());
}

/// Wakes those who wait for it.
#[derive(Debug, Default)]
pub(super) struct Signal {
    wakers: RefCell<Vec<Waker>>,
    count: Cell<u32>,
}

impl Signal {
    pub(super) fn notify(&self) {
        self.count.set(self.count.get().wrapping_add(1));
        for waker in self.wakers.take() {
            waker.wake();
        }
    }

    /// Until the next [`notify`](Self::notify).
    pub(super) fn wait(&self) -> impl Future<Output = ()> + '_ {
        let seen = self.count.get();
        std::future::poll_fn(move |context| {
            if self.count.get() != seen {
                return Poll::Ready(());
            }
            self.wakers.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
    }
}

/// A turn of the event loop. A message to oneself is a task of its own, so waiting messages come first; a timer would
/// sleep for 4 ms each time.
struct Yields {
    port: MessagePort,
    signal: Rc<Signal>,
    _on_message: Closure<dyn Fn()>,
}

impl Yields {
    fn new() -> Self {
        let channel = MessageChannel::new();
        let signal = Rc::new(Signal::default());
        let notified = signal.clone();
        let on_message = Closure::<dyn Fn()>::new(move || notified.notify());
        channel.port1().set_onmessage(on_message.as_ref().unchecked_ref());
        Self { port: channel.port2(), signal, _on_message: on_message }
    }
}

/// Lets the event loop turn once.
pub(super) async fn yield_now() {
    let signal = YIELDS.with(|yields| {
        yields.port.post(&JsValue::NULL);
        yields.signal.clone()
    });
    signal.wait().await;
}

/// Waits.
pub(super) async fn sleep(ms: f64) {
    let timeout = Promise::new(&mut |resolve, _| set_timeout(&resolve, ms));
    // A timer cannot fail.
    let _ = JsFuture::from(timeout).await;
}

/// Fetches a file below the page, once; later calls get the same bytes. `progress` hears of bytes so far and in all.
pub(super) async fn fetch(path: &str, progress: impl Fn(u32, Option<u32>)) -> Result<Rc<[u8]>, LabError> {
    if let Some(bytes) = ASSETS.with_borrow(|assets| assets.get(path).cloned()) {
        return Ok(bytes);
    }
    let file = FILES.with_borrow(|files| files.get(path).cloned());
    let found = match file {
        Some(blob) => blob.read().await,
        None => fetch_stream(path, progress).await,
    };
    let bytes: Rc<[u8]> = found
        .map_err(|error| {
            let error =
                Reflect::get(&error, &"message".into()).ok().and_then(|m| m.as_string()).unwrap_or_default();
            LabError::Data(format!(
                "{path} could not be fetched ({error}). Check the connection and train again."
            ))
        })?
        .into();
    ASSETS.with_borrow_mut(|assets| assets.insert(path.to_owned(), bytes.clone()));
    Ok(bytes)
}

/// What lies below the page's `data/`, one path a line; made when the site is built.
const LISTING: &str = "data/files.txt";

/// The paths that begin with `prefix`, in alphabetical order.
pub(super) async fn list(prefix: &str) -> Result<Vec<String>, LabError> {
    let listing = fetch(LISTING, |_, _| {}).await?;
    let listing = String::from_utf8_lossy(&listing);
    let mut paths: Vec<_> = listing.lines().map(str::to_owned).collect();
    paths.extend(FILES.with_borrow(|files| files.keys().cloned().collect::<Vec<_>>()));
    paths.retain(|path| path.starts_with(prefix));
    paths.sort();
    Ok(paths)
}

async fn fetch_stream(path: &str, progress: impl Fn(u32, Option<u32>)) -> Result<Vec<u8>, JsValue> {
    let name = NAMES.with_borrow(|names| names.get(path).cloned()).unwrap_or_else(|| path.to_owned());
    let url = BASE_URL.with_borrow(|base| format!("{base}{name}"));
    let response: Response = JsFuture::from(js_fetch(&url)).await?.unchecked_into();
    if !response.ok() {
        return Err(js_sys::Error::new(&format!("the server answered {}", response.status())).into());
    }
    let total = response.headers().get("content-length").and_then(|length| length.parse().ok());
    let reader = response.body().ok_or_else(|| js_sys::Error::new("the answer is empty"))?.reader();
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await?;
        if Reflect::get(&chunk, &"done".into())?.is_truthy() {
            return Ok(bytes);
        }
        let chunk: Uint8Array = Reflect::get(&chunk, &"value".into())?.unchecked_into();
        bytes.extend_from_slice(&chunk.to_vec());
        // A compressed answer tells its compressed length, which the bytes may outgrow.
        progress(bytes.len() as u32, total.filter(|&total| total >= bytes.len() as u32));
    }
}
