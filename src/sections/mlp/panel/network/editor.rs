//! The editor of a weight or a bias: a slider, a field, and buttons that undo changes.

use super::words::short;
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

/// Parses typed text. Returns the new value, if any, and a message if it differs from the text.
fn parse(text: &str, old: f32) -> (Option<f32>, Option<String>) {
    match text.trim().replace('−', "-").parse::<f32>() {
        Ok(value) if value.is_nan() => {
            (None, Some(format!("That is not a number; it stays {}.", short(old))))
        }
        Ok(value) if value.abs() > MAX_VALUE => {
            let value = value.clamp(-MAX_VALUE, MAX_VALUE);
            (Some(value), Some(format!("{} is as far as it goes here.", short(value))))
        }
        Ok(value) => (Some(value), None),
        Err(_) => (None, Some(format!("That is not a number; it stays {}.", short(old)))),
    }
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
        let typed = typed.setter();
        Callback::from(move |event: InputEvent| typed.set(input_of(&event).map(|input| input.value())))
    };
    let on_enter = {
        let typed = typed.setter();
        Callback::from(move |event: FocusEvent| typed.set(input_of(&event).map(|input| input.value())))
    };
    let on_leave = {
        let typed = typed.setter();
        Callback::from(move |_: FocusEvent| typed.set(None))
    };
    let on_change = {
        let (typed, message, on_set, dragged) =
            (typed.setter(), message.setter(), props.on_set.clone(), dragged.setter());
        Callback::from(move |event: Event| {
            let Some(input) = input_of(&event) else { return };
            let (next, words) = parse(&input.value(), value);
            message.set(words);
            // Text that is not accepted is replaced by the current value.
            let accepted = next.unwrap_or(value).to_string();
            input.set_value(&accepted);
            typed.set(Some(accepted));
            if let Some(next) = next.filter(|next| *next != value) {
                dragged.set(Some(next));
                on_set.emit((index, next, true));
            }
        })
    };
    let shown = dragged.unwrap_or(value);
    let field = (*typed).clone().unwrap_or_else(|| shown.to_string());
    let (what, off) = (props.what, props.is_past);
    let (undo, reset) = (props.on_undo.reform(|_: MouseEvent| ()), props.on_reset.reform(|_: MouseEvent| ()));
    html! {
        <div class="network-editor" data-editor={index.to_string()} onfocusin={props.on_focus.reform(|_: FocusEvent| true)} onfocusout={props.on_focus.reform(|_: FocusEvent| false)}>
            <label>{ what }
                <input type="range" min={(-reach).to_string()} max={reach.to_string()} step="any" value={shown.to_string()}
                    aria-valuetext={short(shown)} disabled={off} oninput={on_slide} onchange={on_release} /></label>
            <input type="text" inputmode="decimal" class="number-field" aria-label={format!("{what}, as a number")} value={field} disabled={off}
                oninput={on_type} onchange={on_change} onfocus={on_enter} onblur={on_leave} />
            <div class="network-buttons">
                <button type="button" data-action="undo-edit" disabled={off || props.undos == 0} onclick={undo}>{ "Undo" }</button>
                <button type="button" data-action="reset-edits" disabled={off || props.undos == 0} onclick={reset}>{ "Undo all" }</button>
            </div>
            <p class="control-message" role="status">{ if off { Some("This is an earlier step; go to the last one to change the network.".to_owned()) } else { (*message).clone() } }</p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_parsed_or_explained() {
        assert_eq!(parse(" 0.25 ", 1.0), (Some(0.25), None));
        assert_eq!(parse("−3", 1.0), (Some(-3.0), None));
        for invalid in ["", "abc", "NaN", "1,5", "--2"] {
            let (value, words) = parse(invalid, 0.5);
            assert_eq!(value, None, "{invalid}");
            assert!(words.is_some_and(|words| words.contains("stays 0.500")), "{invalid}");
        }
        for far in ["1e9", "inf"] {
            let (value, words) = parse(far, 0.5);
            assert_eq!(value, Some(MAX_VALUE));
            assert!(words.is_some_and(|words| words.contains("100")));
        }
    }
}
