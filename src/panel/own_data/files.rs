//! Files from a dialog, a drop or the clipboard, with their paths.

use crate::client::NamedBlob;
use crate::ui::file_drag::Dropped;
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, DataTransfer, File, FileList, HtmlInputElement};
use yew::prelude::*;

/// Returns the files of a file field, and clears it, so that the same file can be chosen again.
pub(super) fn chosen(event: &Event) -> Vec<NamedBlob> {
    let input = event.target_unchecked_into::<HtmlInputElement>();
    let files = input.files().map(listed).unwrap_or_default();
    input.set_value("");
    files
}

/// Returns the files that were dropped.
pub(super) fn dropped(all: Vec<Dropped>) -> Vec<NamedBlob> {
    let mut files = Vec::new();
    for dropped in all {
        match dropped {
            Dropped::File(file) => files.push(named(file.name(), file)),
            Dropped::Folder(_, inside) => {
                files.extend(inside.into_iter().map(|(path, file)| named(path, file)))
            }
        }
    }
    files.retain(is_visible);
    files
}

/// Returns the files and the text of a paste event.
pub(super) fn pasted(event: &Event) -> (Vec<NamedBlob>, String) {
    let data = Reflect::get(event, &"clipboardData".into()).ok();
    let Some(data) = data.and_then(|data| data.dyn_into::<DataTransfer>().ok()) else {
        return Default::default();
    };
    (data.files().map(listed).unwrap_or_default(), data.get_data("text/plain").unwrap_or_default())
}

/// Returns a text as a file. `None` if the browser refuses.
pub(super) fn of_text(name: &str, text: &str) -> Option<NamedBlob> {
    let blob = Blob::new_with_str_sequence(&Array::of1(&JsValue::from_str(text))).ok()?;
    Some(NamedBlob { name: name.to_owned(), blob })
}

fn listed(list: FileList) -> Vec<NamedBlob> {
    let files = (0..list.length()).filter_map(|at| list.get(at)).map(|file| {
        // Set for files of a chosen folder, and empty for others.
        let path = Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
        named(path.filter(|path| !path.is_empty()).unwrap_or_else(|| file.name()), file)
    });
    let mut files: Vec<_> = files.filter(is_visible).collect();
    // Browsers list a folder in any order, and the name of a data set depends on the order.
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn named(name: String, file: File) -> NamedBlob {
    NamedBlob { name, blob: file.into() }
}

/// Returns false for the files that operating systems leave in folders.
fn is_visible(file: &NamedBlob) -> bool {
    let is_hidden =
        |part: &str| part.starts_with('.') || matches!(part, "Thumbs.db" | "desktop.ini" | "__MACOSX");
    !file.name.split('/').any(is_hidden)
}
