//! The results of a sweep, which survive a reload if the browser stores them.

use crate::client::RunResult;
use crate::panel::local_storage;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Stored {
    key: String,
    results: Vec<RunResult>,
}

fn key_of(slug: &str) -> String {
    format!("nn-lab:sweep:{slug}")
}

/// Stores the results of the last sweep of a section.
pub(super) fn save(slug: &str, key: &str, results: &[RunResult]) {
    let stored = Stored { key: key.to_owned(), results: results.to_vec() };
    if let Ok(text) = serde_json::to_string(&stored) {
        local_storage::write(&key_of(slug), &text);
    }
}

/// Returns the results of the same sweep from an earlier visit, if there are any.
pub(super) fn load(slug: &str, key: &str) -> Option<Vec<RunResult>> {
    let stored: Stored = serde_json::from_str(&local_storage::read(&key_of(slug))?).ok()?;
    (stored.key == key && !stored.results.is_empty()).then_some(stored.results)
}
