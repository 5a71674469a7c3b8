//! The panel of section 2.

mod budget;
mod code;
mod counts;
mod cover;
mod data;
mod images;
mod inside;
mod kernel;
mod net_table;
mod networks;
mod own;
mod pooling;
mod receptive;
mod shapes;
mod shift;
mod text;
mod training;

use crate::client::use_experiment;
use crate::keys;
use crate::panel::files::Cifar10Box;
use crate::panel::{
    ChapterBody, Hint, Page, PanelProps, PictureImport, PtrEq, Readouts, choose_own, controls,
    controls_without, frame, own_link, own_text, use_settings,
};
use crate::run::Experiment;
use crate::sections::cnn::{CONV, Cnn, Config, Dataset};
use budget::{Budget, BudgetReadouts};
use counts::Counts;
pub use cover::cover;
use data::Data;
use inside::Inside;
use kernel::Kernel;
use net_table::NetTable;
use networks::Networks;
use own::Own;
use pooling::{Pooled, PooledProps, ShiftChanges};
use receptive::{Profile, Receptive};
use shapes::{Drawing, Known};
use shift::Shifted;
use training::{Confusions, MisclassifiedFigures, TrainFigures};
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
    let data = || controls_without("Data", keys![Config; dataset, data, n_train, n_test, crop, flip], absent);
    let training = || {
        controls("Training", keys![Config; compare, width, learning_rate, batch_size, shards, epochs, seed])
    };
    let samples = record.samples_of(config).cloned().map(PtrEq);
    let shown = PtrEq(record.clone());
    let image = config.image;
    let views = || [0, 1].map(|arm| record.inspection(arm, image).cloned().map(PtrEq));
    let body = |chapter: &'static str| {
        let body = match chapter {
            "shift" => ChapterBody {
                stage: html! {
                    <Shifted config={config.clone()} samples={samples.clone()} untrained={record.untrained[CONV].clone().map(PtrEq)} set={settings.set.clone()} />
                },
                keys: keys![Config; dataset, image, seed],
                hint: Some(Hint {
                    words: "Imagine images of 64 × 64 pixels.",
                    experiment: "dense-parameters",
                }),
                below: html! { <><Readouts />{ text::equivariance() }</> },
                ..ChapterBody::default()
            },
            "products" => ChapterBody {
                stage: html! {
                    <Kernel samples={samples.clone()} views={views()} {image} set={settings.set.clone()} />
                },
                keys: keys![Config; dataset, image, width, seed],
                ..ChapterBody::default()
            },
            "shape" => ChapterBody {
                stage: html! { <Drawing shape={config.shape()} /> },
                keys: keys![Config; size, kernel, stride, padding, dilation],
                hint: Some(Hint {
                    words: "Move a larger kernel in larger steps.",
                    experiment: "stride-and-padding",
                }),
                below: html! { <><Readouts /><Known known={record.known.clone()} /></> },
                ..ChapterBody::default()
            },
            "receptive" => ChapterBody {
                stage: html! {
                    <Receptive config={config.clone()} samples={samples.clone()} />
                },
                keys: keys![Config; rf_layers, rf_kernel, rf_stride, rf_dilation, rf_pool],
                hint: Some(Hint { words: "Switch pooling on.", experiment: "pooling-and-reach" }),
                below: html! { <Profile config={config.clone()} /> },
                ..ChapterBody::default()
            },
            "pooling" => {
                let [view, _] = views();
                let props = yew::props!(PooledProps {
                    config: config.clone(),
                    samples: samples.clone(),
                    view,
                    set: settings.set.clone(),
                });
                ChapterBody {
                    stage: html! { <Pooled ..props.clone() /> },
                    keys: keys![Config; pool_size, pool_stride, image],
                    hint: Some(Hint { words: "Shift the map by one pixel.", experiment: "one-pixel" }),
                    below: html! { <ShiftChanges ..props /> },
                    ..ChapterBody::default()
                }
            }
            "separable" => ChapterBody {
                stage: html! { <Budget config={config.clone()} /> },
                keys: keys![Config; compare, width, block_kernel, c_in, c_out],
                hint: Some(Hint {
                    words: "One layer of the kind that is common in such networks:",
                    experiment: "separable-savings",
                }),
                below: html! {
                    <>
                        <BudgetReadouts />
                        <NetTable record={shown.clone()} />
                        <Counts config={config.clone()} blocks={record.blocks} />
                    </>
                },
                ..ChapterBody::default()
            },
            "training" => ChapterBody {
                stage: html! {
                    <>
                        <Networks config={config.clone()} samples={samples.clone()} views={views()} />
                        <TrainFigures config={config.clone()} record={shown.clone()} />
                    </>
                },
                keys: keys![Config; compare, n_train, width, learning_rate, epochs],
                hint: Some(Hint {
                    words: "Give both networks the same number of parameters.",
                    experiment: "equal-budget",
                }),
                below: html! {
                    <>
                        { text::networks() }
                        <Readouts />
                        <Confusions config={config.clone()} record={shown.clone()} />
                        <MisclassifiedFigures config={config.clone()} record={shown.clone()} />
                        <Data samples={samples.clone()} />
                    </>
                },
                ..ChapterBody::default()
            },
            "features" => ChapterBody {
                stage: html! { <Inside samples={samples.clone()} views={views()} {image} set={settings.set.clone()} /> },
                keys: keys![Config; dataset, width, learning_rate, seed],
                ..ChapterBody::default()
            },
            "own" => ChapterBody {
                stage: html! { <Own config={config.clone()} record={shown.clone()} /> },
                keys: keys![Config; dataset, epochs, batch_size, crop, flip],
                hint: Some(Hint { words: "Train on forty pictures only.", experiment: "few-pictures" }),
                below: html! {
                    <>
                        <Readouts />
                        <PictureImport data={AttrValue::from(config.data.clone())} on_data={choose_own(&settings, for_few(config))} />
                        { own_text() }
                    </>
                },
                ..ChapterBody::default()
            },
            "code" => ChapterBody {
                stage: code::code_parts(config),
                keys: keys![Config; width, dataset, crop, flip],
                ..ChapterBody::default()
            },
            _ => ChapterBody::default(),
        };
        ChapterBody { lead: text::lead_of(chapter), ..body }
    };
    let page = Page {
        settings: vec![
            training(),
            data(),
            html! { <Cifar10Box /> }.into(),
            controls("Convolution", keys![Config; size, kernel, stride, padding, dilation]),
            controls("Block", keys![Config; c_in, c_out, block_kernel]),
            controls("Stack of layers", keys![Config; rf_layers, rf_kernel, rf_stride, rf_dilation, rf_pool]),
            controls("Pooling", keys![Config; pool_size, pool_stride]),
            controls("Test image", keys![Config; image]),
        ],
        notice: own_link(&settings, Cnn::SLUG, config.dataset == Dataset::Own),
    };
    frame(&lab, &settings, page, body)
}

/// Returns the settings that suit a few dozen pictures: the defaults would end after a dozen steps. Settings that were changed
/// stay.
fn for_few(config: &Config) -> &'static [(&'static str, u32)] {
    let defaults = Config::default();
    let is_default = (config.epochs, config.batch_size) == (defaults.epochs, defaults.batch_size);
    if is_default { &[("epochs", 40), ("batch_size", 8)] } else { &[] }
}
