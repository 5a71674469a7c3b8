//! The most likely next characters as bars, for a temperature and a top-k.

use super::chars::{spoken, visible};
use crate::charts::Table;
use crate::sections::transformer::NextToken;
use crate::sections::transformer::next::{by_score, entropy, probabilities};
use crate::ui::readout::format_number;
use std::rc::Rc;
use yew::prelude::*;

/// The number of bars.
const BARS: usize = 10;

/// The distribution of the next character.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Distribution {
    /// Characters by decreasing logit, with their probability, their probability in the full model, and the logit.
    rows: Vec<(char, f64, f64, f32)>,
    entropy: f64,
    /// True if heads are switched off.
    partial: bool,
}

impl Distribution {
    pub(super) fn new(next: &NextToken, vocabulary: &[char], temperature: f64, top_k: usize) -> Self {
        let now = probabilities(&next.logits, temperature, top_k);
        let whole = probabilities(&next.whole, temperature, top_k);
        let row = |id: usize| {
            let p = |values: &[f64]| values.get(id).copied().unwrap_or_default();
            Some((*vocabulary.get(id)?, p(&now), p(&whole), next.logits.get(id).copied()?))
        };
        Self {
            entropy: entropy(&now),
            rows: by_score(&next.logits).into_iter().filter_map(row).collect(),
            partial: !next.request.off.is_empty(),
        }
    }

    pub(super) fn table(&self) -> Table {
        let row = |(c, now, whole, logit): &(char, f64, f64, f32)| {
            vec![spoken(*c), format!("{now:.6}"), format!("{whole:.6}"), format!("{logit:.4}")]
        };
        Table {
            columns: ["character", "probability", "probability with all heads", "logit"]
                .map(str::to_owned)
                .to_vec(),
            rows: self.rows.iter().map(row).collect(),
        }
    }
}

/// The bars. If heads are switched off, outlines show the full model.
pub(super) fn bars(distribution: &Rc<Distribution>) -> Html {
    let partial = distribution.partial;
    let bar = |(c, now, whole, _): &(char, f64, f64, f32)| {
        let percent = |p: f64| format!("{}%", format_number(100.0 * p, if p < 0.01 { 1 } else { 3 }));
        let words = match partial {
            true => format!("{}: {}, with all heads {}", spoken(*c), percent(*now), percent(*whole)),
            false => format!("{}: {}", spoken(*c), percent(*now)),
        };
        html! {
            <li data-char={c.to_string()} data-p={now.to_string()} aria-label={words}>
                <code aria-hidden="true">{ visible(*c).to_string() }</code>
                <span class="bar-track" aria-hidden="true">
                    <span class="bar" ~style={format!("width:{:.2}%", 100.0 * now)}></span>
                    if partial {
                        <span class="bar-before" ~style={format!("width:{:.2}%", 100.0 * whole)}></span>
                    }
                </span>
                <span class="bar-value" aria-hidden="true">{ percent(*now) }</span>
            </li>
        }
    };
    html! {
        <>
            <ol class="next-bars" data-next="bars">{ for distribution.rows.iter().take(BARS).map(bar) }</ol>
            <p class="muted">
                { format!("Entropy: {} nats.", format_number(distribution.entropy, 3)) }
                if partial { { " Outlines: the same with all heads on." } }
            </p>
        </>
    }
}
