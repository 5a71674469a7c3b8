//! The page's theme: light or dark.

use gloo::utils::document;

/// Sets the page's theme to "light" or "dark". Any other word selects the system's theme.
pub fn set_theme(theme: &str) {
    let Some(root) = document().document_element() else { return };
    // Setting an attribute of this name cannot fail.
    let _ = match theme {
        "light" | "dark" => root.set_attribute("data-theme", theme),
        _ => root.remove_attribute("data-theme"),
    };
}
