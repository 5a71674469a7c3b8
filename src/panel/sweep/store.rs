//! What is done of a sweep, kept through a reload where the browser stores anything.

use crate::client::RunResult;
use gloo::utils::window;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Stored {
    key: String,
    results: Vec<RunResult>,
}

fn place(slug: &str) -> String {
    format!("nn-lab:sweep:{slug}")
}

/// Keeps the results of the last sweep of a section.
pub(super) fn save(slug: &str, key: &str, results: &[RunResult]) {
    let stored = Stored { key: key.to_owned(), results: results.to_vec() };
    if let (Ok(Some(storage)), Ok(text)) = (window().local_storage(), serde_json::to_string(&stored)) {
        // Where the storage is full the results live as long as the tab.
        let _ = storage.set_item(&place(slug), &text);
    }
}

/// The results of this very sweep, if an earlier visit has kept some.
pub(super) fn load(slug: &str, key: &str) -> Option<Vec<RunResult>> {
    let storage = window().local_storage().ok().flatten()?;
    let stored: Stored = serde_json::from_str(&storage.get_item(&place(slug)).ok().flatten()?).ok()?;
    (stored.key == key && !stored.results.is_empty()).then_some(stored.results)
}
