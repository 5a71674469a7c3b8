//! A number: a slider for exploring, and a field for exact values.

use crate::ui::control::{
    field::Field,
    range::{POSITIONS, Range},
};
use crate::ui::number_field::{NumberAttributes, NumberOptions, use_number_field};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[component]
pub(super) fn Slider(props: &Field) -> Html {
    let range = Range::of(&props.param.kind);
    let value = props.value.as_f64().unwrap_or(range.min);
    let change = {
        let on_change = props.on_change.clone();
        move |next: f64| {
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
                change(range.value_at(position));
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
            change(next);
        })
    };
    let number = use_number_field(NumberOptions {
        step: Callback::from(move |(value, up): (f64, bool)| range.stepped(value, up)),
        ..NumberOptions::new(Some(value), range.bounds(), Callback::from(change))
    });
    let text = range.write(value);
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
                    aria-valuetext={text}
                    aria-describedby={props.help_id.clone()}
                    disabled={props.disabled}
                    {oninput}
                    {onkeydown}
                />
                { number.input(NumberAttributes {
                    label: Some(format!("{}, as a number", props.param.label).into()),
                    described_by: Some(props.help_id.clone()),
                    disabled: props.disabled,
                    ..NumberAttributes::default()
                }) }
            </div>
            { number.message() }
        </>
    }
}
