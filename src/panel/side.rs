//! The column next to a chapter's main figure: the settings that matter there, all others, and an experiment to try.

use crate::assignment::Assignment;
use crate::core::guided::GuidedInfo;
use crate::core::settings::Preset;
use crate::panel::controls::{ControlGroup, control_groups};
use crate::panel::share::chapter_hash;
use crate::panel::{AnySettings, PanelAction};
use crate::ui::visibility::HiddenByLesson;
use yew::prelude::*;

/// The maximum number of controls next to a main figure.
pub const MAX_CONTROLS: usize = 5;

/// An experiment to which a chapter's main figure invites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The suggestion, as one sentence.
    pub words: &'static str,
    /// The name of the experiment.
    pub experiment: &'static str,
}

/// The settings next to a figure.
#[derive(Debug)]
pub(super) struct SideSettings {
    /// The groups with the chapter's own settings, always in sight.
    pub(super) main: Vec<ControlGroup>,
    /// The groups of all other settings, behind a heading.
    pub(super) more: Vec<ControlGroup>,
    /// The presets. Empty while a question waits for its prediction, because their names may give the answer.
    pub(super) presets: &'static [Preset],
    /// True if the ways to reset the settings are offered.
    pub(super) can_reset: bool,
}

/// Returns the settings next to a figure, with the presets.
pub(super) fn side_settings(settings: &AnySettings, side: SideSettings) -> Html {
    let SideSettings { main, more, presets: offered, can_reset } = side;
    let number: usize = more.iter().map(ControlGroup::number).sum();
    let summary = if main.is_empty() { "Settings".to_owned() } else { format!("{number} more settings") };
    html! {
        <>
            <HiddenByLesson name="settings"><div class="controls">{ control_groups(settings, main) }</div></HiddenByLesson>
            <HiddenByLesson name="presets">{ presets(settings, offered) }</HiddenByLesson>
            <HiddenByLesson name="settings">
                <details class="more-settings">
                    <summary>{ summary }</summary>
                    { control_groups(settings, more) }
                    if can_reset {
                        <HiddenByLesson name="defaults">{ reset(settings) }</HiddenByLesson>
                    }
                </details>
            </HiddenByLesson>
        </>
    }
}

/// Returns the menu of presets, and the description of the chosen one.
fn presets(settings: &AnySettings, presets: &'static [Preset]) -> Html {
    if presets.is_empty() {
        return Html::default();
    }
    let current = settings.page.state.preset();
    let button = |preset: &'static Preset| {
        let pressed = current.is_some_and(|current| current.slug == preset.slug);
        html! {
            <button type="button" data-preset={preset.slug} aria-pressed={pressed.to_string()} title={preset.help}
                onclick={settings.choose.reform(move |_: MouseEvent| Some(preset))}>{ preset.title }</button>
        }
    };
    html! {
        <details class="presets">
            <summary>{ "Presets" }{ current.map(|preset| html! { <>{ ": " }<strong>{ preset.title }</strong></> }) }</summary>
            <div role="group" aria-label="Presets">{ for presets.iter().map(button) }</div>
            if let Some(preset) = current {
                <p>{ preset.help }</p>
            }
        </details>
    }
}

/// Returns the buttons that reset the settings: to those of the address with which the page was opened, to the
/// defaults, or both.
fn reset(settings: &AnySettings) -> Html {
    let page = &settings.page;
    let (_, base, _) = settings.schema.base(&page.given);
    let has_given =
        !page.given.is_empty() && settings.schema.read(&base, &page.given).0 != settings.schema.defaults();
    // An author decides what the settings of an assignment are, so a student does not leave them by a reset.
    let is_assigned = page.query.get("embed") == Some("1") || *page.state.assignment != Assignment::default();
    let button = |action: &'static str, onclick: Callback<MouseEvent>, words: &'static str| {
        html! { <button type="button" class="quiet" data-action={action} {onclick}>{ words }</button> }
    };
    let restore = {
        let given = page.given.clone();
        page.dispatch.reform(move |_: MouseEvent| PanelAction::Restore(given.clone()))
    };
    let defaults = || button("defaults", settings.choose.reform(|_: MouseEvent| None), "Reset to defaults");
    match (has_given, is_assigned) {
        (false, _) => defaults(),
        (true, true) => button("defaults", restore, "Reset to the assigned settings"),
        (true, false) => {
            html! { <>{ button("restore", restore, "Reset to the link’s settings") }{ defaults() }</> }
        }
    }
}

/// Returns the sentence that invites to an experiment, with a link that opens it.
pub(super) fn hint(settings: &AnySettings, slug: &str, hint: Hint, guided_infos: &[GuidedInfo]) -> Html {
    let Some(info) = guided_infos.iter().find(|info| info.slug == hint.experiment) else {
        return Html::default();
    };
    let query = settings.page.query.changed(&vec![("experiment".to_owned(), Some(info.slug.to_owned()))]);
    html! {
        <HiddenByLesson name="experiments">
            <p class="try" data-hint={hint.experiment}>
                <strong>{ "Try: " }</strong>{ hint.words }{ " " }
                <a href={chapter_hash(slug, info.chapter, &query)} title={info.question}>{ "Predict first, then run it." }</a>
            </p>
        </HiddenByLesson>
    }
}
