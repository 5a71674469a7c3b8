//! Light or dark.

use gloo::utils::document;

/// Draws the page in this theme; with any other word, in the system's.
pub fn set_theme(theme: &str) {
    let Some(root) = document().document_element() else { return };
    // A root that takes no attribute stays as it is.
    let _ = match theme {
        "light" | "dark" => root.set_attribute("data-theme", theme),
        _ => root.remove_attribute("data-theme"),
    };
}
