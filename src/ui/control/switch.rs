//! A switch: on or off.

use crate::ui::control::field::Field;
use serde_json::Value;
use web_sys::HtmlInputElement;
use yew::prelude::*;

pub(super) fn switch(props: &Field) -> Html {
    let onchange = {
        let on_change = props.on_change.clone();
        Callback::from(move |event: Event| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                on_change.emit(Value::from(input.checked()));
            }
        })
    };
    html! {
        <input
            type="checkbox"
            id={props.id.clone()}
            checked={props.value.as_bool().unwrap_or_default()}
            aria-describedby={props.help_id.clone()}
            disabled={props.disabled}
            {onchange}
        />
    }
}
