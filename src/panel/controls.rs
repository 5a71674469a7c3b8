//! The controls of some settings, under a heading.

use crate::core::settings::{Kind, Param};
use crate::panel::{AnySettings, is_locked};
use crate::ui::control::Control;
use crate::ui::visibility::use_assignment;
use serde_json::Value;
use yew::prelude::*;

/// The controls for some fields, under a heading.
pub fn controls(settings: &AnySettings, title: &'static str, keys: &[&str]) -> Html {
    controls_without(settings, title, keys, &[])
}

/// The same, with menus that leave out `absent` values, which are not to be had at present.
pub fn controls_without(
    settings: &AnySettings,
    title: &'static str,
    keys: &[&str],
    absent: &'static [&'static str],
) -> Html {
    let fields = keys.iter().filter_map(|key| {
        let param = settings.schema.params.iter().find(|param| param.key == *key)?;
        let mut drawn = settings.drawn.borrow_mut();
        if drawn.contains(&param.key) {
            return None;
        }
        drawn.push(param.key);
        Some((param, settings.values.get(param.key)?.clone()))
    });
    html! { <Group {title} fields={fields.collect::<Vec<_>>()} params={settings.schema.params} set={settings.set.clone()} {absent} /> }
}

#[derive(PartialEq, Properties)]
struct GroupProps {
    title: &'static str,
    fields: Vec<(&'static Param, Value)>,
    /// All settings of the section.
    params: &'static [Param],
    set: Callback<(&'static str, Value)>,
    absent: &'static [&'static str],
}

/// Controls under a heading; drawn anew only when a value changes.
#[component]
fn Group(props: &GroupProps) -> Html {
    let assignment = use_assignment();
    let control = |(param, value): &(&'static Param, Value)| {
        let (set, key) = (props.set.clone(), param.key);
        let on_change = Callback::from(move |value: Value| set.emit((key, value)));
        let (locked, absent) = (is_locked(&assignment, props.params, key), props.absent);
        html! { <Control {key} param={*param} value={value.clone()} {on_change} {locked} {absent} /> }
    };
    // Who does not see one of the two short settings does not see the list that says the same.
    let hides = |param: &Param| match param.kind {
        Kind::IntList(list) => {
            [param.key, list.count_key, list.largest_key].iter().any(|key| assignment.hides(key))
        }
        _ => assignment.hides(param.key),
    };
    let shown: Vec<_> = props.fields.iter().filter(|(param, _)| !hides(param)).collect();
    if shown.is_empty() {
        return Html::default();
    }
    html! {
        <fieldset>
            <legend>{ props.title }</legend>
            { for shown.into_iter().map(control) }
        </fieldset>
    }
}
