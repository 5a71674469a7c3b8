//! Controls, figures and readouts: the parts of every panel. They do not know about experiments, only about
//! parameters, the state of a run, and checks.

pub mod checks;
pub mod control;
pub mod export;
pub mod figure;
pub mod file_drag;
pub mod list_field;
pub mod math;
pub mod menu;
pub mod number_field;
pub mod picture;
pub mod player;
pub mod readout;
pub mod run_controls;
pub mod styles;
pub mod theme;
pub mod visibility;

use std::cell::Cell;
use wasm_bindgen::JsCast;
use web_sys::{DomRect, Element, HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// Returns a callback for the keys of an input's surroundings: Enter in an input does what a form does.
///
/// The page has no forms, because frames with `sandbox="allow-scripts"` block their submission.
pub fn on_enter(submit: Callback<()>) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        let in_input = event.target().is_some_and(|target| target.has_type::<HtmlInputElement>());
        if event.key() == "Enter" && in_input {
            submit.emit(());
        }
    })
}

/// Moves the focus to an element. If the element cannot take it, the focus stays where it is.
pub fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.focus();
    }
}

/// Scrolls a list of links that is wider than the page until the current one is in sight.
pub fn show_current(list: &NodeRef) {
    let Some(list) = list.cast::<HtmlElement>() else { return };
    let current = list.query_selector("[aria-current]").ok().flatten();
    if let Some(current) = current.and_then(|current| current.dyn_into::<HtmlElement>().ok()) {
        let middle = |rect: &DomRect| rect.left() + rect.width() / 2.0;
        let distance = middle(&current.get_bounding_client_rect()) - middle(&list.get_bounding_client_rect());
        list.set_scroll_left(list.scroll_left() + distance as i32);
    }
}

/// Opens every closed group that contains an element.
pub fn open_groups(element: &Element) {
    while let Ok(Some(group)) = element.closest("details:not([open])") {
        // Without the attribute, the loop would not end.
        if group.set_attribute("open", "").is_err() {
            return;
        }
    }
}

/// Returns a link to the project's own measurements of a section. `scripts/documents.sh` makes the page that has
/// them from `docs/findings.md`; `heading` is the id of one of its headings.
pub fn findings_link(heading: &'static str, words: &'static str) -> Html {
    html! { <a href={format!("findings.html#{heading}")} target="_blank" rel="noopener">{ words }</a> }
}

/// Returns a number that is unique on the page, for the ids that labels refer to.
#[hook]
pub fn use_unique() -> u32 {
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    let number = use_state(|| NEXT.with(|next| next.replace(next.get().wrapping_add(1))));
    *number
}
