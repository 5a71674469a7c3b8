//! A number that a reader may quote.

use yew::prelude::*;

pub use crate::charts::scale::format_number;

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
                // An output is a live region by nature; one that changes with every frame must not be spoken.
                <output
                    aria-live="off"
                    data-metric={props.metric}
                    data-value={props.value.map(|value| value.to_string())}
                >
                    { shown }
                </output>
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
