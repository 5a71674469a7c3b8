//! The panel of section 3.

mod block;
mod cover;
mod drawing;
mod figures;
mod text;

use crate::client::use_experiment;
use crate::keys;
use crate::panel::files::Cifar10Box;
use crate::panel::{ChapterBody, Page, PanelProps, PtrEq, Readouts, controls, frame, use_settings};
use crate::sections::resnet::{Config, Flow, ResNet, Structure};
use block::BlockFigure;
pub use cover::cover;
use drawing::Drawing;
use figures::{FlowFigures, GradientMaps, TrainFigures};
use std::rc::Rc;
use yew::prelude::*;

/// Section 3: shortcuts, depth and gradients.
#[component]
pub fn ResNetPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<ResNet>(&settings.run_config, settings.options);
    let record = PtrEq(lab.record.clone());
    let networks =
        || controls("Networks", keys![Config; depth, block, shortcut, width, batch_norm, init, seed]);
    let data = || controls("Data", keys![Config; dataset, side, augment]);
    let training = || controls("Training", keys![Config; optimizer, learning_rate, batch_size, steps]);
    let body = |chapter: &str| match chapter {
        "degradation" => ChapterBody {
            lead: text::introduction(),
            stage: html! {
                <>
                    <Readouts />
                    <TrainFigures config={config.clone()} record={record.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "gradients" => ChapterBody {
            stage: html! {
                <>
                    <FlowChapter config={config.clone()} flow={lab.record.flow.clone()} />
                    <GradientMaps config={config.clone()} record={record.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "paths" => ChapterBody {
            stage: html! {
                <BlockFigure config={config.clone()} paths={[0, 1].map(|arm| lab.record.paths(arm).cloned().map(PtrEq))} />
            },
            ..ChapterBody::default()
        },
        "architecture" => ChapterBody {
            stage: html! { <StructureChapter config={config.clone()} structure={lab.record.structure.clone()} /> },
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let page = Page {
        settings: vec![
            networks(),
            training(),
            data(),
            html! { <Cifar10Box /> }.into(),
            controls("Before training", keys![Config; n_seeds]),
        ],
        ..Page::default()
    };
    frame(&lab, &settings, page, body)
}

#[derive(PartialEq, Properties)]
struct FlowProps {
    config: Config,
    flow: Option<Rc<Flow>>,
}

/// One backward pass through untrained networks. Its only input is the probe's, so the frames of a run do not
/// render it again.
#[component]
fn FlowChapter(props: &FlowProps) -> Html {
    html! {
        <>
            <Readouts />
            <Readouts row={1} />
            <FlowFigures config={props.config.clone()} flow={props.flow.clone()} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct StructureProps {
    config: Config,
    structure: Option<Rc<Structure>>,
}

/// The networks as they were built.
#[component]
fn StructureChapter(props: &StructureProps) -> Html {
    html! {
        <>
            <Readouts />
            <Drawing config={props.config.clone()} structure={props.structure.clone()} />
        </>
    }
}
