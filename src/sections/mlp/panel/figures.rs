//! The figures of training: predictions, loss and accuracy.

use super::text;
use crate::charts::{ColorMap, Grid, Heatmap, Reference, Table};
use crate::panel::{CurveFigure, CurveSpec, LOSS, PtrEq};
use crate::sections::mlp::{
    BOUNDARY_REACH, BOUNDARY_SIDE, Config, Dataset, LINEAR, NONLINEAR, Record, Samples, chance,
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
const CURVES_COME: &str = "Curves appear here while the networks train.";
/// The maximum height of a map of the plane on the stage, in pixels.
const MAP_HEIGHT: f64 = 256.0;

#[derive(PartialEq, Properties)]
pub(super) struct FiguresProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// The predictions of both networks, and their loss.
#[component]
pub(super) fn TrainFigures(props: &FiguresProps) -> Html {
    let FiguresProps { config, record } = props;
    let record = &record.0;
    let chance_loss = -chance(config.dataset).ln();
    html! {
        <div class="figure-row">
            { prediction_figure(config, record, "linear", "Linear network", LINEAR) }
            { prediction_figure(config, record, "activated", "Non-linear network", NONLINEAR) }
            <CurveFigure name="loss" lines={LOSS} y_label="cross-entropy (nats)"
                look_for={html! { "Loss of each batch. At chance level it is ln 2 for two classes, and ln 10 for ten." }}
                formula={text::loss_formula()} references={vec![Reference { label: "chance".into(), y: chance_loss }]}
                x_max={Some(f64::from(config.steps))} empty={CURVES_COME} />
        </div>
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct AccuracyProps {
    pub(super) config: Config,
}

/// The accuracy of both networks over steps.
#[component]
pub(super) fn Accuracy(props: &AccuracyProps) -> Html {
    let config = &props.config;
    html! {
        <CurveFigure name="accuracy" lines={ACCURACIES} y_label="accuracy" y_range={Some((0.0, 1.0))}
            look_for={html! { "Accuracy on the training set (dashed) and on the test set. The difference between the two is the generalization gap." }}
            references={vec![Reference { label: "chance".into(), y: chance(config.dataset) }]}
            x_max={Some(f64::from(config.steps))} empty={CURVES_COME} />
    }
}

/// Returns a network's predictions over the plane, or for the sample images.
fn prediction_figure(config: &Config, record: &Record, slug: &str, title: &'static str, arm: usize) -> Html {
    let samples = record.samples().map(|samples| &**samples);
    match samples {
        Some(Samples::Images { side, pixels, labels }) if config.dataset == Dataset::FashionMnist => html! {
            <Images name={format!("boundary-{slug}")} title={format!("{title}: test images")} side={*side as usize} pixels={pixels.clone()}
                labels={labels.clone()} predictions={record.predictions(arm).map(|classes| (**classes).clone()).unwrap_or_default()} />
        },
        other => boundary_figure(other, slug, title, record.boundary(arm)),
    }
}

fn boundary_figure(
    samples: Option<&Samples>,
    slug: &str,
    title: &'static str,
    boundary: Option<&Rc<Vec<f32>>>,
) -> Html {
    let side = BOUNDARY_SIDE;
    let values = boundary.filter(|values| values.len() == side * side);
    let side = if values.is_some() { side } else { 0 };
    let grid = Grid { rows: side, cols: side, values: values.cloned().unwrap_or_default() };
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
    let look_for = html! { <>{ "Circles and squares are test points of the two classes. Blue: the network predicts circles; orange: squares." }</> };
    html! {
        <Figure name={format!("boundary-{slug}")} {title} {look_for} {table}>
            <Heatmap name={format!("boundary-{slug}")} {grid} map={ColorMap::Diverging} range={Some((0.0, 1.0))} x_label="x₁" y_label="x₂"
                x_range={range} y_range={range} y_up={true} value_label="P(class 2)" {points} smooth={true} color_bar={false}
                max_height={MAP_HEIGHT} row_names={Rc::default()} col_names={Rc::default()} empty="Loading the compute engine…" />
        </Figure>
    }
}
