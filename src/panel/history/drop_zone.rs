//! The area where run files are dropped: the list, and the rest of the page for files that end in `.json`.

use crate::ui::file_drag::{DropTarget, Dropped, use_file_drop};
use web_sys::File;
use yew::prelude::*;

/// Opens the run files that are dropped, and those in dropped folders. Returns true while files are dragged over the
/// page.
#[hook]
pub(super) fn use_run_drop(open: &Callback<Vec<File>>) -> bool {
    let on_drop = use_callback(open.clone(), |(target, all): (DropTarget, Vec<Dropped>), open| {
        let is_run = |file: &File| file.name().ends_with(".json");
        let mut files = Vec::new();
        for dropped in all {
            match dropped {
                Dropped::File(file) if target == DropTarget::Inside || is_run(&file) => files.push(file),
                Dropped::File(_) => {}
                Dropped::Folder(_, inside) => {
                    files.extend(inside.into_iter().map(|(_, file)| file).filter(is_run));
                }
            }
        }
        if !files.is_empty() {
            open.emit(files);
        }
    });
    use_file_drop(".runs", on_drop)
}
