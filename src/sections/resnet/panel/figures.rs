//! The figures of section 3: loss, accuracy, gradients in training, and gradients of untrained networks.

use super::text;
use crate::charts::{ColorMap, Grid, Heatmap, LineChart, Reference, ScaleKind, Series, Table};
use crate::panel::{ACCURACY, CurveFigure, CurveSpec, LOSS, PtrEq, series_table};
use crate::sections::resnet::{Config, Flow, NetFlow, Norms, PLAIN, RESIDUAL, Record, cause};
use crate::ui::figure::Figure;
use crate::ui::findings_link;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct TrainProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// The training error of both networks.
const TRAINING_ERROR: &[CurveSpec] = &[CurveSpec::new("train_error", "")];

/// Training loss, training error and test accuracy.
#[component]
pub(super) fn TrainFigures(props: &TrainProps) -> Html {
    let TrainProps { config, .. } = props;
    let x_max = Some(f64::from(config.steps));
    let reference = |y: f64| vec![Reference { label: "chance".into(), y }];
    html! {
        <>
            <div class="figure-row">
                <CurveFigure name="loss" lines={LOSS} y_label="cross-entropy (nats)"
                    look_for={html! { "Training loss per mini-batch. A network that is worse here is not overfitting; it fails to fit." }}
                    references={reference(10f64.ln())} {x_max} log_above={20.0} />
                <CurveFigure name="train-error" lines={TRAINING_ERROR} y_label="error"
                    look_for={training_error_words()}
                    references={reference(0.9)} {x_max} y_range={Some((0.0, 1.0))} markers={true}
                    empty="Press Train: the error is first measured after some steps." />
            </div>
            <div class="figure-row">
                <CurveFigure name="accuracy" lines={ACCURACY} y_label="accuracy"
                    look_for={accuracy_words(config)} references={reference(0.1)} {x_max} y_range={Some((0.0, 1.0))} markers={true}
                    empty="Press Train: accuracy is first measured after some steps." />
            </div>
        </>
    }
}

/// The gradient norm of every block over steps.
#[component]
pub(super) fn GradientMaps(props: &TrainProps) -> Html {
    let TrainProps { config, record } = props;
    let record = &record.0;
    let range = log_range([&record.arms[PLAIN].norms, &record.arms[RESIDUAL].norms]);
    let map = |slug: &'static str, title: &'static str, norms: &Rc<Vec<Norms>>| {
        html! {
            <GradientMap {slug} {title} norms={norms.clone()} {range} every={config.norm_interval()} steps={config.steps}
                n_blocks={3 * config.blocks_per_stage()} />
        }
    };
    html! {
        <div class="figure-row">
            { map("plain", "Gradients in training, plain network", &record.arms[PLAIN].norms) }
            { map("residual", "Gradients in training, residual network", &record.arms[RESIDUAL].norms) }
        </div>
    }
}

fn training_error_words() -> Html {
    html! {
        <>
            { "The fraction of wrong predictions on training images, averaged over 20 batches. He et al. (2016) speak of degradation if this error ends higher in the deeper of two plain networks. Here both networks have the same depth, so you see slower optimization. The sweep “Degradation” in the chapter of checks compares two depths; " }
            { findings_link("resnet", "our results") }
            { " list its numbers." }
        </>
    }
}

fn accuracy_words(config: &Config) -> Html {
    html! {
        <>
            { "Accuracy on 500 held-out images, measured periodically." }
            if config.batch_norm {
                { " Batch norm uses its running statistics here, which lag behind while the weights move fast: the first values can be at chance level." }
            }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct MapProps {
    slug: &'static str,
    title: &'static str,
    norms: Rc<Vec<Norms>>,
    /// The range of the colors, the same for both networks.
    range: Option<(f64, f64)>,
    every: u32,
    steps: u32,
    n_blocks: u32,
}

/// Gradient norm of each block's first convolution: blocks from the bottom up, steps from left to right.
#[component]
fn GradientMap(props: &MapProps) -> Html {
    let cols = props.steps.div_ceil(props.every.max(1)).max(1) as usize;
    let rows = props.n_blocks as usize;
    // Values that are not measured yet are blank, so that the map keeps its size.
    let mut values = vec![f32::NAN; rows * cols];
    for (col, row) in props.norms.iter().enumerate().take(cols) {
        for (block, norm) in row.blocks.iter().enumerate().take(rows) {
            if let Some(value) = values.get_mut(block * cols + col) {
                *value = norm.log10();
            }
        }
    }
    let grid = Grid { rows, cols, values: Rc::new(values) };
    let row_names: Rc<Vec<AttrValue>> =
        Rc::new((1..=rows).map(|block| AttrValue::from(block.to_string())).collect());
    let table = {
        let (grid, row_names, every) = (grid.clone(), row_names.clone(), props.every);
        Callback::from(move |()| {
            let steps: Vec<AttrValue> = (0..grid.cols)
                .map(|col| AttrValue::from(format!("step {}", 1 + col as u32 * every)))
                .collect();
            Table::from_named_grid("block", &grid, &row_names, &steps)
        })
    };
    let name = format!("gradients-{}", props.slug);
    let x_range = Some((1.0, f64::from(1 + props.every * cols as u32)));
    let look_for = if props.slug == "plain" {
        "Each column is one step; the first block is at the bottom; both maps share one color scale. Blank: not measured yet, or exactly 0."
    } else {
        "The same for the residual network: notice how similar its blocks are, and how that changes as it learns."
    };
    html! {
        <Figure name={name.clone()} title={props.title} look_for={html! { <>{ look_for }</> }} {table}>
            <Heatmap {name} {grid} map={ColorMap::Sequential} range={props.range} x_label="step" y_label="block" {x_range}
                y_up={true} {row_names} value_label="log₁₀ norm" empty="Press Train." />
        </Figure>
    }
}

/// Returns the minimum and the maximum logarithm of all norms, as whole powers of ten.
fn log_range(nets: [&Rc<Vec<Norms>>; 2]) -> Option<(f64, f64)> {
    let norms = nets.into_iter().flat_map(|rows| rows.iter()).flat_map(|row| &row.blocks);
    let logs = norms.map(|norm| f64::from(norm.log10())).filter(|log| log.is_finite());
    let (low, high) =
        logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| (low.min(log), high.max(log)));
    // With whole powers of ten, most frames do not change the colors.
    (low <= high).then(|| (low.floor(), high.ceil().max(low.floor() + 1.0)))
}

#[derive(PartialEq, Properties)]
pub(super) struct FlowFiguresProps {
    pub(super) config: Config,
    pub(super) flow: Option<Rc<Flow>>,
}

/// One backward pass through untrained networks, block by block.
#[component]
pub(super) fn FlowFigures(props: &FlowFiguresProps) -> Html {
    let flow = props.flow.as_deref();
    html! {
        <div class="figure-row">
            { weights_figure(&props.config, flow) }
            { signal_figure(flow) }
        </div>
    }
}

fn weights_figure(config: &Config, flow: Option<&Flow>) -> Html {
    let series = flow.map_or_else(Vec::new, |flow| {
        let value: fn(&NetFlow) -> &[f32] = |net| &net.weights;
        vec![banded("plain", &flow.plain, value, PLAIN), banded("residual", &flow.residual, value, RESIDUAL)]
    });
    // The measurements may still belong to the earlier settings.
    let batch_norm = flow.map_or(config.batch_norm, |flow| flow.batch_norm);
    let look_for = html! {
        <>
            { text::flow(cause(config.init, batch_norm)) }
            { " One backward pass with 8 noise images; the band spans all random initializations." }
        </>
    };
    html! {
        <Figure name="gradient-flow" title="Gradient norm of each block’s first convolution" {look_for}
            formula={text::norm_formula()} table={series_table("block", &series)}>
            <LineChart name="gradient-flow" x_label="block (1 is next to the input)" y_label="gradient norm" y_scale={ScaleKind::Log}
                {series} markers={true} integer_x={true} empty="Loading the compute engine…" />
        </Figure>
    }
}

fn signal_figure(flow: Option<&Flow>) -> Html {
    let series = flow.map_or_else(Vec::new, |flow| {
        let mut all = Vec::new();
        for (name, nets, color) in [("plain", &flow.plain, PLAIN), ("residual", &flow.residual, RESIDUAL)] {
            all.push(banded(&format!("gradient, {name}"), nets, |net| &net.deltas, color));
            let mut signal = banded(&format!("signal, {name}"), nets, |net| &net.signals, color);
            signal.dashed = true;
            signal.band = None;
            all.push(signal);
        }
        all
    });
    let look_for = html! {
        <>{ "Dashed: the root mean square of each block’s output, which is the signal that the next block receives. Solid: the norm of the loss’s gradient at that output. The gradient of a convolution’s weights combines the signal at its input with the gradient at its output. A shortcut adds x to the signal, and the identity to the block’s Jacobian." }</>
    };
    html! {
        <Figure name="signal-flow" {look_for} formula={text::chain_formula()} table={series_table("block", &series)}>
            <LineChart name="signal-flow" x_label="block (1 is next to the input)" y_label="size" y_scale={ScaleKind::Log}
                {series} integer_x={true} empty="Loading the compute engine…" />
        </Figure>
    }
}

/// Returns the geometric mean over the networks, with a band from minimum to maximum. Values that are not
/// positive are ignored.
fn banded(name: &str, nets: &[NetFlow], value: impl Fn(&NetFlow) -> &[f32], color: usize) -> Series {
    let n_blocks = nets.iter().map(|net| value(net).len()).max().unwrap_or(0);
    let (mut points, mut band) = (Vec::new(), Vec::new());
    for block in 0..n_blocks {
        let values: Vec<f64> = nets
            .iter()
            .filter_map(|net| value(net).get(block))
            .map(|&norm| f64::from(norm))
            .filter(|norm| norm.is_finite() && *norm > 0.0)
            .collect();
        let x = block as f64 + 1.0;
        if values.is_empty() {
            // NaN interrupts the line.
            points.push((x, f64::NAN));
            continue;
        }
        let mean = (values.iter().map(|v| v.ln()).sum::<f64>() / values.len() as f64).exp();
        points.push((x, mean));
        let ends = values.iter().fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(*v), high.max(*v)));
        band.push((x, ends.0, ends.1));
    }
    let band = (nets.len() > 1 && !band.is_empty()).then(|| Rc::new(band));
    Series { band, ..Series::new(name.to_owned(), Rc::new(points), color) }
}
