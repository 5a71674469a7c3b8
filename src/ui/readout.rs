//! Numbers that a reader may quote, and the list of those on the page.

use crate::core::metric::{Metric, Spread};
use crate::ui::use_unique;
use std::cell::RefCell;
use std::collections::BTreeMap;
use yew::prelude::*;

pub use crate::charts::scale::format_number;

/// Returns an estimated time in words, rounded by at most a tenth from five seconds on.
pub fn time_words(seconds: f64) -> String {
    match rounded(seconds) {
        (1.0, "s") => "about a second".to_owned(),
        (number, unit) => format!("about {number} {unit}"),
    }
}

/// Returns the time that is left, in few words, because they stand beside other numbers.
pub fn left_words(seconds: f64) -> String {
    match rounded(seconds) {
        (1.0, "s") => "a second left".to_owned(),
        (number, unit) => format!("{number} {unit} left"),
    }
}

/// Returns an estimated time in words, as a range if its limits are far apart.
pub fn time_range_words(low: f64, high: f64) -> String {
    /// Limits that are closer than this factor are one time.
    const NEAR: f64 = 1.4;
    if high < NEAR * low {
        return time_words(low);
    }
    match (rounded(low), rounded(high)) {
        (from, to) if from == to => time_words(low),
        ((from, unit), (to, same)) if unit == same => format!("about {from} to {to} {unit}"),
        ((from, unit), (to, other)) => format!("about {from} {unit} to {to} {other}"),
    }
}

/// Returns a time as a number and its unit.
fn rounded(seconds: f64) -> (f64, &'static str) {
    match seconds.max(0.0) {
        s if s < 29.5 => (s.round().max(1.0), "s"),
        s if s < 97.5 => ((s / 5.0).round() * 5.0, "s"),
        s if s < 145.0 => ((s / 10.0).round() * 10.0, "s"),
        s if s < 570.0 => ((s / 30.0).round() / 2.0, "min"),
        s if s < 5700.0 => ((s / 60.0).round(), "min"),
        s => ((s / 360.0).round() / 10.0, "h"),
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

#[cfg(test)]
mod tests {
    use crate::ui::readout::*;

    #[test]
    fn times_are_rounded_a_little() {
        let words = |seconds| time_words(seconds);
        assert_eq!(words(0.2), "about a second");
        assert_eq!(words(12.4), "about 12 s");
        assert_eq!(words(34.0), "about 35 s");
        assert_eq!(words(121.0), "about 120 s");
        assert_eq!(words(151.0), "about 2.5 min");
        assert_eq!(left_words(0.2), "a second left");
        assert_eq!(left_words(151.0), "2.5 min left");
        assert_eq!(words(1500.0), "about 25 min");
        assert_eq!(words(20_000.0), "about 5.6 h");
        for seconds in (5..40_000).map(f64::from) {
            let (number, unit) = rounded(seconds);
            let shown = number
                * match unit {
                    "s" => 1.0,
                    "min" => 60.0,
                    _ => 3600.0,
                };
            assert!((shown / seconds - 1.0).abs() <= 0.1, "{seconds} s: {}", words(seconds));
        }
    }

    #[test]
    fn a_busy_machine_gets_a_range() {
        assert_eq!(time_range_words(30.0, 33.0), "about 30 s");
        assert_eq!(time_range_words(30.0, 50.0), "about 30 to 50 s");
        assert_eq!(time_range_words(50.0, 150.0), "about 50 s to 2.5 min");
        assert_eq!(time_range_words(0.2, 0.9), "about a second");
    }
}
