//! The panel of section 3.

mod drawing;
mod figures;
mod text;

use super::{
    Config, Decay, Flow, NetFlow, PLAIN, RESIDUAL, Record, ResNet, Structure, decay, params_formula,
};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::files::Cifar10Box;
use crate::panel::{PanelProps, PtrEq, controls, frame, provenance, use_settings};
use crate::run::Experiment;
use crate::ui::readout::Readout;
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
    let provenance = provenance(ResNet::SLUG, config);
    let record = &lab.record;
    let figures = html! {
        <>
            <Scores record={PtrEq(record.clone())} />
            <TrainFigures config={config.clone()} record={PtrEq(record.clone())} provenance={provenance.clone()} />
            <FlowSection config={config.clone()} flow={record.flow.clone()} provenance={provenance.clone()} />
            <StructureSection config={config.clone()} structure={record.structure.clone()} {provenance} />
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
struct ScoresProps {
    record: PtrEq<Record>,
}

/// How the run goes, in numbers that a reader may quote.
#[component]
fn Scores(props: &ScoresProps) -> Html {
    let record = &*props.record.0;
    let (plain, residual) = (&record.arms[PLAIN], &record.arms[RESIDUAL]);
    html! {
        <div class="readouts">
            <Readout metric="loss_plain" label="Loss, plain" value={plain.losses.recent_mean(20)} unit="nats" note="mean of 20 steps" />
            <Readout metric="loss_residual" label="Loss, residual" value={residual.losses.recent_mean(20)} unit="nats" note="mean of 20 steps" />
            <Readout metric="accuracy_plain" label="Test accuracy, plain" value={plain.accuracy.last_y()} note="a guess: 0.1" />
            <Readout metric="accuracy_residual" label="Test accuracy, residual" value={residual.accuracy.last_y()} note="a guess: 0.1" />
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct FlowProps {
    config: Config,
    flow: Option<Rc<Flow>>,
    provenance: AttrValue,
}

/// One backward pass through untrained nets. It is given the probe alone, so that the frames of a run leave it as it is.
#[component]
fn FlowSection(props: &FlowProps) -> Html {
    let of = |nets: fn(&Flow) -> &[NetFlow]| -> Option<Decay> {
        props.flow.as_ref().and_then(|flow| decay(nets(flow), |net| &net.weights))
    };
    let (plain, residual) = (of(|flow| &flow.plain), of(|flow| &flow.residual));
    html! {
        <>
            <h3>{ "Gradient flow: how much comes back to the first blocks?" }</h3>
            <div class="readouts">
                <Readout metric="grad_first_plain" label="First block, plain" value={plain.map(|d| d.first)} note="gradient norm" />
                <Readout metric="grad_last_plain" label="Last block, plain" value={plain.map(|d| d.last)} note="gradient norm" />
                <Readout metric="decay_plain" label="Factor per block, plain" value={plain.map(|d| d.per_block)} note="towards the input" />
            </div>
            <div class="readouts">
                <Readout metric="grad_first_residual" label="First block, residual" value={residual.map(|d| d.first)} note="gradient norm" />
                <Readout metric="grad_last_residual" label="Last block, residual" value={residual.map(|d| d.last)} note="gradient norm" />
                <Readout metric="decay_residual" label="Factor per block, residual" value={residual.map(|d| d.per_block)} note="towards the input" />
            </div>
            <FlowFigures config={props.config.clone()} flow={props.flow.clone()} provenance={props.provenance.clone()} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct StructureProps {
    config: Config,
    structure: Option<Rc<Structure>>,
    provenance: AttrValue,
}

/// The nets as they are built.
#[component]
fn StructureSection(props: &StructureProps) -> Html {
    let (config, structure) = (&props.config, props.structure.as_ref());
    let formula = |shortcuts| Some(params_formula(config, shortcuts) as f64);
    html! {
        <>
            <h3>{ "Build: what the nets are made of" }</h3>
            <div class="readouts">
                <Readout metric="params_plain" label="Parameters, plain" value={structure.map(|s| s.params_plain.into())} digits={9} note="counted in the module" />
                <Readout metric="params_residual" label="Parameters, residual" value={structure.map(|s| s.params_residual.into())} digits={9} note="counted in the module" />
                <Readout metric="params_formula" label="By the formula, residual" value={formula(true)} digits={9} note="closed form" />
                <Readout metric="depth_built" label="Layers with weights" value={Some(f64::from(config.depth_built()))} note="projections aside" />
            </div>
            <Drawing config={config.clone()} structure={props.structure.clone()} provenance={props.provenance.clone()} />
        </>
    }
}
