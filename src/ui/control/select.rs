//! A menu of named values.

use crate::core::settings::Kind;
use crate::ui::control::field::Field;
use serde_json::Value;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

#[component]
pub(super) fn Select(props: &Field) -> Html {
    let options = match props.param.kind {
        Kind::Choice(options) | Kind::List(options) => options,
        _ => &[],
    };
    let current = props.param.text(&props.value);
    let node = use_node_ref();
    {
        let (node, current) = (node.clone(), current.clone());
        // Runs after every render: if the visitor's choice was refused, the menu must show the old value
        // again.
        use_effect(move || {
            if let Some(select) = node.cast::<HtmlSelectElement>()
                && select.value() != current
            {
                select.set_value(&current);
            }
        });
    }
    let onchange = {
        let on_change = props.on_change.clone();
        Callback::from(move |event: Event| {
            if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
                on_change.emit(Value::from(select.value()));
            }
        })
    };
    // The current value stays in the menu even if it is unavailable, because an address may ask for it.
    let is_listed = |slug: &str| slug == current || !props.absent.contains(&slug);
    let options = options.iter().filter(|(slug, _)| is_listed(slug)).map(|(slug, words)| {
        html! { <option value={*slug} selected={*slug == current}>{ *words }</option> }
    });
    html! {
        <select
            ref={node}
            id={props.id.clone()}
            aria-describedby={props.help_id.clone()}
            disabled={props.disabled}
            {onchange}
        >
            { for options }
        </select>
    }
}
