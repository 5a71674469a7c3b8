//! The figures of section 4: loss, accuracy, gradients through time, and paths back through time.

use super::latest::{NetGradients, when};
use super::text;
use crate::charts::{ChartHeight, ColorMap, Grid, Heatmap, LineChart, Reference, ScaleKind, Series, Table};
use crate::panel::{ACCURACY, CurveFigure, CurveSpec, LOSS, series_table};
use crate::sections::rnn::{
    Config, FLOAT_FLOOR, GradientRow, LSTM, Paths, RNN, Record, TaskChoice, chance, chance_level,
};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

/// The height of the charts of loss and accuracy, which share the stage with the sequence, in pixels.
const CURVES_HEIGHT: ChartHeight = ChartHeight(154.0);

/// Loss and accuracy.
pub(super) fn train_figures(config: &Config, record: &Record) -> Html {
    let entropy = record
        .lines
        .as_deref()
        .filter(|_| config.task == TaskChoice::Lines)
        .and_then(|lines| lines.entropy());
    let chance_loss = entropy.unwrap_or_else(|| -chance(config).ln());
    let (found, held_out) = match config.task {
        TaskChoice::Recall => (LEARNS_RECALL, HELD_OUT_SEQUENCES),
        TaskChoice::Lines => (LEARNS_LINES, HELD_OUT_LINES),
    };
    let reference = |y: f64| Reference { label: "chance".into(), y };
    // The axis of the loss starts at zero throughout, so that noise around chance level looks small.
    let zero = Reference { label: AttrValue::default(), y: 0.0 };
    let x_max = Some(f64::from(config.steps));
    html! {
        <ContextProvider<ChartHeight> context={CURVES_HEIGHT}>
            <div class="figure-row">
                <CurveFigure name="loss" lines={LOSS} y_label="cross-entropy (nats)"
                    look_for={html! { { found } }}
                    references={vec![reference(chance_loss), zero]} {x_max} empty={EMPTY} />
                <CurveFigure name="accuracy" lines={ACCURACY} y_label="accuracy"
                    look_for={html! { { held_out } }}
                    references={vec![reference(chance_level(config, record))]} {x_max} y_range={Some((0.0, 1.0))} markers={true} empty={EMPTY} />
            </div>
        </ContextProvider<ChartHeight>>
    }
}

const LEARNS_RECALL: &str = "Training loss per mini-batch. A network that has not found the first token stays at chance, however long it trains.";
const LEARNS_LINES: &str = "Training loss per mini-batch. Chance is the loss of a network that only knows how frequent the labels are.";
const HELD_OUT_SEQUENCES: &str = "Accuracy on 256 held-out sequences. Learning to remember is often sudden: chance level for many steps, then almost 100%.";
const HELD_OUT_LINES: &str =
    "Accuracy on held-out lines, at most 256. Chance is the share of the most frequent label.";

const EMPTY: &str = "Curves appear here during training.";

/// The label of [`FLOAT_FLOOR`].
const FLOOR: &str = "32-bit limit";

/// The norm of the gradient of all weights, with the level at which it is clipped.
pub(super) fn clip_figure(config: &Config) -> Html {
    const NORM: &[CurveSpec] = &[CurveSpec::new("grad_norm", "")];
    let references = vec![Reference { label: "clipped above".into(), y: config.clip }];
    html! {
        <CurveFigure name="gradient-norm" lines={NORM} y_label="norm of the gradient of all weights, before clipping" {references}
            look_for={html! { "Steps above the line are scaled down to it. Clipping limits the length of a step and keeps its direction; it can’t restore a gradient that has vanished." }}
            x_max={Some(f64::from(config.steps))} log_above={10.0 * config.clip} empty={EMPTY} />
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct GradientProps {
    rnn: NetGradients,
    lstm: NetGradients,
    config: Config,
}

impl GradientProps {
    fn of(config: &Config, record: &Record) -> Self {
        let [rnn, lstm] = [RNN, LSTM].map(|arm| NetGradients::of(record, arm));
        Self { rnn, lstm, config: config.clone() }
    }

    /// Returns the powers of ten around all norms so far. As it covers the whole run, an axis never shrinks.
    fn range(&self) -> Option<(f64, f64)> {
        decades([&self.rnn, &self.lstm].into_iter().flat_map(NetGradients::rows))
    }
}

/// The latest gradient at every position.
pub(super) fn gradient_figure(config: &Config, record: &Record) -> Html {
    html! { <GradientFigure ..GradientProps::of(config, record) /> }
}

/// The gradients at every position over the whole run.
pub(super) fn gradient_maps(config: &Config, record: &Record) -> Html {
    html! { <GradientMaps ..GradientProps::of(config, record) /> }
}

/// Rendered again only after a new measurement.
#[component]
fn GradientFigure(props: &GradientProps) -> Html {
    let GradientProps { rnn, lstm, config } = props;
    let line = |name: &'static str, network: &NetGradients, of: fn(&GradientRow) -> &[f32], color| {
        let norms = network.latest().map(of).unwrap_or_default();
        let points = norms.iter().enumerate().map(|(t, &norm)| (t as f64, f64::from(norm)));
        Series::new(name, Rc::new(points.collect()), color)
    };
    let all = [
        line("RNN, ∂L/∂h", rnn, |row| &row.hidden, RNN),
        line("LSTM, ∂L/∂c", lstm, |row| &row.cell, LSTM),
        Series { dashed: true, ..line("LSTM, ∂L/∂h", lstm, |row| &row.hidden, LSTM) },
    ];
    // A norm of 0 has no place on the axis, so a line ends at the smallest number above it.
    let above_zero = |series: &Series| {
        let points: Vec<_> = series.points.iter().copied().filter(|(_, norm)| *norm > 0.0).collect();
        Series { points: Rc::new(points), ..series.clone() }
    };
    let series: Vec<Series> = all.iter().filter(|series| !series.points.is_empty()).map(above_zero).collect();
    let range = props.range();
    let floor = Reference { label: FLOOR.into(), y: FLOAT_FLOOR };
    let references = if range.is_some_and(|(low, _)| low <= FLOAT_FLOOR) { vec![floor] } else { Vec::new() };
    let title = format!("The gradient at every position, {}", when([rnn, lstm]));
    let look_for = html! { "Read it from right to left, as the gradient travels. A straight line on this logarithmic axis is geometric decay. Below the smallest 32-bit number nothing is left to learn from. These gradients follow all paths, also those through the gates." };
    html! {
        <Figure name="gradients" {title} {look_for} formula={text::gradient_formula()}
            table={series_table("position", &all)}>
            <LineChart name="gradients" x_label="position t in the sequence" y_label="gradient norm" y_scale={ScaleKind::Log}
                {series} {references} x_max={Some(f64::from(config.length() - 1))} y_range={range} integer_x={true}
                empty="Loading the compute engine…" />
        </Figure>
    }
}

#[component]
fn GradientMaps(props: &GradientProps) -> Html {
    let GradientProps { rnn, lstm, config } = props;
    let range = props.range().map(|(low, high)| (low.log10(), high.log10()));
    html! {
        <div class="figure-row">
            { map_figure(RNN_MAP, "RNN: ∂L/∂h over the run", rnn.rows(), |row| &row.hidden, range, config) }
            { map_figure("gradient-map-lstm", "LSTM: ∂L/∂c over the run", lstm.rows(), |row| &row.cell, range, config) }
        </div>
    }
}

/// Returns the powers of ten around all norms. The lower end is clamped near [`FLOAT_FLOOR`], since norms may be 0.
fn decades<'a>(rows: impl Iterator<Item = &'a GradientRow>) -> Option<(f64, f64)> {
    let norms = rows.flat_map(|row| row.hidden.iter().chain(&row.cell)).map(|&norm| f64::from(norm));
    let (low, high) = norms
        .filter(|norm| norm.is_finite())
        .map(|norm| norm.max(FLOAT_FLOOR / 10.0))
        .fold((f64::INFINITY, 0.0f64), |(low, high), norm| (low.min(norm), high.max(norm)));
    (high > 0.0).then(|| (10f64.powf(low.log10().floor()), 10f64.powf(high.log10().ceil())))
}

/// The name of the RNN's map.
const RNN_MAP: &str = "gradient-map-rnn";

fn map_figure(
    name: &'static str,
    title: &'static str,
    rows: &[GradientRow],
    of: fn(&GradientRow) -> &[f32],
    range: Option<(f64, f64)>,
    config: &Config,
) -> Html {
    let grid = map(rows, of, config);
    let table_grid = grid.clone();
    let every = config.measured_every();
    let table = Callback::from(move |()| {
        let steps: Vec<AttrValue> = (0..table_grid.cols)
            .map(|col| AttrValue::from(format!("step {}", 1 + col as u32 * every)))
            .collect();
        Table::from_named_grid("position", &table_grid, &[], &steps)
    });
    let look_for = if name == RNN_MAP {
        "Each column is one training step, each row a position; the first token is at the bottom. Brighter means a larger gradient. Before training, the first column shows the untrained network."
    } else {
        "The colors mean the same as in the map of the RNN."
    };
    let last = f64::from(config.length());
    html! {
        <Figure {name} {title} look_for={html! { { look_for } }} {table}>
            <Heatmap {name} {grid} map={ColorMap::Sequential} {range} x_label="training step" y_label="position t"
                x_range={Some((0.0, f64::from(config.steps)))} y_range={Some((0.0, last))} y_up={true}
                value_label="log₁₀ of the norm" empty="Loading the compute engine…" />
        </Figure>
    }
}

/// Returns the logarithms of the norms, with one row per position and one column per measured step of the whole run. Steps
/// that are not measured yet are NaN, which is drawn as empty.
fn map(rows: &[GradientRow], of: fn(&GradientRow) -> &[f32], config: &Config) -> Grid {
    if rows.is_empty() {
        return Grid::default();
    }
    let (n, cols) = (config.length() as usize, config.steps.div_ceil(config.measured_every()) as usize);
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

/// A neutral gray, since a closed form is no network.
const CLOSED_FORM_COLOR: usize = 7;

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
    // The closed form needs no measurement, so the figure is never empty.
    let last = f64::from(config.length().saturating_sub(1));
    let powers: Vec<f64> =
        (0..config.length()).map(|t| config.spectral_radius.powf(last - f64::from(t))).collect();
    let mut series =
        vec![Series { dashed: true, ..Series::new("ρ^(T−1−t)", line(&powers), CLOSED_FORM_COLOR) }];
    if let Some(paths) = untrained {
        series.push(Series::new("RNN", line(&paths.rnn), RNN));
        series.push(Series::new("LSTM cell", line(&paths.cell), LSTM));
    }
    if let Some(paths) = trained {
        for (name, path, color) in
            [("RNN, trained", &paths.rnn, RNN), ("LSTM cell, trained", &paths.cell, LSTM)]
        {
            let mut after = Series::new(name, line(path), color);
            after.dashed = true;
            series.push(after);
        }
    }
    let floor = Reference { label: FLOOR.into(), y: FLOAT_FLOOR };
    let deep = series.iter().any(|s| s.points.iter().any(|(_, y)| *y <= FLOAT_FLOOR));
    let references = if deep { vec![floor] } else { Vec::new() };
    let look_for = html! { <>{ "Each line is the RMS factor from position t to the end: over directions for the RNN, over units for the cell’s direct path. The gray line is a closed form, the spectral radius alone. The slope of the tanh accounts for the rest. Dashed blue and orange lines show the trained networks." }</> };
    html! {
        <Figure name="paths" {look_for} formula={text::path_formula()}
            table={series_table("position", &series)}>
            <LineChart name="paths" x_label="position t in the sequence" y_label="RMS factor from t to the end" y_scale={ScaleKind::Log}
                {series} {references} x_max={Some(f64::from(config.length() - 1))} integer_x={true} empty="Loading the compute engine…" />
        </Figure>
    }
}
