//! The panel of section 5.

mod figures;
mod learning;
mod text;

use super::{
    Attention, Config, Heads, Maps, MaskChoice, Record, SCALED, Sweep, UNSCALED, entropy_uniform, head_dim,
    params_formula, steps_to_solve,
};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::{PanelProps, PtrEq, controls, frame, provenance, use_settings};
use crate::run::Experiment;
use crate::ui::readout::Readout;
use figures::{HeadFigures, MapFigures, SweepFigures};
use learning::LearningFigures;
use std::rc::Rc;
use yew::prelude::*;

/// Section 5: scaled dot-product attention.
#[component]
pub fn AttentionPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config = &settings.config;
    let lab = use_experiment::<Attention>(config, settings.options);
    let mask_keys: &[_] = match config.mask {
        MaskChoice::Padding => keys![Config; d_k, sigma, n_tokens, mask, length],
        MaskChoice::None | MaskChoice::Causal => keys![Config; d_k, sigma, n_tokens, mask],
    };
    let control_groups = html! {
        <>
            { controls(&settings, "Queries and keys", mask_keys) }
            { controls(&settings, "Sweep over d_k", keys![Config; n_keys, n_seeds]) }
            { controls(&settings, "Heads", keys![Config; d_model, n_heads]) }
            { controls(&settings, "Training", keys![Config; optimizer, learning_rate, batch_size, steps, seed]) }
        </>
    };
    let provenance = provenance(Attention::SLUG, config);
    let record = &lab.record;
    let figures = html! {
        <>
            <Scores record={PtrEq(record.clone())} />
            <Weights config={config.clone()} maps={record.maps.clone()} provenance={provenance.clone()} />
            <Saturation config={config.clone()} sweep={record.sweep.clone()} provenance={provenance.clone()} />
            <MultiHead config={config.clone()} heads={record.heads.clone()} provenance={provenance.clone()} />
            <h3>{ "It learns: one attention layer looks things up" }</h3>
            { text::task() }
            <LearningFigures config={config.clone()} record={PtrEq(record.clone())} {provenance} />
            { text::what_the_scale_changes() }
        </>
    };
    frame(&lab, &settings, "Attention, and why it is scaled", text::introduction(), control_groups, figures)
}

#[derive(PartialEq, Properties)]
struct ScoresProps {
    record: PtrEq<Record>,
}

/// How the run goes, in numbers that a reader may quote.
#[component]
fn Scores(props: &ScoresProps) -> Html {
    let record = &*props.record.0;
    let (scaled, unscaled) = (&record.arms[SCALED], &record.arms[UNSCALED]);
    let solved = |net: &crate::sections::attention::NetRecord| steps_to_solve(&net.losses).map(f64::from);
    html! {
        <div class="readouts">
            <Readout metric="loss_scaled" label="Loss, scaled" value={scaled.losses.recent_mean(10)} unit="nats" note="mean of 10 steps" />
            <Readout metric="loss_unscaled" label="Loss, unscaled" value={unscaled.losses.recent_mean(10)} unit="nats" note="mean of 10 steps" />
            <Readout metric="steps_scaled" label="Learned after, scaled" value={solved(scaled)} digits={5} unit="steps" note="loss below 0.5 nats" />
            <Readout metric="steps_unscaled" label="Learned after, unscaled" value={solved(unscaled)} digits={5} unit="steps" note="loss below 0.5 nats" />
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct WeightsProps {
    config: Config,
    maps: Option<Rc<Maps>>,
    provenance: AttrValue,
}

/// One head's weights; given the probe alone, so that the frames of a run leave it as it is.
#[component]
fn Weights(props: &WeightsProps) -> Html {
    html! {
        <>
            <h3>{ "One head: from scores to weights" }</h3>
            { text::one_head(&props.config) }
            <MapFigures config={props.config.clone()} maps={props.maps.clone()} provenance={props.provenance.clone()} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct SaturationProps {
    config: Config,
    sweep: Option<Rc<Sweep>>,
    provenance: AttrValue,
}

/// What becomes of the softmax as d_k grows.
#[component]
fn Saturation(props: &SaturationProps) -> Html {
    let (config, sweep) = (&props.config, props.sweep.as_deref());
    let here = sweep.map(|sweep| sweep.here);
    let drop = sweep.and_then(|sweep| sweep.points.first().zip(sweep.points.last()));
    let at = AttrValue::from(format!("mean at d_k = {}", config.d_k));
    html! {
        <>
            <h3>{ "Saturation: why the scores are divided by the square root of d_k" }</h3>
            { text::saturation() }
            <div class="readouts">
                <Readout metric="entropy_scaled" label="Entropy, scaled" value={here.map(|here| here.scaled.entropy.mean)} unit="nats" note={at.clone()} />
                <Readout metric="entropy_unscaled" label="Entropy, unscaled" value={here.map(|here| here.unscaled.entropy.mean)} unit="nats" note={at} />
                <Readout metric="entropy_uniform" label="Equal weights, ln n" value={entropy_uniform(config)} unit="nats" note="closed form" />
                <Readout metric="entropy_drop" label="Unscaled, lost over the sweep"
                    value={drop.map(|(first, last)| first.unscaled.entropy.mean - last.unscaled.entropy.mean)}
                    unit="nats" note="from d_k = 4 to 512" />
            </div>
            <SweepFigures config={config.clone()} sweep={props.sweep.clone()} provenance={props.provenance.clone()} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct MultiHeadProps {
    config: Config,
    heads: Option<Rc<Heads>>,
    provenance: AttrValue,
}

/// Multi-head attention, stage by stage.
#[component]
fn MultiHead(props: &MultiHeadProps) -> Html {
    let (config, heads) = (&props.config, props.heads.as_deref());
    // What was measured belongs to the settings before, until the worker has answered.
    let divisible = head_dim(config).is_some();
    let heads = heads.filter(|_| divisible);
    html! {
        <>
            <h3>{ "Multi-head attention: several small heads side by side" }</h3>
            { text::multi_head(config) }
            <div class="readouts">
                <Readout metric="params_formula" label="Parameters by the formula" value={divisible.then(|| f64::from(params_formula(config)))} digits={9} note="closed form" />
                <Readout metric="params_counted" label="Counted in the module" value={heads.map(|heads| heads.params_counted.into())} digits={9} />
                <Readout metric="max_abs_err_mha" label="Against burn's own module" value={heads.map(|heads| heads.max_abs_err)} digits={2} note="max |difference|, same weights" />
            </div>
            <HeadFigures config={config.clone()} heads={props.heads.clone().filter(|_| divisible)} provenance={props.provenance.clone()} />
        </>
    }
}
