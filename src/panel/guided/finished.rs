//! The guided experiments that were finished: all sections share one list, which the browser stores.

use crate::panel::local_storage;
use crate::saved_runs::Finished;
use crate::saved_runs::finished::{add, read, to_json};
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
            local_storage::write(KEY, &to_json(&next));
            let next = Rc::new(next);
            FINISHED.set(Some(next.clone()));
            all.set(next);
        }
    });
    FinishedList { all: (*all).clone(), add }
}

/// Returns the finished experiments of all sections that the browser has stored.
pub(in crate::panel) fn stored() -> Rc<Vec<Finished>> {
    Rc::new(read(&local_storage::read(KEY).unwrap_or_default()))
}
