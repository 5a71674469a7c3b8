//! The gates and states of both networks at one position of one sequence, and the sequence.

mod diagram;
mod tokens;

use super::names::Names;
use crate::charts::scale::format_exact;
use crate::charts::{Band, ColorMap, Grid, Strips, Table};
use crate::panel::PtrEq;
use crate::sections::rnn::{
    Config, LSTM, LSTM_PARTS, MAX_UNITS, Part, PartKind, RNN, RNN_PARTS, Record, Trace,
};
use crate::ui::figure::Figure;
use crate::ui::player::Player;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// The trace of a network, if there is one.
type Shown = Option<PtrEq<Trace>>;

#[derive(PartialEq, Properties)]
pub(super) struct CellProps {
    config: Config,
    names: Names,
    rnn: Shown,
    lstm: Shown,
    /// The position, which both figures share. The sequence may have become shorter since it was chosen.
    at: usize,
    on_move: Callback<usize>,
}

impl CellProps {
    fn of(config: &Config, record: &Record, at: usize, on_move: &Callback<usize>) -> Self {
        let [rnn, lstm] = [RNN, LSTM].map(|arm| record.trace(arm).cloned().map(PtrEq));
        let names = Names::of(config, record);
        Self { config: config.clone(), names, rnn, lstm, at, on_move: on_move.clone() }
    }

    fn seq_len(&self) -> usize {
        [&self.rnn, &self.lstm].into_iter().flatten().map(|trace| trace.seq_len()).max().unwrap_or(0)
    }

    fn position(&self) -> usize {
        self.at.min(self.seq_len().saturating_sub(1))
    }

    /// Returns the number of training steps in words.
    fn when(&self) -> String {
        let steps = [&self.rnn, &self.lstm].into_iter().flatten().map(|trace| trace.step);
        match steps.fold((u32::MAX, 0), |(low, high), step| (low.min(step), high.max(step))) {
            (_, 0) => "untrained".to_owned(),
            (low, high) if low == high => format!("after {high} steps"),
            (low, high) => format!("after {low} and {high} steps"),
        }
    }
}

/// Returns the diagrams of both cells at a position.
pub(super) fn cell_figure(config: &Config, record: &Record, at: usize, on_move: &Callback<usize>) -> Html {
    html! { <CellFigure ..CellProps::of(config, record, at, on_move) /> }
}

/// Returns the figure of all units at a position and over the sequence.
pub(super) fn units_figure(config: &Config, record: &Record, at: usize, on_move: &Callback<usize>) -> Html {
    html! { <UnitsFigure ..CellProps::of(config, record, at, on_move) /> }
}

/// The part of the LSTM that is initially drawn over time: its cell state.
const CELL_STATE: usize = 4;

/// Both cells at one position, with a slider over the positions.
#[component]
fn CellFigure(props: &CellProps) -> Html {
    let CellProps { names, rnn, lstm, on_move, .. } = props;
    let (t, seq_len) = (props.position(), props.seq_len());
    let title = format!("The two cells at position t = {t}, {}", props.when());
    let look_for = html! { "The number in a gate is its mean over units, and its box is filled as far as it is open. States show the root mean square over units." };
    html! {
        <Figure name="cell" {title} {look_for} table={table(rnn, lstm, t)}>
            <div class="cell-figure" data-t={t.to_string()}>
                <Player name="t" label="Position t" at={t} count={seq_len} on_move={on_move.clone()}
                    words={AttrValue::from(format!("t = {t} of {}", seq_len.saturating_sub(1)))} interval_ms={180} />
                { tokens::tokens(names, lstm.as_deref().or(rnn.as_deref()), t, on_move) }
                <div class="cell-diagrams">
                    { diagram::lstm(names, lstm.as_deref(), t) }
                    { diagram::rnn(names, rnn.as_deref(), t) }
                </div>
            </div>
        </Figure>
    }
}

/// Every unit: one quantity over the sequence, and all quantities at the position.
#[component]
fn UnitsFigure(props: &CellProps) -> Html {
    let CellProps { config, names, rnn, lstm, on_move, .. } = props;
    let (t, seq_len) = (props.position(), props.seq_len());
    let part = use_state_eq(|| CELL_STATE);
    let choose = {
        let part = part.setter();
        Callback::from(move |event: Event| {
            let menu = event.target().and_then(|menu| menu.dyn_into::<HtmlSelectElement>().ok());
            menu.and_then(|menu| menu.value().parse().ok()).into_iter().for_each(|chosen| part.set(chosen));
        })
    };
    let over_time = [use_over_time(lstm, *part, &LSTM_PARTS, 84.0), use_over_time(rnn, 1, &RNN_PARTS, 56.0)];
    let right =
        [("P(LSTM)", "LSTM", use_probability(lstm, names)), ("P(RNN)", "RNN", use_probability(rnn, names))];
    let right = right.into_iter().filter_map(|(label, network, grid)| {
        let of = if names.are_lines() { "the label" } else { "the first token's class" };
        let name = format!("{network}: probability of {of}");
        grid.map(|grid| band(label, &name, grid, ColorMap::Sequential, (0.0, 1.0), 13.0))
    });
    let names = ["LSTM", "RNN"];
    let states = over_time.into_iter().zip(names).filter_map(|(band, network)| {
        band.map(|band| Band { name: format!("{network}: {}", band.name).into(), ..band })
    });
    let bands: Vec<Band> = states.chain(right).collect();
    let hidden = (config.d_hidden as usize).saturating_sub(MAX_UNITS);
    let look_for = html! { "Gates are 0 (dark, closed) to 1 (bright, open); blue is negative, orange positive. Click a column to move the cells above to its position. Does the cell state keep what the first token wrote into it?" };
    html! {
        <Figure name="cell-units" title={format!("Every unit over the sequence, {}", props.when())} {look_for} table={table(rnn, lstm, t)}>
            <div class="units-figure" data-t={t.to_string()}>
                <label class="cell-part">
                    { "LSTM over time: " }
                    <select onchange={choose}>
                        { for LSTM_PARTS.iter().enumerate().map(|(index, one)| html! {
                            <option value={index.to_string()} selected={index == *part}>{ format!("{} ({}ₜ)", one.title, one.symbol) }</option>
                        }) }
                    </select>
                </label>
                <Strips name="Units over the sequence" {bands} x_label="position t" y_label="unit" mark={Some(t)} on_pick={Some(on_move.clone())}
                    ends={(AttrValue::from("0"), AttrValue::from(seq_len.saturating_sub(1).to_string()))} empty="Loading the compute engine…" />
                <div class="cell-units">
                    <div>
                        <h3>{ format!("LSTM at position {t}") }</h3>
                        <Strips name="Units of the LSTM at this position" bands={units(lstm, &LSTM_PARTS, t)} x_label="unit" ends={ends(lstm)} empty="Loading the compute engine…" />
                    </div>
                    <div>
                        <h3>{ format!("RNN at position {t}") }</h3>
                        <Strips name="Units of the RNN at this position" bands={units(rnn, &RNN_PARTS, t)} x_label="unit" ends={ends(rnn)} empty="Loading the compute engine…" />
                    </div>
                </div>
                if hidden > 0 {
                    <p class="cell-note">{ format!("The first {} of {} units are drawn; means and root mean squares count all.", MAX_UNITS, config.d_hidden) }</p>
                }
            </div>
        </Figure>
    }
}

/// Returns the indices of the first and the last drawn unit.
fn ends(shown: &Shown) -> (AttrValue, AttrValue) {
    let last = shown.as_ref().map_or(0, |trace| trace.units().saturating_sub(1));
    (AttrValue::from("0"), AttrValue::from(last.to_string()))
}

fn band(label: &str, name: &str, grid: Grid, map: ColorMap, range: (f64, f64), height: f64) -> Band {
    Band { label: label.to_owned().into(), name: name.to_owned().into(), grid, map, range, height }
}

/// Returns the color map of a quantity and its range. The range of a free quantity covers the whole sequence, so that colors
/// mean the same at every position.
fn colors(kind: PartKind, values: &[f32]) -> (ColorMap, (f64, f64)) {
    match kind {
        PartKind::Gate => (ColorMap::Sequential, (0.0, 1.0)),
        PartKind::Squashed => (ColorMap::Diverging, (-1.0, 1.0)),
        PartKind::Free => (ColorMap::Diverging, ColorMap::Diverging.range(None, values)),
    }
}

/// Returns all units at one position, with one band per quantity.
fn units(shown: &Shown, parts: &[Part], t: usize) -> Vec<Band> {
    let Some(trace) = shown else { return Vec::new() };
    let band = |(index, part): (usize, &Part)| {
        let values = trace.at(index, t).to_vec();
        let (map, range) = colors(part.kind, trace.parts.get(index).map_or(&[], |all| all.as_slice()));
        let grid = Grid { rows: 1, cols: values.len(), values: Rc::new(values) };
        band(&format!("{}ₜ", part.symbol), part.title, grid, map, range, 13.0)
    };
    parts.iter().enumerate().map(band).collect()
}

/// Returns a quantity over the whole sequence, with one row per unit and one column per position.
#[hook]
fn use_over_time(shown: &Shown, part: usize, parts: &'static [Part], height: f64) -> Option<Band> {
    let memo = use_memo((shown.clone(), part), |(shown, index)| {
        let (trace, part) = (shown.as_ref()?, parts.get(*index)?);
        let (units, seq_len) = (trace.units(), trace.seq_len());
        let values = trace.parts.get(*index)?;
        let by_unit = (0..units).flat_map(|unit| values.iter().skip(unit).step_by(units.max(1)).copied());
        let grid = Grid { rows: units, cols: seq_len, values: Rc::new(by_unit.collect()) };
        let (map, range) = colors(part.kind, values);
        Some(band(&format!("{}ₜ", part.symbol), part.title, grid, map, range, height))
    });
    (*memo).clone()
}

/// Returns the probability of the correct class over the whole sequence.
#[hook]
fn use_probability(shown: &Shown, names: &Names) -> Option<Grid> {
    let memo = use_memo((shown.clone(), names.clone()), |(shown, names)| {
        let trace = shown.as_ref()?;
        let right = trace.probability(names.label(trace));
        Some(Grid { rows: 1, cols: right.len(), values: Rc::new(right) })
    });
    (*memo).clone()
}

/// Returns the data table, with one row per network and quantity and one column per unit.
fn table(rnn: &Shown, lstm: &Shown, t: usize) -> Callback<(), Table> {
    let (rnn, lstm) = (rnn.clone(), lstm.clone());
    Callback::from(move |()| {
        let networks = [("LSTM", &lstm, &LSTM_PARTS[..]), ("RNN", &rnn, &RNN_PARTS[..])];
        let units =
            networks.iter().filter_map(|(_, trace, _)| Some(trace.as_ref()?.units())).max().unwrap_or(0);
        let mut columns = ["quantity", "network", "position", "mean of the gate, or root mean square"]
            .map(str::to_owned)
            .to_vec();
        columns.extend((0..units).map(|unit| format!("unit {unit}")));
        let mut rows = Vec::new();
        for (network, trace, parts) in networks {
            let Some(trace) = trace else { continue };
            for (index, part) in parts.iter().enumerate() {
                let exact = |value: &f32| format_exact((*value).into());
                let size = trace.size(index, t).as_ref().map(exact).unwrap_or_default();
                let mut row =
                    vec![format!("{} {}", part.symbol, part.title), network.to_owned(), t.to_string(), size];
                row.extend(trace.at(index, t).iter().map(exact));
                rows.push(row);
            }
        }
        Table { columns, rows }
    })
}
