//! The panel of this section.

use super::{Config, Section};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::{CurveFigure, LOSS, PanelProps, Readouts, controls, frame, use_settings};
use yew::prelude::*;

/// One weight learns the slope of a line.
#[component]
pub fn SectionPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config = &settings.config;
    let lab = use_experiment::<Section>(config, settings.options);
    let control_groups = html! {
        <>
            { controls(&settings, "Line", keys![Config; slope]) }
            { controls(&settings, "Training", keys![Config; learning_rate, batch_size, steps, seed]) }
        </>
    };
    let figures = html! {
        <>
            <Readouts names="loss_line weight" />
            <CurveFigure name="loss" title="Training loss" lines={LOSS} y_label="mean squared error"
                look_for={html! { "Training loss per mini-batch." }} x_max={Some(f64::from(config.steps))} />
        </>
    };
    let introduction = html! { <p>{ "One weight learns the slope of a line." }</p> };
    frame(&lab, &settings, "SECTION_TITLE", introduction, control_groups, figures)
}
