//! The worker's global scope: messages, a clock, a way to yield, and downloads.
//!
//! Uses the web-sys features that `Cargo.toml` lists for the worker. burn depends on web-sys through wgpu, so
//! each feature added there recompiles burn once.

use crate::core::LabError;
use crate::protocol::{ArmId, Command, Event};
use crate::transfer::{self, Fetched};
use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
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

/// The worker's global scope.
fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

impl Blob {
    pub(super) fn of(bytes: &[u8]) -> Result<Self, JsValue> {
        Self::new_of(&Array::of1(&Uint8Array::from(bytes)))
    }

    /// Returns the size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size_of() as u64
    }

    pub(super) async fn read(&self) -> Result<Vec<u8>, JsValue> {
        Ok(Uint8Array::new(&JsFuture::from(self.array_buffer()).await?).to_vec())
    }
}

thread_local! {
    static BASE_URL: RefCell<String> = RefCell::default();
    /// The names of files on the server, which contain a hash.
    static NAMES: RefCell<HashMap<String, String>> = RefCell::default();
    static ASSETS: RefCell<HashMap<String, Rc<[u8]>>> = RefCell::default();
    /// The visitor's files, by their path in `user/`.
    static FILES: RefCell<BTreeMap<String, Blob>> = RefCell::default();
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

/// Adds or replaces a file of the visitor, or removes it.
pub(super) fn set_file(path: String, blob: Option<Blob>) {
    ASSETS.with_borrow_mut(|assets| assets.remove(&path));
    FILES.with_borrow_mut(|files| match blob {
        Some(blob) => files.insert(path, blob),
        None => files.remove(&path),
    });
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

/// Returns the memory of this module in bytes.
pub(super) fn memory_bytes() -> u32 {
    let memory = wasm_bindgen::memory().dyn_into::<js_sys::WebAssembly::Memory>();
    let buffer = memory.ok().and_then(|memory| memory.buffer().dyn_into::<js_sys::ArrayBuffer>().ok());
    buffer.map_or(0, |buffer| buffer.byte_length())
}

/// Returns the milliseconds since the worker started.
pub(super) fn now_ms() -> f64 {
    scope().performance().map_or(0.0, |clock| clock.now())
}

/// Returns the function `observeStep` of the worker's global scope, which benchmarks set before the worker
/// starts.
pub(super) fn observer() -> Option<Function> {
    Reflect::get(&scope(), &"observeStep".into()).ok()?.dyn_into().ok()
}

/// Returns the number `nnLabSaveMs` of the worker's global scope, which tests set before the worker starts,
/// so that they need not wait for a save.
pub(super) fn injected_save_ms() -> Option<f64> {
    Reflect::get(&scope(), &"nnLabSaveMs".into()).ok()?.as_f64()
}

/// Reports a step of an arm, and the worker's time for it, to an observer.
pub(super) fn observe(observer: &Function, arm: ArmId, step: u32, ms: f64) {
    if observer.call3(&JsValue::UNDEFINED, &arm.0.into(), &step.into(), &ms.into()).is_err() {
        log_error("the observer of steps has failed");
    }
}

/// Sets the address of the page's files, and the names that differ there.
pub(super) fn set_files(base_url: String, names: Vec<(String, String)>) {
    BASE_URL.set(base_url);
    NAMES.set(names.into_iter().collect());
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

/// Downloads a file of the page once. Later calls return the same bytes. `progress` gets the bytes so far and
/// in all.
pub(super) async fn fetch(path: &str, progress: impl Fn(u32, Option<u32>)) -> Result<Rc<[u8]>, LabError> {
    if let Some(bytes) = ASSETS.with_borrow(|assets| assets.get(path).cloned()) {
        return Ok(bytes);
    }
    let file = FILES.with_borrow(|files| files.get(path).cloned());
    let found = match file {
        Some(blob) => blob.read().await.map_err(|_| "the browser no longer has it".to_owned()),
        None => {
            let name = NAMES.with_borrow(|names| names.get(path).cloned());
            let url = BASE_URL.with_borrow(|base| format!("{base}{}", name.as_deref().unwrap_or(path)));
            transfer::fetch(&url, progress).await.map(Fetched::into_vec).map_err(|error| error.to_string())
        }
    };
    let bytes: Rc<[u8]> = found
        .map_err(|why| {
            LabError::Data(format!(
                "{path} could not be fetched: {why}. Check the connection and train again."
            ))
        })?
        .into();
    ASSETS.with_borrow_mut(|assets| assets.insert(path.to_owned(), bytes.clone()));
    Ok(bytes)
}

/// Drops all downloads, so that they are repeated when they are needed.
pub(super) fn forget_fetched() {
    ASSETS.with_borrow_mut(HashMap::clear);
}

/// The list of the files in the page's `data/`, one path per line, written when the site is built.
const LISTING: &str = "data/files.txt";

/// Returns the paths that start with `prefix`, in alphabetical order.
pub(super) async fn list(prefix: &str) -> Result<Vec<String>, LabError> {
    let listing = fetch(LISTING, |_, _| {}).await?;
    let listing = String::from_utf8_lossy(&listing);
    let mut paths: Vec<_> = listing.lines().map(str::to_owned).collect();
    paths.extend(FILES.with_borrow(|files| files.keys().cloned().collect::<Vec<_>>()));
    paths.retain(|path| path.starts_with(prefix));
    paths.sort();
    Ok(paths)
}
