//! The element of a panel.

/// Returns the element of a section's panel.
pub(super) fn panel_element(slug: &str) -> Option<web_sys::Element> {
    gloo::utils::document().query_selector(&format!("[data-panel=\"{slug}\"]")).ok()?
}
