//! A number: a slider for exploring, and a field for exact values.

use crate::ui::control::{
    field::Field,
    range::{POSITIONS, Range},
};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[component]
pub(super) fn Slider(props: &Field) -> Html {
    let range = Range::of(&props.param.kind);
    let value = props.value.as_f64().unwrap_or(range.min);
    let message = use_state_eq(|| None::<String>);
    let change = {
        let (on_change, message) = (props.on_change.clone(), message.setter());
        move |next: f64, words: Option<String>| {
            message.set(words);
            // Compared as text, because a value stored as an f32 differs slightly from the number that was
            // typed.
            if range.write(next) != range.write(value) {
                on_change.emit(range.json(next));
            }
        }
    };
    let oninput = {
        let change = change.clone();
        Callback::from(move |event: InputEvent| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let position = input.value_as_number();
            if position.is_finite() {
                change(range.value_at(position), None);
            }
        })
    };
    // The browser would step by positions, and several positions may round to the same value.
    let onkeydown = {
        let change = change.clone();
        Callback::from(move |event: KeyboardEvent| {
            let tenth = POSITIONS / 10.0;
            let next = match event.key().as_str() {
                "ArrowRight" | "ArrowUp" => range.stepped(value, true),
                "ArrowLeft" | "ArrowDown" => range.stepped(value, false),
                "PageUp" => range.value_at(range.position_of(value) + tenth).max(range.stepped(value, true)),
                "PageDown" => {
                    range.value_at(range.position_of(value) - tenth).min(range.stepped(value, false))
                }
                _ => return,
            };
            event.prevent_default();
            change(next, None);
        })
    };
    let onchange = {
        let message = message.setter();
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let (next, words) = range.read(&input.value(), value);
            // The field shows the value in effect, also if that is the old one.
            input.set_value(&range.write(next.unwrap_or(value)));
            match next {
                Some(next) => change(next, words),
                None => message.set(words),
            }
        })
    };
    let text = range.write(value);
    let message_id = format!("{}-message", props.id);
    html! {
        <>
            <div class="slider">
                <input
                    type="range"
                    id={props.id.clone()}
                    min="0"
                    max={POSITIONS.to_string()}
                    step="any"
                    value={range.position_of(value).to_string()}
                    aria-valuetext={text.clone()}
                    aria-describedby={props.help_id.clone()}
                    disabled={props.disabled}
                    {oninput}
                    {onkeydown}
                />
                <input
                    type="number"
                    class="number-field"
                    inputmode={if range.integer { "numeric" } else { "decimal" }}
                    min={range.write(range.min)}
                    max={range.write(range.max)}
                    step={if range.integer { "1" } else { "any" }}
                    value={text}
                    aria-label={format!("{}, as a number", props.param.label)}
                    aria-describedby={format!("{} {message_id}", props.help_id)}
                    disabled={props.disabled}
                    {onchange}
                />
            </div>
            <p class="control-message" id={message_id} role="status">{ (*message).clone() }</p>
        </>
    }
}
