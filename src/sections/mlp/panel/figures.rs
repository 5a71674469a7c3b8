//! The figures of training: predictions, loss and accuracy.

use super::plane::{Prediction, look_for};
use super::text;
use crate::charts::Reference;
use crate::panel::{CurveFigure, CurveSpec, LOSS, PtrEq};
use crate::sections::mlp::{Config, Dataset, LINEAR, NONLINEAR, Record, Samples};
use crate::ui::figure::Figure;
use images::Images;
use yew::prelude::*;

mod images;

const ACCURACIES: &[CurveSpec] = &[
    CurveSpec::new("accuracy", "test"),
    CurveSpec { dashed: true, ..CurveSpec::new("accuracy_train", "train") },
];
const ERRORS: &[CurveSpec] =
    &[CurveSpec::new("rmse", "test"), CurveSpec { dashed: true, ..CurveSpec::new("rmse_train", "train") }];
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
    let baseline = record.untrained.as_ref().and_then(|untrained| untrained.baseline);
    let (y_label, look_for, formula, reference) = match config.task().chance() {
        Some(chance) => (
            "cross-entropy (nats)",
            "Loss of each batch. At chance level it is ln 2 for two classes, and ln 10 for ten.",
            text::loss_formula(),
            Some(Reference { label: "chance".into(), y: -chance.ln() }),
        ),
        None => (
            "squared error",
            "Mean squared error of each batch. Networks predict the number in units of its standard deviation, so for a table the error of the mean is about 1.",
            text::squared_loss_formula(),
            baseline.map(|baseline| Reference { label: "mean".into(), y: baseline.constant_loss.into() }),
        ),
    };
    html! {
        <div class="figure-row">
            { prediction_figure(config, record, "linear", "Linear network", LINEAR) }
            { prediction_figure(config, record, "activated", "Non-linear network", NONLINEAR) }
            <CurveFigure name="loss" lines={LOSS} {y_label} look_for={html! { look_for }} {formula}
                references={reference.into_iter().collect::<Vec<_>>()}
                x_max={Some(f64::from(config.steps))} empty={CURVES_COME} />
        </div>
    }
}

/// The accuracy of both networks over steps, or their error if a number is predicted.
#[component]
pub(super) fn Accuracy(props: &FiguresProps) -> Html {
    let FiguresProps { config, record } = props;
    let x_max = Some(f64::from(config.steps));
    let Some(chance) = config.task().chance() else {
        let baseline = record.0.untrained.as_ref().and_then(|untrained| untrained.baseline);
        let mut references = Vec::new();
        if let Some(baseline) = baseline {
            references.push(Reference { label: "mean".into(), y: baseline.constant[1].into() });
            if let Some([_, test]) = baseline.linear_fit {
                references.push(Reference { label: "least squares".into(), y: test.into() });
            }
        }
        return html! {
            <CurveFigure name="accuracy" title={Some("Error")} lines={ERRORS} y_label="root mean squared error"
                look_for={html! { "Error on the training set (dashed) and on held-out samples, in the units of the predicted number. The lines are the held-out errors of two simple predictions: the mean of the training samples, and linear least squares." }}
                {references} {x_max} empty={CURVES_COME} />
        };
    };
    html! {
        <CurveFigure name="accuracy" lines={ACCURACIES} y_label="accuracy" y_range={Some((0.0, 1.0))}
            look_for={html! { "Accuracy on the training set (dashed) and on the test set. The difference between the two is the generalization gap." }}
            references={vec![Reference { label: "chance".into(), y: chance }]}
            {x_max} empty={CURVES_COME} />
    }
}

/// Returns a network's predictions over the plane, or for the sample images.
fn prediction_figure(config: &Config, record: &Record, slug: &str, title: &'static str, arm: usize) -> Html {
    let name = format!("boundary-{slug}");
    let samples = record.samples().map(|samples| &**samples);
    if let (Some(Samples::Images { side, pixels, labels }), Dataset::FashionMnist) = (samples, config.dataset)
    {
        return html! {
            <Images {name} title={format!("{title}: test images")} side={*side as usize} pixels={pixels.clone()}
                labels={labels.clone()} predictions={record.predictions(arm).map(|classes| (**classes).clone()).unwrap_or_default()} />
        };
    }
    let prediction = Prediction::of(record, arm);
    html! {
        <Figure name={name.clone()} {title} look_for={html! { look_for(config, samples) }} table={prediction.table()}>
            { prediction.view(name, MAP_HEIGHT, empty_words(config)) }
        </Figure>
    }
}

/// Returns the text of a map without predictions.
pub(super) fn empty_words(config: &Config) -> &'static str {
    match config.dataset {
        Dataset::Drawn | Dataset::Curve | Dataset::Own => "No data yet: see “Your own data”.",
        _ => "Loading the compute engine…",
    }
}
