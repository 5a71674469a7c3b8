//! What a panel shows, read from the page: the numbers by the names that course authors know.

use serde_json::{Map, Value, json};
use wasm_bindgen::JsCast;

/// A section's panel on this page.
pub(super) fn panel_element(slug: &str) -> Option<web_sys::Element> {
    gloo::utils::document().query_selector(&format!("[data-panel=\"{slug}\"]")).ok()?
}

/// The numbers that a reader sees, by name.
pub(super) fn shown_metrics(slug: &str) -> Map<String, Value> {
    let mut metrics = Map::new();
    let Some(panel) = panel_element(slug) else { return metrics };
    let Ok(outputs) = panel.query_selector_all("[data-metric]") else { return metrics };
    for index in 0..outputs.length() {
        let Some(output) = outputs.get(index).and_then(|node| node.dyn_into::<web_sys::Element>().ok())
        else {
            continue;
        };
        let value = output.get_attribute("data-value").and_then(|value| value.parse::<f64>().ok());
        if let (Some(name), Some(value)) = (output.get_attribute("data-metric"), value)
            && value.is_finite()
        {
            metrics.insert(name, json!(value));
        }
    }
    metrics
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
