//! The controls of some settings, under a heading.

use crate::core::settings::Param;
use crate::panel::AnySettings;
use crate::ui::control::Control;
use crate::ui::part::use_assignment;
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
        if !settings.drawn.borrow_mut().insert(param.key) {
            return None;
        }
        Some((param, settings.values.get(param.key)?.clone()))
    });
    html! { <Group {title} fields={fields.collect::<Vec<_>>()} set={settings.set.clone()} {absent} /> }
}

#[derive(PartialEq, Properties)]
struct GroupProps {
    title: &'static str,
    fields: Vec<(&'static Param, Value)>,
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
        let (locked, absent) = (assignment.locks(key), props.absent);
        html! { <Control {key} param={*param} value={value.clone()} {on_change} {locked} {absent} /> }
    };
    let shown: Vec<_> = props.fields.iter().filter(|(param, _)| !assignment.hides(param.key)).collect();
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
