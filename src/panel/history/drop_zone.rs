//! The area where run files are dropped: the list, and the rest of the page for files that end in `.json`.

use crate::ui::file_drag::{DropTarget, Dropped, dropped, has_files, target_of, use_file_drag};
use gloo::events::{EventListener, EventListenerOptions};
use gloo::utils::document;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;
use yew::prelude::*;

/// Opens the run files that are dropped, and those in dropped folders. Returns true while files are dragged over the
/// page.
#[hook]
pub(super) fn use_run_drop(open: &Callback<Vec<File>>) -> bool {
    use_effect_with(open.clone(), |open| {
        let open = open.clone();
        let options = EventListenerOptions::enable_prevent_default();
        let listener = EventListener::new_with_options(&document(), "drop", options, move |event| {
            let target = target_of(event, ".runs");
            if !has_files(event) || target == DropTarget::Elsewhere {
                return;
            }
            event.prevent_default();
            let (open, dropped) = (open.clone(), dropped(event));
            spawn_local(async move {
                let is_run = |file: &File| file.name().ends_with(".json");
                let mut files = Vec::new();
                for dropped in dropped.await {
                    match dropped {
                        Dropped::File(file) if target == DropTarget::Inside || is_run(&file) => {
                            files.push(file)
                        }
                        Dropped::File(_) => {}
                        Dropped::Folder(_, inside) => files.extend(inside.into_iter().filter(is_run)),
                    }
                }
                if !files.is_empty() {
                    open.emit(files);
                }
            });
        });
        move || drop(listener)
    });
    use_file_drag()
}
