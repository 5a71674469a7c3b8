//! The panel on the page, and the figures in it by the names that course authors know.

use wasm_bindgen::JsCast;

/// A section's panel on this page.
pub(super) fn panel_element(slug: &str) -> Option<web_sys::Element> {
    gloo::utils::document().query_selector(&format!("[data-panel=\"{slug}\"]")).ok()?
}

/// The figures that a reader sees: name and title.
pub(super) fn shown_figures(slug: &str) -> Vec<(String, String)> {
    let Some(panel) = panel_element(slug) else { return Vec::new() };
    let Ok(figures) = panel.query_selector_all("[data-figure]") else { return Vec::new() };
    let figure = |index| {
        let figure = figures.get(index)?.dyn_into::<web_sys::Element>().ok()?;
        let title = figure.query_selector("h3").ok().flatten().and_then(|title| title.text_content());
        let name = figure.get_attribute("data-figure")?;
        Some((name.clone(), title.unwrap_or(name)))
    };
    (0..figures.length()).filter_map(figure).collect()
}
