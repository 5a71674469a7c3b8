//! The editor of a weight or a bias: a slider, a field, and buttons that undo changes.

use super::words::short;
use crate::core::number::Bounds;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The maximum absolute value of a parameter; with larger ones the activations overflow.
const MAX_VALUE: f32 = 100.0;
/// The minimum reach of the slider on both sides of 0.
const MIN_REACH: f32 = 3.0;

#[derive(PartialEq, Properties)]
pub(super) struct EditorProps {
    /// The offset of the parameter in the snapshot.
    pub(super) index: u32,
    /// `Weight` or `Bias`.
    pub(super) what: &'static str,
    /// The current value in the network.
    pub(super) value: f32,
    /// True if the page shows an earlier step, which cannot be edited.
    pub(super) is_past: bool,
    /// The number of edits that can be undone.
    pub(super) undos: usize,
    /// The parameter, its new value, and true if the value starts a new edit.
    pub(super) on_set: Callback<(u32, f32, bool)>,
    pub(super) on_undo: Callback<()>,
    pub(super) on_reset: Callback<()>,
    /// Emits true when the editor gains the focus, and false when it loses it.
    pub(super) on_focus: Callback<bool>,
}

/// Parses typed text. Returns the new value, or a sentence that says why the text is not accepted.
fn parse(text: &str, old: f32) -> Result<f32, String> {
    let bounds = Bounds { min: (-MAX_VALUE).into(), max: MAX_VALUE.into(), whole: false };
    let value = bounds.read(text).map_err(|error| format!("{error} Until then it is {}.", short(old)))?;
    Ok(value as f32)
}

fn input_of(event: &Event) -> Option<HtmlInputElement> {
    event.target()?.dyn_into().ok()
}

#[component]
pub(super) fn Editor(props: &EditorProps) -> Html {
    // A frame must not change a value that is being dragged or typed, nor a field with the focus, whose
    // selection it would clear.
    let dragged = use_state_eq(|| None::<f32>);
    let held = use_mut_ref(|| false);
    let typed = use_state_eq(|| None::<String>);
    let message = use_state_eq(|| None::<String>);
    let (index, value) = (props.index, props.value);
    use_effect_with(index, {
        let (dragged, typed, message) = (dragged.setter(), typed.setter(), message.setter());
        move |_| {
            dragged.set(None);
            typed.set(None);
            message.set(None);
        }
    });
    // The page shows a new value until the network has it.
    use_effect_with(value.to_bits(), {
        let (dragged, held) = (dragged.setter(), held.clone());
        move |_| {
            if !*held.borrow() {
                dragged.set(None);
            }
        }
    });
    let reach = *use_memo(index, |_| (2.0 * value.abs()).clamp(MIN_REACH, MAX_VALUE));
    let on_slide = {
        let (dragged, message, on_set, held) =
            (dragged.setter(), message.setter(), props.on_set.clone(), held.clone());
        Callback::from(move |event: InputEvent| {
            let Some(to) = input_of(&event).map(|input| input.value_as_number() as f32) else { return };
            if to.is_finite() {
                on_set.emit((index, to, !held.replace(true)));
                dragged.set(Some(to));
                message.set(None);
            }
        })
    };
    let on_release = Callback::from(move |_: Event| {
        held.replace(false);
    });
    let on_type = {
        let (typed, message) = (typed.setter(), message.clone());
        Callback::from(move |event: InputEvent| {
            let Some(text) = input_of(&event).map(|input| input.value()) else { return };
            if message.is_some() {
                message.set(parse(&text, value).err());
            }
            typed.set(Some(text));
        })
    };
    let on_enter = {
        let typed = typed.setter();
        Callback::from(move |event: FocusEvent| typed.set(input_of(&event).map(|input| input.value())))
    };
    let on_leave = {
        let (typed, message) = (typed.setter(), message.clone());
        // Text that is not accepted stays until it is corrected.
        Callback::from(move |_: FocusEvent| {
            if message.is_none() {
                typed.set(None);
            }
        })
    };
    let on_escape = {
        let (typed, message) = (typed.setter(), message.setter());
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                typed.set(Some(value.to_string()));
                message.set(None);
            }
        })
    };
    let on_change = {
        let (typed, message, on_set, dragged) =
            (typed.setter(), message.setter(), props.on_set.clone(), dragged.setter());
        Callback::from(move |event: Event| {
            let Some(input) = input_of(&event) else { return };
            let text = input.value();
            match parse(&text, value) {
                Ok(next) => {
                    message.set(None);
                    input.set_value(&next.to_string());
                    typed.set(Some(next.to_string()));
                    if next != value {
                        dragged.set(Some(next));
                        on_set.emit((index, next, true));
                    }
                }
                Err(words) => {
                    message.set(Some(words));
                    typed.set(Some(text));
                }
            }
        })
    };
    let shown = dragged.unwrap_or(value);
    let field = (*typed).clone().unwrap_or_else(|| shown.to_string());
    let (what, off) = (props.what, props.is_past);
    let message_id = format!("network-editor-{index}-message");
    let (undo, reset) = (props.on_undo.reform(|_: MouseEvent| ()), props.on_reset.reform(|_: MouseEvent| ()));
    html! {
        <div class="network-editor" data-editor={index.to_string()} onfocusin={props.on_focus.reform(|_: FocusEvent| true)} onfocusout={props.on_focus.reform(|_: FocusEvent| false)}>
            <label>{ what }
                <input type="range" min={(-reach).to_string()} max={reach.to_string()} step="any" value={shown.to_string()}
                    aria-valuetext={short(shown)} disabled={off} oninput={on_slide} onchange={on_release} /></label>
            <input type="text" inputmode="decimal" class="number-field" aria-label={format!("{what}, as a number")} value={field} disabled={off}
                aria-invalid={message.is_some().then_some("true")} aria-describedby={message_id.clone()} onkeydown={on_escape}
                oninput={on_type} onchange={on_change} onfocus={on_enter} onblur={on_leave} />
            <div class="network-buttons">
                <button type="button" data-action="undo-edit" disabled={off || props.undos == 0} onclick={undo}>{ "Undo" }</button>
                <button type="button" data-action="reset-edits" disabled={off || props.undos == 0} onclick={reset}>{ "Undo all" }</button>
            </div>
            <p class="control-message" id={message_id} role="alert">{ (*message).clone() }</p>
            if off {
                <p class="control-message" role="status">{ "This is an earlier step; go to the last one to change the network." }</p>
            }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_parsed_or_explained() {
        for (text, value) in
            [(" 0.25 ", 0.25), ("0,25", 0.25), ("−3", -3.0), ("1,5", 1.5), ("100", MAX_VALUE)]
        {
            assert_eq!(parse(text, 1.0), Ok(value), "{text}");
        }
        for invalid in ["", "abc", "NaN", "--2", "1e9", "inf", "100.1"] {
            let words = parse(invalid, 0.5).expect_err(invalid);
            assert!(
                words.ends_with("enter a number from −100 to 100. Until then it is 0.500."),
                "{invalid}: {words}"
            );
        }
    }
}
