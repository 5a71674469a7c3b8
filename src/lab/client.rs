//! The page's end of the worker: fetches it, starts it, replaces it when it dies, and passes each event to the run
//! that it belongs to.

use crate::lab::storage::{self, base_url};
use crate::protocol::{Command, Event, FileKind, LabError, RunId, UserFile};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
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
    /// What the visitor gave, by its path.
    files: RefCell<BTreeMap<String, Blob>>,
    /// Counts the changes of the files.
    files_version: Cell<u32>,
    /// Whoever wants to know that the files have changed.
    watchers: RefCell<Vec<(u32, Callback<u32>)>>,
}

#[derive(Debug, Default)]
enum State {
    /// No worker; the next start fetches one.
    #[default]
    None,
    /// Being fetched or started; commands wait here.
    Starting(Vec<(Command, Option<Blob>)>),
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
    static STARTING: RefCell<Option<Handle>> = const { RefCell::new(None) };
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
        self.start_beside(listener, command, None)
    }

    /// Has the worker check and unpack a file.
    pub(super) fn take(self: &Rc<Self>, listener: Callback<Event>, kind: FileKind, name: String, blob: Blob) {
        self.start_beside(listener, |run| Command::Take { run, kind, name }, Some(blob));
    }

    fn start_beside(
        self: &Rc<Self>,
        listener: Callback<Event>,
        command: impl FnOnce(RunId) -> Command,
        beside: Option<Blob>,
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
                client.restore().await;
                if let Err(error) = client.clone().boot().await {
                    client.lose(&format!("The worker could not be started ({}).", describe(&error)));
                }
            });
        }
        self.send_beside(&command(run), beside);
        run
    }

    /// Takes up what an earlier visit has kept, once.
    async fn restore(&self) {
        thread_local! {
            static DONE: Cell<bool> = const { Cell::new(false) };
        }
        if DONE.replace(true) {
            return;
        }
        let kept = storage::load("user/").await;
        if !kept.is_empty() {
            self.files.borrow_mut().extend(kept);
            self.files_changed();
        }
    }

    /// The visitor's files in a folder.
    pub(super) fn files(&self, folder: &str) -> Vec<UserFile> {
        let files = self.files.borrow();
        let inside = files.iter().filter(|(path, _)| path.starts_with(folder));
        inside.map(|(path, blob)| UserFile { path: path.clone(), size: blob.size() as u32 }).collect()
    }

    /// Removes the visitor's files in a folder, here, in the worker and in the browser's storage.
    pub(super) fn remove_files(&self, folder: &str) {
        for UserFile { path, .. } in self.files(folder) {
            self.files.borrow_mut().remove(&path);
            self.send(&Command::Remove { path: path.clone() });
            spawn_local(async move { storage::remove(&path).await });
        }
        self.files_changed();
    }

    pub(super) fn files_version(&self) -> u32 {
        self.files_version.get()
    }

    /// Calls `watcher` when the files have changed, until it is dropped by its number.
    pub(super) fn watch_files(&self, watcher: Callback<u32>) -> u32 {
        let number = self.last_run.get() + 1;
        self.last_run.set(number);
        self.watchers.borrow_mut().push((number, watcher));
        number
    }

    pub(super) fn unwatch_files(&self, number: u32) {
        self.watchers.borrow_mut().retain(|(other, _)| *other != number);
    }

    fn files_changed(&self) {
        let version = self.files_version.get() + 1;
        self.files_version.set(version);
        let watchers = self.watchers.borrow().clone();
        watchers.iter().for_each(|(_, watcher)| watcher.emit(version));
    }

    /// Sends a command to the worker, or keeps it until there is one.
    pub(super) fn send(&self, command: &Command) {
        self.send_beside(command, None);
    }

    fn send_beside(&self, command: &Command, beside: Option<Blob>) {
        match &mut *self.worker.borrow_mut() {
            State::None => {}
            State::Starting(waiting) => waiting.push((command.clone(), beside)),
            State::Ready(handle) => post(&handle.worker, command, beside.as_ref()),
        }
    }

    /// Ends a run; nothing more is heard of it.
    pub(super) fn stop(&self, run: RunId) {
        self.listeners.borrow_mut().remove(&run);
        self.send(&Command::Forget(run));
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
            let (data, beside) = match message.data().dyn_into::<Array>() {
                Ok(parts) => (parts.get(0), parts.iter().skip(1).map(JsCast::unchecked_into).collect()),
                Err(data) => (data, Vec::new()),
            };
            let bytes = Uint8Array::new(&data).to_vec();
            match postcard::from_bytes(&bytes) {
                Ok(event) => client.hear(event, beside),
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
        STARTING.set(Some(handle));
        Ok(())
    }

    fn hear(self: &Rc<Self>, event: Event, beside: Vec<Blob>) {
        let run = match &event {
            Event::Ready => return self.ready(),
            Event::Died { reason } => return self.lose(&died(reason)),
            Event::Device { run, .. }
            | Event::Loading { run, .. }
            | Event::Frame { run, .. }
            | Event::Progress { run, .. }
            | Event::Paused { run, .. }
            | Event::Idle { run, .. }
            | Event::Finished { run, .. }
            | Event::Failed { run, .. } => *run,
            Event::Taken { run, files } => {
                self.keep(files, beside);
                *run
            }
        };
        let over = matches!(event, Event::Finished { .. } | Event::Failed { .. } | Event::Taken { .. });
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

    /// Keeps what the worker has taken in, here for the next worker and in the browser's storage for the next visit.
    fn keep(&self, files: &[UserFile], blobs: Vec<Blob>) {
        for (file, blob) in files.iter().zip(blobs) {
            self.files.borrow_mut().insert(file.path.clone(), blob.clone());
            let path = file.path.clone();
            spawn_local(async move { storage::store(&path, &blob).await });
        }
        self.files_changed();
    }

    fn ready(&self) {
        let Some(mut handle) = STARTING.take() else { return };
        handle.revoke_script();
        if let Ok(base_url) = base_url() {
            post(&handle.worker, &Command::Hello { base_url, names: names() }, None);
        }
        for (path, blob) in &*self.files.borrow() {
            post(&handle.worker, &Command::Keep { path: path.clone() }, Some(blob));
        }
        if let State::Starting(waiting) = self.worker.replace(State::None) {
            for (command, beside) in &waiting {
                post(&handle.worker, command, beside.as_ref());
            }
        }
        self.worker.replace(State::Ready(handle));
    }

    /// Gives up the worker and tells every run why.
    fn lose(&self, why: &str) {
        self.worker.replace(State::None);
        STARTING.set(None);
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

fn post(worker: &Worker, command: &Command, beside: Option<&Blob>) {
    let sent = postcard::to_stdvec(command).map_err(|error| error.to_string()).and_then(|bytes| {
        let bytes = Uint8Array::from(bytes.as_slice());
        let sent = match beside {
            Some(blob) => worker.post_message(&Array::of2(&bytes, blob)),
            None => worker.post_message(&bytes),
        };
        sent.map_err(|e| describe(&e))
    });
    if let Err(error) = sent {
        gloo::console::error!(format!("a command was not sent: {error}"));
    }
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
