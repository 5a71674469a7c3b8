//! The panel of section 1.

mod figures;
mod text;

use super::{ACTIVATED, Collapse, Config, Dataset, LINEAR, Mlp, Record, chance, params_formula, rank_bound};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::{PanelProps, PtrEq, controls, frame, provenance, use_settings};
use crate::run::Experiment;
use crate::ui::readout::Readout;
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
    let provenance = provenance(Mlp::SLUG, config);
    let figures = html! {
        <>
            <Scores config={config.clone()} record={PtrEq(lab.record.clone())} />
            <TrainFigures config={config.clone()} record={PtrEq(lab.record.clone())} provenance={provenance.clone()} />
            <Structure config={config.clone()} params_counted={lab.record.params_counted}
                collapse={lab.record.collapse.clone()} {provenance} />
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
struct ScoresProps {
    config: Config,
    record: PtrEq<Record>,
}

/// How the run goes, in numbers that a reader may quote.
#[component]
fn Scores(props: &ScoresProps) -> Html {
    let (config, record) = (&props.config, &*props.record.0);
    let guess = AttrValue::from(format!("a guess: {}", chance(config.dataset)));
    html! {
        <div class="readouts">
            <Readout metric="loss_linear" label="Loss, linear" value={record.arms[LINEAR].losses.recent_mean(20)} unit="nats" note="mean of 20 steps" />
            <Readout metric="loss_activated" label="Loss, non-linear" value={record.arms[ACTIVATED].losses.recent_mean(20)} unit="nats" note="mean of 20 steps" />
            <Readout metric="accuracy_linear" label="Test accuracy, linear" value={record.arms[LINEAR].accuracy()} note={guess.clone()} />
            <Readout metric="accuracy_activated" label="Test accuracy, non-linear" value={record.arms[ACTIVATED].accuracy()} note={guess} />
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct StructureProps {
    config: Config,
    params_counted: Option<u32>,
    collapse: Option<Rc<Collapse>>,
    provenance: AttrValue,
}

/// What can be said of the nets before they are trained: their parameters, and the collapse of the linear one. It is
/// given the probe alone, so that the frames of a run leave it as it is.
#[component]
fn Structure(props: &StructureProps) -> Html {
    let (config, collapse) = (&props.config, props.collapse.as_ref());
    let formula = params_formula(config);
    let output = collapse.and_then(|collapse| collapse.layers.last());
    html! {
        <>
            <h3>{ "Collapse: without a non-linearity, any depth is one matrix" }</h3>
            <div class="readouts">
                <Readout metric="rank_linear" label="Rank, linear net" value={output.map(|o| o.linear.rank.into())} />
                <Readout metric="rank_activated" label="Rank, non-linear net" value={output.map(|o| o.activated.rank.into())} />
                <Readout metric="rank_bound" label="Bound, linear net" value={f64::from(rank_bound(config))} note="closed form" />
                <Readout metric="collapse_max_abs_diff" label="Linear net against one matrix"
                    value={collapse.map(|c| c.max_abs_diff)} digits={2} note="max |difference|" />
            </div>
            <CollapseFigures collapse={props.collapse.clone()} provenance={props.provenance.clone()} />
            <h3>{ "Build: how many parameters?" }</h3>
            { text::param_formula(config, formula) }
            <div class="readouts">
                <Readout metric="params_formula" label="By the formula" value={formula.total() as f64} digits={9} note="closed form" />
                <Readout metric="params_counted" label="Counted in the module" value={props.params_counted.map(f64::from)} digits={9} />
            </div>
        </>
    }
}
