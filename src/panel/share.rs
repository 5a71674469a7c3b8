//! Links and frames to share: what a teacher sends or puts into a course page.

mod dialog;
mod draft;
mod links;

pub(super) use crate::panel::share::links::chapter_hash;

use crate::core::chapter::Chapter;
use crate::core::guided::GuidedInfo;
use crate::core::query::Query;
use crate::core::settings::{Param, Preset};
use crate::panel::share::dialog::ShareDialog;
use gloo::timers::callback::Timeout;
use gloo::utils::window;
use std::rc::Rc;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties, Debug)]
pub(super) struct ShareProps {
    pub(super) slug: &'static str,
    /// The section's own chapters.
    pub(super) chapters: &'static [Chapter],
    pub(super) guided_infos: Rc<Vec<GuidedInfo>>,
    /// The one that the address opens.
    pub(super) chapter: Option<String>,
    /// The address's query.
    pub(super) query: Rc<Query>,
    pub(super) params: &'static [Param],
    pub(super) presets: &'static [Preset],
}

/// The link to what is shown, and a dialog for all that a teacher may want besides.
#[component]
pub(super) fn Share(props: &ShareProps) -> Html {
    let open = use_state_eq(|| false);
    let toggle = |to: bool| {
        let open = open.setter();
        Callback::from(move |()| open.set(to))
    };
    let link = {
        let (path, query) = (links::path(props.slug, props.chapter.as_deref()), props.query.clone());
        Callback::from(move |()| links::link(&path, &links::for_reader(&query)))
    };
    html! {
        <div class="share">
            <CopyButton label="Copy link" action="copy-link" text={link} />
            <button type="button" data-action="share" onclick={toggle(true).reform(|_| ())}>{ "Share and embed…" }</button>
            if *open {
                <ShareDialog slug={props.slug} query={props.query.clone()} params={props.params} presets={props.presets} chapters={props.chapters} guided_infos={props.guided_infos.clone()} chapter={props.chapter.clone()}
                    on_close={toggle(false)} />
            }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties, Debug)]
pub struct CopyButtonProps {
    pub label: &'static str,
    pub action: &'static str,
    /// Makes the text, when it is wanted.
    pub text: Callback<(), String>,
}

/// Copies a text; where the browser refuses, as it does in many frames, it shows the text to be copied by hand.
#[component]
pub fn CopyButton(props: &CopyButtonProps) -> Html {
    let copied = use_state_eq(|| None::<Result<(), String>>);
    let forget = use_mut_ref(|| None::<Timeout>);
    let onclick = {
        let (copied, text) = (copied.setter(), props.text.clone());
        Callback::from(move |_: MouseEvent| {
            let (copied, text, forget) = (copied.clone(), text.emit(()), forget.clone());
            spawn_local(async move {
                match copy(&text).await {
                    true => {
                        copied.set(Some(Ok(())));
                        let later = copied.clone();
                        forget.borrow_mut().replace(Timeout::new(2500, move || later.set(None)));
                    }
                    false => copied.set(Some(Err(text))),
                }
            });
        })
    };
    html! {
        <>
            <button type="button" data-action={props.action} {onclick}>
                { if matches!(&*copied, Some(Ok(()))) { "Copied" } else { props.label } }
            </button>
            <span class="visually-hidden" role="status">{ if matches!(&*copied, Some(Ok(()))) { "Copied" } else { "" } }</span>
            if let Some(Err(text)) = &*copied {
                <label class="by-hand">{ "Copying is blocked here. Select the text and copy it:" }
                    <textarea readonly={true} rows="3" value={text.clone()} />
                </label>
            }
        </>
    }
}

/// Whether the text is now in the clipboard.
async fn copy(text: &str) -> bool {
    let window = window();
    // Not there without a secure context.
    let there = js_sys::Reflect::get(window.navigator().as_ref(), &"clipboard".into())
        .is_ok_and(|clipboard| !clipboard.is_undefined());
    there && JsFuture::from(window.navigator().clipboard().write_text(text)).await.is_ok()
}
