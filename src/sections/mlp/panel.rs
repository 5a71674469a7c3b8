//! The panel of section 1.

mod figures;
mod network;
mod text;

use crate::client::use_experiment;
use crate::core::settings::Settings;
use crate::keys;
use crate::panel::{
    ChapterBody, Page, PanelProps, PtrEq, Readouts, controls, frame, is_locked, use_settings,
};
use crate::protocol::RunState;
use crate::sections::mlp::{Collapse, Config, Dataset, Mlp, Request};
use figures::{CollapseFigures, GradientFigures, TrainFigures};
use network::Network;
use std::rc::Rc;
use yew::prelude::*;

/// Section 1: depth, width and non-linearity.
#[component]
pub fn MlpPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<Mlp>(&settings.run_config, settings.options);
    let record = PtrEq(lab.record.clone());
    let plane = config.dataset != Dataset::FashionMnist;
    let data_keys: &[_] =
        if plane { keys![Config; dataset, noise, seed] } else { keys![Config; dataset, seed] };
    let has_run = !matches!(lab.state, RunState::Idle | RunState::Error(_));
    // Settings that a lesson hides must not be editable in the drawing.
    let hidden = ["depth", "width", "hidden"].iter().any(|key| settings.assignment.hides(key));
    let locked = hidden || is_locked(&settings.assignment, Config::PARAMS, "hidden");
    let (ask, start_paused_with) = (encoded(&lab.ask), encoded(&lab.start_paused_with));
    let network = || controls("Network", keys![Config; depth, width, hidden, activation, bias]);
    let training = || controls("Training", keys![Config; optimizer, learning_rate, batch_size, steps]);
    let body = |chapter: &str| match chapter {
        "boundary" => ChapterBody {
            lead: text::introduction(),
            stage: html! { <TrainFigures config={config.clone()} record={record.clone()} /> },
            ..ChapterBody::default()
        },
        "collapse" => ChapterBody {
            stage: html! { <CollapseChapter collapse={lab.record.collapse.clone()} /> },
            ..ChapterBody::default()
        },
        "gradients" => ChapterBody {
            stage: html! {
                <>
                    <GradientFigures config={config.clone()} record={record.clone()} />
                    <Readouts />
                </>
            },
            ..ChapterBody::default()
        },
        "units" => ChapterBody {
            stage: html! {
                <>
                    <Network config={config.clone()} record={record.clone()} run={lab.run} {has_run} ask={ask.clone()} start_paused_with={start_paused_with.clone()}
                        is_past={lab.shown.is_some()} {locked} set={settings.set.clone()} />
                    <Readouts />
                </>
            },
            ..ChapterBody::default()
        },
        "parameters" => ChapterBody {
            stage: html! { <>{ text::layer_formula() }{ text::param_formula(config) }<Readouts /></> },
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let page = Page {
        settings: vec![
            network(),
            controls("Data", data_keys),
            training(),
            controls("Random input", keys![Config; d_in, n_probe]),
        ],
        ..Page::default()
    };
    frame(&lab, &settings, page, body)
}

fn encoded(to: &Callback<Vec<u8>>) -> Callback<Request> {
    // Serialization of plain data does not fail.
    to.reform(|request: Request| postcard::to_stdvec(&request).unwrap_or_default())
}

#[derive(PartialEq, Properties)]
struct CollapseChapterProps {
    collapse: Option<Rc<Collapse>>,
}

/// The ranks of the untrained networks. Its only input is the probe's, so the frames of a run do not render
/// it again.
#[component]
fn CollapseChapter(props: &CollapseChapterProps) -> Html {
    html! {
        <>
            { text::collapse() }
            <Readouts />
            <CollapseFigures collapse={props.collapse.clone()} />
        </>
    }
}
