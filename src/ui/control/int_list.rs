//! A list of whole numbers. Text that is not accepted stays until it is corrected, or until Escape restores the list.

use crate::core::number::{Bounds, NumberError};
use crate::core::number_list::list_items;
use crate::core::settings::{IntList, Kind};
use crate::ui::control::field::Field;
use crate::ui::list_field::use_list_field;
use serde_json::Value;
use yew::prelude::*;

#[component]
pub(super) fn IntListField(props: &Field) -> Html {
    let param = props.param;
    let accept = {
        let (on_change, value) = (props.on_change.clone(), props.value.clone());
        Callback::from(move |text: String| {
            let Kind::IntList(list) = param.kind else { return Ok(()) };
            let next = read(list, &text)?;
            if next != value {
                on_change.emit(next);
            }
            Ok(())
        })
    };
    let field = use_list_field(param.text(&props.value), accept);
    let message_id = format!("{}-message", props.id);
    html! {
        <>
            <input type="text" class="sizes-field" id={props.id.clone()} value={field.text} placeholder="same width" autocomplete="off"
                aria-describedby={format!("{} {message_id}", props.help_id)} aria-invalid={field.message.is_some().then_some("true")}
                disabled={props.disabled} oninput={field.oninput} onchange={field.onchange} onkeydown={field.onkeydown} />
            <p class="control-message" id={message_id} role="alert">{ field.message }</p>
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
