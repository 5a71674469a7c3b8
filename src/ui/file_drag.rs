//! Files and folders that are dragged onto the page.

use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use gloo::utils::{document, window};
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DragEvent, Element, File};
use yew::prelude::*;

/// The maximum depth of folders, and the maximum number of files in a folder, that are read.
const MAX_DEPTH: usize = 4;
const MAX_FILES: usize = 25_000;

// Bound by hand, because these interfaces are not part of a standard that web-sys covers by default.
#[wasm_bindgen]
extern "C" {
    type Item;
    #[wasm_bindgen(method, getter)]
    fn kind(this: &Item) -> String;
    #[wasm_bindgen(method, js_name = getAsFile)]
    fn file(this: &Item) -> Option<File>;
    #[wasm_bindgen(method, catch, js_name = webkitGetAsEntry)]
    fn entry(this: &Item) -> Result<Option<Entry>, JsValue>;

    type Entry;
    #[wasm_bindgen(method, getter)]
    fn name(this: &Entry) -> String;
    #[wasm_bindgen(method, getter, js_name = fullPath)]
    fn full_path(this: &Entry) -> String;
    #[wasm_bindgen(method, getter, js_name = isDirectory)]
    fn is_directory(this: &Entry) -> bool;
    #[wasm_bindgen(method, js_name = file)]
    fn read_file(this: &Entry, done: &Function, failed: &Function);
    #[wasm_bindgen(method, js_name = createReader)]
    fn reader(this: &Entry) -> Reader;

    type Reader;
    #[wasm_bindgen(method, js_name = readEntries)]
    fn read_entries(this: &Reader, done: &Function, failed: &Function);
}

/// A file or folder that was dropped.
#[derive(Debug)]
pub enum Dropped {
    /// A file.
    File(File),
    /// A folder with its name and its files, also those in folders inside it. Each file has its path, which starts with the
    /// name of the folder.
    Folder(String, Vec<(String, File)>),
}

/// The place where files were dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropTarget {
    /// The element in question.
    Inside,
    /// Another area that takes files, such as a file field.
    Elsewhere,
    /// Any other place on the page.
    Page,
}

/// Returns true while files are dragged over the page.
#[hook]
fn use_file_drag() -> bool {
    let dragging = use_state_eq(|| false);
    use_effect_with((), {
        let dragging = dragging.setter();
        move |()| {
            let (over, left, moved, ended) = (dragging.clone(), dragging.clone(), dragging.clone(), dragging);
            // In the capture phase, because an area may stop the event.
            let listen = |name, on: Box<dyn Fn(&web_sys::Event)>| {
                let options = EventListenerOptions { phase: EventListenerPhase::Capture, passive: true };
                EventListener::new_with_options(&window(), name, options, move |event| on(event))
            };
            let listeners = [
                listen("dragover", Box::new(move |event| over.set(has_files(event)))),
                // Between two elements of the page, the element that is entered is known.
                listen(
                    "dragleave",
                    Box::new(move |event| {
                        if event.unchecked_ref::<DragEvent>().related_target().is_none() {
                            left.set(false);
                        }
                    }),
                ),
                // The pointer does not move during a drag. A drag that was canceled may not have left the page.
                listen("pointermove", Box::new(move |_| moved.set(false))),
                listen("drop", Box::new(move |_| ended.set(false))),
            ];
            move || drop(listeners)
        }
    });
    *dragging
}

/// Receives the files and folders that are dropped anywhere on the page, except on other areas that take files. The callback
/// gets the place relative to the elements of `selector`. Returns true while files are dragged over the page.
#[hook]
pub fn use_file_drop(selector: &'static str, on_drop: Callback<(DropTarget, Vec<Dropped>)>) -> bool {
    use_effect_with(on_drop, move |on_drop| {
        let on_drop = on_drop.clone();
        let options = EventListenerOptions::enable_prevent_default();
        let listener = EventListener::new_with_options(&document(), "drop", options, move |event| {
            let target = target_of(event, selector);
            if !has_files(event) || target == DropTarget::Elsewhere {
                return;
            }
            // Otherwise the browser would open the file in place of the page.
            event.prevent_default();
            let (on_drop, dropped) = (on_drop.clone(), dropped(event));
            spawn_local(async move { on_drop.emit((target, dropped.await)) });
        });
        move || drop(listener)
    });
    use_file_drag()
}

/// Keeps the page when files are dropped where nothing takes them. Browsers would open them in place of the page.
#[hook]
pub fn use_drop_guard() {
    use_effect_with((), |()| {
        let keep = |event: &web_sys::Event| {
            // A file field takes files by itself, and text may be dragged into text fields.
            if has_files(event) && !is_in(event, "input[type=file]") {
                event.prevent_default();
            }
        };
        let options = EventListenerOptions::enable_prevent_default;
        let listeners = ["dragover", "drop"]
            .map(|name| EventListener::new_with_options(&window(), name, options(), keep));
        move || drop(listeners)
    });
}

/// Returns true if an event carries files.
fn has_files(event: &web_sys::Event) -> bool {
    let types = event.unchecked_ref::<DragEvent>().data_transfer().map(|transfer| transfer.types());
    types.is_some_and(|types| types.iter().any(|kind| kind == "Files"))
}

/// Returns where an event happened, relative to the elements of a selector.
fn target_of(event: &web_sys::Event, selector: &str) -> DropTarget {
    if is_in(event, selector) {
        DropTarget::Inside
    } else if is_in(event, ".file-box, .own-data, .runs, input[type=file]") {
        DropTarget::Elsewhere
    } else {
        DropTarget::Page
    }
}

fn is_in(event: &web_sys::Event, selector: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| element.closest(selector).ok().flatten().is_some())
}

/// Returns what was dropped. The event must still be in progress when this is called, because its items are gone
/// afterwards; the files are read later.
fn dropped(event: &web_sys::Event) -> impl Future<Output = Vec<Dropped>> + use<> {
    let transfer = event.unchecked_ref::<DragEvent>().data_transfer();
    let items = transfer.and_then(|transfer| Reflect::get(&transfer, &"items".into()).ok());
    let items = items.filter(JsValue::is_object).map(|items| Array::from(&items)).unwrap_or_default();
    let of_files =
        items.iter().map(|item| item.unchecked_into::<Item>()).filter(|item| item.kind() == "file");
    // Browsers without folders, and files that a script has added, have no entry.
    let found: Vec<_> = of_files.map(|item| (item.entry().ok().flatten(), item.file())).collect();
    async move {
        let mut all = Vec::new();
        for (entry, file) in found {
            match entry.filter(Entry::is_directory) {
                Some(folder) => all.push(Dropped::Folder(folder.name(), files_in(folder).await)),
                None => all.extend(file.map(Dropped::File)),
            }
        }
        all
    }
}

/// Returns the files in a folder. What cannot be read is left out.
async fn files_in(folder: Entry) -> Vec<(String, File)> {
    let (mut files, mut folders) = (Vec::new(), vec![(folder, 0)]);
    while let Some((folder, depth)) = folders.pop() {
        let reader = folder.reader();
        // A browser returns some of the entries at a time, and none at the end.
        loop {
            let some = Promise::new(&mut |done, failed| reader.read_entries(&done, &failed));
            let some = JsFuture::from(some).await.map(|some| Array::from(&some)).unwrap_or_default();
            if some.length() == 0 || files.len() >= MAX_FILES {
                break;
            }
            for entry in some.iter().map(|entry| entry.unchecked_into::<Entry>()) {
                if entry.is_directory() {
                    if depth < MAX_DEPTH {
                        folders.push((entry, depth + 1));
                    }
                    continue;
                }
                let file = Promise::new(&mut |done, failed| entry.read_file(&done, &failed));
                if let Ok(file) = JsFuture::from(file).await {
                    let path = entry.full_path().trim_start_matches('/').to_owned();
                    files.push((path, file.unchecked_into::<File>()));
                }
            }
        }
    }
    // Browsers list a folder in any order.
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    files
}
