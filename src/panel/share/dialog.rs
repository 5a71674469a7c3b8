//! The dialog for teachers. On the left are the choices, on the right a preview and the snippet, always in sight.

use crate::core::guided::GuidedInfo;
use crate::core::query::Query;
use crate::coursework::lesson::PAGE;
use crate::coursework::{Item, Lesson};
use crate::panel::local_storage;
use crate::panel::share::draft::{PanelDraft, Parts};
use crate::panel::share::editor::Editor;
use crate::panel::share::lesson::for_link;
use crate::panel::share::lesson_form::{add_buttons, lesson_form};
use crate::panel::share::links;
use crate::panel::share::more::more;
use crate::panel::share::output::{output, tools};
use crate::panel::share::packages::Packages;
use crate::panel::share::preview::Preview;
use crate::panel::share::question::for_students;
use crate::panel::share::question_form::{Measurable, question_form};
use crate::panel::share::store::{Change, Drafts, use_drafts};
use crate::panel::share::tool::{Embedded, Tool};
use crate::panel::share::what::{part_menu, what};
use crate::run::any::AnyExperiment;
use crate::ui::{focus, use_unique};
use std::rc::Rc;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct ShareDialogProps {
    pub(super) experiment: &'static AnyExperiment,
    pub(super) guided_infos: Rc<Vec<GuidedInfo>>,
    /// The chapter that the address opens.
    pub(super) chapter: Option<String>,
    pub(super) query: Rc<Query>,
    pub(super) on_close: Callback<()>,
}

#[component]
pub(super) fn ShareDialog(props: &ShareDialogProps) -> Html {
    let (node, id) = (use_node_ref(), use_unique());
    let experiment = props.experiment;
    let parts = Parts {
        chapters: experiment.chapters,
        guided_infos: &props.guided_infos,
        chapter: props.chapter.as_deref(),
    };
    let drafts = use_drafts();
    let editor = Editor::new(experiment, drafts, PanelDraft::of(&props.query, &parts));
    use_open(&node);
    use_edited_item(&editor, &props.guided_infos);
    let problem = use_state_eq(|| None::<String>);
    // The height of the panel in the preview, once it has reported one.
    let height = use_state_eq(|| None::<u32>);
    let previews_lesson = use_state_eq(|| false);
    let measurable =
        use_memo((experiment.slug, props.query.clone()), |(_, query)| Measurable::of(experiment, query));

    let is_lesson = editor.drafts.is_lesson;
    let keys = editor.panel.query(&props.query);
    let chapter = editor.panel.path_chapter(props.chapter.as_deref());
    let lesson = editor.drafts.lesson.lesson().ok().filter(|_| is_lesson);
    let shows_lesson = *previews_lesson && lesson.is_some();
    let lesson_keys = lesson.as_ref().map(|lesson| for_link(lesson).to_query());
    let panel_keys = for_students(&keys);
    let preview = match lesson_keys.as_ref().filter(|_| shows_lesson) {
        Some(keys) => links::preview(PAGE, keys),
        None => links::preview(&links::path(experiment.slug, chapter.as_deref()), &panel_keys),
    };
    let panel_height = editor.panel.height().or(*height);
    let (folder, page) = (links::folder(), links::page());
    let title = lesson
        .as_ref()
        .map_or_else(|| format!("Neural network lab: {}", experiment.slug), |lesson| lesson.title.clone());
    let embedded = Embedded {
        folder: &folder,
        page: &page,
        panel: if is_lesson { PAGE } else { experiment.slug },
        chapter: chapter.as_deref().filter(|_| !is_lesson),
        title: &title,
        height: if is_lesson { (*height).filter(|_| shows_lesson) } else { panel_height },
        query: lesson_keys.as_ref().unwrap_or(&panel_keys),
    };
    let tool = editor.drafts.tool;
    let packed = lesson.clone().unwrap_or_else(|| single(&title, experiment.slug, chapter.clone(), &keys));
    let close = props.on_close.reform(|_: MouseEvent| ());
    let on_height = use_callback((), {
        let height = height.setter();
        move |pixels: Option<u32>, ()| height.set(pixels)
    });
    html! {
        <dialog ref={node} class="share-dialog" aria-labelledby={format!("share-{id}")} oncancel={props.on_close.reform(|_: Event| ())}>
            <div class="share-head">
                <h2 id={format!("share-{id}")}>{ "Share and embed" }</h2>
                { undo(&editor) }
                { start_over(&editor) }
                <button type="button" data-action="close-share" onclick={close} aria-label="Close">{ "×" }</button>
            </div>
            <div class="share-body">
                <div class="share-choices">
                    { what(&editor, &parts, id) }
                    <div class="share-rest">
                        { tools(&editor, &folder) }
                        if is_lesson {
                            { lesson_form(&editor, &props.query, &problem) }
                            <fieldset class="share-next"><legend>{ next_words(&editor) }</legend>{ part_menu(&editor, &parts, id) }</fieldset>
                        }
                        if editor.panel.asks() {
                            { question_form(&editor, &measurable, is_lesson, id) }
                        }
                        if is_lesson {
                            { add_buttons(&editor, chapter.clone(), &keys) }
                        }
                        { more(&editor, experiment, &parts) }
                    </div>
                </div>
                <div class="share-result">
                    if lesson.is_some() {
                        { preview_choice(&previews_lesson, id) }
                    }
                    <Preview src={preview} height={*height} {on_height} />
                    if is_lesson && lesson.is_none() {
                        <p class="muted" data-empty="">{ "The snippet appears here once the assignment has a question." }</p>
                    } else if tool == Tool::Package {
                        <Packages link={lesson_link(&embedded, &packed)} lesson={packed} />
                    } else {
                        { output(tool, embedded.snippet(tool)) }
                    }
                    if !local_storage::is_there() {
                        <p class="notice" data-kind="warn">{ "This browser stores nothing for this page, so a reload loses the draft." }</p>
                    }
                </div>
            </div>
        </dialog>
    }
}

/// Opens the dialog, with the focus on the first choice.
#[hook]
fn use_open(node: &NodeRef) {
    let node = node.clone();
    use_effect_with((), move |()| {
        let Some(dialog) = node.cast::<HtmlDialogElement>() else { return };
        if dialog.show_modal().is_err() {
            dialog.set_open(true);
        }
        if let Ok(Some(chosen)) = dialog.query_selector(".share-what input:checked") {
            focus(&chosen);
        }
    });
}

/// Puts the question that is to be edited into the form, once the page shows its section.
#[hook]
fn use_edited_item(editor: &Editor, guided_infos: &Rc<Vec<GuidedInfo>>) {
    let lesson = &editor.drafts.lesson;
    let editing = lesson.editing.clone().filter(|_| lesson.opens && editor.fresh.from.is_empty());
    let (editor, guided_infos) = (editor.clone(), guided_infos.clone());
    use_effect_with((editing, editor.slug), move |(editing, slug)| {
        let items = &editor.drafts.lesson.items;
        let Some(item) = items.iter().find(|item| Some(&item.id) == editing.as_ref() && item.panel == *slug)
        else {
            return;
        };
        let query = item.query();
        let parts = Parts { chapters: editor.chapters, guided_infos: &guided_infos, chapter: None };
        let panel = PanelDraft {
            from: editor.fresh.from.clone(),
            theme: query.get("theme").unwrap_or_default().to_owned(),
            ..PanelDraft::of(&query, &parts)
        };
        let slug = *slug;
        editor.change(move |drafts| {
            drafts.lesson.opens = false;
            drafts.panels.insert(slug.to_owned(), panel.clone());
        });
    });
}

/// Returns a lesson of one panel, for a package.
fn single(title: &str, slug: &str, chapter: Option<String>, keys: &Query) -> Lesson {
    let item = Item { id: "q1".to_owned(), panel: slug.to_owned(), chapter, keys: keys.clone() };
    Lesson { id: slug.to_owned(), title: title.to_owned(), text: String::new(), items: vec![item] }
}

/// Returns the address of a lesson in the lab.
fn lesson_link(embedded: &Embedded<'_>, lesson: &Lesson) -> String {
    let query = for_link(lesson).to_query();
    Embedded { panel: PAGE, chapter: None, query: &query, ..*embedded }.link()
}

fn next_words(editor: &Editor) -> String {
    match &editor.drafts.lesson.editing {
        Some(id) => format!("Edit {id}"),
        None => "New question, with the present settings".to_owned(),
    }
}

fn undo(editor: &Editor) -> Html {
    let onclick = {
        let drafts = editor.drafts.dispatcher();
        Callback::from(move |_: MouseEvent| drafts.dispatch(Change::Undo))
    };
    html! {
        <p class="share-undo" role="status">
            if let Some((sentence, _)) = &editor.drafts.undo {
                { sentence.clone() }{ " " }<button type="button" data-action="undo-share" {onclick}>{ "Undo" }</button>
            }
        </p>
    }
}

fn start_over(editor: &Editor) -> Html {
    let drafts = &editor.drafts;
    if drafts.panels.is_empty() && drafts.lesson.is_empty() {
        return Html::default();
    }
    let onclick = {
        let editor = editor.clone();
        Callback::from(move |_: MouseEvent| {
            editor.undoable("Everything was cleared.", |drafts| {
                *drafts = Drafts { tool: drafts.tool, ..Drafts::default() };
            });
        })
    };
    html! { <button type="button" data-action="start-over" {onclick}>{ "Start over" }</button> }
}

/// Returns the choice between a preview of the question in the form and one of the whole assignment.
fn preview_choice(previews_lesson: &UseStateHandle<bool>, id: u32) -> Html {
    let radio = |slug: &'static str, words: &'static str, is_lesson: bool| {
        let setter = previews_lesson.setter();
        let onchange = Callback::from(move |_: Event| setter.set(is_lesson));
        html! {
            <label class="segment"><input type="radio" name={format!("preview-{id}")} data-preview-of={slug} checked={**previews_lesson == is_lesson} {onchange} /><span>{ words }</span></label>
        }
    };
    html! {
        <div class="segments" role="radiogroup" aria-label="Preview of">
            { radio("question", "This question", false) }
            { radio("lesson", "Whole assignment", true) }
        </div>
    }
}
