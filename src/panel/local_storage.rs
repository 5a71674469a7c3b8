//! Texts that the browser stores for the next visit.

use gloo::utils::window;

/// Returns true if the browser stores something for this page. A sandboxed frame has no storage.
pub(super) fn is_there() -> bool {
    window().local_storage().ok().flatten().is_some()
}

/// Returns a stored text. A sandboxed frame has none.
pub(super) fn read(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Stores a text. If the browser stores nothing, or its quota is exceeded, the text lasts as long as the page.
pub(super) fn write(key: &str, text: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, text);
    }
}
