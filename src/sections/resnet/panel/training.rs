//! The figures of training: loss, errors, and answers.

use super::answers::AnswersFigure;
use super::text;
use crate::charts::{ChartHeight, Reference};
use crate::panel::{ACCURACY, CurveFigure, CurveSpec, LOSS, PtrEq};
use crate::sections::resnet::{Config, Dataset, Record};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct TrainProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// The training error of both networks.
const TRAINING_ERROR: &[CurveSpec] = &[CurveSpec::new("train_error", "")];
/// The height of the two charts that are one above the other.
const HALF: f64 = 142.0;
const EMPTY: &str = "Curves appear here while the networks train.";

/// The user's own classes need not be equally frequent.
fn reference(config: &Config, own: &'static str, y: f64) -> Vec<Reference> {
    let label = if config.dataset == Dataset::Own { own } else { "chance" };
    vec![Reference { label: label.into(), y }]
}

/// Training loss and training error, next to the answers for sample images.
#[component]
pub(super) fn TrainStage(props: &TrainProps) -> Html {
    let TrainProps { config, record } = props;
    let x_max = Some(f64::from(config.steps));
    let answers = [0, 1].map(|arm| record.0.answers(arm).cloned().map(PtrEq));
    html! {
        <div class="training-stage">
            <ContextProvider<ChartHeight> context={ChartHeight(HALF)}>
                <div>
                    <CurveFigure name="loss" lines={LOSS} y_label="cross-entropy (nats)" references={reference(config, "equal probabilities", config.picture_shape().uniform_loss())} {x_max} log_above={20.0} empty={EMPTY} />
                    <CurveFigure name="train-error" lines={TRAINING_ERROR} y_label="error" references={reference(config, "largest class", 1.0 - record.0.chance(config))} {x_max}
                        y_range={Some((0.0, 1.0))} markers={true} empty={EMPTY} />
                </div>
            </ContextProvider<ChartHeight>>
            <AnswersFigure config={config.clone()} samples={record.0.samples_of(config).cloned().map(PtrEq)} {answers} />
        </div>
    }
}

/// The text about the curves, and the accuracy on held-out images.
#[component]
pub(super) fn TrainMore(props: &TrainProps) -> Html {
    let TrainProps { config, record } = props;
    let x_max = Some(f64::from(config.steps));
    html! {
        <>
            { text::training() }
            <CurveFigure name="accuracy" lines={ACCURACY} y_label="accuracy" look_for={text::accuracy(config)} references={reference(config, "largest class", record.0.chance(config))} {x_max}
                y_range={Some((0.0, 1.0))} markers={true} empty={EMPTY} />
        </>
    }
}
