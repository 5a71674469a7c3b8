//! The stages of one query as three tables: compare, weigh, average.

use super::state::{Action, Cell, QueryState};
use super::{Names, Window};
use crate::charts::scale::format_number;
use crate::sections::attention::{Example, Stages};
use yew::prelude::*;

/// Everything that is drawn.
pub(super) struct View<'a> {
    pub(super) example: &'a Example,
    pub(super) stages: &'a Stages,
    pub(super) state: &'a QueryState,
    pub(super) window: &'a Window,
    pub(super) names: &'a Names,
}

impl View<'_> {
    /// The input for a number.
    fn field(&self, cell: Cell, about: &str) -> Html {
        let Some(number) = cell.of(self.example) else { return Html::default() };
        let wrong = self.state.is_wrong(cell);
        html! {
            <td>
                <input type="text" inputmode="decimal" class="query-number" autocomplete="off" spellcheck="false" data-cell={cell.slug()}
                    data-value={number.to_string()} value={self.state.text(cell, number)} aria-label={about.to_owned()}
                    aria-invalid={wrong.then_some("true")} title={number.to_string()} />
            </td>
        }
    }

    fn key_name(&self, key: usize) -> String {
        self.names.keys.get(key).cloned().unwrap_or_default()
    }

    /// The header of a key's row.
    fn key_head(&self, key: usize) -> Html {
        let asked = self.names.asked.contains(&key);
        html! {
            <th scope="row" data-asked={asked.then_some("")} title={asked.then_some("The token that the query asks about")}>
                { self.key_name(key) }if asked { <span aria-hidden="true">{ " ◂" }</span><span class="visually-hidden">{ " (asked about)" }</span> }
            </th>
        }
    }

    /// Returns the number of keys without a row.
    fn others(&self) -> usize {
        self.example.keys.len().saturating_sub(self.window.keys.len())
    }

    fn is_other(&self, key: usize) -> bool {
        !self.window.keys.contains(&key)
    }
}

fn at(values: &[f64], index: usize) -> f64 {
    values.get(index).copied().unwrap_or_default()
}

/// A number above a bar. `share` is from -1 to 1; a signed bar starts in the middle.
fn bar(value: f64, share: f64, signed: bool, name: &'static str, key: usize, off: bool) -> Html {
    let share = if share.is_finite() { share.clamp(-1.0, 1.0) } else { 0.0 };
    let style = match signed {
        true => format!("left:{:.2}%;width:{:.2}%", 50.0 + 50.0 * share.min(0.0), 50.0 * share.abs()),
        false => format!("left:0;width:{:.2}%", 100.0 * share.max(0.0)),
    };
    html! {
        <td class="query-bar" data-off={off.then_some("")} data-signed={signed.then_some("")}>
            <span data-stage={name} data-key={key.to_string()} data-value={value.to_string()}>{ format_number(value, 3) }</span>
            <i><b ~style={style}></b></i>
        </td>
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0f64, |max, value| max.max(value.abs())).max(1e-12)
}

/// Stage 1: the query, the keys, and their products.
pub(super) fn compare(view: &View) -> Html {
    let Window { dims, keys, .. } = view.window;
    let rest_dims = view.example.q.len().saturating_sub(dims.len());
    let max = largest(&view.stages.products);
    let rest = |key: usize| {
        let shown: f64 = dims
            .iter()
            .map(|&dim| {
                let k = view.example.keys.get(key).map_or(0.0, |key| at(key, dim));
                at(&view.example.q, dim) * k
            })
            .sum();
        at(&view.stages.products, key) - shown
    };
    let row = |&key: &usize| {
        html! {
            <tr key={key}>
                { view.key_head(key) }
                { for dims.iter().map(|&dim| view.field(Cell::Key(key, dim), &format!("{}, dimension {}", view.key_name(key), dim + 1))) }
                if rest_dims > 0 {
                    <td class="query-rest" data-stage="rest" data-key={key.to_string()} data-value={rest(key).to_string()}>{ format_number(rest(key), 2) }</td>
                }
                { bar(at(&view.stages.products, key), at(&view.stages.products, key) / max, true, "product", key, false) }
            </tr>
        }
    };
    html! {
        <div class="query-block" role="region" tabindex="0" aria-label="Compare: the query and every key">
            <table>
                <caption><strong>{ "1 Compare." }</strong>{ " Multiply and add up." }</caption>
                <thead>
                    <tr>
                        <th scope="col"><span class="visually-hidden">{ "token" }</span></th>
                        { for dims.iter().map(|dim| html! { <th scope="col">{ dim + 1 }</th> }) }
                        if rest_dims > 0 { <th scope="col" title={format!("What the other {rest_dims} dimensions add to q · k")}>{ format!("+{rest_dims} more") }</th> }
                        <th scope="col">{ "q · k" }</th>
                    </tr>
                </thead>
                <tbody>
                    <tr class="query-row">
                        <th scope="row">{ view.names.query.clone() }</th>
                        { for dims.iter().map(|&dim| view.field(Cell::Query(dim), &format!("query, dimension {}", dim + 1))) }
                        if rest_dims > 0 { <td></td> }
                        <td></td>
                    </tr>
                    { for keys.iter().map(row) }
                </tbody>
            </table>
            if rest_dims > 0 {
                <p class="query-note">{ format!("{} of {} dimensions have fields: those in which the products differ most from key to key. The column beside them has the sum of the other {rest_dims} products.", dims.len(), view.example.q.len()) }</p>
            }
        </div>
    }
}

/// Stage 2: scale, mask and softmax.
pub(super) fn weigh(view: &View, dispatch: &UseReducerDispatcher<QueryState>) -> Html {
    let Window { keys, .. } = view.window;
    let max = largest(&view.stages.scores);
    let scaled = view.state.switches.scaled;
    let row = |&key: &usize| {
        let hidden = view.stages.hidden.get(key).copied().unwrap_or_default();
        let by_hand = view.state.switches.hidden.get(key).copied().unwrap_or_default();
        // Keys that the causal mask hides cannot be shown one by one.
        let causal = hidden && !by_hand;
        let onchange = {
            let dispatch = dispatch.clone();
            Callback::from(move |_: Event| dispatch.dispatch(Action::Hide(key)))
        };
        html! {
            <tr key={key}>
                { view.key_head(key) }
                { bar(at(&view.stages.scores, key), at(&view.stages.scores, key) / max, true, "score", key, hidden) }
                <td class="query-mask">
                    <input type="checkbox" data-mask={key.to_string()} checked={hidden} disabled={causal} {onchange} aria-label={format!("mask {}", view.key_name(key))} />
                </td>
                { bar(at(&view.stages.weights, key), at(&view.stages.weights, key), false, "weight", key, hidden) }
            </tr>
        }
    };
    let others = view.others();
    let of_others: f64 = (0..view.example.keys.len())
        .filter(|key| view.is_other(*key))
        .map(|key| at(&view.stages.weights, key))
        .sum();
    html! {
        <div class="query-block" role="region" tabindex="0" aria-label="Weigh: scores, mask and softmax">
            <table>
                <caption><strong>{ "2 Weigh." }</strong>{ if scaled { " Divide by √d_k, mask, softmax." } else { " No division; mask, softmax." } }</caption>
                <thead><tr>
                    <th scope="col">{ "key" }</th>
                    <th scope="col">{ if scaled { "q · k / √d_k" } else { "q · k" } }</th>
                    <th scope="col">{ "mask" }</th>
                    <th scope="col">{ "weight" }</th>
                </tr></thead>
                <tbody>
                    { for keys.iter().map(row) }
                    if others > 0 {
                        <tr><th scope="row">{ format!("{others} others") }</th><td></td><td></td>
                            <td class="query-bar"><span data-stage="weight" data-key="others" data-value={of_others.to_string()}>{ format_number(of_others, 3) }</span></td></tr>
                    }
                </tbody>
            </table>
        </div>
    }
}

/// Stage 3: the weighted mean of the values.
pub(super) fn average(view: &View) -> Html {
    let Window { keys, value_dims, .. } = view.window;
    let width = view.stages.output.len();
    let weighted = |key: usize, dim: usize| {
        let value = view.example.values.get(key).map_or(0.0, |value| at(value, dim));
        at(&view.stages.weights, key) * value
    };
    let row = |&key: &usize| {
        let products = value_dims.iter().map(|&dim| {
            html! { <td class="query-product">{ format_number(weighted(key, dim), 2) }</td> }
        });
        html! {
            <tr key={key}>
                { view.key_head(key) }
                { for value_dims.iter().map(|&dim| view.field(Cell::Value(key, dim), &format!("value of {}, dimension {}", view.key_name(key), dim + 1))) }
                { for products }
            </tr>
        }
    };
    let others = view.others();
    let of_others = |dim: usize| {
        (0..view.example.keys.len())
            .filter(|key| view.is_other(*key))
            .map(|key| weighted(key, dim))
            .sum::<f64>()
    };
    let span = value_dims.len().to_string();
    html! {
        <div class="query-block" role="region" tabindex="0" aria-label="Average: the values by their weights">
            <table>
                <caption><strong>{ "3 Average." }</strong>{ " Values by weights." }
                    if width > value_dims.len() { { format!(" {} of {width} dimensions.", value_dims.len()) } }</caption>
                <thead><tr>
                    <th scope="col"><span class="visually-hidden">{ "key" }</span></th>
                    { for value_dims.iter().map(|dim| html! { <th scope="col">{ format!("v {}", dim + 1) }</th> }) }
                    { for value_dims.iter().map(|dim| html! { <th scope="col">{ format!("w v {}", dim + 1) }</th> }) }
                </tr></thead>
                <tbody>
                    { for keys.iter().map(row) }
                    if others > 0 {
                        <tr><th scope="row">{ format!("{others} others") }</th><td colspan={span.clone()}></td>
                            { for value_dims.iter().map(|&dim| html! { <td class="query-product">{ format_number(of_others(dim), 2) }</td> }) }</tr>
                    }
                    <tr class="query-output">
                        <th scope="row" colspan={(value_dims.len() + 1).to_string()}>{ "output" }</th>
                        { for value_dims.iter().map(|&dim| html! {
                            <td data-stage="output" data-dim={dim.to_string()} data-value={at(&view.stages.output, dim).to_string()}>{ format_number(at(&view.stages.output, dim), 3) }</td>
                        }) }
                    </tr>
                </tbody>
            </table>
        </div>
    }
}

/// The entropy of the weights, or the reason why there is none.
pub(super) fn summary(view: &View) -> Html {
    let seen = view.stages.hidden.iter().filter(|hidden| !**hidden).count();
    let Some(entropy) = view.stages.entropy else {
        return html! {
            <p class="query-summary" data-summary="masked">{ "Every key is masked, so there is nothing to average: all weights and the output are 0. (A softmax of nothing would be 0/0.)" }</p>
        };
    };
    let uniform = (seen as f64).ln();
    let heaviest = (0..view.stages.weights.len())
        .max_by(|a, b| at(&view.stages.weights, *a).total_cmp(&at(&view.stages.weights, *b)));
    let largest = heaviest.map(|key| {
        format!(
            " Largest weight: {}, on {}.",
            format_number(at(&view.stages.weights, key), 3),
            view.key_name(key)
        )
    });
    html! {
        <p class="query-summary" data-summary="entropy">
            { "Entropy: " }<output aria-live="off" data-stage="entropy" data-value={entropy.to_string()}>{ format_number(entropy, 3) }</output>
            { format!(" nats; uniform on {seen} {}: ln {seen} = {}.", if seen == 1 { "key" } else { "keys" }, format_number(uniform, 3)) }{ largest.unwrap_or_default() }
        </p>
    }
}
