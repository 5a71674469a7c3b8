//! The guided experiments that were finished: all sections share one list, which the browser stores.

use crate::saved_runs::Finished;
use crate::saved_runs::finished::{add, read, to_json};
use gloo::utils::window;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// The key of all finished experiments in the browser's storage.
const KEY: &str = "nn-lab.experiments";

thread_local! {
    /// The finished experiments of this page. A browser that stores nothing loses them with the page.
    static FINISHED: RefCell<Option<Rc<Vec<Finished>>>> = const { RefCell::new(None) };
}

/// All finished experiments, and a callback to add one.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedList {
    /// The finished experiments of all sections.
    pub all: Rc<Vec<Finished>>,
    /// Adds an experiment, or replaces its earlier result.
    pub add: Callback<Finished>,
}

/// Returns the finished experiments of all sections.
#[hook]
pub fn use_finished() -> FinishedList {
    let all = use_state(|| FINISHED.with_borrow_mut(|known| known.get_or_insert_with(stored).clone()));
    let add = use_callback((), {
        let all = all.setter();
        move |finished: Finished, ()| {
            let mut next = FINISHED.with_borrow(|known| known.as_deref().cloned()).unwrap_or_default();
            add(&mut next, finished);
            if let Ok(Some(storage)) = window().local_storage() {
                // If the storage is full, they last as long as the page.
                let _ = storage.set_item(KEY, &to_json(&next));
            }
            let next = Rc::new(next);
            FINISHED.set(Some(next.clone()));
            all.set(next);
        }
    });
    FinishedList { all: (*all).clone(), add }
}

fn stored() -> Rc<Vec<Finished>> {
    let storage = window().local_storage().ok().flatten();
    let text = storage.and_then(|storage| storage.get_item(KEY).ok().flatten()).unwrap_or_default();
    Rc::new(read(&text))
}
