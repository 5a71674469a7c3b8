//! The panel of section 1.

mod figures;
mod text;

use super::{Collapse, Config, Dataset, Mlp, params_formula};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::{PanelProps, PtrEq, Readouts, controls, frame, use_settings};
use figures::{CollapseFigures, TrainFigures};
use std::rc::Rc;
use yew::prelude::*;

/// Section 1: depth, width and non-linearity.
#[component]
pub fn MlpPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config = &settings.config;
    let lab = use_experiment::<Mlp>(config, settings.options);
    let plane = config.dataset != Dataset::FashionMnist;
    let data_keys: &[_] =
        if plane { keys![Config; dataset, noise, seed] } else { keys![Config; dataset, seed] };
    let control_groups = html! {
        <>
            { controls(&settings, "Net", keys![Config; depth, width, activation, bias]) }
            { controls(&settings, "Data", data_keys) }
            { controls(&settings, "Training", keys![Config; optimizer, learning_rate, batch_size, steps]) }
            { controls(&settings, "Collapse figures", keys![Config; d_in, n_probe]) }
        </>
    };
    let figures = html! {
        <>
            <Readouts names="loss_linear loss_activated accuracy_linear accuracy_activated" />
            <TrainFigures config={config.clone()} record={PtrEq(lab.record.clone())} />
            <Structure config={config.clone()} collapse={lab.record.collapse.clone()} />
        </>
    };
    frame(
        &lab,
        &settings,
        "What depth and non-linearity are for",
        text::introduction(),
        control_groups,
        figures,
    )
}

#[derive(PartialEq, Properties)]
struct StructureProps {
    config: Config,
    collapse: Option<Rc<Collapse>>,
}

/// What can be said of the nets before they are trained: their parameters, and the collapse of the linear one. It is
/// given the probe alone, so that the frames of a run leave it as it is.
#[component]
fn Structure(props: &StructureProps) -> Html {
    let config = &props.config;
    html! {
        <>
            <h3>{ "Collapse: without a non-linearity, any depth is one matrix" }</h3>
            <Readouts names="rank_linear rank_activated rank_bound collapse_max_abs_diff" />
            <CollapseFigures collapse={props.collapse.clone()} />
            <h3>{ "Build: how many parameters?" }</h3>
            { text::param_formula(config, params_formula(config)) }
            <Readouts names="params_formula params_counted" />
        </>
    }
}
