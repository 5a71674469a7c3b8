//! Numbers that a reader may quote, and the list of those that are on the page.

use crate::ui::use_unique;
use std::cell::RefCell;
use std::collections::BTreeMap;
use yew::prelude::*;

pub use crate::charts::scale::format_number;

thread_local! {
    /// Each number on the page by its place: a name, and a value that is finite.
    static ON_PAGE: RefCell<BTreeMap<u32, (AttrValue, f64)>> = const { RefCell::new(BTreeMap::new()) };
}

/// The numbers that a reader sees at present, by name: for messages to the page around, and for questions.
pub fn metrics_on_page() -> BTreeMap<AttrValue, f64> {
    ON_PAGE.with_borrow(|numbers| numbers.values().cloned().collect())
}

#[derive(Clone, Properties, PartialEq, Debug)]
pub struct MetricProps {
    /// What it is called for tests and course authors.
    pub metric: AttrValue,
    /// Nothing while it has not been measured.
    pub value: Option<f64>,
    /// How it is written.
    pub children: Html,
}

/// A number with its name: every number that may be quoted is drawn by this, and is on the list while it is drawn.
#[component]
pub fn Metric(props: &MetricProps) -> Html {
    let place = use_unique();
    use_effect_with((props.metric.clone(), props.value), move |(metric, value)| {
        ON_PAGE.with_borrow_mut(|numbers| match value.filter(|value| value.is_finite()) {
            Some(value) => numbers.insert(place, (metric.clone(), value)),
            None => numbers.remove(&place),
        });
    });
    use_effect_with((), move |()| {
        move || {
            ON_PAGE.with_borrow_mut(|numbers| numbers.remove(&place));
        }
    });
    html! {
        // An output is a live region by nature; one that changes with every frame must not be spoken.
        <output aria-live="off" data-metric={props.metric.clone()} data-value={props.value.map(|value| value.to_string())}>
            { props.children.clone() }
        </output>
    }
}

#[derive(Clone, Properties, PartialEq, Debug)]
pub struct ReadoutProps {
    /// What it is called for tests and course authors.
    pub metric: &'static str,
    pub label: AttrValue,
    /// Nothing while it has not been measured.
    pub value: Option<f64>,
    /// Significant digits.
    #[prop_or(3)]
    pub digits: usize,
    #[prop_or_default]
    pub unit: AttrValue,
    #[prop_or_default]
    pub note: AttrValue,
}

/// A labelled number; `data-value` has it in full.
#[component]
pub fn Readout(props: &ReadoutProps) -> Html {
    let shown = props.value.map_or_else(|| "–".to_owned(), |value| format_number(value, props.digits));
    html! {
        <div class="readout">
            <span class="readout-label">{ props.label.clone() }</span>
            <span class="readout-value">
                <Metric metric={props.metric} value={props.value}>{ shown }</Metric>
                if !props.unit.is_empty() && props.value.is_some() {
                    <span class="readout-unit">{ props.unit.clone() }</span>
                }
            </span>
            if !props.note.is_empty() {
                <span class="readout-note">{ props.note.clone() }</span>
            }
        </div>
    }
}
