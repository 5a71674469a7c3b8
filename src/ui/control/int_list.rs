//! A comma-separated list of whole numbers.

use crate::ui::control::field::Field;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[component]
pub(super) fn IntListField(props: &Field) -> Html {
    let message = use_state_eq(|| None::<String>);
    let param = props.param;
    let text = param.text(&props.value).replace(',', ", ");
    let onchange = {
        let (on_change, message, value) = (props.on_change.clone(), message.setter(), props.value.clone());
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let (next, words) = param.read(&input.value());
            // The field shows the value in effect, also if that is the old one.
            input.set_value(&param.text(next.as_ref().unwrap_or(&value)).replace(',', ", "));
            message.set(words);
            if let Some(next) = next.filter(|next| *next != value) {
                on_change.emit(next);
            }
        })
    };
    let message_id = format!("{}-message", props.id);
    html! {
        <>
            <input type="text" class="sizes-field" id={props.id.clone()} value={text} placeholder="same width" autocomplete="off"
                aria-describedby={format!("{} {message_id}", props.help_id)} disabled={props.disabled} {onchange} />
            <p class="control-message" id={message_id} role="status">{ (*message).clone() }</p>
        </>
    }
}
