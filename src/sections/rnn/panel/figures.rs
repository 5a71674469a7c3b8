//! The figures of section 4: loss, accuracy, gradients through time, and paths back through time.

use super::text;
use crate::charts::{ColorMap, Grid, Heatmap, LineChart, Reference, ScaleKind, Series, Table};
use crate::panel::{ACCURACY, CurveFigure, LOSS, PtrEq, series_table};
use crate::sections::rnn::{Config, FLOAT_FLOOR, GradientRow, LSTM, Paths, RNN, Record, chance};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

const CELL: usize = 2;

#[derive(PartialEq, Properties)]
pub(super) struct FiguresProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// Loss and accuracy.
#[component]
pub(super) fn TrainFigures(props: &FiguresProps) -> Html {
    let FiguresProps { config, .. } = props;
    let x_max = Some(f64::from(config.steps));
    let reference = |y: f64| vec![Reference { label: "chance".into(), y }];
    html! {
        <>
            <div class="figure-row">
                <CurveFigure name="loss" lines={LOSS} y_label="cross-entropy (nats)"
                    look_for={html! { "Training loss per mini-batch. A network that has not found the first token stays at chance, however long it trains." }}
                    references={reference(-chance(config).ln())} {x_max} />
                <CurveFigure name="accuracy" lines={ACCURACY} y_label="accuracy"
                    look_for={html! { "Accuracy on 256 held-out sequences. Learning to remember is often sudden: chance level for many steps, then almost 100%." }}
                    references={reference(chance(config))} {x_max} y_range={Some((0.0, 1.0))} markers={true} />
            </div>
        </>
    }
}

/// The gradients at every position.
#[component]
pub(super) fn GradientChapter(props: &FiguresProps) -> Html {
    let FiguresProps { config, record } = props;
    let of = |arm: usize| PtrEq(record.arms[arm].gradients.clone());
    html! { <GradientFigures rnn={of(RNN)} lstm={of(LSTM)} config={config.clone()} /> }
}

/// The gradients of one network so far.
type Gradients = PtrEq<Vec<GradientRow>>;

#[derive(PartialEq, Properties)]
struct GradientProps {
    rnn: Gradients,
    lstm: Gradients,
    config: Config,
}

/// The gradients at every position: the latest as lines, and the whole run as maps. Rendered again only after a new
/// measurement.
#[component]
fn GradientFigures(props: &GradientProps) -> Html {
    let GradientProps { rnn, lstm, config } = props;
    let line = |rows: &Gradients, of: fn(&GradientRow) -> &[f32]| {
        let norms = rows.0.last().map(of).unwrap_or_default();
        Rc::new(norms.iter().enumerate().map(|(t, &norm)| (t as f64, f64::from(norm))).collect::<Vec<_>>())
    };
    let mut hidden_lstm = Series::new("LSTM, ∂L/∂h", line(lstm, |row| &row.hidden), LSTM);
    hidden_lstm.dashed = true;
    let series = if rnn.0.is_empty() {
        Vec::new()
    } else {
        vec![
            Series::new("RNN, ∂L/∂h", line(rnn, |row| &row.hidden), RNN),
            hidden_lstm,
            Series::new("LSTM, ∂L/∂c", line(lstm, |row| &row.cell), CELL),
        ]
    };
    let range = decades(rnn.0.iter().chain(lstm.0.iter()));
    let floor = Reference { label: "float floor".into(), y: FLOAT_FLOOR };
    let references = if range.is_some_and(|(low, _)| low <= FLOAT_FLOOR) { vec![floor] } else { Vec::new() };
    let step = rnn.0.last().map_or(0, |row| row.step);
    let title = if step == 0 {
        "Gradient at every position".to_owned()
    } else {
        format!("Gradient at every position, step {step}")
    };
    let look_for = html! { <>{ "Read it from right to left, as the gradient travels. A straight line on this logarithmic axis is geometric decay. Below the float32 minimum nothing is left to learn from. These gradients follow all paths, also those through the gates." }</> };
    let maps = range.map(|(low, high)| (low.log10(), high.log10()));
    html! {
        <>
            <Figure name="gradients" {title} {look_for} formula={text::gradient_formula()}
                table={series_table("position", &series)}>
                <LineChart name="gradients" x_label="position t in the sequence" y_label="gradient norm" y_scale={ScaleKind::Log}
                    {series} {references} x_max={Some(f64::from(config.seq_len - 1))} y_range={range} integer_x={true}
                    empty="Press Train to see the gradients." />
            </Figure>
            <div class="figure-row">
                { map_figure("gradient-map-rnn", "RNN: ∂L/∂h over the run", rnn, |row| &row.hidden, maps, config) }
                { map_figure("gradient-map-lstm", "LSTM: ∂L/∂c over the run", lstm, |row| &row.cell, maps, config) }
            </div>
        </>
    }
}

/// Returns the powers of ten around all norms of a run. As it covers the whole run, the axis never shrinks. The lower end is
/// clamped near [`FLOAT_FLOOR`], since norms may be 0.
fn decades<'a>(rows: impl Iterator<Item = &'a GradientRow>) -> Option<(f64, f64)> {
    let norms = rows.flat_map(|row| row.hidden.iter().chain(&row.cell)).map(|&norm| f64::from(norm));
    let (low, high) = norms
        .filter(|norm| norm.is_finite())
        .map(|norm| norm.max(FLOAT_FLOOR / 10.0))
        .fold((f64::INFINITY, 0.0f64), |(low, high), norm| (low.min(norm), high.max(norm)));
    (high > 0.0).then(|| (10f64.powf(low.log10().floor()), 10f64.powf(high.log10().ceil())))
}

fn map_figure(
    name: &'static str,
    title: &'static str,
    rows: &Gradients,
    of: fn(&GradientRow) -> &[f32],
    range: Option<(f64, f64)>,
    config: &Config,
) -> Html {
    let grid = map(&rows.0, of, config);
    let table_grid = grid.clone();
    let every = config.measured_every();
    let table = Callback::from(move |()| {
        let steps: Vec<AttrValue> = (0..table_grid.cols)
            .map(|col| AttrValue::from(format!("step {}", 1 + col as u32 * every)))
            .collect();
        Table::from_named_grid("position", &table_grid, &[], &steps)
    });
    let look_for = html! { <>{ "Each column is one training step, each row a position; the first token is at the bottom. Brighter means a larger gradient." }</> };
    let last = f64::from(config.seq_len);
    html! {
        <Figure {name} {title} {look_for} {table}>
            <Heatmap {name} {grid} map={ColorMap::Sequential} {range} x_label="training step" y_label="position t"
                x_range={Some((0.0, f64::from(config.steps)))} y_range={Some((0.0, last))} y_up={true}
                value_label="log₁₀ of the norm" empty="Press Train to see the gradients." />
        </Figure>
    }
}

/// Returns the logarithms of the norms, with one row per position and one column per measured step of the whole run. Steps
/// that are not measured yet are NaN, which is drawn as empty.
fn map(rows: &[GradientRow], of: fn(&GradientRow) -> &[f32], config: &Config) -> Grid {
    if rows.is_empty() {
        return Grid::default();
    }
    let (n, cols) = (config.seq_len as usize, config.steps.div_ceil(config.measured_every()) as usize);
    let mut values = vec![f32::NAN; n * cols];
    for (col, row) in rows.iter().enumerate().take(cols) {
        for (t, &norm) in of(row).iter().enumerate().take(n) {
            if let Some(cell) = values.get_mut(t * cols + col) {
                *cell = norm.max(FLOAT_FLOOR as f32 / 10.0).log10();
            }
        }
    }
    Grid { rows: n, cols, values: Rc::new(values) }
}

#[derive(PartialEq, Properties)]
pub(super) struct PathProps {
    pub(super) config: Config,
    pub(super) untrained: Option<Rc<Paths>>,
    pub(super) trained: Option<Rc<Paths>>,
}

/// The fraction of a change at each position that is left at the end, before and after training.
#[component]
pub(super) fn PathFigure(props: &PathProps) -> Html {
    let PathProps { config, untrained, trained } = props;
    let line = |path: &[f64]| {
        Rc::new(path.iter().enumerate().map(|(t, &factor)| (t as f64, factor)).collect::<Vec<_>>())
    };
    let mut series = Vec::new();
    if let Some(paths) = untrained {
        let last = paths.rnn.len() as f64 - 1.0;
        let powers: Vec<f64> =
            (0..paths.rnn.len()).map(|t| config.spectral_radius.powf(last - t as f64)).collect();
        series.push(Series::new("RNN", line(&paths.rnn), RNN));
        series.push(Series::new("LSTM cell", line(&paths.cell), CELL));
        let mut closed = Series::new("ρ^(T−1−t)", line(&powers), 7);
        closed.dashed = true;
        series.push(closed);
    }
    if let Some(paths) = trained {
        for (name, path, color) in
            [("RNN, trained", &paths.rnn, RNN), ("LSTM cell, trained", &paths.cell, CELL)]
        {
            let mut after = Series::new(name, line(path), color);
            after.dashed = true;
            series.push(after);
        }
    }
    let floor = Reference { label: "float floor".into(), y: FLOAT_FLOOR };
    let deep = series.iter().any(|s| s.points.iter().any(|(_, y)| *y <= FLOAT_FLOOR));
    let references = if deep { vec![floor] } else { Vec::new() };
    let look_for = html! { <>{ "The RMS factor by which the path from position t to the end scales a change. It is over directions for the RNN, and over units for the cell’s direct path. The gray line is the asymptotic rate, the spectral radius alone (closed form). The slope of the tanh accounts for the rest. Raise ρ to 1.1: how much farther back does the untrained RNN reach?" }</> };
    html! {
        <Figure name="paths" {look_for} formula={text::path_formula()}
            table={series_table("position", &series)}>
            <LineChart name="paths" x_label="position t in the sequence" y_label="RMS factor from t to the end" y_scale={ScaleKind::Log}
                {series} {references} x_max={Some(f64::from(config.seq_len - 1))} integer_x={true} empty="Loading the compute engine…" />
        </Figure>
    }
}
