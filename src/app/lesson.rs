//! The page `#/lesson`: the questions of a lesson, one after another. Each is a panel in a frame of this page.

mod body;
mod check;
mod frame;
mod messages;
mod source;

pub use crate::app::lesson::check::problems;

use crate::app::lesson::body::LessonBody;
use crate::app::lesson::source::{Source, load};
use crate::core::query::Query;
use crate::coursework::Lesson;
use crate::embedding::post_to_host;
use gloo::utils::document;
use std::cell::Cell;
use std::rc::Rc;
use yew::platform::spawn_local;
use yew::prelude::*;

/// The keys of this page's address that do not belong to the lesson.
const PREFERENCES: &[&str] = &["embed", "theme", "device", "v"];

/// The properties of [`LessonPage`].
#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct LessonPageProps {
    /// The query of the page's address.
    pub(super) query: Rc<Query>,
}

/// The lesson of an address, or a sentence about it.
#[component]
pub(super) fn LessonPage(props: &LessonPageProps) -> Html {
    let loaded = use_state(|| None::<(String, Result<Rc<Lesson>, String>)>);
    let own = props.query.keep(|key| !PREFERENCES.contains(&key));
    let read = use_memo(own, Source::read);
    let path = match &*read {
        Ok(Source::File(path)) => Some(path.clone()),
        _ => None,
    };
    use_effect_with(path.clone(), {
        let loaded = loaded.setter();
        move |path| {
            let is_wanted = Rc::new(Cell::new(true));
            if let Some(path) = path.clone() {
                let is_wanted = is_wanted.clone();
                spawn_local(async move {
                    let lesson = load(&path).await.map(Rc::new);
                    if is_wanted.get() {
                        loaded.set(Some((path, lesson)));
                    }
                });
            }
            move || is_wanted.set(false)
        }
    });
    let lesson = match &*read {
        Err(sentence) => Some(Err(sentence.clone())),
        Ok(Source::Address(lesson)) => Some(Ok(lesson.clone())),
        Ok(Source::File(path)) => {
            loaded.as_ref().filter(|(from, _)| from == path).map(|(_, lesson)| lesson.clone())
        }
    };
    let problem = lesson.as_ref().and_then(|lesson| lesson.as_ref().err().cloned());
    use_effect_with(problem, |problem| {
        if let Some(sentence) = problem {
            post_to_host("lesson", "error", serde_json::json!({ "message": sentence }));
        }
    });
    let title = match &lesson {
        Some(Ok(lesson)) => lesson.title.clone(),
        _ => "Lesson".to_owned(),
    };
    use_effect_with(title, |title| document().set_title(&format!("{title} – Neural network lab")));
    match lesson {
        None => html! { <p class="muted" role="status">{ "Loading the lesson…" }</p> },
        Some(Err(sentence)) => html! {
            <section class="lesson" data-panel="lesson" data-state="error">
                <h1>{ "Lesson" }</h1>
                <div class="notice" data-kind="error" role="alert"><p>{ sentence }</p></div>
            </section>
        },
        Some(Ok(lesson)) => {
            // Another lesson has other frames.
            let key = lesson.to_query().to_string();
            html! { <LessonBody {key} {lesson} query={props.query.clone()} /> }
        }
    }
}
