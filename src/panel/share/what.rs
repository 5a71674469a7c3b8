//! The first choice: the part of the section that is shown, or an assignment.

use crate::core::chapter::{Chapter, chapters};
use crate::core::guided::GuidedInfo;
use crate::panel::share::draft::{PanelDraft, Part, Parts, set_listed};
use crate::panel::share::editor::{Editor, menu};
use yew::prelude::*;

/// Returns the buttons "Panel", "Chapter", "Figure", "Experiment" and "Assignment".
pub(super) fn what(editor: &Editor, parts: &Parts<'_>, id: u32) -> Html {
    let is_lesson = editor.drafts.is_lesson;
    let radio = |slug: &'static str, words: &'static str, checked: bool, onchange: Callback<Event>| {
        html! {
            <label class="segment"><input type="radio" name={format!("what-{id}")} data-what={slug} {checked} {onchange} /><span>{ words }</span></label>
        }
    };
    let has = |part: Part| part != Part::Experiment || !parts.guided_infos.is_empty();
    let part = |(part, slug, words): (Part, &'static str, &'static str)| {
        radio(slug, words, !is_lesson && editor.panel.part == part, choose(editor, parts, part, false))
    };
    html! {
        <fieldset class="share-what" role="radiogroup" aria-labelledby={format!("what-label-{id}")}>
            <legend id={format!("what-label-{id}")}>{ "What" }</legend>
            <div class="segments">
                { for Part::ALL.into_iter().filter(|(part, ..)| has(*part)).map(part) }
                { radio("assignment", "Assignment", is_lesson, editor.on(|drafts| drafts.is_lesson = true)) }
            </div>
            if is_lesson {
                <p class="muted">{ "Several questions, also of several sections, with one link." }</p>
            } else {
                { details(editor, parts, id) }
            }
        </fieldset>
    }
}

/// Returns a callback that chooses a part.
fn choose(editor: &Editor, parts: &Parts<'_>, part: Part, is_lesson: bool) -> Callback<Event> {
    let mut panel = (*editor.panel).clone();
    panel.set_part(part, parts);
    let slug = editor.slug;
    editor.on(move |drafts| {
        drafts.is_lesson = is_lesson;
        drafts.panels.insert(slug.to_owned(), panel.clone());
    })
}

/// Returns the menu of the part that a question of an assignment shows.
pub(super) fn part_menu(editor: &Editor, parts: &Parts<'_>, id: u32) -> Html {
    let now = editor.panel.part;
    let has = |part: Part| part != Part::Experiment || !parts.guided_infos.is_empty();
    let options = Part::ALL
        .into_iter()
        .filter(|(part, ..)| has(*part))
        .map(|(part, slug, words)| (slug.to_owned(), words.to_owned(), part == now));
    let (editor_, chosen) = (editor.clone(), chosen_parts(editor, parts));
    let onchange = Callback::from(move |event: Event| {
        let value = event.target_unchecked_into::<web_sys::HtmlSelectElement>().value();
        if let Some((_, panel)) = chosen.iter().find(|(slug, _)| *slug == value) {
            let (slug, panel) = (editor_.slug, panel.clone());
            editor_.change(move |drafts| {
                drafts.panels.insert(slug.to_owned(), panel.clone());
            });
        }
    });
    html! {
        <>
            { menu("It shows", "part", options, onchange) }
            { details(editor, parts, id) }
        </>
    }
}

/// Returns the draft after each choice of a part.
fn chosen_parts(editor: &Editor, parts: &Parts<'_>) -> Vec<(&'static str, PanelDraft)> {
    let chosen = |(part, slug, _): (Part, &'static str, &'static str)| {
        let mut panel = (*editor.panel).clone();
        panel.set_part(part, parts);
        (slug, panel)
    };
    Part::ALL.into_iter().map(chosen).collect()
}

/// Returns the choices within the chosen part.
fn details(editor: &Editor, parts: &Parts<'_>, id: u32) -> Html {
    match editor.panel.part {
        Part::Panel => {
            let open = parts.chapter.and_then(|slug| chapters(parts.chapters).find(|one| one.slug == slug));
            let title = open.or(parts.chapters.first()).map_or("", |chapter| chapter.title);
            html! { <p class="muted">{ format!("The whole section with its present settings. It opens “{title}”") }</p> }
        }
        Part::Chapter => {
            let chosen = &editor.panel.chapter;
            let option = |one: &Chapter| (one.slug.to_owned(), one.title.to_owned(), one.slug == *chosen);
            let onchange = editor.on_panel::<Event>(|panel, slug| panel.chapter = slug);
            menu("Chapter", "chapter", chapters(parts.chapters).map(option), onchange)
        }
        Part::Figure => figures(editor, parts),
        Part::Experiment => experiments(editor, parts.guided_infos, id),
    }
}

fn figures(editor: &Editor, parts: &Parts<'_>) -> Html {
    let shown = &editor.panel.figures;
    let tick = |name: &str, words: &str| {
        let (key, checked) = (name.to_owned(), shown.iter().any(|known| known == name));
        let onchange = editor.on_check(move |panel, on| set_listed(&mut panel.figures, &key, on));
        html! { <label class="option" data-show={name.to_owned()}><input type="checkbox" {checked} {onchange} />{ format!(" {words}") }</label> }
    };
    let all = chapters(parts.chapters);
    let group = |chapter: &Chapter| {
        html! {
            <fieldset><legend>{ chapter.title }</legend>{ for chapter.figures.iter().map(|(name, title)| tick(name, title)) }</fieldset>
        }
    };
    // An address may name whole chapters, too.
    let is_figure = |name: &String| all.clone().any(|chapter| chapter.figure_title(name).is_some());
    let others = shown.iter().filter(|name| !is_figure(name)).map(|name| tick(name, name));
    html! {
        <div class="share-list">
            { for all.clone().filter(|chapter| !chapter.figures.is_empty()).map(group) }
            { for others }
            if shown.is_empty() {
                <p class="notice" data-kind="warn">{ "Tick at least one figure. Until then, the whole section is shown." }</p>
            }
        </div>
    }
}

fn experiments(editor: &Editor, guided_infos: &[GuidedInfo], id: u32) -> Html {
    let row = |info: &GuidedInfo| {
        let slug = info.slug;
        let checked = editor.panel.experiment == slug;
        let onchange = editor.on_check(move |panel, _| slug.clone_into(&mut panel.experiment));
        html! {
            <label class="option" data-show={slug}>
                <input type="radio" name={format!("experiment-{id}")} {checked} {onchange} />{ " " }{ info.question }
            </label>
        }
    };
    html! { <div class="share-list" role="radiogroup" aria-label="Experiment">{ for guided_infos.iter().map(row) }</div> }
}
