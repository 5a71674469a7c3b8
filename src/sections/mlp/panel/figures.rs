//! The figures of section 1: spectra, loss, accuracy, decision boundaries, images and gradient norms.

use super::text;
use crate::charts::{ColorMap, Grid, Heatmap, LineChart, Reference, ScaleKind, Series, Table};
use crate::panel::{CurveFigure, CurveSpec, LOSS, PtrEq, series_table};
use crate::sections::mlp::{
    BOUNDARY_REACH, BOUNDARY_SIDE, Collapse, Config, LINEAR, LayerSpectra, NONLINEAR, NetRecord, Record,
    Samples, chance,
};
use crate::ui::figure::Figure;
use images::Images;
use std::rc::Rc;
use yew::prelude::*;

mod images;

const ACCURACIES: &[CurveSpec] = &[
    CurveSpec::new("accuracy", "test"),
    CurveSpec { dashed: true, ..CurveSpec::new("accuracy_train", "train") },
];

#[derive(PartialEq, Properties)]
pub(super) struct FiguresProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// Loss, accuracy, and the predictions of both networks.
#[component]
pub(super) fn TrainFigures(props: &FiguresProps) -> Html {
    let FiguresProps { config, record } = props;
    let record = &record.0;
    let x_max = Some(f64::from(config.steps));
    let chance_level = chance(config.dataset);
    let reference = |y: f64| vec![Reference { label: "chance".into(), y }];
    html! {
        <>
            <div class="figure-row">
                { prediction_figure(record, "linear", "Linear network", &record.arms[LINEAR]) }
                { prediction_figure(record, "activated", "Non-linear network", &record.arms[NONLINEAR]) }
            </div>
            <div class="figure-row">
                <CurveFigure name="loss" lines={LOSS} y_label="cross-entropy (nats)"
                    look_for={html! { "Training loss per mini-batch. On spirals the linear network hardly improves on chance." }}
                    formula={text::loss_formula()} references={reference(-chance_level.ln())} {x_max} />
                <CurveFigure name="accuracy" lines={ACCURACIES} y_label="accuracy" y_range={Some((0.0, 1.0))}
                    look_for={html! { "Accuracy on the training set (dashed) and on the test set. The difference between the two is the generalization gap." }}
                    references={reference(chance_level)} {x_max} />
            </div>
        </>
    }
}

/// The gradient norm of every layer over steps.
#[component]
pub(super) fn GradientFigures(props: &FiguresProps) -> Html {
    let FiguresProps { config, record } = props;
    html! {
        <div class="figure-row">
            { gradient_figure(config, "linear", "Gradient norms, linear network", &record.0.arms[LINEAR]) }
            { gradient_figure(config, "activated", "Gradient norms, non-linear network", &record.0.arms[NONLINEAR]) }
        </div>
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
        <>{ "Singular values of the matrix of outputs for a random batch, before training. In the linear network, only the first " }
        { crate::ui::math::math(crate::ui::math::tex!(r"\set{d_in}{d_\mathrm{in}}")) }{ " (plus one for the biases) can be above the tolerance; values below it are rounding errors. The number of values above it is the rank." }</>
    };
    html! {
        <Figure name="spectrum" {look_for} formula={text::rank_formula()} table={series_table("index", &series)}>
            <LineChart name="spectrum" x_label="index i" y_label="singular value σ" y_scale={ScaleKind::Log} {series}
                references={references.into_iter().collect::<Vec<_>>()} markers={true} integer_x={true}
                empty="Loading the compute engine…" />
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
                markers={true} integer_x={true} empty="Loading the compute engine…" />
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

/// A network's predictions over the plane, or for the sample images.
fn prediction_figure(record: &Record, slug: &str, title: &'static str, net: &NetRecord) -> Html {
    match record.arms[LINEAR].samples.as_deref() {
        Some(Samples::Images { side, pixels, labels }) => html! {
            <Images name={format!("samples-{slug}")} title={format!("{title}: test images")} side={*side as usize} pixels={pixels.clone()}
                labels={labels.clone()} predictions={(*net.predictions).clone()} />
        },
        other => boundary_figure(other, slug, title, net),
    }
}

fn boundary_figure(samples: Option<&Samples>, slug: &str, title: &'static str, net: &NetRecord) -> Html {
    let side = BOUNDARY_SIDE;
    let known = net.boundary.len() == side * side;
    let grid = Grid {
        rows: if known { side } else { 0 },
        cols: if known { side } else { 0 },
        values: net.boundary.clone(),
    };
    let points = match samples {
        Some(Samples::Points(points)) => {
            // Some of the test points: enough to see the shape, few enough to see the boundary.
            let points = points.iter().take(200).map(|&(x, y, class)| (x.into(), y.into(), class.into()));
            Some(Rc::new(points.collect::<Vec<(f64, f64, usize)>>()))
        }
        _ => None,
    };
    let reach = f64::from(BOUNDARY_REACH);
    let range = Some((-reach, reach));
    let table_grid = grid.clone();
    let table = Callback::from(move |()| {
        Table::from_plane("x₂ ↓ x₁ →", &table_grid, (-reach, reach), (-reach, reach))
    });
    let look_for = html! { <>{ "Predicted probability of the second class at each point of the plane, with test points on top." }</> };
    html! {
        <Figure name={format!("boundary-{slug}")} title={format!("{title}: decision boundary")} {look_for} {table}>
            <Heatmap name={format!("boundary-{slug}")} {grid} map={ColorMap::Diverging} range={Some((0.0, 1.0))} x_label="x₁" y_label="x₂"
                x_range={range} y_range={range} y_up={true} value_label="P(class 2)" {points} smooth={true}
                row_names={Rc::default()} col_names={Rc::default()} empty="Press Train to see the boundary sharpen." />
        </Figure>
    }
}

fn gradient_figure(config: &Config, slug: &str, title: &'static str, net: &NetRecord) -> Html {
    let last = net.grad_norms.len();
    // At most five curves stay readable: of more layers, show the first, the middle and the last. The table
    // has all.
    let shown = [0, last / 2, last.saturating_sub(1)];
    let all: Vec<Series> = net
        .grad_norms
        .iter()
        .enumerate()
        .map(|(l, points)| Series::new(format!("layer {}", l + 1), points.points(), l))
        .collect();
    let series: Vec<Series> = all
        .iter()
        .enumerate()
        .filter(|(l, _)| last <= 5 || shown.contains(l))
        .map(|(_, s)| s.clone())
        .collect();
    let look_for = html! { <>{ "Norm of the gradient of each layer’s weights. At the start, with sigmoid and many layers, the first layers receive almost no gradient." }</> };
    html! {
        <Figure name={format!("gradients-{slug}")} {title} {look_for} formula={text::gradient_formula()}
            table={series_table("step", &all)}>
            <LineChart name={format!("gradients-{slug}")} x_label="step" y_label="gradient norm" y_scale={ScaleKind::Log} {series}
                x_max={Some(f64::from(config.steps))} integer_x={true} empty="Press Train to see the gradients." />
        </Figure>
    }
}
