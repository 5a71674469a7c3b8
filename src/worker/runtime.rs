//! The files that a worker which trains can read, and what benchmarks and tests set in its global scope.

use crate::core::LabError;
use crate::protocol::ArmId;
use crate::transfer::{self, Fetched};
use crate::worker::messages::scope;
pub(super) use crate::worker::messages::{Blob, log_error, now_ms, post, sleep, yield_now};
use js_sys::{Function, Reflect};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

thread_local! {
    static BASE_URL: RefCell<String> = RefCell::default();
    /// The names of files on the server, which contain a hash.
    static NAMES: RefCell<HashMap<String, String>> = RefCell::default();
    static ASSETS: RefCell<HashMap<String, Rc<[u8]>>> = RefCell::default();
    /// The visitor's files, by their path in `user/`.
    static FILES: RefCell<BTreeMap<String, Blob>> = RefCell::default();
}

/// Adds or replaces a file of the visitor, or removes it.
pub(super) fn set_file(path: String, blob: Option<Blob>) {
    ASSETS.with_borrow_mut(|assets| assets.remove(&path));
    FILES.with_borrow_mut(|files| match blob {
        Some(blob) => files.insert(path, blob),
        None => files.remove(&path),
    });
}

/// Returns the memory of this module in bytes.
pub(super) fn memory_bytes() -> u32 {
    let memory = wasm_bindgen::memory().dyn_into::<js_sys::WebAssembly::Memory>();
    let buffer = memory.ok().and_then(|memory| memory.buffer().dyn_into::<js_sys::ArrayBuffer>().ok());
    buffer.map_or(0, |buffer| buffer.byte_length())
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
