//! The cursor of a chart: moved by pointer, finger and keyboard, read out next to the chart, and able to
//! choose a point.

use std::rc::Rc;
use yew::prelude::*;

/// A position in a chart, and the input device that put the cursor there.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Position<T> {
    at: T,
    by_key: bool,
}

/// The cursor's position, and the event handlers for the element that it moves over.
#[derive(Debug)]
pub struct Cursor<T> {
    /// The position, if the cursor is anywhere.
    pub at: Option<T>,
    /// True if the readout is to be spoken: only when a key has just moved the cursor. Values that a run
    /// changes under a resting cursor are not spoken, because every frame would be read aloud.
    pub spoken: bool,
    pub(super) onpointermove: Callback<PointerEvent>,
    pub(super) onpointerleave: Callback<PointerEvent>,
    /// `None` if nothing can be chosen.
    pub(super) onclick: Option<Callback<MouseEvent>>,
    pub(super) onkeydown: Callback<KeyboardEvent>,
}

impl<T> Cursor<T> {
    /// The value of `data-pick`, which marks charts whose points can be chosen.
    pub(super) fn data_pick(&self) -> Option<&'static str> {
        self.onclick.as_ref().map(|_| "")
    }
}

/// Returns the cursor of a chart. `locate` finds the position under the pointer; `step` returns the position
/// that a key moves to, or `None` if the key means nothing here. `on_pick` receives the position that was
/// clicked, with the click, or chosen with Enter. Escape removes the cursor.
#[hook]
pub fn use_cursor<T: Copy + PartialEq + 'static>(
    locate: impl Fn(&MouseEvent) -> Option<T> + 'static,
    step: impl Fn(&str, Option<T>) -> Option<T> + 'static,
    on_pick: Option<Callback<(T, Option<MouseEvent>)>>,
) -> Cursor<T> {
    let position = use_state_eq(|| None::<Position<T>>);
    let last = use_mut_ref(|| None);
    let moved = last.replace(*position) != *position;
    let locate = Rc::new(locate);
    let onpointermove = {
        let (position, locate) = (position.setter(), locate.clone());
        Callback::from(move |event: PointerEvent| {
            position.set(locate(&event).map(|at| Position { at, by_key: false }));
        })
    };
    let onpointerleave = {
        let position = position.setter();
        Callback::from(move |_: PointerEvent| position.set(None))
    };
    let onclick = on_pick.clone().map(|on_pick| {
        Callback::from(move |event: MouseEvent| {
            // When the click of a tap arrives, the finger has left the chart and the cursor is gone. The
            // click has a position of its own.
            if let Some(at) = locate(&event) {
                on_pick.emit((at, Some(event)));
            }
        })
    });
    let onkeydown = {
        let position = position.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.ctrl_key() || event.alt_key() || event.meta_key() {
                return;
            }
            let at = position.map(|position| position.at);
            match (event.key().as_str(), at, &on_pick) {
                ("Escape", ..) => position.set(None),
                ("Enter", Some(at), Some(on_pick)) => on_pick.emit((at, None)),
                (key, ..) => {
                    if let Some(at) = step(key, at) {
                        // Arrow keys, Home, End and the page keys would scroll the page.
                        event.prevent_default();
                        position.set(Some(Position { at, by_key: true }));
                    }
                }
            }
        })
    };
    Cursor {
        at: position.map(|position| position.at),
        spoken: moved && position.is_some_and(|position| position.by_key),
        onpointermove,
        onpointerleave,
        onclick,
        onkeydown,
    }
}

/// Returns the drawing of a chart, which takes the focus and moves the cursor. `about` describes the chart to
/// screen readers, which do not read the drawing itself.
pub fn chart_svg<T>(
    cursor: &Cursor<T>,
    kind: &'static str,
    (width, height): (f64, f64),
    about: String,
    drawing: Html,
) -> Html {
    html! {
        <svg
            class="chart-svg"
            viewBox={format!("0 0 {width} {height}")}
            height={height.to_string()}
            role="application"
            aria-roledescription={kind}
            aria-label={about}
            tabindex="0"
            data-pick={cursor.data_pick()}
            onpointerdown={cursor.onpointermove.clone()}
            onpointermove={cursor.onpointermove.clone()}
            onpointerleave={cursor.onpointerleave.clone()}
            onclick={cursor.onclick.clone()}
            onkeydown={cursor.onkeydown.clone()}
        >
            <g aria-hidden="true">{ drawing }</g>
        </svg>
    }
}

/// Returns the live region with the cursor's reading, above a chart of cells.
pub fn readout(reading: Option<String>, spoken: bool) -> Html {
    html! {
        <div class="chart-readout" aria-live={live(spoken)}>{ reading.unwrap_or_default() }</div>
    }
}

/// The value of `aria-live`: a region that is off stays silent when its text changes.
pub(super) const fn live(spoken: bool) -> &'static str {
    if spoken { "polite" } else { "off" }
}

/// Returns the sentence that tells screen readers what Enter does, or nothing if nothing can be chosen.
pub(super) fn pick_hint<T>(cursor: &Cursor<T>, label: &str) -> String {
    cursor.onclick.as_ref().map_or_else(String::new, |_| format!(" Enter {label}."))
}

/// Returns the index that a key moves to in a row that ends at `last`. `None` if the key does not move along
/// rows.
pub fn step_along(key: &str, here: Option<usize>, last: usize) -> Option<usize> {
    match (key, here) {
        ("Home", _) | ("ArrowRight", None) => Some(0),
        ("End", _) | ("ArrowLeft", None) => Some(last),
        ("ArrowLeft", Some(here)) => Some(here.saturating_sub(1)),
        ("ArrowRight", Some(here)) => Some((here + 1).min(last)),
        _ => None,
    }
}

/// Returns true if a key puts the cursor on the first cell of a grid that has no cursor yet.
pub(super) fn enters_grid(key: &str) -> bool {
    matches!(key, "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" | "Home")
}
