//! The user's own pictures: the answers of both networks, and the accuracies on training and held-out pictures.

use super::data::rgba_images;
use crate::panel::{HeldOut, Overfitting, PtrEq};
use crate::run::Experiment;
use crate::sections::cnn::{CONV, Cnn, Config, Dataset, Record, SEPARABLE};
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
        let Some(PtrEq(samples)) = samples else { return Vec::new() };
        rgba_images(samples.info.dataset, &samples.test).collect()
    });
    let (side, labels) =
        samples.as_ref().map_or((1, Vec::new()), |s| (s.test.side as usize, s.test.labels.clone()));
    let names = samples.as_ref().map(|samples| samples.info.class_names.clone()).unwrap_or_default();
    let per_epoch = f64::from(record.steps_per_epoch().max(1));
    let title = |arm: usize| Cnn::ARMS.get(arm).map_or("", |arm| arm.title);
    html! {
        <div class="figure-row held-out-row">
            <HeldOut {side} {pictures} {labels} {names} nets={[CONV, SEPARABLE].map(title)}
                answers={[CONV, SEPARABLE].map(|arm| record.first_answers(arm))} empty={missing(config)} />
            <Overfitting x_label="epoch" x_per={per_epoch} x_max={f64::from(config.epochs)} chance={record.chance(config)} />
        </div>
    }
}

fn missing(config: &Config) -> &'static str {
    match config.dataset {
        Dataset::Own if config.data.is_empty() => "Add pictures below, at least four of two classes.",
        Dataset::Own => "Loading your pictures…",
        Dataset::FashionMnist | Dataset::Cifar10 => "Loading the images…",
    }
}
