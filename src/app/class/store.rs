//! The state of the class view: the files of the class, and those that are being read.

use crate::coursework::class::{Class, FileText, LeftOut};
use js_sys::{Promise, Reflect};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;
use yew::prelude::*;

/// The number of files that are read before the page is drawn again.
const TOGETHER: usize = 6;

/// The state of the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Store {
    /// The files.
    pub(super) class: Rc<Class>,
    /// The number of files that wait to be read.
    pub(super) waiting: usize,
}

/// A change of the state.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// Files will be read.
    Expect(usize),
    /// Files were read.
    Add(Vec<Result<FileText, LeftOut>>),
    /// Remove the file of a student.
    Remove(u64),
    /// Remove all files.
    RemoveAll,
    /// Remove the lesson.
    RemoveLesson,
    /// Put removed files back.
    Undo,
    /// Drop the messages about files.
    Dismiss,
}

impl Reducible for Store {
    type Action = Edit;

    fn reduce(self: Rc<Self>, edit: Edit) -> Rc<Self> {
        let mut next = (*self).clone();
        let class = Rc::make_mut(&mut next.class);
        match edit {
            Edit::Expect(count) => next.waiting += count,
            Edit::Add(files) => {
                next.waiting = next.waiting.saturating_sub(files.len());
                class.add(files);
            }
            Edit::Remove(id) => class.remove(id),
            Edit::RemoveAll => class.remove_all(),
            Edit::RemoveLesson => class.remove_lesson(),
            Edit::Undo => class.undo(),
            Edit::Dismiss => class.dismiss(),
        }
        Rc::new(next)
    }
}

/// Reads files, a few at a time, so that the page can be used meanwhile. Files that a folder has besides are passed as reasons.
pub(super) fn read(files: Vec<File>, refused: Vec<LeftOut>, edit: Callback<Edit>) {
    edit.emit(Edit::Expect(files.len() + refused.len()));
    spawn_local(async move {
        let mut done: Vec<Result<FileText, LeftOut>> = refused.into_iter().map(Err).collect();
        for file in files {
            let (name, size) = (path_of(&file), file.size());
            done.push(match LeftOut::if_too_large(&name, size) {
                Some(left_out) => Err(left_out),
                None => match JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string()) {
                    Some(text) => FileText::read(&name, &text),
                    None => Err(LeftOut::new(&name, "the browser could not read it")),
                },
            });
            if done.len() >= TOGETHER {
                edit.emit(Edit::Add(std::mem::take(&mut done)));
                next_task().await;
            }
        }
        if !done.is_empty() {
            edit.emit(Edit::Add(done));
        }
    });
}

/// Returns the path of a file in a folder that was chosen, or its name.
fn path_of(file: &File) -> String {
    let path = Reflect::get(file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
    // The folder itself is the same for all files.
    let inside = path.and_then(|path| path.split_once('/').map(|(_, inside)| inside.to_owned()));
    inside.filter(|inside| !inside.is_empty()).unwrap_or_else(|| file.name())
}

/// Lets the browser draw and react.
async fn next_task() {
    let later = Promise::new(&mut |resolve, _| {
        if gloo::utils::window().set_timeout_with_callback(&resolve).is_err() {
            // Without a timer, reading goes on at once.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    // A timer does not fail.
    let _ = JsFuture::from(later).await;
}
