//! Numbers that a reader may quote, and the list of those on the page.

use crate::core::metric::{Metric, Spread};
use crate::ui::use_unique;
use std::cell::RefCell;
use std::collections::BTreeMap;
use yew::prelude::*;

pub use crate::charts::scale::format_number;

/// Returns an estimated time in words.
pub fn time_words(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1.5 => "about a second".to_owned(),
        seconds if seconds < 100.0 => format!("about {} s", seconds.ceil()),
        seconds if seconds < 6000.0 => format!("about {} min", (seconds / 60.0).ceil()),
        seconds => format!("about {} h", (seconds / 3600.0).ceil()),
    }
}

thread_local! {
    /// The finite numbers on the page, with their names, by the id of the component that shows them.
    static ON_PAGE: RefCell<BTreeMap<u32, (AttrValue, f64)>> = const { RefCell::new(BTreeMap::new()) };
}

/// Returns the numbers that the page currently shows, by name, for messages to an embedding page and for
/// questions.
pub fn metrics_on_page() -> BTreeMap<AttrValue, f64> {
    ON_PAGE.with_borrow(|numbers| numbers.values().cloned().collect())
}

/// The properties of a number.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct MetricOutputProps {
    /// The number's name for tests and course authors.
    pub metric: AttrValue,
    /// `None` until it has been measured.
    pub value: Option<f64>,
    /// The spread over several seeds. The value is then their median.
    #[prop_or_default]
    pub spread: Option<Spread>,
    /// The formatted number.
    pub children: Html,
}

/// A number with its name. Every number that may be quoted is shown by this component, and listed while
/// shown.
#[component]
pub fn MetricOutput(props: &MetricOutputProps) -> Html {
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
    let spread = props.spread;
    html! {
        // An output is a live region by default, but one that changes with every frame must not be spoken.
        <output aria-live="off" data-metric={props.metric.clone()} data-value={props.value.map(|value| value.to_string())}
            data-low={spread.map(|spread| spread.low.to_string())} data-high={spread.map(|spread| spread.high.to_string())}
            data-n={spread.map(|spread| spread.n.to_string())}>
            { props.children.clone() }
        </output>
    }
}

/// The properties of a readout.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct ReadoutProps {
    /// The number with its texts.
    pub metric: Metric,
    /// The spread over several seeds.
    #[prop_or_default]
    pub spread: Option<Spread>,
    /// True if there is little room.
    #[prop_or(false)]
    pub compact: bool,
}

/// A labeled number, with all its digits in `data-value`. Over several seeds it is the median, with the
/// minimum and the maximum.
#[component]
pub fn Readout(props: &ReadoutProps) -> Html {
    let Metric { name, title, value, unit, note, digits } = props.metric.clone();
    // The digits of a loss near zero mean nothing. `data-value` has them.
    let write = |value: f64| match unit {
        "nats" if value > 0.0 && value < 0.001 => "< 0.001".to_owned(),
        _ => format_number(value, digits),
    };
    let value = props.spread.map_or(value, |spread| Some(spread.median));
    let note = match props.spread {
        Some(Spread { low, high, n, .. }) if props.compact => {
            format!("{} to {}, n = {n}", write(low), write(high)).into()
        }
        Some(Spread { low, high, n, .. }) => {
            format!("median, {} to {} of {n} seeds", write(low), write(high)).into()
        }
        None => note,
    };
    html! {
        <div class="readout">
            <span class="readout-label">{ title }</span>
            <span class="readout-value">
                <MetricOutput metric={AttrValue::from(name)} {value} spread={props.spread}>{ value.map_or_else(|| "–".to_owned(), write) }</MetricOutput>
                if !unit.is_empty() && value.is_some() {
                    <span class="readout-unit">{ unit }</span>
                }
            </span>
            if !note.is_empty() {
                <span class="readout-note" data-spread={props.spread.map(|_| "")}>{ note }</span>
            }
        </div>
    }
}
