//! One worker: fetched and compiled once for all of them, started from a blob, ended when dropped.

use crate::client::storage::base_url;
use crate::client::worker_kind::WorkerKind;
use crate::protocol::{Command, Event};
use crate::transfer::fetch;
use js_sys::{Array, Promise, Uint8Array, WebAssembly};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashMap;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Blob, BlobPropertyBag, MessageEvent, Url};

thread_local! {
    /// The compiled modules, or their way here: all workers of one share a download and a compilation.
    static MODULES: RefCell<BTreeMap<WorkerKind, Promise>> = RefCell::default();
}

/// A live worker, ended when dropped.
#[derive(Debug)]
pub(super) struct Worker {
    worker: web_sys::Worker,
    /// The address of its script, which is given back when the worker has said that it runs.
    script: Option<String>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(web_sys::Event)>,
}

impl Worker {
    /// Fetches the module, unless that was done before, and starts a worker. `progress` hears of bytes so far and in all,
    /// `on_event` of what the worker says and what it attached, and `on_death` why it has failed for good.
    pub(super) async fn start(
        kind: WorkerKind,
        progress: impl Fn(u32, Option<u32>) + 'static,
        on_event: impl Fn(Event, Vec<Blob>) + 'static,
        on_death: impl Fn(String) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let forget = |_: &JsValue| drop(MODULES.with_borrow_mut(|modules| modules.remove(&kind)));
        let module = JsFuture::from(module(kind, progress)?).await.inspect_err(forget)?;
        // From a blob, so that it also starts where the page has no origin of its own; there a script that is a module
        // from the start is refused, and one that imports a module is not. The wasm comes as a message: the page has
        // compiled it already. A failure is thrown anew outside of the promise, where the page hears of it.
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
            let (data, attached) = match message.data().dyn_into::<Array>() {
                Ok(parts) => (parts.get(0), parts.iter().skip(1).map(JsCast::unchecked_into).collect()),
                Err(data) => (data, Vec::new()),
            };
            match postcard::from_bytes(&Uint8Array::new(&data).to_vec()) {
                Ok(event) => on_event(event, attached),
                Err(error) => {
                    on_lost(format!(
                        "The page and its worker do not fit together ({error}). Reload the page."
                    ));
                }
            }
        });
        let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            let text = event.dyn_ref::<web_sys::ErrorEvent>().map(web_sys::ErrorEvent::message);
            // Known and told on the page: the console is for what nobody handles.
            event.prevent_default();
            on_death(died(&text.unwrap_or_else(|| "its script could not be loaded".to_owned())));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.post_message(&module)?;
        Ok(Self { worker, script: Some(url), _on_message: on_message, _on_error: on_error })
    }

    /// It has said that it runs.
    pub(super) fn started(&mut self) {
        self.revoke_script();
        if let Ok(base_url) = base_url() {
            self.post(&Command::Hello { base_url, names: names() }, None);
        }
    }

    /// Sends a command, and a blob with it.
    pub(super) fn post(&self, command: &Command, attachment: Option<&Blob>) {
        let sent = postcard::to_stdvec(command).map_err(|error| error.to_string()).and_then(|bytes| {
            let bytes = Uint8Array::from(bytes.as_slice());
            let sent = match attachment {
                Some(blob) => self.worker.post_message(&Array::of2(&bytes, blob)),
                None => self.worker.post_message(&bytes),
            };
            sent.map_err(|e| describe(&e))
        });
        if let Err(error) = sent {
            gloo::console::error!(format!("a command was not sent: {error}"));
        }
    }

    fn revoke_script(&mut self) {
        if let Some(script) = self.script.take() {
            // An address that is unknown is as good as one that is given back.
            let _ = Url::revoke_object_url(&script);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.revoke_script();
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// The sentence about a worker that has died. What it said is for those who write the lab.
pub(super) fn died(reason: &str) -> String {
    gloo::console::info!(format!("a worker has ended: {reason}"));
    if reason.contains("memory") {
        return "The run needed more memory than the browser gives, and its worker was ended.".to_owned();
    }
    "The worker that trains was ended unexpectedly and has been replaced.".to_owned()
}

/// What a JavaScript error says.
pub(super) fn describe(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| error.as_string())
        .unwrap_or_else(|| "no reason was given".to_owned())
}

fn module(kind: WorkerKind, progress: impl Fn(u32, Option<u32>) + 'static) -> Result<Promise, JsValue> {
    if let Some(module) = MODULES.with_borrow(|modules| modules.get(&kind).cloned()) {
        return Ok(module);
    }
    let url = format!("{}{}", base_url()?, name_of(&format!("{}_bg.wasm", kind.stem())));
    let module = future_to_promise(async move {
        let file =
            fetch(&url, progress).await.map_err(|error| js_sys::Error::new(&error.to_string()))?.into_array();
        let compiled = JsFuture::from(WebAssembly::compile(&file)).await;
        compiled.map_err(|_| js_sys::Error::new("its file came damaged").into())
    });
    MODULES.with_borrow_mut(|modules| modules.insert(kind, module.clone()));
    Ok(module)
}

/// The files that have other names where the site lies than in the source. A shipped page lists them; while the lab is
/// worked on there are none.
fn names() -> Vec<(String, String)> {
    let list = gloo::utils::document().get_element_by_id("nn-lab-files");
    let text = list.and_then(|list| list.text_content()).unwrap_or_default();
    let names: HashMap<String, String> = serde_json::from_str(&text).unwrap_or_default();
    names.into_iter().collect()
}

/// The name under which a file lies.
fn name_of(file: &str) -> String {
    names().into_iter().find(|(name, _)| name == file).map_or_else(|| file.to_owned(), |(_, name)| name)
}
