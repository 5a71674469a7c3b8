//! One worker: its module is fetched and compiled once for all workers of a kind, and it is started from a
//! blob.

use crate::client::storage::base_url;
use crate::client::worker_kind::WorkerKind;
use crate::protocol::{Command, Event};
use crate::transfer::{fetch, fetch_module};
use js_sys::{Array, Promise, Uint8Array};
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashMap;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Blob, BlobPropertyBag, MessageEvent, MessagePort, Url};

thread_local! {
    /// The promises of the compiled modules. All workers of a kind share a download and a compilation.
    static MODULES: RefCell<BTreeMap<WorkerKind, Promise>> = RefCell::default();
}

/// A command, and the blobs or ports that go with it.
type Message = (Command, Vec<JsValue>);

/// A worker, from its first command on. It ends when dropped.
#[derive(Debug)]
pub(super) struct Worker {
    stage: Stage,
    /// The memory of its module, in bytes.
    pub(super) memory: u32,
}

#[derive(Debug)]
enum Stage {
    /// It has not been started yet. Commands wait until it is ready.
    Wanted(Vec<Message>),
    /// Its module or script is being fetched, until it reports that it runs.
    Starting(Vec<Message>, Option<LiveWorker>),
    Ready(LiveWorker),
}

impl Default for Worker {
    fn default() -> Self {
        Self { stage: Stage::Wanted(Vec::new()), memory: 0 }
    }
}

impl Worker {
    pub(super) const fn is_wanted(&self) -> bool {
        matches!(self.stage, Stage::Wanted(_))
    }

    pub(super) const fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready(_))
    }

    /// Returns true if its script was started, but has not reported that it runs.
    pub(super) const fn is_launched(&self) -> bool {
        matches!(self.stage, Stage::Starting(_, Some(_)))
    }

    /// Notes that it is being started. Returns true if it was not before.
    pub(super) fn begin_start(&mut self) -> bool {
        let Stage::Wanted(waiting) = &mut self.stage else { return false };
        self.stage = Stage::Starting(std::mem::take(waiting), None);
        true
    }

    /// Notes that its script runs, or will run as soon as the browser has fetched it.
    pub(super) fn on_launched(&mut self, worker: LiveWorker) {
        if let Stage::Starting(_, live) = &mut self.stage {
            *live = Some(worker);
        }
    }

    /// Notes that it runs, and sends it the visitor's files and the waiting commands.
    pub(super) fn on_ready(&mut self, files: &BTreeMap<String, Blob>) {
        let Stage::Starting(waiting, live) = &mut self.stage else { return };
        let Some(mut live) = live.take() else { return };
        let waiting = std::mem::take(waiting);
        live.revoke_script();
        if let Ok(base_url) = base_url() {
            post(&live.worker, &Command::Hello { base_url, names: names() }, &[]);
        }
        for (path, blob) in files {
            post(&live.worker, &Command::AddFile { path: path.clone() }, &[blob.into()]);
        }
        waiting.iter().for_each(|(command, attached)| post(&live.worker, command, attached));
        self.stage = Stage::Ready(live);
    }

    /// Sends a command, and blobs or ports with it, as soon as the worker is ready.
    pub(super) fn post(&mut self, command: &Command, attached: &[JsValue]) {
        match &mut self.stage {
            Stage::Wanted(waiting) | Stage::Starting(waiting, _) => {
                waiting.push((command.clone(), attached.to_vec()));
            }
            Stage::Ready(live) => post(&live.worker, command, attached),
        }
    }

    /// Returns the commands that wait for it, or `None` if it has been ready.
    pub(super) fn into_waiting(self) -> Option<Vec<Message>> {
        match self.stage {
            Stage::Wanted(waiting) | Stage::Starting(waiting, _) => Some(waiting),
            Stage::Ready(_) => None,
        }
    }
}

/// Sends an array of the encoded command and what goes with it. Ports are transferred.
fn post(worker: &web_sys::Worker, command: &Command, attached: &[JsValue]) {
    let sent = postcard::to_stdvec(command).map_err(|error| error.to_string()).and_then(|bytes| {
        let (message, transfer) = (Array::of1(&Uint8Array::from(bytes.as_slice())), Array::new());
        for attached in attached {
            message.push(attached);
            if attached.has_type::<MessagePort>() {
                transfer.push(attached);
            }
        }
        worker.post_message_with_transfer(&message, &transfer).map_err(|error| describe(&error))
    });
    if let Err(error) = sent {
        gloo::console::error!(format!("a command was not sent: {error}"));
    }
}

/// The browser's worker, ended when dropped.
#[derive(Debug)]
pub(super) struct LiveWorker {
    worker: web_sys::Worker,
    /// The address of its script, which is revoked when the worker has reported that it runs.
    script: Option<String>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(web_sys::Event)>,
}

/// Fetches the module, unless that was done before, and starts a worker. `progress` gets the bytes so far and
/// in all, `on_event` the events of the worker with the blobs next to them, and `on_death` the reason why it
/// has failed for good.
///
/// # Errors
///
/// Returns what the browser threw if the module could not be fetched or compiled, or the worker could not be
/// made.
pub(super) async fn launch(
    kind: WorkerKind,
    progress: impl Fn(u32, Option<u32>) + 'static,
    on_event: impl Fn(Event, Vec<Blob>) + 'static,
    on_death: impl Fn(String) + Clone + 'static,
) -> Result<LiveWorker, JsValue> {
    let module = compiled(kind, progress).await?;
    // The script comes from a blob, so that it also starts in a page without an origin. There, a module
    // script is refused, but a script that imports a module is not. The page has compiled the wasm already
    // and sends it as a message. A failure is thrown again outside of the promise, so that the page receives
    // it.
    let (base, script) = (base_url()?, name_of(&format!("{}.js", kind.stem())));
    let script = format!(
        "self.onmessage = ({{ data }}) => {{\n\
           self.onmessage = null;\n\
           import('{base}{script}')\n\
             .then((module) => module.default({{ module_or_path: data }}))\n\
             .catch((error) => setTimeout(() => {{ throw error; }}));\n\
         }};"
    );
    let options = BlobPropertyBag::new();
    options.set_type("text/javascript");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&script.into()), &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let worker = web_sys::Worker::new(&url)?;

    let on_lost = on_death.clone();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        // The encoded event, then the bytes of its frame if it is one, and blobs.
        let parts = message.data().dyn_into::<Array>().unwrap_or_else(|data| Array::of1(&data));
        let bytes = |part: &JsValue| part.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec);
        match postcard::from_bytes::<Event>(&bytes(&parts.get(0)).unwrap_or_default()) {
            Ok(event) => {
                let frame = bytes(&parts.get(1));
                let blobs = parts.iter().skip(1).filter_map(|part| part.dyn_into::<Blob>().ok()).collect();
                on_event(frame.into_iter().fold(event, Event::with_frame), blobs);
            }
            Err(error) => {
                on_lost(format!("The page and its worker do not fit together ({error}). Reload the page."));
            }
        }
    });
    let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
        let text = event.dyn_ref::<web_sys::ErrorEvent>().map(web_sys::ErrorEvent::message);
        // The page reports the error, so it should not appear in the console as well.
        event.prevent_default();
        on_death(lost_message(kind, &text.unwrap_or_else(|| "its script could not be loaded".to_owned())));
    });
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    worker.post_message(&module)?;
    Ok(LiveWorker { worker, script: Some(url), _on_message: on_message, _on_error: on_error })
}

impl LiveWorker {
    fn revoke_script(&mut self) {
        if let Some(script) = self.script.take() {
            // Revoking an unknown address does nothing.
            let _ = Url::revoke_object_url(&script);
        }
    }
}

impl Drop for LiveWorker {
    fn drop(&mut self) {
        self.revoke_script();
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// Returns the message for the visitor about a worker that has died. Its own message goes to the console, for
/// developers.
pub(super) fn lost_message(kind: WorkerKind, reason: &str) -> String {
    gloo::console::info!(format!("a worker has ended: {reason}"));
    if reason.contains("memory") {
        let what = if kind == WorkerKind::Files { "Reading the files" } else { "The run" };
        return format!("{what} needed more memory than the browser gives, and its worker was ended.");
    }
    format!("{} was ended unexpectedly and has been replaced.", kind.name())
}

/// Returns the message of a JavaScript error.
pub(super) fn describe(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| error.as_string())
        .unwrap_or_else(|| "no reason was given".to_owned())
}

/// Fetches and compiles the module of a kind, unless that was done before. After a failure, the next call tries again.
///
/// # Errors
///
/// Returns what the browser threw if the module could not be fetched or compiled.
pub(super) async fn compiled(
    kind: WorkerKind,
    progress: impl Fn(u32, Option<u32>) + 'static,
) -> Result<JsValue, JsValue> {
    let forget = |_: &JsValue| drop(MODULES.with_borrow_mut(|modules| modules.remove(&kind)));
    JsFuture::from(module(kind, progress)?).await.inspect_err(forget)
}

fn module(kind: WorkerKind, progress: impl Fn(u32, Option<u32>) + 'static) -> Result<Promise, JsValue> {
    if let Some(module) = MODULES.with_borrow(|modules| modules.get(&kind).cloned()) {
        return Ok(module);
    }
    let name = name_of(&format!("{}_bg.wasm", kind.stem()));
    let (url, size) = (format!("{}{name}", base_url()?), size_of(&name));
    let module = future_to_promise(async move {
        // The length of a compressed answer is that of the compressed bytes.
        let progress = |bytes, total| progress(bytes, size.or(total));
        let module = fetch_module(&url, progress).await;
        module.map(JsValue::from).map_err(|error| js_sys::Error::new(&error.to_string()).into())
    });
    MODULES.with_borrow_mut(|modules| modules.insert(kind, module.clone()));
    Ok(module)
}

/// Returns the files whose names on the server differ from those in the source. A shipped page lists them; a
/// development build has none.
fn names() -> Vec<(String, String)> {
    listed::<String>("nn-lab-files").into_iter().collect()
}

/// Returns the size of a file on the server, if the page lists it.
fn size_of(name: &str) -> Option<u32> {
    listed("nn-lab-sizes").remove(name)
}

/// Returns a list that `scripts/ship.mjs` has put into the page.
fn listed<T: DeserializeOwned>(id: &str) -> HashMap<String, T> {
    let list = gloo::utils::document().get_element_by_id(id);
    let text = list.and_then(|list| list.text_content()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Returns the name of a file on the server.
fn name_of(file: &str) -> String {
    names().into_iter().find(|(name, _)| name == file).map_or_else(|| file.to_owned(), |(_, name)| name)
}

/// Fetches a text file of the site by its name in the source.
///
/// # Errors
///
/// Returns a sentence if the file does not arrive or is not text.
pub async fn fetch_text(file: &str) -> Result<String, String> {
    let base = base_url().map_err(|error| describe(&error))?;
    let url = format!("{base}{}", name_of(file));
    let bytes = fetch(&url, |_, _| ()).await.map_err(|error| format!("{file} did not arrive: {error}."))?;
    String::from_utf8(bytes.into_vec()).map_err(|_| format!("{file} is not text."))
}
