//! The panel of section 3.

mod drawing;
mod figures;
mod text;

use super::{Config, Flow, ResNet, Structure};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::files::Cifar10Box;
use crate::panel::{PanelProps, PtrEq, Readouts, controls, frame, use_settings};
use drawing::Drawing;
use figures::{FlowFigures, TrainFigures};
use std::rc::Rc;
use yew::prelude::*;

/// Section 3: shortcuts, depth and gradients.
#[component]
pub fn ResNetPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config = &settings.config;
    let lab = use_experiment::<ResNet>(config, settings.options);
    let control_groups = html! {
        <>
            { controls(&settings, "Nets", keys![Config; depth, block, width, batch_norm, init, seed]) }
            { controls(&settings, "Data", keys![Config; dataset, side, augment]) }
            <Cifar10Box />
            { controls(&settings, "Training", keys![Config; optimizer, learning_rate, batch_size, steps]) }
            { controls(&settings, "Gradient figures", keys![Config; n_seeds]) }
        </>
    };
    let record = &lab.record;
    let figures = html! {
        <>
            <Readouts names="loss_plain loss_residual accuracy_plain accuracy_residual" />
            <TrainFigures config={config.clone()} record={PtrEq(record.clone())} />
            <FlowSection config={config.clone()} flow={record.flow.clone()} />
            <StructureSection config={config.clone()} structure={record.structure.clone()} />
        </>
    };
    frame(
        &lab,
        &settings,
        "What shortcuts do for deep networks",
        text::introduction(),
        control_groups,
        figures,
    )
}

#[derive(PartialEq, Properties)]
struct FlowProps {
    config: Config,
    flow: Option<Rc<Flow>>,
}

/// One backward pass through untrained nets. It is given the probe alone, so that the frames of a run leave it as it is.
#[component]
fn FlowSection(props: &FlowProps) -> Html {
    html! {
        <>
            <h3>{ "Gradient flow: how much comes back to the first blocks?" }</h3>
            <Readouts names="grad_first_plain grad_last_plain decay_plain" />
            <Readouts names="grad_first_residual grad_last_residual decay_residual" />
            <FlowFigures config={props.config.clone()} flow={props.flow.clone()} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct StructureProps {
    config: Config,
    structure: Option<Rc<Structure>>,
}

/// The nets as they are built.
#[component]
fn StructureSection(props: &StructureProps) -> Html {
    html! {
        <>
            <h3>{ "Build: what the nets are made of" }</h3>
            <Readouts names="params_plain params_residual params_formula depth_built" />
            <Drawing config={props.config.clone()} structure={props.structure.clone()} />
        </>
    }
}
