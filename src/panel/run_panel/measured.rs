//! The numbers that a panel has measured, for messages and for the answer sheet.

use crate::core::curve::RunSeries;
use crate::panel::RunView;
use crate::ui::readout::metrics_on_page;
use serde_json::{Map, Value, json};

/// Returns metrics for a message: those of the section, whether or not their chapter is open, and the others
/// on the page.
pub(super) fn named_metrics(view: Option<&RunView>, wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
    let mut numbers: Map<String, Value> =
        metrics_on_page().into_iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
    // The metrics of the latest frame, whether or not they are drawn.
    let latest = view.into_iter().flat_map(RunView::numbers);
    numbers.extend(latest.map(|(name, value)| (name.to_owned(), json!(value))));
    numbers.retain(|name, _| wanted(name));
    numbers
}

/// The maximum number of points per curve in a message.
const MAX_POINTS: usize = 1000;

/// Returns the curves of the run for a message, with at most [`MAX_POINTS`] points each.
pub(super) fn curves(all: &[RunSeries]) -> Vec<Value> {
    let curve = |one: &RunSeries| {
        let last = one.points.len().saturating_sub(1);
        let every = last.div_ceil(MAX_POINTS - 1).max(1);
        let kept = one.points.iter().enumerate().filter(|(at, _)| at % every == 0 || *at == last);
        let points: Vec<_> = kept.map(|(_, point)| *point).collect();
        json!({ "metric": one.metric, "title": one.title, "unit": one.unit, "points": points })
    };
    all.iter().map(curve).collect()
}
