//! The download of a worker before a run needs it: the [`use_worker_download`] hook.

use std::cell::{Cell, RefCell};
use yew::prelude::*;

/// The bytes of a worker that have come, and all of them if their number is known.
pub type Download = (u32, Option<u32>);

thread_local! {
    static DOWNLOAD: Cell<Option<Download>> = const { Cell::new(None) };
    static WATCHERS: RefCell<Vec<(u32, Callback<Option<Download>>)>> = const { RefCell::new(Vec::new()) };
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// Notes how much of a worker has come; `None` when it has come, or failed.
pub(super) fn set_download(download: Option<Download>) {
    if DOWNLOAD.replace(download) != download {
        let watchers = WATCHERS.with_borrow(Clone::clone);
        watchers.iter().for_each(|(_, watcher)| watcher.emit(download));
    }
}

/// Returns how much of the worker has come, while it is being fetched.
#[hook]
pub fn use_worker_download() -> Option<Download> {
    let download = use_state_eq(|| DOWNLOAD.get());
    use_effect_with((), {
        let setter = download.setter();
        move |()| {
            // It may have changed since the first render.
            setter.set(DOWNLOAD.get());
            let number = LAST.get() + 1;
            LAST.set(number);
            WATCHERS.with_borrow_mut(|all| all.push((number, Callback::from(move |now| setter.set(now)))));
            move || WATCHERS.with_borrow_mut(|all| all.retain(|(other, _)| *other != number))
        }
    });
    *download
}
