//! A button that opens a small panel of further content, such as a menu.

use crate::ui::focus;
use gloo::events::EventListener;
use gloo::utils::document;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDetailsElement, Node};
use yew::prelude::*;

/// The properties of a menu.
#[derive(Clone, Properties, PartialEq)]
pub struct MenuProps {
    /// The classes of the element, besides `menu`.
    #[prop_or_default]
    pub class: Classes,
    /// The content of the button.
    pub summary: Html,
    /// The button's name, if its content is not one.
    #[prop_or_default]
    pub label: Option<AttrValue>,
    /// Closes the menu when it changes.
    #[prop_or_default]
    pub closes_with: u32,
    /// The content of the menu.
    pub children: Html,
}

impl std::fmt::Debug for MenuProps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MenuProps").field("label", &self.label).finish_non_exhaustive()
    }
}

/// A menu that Escape and a click elsewhere close.
#[component]
pub fn Menu(props: &MenuProps) -> Html {
    let node = use_node_ref();
    use_effect_with(props.closes_with, {
        let node = node.clone();
        move |_| {
            set_open(&node, false);
        }
    });
    use_effect_with((), {
        let node = node.clone();
        move |()| {
            let listener = EventListener::new(&document(), "click", move |event| {
                let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
                let inside = node
                    .cast::<Node>()
                    .zip(target)
                    .is_some_and(|(menu, target)| menu.contains(Some(&target)));
                if !inside {
                    set_open(&node, false);
                }
            });
            move || drop(listener)
        }
    });
    let onkeydown = {
        let node = node.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape"
                && let Some(details) = set_open(&node, false)
                && let Ok(Some(summary)) = details.query_selector("summary")
            {
                focus(&summary);
            }
        })
    };
    html! {
        <details class={classes!("menu", props.class.clone())} ref={node} {onkeydown}>
            <summary aria-label={props.label.clone()} title={props.label.clone()}>{ props.summary.clone() }</summary>
            <div class="menu-items">{ props.children.clone() }</div>
        </details>
    }
}

fn set_open(node: &NodeRef, open: bool) -> Option<HtmlDetailsElement> {
    let details = node.cast::<HtmlDetailsElement>()?;
    details.set_open(open);
    Some(details)
}
