//! The figures of gradients in all blocks: of untrained networks, and during training.

use super::training::TrainProps;
use crate::charts::{ColorMap, Grid, Heatmap, LineChart, ScaleKind, Series, Table};
use crate::panel::series_table;
use crate::sections::resnet::{Flow, NetFlow, Norms, PLAIN, RESIDUAL, Record};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

/// The gradient norm of every block over steps.
#[component]
pub(super) fn GradientMaps(props: &TrainProps) -> Html {
    let TrainProps { config, record } = props;
    let record = &record.0;
    let norms = [PLAIN, RESIDUAL].map(|arm| norms_of(record, arm));
    let [plain, residual] = &norms;
    let range = log_range([plain, residual]);
    let map = |slug: &'static str, title: &'static str, norms: &Rc<Vec<Norms>>| {
        html! {
            <GradientMap {slug} {title} norms={norms.clone()} {range} every={config.norm_interval()} steps={config.steps}
                n_blocks={3 * config.blocks_per_stage()} />
        }
    };
    html! {
        <div class="figure-row">
            { map("plain", "Gradients in training, plain network", plain) }
            { map("residual", "Gradients in training, residual network", residual) }
        </div>
    }
}

/// Returns the norms of a run. Before it, there is one column: the untrained network's, for noise images.
fn norms_of(record: &Record, arm: usize) -> Rc<Vec<Norms>> {
    let of_run = record.arms.get(arm).map(|net| net.norms.clone()).filter(|norms| !norms.is_empty());
    of_run.unwrap_or_else(|| {
        let untrained = record.flow.as_ref().and_then(|flow| flow.nets(arm).first());
        Rc::new(untrained.map(|net| Norms { step: 0, blocks: net.weights.clone() }).into_iter().collect())
    })
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
        "Each column is one step; the first block is at the bottom; both maps share one color scale. Blank: not measured yet, or exactly 0. Before training, the first column is measured with noise images."
    } else {
        "The same for the residual network: notice how similar its blocks are, and how that changes as it learns."
    };
    html! {
        <Figure name={name.clone()} title={props.title} look_for={html! { <>{ look_for }</> }} {table}>
            <Heatmap {name} {grid} map={ColorMap::Sequential} range={props.range} x_label="step" y_label="block" {x_range}
                y_up={true} {row_names} value_label="log₁₀ norm" empty="The map fills while the networks train." />
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
    pub(super) flow: Option<Rc<Flow>>,
}

/// One backward pass through untrained networks, block by block.
#[component]
pub(super) fn FlowFigures(props: &FlowFiguresProps) -> Html {
    let flow = props.flow.as_deref();
    html! {
        <div class="figure-row">
            { weights_figure(flow) }
            { signal_figure(flow) }
        </div>
    }
}

fn weights_figure(flow: Option<&Flow>) -> Html {
    let series = flow.map_or_else(Vec::new, |flow| {
        let value: fn(&NetFlow) -> &[f32] = |net| &net.weights;
        vec![banded("plain", &flow.plain, value, PLAIN), banded("residual", &flow.residual, value, RESIDUAL)]
    });
    let look_for = html! {
        { "One backward pass with 8 noise images; the band spans all random initializations." }
    };
    html! {
        <Figure name="gradient-flow" title="Gradient norm of each block’s first convolution" {look_for}
            table={series_table("block", &series)}>
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
        { "Dashed: root mean square of each block’s output. Solid: norm of the loss’s gradient at that output." }
    };
    html! {
        <Figure name="signal-flow" {look_for} table={series_table("block", &series)}>
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
