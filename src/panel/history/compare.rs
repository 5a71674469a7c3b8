//! Several runs over the same axes.

use crate::charts::{LineChart, ScaleKind, Series};
use crate::core::curve::RunSeries;
use crate::panel::series_table;
use crate::run::any::AnyExperiment;
use crate::saved_runs::{SavedRun, SavedSeries, format};
use crate::ui::figure::Figure;
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// The maximum number of drawn points, about the number of pixels of a chart.
const MAX_POINTS: usize = 1000;
/// The index of the present run's color. Saved runs have lower indices.
const LIVE_COLOR: usize = 7;

/// A compared run, and the index of its color.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) run: SavedRun,
    pub(super) slot: usize,
}

impl Chosen {
    /// Returns the index of its color, and true if its line is dashed: after seven runs the colors repeat.
    pub(super) fn style(slot: usize) -> (usize, bool) {
        (slot % LIVE_COLOR, slot / LIVE_COLOR % 2 == 1)
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct CompareProps {
    pub(super) section: &'static AnyExperiment,
    pub(super) runs: Vec<Chosen>,
    /// The curves of the present run, if there is one.
    pub(super) live: Option<Rc<Vec<RunSeries>>>,
    /// The number of steps of the present run.
    pub(super) planned: u32,
}

/// One curve of each chosen run, and of the present one.
#[component]
pub(super) fn Compare(props: &CompareProps) -> Html {
    let asked = use_state_eq(|| None::<String>);
    let log = use_state_eq(|| false);
    let curves = use_memo(props.runs.clone(), |runs| curves(runs));
    // If none of the chosen runs has the curve, the first one is shown.
    let metric = asked.as_ref().filter(|asked| curves.iter().any(|curve| curve.metric == **asked));
    let metric = metric.or(curves.first().map(|curve| &curve.metric)).cloned().unwrap_or_default();
    let title = curves.iter().find(|curve| curve.metric == metric).map(|curve| curve.label.clone());
    let saved = use_memo((props.runs.clone(), metric.clone()), |(runs, metric)| {
        let line = |chosen: &Chosen| {
            let series = chosen.run.record.series.iter().find(|series| series.metric == *metric)?;
            let (color, dashed) = Chosen::style(chosen.slot);
            let mut line = Series::new(chosen.run.name.clone(), series.thinned(MAX_POINTS).points, color);
            line.dashed = dashed;
            Some(line)
        };
        runs.iter().filter_map(line).collect::<Vec<_>>()
    });
    let mut series = (*saved).clone();
    let live = props.live.as_ref().and_then(|live| live.iter().find(|series| series.metric == metric));
    series.extend(live.map(|live| {
        let points = SavedSeries::from(live).thinned(MAX_POINTS).points;
        let mut line = Series::new("now", points, LIVE_COLOR);
        line.dashed = true;
        line
    }));
    let done = props.runs.iter().map(|chosen| chosen.run.record.steps.done);
    let x_max = done.chain(props.live.is_some().then_some(props.planned)).max().map(f64::from);

    let on_metric = {
        let asked = asked.setter();
        Callback::from(move |event: Event| {
            asked.set(Some(event.target_unchecked_into::<HtmlSelectElement>().value()));
        })
    };
    let on_log = {
        let log = log.setter();
        Callback::from(move |event: Event| {
            log.set(event.target_unchecked_into::<HtmlInputElement>().checked())
        })
    };
    let option = |curve: &Curve| {
        html! {
            <option value={curve.metric.clone()} selected={curve.metric == metric}>{ curve.label.clone() }</option>
        }
    };
    let provenance = |chosen: &Chosen| {
        let settings = format::settings(&props.section.schema, &chosen.run.record.config);
        format!("{}: {settings}", chosen.run.name)
    };
    let stamps: Vec<String> = props.runs.iter().map(provenance).collect();
    let provenance =
        format!("nn-lab {} · {} · {}", env!("CARGO_PKG_VERSION"), props.section.slug, stamps.join("; "));
    let label = title.unwrap_or_default();
    let look_for = html! {
        <>{ "The runs that are ticked below, over the same steps. Runs of the same seed see the same data: what differs between them comes from the settings." }</>
    };
    html! {
        <>
            <div class="compare-choices">
                <label class="layer-choice" data-param="compare_metric">{ "Curve " }
                    <select onchange={on_metric}>{ for curves.iter().map(option) }</select>
                </label>
                <label class="compare-log" data-param="compare_log">
                    <input type="checkbox" checked={*log} onchange={on_log} />{ " logarithmic" }
                </label>
            </div>
            <Figure name="compare-runs" title="Compare runs" {look_for} {provenance} table={series_table("step", &series)}>
                <LineChart name="compare-runs" x_label="step" y_label={label} {series} {x_max} integer_x={true}
                    y_scale={if *log { ScaleKind::Log } else { ScaleKind::Linear }} />
            </Figure>
        </>
    }
}

/// A curve that can be selected.
struct Curve {
    metric: String,
    /// The title with the unit.
    label: String,
}

/// Returns every curve that one of the runs has, in the order of the first that has it.
fn curves(runs: &[Chosen]) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for series in runs.iter().flat_map(|chosen| &chosen.run.record.series) {
        if curves.iter().all(|curve| curve.metric != series.metric) {
            let unit = if series.unit.is_empty() { String::new() } else { format!(" ({})", series.unit) };
            curves.push(Curve { metric: series.metric.clone(), label: format!("{}{unit}", series.title) });
        }
    }
    curves
}
