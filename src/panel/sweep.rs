//! Sweeps: the section's run at many values of a setting. The sweep is part of the address; nothing here
//! depends on a section.

mod form;
pub(super) mod plan;
mod result;
mod store;

use crate::client::{Batch, BatchHandle, BatchState, RunTimes, use_batch, use_run_times};
use crate::core::schema::{Schema, Values};
use crate::core::settings::SweepPreset;
use crate::panel::background::{Background, SweepStatus};
use crate::panel::shown::panel_element;
use crate::panel::sweep::form::Form;
use crate::panel::sweep::plan::{Plan, PlanError};
use crate::panel::sweep::result::SweepResult;
use crate::panel::{PanelAction, PanelProps, PtrEq};
use crate::protocol::DeviceInfo;
use crate::run::any::{AnyConfig, AnyExperiment};
use crate::ui::readout::{MetricOutput, left_words};
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct SweepProps {
    pub(super) page: PanelProps,
    pub(super) experiment: &'static AnyExperiment,
    pub(super) config: AnyConfig,
    pub(super) seeds: u32,
    pub(super) device: Option<DeviceInfo>,
    /// True if the panel's own run is active.
    pub(super) busy: bool,
    /// True if its chapter is open. A sweep continues while it is not.
    pub(super) is_open: bool,
    /// The state of the sweep for the other parts of the panel, and the reason why it waits.
    pub(super) background: Background,
}

/// The form, the buttons and the results of a sweep.
#[component]
pub(super) fn Sweep(props: &SweepProps) -> Html {
    let SweepProps { page, experiment, config, seeds, device, busy, is_open, background } = props;
    let experiment = *experiment;
    let (slug, schema) = (experiment.slug, &experiment.schema);
    let batch = use_batch(experiment);
    let plan = use_memo((page.query.clone(), config.clone(), *seeds), |(query, config, seeds)| {
        Plan::read(experiment, query, config, *seeds)
    });
    let valid_plan = (*plan).as_ref().and_then(|plan| plan.as_ref().ok());
    // The sweep that was started. Its results stay when the settings change.
    let started = use_state(|| None::<PtrEq<Plan>>);

    // Results of the same sweep from an earlier visit.
    use_effect_with((), {
        let (started, restore) = (started.setter(), batch.restore.clone());
        let plan = valid_plan.cloned();
        move |()| {
            if let Some(plan) = plan
                && let Some(results) = store::load(slug, &plan.key())
            {
                restore.emit((plan.points.len(), results));
                started.set(Some(PtrEq(Rc::new(plan))));
            }
        }
    });
    use_effect_with((batch.results.len(), batch.state), {
        let (started, results) = (started.clone(), batch.results.clone());
        move |_| {
            if let Some(plan) = &*started
                && !results.is_empty()
            {
                store::save(slug, &plan.0.key(), &results);
            }
        }
    });
    use_effect_with(batch.state, {
        let (status, pause, resume) = (background.sweep.setter(), batch.pause.clone(), batch.resume.clone());
        move |&state| status.set(SweepStatus { state, pause, resume })
    });
    use_effect_with(batch.state, move |state| {
        if let Some(panel) = panel_element(slug) {
            // If the attribute cannot be set, the page stays as it is.
            let _ = panel.set_attribute("data-sweep", state.slug());
        }
    });

    let may_time = *is_open && device.is_some() && !*busy && !batch.state.is_active();
    let times = use_run_times(valid_plan.map(Plan::key), may_time, {
        let (plan, choice) = (valid_plan.cloned(), page.state.options.device);
        Callback::from(move |()| plan.as_ref().map(|plan| plan.timing(choice)).unwrap_or_default())
    });
    // The callback stays the same from frame to frame.
    let open = use_callback(page.dispatch.clone(), |config: Values, dispatch| {
        dispatch.emit(PanelAction::Replace(Rc::new(config), Vec::new()));
    });

    if !*is_open {
        return Html::default();
    }
    let same =
        started.as_ref().is_some_and(|started| valid_plan.is_some_and(|plan| plan.key() == started.0.key()));
    let left = batch.runs.saturating_sub(batch.results.len());
    let start = {
        let (start, started, choice) = (batch.start.clone(), started.setter(), page.state.options.device);
        let ready = valid_plan.cloned().zip(device.clone());
        // A sweep that was stopped is continued.
        let done = if same && left > 0 { (*batch.results).clone() } else { Vec::new() };
        ready.map(|(plan, device)| {
            Callback::from(move |_: MouseEvent| {
                started.set(Some(PtrEq(Rc::new(plan.clone()))));
                start.emit(Batch {
                    experiment: plan.experiment,
                    configs: plan
                        .points
                        .iter()
                        .map(|point| experiment.config(point.config.clone()))
                        .collect(),
                    done: done.clone(),
                    number: plan.number(),
                    choice,
                    kind: device.kind,
                });
            })
        })
    };
    let words =
        words(props, (*plan).as_ref(), &batch, &times, if same && left > 0 { Some(left) } else { None });
    html! {
        <section class="sweep" aria-label="Sweep">
            <h2>{ "Sweep: repeat the run over values of a setting" }</h2>
            { presets(schema, &page.dispatch) }
            <Form params={schema.params} query={page.query.clone()} dispatch={page.dispatch.clone()} measures={plan::measures(experiment)} />
            if let Some(words) = words {
                <p class={if matches!(*plan, Some(Err(_))) { "notice" } else { "muted" }} data-kind="warn" role="status" data-sweep-words="">{ words }</p>
            }
            { buttons(&batch, start.filter(|_| !*busy), same && left > 0) }
            if batch.runs > 0 {
                <progress aria-label="Progress of the sweep" max="1" value={batch.share.to_string()}></progress>
                <p class="run-numbers">
                    <span>
                        <MetricOutput metric="sweep_runs_done" value={batch.results.len() as f64}>{ batch.results.len() }</MetricOutput>{ " of " }
                        <MetricOutput metric="sweep_runs" value={batch.runs as f64}>{ batch.runs }</MetricOutput>{ " runs" }
                    </span>
                    if let Some(seconds) = batch.seconds_left.filter(|_| batch.state == BatchState::Running) {
                        <span>{ left_words(seconds) }</span>
                    }
                </p>
            }
            if let Some(started) = &*started {
                if !same {
                    <p class="notice" data-kind="warn">{ format!("The settings have changed since. This sweep is of: {}.", started.0.title()) }</p>
                }
                <SweepResult plan={started.clone()} results={PtrEq(batch.results.clone())} {open} />
            }
        </section>
    }
}

/// Returns the text next to the start button: the size of the sweep, or the reason why it cannot start.
fn words(
    props: &SweepProps,
    plan: Option<&Result<Plan, PlanError>>,
    batch: &BatchHandle,
    times: &RunTimes,
    left: Option<usize>,
) -> Option<String> {
    Some(match (plan?, &props.device) {
        (Err(error), _) => error.to_string(),
        (Ok(_), None) => "Loading the compute engine…".to_owned(),
        (Ok(_), _) if batch.state == BatchState::Paused && props.background.waiting.is_some() => {
            format!("The sweep is {}.", props.background.waiting.as_deref().unwrap_or_default())
        }
        (Ok(_), _) if props.busy => "A run is in progress; the sweep can start when it has ended.".to_owned(),
        (Ok(plan), Some(device)) => plan.words(batch, times, left.unwrap_or(plan.points.len()), device.kind),
    })
}

/// Returns the buttons to start, or to pause, resume and stop. `is_started` is true if some of the runs are
/// done.
fn buttons(batch: &BatchHandle, start: Option<Callback<MouseEvent>>, is_started: bool) -> Html {
    html! {
        <div class="run-buttons" role="group" aria-label="Sweep">
            if batch.state.is_active() {
                if batch.state == BatchState::Paused {
                    <button type="button" class="primary" data-action="sweep-resume" onclick={batch.resume.reform(|_| ())}>{ "Resume the sweep" }</button>
                } else {
                    <button type="button" class="primary" data-action="sweep-pause" onclick={batch.pause.reform(|_| ())}>{ "Pause the sweep" }</button>
                }
                <button type="button" data-action="sweep-stop" onclick={batch.stop.reform(|_| ())}>{ "Stop the sweep" }</button>
            } else {
                <button type="button" class="primary" data-action="sweep" disabled={start.is_none()} onclick={start.unwrap_or_default()}>
                    { if is_started && !batch.results.is_empty() { "Finish the sweep" } else { "Start the sweep" } }
                </button>
            }
        </div>
    }
}

/// Returns one button per prepared sweep.
fn presets(schema: &'static Schema, dispatch: &Callback<PanelAction>) -> Html {
    let button = |preset: &'static SweepPreset| {
        let onclick = dispatch.reform(move |_: MouseEvent| {
            let value = |pairs: &[(&str, &str)], key: &str| {
                pairs.iter().find(|(k, _)| *k == key).map(|(_, value)| (*value).to_owned())
            };
            let settings =
                schema.params.iter().map(|param| (param.key.to_owned(), value(preset.values, param.key)));
            let keys =
                ["sweep", "sweep2", "measure", "seeds"].map(|key| (key.to_owned(), value(preset.sweep, key)));
            PanelAction::Write(settings.chain([("preset".to_owned(), None)]).chain(keys).collect())
        });
        html! { <button type="button" data-sweep-preset={preset.title} title={preset.help} {onclick}>{ preset.title }</button> }
    };
    html! {
        <div class="presets" role="group" aria-label="Prepared sweeps">{ for schema.sweeps.iter().map(button) }</div>
    }
}
