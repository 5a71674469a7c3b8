//! The panel of this section.

use super::{Config, Section};
use crate::client::use_experiment;
use crate::keys;
use crate::panel::{ChapterBody, CurveFigure, LOSS, Page, PanelProps, controls, frame, use_settings};
use yew::prelude::*;

/// One weight learns the slope of a line.
#[component]
pub fn SectionPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<Section>(&settings.run_config, settings.options);
    let body = |chapter: &str| match chapter {
        "training" => ChapterBody {
            lead: html! { <p class="lead">{ "One weight learns the slope of a line." }</p> },
            stage: html! {
                <CurveFigure name="loss" lines={LOSS} y_label="mean squared error"
                    look_for={html! { "The training loss of each mini-batch." }} x_max={Some(f64::from(config.steps))} />
            },
            keys: keys![Config; slope, learning_rate, steps],
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let page = Page {
        settings: vec![
            controls("Line", keys![Config; slope]),
            controls("Training", keys![Config; learning_rate, batch_size, steps, seed]),
        ],
        ..Page::default()
    };
    frame(&lab, &settings, page, body)
}

/// The section's picture on the cover, which is drawn without a worker.
pub fn cover() -> Html {
    html! {
        <svg class="cover-picture" viewBox="0 0 240 120" aria-hidden="true">
            <line x1="20" y1="110" x2="220" y2="10" stroke="var(--series-0)" stroke-width="2" />
        </svg>
    }
}
