//! The button that saves all answers of a lesson as a file, with the name of the student.

use crate::panel::now;
use crate::panel::work::Work;
use crate::ui::export::download;
use crate::ui::visibility::HiddenByLesson;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The properties of [`HandIn`].
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct HandInProps {
    /// The answer sheet.
    pub work: Work,
}

/// Offers to save the answers, once there are any.
#[component]
pub fn HandIn(props: &HandInProps) -> Html {
    let blocked = use_state_eq(|| false);
    let saved = use_state_eq(|| None::<String>);
    let work = &props.work;
    let sheet = work.sheet.0.clone();
    if sheet.answers.is_empty() {
        return Html::default();
    }
    let set_name = {
        let work = work.clone();
        Callback::from(move |event: Event| {
            work.set_student(&event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };
    let save = {
        let (blocked, saved, sheet) = (blocked.setter(), saved.setter(), sheet.clone());
        Callback::from(move |_: MouseEvent| {
            let now = now();
            let name = sheet.file_name(now);
            let is_saved = download(&name, "application/json", &sheet.to_json(now)).is_some();
            blocked.set(!is_saved);
            saved.set(is_saved.then_some(name));
        })
    };
    let count = sheet.answers.len();
    let title = format!("All {count} answers as one file, with first guesses and further attempts");
    html! {
        <HiddenByLesson name="hand-in">
            <div class="hand-in" data-answers={count.to_string()}>
                <label>{ "Name or number (optional) " }
                    <input type="text" autocomplete="name" data-hand-in="student" value={sheet.student.clone().unwrap_or_default()} onchange={set_name} />
                </label>
                <button type="button" data-action="hand-in" onclick={save} {title}>
                    { if count == 1 { "Hand in".to_owned() } else { format!("Hand in {count} answers") } }
                </button>
                if work.is_volatile {
                    <p class="muted" data-volatile="">{ "This page may not store anything in the browser here: a reload forgets your answers. Save the file first." }</p>
                }
                <div role="status">
                    if *blocked {
                        <p class="notice" data-kind="warn">{ "This browser blocked the download." }</p>
                    } else if let Some(name) = &*saved {
                        <p class="muted">{ format!("Saved as {name}.") }</p>
                    }
                </div>
            </div>
        </HiddenByLesson>
    }
}
