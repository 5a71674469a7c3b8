//! A text field for a list of values.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// A field that [`use_list_field`] keeps the state of.
#[derive(Debug)]
pub struct ListField {
    /// The text to show.
    pub text: String,
    /// The reason the text is not accepted.
    pub message: Option<String>,
    /// Keeps the text while it is edited.
    pub oninput: Callback<InputEvent>,
    /// Accepts or refuses the text.
    pub onchange: Callback<Event>,
    /// Escape restores the values.
    pub onkeydown: Callback<KeyboardEvent>,
}

/// Keeps the text of a list while the visitor edits it. Text that `accept` refuses stays, with its sentence, until it is
/// corrected, or until Escape restores `values`, the text of the present values.
#[hook]
pub fn use_list_field(values: String, accept: Callback<String, Result<(), String>>) -> ListField {
    let draft = use_state_eq(|| None::<String>);
    let message = use_state_eq(|| None::<String>);
    let restore = {
        let (draft, message) = (draft.setter(), message.setter());
        move || {
            draft.set(None);
            message.set(None);
        }
    };
    use_effect_with(values.clone(), {
        let restore = restore.clone();
        move |_| restore()
    });
    let oninput = {
        let draft = draft.setter();
        Callback::from(move |event: InputEvent| draft.set(text_of(&event)))
    };
    let onchange = {
        let (restore, message) = (restore.clone(), message.setter());
        Callback::from(move |event: Event| match text_of(&event).map(|text| accept.emit(text)) {
            Some(Ok(())) => restore(),
            Some(Err(sentence)) => message.set(Some(sentence)),
            None => {}
        })
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            restore();
        }
    });
    ListField {
        text: (*draft).clone().unwrap_or_else(|| values.replace(',', ", ")),
        message: (*message).clone(),
        oninput,
        onchange,
        onkeydown,
    }
}

fn text_of(event: &Event) -> Option<String> {
    event.target()?.dyn_into::<HtmlInputElement>().ok().map(|input| input.value())
}
