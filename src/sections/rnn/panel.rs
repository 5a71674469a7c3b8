//! The panel of section 4.

mod cell;
mod figures;
mod text;

use super::{Alphabet, Config, Rnn};
use crate::client::use_experiment;
use crate::keys;
use crate::panel::{ChapterBody, Page, PanelProps, PtrEq, Readouts, controls, frame, use_settings};
use figures::{GradientChapter, PathFigure, TrainFigures};
use yew::prelude::*;

/// The panel of section 4: recurrent networks over long sequences.
#[component]
pub fn RnnPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<Rnn>(&settings.run_config, settings.options);
    let task_keys: &[_] = match config.alphabet {
        Alphabet::Separate => keys![Config; seq_len, n_classes, alphabet, n_distractors, seed],
        Alphabet::Shared => keys![Config; seq_len, n_classes, alphabet, seed],
    };
    let task = || controls("Task", task_keys);
    let networks = || controls("Networks", keys![Config; d_hidden, forget_bias, spectral_radius]);
    let training = || controls("Training", keys![Config; learning_rate, clip, batch_size, steps]);
    let record = PtrEq(lab.record.clone());
    let body = |chapter: &str| match chapter {
        "memory" => ChapterBody {
            lead: text::introduction(),
            stage: html! {
                <>
                    { text::why(config) }
                    <TrainFigures config={config.clone()} record={record.clone()} />
                    <Readouts />
                </>
            },
            ..ChapterBody::default()
        },
        "backpropagation" => ChapterBody {
            stage: html! {
                <>
                    { text::through_time() }
                    <Readouts />
                    <GradientChapter config={config.clone()} record={record.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "survival" => ChapterBody {
            stage: html! {
                <>
                    { text::why(config) }
                    { text::rates() }
                    <Readouts />
                    <Readouts row={1} />
                    <PathFigure config={config.clone()} untrained={lab.record.untrained.clone()} trained={lab.record.trained()} />
                </>
            },
            ..ChapterBody::default()
        },
        "architecture" => ChapterBody {
            stage: html! { <>{ cell::cell_figure(config, &lab.record) }<Build config={config.clone()} /></> },
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let page = Page { settings: vec![task(), networks(), training()], ..Page::default() };
    frame(&lab, &settings, page, body)
}

#[derive(PartialEq, Properties)]
struct BuildProps {
    config: Config,
}

/// The equations, the parameter counts, and the agreement with burn.
#[component]
fn Build(props: &BuildProps) -> Html {
    html! {
        <>
            { text::equations() }
            { text::param_formula(&props.config) }
            <Readouts />
        </>
    }
}
