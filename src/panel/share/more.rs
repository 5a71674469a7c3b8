//! The folded choices: settings, parts to hide, the start of the training, set-up, theme and height.

use crate::assignment::PARTS;
use crate::core::chapter::chapters;
use crate::core::settings::{Param, Preset};
use crate::panel::share::draft::{Access, Parts, set_listed};
use crate::panel::share::editor::{Editor, field, menu};
use crate::run::any::AnyExperiment;
use yew::prelude::*;

/// Returns the folded choices.
pub(super) fn more(editor: &Editor, experiment: &'static AnyExperiment, parts: &Parts<'_>) -> Html {
    let panel = &editor.panel;
    let themes = [("", "that of the page around"), ("light", "light"), ("dark", "dark")];
    let themes = themes.map(|(slug, words)| (slug.to_owned(), words.to_owned(), slug == panel.theme));
    let params = experiment.schema.params;
    html! {
        <details class="share-more">
            <summary>{ "Settings, parts to hide, theme, height" }</summary>
            <label class="option" data-share="autoplay">
                <input type="checkbox" checked={panel.autoplay} onchange={editor.on_check(|panel, on| panel.autoplay = on)} />
                { " Start training when the panel is seen" }
            </label>
            { presets(editor, experiment.schema.presets) }
            { menu("Theme", "theme", themes.into_iter(), editor.on_panel(|panel, value| panel.theme = value)) }
            { field("Height in pixels", "height", &panel.height, "measured", editor.on_panel(|panel, value| panel.height = value)) }
            if !panel.height.trim().is_empty() && panel.height().is_none() {
                <p class="notice" data-kind="warn">{ "A height is a whole number from 100 to 10000. The measured one is used." }</p>
            }
            <fieldset><legend>{ "Settings" }</legend>{ for params.iter().map(|param| access(editor, param)) }</fieldset>
            <fieldset><legend>{ "Hide" }</legend>{ for PARTS.iter().map(|(name, words)| hide(editor, name, words)) }</fieldset>
            <fieldset><legend>{ "Hide figures" }</legend>{ hide_figures(editor, params, parts) }</fieldset>
        </details>
    }
}

fn presets(editor: &Editor, presets: &'static [Preset]) -> Html {
    if presets.is_empty() {
        return Html::default();
    }
    let chosen = &editor.panel.preset;
    let options = presets.iter().map(|preset| (preset.slug, preset.title));
    let options = [("", "as shown now")].into_iter().chain(options);
    let options = options.map(|(slug, title)| (slug.to_owned(), title.to_owned(), slug == chosen));
    menu("Set-up", "preset", options, editor.on_panel(|panel, value| panel.preset = value))
}

/// Returns the menu that makes a setting editable, locked or hidden.
fn access(editor: &Editor, param: &'static Param) -> Html {
    let now = editor.panel.access(param.key);
    let onchange = editor.on_panel::<Event>(|panel, value| panel.set_access(param.key, Access::read(&value)));
    let option = |(access, words): (Access, &'static str)| html! { <option value={words} selected={access == now}>{ words }</option> };
    html! {
        <label class="share-row" data-share={param.key}><span>{ param.label }</span>
            <select {onchange}>{ for Access::ALL.into_iter().map(option) }</select>
        </label>
    }
}

fn hide(editor: &Editor, name: &str, words: &str) -> Html {
    let (share, key) = (name.to_owned(), name.to_owned());
    let checked = editor.panel.hide.contains(&share);
    let onchange = editor.on_check(move |panel, on| set_listed(&mut panel.hide, &key, on));
    html! { <label class="option" data-share={share}><input type="checkbox" {checked} {onchange} />{ format!(" {words}") }</label> }
}

/// Returns a checkbox for every figure, and for every hidden name that is unknown here.
fn hide_figures(editor: &Editor, params: &[Param], parts: &Parts<'_>) -> Html {
    let figures = chapters(parts.chapters).flat_map(|chapter| chapter.figures);
    let is_known = |name: &String| {
        PARTS.iter().any(|(part, _)| part == name)
            || params.iter().any(|param| param.key == *name)
            || figures.clone().any(|(figure, _)| figure == name)
    };
    let others = editor.panel.hide.iter().filter(|name| !is_known(name)).map(|name| hide(editor, name, name));
    others.chain(figures.clone().map(|(name, title)| hide(editor, name, title))).collect()
}
