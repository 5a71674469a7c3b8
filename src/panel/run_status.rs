//! The status of a panel's run: its buttons, failed networks, an unfinished run, the checks and the device.

use crate::client::{AnyRun, Pool};
use crate::core::Check;
use crate::core::guided::GuidedInfo;
use crate::core::sweep::seed;
use crate::panel::estimate::RunPlan;
use crate::panel::guided::GuidedView;
use crate::panel::history::local;
use crate::panel::run_panel::{Failure, RunPanelProps};
use crate::panel::{AnySettings, PanelAction};
use crate::protocol::{DeviceInfo, DeviceKind, Pace, Progress, RunState};
use crate::run::any::AnyRecord;
use crate::saved_runs::{DeviceUsed, Timestamp};
use crate::ui::player::Player;
use crate::ui::readout::{MetricOutput, format_number};
use crate::ui::visibility::HiddenByLesson;
use std::rc::Rc;
use yew::prelude::*;

/// Returns the section's claims, compared with the measurements of every seed.
pub(super) fn checks(run: &AnyRun, settings: &AnySettings) -> Vec<Check> {
    let experiment = run.experiment;
    let of_seed = |(further, record): (u32, &AnyRecord)| {
        experiment.checks(&experiment.with_seed(&settings.run_config, further), record)
    };
    let seeds: Vec<Vec<Check>> = (0..).zip(&*run.records).map(of_seed).collect();
    let checks = Check::of_seeds(&seeds).into_iter();
    checks.map(|check| if run.state.is_active() { check.while_training() } else { check }).collect()
}

/// Returns the networks that failed while others did not, each with a sentence that names it.
fn failures(run: &AnyRun, settings: &AnySettings) -> Vec<Failure> {
    let arms = run.experiment.arms_of(&settings.run_config);
    if matches!(run.state, RunState::Error(_)) {
        return Vec::new();
    }
    let lost: Vec<&RunState> = run.arms.iter().filter(|arm| arm.is_lost).map(|arm| &arm.state).collect();
    let failed = run.arms.iter().enumerate().filter_map(|(index, arm)| {
        let RunState::Error(why) = &arm.state else { return None };
        // Lost networks were lost together, so one sentence is enough.
        if arm.is_lost && lost.len() > 1 {
            let first = lost.first().is_some_and(|first| std::ptr::eq(*first, &arm.state));
            let sentence = format!("{} networks stopped with an error. {why}", lost.len()).into();
            return first.then_some(Failure { index, sentence, is_lost: true });
        }
        let net = arms.get(index % arms.len().max(1)).map_or("network", |arm| arm.net);
        let further = (index / arms.len().max(1)) as u32;
        let which = match run.records.len() {
            1 => format!("The {net}"),
            _ => {
                let config = run.experiment.with_seed(&settings.run_config, further);
                format!("The {net} with seed {}", seed(config.values()))
            }
        };
        let sentence = format!("{which} stopped with an error. {why}").into();
        Some(Failure { index, sentence, is_lost: arm.is_lost })
    });
    failed.collect()
}

/// Returns a note if some networks still load while others train.
fn still_loading(run: &AnyRun) -> Option<AttrValue> {
    let loading = run.arms.iter().filter(|arm| matches!(arm.state, RunState::Loading { .. })).count();
    let verb = if loading == 1 { "is" } else { "are" };
    (run.state == RunState::Running && loading > 0)
        .then(|| format!("{loading} of {} networks {verb} still loading", run.arms.len()).into())
}

/// Returns the properties of an experiment's run panel.
pub(super) fn run_panel_props(
    run: &AnyRun,
    settings: &AnySettings,
    guided: Option<GuidedInfo>,
    trains: bool,
    main_metrics: &'static str,
) -> RunPanelProps {
    let (experiment, records) = (run.experiment, run.records.clone());
    let run_config = settings.run_config.clone();
    let guided = guided.map(|info| GuidedView::new(info, run, settings));
    let replays = experiment.replays && trains;
    let mark = Rc::as_ptr(&records) as usize;
    RunPanelProps {
        slug: experiment.slug,
        params: experiment.schema.params,
        dispatch: settings.page.dispatch.clone(),
        hidden: false,
        mark,
        main_metrics,
        guided,
        run: run.run,
        work: settings.work.clone(),
        replay: if replays { replay(&run.replay_steps, run.shown, &run.show) } else { Html::default() },
        series: Callback::from(move |()| {
            records.first().map_or_else(Vec::new, |record| experiment.series(&run_config, record))
        }),
        loading: still_loading(run),
        background: settings.background.clone(),
        state: run.state.clone(),
        progress: planned(run, settings),
        steps_per_sec: run.pace.steps_per_sec,
        plan: RunPlan::new(run, settings),
        config: settings.values.clone(),
        device: run.device.as_ref().map(|info| DeviceUsed::new(settings.options.device, info)),
        seeds: settings.options.seeds,
        failures: failures(run, settings),
        on_retry: run.retry.clone(),
        lost_at: run.lost_at,
        on_resume_lost: run.resume_lost.clone(),
        on_train: run.train.clone(),
        on_pause: run.pause.clone(),
        on_resume: run.resume.clone(),
        on_step: run.step.clone(),
        on_stop: run.stop.clone(),
        on_reset: run.reset.clone(),
        children: Html::default(),
    }
}

/// Returns the steps done and planned. Before a run, the settings say how many there will be.
fn planned(run: &AnyRun, settings: &AnySettings) -> Progress {
    let steps = settings.values.get("steps").and_then(serde_json::Value::as_u64).unwrap_or_default();
    match run.progress {
        Progress { step: 0, steps: 0 } if run.state == RunState::Idle => {
            Progress { step: 0, steps: steps as u32 }
        }
        progress => progress,
    }
}

/// Returns the slider over the run's earlier states. At its right end it follows the run.
fn replay(steps: &[u32], shown: Option<u32>, show: &Callback<Option<u32>>) -> Html {
    let Some(last) = steps.len().checked_sub(1) else { return Html::default() };
    let at = shown.map_or(last, |shown| steps.partition_point(|step| *step <= shown).saturating_sub(1));
    let past = steps.get(at).filter(|_| shown.is_some());
    let words = past.map_or_else(|| "showing now".to_owned(), |step| format!("showing step {step}"));
    let on_move = {
        let steps = steps.to_vec();
        show.reform(move |at: usize| steps.get(at).copied().filter(|_| at < last))
    };
    html! {
        <HiddenByLesson name="replay">
            <div class="replay" data-shown={shown.map(|step| step.to_string())}>
                <Player name="replay" label="Replay" {at} count={steps.len()} {on_move} {words} />
            </div>
        </HiddenByLesson>
    }
}

/// Returns the offer to resume the run of an earlier page, while there is no other run.
pub(super) fn offer(run: &AnyRun, settings: &AnySettings) -> Html {
    let Some(found) = run.unfinished.found.as_ref().filter(|_| run.state == RunState::Idle) else {
        return Html::default();
    };
    let resume = {
        let (dispatch, resume, found) =
            (settings.page.dispatch.clone(), run.unfinished.resume.clone(), found.clone());
        Callback::from(move |_: MouseEvent| {
            dispatch.emit(PanelAction::Replace(found.values.clone(), found.other_keys()));
            resume.emit(());
        })
    };
    let forget = run.unfinished.forget.reform(|_: MouseEvent| ());
    let Progress { step, steps } = found.progress;
    let when = local(Timestamp(found.saved_at as i64));
    html! {
        <div class="notice" data-offer="" role="status">
            <p>{ format!("An unfinished run was saved at step {} of {} ({when}).", format_number(step.into(), 1), format_number(steps.into(), 1)) }</p>
            <button type="button" data-action="continue" onclick={resume}>{ "Resume" }</button>{ " " }
            <button type="button" data-action="forget" onclick={forget}>{ "Discard" }</button>
        </div>
    }
}

/// Returns the device that computes, the reason why it is not the requested one, and the time of a step. `team` is the
/// number of workers that train each network.
pub(super) fn device_line(device: Option<&DeviceInfo>, pace: Pace, pool: &Pool, team: usize) -> Html {
    let Some(info) = device else {
        return html! { <p class="device-line">{ "Device: loading…" }</p> };
    };
    let kind = match info.kind {
        DeviceKind::Webgpu => "WebGPU",
        DeviceKind::Cpu => "CPU",
    };
    html! {
        <p class="device-line">
            { "Device: " }<strong>{ kind }</strong>{ format!(" ({}).", info.name) }
            if let Some(why) = &info.fallback {
                <span class="fallback">{ format!(" {why}") }</span>
            }
            if pace.enqueue_ms.is_finite() && pace.enqueue_ms > 0.0 {
                { if info.kind == DeviceKind::Webgpu { " Time to queue a step: " } else { " Time per step: " } }
                <MetricOutput metric="enqueue_ms" value={f64::from(pace.enqueue_ms)}>
                    { format!("{} ms", format_number(pace.enqueue_ms.into(), 2)) }
                </MetricOutput>{ "." }
            }
            if pool.memory > 0.0 {
                { if pool.workers > 1 { format!(" {} workers, one per core, use ", pool.workers) } else { " The worker uses ".to_owned() } }
                <MetricOutput metric="worker_memory" value={pool.memory}>{ format!("{:.0} MB", pool.memory / 1e6) }</MetricOutput>
                { " of memory." }
            }
            if team > 1 {
                <span data-team={team.to_string()}>{ format!(" Each network is trained by {team} of them together.") }</span>
            }
            if let Some(why) = &pool.single_worker_reason {
                <span class="fallback">{ format!(" {why}") }</span>
            }
        </p>
    }
}
