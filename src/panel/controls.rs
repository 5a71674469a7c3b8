//! The controls of a chapter: the list of the settings that it shows, and their rendering.

use crate::core::settings::{Kind, Param};
use crate::panel::{AnySettings, is_locked};
use crate::ui::control::Control;
use crate::ui::visibility::use_assignment;
use serde_json::Value;
use yew::prelude::*;

/// A part of a chapter's controls.
#[derive(Clone, Debug)]
pub enum ControlGroup {
    /// The controls of some settings, under a heading.
    Settings {
        /// The heading.
        title: &'static str,
        /// The keys of the settings.
        keys: Vec<&'static str>,
        /// Values that menus leave out, because they are not available at present.
        absent: &'static [&'static str],
        /// True if the controls are hidden until the heading is opened. If one of the values is not the default,
        /// they are visible from the start.
        folded: bool,
    },
    /// Other content, such as a box for files.
    Other(Html),
}

impl ControlGroup {
    /// Returns the number of settings in the group.
    pub(super) fn number(&self) -> usize {
        match self {
            Self::Settings { keys, .. } => keys.len(),
            Self::Other(_) => 0,
        }
    }
}

impl From<Html> for ControlGroup {
    fn from(html: Html) -> Self {
        Self::Other(html)
    }
}

/// Returns the controls of some settings, under a heading.
pub fn controls(title: &'static str, keys: &[&'static str]) -> ControlGroup {
    controls_without(title, keys, &[])
}

/// Returns the controls of some settings, with menus that leave out `absent` values.
pub fn controls_without(
    title: &'static str,
    keys: &[&'static str],
    absent: &'static [&'static str],
) -> ControlGroup {
    ControlGroup::Settings { title, keys: keys.to_vec(), absent, folded: false }
}

/// Returns the controls of settings that few readers change, under a heading that opens them.
pub fn folded_controls(title: &'static str, keys: &[&'static str]) -> ControlGroup {
    ControlGroup::Settings { title, keys: keys.to_vec(), absent: &[], folded: true }
}

/// Returns the settings whose keys are in `main`, in that order and under no heading. Keys in `shown` are left out,
/// and the others are added to it, so that each setting has one control even if several chapters are on the page.
pub(super) fn take_main(
    groups: &[ControlGroup],
    main: &[&'static str],
    shown: &mut Vec<&'static str>,
) -> Vec<ControlGroup> {
    let main: Vec<&'static str> = main.iter().copied().filter(|key| !shown.contains(key)).collect();
    shown.extend(&main);
    let absent_of = |key: &&'static str| {
        let absent = groups.iter().find_map(|group| match group {
            ControlGroup::Settings { keys, absent, .. } => keys.contains(key).then_some(*absent),
            ControlGroup::Other(_) => None,
        });
        absent.unwrap_or_default()
    };
    main.iter().map(|key| controls_without("", &[key], absent_of(key))).collect()
}

/// Returns the groups without the settings whose keys are in `shown`.
pub(super) fn without(groups: &[ControlGroup], shown: &[&'static str]) -> Vec<ControlGroup> {
    let mut rest = groups.to_vec();
    for group in &mut rest {
        if let ControlGroup::Settings { keys, .. } = group {
            keys.retain(|key| !shown.contains(key));
        }
    }
    rest
}

/// Draws the parts of a chapter's controls.
pub(super) fn control_groups(settings: &AnySettings, groups: Vec<ControlGroup>) -> Html {
    let params = settings.schema.params;
    let defaults = settings.schema.defaults();
    let group = |group| match group {
        ControlGroup::Other(html) => html,
        ControlGroup::Settings { title, keys, absent, folded } => {
            let field = |key: &&'static str| {
                let param = params.iter().find(|param| param.key == *key)?;
                Some((param, settings.values.get(*key)?.clone()))
            };
            let fields: Vec<_> = keys.iter().filter_map(field).collect();
            let is_default = fields.iter().all(|(param, value)| defaults.get(param.key) == Some(value));
            let fold = folded.then_some(is_default);
            html! { <Group {title} {fields} {params} set={settings.set.clone()} {absent} {fold} /> }
        }
    };
    groups.into_iter().map(group).collect()
}

#[derive(PartialEq, Properties)]
struct GroupProps {
    title: &'static str,
    fields: Vec<(&'static Param, Value)>,
    /// All settings of the section.
    params: &'static [Param],
    set: Callback<(&'static str, Value)>,
    absent: &'static [&'static str],
    /// `Some` if the controls can be folded, with true if they are at first.
    fold: Option<bool>,
}

/// Controls under a heading, rendered again only when a value changes.
#[component]
fn Group(props: &GroupProps) -> Html {
    let assignment = use_assignment();
    let control = |(param, value): &(&'static Param, Value)| {
        let (set, key) = (props.set.clone(), param.key);
        let on_change = Callback::from(move |value: Value| set.emit((key, value)));
        let (locked, absent) = (is_locked(&assignment, props.params, key), props.absent);
        html! { <Control {key} param={*param} value={value.clone()} {on_change} {locked} {absent} /> }
    };
    // A list determines two other settings. If one of these is hidden, so is the list.
    let hides = |param: &Param| match param.kind {
        Kind::IntList(list) => {
            [param.key, list.count_key, list.largest_key].iter().any(|key| assignment.hides(key))
        }
        _ => assignment.hides(param.key),
    };
    let shown: Vec<_> = props.fields.iter().filter(|(param, _)| !hides(param)).collect();
    // The state of the first render, because a changed value must not open or close the group.
    let opened = use_state(|| props.fold == Some(false));
    if shown.is_empty() {
        return Html::default();
    }
    if props.fold.is_some() {
        return html! {
            <fieldset class="folded">
                <details open={*opened}>
                    <summary>{ props.title }</summary>
                    { for shown.into_iter().map(control) }
                </details>
            </fieldset>
        };
    }
    if props.title.is_empty() {
        return shown.into_iter().map(control).collect();
    }
    html! {
        <fieldset>
            <legend>{ props.title }</legend>
            { for shown.into_iter().map(control) }
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    use crate::panel::controls::*;

    #[test]
    fn each_setting_has_one_control_on_the_page() {
        let groups =
            [controls("A", &["x", "y"]), Html::default().into(), controls_without("B", &["y", "z"], &["v"])];
        let keys = |groups: &[ControlGroup]| {
            let of = |group: &ControlGroup| match group {
                ControlGroup::Settings { keys, absent, .. } => {
                    format!("{}{}", keys.join(" "), absent.join("-"))
                }
                ControlGroup::Other(_) => "other".to_owned(),
            };
            groups.iter().map(of).collect::<Vec<_>>().join(", ")
        };
        let mut shown = vec!["w"];
        let main = take_main(&groups, &["z", "w", "x"], &mut shown);
        let more = without(&groups, &shown);
        assert_eq!((&*keys(&main), &*keys(&more)), ("zv, x", "y, other, yv"));
        assert_eq!(shown, ["w", "z", "x"]);
    }
}
