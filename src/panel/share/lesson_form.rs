//! The form for an assignment: its title, its questions, and its file.

use crate::core::query::Query;
use crate::coursework::Lesson;
use crate::coursework::lesson::MAX_BYTES;
use crate::panel::share::editor::{Editor, field};
use crate::panel::share::lesson::{ItemDraft, LessonDraft};
use crate::panel::share::links::{appearance, hash, path, set_up};
use crate::panel::share::question::QuestionDraft;
use crate::ui::export::download;
use gloo::utils::window;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

/// Returns the form. `query` is the present address, and `problem` a sentence about the last file.
pub(super) fn lesson_form(editor: &Editor, query: &Query, problem: &UseStateHandle<Option<String>>) -> Html {
    let lesson = &editor.drafts.lesson;
    let rows = lesson.items.iter().enumerate().map(|(at, item)| row(editor, query, at, item));
    let checked = lesson.lesson();
    let save = {
        let checked = checked.clone();
        let problem = problem.setter();
        Callback::from(move |_: MouseEvent| problem.set(checked.as_ref().ok().and_then(save)))
    };
    // A lesson without questions is not wrong yet.
    let wrong = checked.as_ref().err().filter(|_| !lesson.items.is_empty());
    html! {
        <fieldset class="share-lesson"><legend>{ "Assignment" }</legend>
            { field("Title", "lesson-title", &lesson.title, "Memory", editor.on_value(|drafts, value| drafts.lesson.title = value)) }
            { field("Name in addresses", "lesson-id", &lesson.id, &lesson.name(), editor.on_value(|drafts, value| drafts.lesson.id = value)) }
            <label>{ "Instructions for the students" }
                <textarea rows="2" data-share="lesson-text" value={lesson.text.clone()} oninput={editor.on_value::<InputEvent>(|drafts, value| drafts.lesson.text = value)} />
            </label>
            if lesson.items.is_empty() {
                <p class="muted">{ "No questions yet. Write one below and add it; then go to another section for the next, if you like." }</p>
            } else {
                <ol class="share-items">{ for rows }</ol>
            }
            <div class="share-buttons">
                <label class="file-button">
                    <input type="file" accept=".json,application/json" data-action="open-lesson" onchange={on_pick(editor, problem)} />
                    <span>{ "Open lesson file…" }</span>
                </label>
                <button type="button" data-action="save-lesson" disabled={checked.is_err()} onclick={save}>{ "Save lesson file" }</button>
            </div>
            <div role="status">
                if let Some(words) = &**problem {
                    <p class="notice" data-kind="error">{ words.clone() }</p>
                }
                if let Some(error) = wrong {
                    <p class="notice" data-kind="warn">{ format!("The assignment is not complete: {error}.") }</p>
                }
            </div>
        </fieldset>
    }
}

/// Saves the file of a lesson. Returns a sentence if the browser refuses.
fn save(lesson: &Lesson) -> Option<String> {
    let name = format!("nn-lab-lesson-{}.json", lesson.id);
    let saved = download(&name, "application/json", &lesson.to_json());
    saved.is_none().then(|| "The browser did not save the file.".to_owned())
}

/// Returns a callback that reads a chosen file. The lesson before it can be restored.
fn on_pick(editor: &Editor, problem: &UseStateHandle<Option<String>>) -> Callback<Event> {
    let (editor, problem) = (editor.clone(), problem.setter());
    Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        // The same file may be chosen again.
        input.set_value("");
        let (editor, problem) = (editor.clone(), problem.clone());
        spawn_local(async move {
            match read(&file).await {
                Ok(lesson) => {
                    let draft = LessonDraft::of(&lesson);
                    let sentence = format!("“{}” was opened.", lesson.title);
                    editor.undoable(&sentence, move |drafts| drafts.lesson = draft.clone());
                    problem.set(None);
                }
                Err(error) => problem.set(Some(format!("{} was not opened: {error}.", file.name()))),
            }
        });
    })
}

async fn read(file: &File) -> Result<Lesson, String> {
    // Reading a huge file would take the page's memory.
    if file.size() > 2.0 * MAX_BYTES as f64 {
        return Err(crate::coursework::LessonError::TooLong(file.size() as usize).to_string());
    }
    let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
    let text = text.ok_or_else(|| "the browser could not read it".to_owned())?;
    Lesson::read(&text).map_err(|error| error.to_string())
}

/// Returns a question of the list, with its buttons.
fn row(editor: &Editor, query: &Query, at: usize, item: &ItemDraft) -> Html {
    let lesson = &editor.drafts.lesson;
    let words = item.words();
    let is_edited = lesson.editing.as_ref() == Some(&item.id);
    let id = item.id.clone();
    let delete = {
        let (editor, id) = (editor.clone(), id.clone());
        Callback::from(move |_: MouseEvent| {
            let id = id.clone();
            editor.undoable("The question was deleted.", move |drafts| drafts.lesson.remove(&id));
        })
    };
    let edit = {
        let (editor, id) = (editor.clone(), id.clone());
        let mut keys = set_up(&item.query());
        keys.extend(appearance(query).iter());
        let address = hash(&path(&item.panel, item.chapter.as_deref()), &keys);
        Callback::from(move |_: MouseEvent| {
            let id = id.clone();
            editor.change(move |drafts| {
                (drafts.lesson.editing, drafts.lesson.opens) = (Some(id.clone()), true);
            });
            // The page shows the settings of the question, also those of another section.
            let _ = window().location().set_hash(&address);
        })
    };
    let button = |action: &'static str,
                  label: &str,
                  sign: &'static str,
                  disabled: bool,
                  onclick: Callback<MouseEvent>| {
        html! { <button type="button" data-action={action} aria-label={format!("{label}: {words}")} title={label.to_owned()} {disabled} {onclick}>{ sign }</button> }
    };
    let up = editor.on(move |drafts| drafts.lesson.swap_with_next(at.saturating_sub(1)));
    let down = editor.on(move |drafts| drafts.lesson.swap_with_next(at));
    html! {
        <li key={id.clone()} data-item={id} aria-current={is_edited.then_some("true")}>
            <div class="share-item">
                <span><strong>{ item.panel.clone() }</strong>{ " " }{ words.clone() }</span>
                <span class="share-buttons">
                    { button("item-up", "Move up", "↑", at == 0, up) }
                    { button("item-down", "Move down", "↓", at + 1 >= lesson.items.len(), down) }
                    { button("edit-item", "Edit", "Edit", is_edited, edit) }
                    { button("delete-item", "Delete", "×", false, delete) }
                </span>
            </div>
        </li>
    }
}

/// Returns the buttons that add the panel of the form to the lesson, or that change the question that is edited.
pub(super) fn add_buttons(editor: &Editor, chapter: Option<String>, keys: &Query) -> Html {
    let slug = editor.slug;
    let is_editing = editor.drafts.lesson.editing.is_some();
    let keys = keys.keep(|key| key != "ask_id");
    let item = ItemDraft {
        id: String::new(),
        panel: slug.to_owned(),
        chapter,
        keys: keys.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    };
    let panel = (*editor.panel).clone();
    let add = editor.on(move |drafts| {
        drafts.lesson.put(item.clone());
        // The next question has the same settings and locks.
        let mut panel = panel.clone();
        panel.question = QuestionDraft::default();
        drafts.panels.insert(slug.to_owned(), panel);
    });
    let cancel = editor.on(move |drafts| {
        drafts.lesson.editing = None;
        if let Some(panel) = drafts.panels.get_mut(slug) {
            panel.question = QuestionDraft::default();
        }
    });
    html! {
        <div class="share-buttons">
            <button type="button" class="primary" data-action="add-item" onclick={add}>
                { if is_editing { "Change the question" } else { "Add the current panel as a question" } }
            </button>
            if is_editing {
                <button type="button" data-action="cancel-item" onclick={cancel}>{ "Cancel" }</button>
            }
        </div>
    }
}
