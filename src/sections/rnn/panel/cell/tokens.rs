//! The tokens of the sequence around a position.

use crate::sections::rnn::Trace;
use crate::sections::rnn::panel::names::Names;
use yew::prelude::*;

/// The number of tokens on each side of the position.
const AROUND: usize = 7;

/// Buttons for the tokens around a position, the first and the last. A click moves to the token.
pub(super) fn tokens(names: &Names, trace: Option<&Trace>, t: usize, move_to: &Callback<usize>) -> Html {
    let tokens = trace.map_or(&[][..], |trace| &trace.tokens);
    let last = tokens.len().saturating_sub(1);
    let token = |at: usize| {
        let name = tokens.get(at).map_or(' ', |token| names.token(*token));
        let role = match at {
            0 => "first",
            at if at == last => "last",
            _ => "noise",
        };
        let words = match role {
            _ if names.are_lines() => format!("Position {at}: {name}"),
            "first" => format!("Position 0: {name}, the token to recall"),
            "last" => format!("Position {at}: {name}, after which the answer is read"),
            _ => format!("Position {at}: {name}, noise"),
        };
        let onclick = {
            let move_to = move_to.clone();
            Callback::from(move |_: MouseEvent| move_to.emit(at))
        };
        html! {
            <button type="button" class="token" data-position={at.to_string()} data-role={role} aria-label={words.clone()} title={words}
                aria-current={(at == t).then_some("true")} {onclick}>{ name }</button>
        }
    };
    let shown = window(t, tokens.len());
    let (from, to) = (*shown.start(), *shown.end());
    let gap = |count: usize| {
        html! { if count > 0 { <span class="token-gap" title={format!("{count} more tokens")}>{ format!("… {count} …") }</span> } }
    };
    if tokens.is_empty() {
        return html! { <div class="cell-tokens"></div> };
    }
    html! {
        <div class="cell-tokens" role="group" aria-label="Tokens of the sequence">
            if from > 0 {
                { token(0) }
                { gap(from - 1) }
            }
            { for shown.map(token) }
            if to < last {
                { gap(last - to - 1) }
                { token(last) }
            }
            <span class="token-end">{ if names.are_lines() { "→ name the label" } else { "→ recall the first" } }</span>
        </div>
    }
}

/// Returns the positions shown around `t`. There are fewer only if the sequence is shorter.
fn window(t: usize, count: usize) -> std::ops::RangeInclusive<usize> {
    let last = count.saturating_sub(1);
    let from = t.saturating_sub(AROUND).min(last.saturating_sub(2 * AROUND));
    from..=(from + 2 * AROUND).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_shown_tokens_is_constant() {
        for (t, count, from, to) in
            [(0, 200, 0, 14), (5, 200, 0, 14), (100, 200, 93, 107), (199, 200, 185, 199), (3, 10, 0, 9)]
        {
            assert_eq!(window(t, count), from..=to, "{t} of {count}");
        }
    }
}
