//! The page's end of the worker: fetches it, starts it, replaces it when it dies, and passes each event to the run
//! that it belongs to.

use crate::protocol::{Command, Event, LabError, RunId};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, MessageEvent, ReadableStreamDefaultReader, Response, Url, Worker};
use yew::Callback;

/// The one client of this page.
#[derive(Debug, Default)]
pub(super) struct Client {
    worker: RefCell<State>,
    listeners: RefCell<HashMap<RunId, Callback<Event>>>,
    last_run: Cell<u32>,
}

#[derive(Debug, Default)]
enum State {
    /// No worker; the next start fetches one.
    #[default]
    None,
    /// Being fetched or started; commands wait here.
    Starting(Vec<Command>),
    Ready(Handle),
}

/// A live worker, ended when dropped.
#[derive(Debug)]
struct Handle {
    worker: Worker,
    /// The address of its script, which is given back when the worker has said that it runs.
    script: Option<String>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(web_sys::Event)>,
}

impl Handle {
    fn revoke_script(&mut self) {
        if let Some(script) = self.script.take() {
            // An address that is unknown is as good as one that is given back.
            let _ = Url::revoke_object_url(&script);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.revoke_script();
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

thread_local! {
    static CLIENT: Rc<Client> = Rc::default();
    /// The worker's module, kept so that a replacement starts without a fetch.
    static MODULE: RefCell<Option<ArrayBuffer>> = const { RefCell::new(None) };
    /// A worker that is starting and has not said that it is ready.
    static NEWBORN: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

impl Client {
    pub(super) fn get() -> Rc<Self> {
        CLIENT.with(Rc::clone)
    }

    /// Starts a run and passes its events to `listener`; fetches the worker if need be.
    pub(super) fn start(
        self: &Rc<Self>,
        listener: Callback<Event>,
        command: impl FnOnce(RunId) -> Command,
    ) -> RunId {
        let run = RunId(self.last_run.get() + 1);
        self.last_run.set(run.0);
        self.listeners.borrow_mut().insert(run, listener);
        let idle = matches!(*self.worker.borrow(), State::None);
        if idle {
            self.worker.replace(State::Starting(Vec::new()));
            let client = self.clone();
            spawn_local(async move {
                painted().await;
                if let Err(error) = client.clone().boot().await {
                    client.lose(&format!("The worker could not be started ({}).", describe(&error)));
                }
            });
        }
        self.send(&command(run));
        run
    }

    /// Sends a command to the worker, or keeps it until there is one.
    pub(super) fn send(&self, command: &Command) {
        match &mut *self.worker.borrow_mut() {
            State::None => {}
            State::Starting(waiting) => waiting.push(command.clone()),
            State::Ready(handle) => post(&handle.worker, command),
        }
    }

    /// Ends a run; nothing more is heard of it.
    pub(super) fn stop(&self, run: RunId) {
        self.listeners.borrow_mut().remove(&run);
        self.send(&Command::Stop(run));
    }

    /// Fetches the worker's module with progress and starts it.
    async fn boot(self: Rc<Self>) -> Result<(), JsValue> {
        let base = base_url()?;
        let cached = MODULE.with_borrow(Clone::clone);
        let module = match cached {
            Some(module) => module,
            None => {
                let bytes = fetch(&format!("{base}{}", name_of("worker_bg.wasm")), |bytes, total| {
                    self.broadcast(|run| Event::Loading { run, what: "the worker".to_owned(), bytes, total });
                })
                .await?;
                MODULE.set(Some(bytes.clone()));
                bytes
            }
        };
        // From a blob, so that it also starts where the page has no origin of its own; there a script that is a module
        // from the start is refused, and one that imports a module is not. The wasm comes as a message: the page has
        // fetched it already. A failure is thrown anew outside of the promise, where the page hears of it.
        let worker_script = name_of("worker.js");
        let script = format!(
            "self.onmessage = ({{ data }}) => {{\n\
               self.onmessage = null;\n\
               import('{base}{worker_script}')\n\
                 .then((module) => module.default({{ module_or_path: data }}))\n\
                 .catch((error) => setTimeout(() => {{ throw error; }}));\n\
             }};"
        );
        let options = BlobPropertyBag::new();
        options.set_type("text/javascript");
        let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&script.into()), &options)?;
        let url = Url::create_object_url_with_blob(&blob)?;
        let worker = Worker::new(&url)?;

        let client = self.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            let bytes = Uint8Array::new(&message.data()).to_vec();
            match postcard::from_bytes(&bytes) {
                Ok(event) => client.hear(event),
                Err(error) => {
                    client.lose(&format!("The worker spoke another language ({error}). Reload the page."))
                }
            }
        });
        let client = self.clone();
        let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            let text = event.dyn_ref::<web_sys::ErrorEvent>().map(web_sys::ErrorEvent::message);
            // Known and told on the page: the console is for what nobody handles.
            event.prevent_default();
            client.lose(&died(&text.unwrap_or_else(|| "its script could not be loaded".to_owned())));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.post_message(&module)?;
        let handle = Handle { worker, script: Some(url), _on_message: on_message, _on_error: on_error };
        NEWBORN.set(Some(handle));
        Ok(())
    }

    fn hear(self: &Rc<Self>, event: Event) {
        let run = match &event {
            Event::Ready => return self.ready(),
            Event::Died { reason } => return self.lose(&died(reason)),
            Event::Device { run, .. }
            | Event::Loading { run, .. }
            | Event::Frame { run, .. }
            | Event::Progress { run, .. }
            | Event::Paused { run, .. }
            | Event::Finished { run, .. }
            | Event::Failed { run, .. } => *run,
        };
        let over = matches!(event, Event::Finished { .. } | Event::Failed { .. });
        let lost_device = matches!(event, Event::Failed { error: LabError::Device(_), .. });
        let listener = if over {
            self.listeners.borrow_mut().remove(&run)
        } else {
            self.listeners.borrow().get(&run).cloned()
        };
        if let Some(listener) = listener {
            listener.emit(event);
        }
        if lost_device {
            // A GPU that was lost stays lost for this worker; the next run gets a new one.
            self.lose("The device was lost, and the worker was replaced. Train again to start anew.");
        }
    }

    fn ready(&self) {
        let Some(mut handle) = NEWBORN.take() else { return };
        handle.revoke_script();
        if let Ok(base_url) = base_url() {
            post(&handle.worker, &Command::Hello { base_url, names: names() });
        }
        if let State::Starting(waiting) = self.worker.replace(State::None) {
            for command in &waiting {
                post(&handle.worker, command);
            }
        }
        self.worker.replace(State::Ready(handle));
    }

    /// Gives up the worker and tells every run why.
    fn lose(&self, why: &str) {
        self.worker.replace(State::None);
        NEWBORN.set(None);
        let listeners = self.listeners.take();
        for (run, listener) in listeners {
            listener.emit(Event::Failed { run, error: LabError::Device(why.to_owned()) });
        }
    }

    fn broadcast(&self, event: impl Fn(RunId) -> Event) {
        let listeners = self.listeners.borrow().clone();
        for (run, listener) in listeners {
            listener.emit(event(run));
        }
    }
}

/// Waits for two frames, so that the page is seen before the worker's megabytes are asked for; or for a second, where
/// nothing is drawn because nobody looks.
async fn painted() {
    let either = js_sys::Promise::new(&mut |resolve, _| {
        let window = gloo::utils::window();
        // Whichever comes second resolves what is resolved already, which does nothing.
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 1000);
        let second = Closure::once_into_js(move || {
            let _ = gloo::utils::window().request_animation_frame(&resolve);
        });
        let _ = window.request_animation_frame(second.unchecked_ref());
    });
    // A timer does not fail.
    let _ = JsFuture::from(either).await;
}

fn died(reason: &str) -> String {
    format!("The worker stopped and was replaced; train again to start anew. It said: {reason}")
}

fn post(worker: &Worker, command: &Command) {
    let sent = postcard::to_stdvec(command)
        .map_err(|error| error.to_string())
        .and_then(|bytes| worker.post_message(&Uint8Array::from(bytes.as_slice())).map_err(|e| describe(&e)));
    if let Err(error) = sent {
        gloo::console::error!(format!("a command was not sent: {error}"));
    }
}

/// The folder of the page, with a slash at its end.
fn base_url() -> Result<String, JsValue> {
    let base = gloo::utils::document().base_uri()?.unwrap_or_default();
    Ok(Url::new_with_base("./", &base)?.href())
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

async fn fetch(url: &str, progress: impl Fn(u32, Option<u32>)) -> Result<ArrayBuffer, JsValue> {
    let response: Response =
        JsFuture::from(gloo::utils::window().fetch_with_str(url)).await?.unchecked_into();
    if !response.ok() {
        return Err(js_sys::Error::new(&format!("the server answered {}", response.status())).into());
    }
    let length = response.headers().get("content-length")?;
    let total: Option<u32> = length.and_then(|length| length.parse().ok());
    let stream = response.body().ok_or_else(|| js_sys::Error::new("the answer is empty"))?;
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let chunks = Array::new();
    let mut bytes = 0;
    loop {
        let chunk = JsFuture::from(reader.read()).await?;
        if js_sys::Reflect::get(&chunk, &"done".into())?.is_truthy() {
            break;
        }
        let chunk: Uint8Array = js_sys::Reflect::get(&chunk, &"value".into())?.unchecked_into();
        bytes += chunk.length();
        chunks.push(&chunk);
        // A compressed answer tells its compressed length, which the bytes may outgrow.
        progress(bytes, total.filter(|&total| total >= bytes));
    }
    let all = Uint8Array::new_with_length(bytes);
    let mut at = 0;
    for chunk in chunks.iter() {
        let chunk: Uint8Array = chunk.unchecked_into();
        all.set(&chunk, at);
        at += chunk.length();
    }
    Ok(all.buffer())
}

fn describe(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| error.as_string())
        .unwrap_or_else(|| "no reason was given".to_owned())
}
