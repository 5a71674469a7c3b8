//! The panel of section 2.

mod counts;
mod data;
mod inside;
mod kernel;
mod net_table;
mod shapes;
mod text;
mod training;

use crate::client::use_experiment;
use crate::keys;
use crate::panel::files::Cifar10Box;
use crate::panel::{
    ChapterBody, Page, PanelProps, PtrEq, Readouts, controls, controls_without, frame, use_settings,
};
use crate::sections::cnn::{Cnn, Config};
use counts::Counts;
use data::Data;
use inside::Inside;
use kernel::Kernel;
use net_table::NetTable;
use shapes::Shapes;
use training::{MisclassifiedFigures, TrainFigures};
use yew::prelude::*;

/// Section 2: convolutions, and depthwise separable ones.
#[component]
pub fn CnnPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<Cnn>(&settings.run_config, settings.options);
    let record = &lab.record;
    // A data set without files is not offered; the box below the menu explains how to add them.
    let absent: &'static [&'static str] = if record.cifar10 { &[] } else { &["cifar10"] };
    let data = || controls_without("Data", keys![Config; dataset, n_train, n_test, crop, flip], absent);
    let training = || controls("Training", keys![Config; width, learning_rate, batch_size, epochs, seed]);
    let samples = record.samples.clone().map(PtrEq);
    let shown = PtrEq(record.clone());
    let body = |chapter: &str| match chapter {
        "training" => ChapterBody {
            lead: text::introduction(),
            stage: html! {
                <>
                    <Readouts />
                    <TrainFigures config={config.clone()} record={shown.clone()} />
                    <Data samples={samples.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "separable" => ChapterBody {
            stage: html! { <><Counts config={config.clone()} blocks={record.blocks} /><NetTable record={shown.clone()} /></> },
            ..ChapterBody::default()
        },
        "features" => {
            let views = record.arms.each_ref().map(|net| net.maps.at(config.image).cloned().map(PtrEq));
            ChapterBody {
                stage: html! {
                    <>
                        <Inside samples={samples.clone()} {views} image={config.image} set={settings.set.clone()} />
                        <MisclassifiedFigures config={config.clone()} record={shown.clone()} />
                    </>
                },
                ..ChapterBody::default()
            }
        }
        "shape" => ChapterBody {
            stage: html! {
                <Shapes shape={config.shape()} known={record.known.clone()} />
            },
            ..ChapterBody::default()
        },
        "products" => ChapterBody {
            stage: html! {
                <Kernel samples={samples.clone()} views={[0, 1].map(|arm| record.inspection(arm, config.image).cloned().map(PtrEq))}
                    image={config.image} set={settings.set.clone()} />
            },
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let page = Page {
        settings: vec![
            training(),
            data(),
            html! { <Cifar10Box /> }.into(),
            controls("Convolution", keys![Config; size, kernel, stride, padding, dilation]),
            controls("Block", keys![Config; c_in, c_out, block_kernel]),
            controls("Test image", keys![Config; image]),
        ],
        ..Page::default()
    };
    frame(&lab, &settings, page, body)
}
