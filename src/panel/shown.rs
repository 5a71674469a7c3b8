//! The panel on the page.

/// A section's panel on this page.
pub(super) fn panel_element(slug: &str) -> Option<web_sys::Element> {
    gloo::utils::document().query_selector(&format!("[data-panel=\"{slug}\"]")).ok()?
}
