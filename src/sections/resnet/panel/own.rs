//! The user's own pictures: the answers of both networks, and the accuracies on training and held-out pictures.

use super::answers::{missing, photographs};
use crate::panel::{HeldOut, Overfitting, PtrEq};
use crate::run::Experiment;
use crate::sections::resnet::{Config, PLAIN, RESIDUAL, Record, ResNet};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct OwnProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// Both figures of the chapter.
#[component]
pub(super) fn Own(props: &OwnProps) -> Html {
    let OwnProps { config, record: PtrEq(record) } = props;
    let samples = record.samples_of(config).cloned();
    let pictures = use_memo(samples.clone().map(PtrEq), |samples| {
        samples
            .as_ref()
            .map_or_else(Vec::new, |samples| photographs(samples.0.info.dataset, &samples.0.held_out))
    });
    let (side, labels) =
        samples.as_ref().map_or((1, Vec::new()), |s| (s.held_out.side as usize, s.held_out.labels.clone()));
    let names = samples.as_ref().map(|samples| samples.info.class_names.clone()).unwrap_or_default();
    let title = |arm: usize| ResNet::ARMS.get(arm).map_or("", |arm| arm.title);
    html! {
        <div class="figure-row held-out-row">
            <HeldOut {side} {pictures} {labels} {names} nets={[PLAIN, RESIDUAL].map(title)}
                answers={[PLAIN, RESIDUAL].map(|arm| record.held_out_answers(arm))} empty={missing(config)} />
            <Overfitting x_label="step" x_per={1.0} x_max={f64::from(config.steps)} chance={record.chance(config)} />
        </div>
    }
}
