//! The statistics of each head, and the loss of the model without it.

use super::heads::{head_name, layer_and_head, when};
use crate::charts::Table;
use crate::panel::PtrEq;
use crate::sections::transformer::heads::{HeadStats, Snapshot};
use crate::sections::transformer::{Ablation, Request};
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct HeadTableProps {
    pub(super) snapshot: PtrEq<Snapshot>,
    pub(super) ablations: PtrEq<Vec<Ablation>>,
    pub(super) head: usize,
    pub(super) on_head: Callback<usize>,
    pub(super) ask: Callback<Request>,
    pub(super) listens: bool,
    /// True if the snapshot has the current weights. Only these can be measured without a head.
    pub(super) latest: bool,
}

type Column = (&'static str, &'static str, fn(&HeadStats) -> f32);

/// The heading, the description and the value of each column.
const COLUMNS: &[Column] = &[
    ("mean attention distance", "mean distance in characters", |stats| stats.distance),
    ("entropy", "of a query's weights, in nats", |stats| stats.entropy),
    ("itself", "attention to the query itself", |stats| stats.itself),
    ("previous", "weight on the character before", |stats| stats.previous),
    ("first", "weight on the first character of the window", |stats| stats.first),
    ("same", "weight on earlier places of the same character", |stats| stats.same),
    ("line", "weight on the last line end", |stats| stats.newline),
    ("blank", "attention to the previous space", |stats| stats.space),
];

#[component]
pub(super) fn HeadTable(props: &HeadTableProps) -> Html {
    let snapshot = &props.snapshot.0;
    // The column to sort by, and true for descending order; `None` is the order of the layers.
    let sort = use_state_eq(|| None::<(usize, bool)>);
    let lost = |head: usize| {
        let off = [layer_and_head(snapshot, head)];
        let ablation = props.ablations.iter().find(|ablation| ablation.off == off)?;
        Some(ablation.loss - ablation.whole)
    };
    let value = |column: usize, head: usize| match COLUMNS.get(column) {
        Some((_, _, of)) => snapshot.stats.get(head).map(|stats| f64::from(of(stats))),
        None => lost(head),
    };
    let mut order: Vec<usize> = (0..snapshot.len()).collect();
    if let Some((column, down)) = *sort {
        order.sort_by(|&a, &b| {
            let (a, b) = (
                value(column, a).unwrap_or(f64::NEG_INFINITY),
                value(column, b).unwrap_or(f64::NEG_INFINITY),
            );
            if down { b.total_cmp(&a) } else { a.total_cmp(&b) }
        });
    }
    let heading = |column: usize, words: &'static str, title: &'static str| {
        let sort = sort.clone();
        let now = sort.filter(|(sorted, _)| *sorted == column);
        let aria = match now {
            Some((_, true)) => "descending",
            Some((_, false)) => "ascending",
            None => "none",
        };
        let onclick = move |_| sort.set(Some((column, !now.is_some_and(|(_, down)| down))));
        html! { <th scope="col" aria-sort={aria}><button type="button" {title} data-sort={words} {onclick}>{ words }{ if aria == "descending" { " ▾" } else if aria == "ascending" { " ▴" } else { "" } }</button></th> }
    };
    let row = |&head: &usize| {
        let (on_head, ask) = (props.on_head.clone(), props.ask.clone());
        let key = layer_and_head(snapshot, head);
        let off = Callback::from(move |_: MouseEvent| ask.emit(Request::Ablate(vec![key])));
        let name = head_name(snapshot, head);
        let description = snapshot.stats.get(head).map_or("", |stats| stats.description());
        html! {
            <tr key={head} data-head-row={head.to_string()} class={(head == props.head).then_some("chosen")}>
                <th scope="row"><button type="button" onclick={move |_| on_head.emit(head)}>{ name.clone() }</button></th>
                <td>{ description }</td>
                { for (0..COLUMNS.len()).map(|column| html! { <td>{ format_number(value(column, head).unwrap_or_default(), 2) }</td> }) }
                <td>
                    if let Some(lost) = lost(head) {
                        <span data-lost={lost.to_string()}>{ format!("{lost:+.4}") }</span>
                    } else {
                        <button type="button" data-action="switch-off" disabled={!props.listens || !props.latest} aria-label={format!("Switch {name} off and measure")} onclick={off}>{ "measure" }</button>
                    }
                </td>
            </tr>
        }
    };
    let look_for = html! { <>{ "Means over all queries of the window, weighted by attention; the words follow from the numbers by fixed rules. The last column is the validation loss without that head, minus the full model's loss: what the others cannot make up for." }</> };
    let table = {
        let snapshot = props.snapshot.clone();
        Callback::from(move |()| {
            let row = |(head, stats): (usize, &HeadStats)| {
                let numbers = COLUMNS.iter().map(|(_, _, of)| of(stats).to_string());
                [head_name(&snapshot.0, head), stats.description().to_owned()]
                    .into_iter()
                    .chain(numbers)
                    .collect()
            };
            let columns = ["head", "in words"].into_iter().chain(COLUMNS.iter().map(|(words, _, _)| *words));
            Table {
                columns: columns.map(str::to_owned).collect(),
                rows: snapshot.0.stats.iter().enumerate().map(row).collect(),
            }
        })
    };
    let each = props.ask.reform(|_: MouseEvent| Request::AblateEach);
    html! {
        <Figure name="heads" picture={false} title={format!("What each head attends to, {}", when(snapshot.step))} {look_for} {table}>
          <div class="head-table">
            <button type="button" data-action="switch-each" disabled={!props.listens || !props.latest} onclick={each}>{ "Switch each off in turn" }</button>
            <div class="scroll" tabindex="0" role="region" aria-label="Table of heads">
                <table>
                    <thead><tr><th scope="col">{ "head" }</th><th scope="col">{ "in words" }</th>
                        { for COLUMNS.iter().enumerate().map(|(i, (words, title, _))| heading(i, words, title)) }
                        { heading(COLUMNS.len(), "switched off", "validation loss without it, minus the loss with it, in nats") }
                    </tr></thead>
                    <tbody>{ for order.iter().map(row) }</tbody>
                </table>
            </div>
          </div>
        </Figure>
    }
}
