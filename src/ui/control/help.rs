//! The question mark next to a label, which explains the setting to pointer, keyboard and touch.

use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(super) struct HelpProps {
    /// The id of the text that describes the input.
    pub(super) id: AttrValue,
    pub(super) label: AttrValue,
    pub(super) text: AttrValue,
}

#[component]
pub(super) fn Help(props: &HelpProps) -> Html {
    let pinned = use_state_eq(|| false);
    let hovered = use_state_eq(|| false);
    let open = *pinned || *hovered;
    let onclick = {
        let pinned = pinned.clone();
        Callback::from(move |_: MouseEvent| pinned.set(!*pinned))
    };
    let onblur = {
        let pinned = pinned.setter();
        Callback::from(move |_: FocusEvent| pinned.set(false))
    };
    let onkeydown = {
        let (pinned, hovered) = (pinned.setter(), hovered.setter());
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                pinned.set(false);
                hovered.set(false);
            }
        })
    };
    // A finger also "enters", and its click right after that would close the text again. Only a mouse hovers.
    let hover = |on: bool| {
        let hovered = hovered.setter();
        Callback::from(move |event: PointerEvent| hovered.set(on && event.pointer_type() == "mouse"))
    };
    html! {
        <span class="help" onpointerenter={hover(true)} onpointerleave={hover(false)}>
            <button
                type="button"
                class="help-button"
                aria-label={format!("About: {}", props.label)}
                aria-expanded={open.to_string()}
                aria-controls={props.id.clone()}
                {onclick}
                {onblur}
                {onkeydown}
            >
                { "?" }
            </button>
            // A hidden text still describes the input that refers to it.
            <span class="help-text" id={props.id.clone()} hidden={!open}>{ props.text.clone() }</span>
        </span>
    }
}
