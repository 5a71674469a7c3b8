//! Symbols in formulas that stand for settings: a symbol shows its value; a symbol and its control highlight
//! each other.

use crate::core::settings::Param;
use crate::panel::shown::panel_element;
use crate::ui::styles::Styles;
use gloo::events::EventListener;
use serde_json::{Map, Value};
use std::fmt::Write;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct SymbolsProps {
    pub(super) slug: &'static str,
    pub(super) params: &'static [Param],
    pub(super) values: Rc<Map<String, Value>>,
}

/// A symbol under the pointer or with the focus.
#[derive(Clone, PartialEq)]
struct Pointed {
    key: String,
    left: f64,
    top: f64,
}

/// The value of the symbol under the pointer, and the style that highlights symbols and controls.
#[component]
pub(super) fn Symbols(props: &SymbolsProps) -> Html {
    let pointed = use_state_eq(|| None::<Pointed>);
    use_effect_with(props.slug, {
        let pointed = pointed.setter();
        move |slug| {
            let panel = panel_element(slug);
            let listen = |panel: &Element, event: &'static str| {
                let pointed = pointed.clone();
                EventListener::new(panel, event, move |event| pointed.set(symbol_of(event)))
            };
            // The formulas are raw MathML, so their events are handled by the panel.
            let listeners =
                panel.map(|panel| ["pointerover", "focusin", "focusout"].map(|event| listen(&panel, event)));
            move || drop(listeners)
        }
    });
    let style = use_memo(props.params, |params| AttrValue::from(marks(params)));
    let tip = pointed.as_ref().and_then(|pointed| {
        let param = props.params.iter().find(|param| param.key == pointed.key)?;
        let value = param.text(props.values.get(param.key)?);
        let place = format!("left:{:.0}px;top:{:.0}px", pointed.left, pointed.top);
        Some(html! { <div class="symbol-tip" role="tooltip" ~style={place}>{ param.label }{ ": " }<strong>{ value }</strong></div> })
    });
    html! { <><Styles rules={(*style).clone()} />{ tip }</> }
}

fn symbol_of(event: &Event) -> Option<Pointed> {
    if event.type_() == "focusout" {
        return None;
    }
    let target: Element = event.target()?.dyn_into().ok()?;
    let symbol = target.closest("[data-symbol]").ok()??;
    let place = symbol.get_bounding_client_rect();
    Some(Pointed { key: symbol.get_attribute("data-symbol")?, left: place.left(), top: place.bottom() + 6.0 })
}

/// Returns one style rule per setting and direction.
fn marks(params: &[Param]) -> String {
    let mut style = String::new();
    for Param { key, .. } in params {
        // Writing to a string does not fail.
        let _ = write!(
            style,
            ".panel:has([data-param=\"{key}\"]:is(:hover,:focus-within)) [data-symbol=\"{key}\"],\
             .panel:has([data-symbol=\"{key}\"]:is(:hover,:focus)) [data-param=\"{key}\"]{{background:var(--mark)}}"
        );
    }
    style
}
