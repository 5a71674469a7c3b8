//! The panel of section 5.

mod code;
mod cost;
mod cover;
mod figures;
mod heads;
mod learning;
mod order;
mod query;
mod roles;
mod task;
mod text;

pub use cover::cover;

use super::{Attention, Config, Heads, Maps, MaskChoice, Task, head_dim};
use crate::client::use_experiment;
use crate::keys;
use crate::panel::{ChapterBody, Hint, Page, PanelProps, PtrEq, Readouts, controls, frame, use_settings};
use cost::CostStage;
use figures::{HeadFigures, MapFigures, SweepFigures, SweepStage};
use heads::{HeadsAccuracy, HeadsStage};
use learning::{LearningFigures, LearningStage};
use order::OrderFigure;
use roles::{CrossFigure, RolesStage};
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
    let run = || PtrEq(record.clone());
    let config = || config.clone();
    let body = |chapter: &str| {
        let body = ChapterBody { lead: text::lead_of(chapter), ..ChapterBody::default() };
        match chapter {
            "weights" => ChapterBody {
                stage: query::query_figure(&config(), record, lab.state.is_active()),
                keys: keys![Config; d_k, n_tokens, mask],
                aside: html! { <p class="side-note">{ "The settings apply to the maps below and to the network. In the figure, each number is a field." }</p> },
                hint: Some(Hint {
                    words: "Switch off the division, and see which weight grows.",
                    experiment: "entropy-512",
                }),
                below: html! { <WeightsChapter config={config()} maps={record.maps.clone()} /> },
                ..body
            },
            "saturation" => ChapterBody {
                stage: html! { <SweepStage config={config()} sweep={record.sweep.clone()} /> },
                keys: keys![Config; d_k, sigma, n_keys, n_seeds],
                hint: Some(Hint { words: "Raise d_k to 512.", experiment: "entropy-512" }),
                below: html! {
                    <>
                        { text::saturation() }
                        <Readouts />
                        <SweepFigures config={config()} sweep={record.sweep.clone()} />
                    </>
                },
                ..body
            },
            "heads" => ChapterBody {
                stage: html! { <HeadsStage config={config()} record={run()} /> },
                keys: keys![Config; n_heads, d_k, steps],
                aside: task::set_up(&config(), Task::TwoLookUps, &settings.set),
                hint: Some(Hint { words: "Train both networks.", experiment: "two-look-ups-one-head" }),
                below: html! {
                    <>
                        <Readouts />
                        { text::why_heads(&config()) }
                        <HeadsAccuracy config={config()} record={run()} />
                        <HeadsChapter config={config()} heads={record.heads.clone()} />
                    </>
                },
                ..body
            },
            "roles" => ChapterBody {
                stage: html! { <RolesStage config={config()} roles={record.roles.clone()} /> },
                keys: keys![Config; d_k, d_model, sigma, n_tokens, seed],
                below: html! {
                    <>
                        <Readouts />
                        { text::roles() }
                        <CrossFigure />
                    </>
                },
                ..body
            },
            "permutation" => ChapterBody { stage: html! { <OrderFigure /> }, below: text::order(), ..body },
            "cost" => ChapterBody {
                stage: html! { <CostStage config={config()} cost={record.cost.clone()} /> },
                keys: keys![Config; d_model, n_heads],
                below: text::cost(&config()),
                ..body
            },
            "look-up" => ChapterBody {
                stage: html! { <LearningStage config={config()} record={run()} /> },
                keys: keys![Config; d_k, sigma, optimizer, learning_rate, steps],
                aside: task::set_up(&config(), Task::LookUp, &settings.set),
                hint: Some(Hint { words: "Raise d_k to 256 and train.", experiment: "unscaled-learns" }),
                below: html! {
                    <>
                        <Readouts />
                        <LearningFigures config={config()} record={run()} />
                    </>
                },
                ..body
            },
            "code" => ChapterBody {
                lead: code::code_lead(),
                stage: code::code_parts(&config()),
                keys: keys![Config; task, mask, n_heads, optimizer],
                ..body
            },
            _ => body,
        }
    };
    let page = Page {
        settings: vec![
            controls("Queries and keys", mask_keys),
            controls("Model", keys![Config; n_heads, d_model]),
            controls("Sweep over d_k", keys![Config; n_keys, n_seeds]),
            controls(
                "Training",
                keys![Config; task, optimizer, learning_rate, batch_size, shards, steps, seed],
            ),
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
            { text::one_head(&props.config) }
            <MapFigures config={props.config.clone()} maps={props.maps.clone()} />
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
            <h2>{ "The stages of multi-head attention" }</h2>
            { text::multi_head(config) }
            <Readouts row={1} />
            <HeadFigures config={config.clone()} heads={props.heads.clone().filter(|_| divisible)} />
        </>
    }
}
