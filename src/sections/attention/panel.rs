//! The panel of section 5.

mod figures;
mod learning;
mod text;

use super::{Attention, Config, Heads, Maps, MaskChoice, Sweep, head_dim};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::{PanelProps, PtrEq, Readouts, controls, frame, use_settings};
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
    let record = &lab.record;
    let figures = html! {
        <>
            <Readouts names="loss_scaled loss_unscaled steps_scaled steps_unscaled" />
            <Weights config={config.clone()} maps={record.maps.clone()} />
            <Saturation config={config.clone()} sweep={record.sweep.clone()} />
            <MultiHead config={config.clone()} heads={record.heads.clone()} />
            <h3>{ "It learns: one attention layer looks things up" }</h3>
            { text::task() }
            <LearningFigures config={config.clone()} record={PtrEq(record.clone())} />
            { text::what_the_scale_changes() }
        </>
    };
    frame(&lab, &settings, "Attention, and why it is scaled", text::introduction(), control_groups, figures)
}

#[derive(PartialEq, Properties)]
struct WeightsProps {
    config: Config,
    maps: Option<Rc<Maps>>,
}

/// One head's weights; given the probe alone, so that the frames of a run leave it as it is.
#[component]
fn Weights(props: &WeightsProps) -> Html {
    html! {
        <>
            <h3>{ "One head: from scores to weights" }</h3>
            { text::one_head(&props.config) }
            <MapFigures config={props.config.clone()} maps={props.maps.clone()} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct SaturationProps {
    config: Config,
    sweep: Option<Rc<Sweep>>,
}

/// What becomes of the softmax as d_k grows.
#[component]
fn Saturation(props: &SaturationProps) -> Html {
    let config = &props.config;
    html! {
        <>
            <h3>{ "Saturation: why the scores are divided by the square root of d_k" }</h3>
            { text::saturation() }
            <Readouts names="entropy_scaled entropy_unscaled entropy_uniform entropy_drop" />
            <SweepFigures config={config.clone()} sweep={props.sweep.clone()} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct MultiHeadProps {
    config: Config,
    heads: Option<Rc<Heads>>,
}

/// Multi-head attention, stage by stage.
#[component]
fn MultiHead(props: &MultiHeadProps) -> Html {
    let config = &props.config;
    // What was measured belongs to the settings before, until the worker has answered.
    let divisible = head_dim(config).is_some();
    html! {
        <>
            <h3>{ "Multi-head attention: several small heads side by side" }</h3>
            { text::multi_head(config) }
            <Readouts names="params_formula params_counted max_abs_err_mha" />
            <HeadFigures config={config.clone()} heads={props.heads.clone().filter(|_| divisible)} />
        </>
    }
}
