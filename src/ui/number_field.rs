//! A field for a number. It is a text field, because Chromium's number field drops a decimal comma before the page can
//! see it: `0,05` would become 5. Text that is not accepted stays until it is corrected, or until Escape restores the
//! number.

use crate::charts::scale::format_exact;
use crate::core::number::Bounds;
use crate::ui::use_unique;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The number of steps of Page Up and Page Down.
const PAGE: usize = 10;

/// A number field: its number, and what happens when a visitor changes it.
#[derive(Debug)]
pub struct NumberOptions {
    /// The number, if there is one.
    pub value: Option<f64>,
    /// The numbers that the field takes.
    pub bounds: Bounds,
    /// Returns the next number up or down, for the arrow keys.
    pub step: Callback<(f64, bool), f64>,
    /// Receives the number when the visitor leaves the field, presses Enter, or presses an arrow key.
    pub on_change: Callback<f64>,
    /// Receives the number after each key, or `None` while the text is not accepted.
    pub on_input: Callback<Option<f64>>,
}

impl NumberOptions {
    /// Returns the options of a field with steps of one.
    pub fn new(value: Option<f64>, bounds: Bounds, on_change: Callback<f64>) -> Self {
        let step = Callback::from(move |(value, up): (f64, bool)| {
            (value + if up { 1.0 } else { -1.0 }).clamp(bounds.min, bounds.max)
        });
        Self { value, bounds, step, on_change, on_input: Callback::noop() }
    }
}

/// The attributes of a field's input.
#[derive(Debug, Default)]
pub struct NumberAttributes {
    /// The id, for a label.
    pub id: Option<AttrValue>,
    /// The name, if no label has it.
    pub label: Option<AttrValue>,
    /// The id of a text that describes the input.
    pub described_by: Option<AttrValue>,
    /// True if the number cannot be changed.
    pub disabled: bool,
    /// The value of `data-write`, a hook for tests.
    pub data_write: Option<AttrValue>,
    /// The value of `data-guess-input`, a hook for tests and course authors.
    pub data_guess_input: Option<AttrValue>,
}

/// A field that [`use_number_field`] keeps the state of.
#[derive(Debug)]
pub struct NumberField {
    text: String,
    value: Option<f64>,
    bounds: Bounds,
    error: Option<AttrValue>,
    message_id: AttrValue,
    oninput: Callback<InputEvent>,
    onchange: Callback<Event>,
    onkeydown: Callback<KeyboardEvent>,
}

impl NumberField {
    /// Returns the input.
    pub fn input(&self, attributes: NumberAttributes) -> Html {
        let described_by = match attributes.described_by {
            Some(other) => format!("{other} {}", self.message_id),
            None => self.message_id.to_string(),
        };
        let bound = |bound: f64| (bound.abs() < f64::MAX).then(|| bound.to_string());
        html! {
            <input type="text" role="spinbutton" class="number-field" autocomplete="off" spellcheck="false"
                inputmode={if self.bounds.whole { "numeric" } else { "decimal" }}
                id={attributes.id} value={self.text.clone()} aria-label={attributes.label} aria-describedby={described_by}
                aria-valuemin={bound(self.bounds.min)} aria-valuemax={bound(self.bounds.max)}
                aria-valuenow={self.value.map(format_exact)} aria-invalid={self.error.is_some().then_some("true")}
                disabled={attributes.disabled} data-write={attributes.data_write} data-guess-input={attributes.data_guess_input}
                oninput={&self.oninput} onchange={&self.onchange} onkeydown={&self.onkeydown} />
        }
    }

    /// Returns the sentence about a text that is not accepted, to be shown next to the input.
    pub fn message(&self) -> Html {
        html! { <p class="control-message" id={self.message_id.clone()} role="alert">{ self.error.clone() }</p> }
    }
}

/// Keeps the text of a number field while the visitor edits it.
#[hook]
pub fn use_number_field(options: NumberOptions) -> NumberField {
    let NumberOptions { value, bounds, step, on_change, on_input } = options;
    let id = use_unique();
    // The text, if it is not the number's.
    let draft = use_state_eq(|| None::<String>);
    // The reason the draft is not accepted. It appears when the visitor leaves the field, not after each key.
    let error = use_state_eq(|| None::<String>);
    // A number that was changed elsewhere replaces the draft, unless the draft is this number being typed.
    use_effect_with(value.map(f64::to_bits), {
        let (draft, error) = (draft.clone(), error.clone());
        move |_| {
            if draft.as_ref().is_some_and(|text| bounds.read(text).ok() != value) {
                draft.set(None);
                error.set(None);
            }
        }
    });
    let explain = move |text: &str| {
        let kept = value.map(|value| format!(" Until then it is {}.", format_exact(value)));
        bounds.read(text).err().map(|error| format!("{error}{}", kept.unwrap_or_default()))
    };
    let accept = {
        let (draft, error) = (draft.setter(), error.setter());
        move |number: f64| {
            draft.set(None);
            error.set(None);
            // Compared as text, because a value stored as an f32 differs slightly from the number that was typed.
            if value.map(format_exact) != Some(format_exact(number)) {
                on_change.emit(number);
            }
        }
    };
    let oninput = {
        let (draft, error) = (draft.clone(), error.clone());
        Callback::from(move |event: InputEvent| {
            let Some(text) = text_of(&event) else { return };
            if error.is_some() {
                error.set(explain(&text));
            }
            let number = bounds.read(&text).ok();
            draft.set(Some(text));
            on_input.emit(number);
        })
    };
    let onchange = {
        let (draft, error, accept) = (draft.setter(), error.setter(), accept.clone());
        Callback::from(move |event: Event| {
            let Some(text) = text_of(&event) else { return };
            match bounds.read(&text) {
                Ok(number) => accept(number),
                // An optional number may be removed.
                Err(_) if value.is_none() && text.trim().is_empty() => error.set(None),
                Err(_) => {
                    error.set(explain(&text));
                    draft.set(Some(text));
                }
            }
        })
    };
    let onkeydown = {
        let (draft, error) = (draft.clone(), error.setter());
        Callback::from(move |event: KeyboardEvent| {
            let (count, up) = match event.key().as_str() {
                "ArrowUp" => (1, true),
                "ArrowDown" => (1, false),
                "PageUp" => (PAGE, true),
                "PageDown" => (PAGE, false),
                "Escape" if draft.is_some() => {
                    // Without this, Escape would also close a dialog.
                    event.prevent_default();
                    event.stop_propagation();
                    draft.set(None);
                    error.set(None);
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            let from = match draft.as_ref() {
                Some(text) => bounds.read(text).ok(),
                None => Some(value.unwrap_or(0.0)),
            };
            if let Some(from) = from {
                accept((0..count).fold(from, |number, _| step.emit((number, up))));
            }
        })
    };
    NumberField {
        text: (*draft).clone().unwrap_or_else(|| value.map_or_else(String::new, format_exact)),
        value,
        bounds,
        error: (*error).clone().map(AttrValue::from),
        message_id: format!("number-{id}-message").into(),
        oninput,
        onchange,
        onkeydown,
    }
}

fn text_of(event: &Event) -> Option<String> {
    event.target()?.dyn_into::<HtmlInputElement>().ok().map(|input| input.value())
}
