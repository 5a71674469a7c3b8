//! The visitor's own files: held by the dispatcher for every worker, and stored by the browser for the next
//! visit.

use crate::client::dispatcher::Dispatcher;
use crate::client::storage;
use crate::protocol::{Command, UserFile};
use js_sys::Promise;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::Blob;
use yew::Callback;

impl Dispatcher {
    /// Restores the files of an earlier visit, once. Every caller waits until they are there.
    pub(super) async fn restore(self: &Rc<Self>) {
        thread_local! {
            static RESTORED: RefCell<Option<Promise>> = const { RefCell::new(None) };
        }
        let restored = RESTORED.with_borrow_mut(|restored| {
            let dispatcher = self.clone();
            restored
                .get_or_insert_with(|| future_to_promise(async move { dispatcher.load_stored().await }))
                .clone()
        });
        // Loading does not fail: without storage there are no files.
        let _ = JsFuture::from(restored).await;
    }

    async fn load_stored(&self) -> Result<JsValue, JsValue> {
        let stored = storage::load("user/").await;
        if !stored.is_empty() {
            let mut files = self.files.borrow_mut();
            for (path, blob) in stored {
                // A file that was opened in the meantime is newer.
                files.entry(path).or_insert(blob);
            }
            drop(files);
            self.files_changed();
        }
        Ok(JsValue::UNDEFINED)
    }

    /// Returns the visitor's files in a folder.
    pub(super) fn files(&self, folder: &str) -> Vec<UserFile> {
        let files = self.files.borrow();
        let inside = files.iter().filter(|(path, _)| path.starts_with(folder));
        inside.map(|(path, blob)| UserFile { path: path.clone(), size: blob.size() as u32 }).collect()
    }

    /// Returns the visitor's files in a folder, with their contents.
    pub(super) fn blobs(&self, folder: &str) -> Vec<(String, Blob)> {
        let files = self.files.borrow();
        let inside = files.iter().filter(|(path, _)| path.starts_with(folder));
        inside.map(|(path, blob)| (path.clone(), blob.clone())).collect()
    }

    /// Removes the visitor's files in a folder, here, in the workers and in the browser's storage.
    pub(super) fn remove_files(&self, folder: &str) {
        for UserFile { path, .. } in self.files(folder) {
            self.files.borrow_mut().remove(&path);
            self.post_to_all(&Command::RemoveFile { path: path.clone() }, &[]);
            spawn_local(async move { storage::remove(&path).await });
        }
        self.files_changed();
    }

    fn post_to_all(&self, command: &Command, attached: &[JsValue]) {
        for worker in self.workers.borrow_mut().values_mut() {
            worker.post(command, attached);
        }
    }

    /// Adds files that a worker has accepted: for all workers, and in the browser's storage for the next
    /// visit.
    pub(super) fn add_files(&self, files: &[UserFile], blobs: Vec<Blob>) {
        for (file, blob) in files.iter().zip(blobs) {
            self.files.borrow_mut().insert(file.path.clone(), blob.clone());
            self.post_to_all(&Command::AddFile { path: file.path.clone() }, &[JsValue::from(&blob)]);
            let path = file.path.clone();
            spawn_local(async move { storage::store(&path, &blob).await });
        }
        self.files_changed();
    }

    pub(super) fn files_version(&self) -> u32 {
        self.files_version.get()
    }

    /// Calls `watcher` when the files have changed. Returns the number by which it is removed.
    pub(super) fn watch_files(&self, watcher: Callback<u32>) -> u32 {
        let number = self.next_number();
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
}
