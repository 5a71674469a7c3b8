//! The panel of section 5.

mod figures;
mod learning;
mod query;
mod text;

use super::{Attention, Config, Heads, Maps, MaskChoice, Sweep, head_dim};
use crate::client::use_experiment;
use crate::keys;
use crate::panel::{ChapterBody, Page, PanelProps, PtrEq, Readouts, controls, frame, use_settings};
use figures::{HeadFigures, MapFigures, SweepFigures};
use learning::LearningFigures;
use std::rc::Rc;
use yew::prelude::*;

/// The panel of section 5: scaled dot-product attention.
#[component]
pub fn AttentionPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<Attention>(&settings.run_config, settings.options);
    let mask_keys: &[_] = match config.mask {
        MaskChoice::Padding => keys![Config; d_k, sigma, n_tokens, mask, length],
        MaskChoice::None | MaskChoice::Causal => keys![Config; d_k, sigma, n_tokens, mask],
    };
    let record = &lab.record;
    let body = |chapter: &str| match chapter {
        "weights" => ChapterBody {
            lead: text::introduction(),
            stage: html! {
                <>
                    { query::query_figure(config, record, lab.state.is_active()) }
                    <WeightsChapter config={config.clone()} maps={record.maps.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "saturation" => ChapterBody {
            stage: html! { <SaturationChapter config={config.clone()} sweep={record.sweep.clone()} /> },
            ..ChapterBody::default()
        },
        "heads" => ChapterBody {
            stage: html! { <HeadsChapter config={config.clone()} heads={record.heads.clone()} /> },
            ..ChapterBody::default()
        },
        "look-up" => ChapterBody {
            stage: html! {
                <>
                    { text::task() }
                    <LearningFigures config={config.clone()} record={PtrEq(record.clone())} />
                </>
            },
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let page = Page {
        settings: vec![
            controls("Queries and keys", mask_keys),
            controls("Model", keys![Config; n_heads, d_model]),
            controls("Sweep over d_k", keys![Config; n_keys, n_seeds]),
            controls("Training", keys![Config; optimizer, learning_rate, batch_size, steps, seed]),
        ],
        ..Page::default()
    };
    frame(&lab, &settings, page, body)
}

#[derive(PartialEq, Properties)]
struct WeightsChapterProps {
    config: Config,
    maps: Option<Rc<Maps>>,
}

/// One head's weights. Its properties are measured by the probe, so frames of a run do not render it again.
#[component]
fn WeightsChapter(props: &WeightsChapterProps) -> Html {
    html! {
        <>
            { text::roles() }
            { text::one_head(&props.config) }
            <MapFigures config={props.config.clone()} maps={props.maps.clone()} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct SaturationChapterProps {
    config: Config,
    sweep: Option<Rc<Sweep>>,
}

/// The saturation of the softmax as d_k grows.
#[component]
fn SaturationChapter(props: &SaturationChapterProps) -> Html {
    let config = &props.config;
    html! {
        <>
            { text::saturation() }
            <Readouts />
            <SweepFigures config={config.clone()} sweep={props.sweep.clone()} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct HeadsChapterProps {
    config: Config,
    heads: Option<Rc<Heads>>,
}

/// Multi-head attention, stage by stage.
#[component]
fn HeadsChapter(props: &HeadsChapterProps) -> Html {
    let config = &props.config;
    // Until the worker has answered, the record belongs to the previous settings.
    let divisible = head_dim(config).is_some();
    html! {
        <>
            { text::multi_head(config) }
            <Readouts />
            <HeadFigures config={config.clone()} heads={props.heads.clone().filter(|_| divisible)} />
        </>
    }
}
