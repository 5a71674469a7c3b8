//! Changing a weight or a bias by hand: a slider, a field, and the way to what it was.

use super::words::short;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// No parameter is set further from 0 than this: beyond it a net shows nothing but its own overflow.
const MOST: f32 = 100.0;
/// The slider goes so far on both sides at least.
const SLIDER: f32 = 3.0;

#[derive(PartialEq, Properties)]
pub(super) struct EditorProps {
    /// Its place among all parameters.
    pub(super) index: u32,
    /// `weight` or `bias`.
    pub(super) what: &'static str,
    /// What the net has now.
    pub(super) value: f32,
    /// Whether the net is that of an earlier step, which cannot be changed any more.
    pub(super) is_past: bool,
    /// How many changes can be undone.
    pub(super) undos: usize,
    /// A new value, and whether a new gesture begins with it.
    pub(super) on_set: Callback<(u32, f32, bool)>,
    pub(super) on_undo: Callback<()>,
    pub(super) on_reset: Callback<()>,
    /// Whether it has the focus.
    pub(super) on_focus: Callback<bool>,
}

/// Reads what was typed: the value to take, if any, and a sentence where that is not what was typed.
pub(super) fn read(text: &str, old: f32) -> (Option<f32>, Option<String>) {
    match text.trim().replace('−', "-").parse::<f32>() {
        Ok(value) if value.is_nan() => {
            (None, Some(format!("That is not a number; it stays {}.", short(old))))
        }
        Ok(value) if value.abs() > MOST => {
            let value = value.clamp(-MOST, MOST);
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
    // What is being dragged or typed stays as it is, whatever the frames of a run say in the meantime; so does a field that
    // has the focus: a frame would take away what is selected in it.
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
    // What was set is shown until the net has it.
    use_effect_with(value.to_bits(), {
        let (dragged, held) = (dragged.setter(), held.clone());
        move |_| {
            if !*held.borrow() {
                dragged.set(None);
            }
        }
    });
    let reach = *use_memo(index, |_| (2.0 * value.abs()).clamp(SLIDER, MOST));
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
            let (next, words) = read(&input.value(), value);
            message.set(words);
            // The field shows what holds, also where that is what held before.
            let holds = next.unwrap_or(value).to_string();
            input.set_value(&holds);
            typed.set(Some(holds));
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
    fn what_is_typed_is_read_or_explained() {
        assert_eq!(read(" 0.25 ", 1.0), (Some(0.25), None));
        assert_eq!(read("−3", 1.0), (Some(-3.0), None));
        for nothing in ["", "abc", "NaN", "1,5", "--2"] {
            let (value, words) = read(nothing, 0.5);
            assert_eq!(value, None, "{nothing}");
            assert!(words.is_some_and(|words| words.contains("stays 0.500")), "{nothing}");
        }
        for far in ["1e9", "inf"] {
            let (value, words) = read(far, 0.5);
            assert_eq!(value, Some(MOST));
            assert!(words.is_some_and(|words| words.contains("100")));
        }
    }
}
