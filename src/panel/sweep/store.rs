//! The results of a sweep, which survive a reload if the browser stores them.

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

/// Stores the results of the last sweep of a section.
pub(super) fn save(slug: &str, key: &str, results: &[RunResult]) {
    let stored = Stored { key: key.to_owned(), results: results.to_vec() };
    if let (Ok(Some(storage)), Ok(text)) = (window().local_storage(), serde_json::to_string(&stored)) {
        // If the storage is full, the results last as long as the tab.
        let _ = storage.set_item(&place(slug), &text);
    }
}

/// Returns the results of the same sweep from an earlier visit, if there are any.
pub(super) fn load(slug: &str, key: &str) -> Option<Vec<RunResult>> {
    let storage = window().local_storage().ok().flatten()?;
    let stored: Stored = serde_json::from_str(&storage.get_item(&place(slug)).ok().flatten()?).ok()?;
    (stored.key == key && !stored.results.is_empty()).then_some(stored.results)
}
