//! The costs of both networks side by side, and tables in place of charts.

use super::PtrEq;
use crate::charts::{Table, scale::format_exact};
use crate::sections::cnn::{CONV, Cost, NetRecord, Record, SEPARABLE};
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct NetTableProps {
    pub(super) record: PtrEq<Record>,
}

/// The costs of both networks and the times of their steps.
#[component]
pub(super) fn NetTable(props: &NetTableProps) -> Html {
    let record = props.record.clone();
    // Numbers without separators of thousands are easier to use elsewhere.
    let table = Callback::from(move |()| compare(&record.0, |value, _| format_exact(value)));
    let look_for = html! {
        <>{ "Compare the reductions of MACs and of time. If only multiply-accumulates took time, the two would be equal. The separable CNN also reads and writes more feature maps, and starts nine convolutions instead of five." }</>
    };
    html! {
        <Figure name="cost" picture={false} {look_for} {table}>
            { table_picture(&compare(&props.record.0, format_number), "Work and time of both networks") }
        </Figure>
    }
}

fn compare(record: &Record, write: fn(f64, usize) -> String) -> Table {
    let number =
        |value: Option<f64>, digits: usize| value.map_or_else(|| "–".to_owned(), |v| write(v, digits));
    let row = |name: &str, of: &dyn Fn(usize, &NetRecord) -> Option<f64>, digits: usize, ratio: bool| {
        let [conv, separable] = [of(0, &record.arms[CONV]), of(1, &record.arms[SEPARABLE])];
        let factor = conv.zip(separable).filter(|_| ratio).map(|(a, b)| a / b.max(1e-12));
        let factor =
            factor.map_or_else(|| if ratio { "–" } else { "" }.to_owned(), |factor| format!("{factor:.2} ×"));
        vec![name.to_owned(), number(conv, digits), number(separable, digits), factor]
    };
    let cost = |value: fn(&Cost) -> u64| {
        move |index: usize, _: &NetRecord| Some(value(record.nets.as_ref()?.get(index)?) as f64)
    };
    let seconds = |_: usize, net: &NetRecord| {
        let steps = Some(f64::from(record.steps_per_epoch())).filter(|steps| *steps > 0.0)?;
        Some(net.ms_per_step()? * steps / 1000.0)
    };
    Table {
        columns: ["quantity", "standard", "separable", "reduction"].map(str::to_owned).to_vec(),
        rows: vec![
            row("parameters", &cost(|cost| cost.params), 9, true),
            row("MACs for one image", &cost(|cost| cost.multiply_adds), 9, true),
            row("time per step (ms)", &|_, net| net.ms_per_step(), 3, true),
            row("time per epoch (s)", &seconds, 3, true),
            row("test accuracy", &|_, net| net.accuracies.last_y(), 3, false),
        ],
    }
}

/// A short table in place of a chart.
pub(super) fn table_picture(table: &Table, name: &'static str) -> Html {
    let cells = |cells: &Vec<String>| {
        let cells = cells.iter().enumerate().map(|(index, cell)| match index {
            0 => html! { <th scope="row">{ cell.clone() }</th> },
            _ => html! { <td>{ cell.clone() }</td> },
        });
        html! { <tr>{ for cells }</tr> }
    };
    let head = |name: &String| html! { <th scope="col">{ name.clone() }</th> };
    html! {
        // It scrolls on a phone, so the keyboard must be able to reach it.
        <div class="cnn-table" role="region" tabindex="0" aria-label={name}>
            <table>
                <thead><tr>{ for table.columns.iter().map(head) }</tr></thead>
                <tbody>{ for table.rows.iter().map(cells) }</tbody>
            </table>
        </div>
    }
}
