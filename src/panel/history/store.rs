//! The storage of the list of runs: in the browser if possible, otherwise in this tab.

use crate::panel::PtrEq;
use crate::run::any::AnyExperiment;
use crate::saved_runs::{History, Origin, RunRecord};
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use gloo::utils::window;
use js_sys::Reflect;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use web_sys::Storage;
use yew::prelude::*;

/// A change of the list.
#[derive(Debug)]
pub(super) enum Edit {
    Add(Box<RunRecord>),
    /// Adds the runs of files, each with the name of its file.
    Open(Vec<(String, RunRecord)>),
    Rename(u64, String),
    Pin(u64, bool),
    Delete(u64),
    DeleteOpened,
    Undo,
    /// Shows a message after those that are shown already.
    ShowMessage(String),
    /// Removes the messages.
    ClearMessages,
}

/// The list, and its messages.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Store {
    pub(super) history: PtrEq<History>,
    /// One message per problem.
    pub(super) warnings: Rc<Vec<String>>,
    /// The reason why the list is lost when the tab is closed, if it is.
    pub(super) volatile: Option<&'static str>,
}

thread_local! {
    /// The complete lists of all sections on this page. Stored lists are thinned, and some pages store
    /// nothing.
    static LISTS: RefCell<HashMap<&'static str, Rc<History>>> = RefCell::default();
}

const NO_STORAGE: &str = "This page may not store anything in the browser here, so these runs are gone when it is closed. Save those that matter.";
const FULL: &str = "The browser's storage for this page is full, so the oldest of these runs are gone when it is closed. Save those that matter.";
const FULL_OF_FILES: &str = "The browser's storage for this page is full, so the oldest of the opened files are gone when it is closed.";

/// Returns the list of a section's runs, and a callback to change it.
#[hook]
pub(super) fn use_history(section: &'static AnyExperiment) -> (Store, Callback<Edit>) {
    let store = use_mut_ref(|| Store {
        history: PtrEq(LISTS.with_borrow(|lists| lists.get(section.slug).cloned()).unwrap_or_default()),
        warnings: Rc::default(),
        volatile: None,
    });
    let update = use_force_update();
    use_effect_with((), {
        let (store, update) = (store.clone(), update.clone());
        move |()| {
            let load = move || {
                store.borrow_mut().load(section);
                update.force_update();
            };
            // Other windows of this browser save runs of this section under the same key.
            let others = EventListener::new(&window(), "storage", {
                let load = load.clone();
                move |event| {
                    let key = Reflect::get(event, &"key".into()).ok().and_then(|key| key.as_string());
                    if key.is_none_or(|key| key == key_of(section.slug)) {
                        load();
                    }
                }
            });
            // After the first paint, since the list may have some megabytes.
            let first = Timeout::new(0, load);
            move || drop((others, first))
        }
    });
    let edit = {
        let store = store.clone();
        use_callback((), move |edit: Edit, ()| {
            store.borrow_mut().apply(edit, section.slug);
            update.force_update();
        })
    };
    let now = store.borrow().clone();
    (now, edit)
}

impl Store {
    fn apply(&mut self, edit: Edit, slug: &'static str) {
        let mut history = (*self.history.0).clone();
        match edit {
            Edit::Add(record) => {
                history.add(js_sys::Date::now() as u64, *record);
            }
            Edit::Open(files) => history.open(js_sys::Date::now() as u64, files),
            Edit::Rename(id, name) => history.rename(id, &name),
            Edit::Pin(id, pinned) => history.pin(id, pinned),
            Edit::Delete(id) => history.delete(id),
            Edit::DeleteOpened => history.delete_opened(),
            Edit::Undo => history.undo(),
            Edit::ShowMessage(words) => {
                let mut warnings = (*self.warnings).clone();
                if !warnings.contains(&words) {
                    warnings.push(words);
                }
                self.warnings = Rc::new(warnings);
                return;
            }
            Edit::ClearMessages => {
                self.warnings = Rc::default();
                return;
            }
        }
        self.put(history, slug);
        self.volatile = save(slug, &self.history);
    }

    fn put(&mut self, history: History, slug: &'static str) {
        self.history = PtrEq(Rc::new(history));
        LISTS.with_borrow_mut(|lists| lists.insert(slug, self.history.0.clone()));
    }

    fn load(&mut self, section: &'static AnyExperiment) {
        let Some(storage) = storage() else {
            self.volatile = Some(NO_STORAGE);
            return;
        };
        let Some(text) = storage.get_item(&key_of(section.slug)).ok().flatten() else { return };
        let (history, mut warnings) = History::from_text(&text, section);
        if !warnings.is_empty() {
            // The next run overwrites it. This copy may still be repaired by hand.
            let copy = format!("{}:damaged", key_of(section.slug));
            if storage.set_item(&copy, &text).is_ok() {
                warnings.push(format!("A copy of what was stored was put under {copy}."));
            }
            self.warnings = Rc::new(warnings);
        }
        self.put(self.history.follow(history), section.slug);
    }
}

/// Returns the key of a section's list.
fn key_of(slug: &str) -> String {
    format!("nn-lab:runs:{slug}")
}

/// Returns the storage that outlives the page. In a sandboxed frame the property throws.
fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Stores as much of the list as there is room for. Returns a message if not all of it was stored.
fn save(slug: &str, history: &History) -> Option<&'static str> {
    let Some(storage) = storage() else { return Some(NO_STORAGE) };
    let mut stored = history.clone();
    let mut warning = None;
    while storage.set_item(&key_of(slug), &stored.to_text()).is_err() {
        warning = Some(match stored.drop_oldest() {
            Some(Origin::File) => FULL_OF_FILES,
            Some(Origin::Here) => FULL,
            None => return Some(FULL),
        });
    }
    warning
}
