//! One projection for queries and keys against two, and the shapes of self-attention and cross-attention.

use super::figures::{WAITING, numbers, square};
use super::text;
use crate::charts::{ColorMap, Heatmap, Table};
use crate::sections::attention::{Config, Roles};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct RolesProps {
    pub(super) config: Config,
    pub(super) roles: Option<Rc<Roles>>,
}

/// The maps of a random layer with one projection for queries and keys, and with two.
#[component]
pub(super) fn RolesStage(props: &RolesProps) -> Html {
    let none = Rc::default();
    let roles = props.roles.as_ref().unwrap_or(&none);
    html! {
        <div class="figure-row">
            { map(props, roles, 0, "roles-shared", text::shared_caption(roles)) }
            { map(props, roles, 1, "roles-separate", text::separate_caption(roles)) }
        </div>
    }
}

fn map(props: &RolesProps, roles: &Roles, which: usize, name: &'static str, look_for: Html) -> Html {
    let n = roles.n as usize;
    let values = |of: &[Rc<Vec<f32>>; 2]| of.get(which).cloned().unwrap_or_default();
    let (weights, scores) = (values(&roles.weights), values(&roles.scores));
    let also = vec![(AttrValue::from("score"), square(n, &scores))];
    let table = {
        let (weights, scores) = (weights.clone(), scores.clone());
        Callback::from(move |()| cells(n, &weights, &scores))
    };
    let names = numbers(props.config.n_tokens as usize);
    html! {
        <Figure {name} {look_for} {table}>
            <Heatmap {name} grid={square(n, &weights)} map={ColorMap::Sequential} range={Some((0.0, 1.0))} x_label="key: token" y_label="query: token"
                value_label="weight" {also} row_names={names.clone()} col_names={names} max_height={270.0} empty={WAITING} />
        </Figure>
    }
}

/// Returns the score and the weight of each cell.
fn cells(n: usize, weights: &[f32], scores: &[f32]) -> Table {
    let columns = ["query", "key", "score", "weight"].map(str::to_owned).to_vec();
    let row = |(at, (weight, score)): (usize, (&f32, &f32))| {
        let n = n.max(1);
        vec![(at / n + 1).to_string(), (at % n + 1).to_string(), score.to_string(), weight.to_string()]
    };
    Table { columns, rows: weights.iter().zip(scores).enumerate().map(row).collect() }
}

/// The sources of queries, keys and values, with their shapes.
const SOURCES: [(&str, &str, &str, &str); 4] = [
    ("Queries", "X W^Q: [n, d_k]", "X W^Q: [n, d_k]", "the sequence that asks"),
    ("Keys", "X W^K: [n, d_k]", "Y W^K: [m, d_k]", "the sequence that is searched"),
    ("Values", "X W^V: [n, d_v]", "Y W^V: [m, d_v]", "the same sequence as the keys"),
    ("Weights", "[n, n]", "[n, m]", "one row per query, one column per key"),
];

/// The two kinds of attention side by side: boxes whose sides are the lengths of the sequences.
#[component]
pub(super) fn CrossFigure() -> Html {
    let table = Callback::from(|()| Table {
        columns: ["quantity", "self-attention", "cross-attention", "comes from"].map(str::to_owned).to_vec(),
        rows: SOURCES
            .iter()
            .map(|(name, own, cross, from)| [*name, *own, *cross, *from].map(str::to_owned).to_vec())
            .collect(),
    });
    let look_for = html! { "In self-attention, one sequence X provides queries, keys and values. In cross-attention, X asks and another sequence Y answers: a translator’s output attends to its input. The weights are then n by m, and the output still has one row per query." };
    html! {
        <Figure name="cross-attention" picture={false} {look_for} {table}>
            <div class="cross-figures">
                { drawing("Self-attention", "X", 60.0, 60.0, "n") }
                { drawing("Cross-attention", "Y", 60.0, 100.0, "m") }
            </div>
        </Figure>
    }
}

/// Returns queries and keys at the sides of the map of weights, and values above it.
fn drawing(title: &'static str, source: &'static str, n: f64, m: f64, columns: &'static str) -> Html {
    let (left, top) = (120.0, 74.0);
    let block = |x: f64, y: f64, width: f64, height: f64, class: &'static str| {
        html! { <rect {class} x={x.to_string()} y={y.to_string()} width={width.to_string()} height={height.to_string()} rx="2" /> }
    };
    let text = |x: f64, y: f64, anchor: &'static str, words: String| {
        html! { <text x={x.to_string()} y={y.to_string()} text-anchor={anchor}>{ words }</text> }
    };
    html! {
        <svg class="cross-drawing" viewBox="0 0 340 170" role="img" aria-label={format!("{title}: queries from X, keys and values from {source}, weights n by {columns}")}>
            { text(0.0, 14.0, "start", title.to_owned()) }
            { block(left - 34.0, top, 24.0, n, "cross-query") }
            { text(left - 40.0, top + n / 2.0 + 4.0, "end", "Q from X".to_owned()) }
            { block(left, top - 34.0, m, 24.0, "cross-key") }
            { text(left + m + 8.0, top - 18.0, "start", format!("K and V from {source}")) }
            { block(left, top, m, n, "cross-weights") }
            { text(left + m / 2.0, top + n / 2.0 + 4.0, "middle", format!("n × {columns}")) }
            { text(left + m + 8.0, top + n / 2.0 + 4.0, "start", "→ output: n rows".to_owned()) }
        </svg>
    }
}
