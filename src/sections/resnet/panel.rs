//! The panel of section 3.

mod answers;
mod block;
mod by_hand;
mod chain;
mod code;
mod cover;
mod depth;
mod drawing;
mod gradients;
mod options;
mod own;
mod text;
mod training;

pub use cover::cover;

use crate::client::{use_batch, use_experiment};
use crate::keys;
use crate::panel::files::Cifar10Box;
use crate::panel::{
    ChapterBody, Hint, Page, PanelProps, PictureImport, PtrEq, Readouts, choose_own, controls, frame,
    own_link, own_text, use_settings,
};
use crate::run::Experiment;
use crate::sections::resnet::{Config, Dataset, Flow, PLAIN, RESIDUAL, ResNet, Structure};
use block::BlockFigure;
use by_hand::ByHandFigure;
use chain::ChainFigure;
use depth::{DepthStage, ExperimentRef, repeat};
use drawing::Drawing;
use gradients::{FlowFigures, GradientMaps};
use options::OptionsFigure;
use own::Own;
use std::rc::Rc;
use training::{TrainMore, TrainStage};
use yew::prelude::*;

/// Section 3: shortcuts, depth and gradients.
#[component]
pub fn ResNetPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<ResNet>(&settings.run_config, settings.options);
    // The runs of the chapter about depth continue while another chapter is open.
    let batch = use_batch(lab.experiment);
    let record = PtrEq(lab.record.clone());
    let paths = || [PLAIN, RESIDUAL].map(|arm| lab.record.paths(arm).cloned().map(PtrEq));
    let body = |chapter: &str| match chapter {
        "chain" => ChapterBody {
            lead: text::chain_lead(),
            stage: html! { <ChainFigure config={config.clone()} paths={paths()} /> },
            keys: keys![Config; depth, batch_norm, order],
            hint: Some(Hint {
                words: "Predict the factor per block, then measure it.",
                experiment: "vanishing-gradient",
            }),
            below: text::chain(config.order),
            ..ChapterBody::default()
        },
        "paths" => ChapterBody {
            lead: text::paths_lead(),
            stage: html! { <BlockFigure config={config.clone()} paths={paths()} /> },
            keys: keys![Config; order, shortcut, block, batch_norm, depth],
            hint: Some(Hint {
                words: "Compare both networks’ gradients.", experiment: "shortcut-gradient"
            }),
            below: text::paths(config.order),
            ..ChapterBody::default()
        },
        "degradation" => ChapterBody {
            lead: text::training_lead(),
            stage: html! { <TrainStage config={config.clone()} record={record.clone()} /> },
            keys: keys![Config; depth, batch_norm, learning_rate, steps],
            hint: Some(Hint {
                words: "Sketch the plain network’s loss first.",
                experiment: "loss-without-gradient",
            }),
            below: html! { <><Readouts /><TrainMore config={config.clone()} record={record.clone()} /></> },
            ..ChapterBody::default()
        },
        "depth" => ChapterBody {
            lead: text::depth_lead(),
            stage: html! {
                <DepthStage depths={lab.record.depths.clone().map(PtrEq)} results={PtrEq(batch.results.clone())} experiment={ExperimentRef(lab.experiment)} />
            },
            aside: repeat(&batch, lab.experiment, &settings, lab.device.as_ref(), lab.state.is_active()),
            hint: Some(Hint {
                words: "Train both networks of 56 layers yourself.",
                experiment: "degradation-56",
            }),
            below: text::depth(),
            ..ChapterBody::default()
        },
        "architecture" => ChapterBody {
            lead: text::architecture_lead(),
            stage: html! {
                <div class="architecture-stage">
                    <Drawing config={config.clone()} structure={lab.record.structure.clone()} />
                    <div>
                        <OptionsFigure config={config.clone()} set={settings.set.clone()} />
                        <ByHandFigure check={lab.record.shortcut.clone()} />
                    </div>
                </div>
            },
            keys: keys![Config; depth, block, shortcut, order, width],
            below: html! { <StructureText config={config.clone()} structure={lab.record.structure.clone()} /> },
            ..ChapterBody::default()
        },
        "gradients" => ChapterBody {
            lead: text::gradients_lead(),
            stage: html! { <FlowFigures flow={lab.record.flow.clone()} /> },
            keys: keys![Config; depth, batch_norm, init, n_seeds],
            hint: Some(Hint {
                words: "Choose He initialization at 56 layers.",
                experiment: "exploding-signal",
            }),
            below: html! {
                <>
                    <FlowText config={config.clone()} flow={lab.record.flow.clone()} />
                    <GradientMaps config={config.clone()} record={record.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "own" => ChapterBody {
            lead: text::own_lead(),
            stage: html! { <Own config={config.clone()} record={record.clone()} /> },
            keys: keys![Config; dataset, width, steps, augment, seed],
            below: html! {
                <>
                    <Readouts />
                    <PictureImport data={AttrValue::from(config.data.clone())} on_data={choose_own(&settings, &[])} />
                    { own_text() }
                </>
            },
            ..ChapterBody::default()
        },
        "code" => ChapterBody {
            lead: code::code_lead(),
            stage: code::code_parts(config),
            keys: keys![Config; order, shortcut, block, batch_norm],
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let page = Page {
        settings: vec![
            controls("Networks", keys![Config; depth, block, shortcut, order, width, batch_norm, init, seed]),
            controls("Training", keys![Config; optimizer, learning_rate, batch_size, shards, steps]),
            controls("Data", keys![Config; dataset, data, side, augment]),
            html! { <Cifar10Box /> }.into(),
            controls("Before training", keys![Config; n_seeds]),
        ],
        notice: own_link(&settings, ResNet::SLUG, config.dataset == Dataset::Own),
    };
    frame(&lab, &settings, page, body)
}

#[derive(PartialEq, Properties)]
struct FlowProps {
    config: Config,
    flow: Option<Rc<Flow>>,
}

/// The numbers and the text about untrained networks. Its only input is the probe's, so the frames of a run do
/// not render it again.
#[component]
fn FlowText(props: &FlowProps) -> Html {
    html! {
        <>
            <Readouts />
            <Readouts row={1} />
            { text::gradients(&props.config, props.flow.as_deref()) }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct StructureProps {
    config: Config,
    structure: Option<Rc<Structure>>,
}

/// The counts and the text about the networks as they were built.
#[component]
fn StructureText(props: &StructureProps) -> Html {
    html! { <><Readouts />{ text::architecture(&props.config) }</> }
}
