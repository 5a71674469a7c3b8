//! The characters of the training text, and its two parts.

use super::chars::{spoken, visible};
use crate::charts::{Bar, BarChart, ScaleKind, Table};
use crate::panel::PtrEq;
use crate::sections::transformer::TextInfo;
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use std::cmp::Reverse;
use yew::prelude::*;

/// Characters that occur less often are marked.
const RARE: u32 = 10;
/// The character that replaces those outside the vocabulary.
const FOLDED: char = '\u{fffd}';

#[derive(PartialEq, Properties)]
pub(super) struct VocabularyProps {
    pub(super) info: Option<PtrEq<TextInfo>>,
}

/// The characters with their numbers, from the most frequent to the rarest.
fn ordered(info: &TextInfo) -> Vec<(char, u32)> {
    let mut counts: Vec<(char, u32)> =
        info.vocabulary.iter().copied().zip(info.counts.iter().copied()).collect();
    counts.sort_by_key(|(c, n)| (Reverse(*n), *c));
    counts
}

/// The number of times that each character occurs, and the split of the text.
#[component]
pub(super) fn VocabularyFigure(props: &VocabularyProps) -> Html {
    let info = props.info.clone();
    let counts = use_memo(info.clone(), |info| info.as_ref().map(|info| ordered(info)).unwrap_or_default());
    let bars = use_memo(counts.clone(), |counts| {
        let bar = |(c, n): &(char, u32)| {
            let n_times = f64::from(*n);
            let values =
                if *n < RARE || *c == FOLDED { vec![f64::NAN, n_times] } else { vec![n_times, f64::NAN] };
            Bar { label: visible(*c).to_string().into(), values }
        };
        counts.iter().map(bar).collect::<Vec<_>>()
    });
    let repeats = info.as_ref().is_some_and(|info| info.order_unknown.is_some());
    let title = match info.as_ref().filter(|_| !repeats) {
        Some(info) => format!("{}: {} different characters", info.name, info.vocabulary.len()),
        None => "The characters of the text".to_owned(),
    };
    let table = {
        let counts = counts.clone();
        Callback::from(move |()| Table {
            columns: ["character", "occurrences"].map(str::to_owned).to_vec(),
            rows: counts.iter().map(|(c, n)| vec![spoken(*c), n.to_string()]).collect(),
        })
    };
    let empty = if repeats {
        "Random sequences have no text. Choose a text as the task."
    } else {
        "Reading the text…"
    };
    let look_for = html! { "Each bar is a character, from the most frequent to the rarest, on a logarithmic axis. The second color marks characters that the model hardly sees." };
    let groups =
        vec![AttrValue::from("characters"), AttrValue::from("fewer than 10 times, or replaced by �")];
    html! {
        <Figure name="vocabulary" {title} {look_for} {table}>
            <BarChart name="Characters of the text" x_label="character" y_label="occurrences" y_scale={ScaleKind::Log} {groups} {bars} {empty} />
            { info.as_ref().filter(|_| !repeats).map(|info| split(info)) }
        </Figure>
    }
}

/// The two parts of the text, as a bar in proportion.
fn split(info: &TextInfo) -> Html {
    let number = |n: u32| format_number(f64::from(n), 9);
    let (train, validation) = (number(info.train), number(info.validation));
    html! {
        <div class="text-split" data-train={info.train.to_string()} data-validation={info.validation.to_string()}>
            <div class="split-bar" aria-hidden="true">
                <span ~style={format!("flex:{}", info.train)} />
                <span ~style={format!("flex:{}", info.validation)} />
            </div>
            <p>{ format!("{train} characters to train on, and the last {validation} for validation.") }</p>
            { for info.remarks().into_iter().map(|remark| html! { <p data-remark="">{ remark }</p> }) }
        </div>
    }
}

/// Returns the first lines of the text.
pub(super) fn first_lines(info: Option<PtrEq<TextInfo>>) -> Html {
    let Some(PtrEq(info)) = info else { return Html::default() };
    html! {
        <>
            <h2>{ "The start of the text" }</h2>
            <pre class="first-lines" tabindex="0" role="region" aria-label="The start of the text">{ info.first_lines.clone() }</pre>
        </>
    }
}
