//! The results of a sweep: one line per network over one setting, one map per network over two, and a table
//! of all runs.

use crate::charts::{ColorMap, Grid, Heatmap, LineChart, ScaleKind, Series, Table};
use crate::client::RunResult;
use crate::core::metric::Spread;
use crate::core::schema::Values;
use crate::core::sweep::seed;
use crate::panel::PtrEq;
use crate::panel::sweep::plan::{Plan, Quantity};
use crate::ui::export::download;
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use serde_json::{Map, Value, json};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties)]
pub(super) struct ResultProps {
    pub(super) plan: PtrEq<Plan>,
    pub(super) results: PtrEq<Vec<RunResult>>,
    /// Gives the settings of a run to the panel.
    pub(super) open: Callback<Values>,
}

impl PartialEq for ResultProps {
    fn eq(&self, other: &Self) -> bool {
        self.plan == other.plan && self.results.0.len() == other.results.0.len() && self.open == other.open
    }
}

/// The chart or the maps, and the table of runs.
#[component]
pub(super) fn SweepResult(props: &ResultProps) -> Html {
    let (plan, results) = (&props.plan.0, &props.results.0);
    let quantities = plan.quantities();
    let table = Rc::new(table(plan, results, &quantities));
    let errors = results.iter().filter(|result| !result.errors.is_empty()).count();
    let save = {
        let text = file(plan, results, &quantities);
        Callback::from(move |_: MouseEvent| {
            // A browser that blocks downloads saves nothing.
            let _ = download("nn-lab-sweep.json", "application/json", &text);
        })
    };
    let pick = {
        let (plan, results, open) = (props.plan.clone(), props.results.clone(), props.open.clone());
        let names: Vec<String> = quantities.iter().map(|quantity| quantity.name.clone()).collect();
        Callback::from(move |(quantity, at): (usize, Vec<usize>)| {
            let run = names.get(quantity).and_then(|name| plan.0.median_run(&results.0, name, &at));
            run.into_iter().for_each(|config| open.emit(config.clone()));
        })
    };
    let (point, body) = if plan.axes.len() > 1 {
        ("cell", maps(plan, results, &quantities, &pick))
    } else {
        ("point", chart(plan, results, &quantities, &pick))
    };
    let look_for = format!(
        "Each {point} is the median of its seeds{}. Click one to open its run, the one nearest to the median: the panel takes its settings and seed.",
        if plan.axes.len() > 1 { "" } else { ", and the band reaches from the minimum to the maximum" }
    );
    let on_table = {
        let table = table.clone();
        Callback::from(move |()| (*table).clone())
    };
    html! {
        <>
            <Figure name="sweep" title={format!("{} over {}", plan.label(), plan.axes.iter().map(|axis| axis.param.label).collect::<Vec<_>>().join(" and "))}
                provenance={AttrValue::from(format!("nn-lab {} · {} · sweep: {}", env!("CARGO_PKG_VERSION"), plan.experiment.slug, plan.key()))} table={on_table}
                look_for={html! { look_for }}>
                { body }
            </Figure>
            if errors > 0 {
                <p class="notice" data-kind="warn">{ format!("{errors} of the runs have networks that failed; the table says why.") }</p>
            }
            <details class="sweep-runs">
                <summary>{ "Every run" }</summary>
                <button type="button" data-action="sweep-json" onclick={save}>{ "JSON file" }</button>
                { runs(plan, &table, results, &props.open) }
            </details>
        </>
    }
}

/// Opens the run that represents a point: the index of its quantity, and the index of its value on each axis.
type Pick = Callback<(usize, Vec<usize>)>;

fn chart(plan: &Plan, results: &[RunResult], quantities: &[Quantity], pick: &Pick) -> Html {
    let Some(axis) = plan.axes.first() else { return Html::default() };
    let line = |quantity: &Quantity| {
        let mut spreads: Vec<(f64, Spread)> = (0..axis.values.len())
            .filter_map(|index| Some((axis.x(index), plan.spread(results, &quantity.name, &[index])?)))
            .collect();
        spreads.sort_by(|a, b| a.0.total_cmp(&b.0));
        let points = spreads.iter().map(|(x, spread)| (*x, spread.median)).collect();
        let mut series = Series::new(quantity.legend.clone(), Rc::new(points), quantity.color);
        if spreads.iter().any(|(_, spread)| spread.n > 1) {
            series.band = Some(Rc::new(spreads.iter().map(|(x, s)| (*x, s.low, s.high)).collect()));
        }
        series
    };
    let series: Vec<Series> = quantities.iter().map(line).collect();
    let xs: Vec<f64> = (0..axis.values.len()).map(|index| axis.x(index)).collect();
    let (min, max) = xs.iter().fold((f64::INFINITY, 0.0f64), |(low, high), x| (low.min(*x), high.max(*x)));
    let x_scale = if min > 0.0 && max / min > 20.0 { ScaleKind::Log } else { ScaleKind::Linear };
    let label = if axis.is_numeric() {
        axis.param.label.to_owned()
    } else {
        let names = axis.values.iter().zip(1..).map(|(value, number)| format!("{number} {value}"));
        format!("{}: {}", axis.param.label, names.collect::<Vec<_>>().join(", "))
    };
    let on_pick =
        pick.reform(move |(x, series)| (series, xs.iter().position(|at| *at == x).into_iter().collect()));
    html! {
        <LineChart name="sweep" x_label={label} y_label={plan.label()} {series} {x_scale} markers={true} {on_pick} pick_label="opens the run"
            empty="The first point appears when its run has ended." />
    }
}

fn maps(plan: &Plan, results: &[RunResult], quantities: &[Quantity], pick: &Pick) -> Html {
    let [rows, cols] = &*plan.axes else { return Html::default() };
    let names = |values: &[String]| {
        Rc::new(values.iter().map(|value| AttrValue::from(value.clone())).collect::<Vec<_>>())
    };
    let map = |(index, quantity): (usize, &Quantity)| {
        let cell = |row, col| {
            plan.spread(results, &quantity.name, &[row, col]).map_or(f32::NAN, |s| s.median as f32)
        };
        let on_pick = pick.reform(move |(row, col)| (index, vec![row, col]));
        let values = (0..rows.values.len()).flat_map(|row| (0..cols.values.len()).map(move |col| (row, col)));
        let values: Vec<f32> = values.map(|(row, col)| cell(row, col)).collect();
        let grid = Grid { rows: rows.values.len(), cols: cols.values.len(), values: Rc::new(values) };
        html! {
            <div class="sweep-map">
                <h3>{ quantity.legend.clone() }</h3>
                <Heatmap name={format!("sweep-{}", quantity.name)} {grid} map={ColorMap::Sequential} x_label={cols.param.label} y_label={rows.param.label}
                    row_names={names(&rows.values)} col_names={names(&cols.values)} value_label={plan.label()} {on_pick} pick_label="opens the run" empty="The first cell appears when its run has ended." />
            </div>
        }
    };
    html! { <div class="figure-row">{ for quantities.iter().enumerate().map(map) }</div> }
}

/// Returns the table, with one row per run.
fn table(plan: &Plan, results: &[RunResult], quantities: &[Quantity]) -> Table {
    let mut columns: Vec<String> = plan.axes.iter().map(|axis| axis.param.key.to_owned()).collect();
    columns.push("seed".to_owned());
    columns.extend(quantities.iter().map(|quantity| quantity.name.clone()));
    columns.extend(["seconds".to_owned(), "error".to_owned()]);
    let mut ordered: Vec<&RunResult> = results.iter().collect();
    ordered.sort_by_key(|result| result.run);
    let row = |result: &RunResult| {
        let point = plan.points.get(result.run)?;
        let values = plan.axes.iter().zip(&point.at).filter_map(|(axis, at)| axis.values.get(*at).cloned());
        let mut row: Vec<String> = values.collect();
        row.push(seed(&point.config).to_string());
        row.extend(quantities.iter().map(|quantity| {
            plan.value(result, &quantity.name).map_or_else(String::new, |value| value.to_string())
        }));
        row.extend([format!("{:.2}", result.seconds), result.errors.join(" ")]);
        Some(row)
    };
    Table { columns, rows: ordered.into_iter().filter_map(row).collect() }
}

/// Returns all runs, each with a button that opens it in the panel.
fn runs(plan: &Plan, table: &Table, results: &[RunResult], open: &Callback<Values>) -> Html {
    let mut ordered: Vec<&RunResult> = results.iter().collect();
    ordered.sort_by_key(|result| result.run);
    let row = |(cells, result): (&Vec<String>, &RunResult)| {
        let config = plan.points.get(result.run).map(|point| point.config.clone())?;
        let open = open.clone();
        let shown = |cell: &String| match cell.parse::<f64>() {
            Ok(number) if cell.contains('.') => format_number(number, 4),
            _ => cell.clone(),
        };
        Some(html! {
            <tr>
                { for cells.iter().map(|cell| html! { <td>{ shown(cell) }</td> }) }
                <td><button type="button" data-action="open-run" onclick={move |_: MouseEvent| open.emit(config.clone())}
                    title="Sets the panel to this run's settings and seed">{ "Open" }</button></td>
            </tr>
        })
    };
    html! {
        <div class="twin-scroll" role="region" tabindex="0" aria-label="Every run of the sweep">
            <table data-table="sweep-runs">
                <thead><tr>
                    { for table.columns.iter().map(|name| html! { <th scope="col">{ name.clone() }</th> }) }
                    <th scope="col"><span class="visually-hidden">{ "Open" }</span></th>
                </tr></thead>
                <tbody>{ for table.rows.iter().zip(ordered).filter_map(row) }</tbody>
            </table>
        </div>
    }
}

/// Returns the content of a file with all runs and their curves.
fn file(plan: &Plan, results: &[RunResult], quantities: &[Quantity]) -> String {
    let run = |result: &RunResult| {
        let point = plan.points.get(result.run)?;
        let values: Map<String, Value> =
            quantities.iter().map(|q| (q.name.clone(), json!(plan.value(result, &q.name)))).collect();
        Some(json!({
            "config": point.config,
            "measured": values, "curves": result.curves, "numbers": result.numbers,
            "errors": result.errors, "seconds": result.seconds,
        }))
    };
    let file = json!({
        "schema": "nn-lab/sweep", "schema_version": 1, "lab_version": env!("CARGO_PKG_VERSION"), "section": plan.experiment.slug,
        "sweep": plan.axes.iter().map(ToString::to_string).collect::<Vec<_>>(), "measure": plan.measure.to_string(),
        "runs": results.iter().filter_map(run).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&file).unwrap_or_default()
}
