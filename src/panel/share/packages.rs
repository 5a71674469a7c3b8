//! The buttons that save a lesson as packages for course systems.

use crate::client::fetch_text;
use crate::coursework::Lesson;
use crate::coursework::package::{Templates, packages};
use crate::ui::export::download_bytes;
use gloo::utils::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Response;
use yew::prelude::*;

/// The packages: the ends of their names, and the words on their buttons.
const KINDS: [(&str, &str); 3] = [
    ("-scorm12.zip", "Save for SCORM 1.2"),
    ("-scorm2004.zip", "Save for SCORM 2004"),
    (".imscc", "Save for Common Cartridge"),
];

#[derive(Clone, PartialEq, Properties)]
pub(super) struct PackagesProps {
    pub(super) lesson: Lesson,
    /// The address of the lesson in the lab.
    pub(super) link: String,
}

/// One button per package.
#[component]
pub(super) fn Packages(props: &PackagesProps) -> Html {
    let said = use_state_eq(|| None::<Result<String, String>>);
    let button = |(end, words): (&'static str, &'static str)| {
        let (said, props) = (said.setter(), props.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            let (said, props) = (said.clone(), props.clone());
            spawn_local(async move { said.set(Some(save(&props, end).await)) });
        });
        html! { <button type="button" data-action="save-package" data-package={end} {onclick}>{ words }</button> }
    };
    html! {
        <div class="share-packages">
            <div class="share-buttons">{ for KINDS.into_iter().map(button) }</div>
            <div role="status">
                { match &*said {
                    None => Html::default(),
                    Some(Ok(words)) => html! { <p class="muted">{ words.clone() }</p> },
                    Some(Err(words)) => html! { <p class="notice" data-kind="error">{ words.clone() }</p> },
                } }
            </div>
        </div>
    }
}

/// Saves the package whose name has this end. Returns a sentence about it.
async fn save(props: &PackagesProps, end: &str) -> Result<String, String> {
    let templates = templates().await?;
    let files = packages(&props.lesson, &props.link, &templates)
        .map_err(|error| format!("Nothing was saved: {error}."))?;
    let file = files.into_iter().find(|(name, _)| name.ends_with(end));
    let (name, bytes) = file.ok_or_else(|| "Nothing was saved: there is no such package.".to_owned())?;
    match download_bytes(&name, &bytes) {
        Some(()) => Ok(format!("Saved {name}.")),
        None => Err(format!("The browser did not save {name}.")),
    }
}

/// Returns the templates, which are files of the site.
async fn templates() -> Result<Templates, String> {
    let mut texts: [String; Templates::FILES.len()] = Default::default();
    for (text, file) in texts.iter_mut().zip(Templates::FILES) {
        let path = format!("course/{file}");
        // A download that is a page counts as the server's answer for a missing file, but this template is one.
        *text = if file.ends_with(".html") { page(&path).await? } else { fetch_text(&path).await? };
    }
    Ok(Templates::new(texts))
}

/// Returns a page of the site as text.
async fn page(path: &str) -> Result<String, String> {
    let lost = |_: JsValue| format!("{path} did not arrive.");
    let response = JsFuture::from(window().fetch_with_str(path)).await.map_err(lost)?;
    let response = response.dyn_into::<Response>().map_err(lost)?;
    if !response.ok() {
        return Err(format!("{path} did not arrive: the server answered {}.", response.status()));
    }
    let text = JsFuture::from(response.text().map_err(lost)?).await.map_err(lost)?;
    text.as_string().ok_or_else(|| format!("{path} is not text."))
}
