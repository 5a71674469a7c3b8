//! The panel of section 1.

mod board;
mod code;
mod collapse;
mod cover;
mod figures;
mod gradients;
mod matrices;
mod network;
mod own;
mod pieces;
mod plane;
mod text;

use crate::client::use_experiment;
use crate::core::settings::Settings;
use crate::keys;
use crate::panel::{
    ChapterBody, Hint, Page, PanelProps, PtrEq, Readouts, controls, frame, is_locked, use_settings,
};
use crate::protocol::RunState;
use crate::sections::mlp::{Config, Dataset, Mlp, NONLINEAR, PlaneChoice, Request};
use collapse::{CollapseFigures, Outputs};
use figures::{Accuracy, TrainFigures};
use gradients::{GradientBars, GradientCurves};
use matrices::Matrices;
use network::Network;
use own::{OwnBoard, table_import};
use pieces::{PieceErrors, Pieces};
use yew::prelude::*;

pub use cover::cover;

/// Section 1: depth, width and non-linearity.
#[component]
pub fn MlpPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<Mlp>(&settings.run_config, settings.options);
    let record = PtrEq(lab.record.clone());
    let data_keys: &[_] = match config.dataset {
        Dataset::Spirals | Dataset::Circles | Dataset::Moons | Dataset::Xor => {
            keys![Config; dataset, noise, seed]
        }
        Dataset::Own if config.task().d_in > 2 && config.plane == PlaneChoice::Features => {
            keys![Config; dataset, points, data, plane, axis_x, axis_y, seed]
        }
        Dataset::Own if config.task().d_in > 2 => keys![Config; dataset, plane, seed],
        _ => keys![Config; dataset, seed],
    };
    let has_run = !matches!(lab.state, RunState::Idle | RunState::Error(_));
    // Settings that a lesson hides must not be editable in the drawing.
    let hidden = ["depth", "width", "hidden"].iter().any(|key| settings.assignment.hides(key));
    let locked = hidden || is_locked(&settings.assignment, Config::PARAMS, "hidden");
    let (ask, start_paused_with) = (encoded(&lab.ask), encoded(&lab.start_paused_with));
    let body = |chapter: &str| match chapter {
        "boundary" => ChapterBody {
            lead: text::introduction(),
            stage: html! { <TrainFigures config={config.clone()} record={record.clone()} /> },
            keys: keys![Config; dataset, depth, width, activation, learning_rate],
            hint: Some(Hint { words: "Train on the spirals for 600 steps.", experiment: "straight-line" }),
            below: html! {
                <>
                    { text::boundary() }
                    <Accuracy config={config.clone()} record={record.clone()} />
                    { text::initialization() }
                </>
            },
            ..ChapterBody::default()
        },
        "units" => ChapterBody {
            lead: text::units_lead(),
            stage: html! {
                <Network config={config.clone()} record={record.clone()} run={lab.run} {has_run} ask={ask.clone()} start_paused_with={start_paused_with.clone()}
                    is_past={lab.shown.is_some()} {locked} set={settings.set.clone()} />
            },
            keys: keys![Config; dataset, hidden, activation, learning_rate],
            hint: Some(Hint { words: "Enclose a disc with three lines.", experiment: "circles-three" }),
            below: html! { <>{ text::units() }<Readouts /></> },
            ..ChapterBody::default()
        },
        "width" => ChapterBody {
            lead: text::width_lead(),
            stage: html! { <Pieces target={config.target} n={config.pieces} trained={lab.record.pieces.clone()} /> },
            keys: keys![Config; pieces, target, seed],
            hint: Some(Hint { words: "Let both sums follow a steep step.", experiment: "steep-step" }),
            below: html! {
                <>
                    <Readouts />
                    { text::pieces() }
                    <PieceErrors target={config.target} n={config.pieces} trained={lab.record.pieces.clone()} />
                    { text::width() }
                </>
            },
            ..ChapterBody::default()
        },
        "collapse" => ChapterBody {
            lead: text::collapse_lead(),
            stage: html! { <Outputs collapse={lab.record.collapse.clone()} directions={config.directions} /> },
            keys: keys![Config; directions, d_in, depth, width, bias],
            hint: Some(Hint {
                words: "Send eight numbers through four hidden layers.",
                experiment: "rank-plus-one",
            }),
            below: html! {
                <>
                    { text::collapse() }
                    <Readouts />
                    <CollapseFigures collapse={lab.record.collapse.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "gradients" => ChapterBody {
            lead: text::gradients_lead(),
            stage: html! { <GradientBars record={record.clone()} /> },
            keys: keys![Config; depth, width, activation, optimizer],
            hint: Some(Hint { words: "Stack eight layers of sigmoids.", experiment: "deep-sigmoid" }),
            below: html! {
                <>
                    <Readouts />
                    { text::gradients() }
                    <GradientCurves config={config.clone()} record={record.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "parameters" => ChapterBody {
            lead: text::parameters_lead(),
            stage: html! { <Matrices config={config.clone()} net={lab.record.net(NONLINEAR).cloned().map(PtrEq)} /> },
            keys: keys![Config; dataset, depth, width, hidden, bias],
            below: html! { <><Readouts />{ text::param_formula(config) }{ text::parameters() }</> },
            ..ChapterBody::default()
        },
        "own" => ChapterBody {
            lead: text::own_lead(),
            stage: html! {
                <OwnBoard config={config.clone()} record={record.clone()} is_locked={is_locked(&settings.assignment, Config::PARAMS, "points")} set={settings.set.clone()} />
            },
            keys: keys![Config; dataset, activation, width, learning_rate, weight_decay],
            hint: Some(Hint { words: "Overfit a noisy line.", experiment: "noisy-line" }),
            below: html! { <>{ table_import(config, &settings.set) }{ text::own() }</> },
            ..ChapterBody::default()
        },
        "code" => ChapterBody {
            lead: code::code_lead(),
            stage: code::code_parts(config),
            keys: keys![Config; activation, depth, width, bias, optimizer],
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let page = Page {
        settings: vec![
            controls("Network", keys![Config; depth, width, hidden, activation, bias]),
            controls("Data", data_keys),
            controls("Training", keys![Config; optimizer, learning_rate, weight_decay, batch_size, steps]),
            controls("ReLU pieces", keys![Config; pieces, target]),
            controls("Random input", keys![Config; d_in, n_probe, directions]),
        ],
        ..Page::default()
    };
    frame(&lab, &settings, page, body)
}

fn encoded(to: &Callback<Vec<u8>>) -> Callback<Request> {
    // Serialization of plain data does not fail.
    to.reform(|request: Request| postcard::to_stdvec(&request).unwrap_or_default())
}
