//! The figures of ranks: the outputs of the untrained networks as matrices, their singular values, and the rank of
//! every layer.

use super::text;
use crate::charts::{ColorMap, Grid, Heatmap, LineChart, Reference, ScaleKind, Series, Table};
use crate::core::guided::percent;
use crate::panel::series_table;
use crate::sections::mlp::{Collapse, Factors, LINEAR, LayerSpectra, NONLINEAR};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

const WAITING: &str = "Loading the compute engine…";
/// The maximum height of a matrix, in pixels.
const MATRIX_HEIGHT: f64 = 220.0;

#[derive(PartialEq, Properties)]
pub(super) struct OutputsProps {
    pub(super) collapse: Option<Rc<Collapse>>,
    /// The number of directions that are removed.
    pub(super) directions: u32,
}

/// The outputs of both untrained networks for a random batch, as they are and without their strongest directions.
/// Frames of a run do not render them again, because they depend on the probe only.
#[component]
pub(super) fn Outputs(props: &OutputsProps) -> Html {
    // `None` before the probe.
    let matrices = use_memo((props.collapse.clone(), props.directions), |(collapse, directions)| {
        let collapse = collapse.as_deref()?;
        Some(collapse.outputs.each_ref().map(|factors| Matrices::new(factors, *directions as usize)))
    });
    let figure = |arm: usize, slug: &'static str, network: &'static str| {
        let rank = props.collapse.as_deref().and_then(|collapse| {
            let output = collapse.layers.last()?;
            Some(if arm == LINEAR { output.linear.rank } else { output.nonlinear.rank })
        });
        let title = rank.map_or_else(|| network.to_owned(), |rank| format!("{network}: rank {rank}"));
        output_figure(slug, title, matrices.as_ref().as_ref().and_then(|all| all.get(arm)), props.directions)
    };
    html! {
        <div class="figure-row">
            { figure(LINEAR, "linear", "Linear network") }
            { figure(NONLINEAR, "activated", "Non-linear network") }
        </div>
    }
}

/// The outputs of a network, and what is left of them.
struct Matrices {
    whole: Grid,
    left: Grid,
    /// The ends of the color map of both.
    range: (f64, f64),
    /// The Frobenius norm of what is left, divided by that of the outputs.
    left_norm: f64,
}

impl Matrices {
    fn new(factors: &Factors, directions: usize) -> Self {
        let grid = |values| Grid { rows: factors.rows, cols: factors.cols, values: Rc::new(values) };
        let norm = |grid: &Grid| grid.values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        let (whole, left) = (grid(factors.without(0)), grid(factors.without(directions)));
        let all = norm(&whole);
        let left_norm = if all > 0.0 { norm(&left) / all } else { 0.0 };
        let range = ColorMap::Diverging.range(None, &whole.values);
        Self { whole, left, range, left_norm }
    }
}

fn output_figure(slug: &str, title: String, matrices: Option<&Matrices>, directions: u32) -> Html {
    let count = if directions == 1 {
        "its strongest direction".to_owned()
    } else {
        format!("its {directions} strongest directions")
    };
    let look_for = matrices.map_or_else(Html::default, |matrices| {
        html! { <>{ format!("Left: one row per input, one column per unit. Right: without {count}, {} of the matrix’s norm is left.", percent(matrices.left_norm)) }</> }
    });
    let grids = matrices.map(|matrices| (matrices.whole.clone(), matrices.left.clone())).unwrap_or_default();
    let table = {
        let whole = grids.0.clone();
        Callback::from(move |()| Table::from_named_grid("input ↓ unit →", &whole, &[], &[]))
    };
    let map = |name: String, label: String, grid: Grid, color_bar: bool| {
        html! {
            <div>
                <p>{ label }</p>
                <Heatmap {name} {grid} map={ColorMap::Diverging} range={matrices.map(|matrices| matrices.range)} x_label="unit" y_label="input"
                    value_label="output" {color_bar} max_height={MATRIX_HEIGHT} empty={WAITING} />
            </div>
        }
    };
    let directions =
        if directions == 1 { "1 direction".to_owned() } else { format!("{directions} directions") };
    html! {
        <Figure name={format!("outputs-{slug}")} {title} {look_for} {table}>
            <div class="mlp-outputs">
                { map(format!("outputs of the {slug} network"), "Outputs".to_owned(), grids.0, false) }
                { map(format!("outputs of the {slug} network without {directions}"), format!("Without {directions}"), grids.1, true) }
            </div>
        </Figure>
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct CollapseProps {
    pub(super) collapse: Option<Rc<Collapse>>,
}

/// The spectra of the untrained networks.
#[component]
pub(super) fn CollapseFigures(props: &CollapseProps) -> Html {
    let collapse = props.collapse.as_deref();
    // `None`, or a layer that the network no longer has, is the output.
    let chosen = use_state(|| None::<usize>);
    let n_layers = collapse.map_or(0, |c| c.layers.len());
    let layer = chosen.filter(|&l| l < n_layers).unwrap_or(n_layers.saturating_sub(1));
    let on_change = {
        let chosen = chosen.setter();
        Callback::from(move |event: Event| {
            chosen.set(event.target_unchecked_into::<web_sys::HtmlSelectElement>().value().parse().ok());
        })
    };
    let option = |l: usize| {
        let name = if l + 1 == n_layers { "output".to_owned() } else { format!("hidden layer {}", l + 1) };
        html! { <option value={l.to_string()} selected={l == layer}>{ name }</option> }
    };
    html! {
        <>
            <label class="layer-choice" data-param="spectrum_layer">{ "Singular values of the " }
                <select onchange={on_change} disabled={n_layers == 0}>{ for (0..n_layers).map(option) }</select>
            </label>
            <div class="figure-row">
                { spectrum_figure(collapse, layer) }
                { ranks_figure(collapse) }
            </div>
        </>
    }
}

fn spectrum_figure(collapse: Option<&Collapse>, layer: usize) -> Html {
    let spectra = collapse.and_then(|c| c.layers.get(layer));
    let values =
        |s: &[f64]| Rc::new(s.iter().enumerate().map(|(i, &v)| (i as f64 + 1.0, v)).collect::<Vec<_>>());
    let series: Vec<Series> = spectra.map_or_else(Vec::new, |s| {
        vec![
            Series::new("linear", values(&s.linear.singular_values), LINEAR),
            Series::new("non-linear", values(&s.nonlinear.singular_values), NONLINEAR),
        ]
    });
    let references = spectra.map(|s| Reference { label: "tolerance".into(), y: s.linear.tolerance });
    let look_for = html! {
        <>{ "Singular values of the matrix of outputs, before training. In the linear network, only the first " }
        { crate::ui::math::math(crate::ui::math::tex!(r"\set{d_in}{d_\mathrm{in}}")) }{ " (plus one for the biases) can be above the tolerance; values below it are rounding errors. The number of values above it is the rank." }</>
    };
    html! {
        <Figure name="spectrum" {look_for} formula={text::rank_formula()} table={series_table("index", &series)}>
            <LineChart name="spectrum" x_label="index i" y_label="singular value σ" y_scale={ScaleKind::Log} {series}
                references={references.into_iter().collect::<Vec<_>>()} markers={true} integer_x={true}
                empty={WAITING} />
        </Figure>
    }
}

fn ranks_figure(collapse: Option<&Collapse>) -> Html {
    let series = collapse.map_or_else(Vec::new, layer_ranks);
    let look_for = html! {
        <>{ "Dashed: the rank. Linear layers add at most one direction, that of the biases; a non-linearity can raise the rank up to the full width. Solid: the effective rank, which counts directions weighted by their singular values (Roy and Vetterli 2007). It equals the rank only if all singular values above 0 are equal." }</>
    };
    html! {
        <Figure name="layer-ranks" {look_for} formula={text::effective_rank_formula()} table={series_table("layer", &series)}>
            <LineChart name="layer-ranks" x_label="layer (the last is the output)" y_label="rank" {series}
                markers={true} integer_x={true} empty={WAITING} />
        </Figure>
    }
}

fn layer_ranks(collapse: &Collapse) -> Vec<Series> {
    let of = |value: &dyn Fn(&LayerSpectra) -> f64| {
        let points = collapse.layers.iter().enumerate().map(|(l, layer)| (l as f64 + 1.0, value(layer)));
        Rc::new(points.collect::<Vec<_>>())
    };
    let mut numerical_linear = Series::new("rank, linear", of(&|l| l.linear.rank.into()), LINEAR);
    let mut numerical_nonlinear =
        Series::new("rank, non-linear", of(&|l| l.nonlinear.rank.into()), NONLINEAR);
    numerical_linear.dashed = true;
    numerical_nonlinear.dashed = true;
    vec![
        numerical_linear,
        Series::new("effective, linear", of(&|l| l.linear.effective_rank), LINEAR),
        numerical_nonlinear,
        Series::new("effective, non-linear", of(&|l| l.nonlinear.effective_rank), NONLINEAR),
    ]
}
