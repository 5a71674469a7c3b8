//! A sequence that repeats, and where the answer is for each token.

use super::live::Live;
use crate::charts::Table;
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

/// The maximum number of tokens in the picture.
const SHOWN: usize = 30;
/// A sequence with its period, for settings without one.
const EXAMPLE: (&str, usize) = ("QMBXAKCRWQMBXAKCRWQMB", 9);

#[derive(PartialEq, Properties)]
pub(super) struct SequenceProps {
    pub(super) live: Live,
    /// The period of the window if it repeats, or 0.
    pub(super) period: u32,
}

/// The sequence. Pointing at a token in the repeats marks its earlier occurrence and the token after it.
#[component]
pub(super) fn SequenceFigure(props: &SequenceProps) -> Html {
    let at = use_state_eq(|| None::<usize>);
    let shown = use_memo((props.live.window.clone(), props.period), |(window, period)| {
        if *period > 0 {
            (window.iter().copied().take(SHOWN).collect::<Vec<char>>(), *period as usize)
        } else {
            (EXAMPLE.0.chars().collect(), EXAMPLE.1)
        }
    });
    let (tokens, period) = &*shown;
    let period = *period;
    let query = at.unwrap_or(period + 3).min(tokens.len().saturating_sub(1));
    let answer = (query + 1).checked_sub(period).filter(|_| query >= period);
    let onpointermove = {
        let at = at.setter();
        Callback::from(move |event: PointerEvent| {
            let element = event.target_dyn_into::<web_sys::Element>();
            let index = element.and_then(|element| element.get_attribute("data-i"));
            if let Some(index) = index.and_then(|index| index.parse().ok()) {
                at.set(Some(index));
            }
        })
    };
    let token = |(i, c): (usize, &char)| {
        let class = classes!(
            (i < period).then_some("block-token"),
            (i == query).then_some("query"),
            (i + period == query).then_some("match"),
            (Some(i) == answer).then_some("answer"),
        );
        html! { <span {class} data-i={i.to_string()}>{ c.to_string() }</span> }
    };
    let name = |i: usize| tokens.get(i).copied().unwrap_or_default();
    let words = match answer {
        Some(answer) => format!(
            "The query {} has occurred before. An induction head attends to the token after it, {} (framed), and predicts {} again.",
            name(query),
            name(answer),
            name(answer)
        ),
        None => format!(
            "{} is in the first block. Nothing has been repeated yet, so the next token cannot be copied.",
            name(query)
        ),
    };
    let table = {
        let shown = shown.clone();
        Callback::from(move |()| table(&shown))
    };
    html! {
        <Figure name="sequence" picture={false} {table}>
            <pre class="linked-text sequence sequence-large" {onpointermove}>{ for tokens.iter().enumerate().map(token) }</pre>
            <p class="muted">{ words }</p>
        </Figure>
    }
}

fn table(shown: &Rc<(Vec<char>, usize)>) -> Table {
    let (tokens, period) = &**shown;
    let row = |(i, c): (usize, &char)| {
        let copied = (i + 1).checked_sub(*period).filter(|_| i >= *period);
        let copied = copied.map_or_else(String::new, |answer| answer.to_string());
        vec![i.to_string(), c.to_string(), copied]
    };
    Table {
        columns: ["position", "token", "position to copy from"].map(str::to_owned).to_vec(),
        rows: tokens.iter().enumerate().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_follows_the_earlier_occurrence() {
        let tokens: Vec<char> = EXAMPLE.0.chars().collect();
        let rows = table(&Rc::new((tokens.clone(), EXAMPLE.1))).rows;
        for (i, row) in rows.iter().enumerate().take(tokens.len() - 1) {
            match row[2].parse::<usize>() {
                Ok(answer) => assert_eq!(tokens[answer], tokens[i + 1], "{row:?}"),
                Err(_) => assert!(i < EXAMPLE.1),
            }
        }
    }
}
