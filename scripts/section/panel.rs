//! The panel of this section.

use super::{Config, Section};
use crate::charts::{LineChart, ScaleKind, Series};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::{PanelProps, controls, frame, series_table, provenance, use_settings};
use crate::run::Experiment;
use crate::ui::figure::Figure;
use crate::ui::readout::Readout;
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
    let [net] = &lab.record.arms;
    let series = vec![Series::new("loss", net.losses.points(), 0)];
    let figures = html! {
        <>
            <div class="readouts">
                <Readout metric="loss_line" label="Loss" value={net.losses.last_y()} />
                <Readout metric="weight" label="Weight" value={net.weight} />
            </div>
            <Figure name="loss" title="Training loss" look_for={html! { "Training loss per mini-batch." }}
                formula={Html::default()} provenance={provenance(Section::SLUG, config)} table={series_table("step", &series)}>
                <LineChart name="loss" x_label="step" y_label="mean squared error" y_scale={ScaleKind::Log} {series}
                    x_max={Some(f64::from(config.steps))} integer_x={true}
                    empty="Press Train: the curve is measured while the weight learns." />
            </Figure>
        </>
    };
    let introduction = html! { <p>{ "One weight learns the slope of a line." }</p> };
    frame(&lab, &settings, "SECTION_TITLE", introduction, control_groups, figures)
}
