//! The controls of a chapter: the list of the settings that it shows, and their rendering.

use crate::assignment::Assignment;
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

/// Removes the settings whose keys are already in `shown`, and adds the others to it, so that each setting
/// has one control even if several chapters are on the page.
pub(super) fn keep_first(groups: &mut [ControlGroup], shown: &mut Vec<&'static str>) {
    for group in groups {
        if let ControlGroup::Settings { keys, .. } = group {
            keys.retain(|key| !shown.contains(key));
            shown.extend(&*keys);
        }
    }
}

/// Returns the number of controls that the lesson does not hide, or `None` if there is other content.
pub(super) fn shown_controls(assignment: &Assignment, groups: &[ControlGroup]) -> Option<usize> {
    let shown = |group: &ControlGroup| match group {
        ControlGroup::Settings { keys, .. } => Some(keys.iter().filter(|key| !assignment.hides(key)).count()),
        ControlGroup::Other(_) => None,
    };
    groups.iter().map(shown).sum()
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
    fn hidden_controls_are_not_counted() {
        let hidden = Assignment { hide: vec!["y".to_owned()], ..Assignment::default() };
        assert_eq!(shown_controls(&hidden, &[controls("A", &["x", "y"]), controls("B", &["z"])]), Some(2));
        assert_eq!(shown_controls(&hidden, &[Html::default().into()]), None);
    }

    #[test]
    fn each_setting_has_one_control_on_the_page() {
        let mut groups =
            [controls("A", &["x", "y"]), Html::default().into(), controls("B", &["y", "z", "z"])];
        let mut shown = vec!["z"];
        keep_first(&mut groups, &mut shown);
        let keys = groups.each_ref().map(|group| match group {
            ControlGroup::Settings { keys, .. } => keys.join(" "),
            ControlGroup::Other(_) => "other".to_owned(),
        });
        assert_eq!(keys, ["x y", "other", ""]);
        assert_eq!(shown, ["z", "x", "y"]);
    }
}
