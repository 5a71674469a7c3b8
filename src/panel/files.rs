//! A box that takes the visitor's files: dropped anywhere on the page, or chosen in a file dialog.

use crate::client::{Files, use_files};
use crate::protocol::{FileKind, UserFile};
use gloo::events::{EventListener, EventListenerOptions};
use gloo::utils::document;
use wasm_bindgen::JsValue;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The properties of [`FileBox`].
#[derive(Debug, PartialEq, Properties)]
pub struct FileBoxProps {
    /// The kind of the files.
    pub kind: FileKind,
    /// The files, with callbacks to change them.
    pub files: Files,
    /// The name of the files.
    pub title: AttrValue,
    /// The files that are accepted, and where to get them.
    pub children: Html,
}

/// Accepts files, lists them, and shows the errors of refused ones.
#[component]
pub fn FileBox(props: &FileBoxProps) -> Html {
    let dragging = use_state_eq(|| false);
    use_effect_with(props.files.add.clone(), {
        let dragging = dragging.setter();
        move |add| {
            let add = add.clone();
            let options = EventListenerOptions::enable_prevent_default;
            let (over, left) = (dragging.clone(), dragging.clone());
            let listeners = [
                EventListener::new_with_options(&document(), "dragover", options(), move |event| {
                    // Otherwise the browser would open the file in place of the page.
                    event.prevent_default();
                    over.set(true);
                }),
                EventListener::new(&document(), "dragleave", move |_| left.set(false)),
                EventListener::new_with_options(&document(), "drop", options(), move |event| {
                    event.prevent_default();
                    dragging.set(false);
                    if let Some(files) = files_of(event, "dataTransfer") {
                        add.emit(files);
                    }
                }),
            ];
            move || drop(listeners)
        }
    });
    let onchange = {
        let add = props.files.add.clone();
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            if let Some(files) = get(&input, "files") {
                add.emit(files);
            }
            // The input is cleared, so that the same file can be chosen again.
            input.set_value("");
        })
    };
    let remove = props.files.remove.reform(|_: MouseEvent| ());
    let Files { list, busy, errors, .. } = &props.files;
    let name = |file: &UserFile| file.path.strip_prefix(props.kind.folder()).unwrap_or(&file.path).to_owned();
    let item = |file: &UserFile| html! { <li>{ format!("{} ({:.1} MB)", name(file), f64::from(file.size) / 1e6) }</li> };
    html! {
        <div class="file-box" data-files={props.kind.folder()} data-dragging={dragging.to_string()}>
            <div>{ props.children.clone() }</div>
            <label class="file-input">
                <span>{ format!("Add {} files, or drop them on the page", props.title) }</span>
                <input type="file" multiple={true} accept={props.kind.endings()} {onchange} />
            </label>
            <div role="status">
                if !busy.is_empty() {
                    <p>{ format!("Reading {}…", busy.join(", ")) }</p>
                } else if !list.is_empty() {
                    <ul>{ for list.iter().map(item) }</ul>
                }
            </div>
            if !list.is_empty() {
                <button type="button" data-action="remove-files" onclick={remove}>{ format!("Remove {}", props.title) }</button>
            }
            <div role="alert">
                { for errors.iter().map(|error| html! { <p class="notice" data-kind="error">{ error }</p> }) }
            </div>
        </div>
    }
}

/// A box for the images of CIFAR-10.
#[component]
pub fn Cifar10Box() -> Html {
    let files = use_files(FileKind::Cifar10);
    let help = html! {
        <p>
            { "CIFAR-10 (Krizhevsky 2009): take the binary version, " }<code>{ "cifar-10-binary.tar.gz" }</code>
            { ", from " }<a href="https://www.cs.toronto.edu/~kriz/cifar.html" rel="noreferrer">{ "its author's page" }</a>
            { ", or its " }<code>{ ".bin" }</code>{ " files; one must be " }<code>{ "test_batch.bin" }</code>
            { ". They stay in this browser." }
        </p>
    };
    html! { <FileBox kind={FileKind::Cifar10} {files} title="CIFAR-10">{ help }</FileBox> }
}

/// Returns the files of an event.
fn files_of(event: &web_sys::Event, holder: &str) -> Option<JsValue> {
    get(&get(event, holder)?, "files")
}

fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    js_sys::Reflect::get(object, &key.into()).ok().filter(|value| value.is_object())
}
