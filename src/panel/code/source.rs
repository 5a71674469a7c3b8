//! The views of the code, and the files of the site that they show.

use crate::client::fetch_text;
use crate::core::schema::Values;
use crate::core::template::{Language, Line, specialize};
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// A view of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// A script for PyTorch.
    PyTorch,
    /// The main file of a crate with burn.
    Burn,
    /// A file of the lab itself, by its index among the section's sources.
    Lab(usize),
}

impl View {
    /// Returns the name of the file on the server.
    pub(super) fn file(self, slug: &str, sources: &[&str]) -> String {
        match self {
            Self::PyTorch => format!("code/{slug}.py"),
            Self::Burn => format!("code/{slug}.rs"),
            Self::Lab(at) => format!("models/{}", sources.get(at).copied().unwrap_or_default()),
        }
    }

    /// Returns the lines that are shown of a file.
    pub(super) fn lines(self, text: &str, values: &Values) -> Result<Vec<Line>, String> {
        let language = match self {
            Self::PyTorch => Language::Python,
            Self::Burn => Language::Rust,
            Self::Lab(_) => {
                let line = |text: &str| Line { text: text.to_owned(), parts: Vec::new() };
                return Ok(text.lines().map(line).collect());
            }
        };
        // The native tests specialize every template, so this is no error of the visitor.
        specialize(text, values, language).map_err(|error| format!("The template has a mistake in {error}."))
    }
}

/// Files of the site that have been requested, by name. `None` while a file is on its way.
pub(super) type Texts = HashMap<String, Option<Result<Rc<str>, String>>>;

enum Action {
    Requested(String),
    Arrived(String, Result<Rc<str>, String>),
}

struct Cache(Rc<Texts>);

impl Reducible for Cache {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut texts = (*self.0).clone();
        match action {
            Action::Requested(file) => drop(texts.insert(file, None)),
            Action::Arrived(file, text) => drop(texts.insert(file, Some(text))),
        }
        Rc::new(Self(Rc::new(texts)))
    }
}

/// Returns the files that have arrived, and a callback that requests one. A file that did not arrive is requested again.
#[hook]
pub(super) fn use_texts() -> (Rc<Texts>, Callback<String>) {
    let cache = use_reducer(|| Cache(Rc::default()));
    let texts = cache.0.clone();
    let request = {
        let (cache, texts) = (cache.dispatcher(), texts.clone());
        Callback::from(move |file: String| {
            if matches!(texts.get(&file), Some(None | Some(Ok(_)))) {
                return;
            }
            cache.dispatch(Action::Requested(file.clone()));
            let cache = cache.clone();
            spawn_local(async move {
                let text = fetch_text(&file).await.map(Rc::from);
                cache.dispatch(Action::Arrived(file, text));
            });
        })
    };
    (texts, request)
}
