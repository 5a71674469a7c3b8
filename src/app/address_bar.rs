//! The browser's address and history, which follow the state of the page.
//!
//! A change becomes an entry of the history once it has settled. Until then it is pending: a link that is
//! clicked, and a page that is left, write it first, and any other navigation drops it.

use crate::app::route::Route;
use crate::core::query::Query;
use crate::sections::SECTIONS;
use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use gloo::timers::callback::Timeout;
use gloo::utils::{document, window};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, Storage};

/// A change enters the history after this time without another one, so that Back undoes a change and not a
/// pixel.
const SETTLE_MS: u32 = 400;

/// The key under which a page that is left stores a change that its entry of the history may lack: browsers
/// reload the address that the page had when the reload was asked for.
const LEFT: &str = "nn-lab.left";

/// The start of the text that marks an entry of the history. The settings with which the page was opened
/// follow.
const MARK: &str = "nn-lab ";

/// An address that the page was opened with, or that it has gone to.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) route: Route,
    /// The settings with which the page was opened, if the page itself wrote this entry of the history.
    pub(super) given: Option<Query>,
}

/// The state of the page, as its address needs it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    /// The number of navigations so far.
    pub(super) arrivals: u32,
    /// The state in which the last navigation left the page.
    pub(super) arrived_as: Rc<str>,
    /// The present state: addresses of equal states are equal.
    pub(super) identity: String,
    /// The address of the present state.
    pub(super) hash: String,
    /// The settings with which the page was opened.
    pub(super) given: Rc<Query>,
}

/// The present entry of the history, and the change that is not in it yet.
#[derive(Default)]
pub(super) struct AddressBar {
    /// The part of the entry's address from `#` on.
    seen: String,
    /// The state that the entry stands for, and the number of navigations at that time.
    written: Option<(u32, String)>,
    pending: Option<(Shown, Timeout)>,
}

type Shared = Rc<RefCell<AddressBar>>;

impl AddressBar {
    /// Reads the address with which the page was opened.
    pub(super) fn open() -> (Shared, Arrival) {
        let bar = Shared::default();
        if let Some((from, to)) = take_left()
            && from == hash()
        {
            push(&to, mark().as_deref().unwrap_or_default());
        }
        let arrival = Self::arrive(&bar);
        (bar, arrival)
    }

    /// Reads the address after a navigation, and replaces it by its tidy form.
    fn arrive(bar: &Shared) -> Arrival {
        // The text that an earlier page left is read only once.
        take_left();
        let mut route = Route::from_hash(&hash());
        let given = mark();
        if !Route::is_tidy(&hash()) {
            replace(Some(&route.to_hash()), given.as_deref());
        }
        // Without a section, the page is the cover. A frame has no cover.
        if route.slug.is_empty() && route.query.get("embed") == Some("1") {
            route.slug = SECTIONS.first().map(|section| section.slug.to_owned()).unwrap_or_default();
        }
        *bar.borrow_mut() = Self { seen: hash(), ..Self::default() };
        Arrival { route, given: given.map(|given| Query::parse(&given)) }
    }

    /// Calls `on_arrival` after every navigation, until the listeners are dropped.
    pub(super) fn listen(bar: &Shared, on_arrival: impl Fn(Arrival) + 'static) -> [EventListener; 4] {
        let of = |bar: &Shared, run: fn(&Shared, &Event)| {
            let bar = bar.clone();
            move |event: &Event| run(&bar, event)
        };
        let navigation = {
            let bar = bar.clone();
            EventListener::new(&window(), "hashchange", move |_| on_arrival(Self::arrive(&bar)))
        };
        // Before the link is followed, and before anything else that the click does.
        let capture = EventListenerOptions { phase: EventListenerPhase::Capture, passive: true };
        let click = EventListener::new_with_options(
            &document(),
            "click",
            capture,
            of(bar, |bar, event| {
                let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
                if target.is_some_and(|target| matches!(target.closest("a[href]"), Ok(Some(_)))) {
                    Self::flush(bar);
                }
            }),
        );
        let leaving = EventListener::new(
            &window(),
            "pagehide",
            of(bar, |bar, _| {
                let from = hash();
                if Self::flush(bar) {
                    put_left(&from, &hash());
                }
            }),
        );
        // A page in the background may be ended without another event.
        let hiding = EventListener::new(
            &document(),
            "visibilitychange",
            of(bar, |bar, _| {
                if document().hidden() {
                    Self::flush(bar);
                }
            }),
        );
        [navigation, click, leaving, hiding]
    }

    /// Follows the state of the page.
    pub(super) fn follow(bar: &Shared, shown: &Shown) {
        // The entry of a link has no mark yet.
        if mark().is_none() && hash() == bar.borrow().seen {
            replace(None, Some(&shown.given.to_string()));
        }
        let mut this = bar.borrow_mut();
        let settled = match &this.written {
            Some((arrivals, identity)) if *arrivals == shown.arrivals => identity.as_str(),
            _ => &*shown.arrived_as,
        };
        // A change that was undone leaves no entry. A later change restarts the time.
        let is_changed = settled != shown.identity;
        this.pending = is_changed.then(|| {
            let bar = bar.clone();
            (shown.clone(), Timeout::new(SETTLE_MS, move || _ = Self::flush(&bar)))
        });
    }

    /// Writes a pending change as a new entry. Returns true if there was one.
    fn flush(bar: &Shared) -> bool {
        let mut this = bar.borrow_mut();
        let Some((shown, _timer)) = this.pending.take() else { return false };
        // Otherwise the visitor has gone elsewhere, and the event that says so is on its way.
        if hash() != this.seen {
            return false;
        }
        push(&shown.hash, &shown.given.to_string());
        this.seen = hash();
        this.written = Some((shown.arrivals, shown.identity));
        true
    }
}

fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

/// Returns the text of the mark of the present entry, if the page has marked it.
fn mark() -> Option<String> {
    let state = window().history().ok()?.state().ok()?.as_string()?;
    state.strip_prefix(MARK).map(str::to_owned)
}

/// Adds an entry. A sandboxed frame may refuse; the page works without.
fn push(hash: &str, given: &str) {
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&JsValue::from(format!("{MARK}{given}")), "", Some(hash));
    }
}

/// Replaces the address or the mark of the present entry.
fn replace(hash: Option<&str>, given: Option<&str>) {
    if let Ok(history) = window().history() {
        let mark = given.map_or(JsValue::NULL, |given| JsValue::from(format!("{MARK}{given}")));
        let _ = history.replace_state_with_url(&mark, "", hash);
    }
}

/// Returns the storage of the tab. A sandboxed frame has none.
fn storage() -> Option<Storage> {
    window().session_storage().ok()?
}

fn put_left(from: &str, to: &str) {
    if let Some(storage) = storage() {
        // If the storage is full, a reload within the time loses the last change.
        let _ = storage.set_item(LEFT, &format!("{from} {to}"));
    }
}

fn take_left() -> Option<(String, String)> {
    let storage = storage()?;
    let text = storage.get_item(LEFT).ok()??;
    let _ = storage.remove_item(LEFT);
    let (from, to) = text.split_once(' ')?;
    Some((from.to_owned(), to.to_owned()))
}
