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
            controls: vec![
                controls("Line", keys![Config; slope]),
                controls("Training", keys![Config; learning_rate, batch_size, steps, seed]),
            ],
            figures: html! {
                <CurveFigure name="loss" lines={LOSS} y_label="mean squared error"
                    look_for={html! { "The training loss of each mini-batch." }} x_max={Some(f64::from(config.steps))} />
            },
        },
        _ => ChapterBody::default(),
    };
    let page = Page {
        title: "SECTION_TITLE",
        introduction: html! { <p class="lead">{ "One weight learns the slope of a line." }</p> },
        notice: Html::default(),
    };
    frame(&lab, &settings, page, body)
}
