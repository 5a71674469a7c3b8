//! One control per kind of parameter, built from the parameter's description.

mod field;
mod help;
mod int_list;
mod range;
mod select;
mod slider;
mod switch;

use crate::core::settings::{Kind, Param};
use crate::ui::control::field::Field;
use crate::ui::control::help::Help;
use crate::ui::control::int_list::IntListField;
use crate::ui::control::select::Select;
use crate::ui::control::slider::Slider;
use crate::ui::control::switch::switch;
use crate::ui::use_unique;
use serde_json::Value;
use yew::prelude::*;

/// The properties of a control.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct ControlProps {
    /// The setting.
    pub param: &'static Param,
    /// The value of the setting.
    pub value: Value,
    /// Receives a new value.
    pub on_change: Callback<Value>,
    /// True if the setting currently has no effect or cannot change.
    #[prop_or_default]
    pub disabled: bool,
    /// True if the author of the page has fixed this setting.
    #[prop_or_default]
    pub locked: bool,
    /// Values of a menu that are currently unavailable.
    #[prop_or_default]
    pub absent: &'static [&'static str],
}

/// A labeled slider, menu or switch with its explanation. `data-param` names the setting.
#[component]
pub fn Control(props: &ControlProps) -> Html {
    let number = use_unique();
    let id = format!("control-{number}");
    let field = Field {
        param: props.param,
        value: props.value.clone(),
        on_change: props.on_change.clone(),
        disabled: props.disabled || props.locked,
        absent: props.absent,
        help_id: format!("{id}-help").into(),
        id: id.into(),
    };
    let (kind, input) = match props.param.kind {
        Kind::Int { .. } | Kind::Float { .. } => ("number", html! { <Slider ..field.clone() /> }),
        Kind::Choice(_) | Kind::List(_) => ("choice", html! { <Select ..field.clone() /> }),
        Kind::Switch => ("switch", switch(&field)),
        Kind::IntList(_) => ("sizes", html! { <IntListField ..field.clone() /> }),
        // Its value is shown and changed elsewhere.
        Kind::Text(_) => return Html::default(),
    };
    html! {
        <div class="control" data-param={props.param.key} data-kind={kind} data-locked={props.locked.then_some("true")}>
            <div class="control-head">
                <label class="control-label" for={field.id.clone()}>
                    { props.param.label }
                    if !props.param.symbol.is_empty() {
                        { " " }
                        { symbol(props.param.symbol) }
                    }
                </label>
                <Help id={field.help_id} label={props.param.label} text={help_text(props)} />
            </div>
            { input }
        </div>
    }
}

/// Returns a symbol. Text after `_` becomes a subscript.
fn symbol(symbol: &'static str) -> Html {
    let (base, index) = symbol.split_once('_').unwrap_or((symbol, ""));
    html! { <span class="symbol">{ base }if !index.is_empty() { <sub>{ index }</sub> }</span> }
}

fn help_text(props: &ControlProps) -> AttrValue {
    let mut text = props.param.help.to_owned();
    if props.locked {
        text.push_str(" Fixed on this page.");
    } else if props.param.live {
        text.push_str(" Takes effect at once, also during a run.");
    }
    text.into()
}
