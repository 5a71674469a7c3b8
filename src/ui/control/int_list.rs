//! A list of whole numbers. Text that is not accepted stays until it is corrected, or until Escape restores the list.

use crate::core::number::{Bounds, NumberError};
use crate::core::number_list::list_items;
use crate::core::settings::{IntList, Kind};
use crate::ui::control::field::Field;
use serde_json::Value;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[component]
pub(super) fn IntListField(props: &Field) -> Html {
    let draft = use_state_eq(|| None::<String>);
    let message = use_state_eq(|| None::<String>);
    let param = props.param;
    use_effect_with(props.value.clone(), {
        let (draft, message) = (draft.setter(), message.setter());
        move |_| {
            draft.set(None);
            message.set(None);
        }
    });
    let oninput = {
        let draft = draft.setter();
        Callback::from(move |event: InputEvent| {
            draft.set(event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()));
        })
    };
    let onchange = {
        let (on_change, value) = (props.on_change.clone(), props.value.clone());
        let (draft, message) = (draft.setter(), message.setter());
        Callback::from(move |event: Event| {
            let (Some(input), Kind::IntList(list)) =
                (event.target_dyn_into::<HtmlInputElement>(), param.kind)
            else {
                return;
            };
            match read(list, &input.value()) {
                Ok(next) => {
                    draft.set(None);
                    message.set(None);
                    if next != value {
                        on_change.emit(next);
                    }
                }
                Err(words) => message.set(Some(words)),
            }
        })
    };
    let onkeydown = {
        let (draft, message) = (draft.setter(), message.setter());
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                draft.set(None);
                message.set(None);
            }
        })
    };
    let text = (*draft).clone().unwrap_or_else(|| param.text(&props.value).replace(',', ", "));
    let message_id = format!("{}-message", props.id);
    html! {
        <>
            <input type="text" class="sizes-field" id={props.id.clone()} value={text} placeholder="same width" autocomplete="off"
                aria-describedby={format!("{} {message_id}", props.help_id)} aria-invalid={message.is_some().then_some("true")}
                disabled={props.disabled} {oninput} {onchange} {onkeydown} />
            <p class="control-message" id={message_id} role="alert">{ (*message).clone() }</p>
        </>
    }
}

/// Parses a typed list, or returns a sentence that says why it is not accepted.
fn read(list: &IntList, text: &str) -> Result<Value, String> {
    let bounds = Bounds::whole(list.min, list.max);
    let items = list_items(text, true).map_err(|error| error.to_string())?;
    if items.len() > list.max_len as usize {
        return Err(format!("These are {} numbers; enter at most {}.", items.len(), list.max_len));
    }
    let numbers: Result<Vec<Value>, NumberError> =
        items.iter().map(|item| bounds.read(item).map(|number| Value::from(number as u64))).collect();
    numbers.map(Value::Array).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_lists_are_read_or_explained() {
        let list = IntList { min: 1, max: 256, max_len: 3, count_key: "depth", largest_key: "width" };
        for text in ["8, 256, 4", "8,256,4", "8 256 4", "8; 256; 4"] {
            assert_eq!(read(&list, text), Ok(serde_json::json!([8, 256, 4])), "{text}");
        }
        assert_eq!(read(&list, " "), Ok(serde_json::json!([])));
        for (text, words) in [
            ("8, 9000, 4", "“9000” is out of range; enter a whole number from 1 to 256."),
            ("eight", "“eight” is not a number; enter a whole number from 1 to 256."),
            ("8; 2,5", "“2.5” is not a whole number; enter a whole number from 1 to 256."),
            ("1,2,3,4", "These are 4 numbers; enter at most 3."),
            (
                "1,024",
                "In “1,024”, the comma could be part of a number; put spaces or semicolons between values.",
            ),
        ] {
            assert_eq!(read(&list, text), Err(words.to_owned()));
        }
    }
}
