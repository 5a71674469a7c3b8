//! The figures of gradients: the norm in every layer now, and over the run.

use super::figures::FiguresProps;
use super::text;
use crate::charts::{Bar, BarChart, LineChart, ScaleKind, Series, Table};
use crate::core::curve::Curve;
use crate::panel::{PtrEq, series_table};
use crate::sections::mlp::{Config, LINEAR, NONLINEAR, Record};
use crate::ui::figure::Figure;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct GradientBarsProps {
    pub(super) record: PtrEq<Record>,
}

/// The gradient norm of every layer of both networks: for the first batch before training, and at the latest step
/// of a run.
#[component]
pub(super) fn GradientBars(props: &GradientBarsProps) -> Html {
    let of = |arm| props.record.0.grad_norms(arm).unwrap_or_default();
    let ((step, linear), (_, nonlinear)) = (of(LINEAR), of(NONLINEAR));
    let n = linear.len().max(nonlinear.len());
    let bar = |layer: usize| Bar {
        label: layer_name(layer, n).into(),
        // A layer without a measurement has no bar.
        values: [&linear, &nonlinear].map(|norms| norms.get(layer).copied().unwrap_or(f64::NAN)).to_vec(),
    };
    let bars: Vec<Bar> = (0..n).map(bar).collect();
    let title = match step {
        0 => "Gradient norm of each layer, before training".to_owned(),
        step => format!("Gradient norm of each layer, step {step}"),
    };
    let groups: Vec<AttrValue> = vec!["linear".into(), "non-linear".into()];
    let bars = Rc::new(bars);
    let table = {
        let (groups, bars) = (groups.clone(), bars.clone());
        Callback::from(move |()| Table::from_bars("layer", &groups, &bars))
    };
    let look_for = html! { <>{ "Each bar is the norm of the gradient of one layer’s weights, on a logarithmic scale. Before training it is computed for the first batch." }</> };
    html! {
        <Figure name="gradient-bars" {title} {look_for} formula={text::gradient_formula()} {table}>
            <BarChart name="gradient-bars" x_label="layer" y_label="gradient norm" y_scale={ScaleKind::Log}
                {groups} {bars} empty="Loading the compute engine…" />
        </Figure>
    }
}

/// Returns the name of a layer, of `n` layers with weights.
fn layer_name(layer: usize, n: usize) -> String {
    if layer + 1 == n { "output".to_owned() } else { (layer + 1).to_string() }
}

/// The gradient norm of every layer over steps.
#[component]
pub(super) fn GradientCurves(props: &FiguresProps) -> Html {
    let FiguresProps { config, record } = props;
    html! {
        <div class="figure-row">
            { gradient_figure(config, "linear", "Gradient norms, linear network", &record.0, LINEAR) }
            { gradient_figure(config, "activated", "Gradient norms, non-linear network", &record.0, NONLINEAR) }
        </div>
    }
}

/// Returns the gradient norms of every layer over the run: before it, those of the untrained network as step 0.
fn norms_by_layer(record: &Record, arm: usize) -> Vec<Rc<Vec<(f64, f64)>>> {
    let of_run = record.arms.get(arm).map(|net| &net.grad_norms).filter(|norms| !norms.is_empty());
    if let Some(norms) = of_run {
        return norms.iter().map(Curve::points).collect();
    }
    let (_, norms) = record.grad_norms(arm).unwrap_or_default();
    norms.into_iter().map(|norm| Rc::new(vec![(0.0, norm)])).collect()
}

fn gradient_figure(config: &Config, slug: &str, title: &'static str, record: &Record, arm: usize) -> Html {
    let points = norms_by_layer(record, arm);
    let last = points.len();
    // At most five curves stay readable: of more layers, show the first, the middle and the last. The table
    // has all.
    let shown = [0, last / 2, last.saturating_sub(1)];
    let all: Vec<Series> = points
        .into_iter()
        .enumerate()
        .map(|(l, points)| Series::new(format!("layer {}", l + 1), points, l))
        .collect();
    let series: Vec<Series> = all
        .iter()
        .enumerate()
        .filter(|(l, _)| last <= 5 || shown.contains(l))
        .map(|(_, s)| s.clone())
        .collect();
    let look_for = html! { <>{ "Norm of the gradient of each layer’s weights over the run. Before training, only the first batch is measured." }</> };
    html! {
        <Figure name={format!("gradients-{slug}")} {title} {look_for} formula={text::gradient_formula()}
            table={series_table("step", &all)}>
            <LineChart name={format!("gradients-{slug}")} x_label="step" y_label="gradient norm" y_scale={ScaleKind::Log} {series}
                x_max={Some(f64::from(config.steps))} integer_x={true} empty="Curves appear here while the networks train." />
        </Figure>
    }
}
