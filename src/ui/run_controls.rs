//! The buttons that start, pause and stop a run, and its progress.

use crate::charts::scale::format_number;
use crate::protocol::{Progress, RunState};
use crate::ui::readout::{MetricOutput, left_words, time_range_words};
use crate::ui::use_unique;
use crate::ui::visibility::use_assignment;
use yew::prelude::*;

/// The properties of the run controls.
#[derive(Clone, Properties, PartialEq, Debug)]
pub struct RunControlsProps {
    /// The state of the run.
    pub state: RunState,
    /// The steps done and planned.
    pub progress: Progress,
    /// The speed; 0 if it is unknown.
    pub steps_per_sec: f32,
    /// The expected seconds of a run, and the seconds on a machine that stays busy, if they are known before it.
    #[prop_or_default]
    pub seconds: Option<(f64, f64)>,
    /// The seconds left of the run, if they are known.
    #[prop_or_default]
    pub seconds_left: Option<f64>,
    /// The bytes of the worker that have come, and all of them if their number is known, while it is being fetched.
    #[prop_or_default]
    pub download: Option<(u32, Option<u32>)>,
    /// Starts a run.
    pub on_train: Callback<()>,
    /// Pauses the run.
    pub on_pause: Callback<()>,
    /// Resumes the run.
    pub on_resume: Callback<()>,
    /// Trains a single step.
    pub on_step: Callback<()>,
    /// Stops the run.
    pub on_stop: Callback<()>,
    /// Discards the run.
    pub on_reset: Callback<()>,
    /// The reason that nothing can be started, if there is one.
    #[prop_or_default]
    pub disabled: Option<AttrValue>,
    /// The reason that the run, or a part of it, is waiting without having been paused.
    #[prop_or_default]
    pub waiting: Option<AttrValue>,
    /// The run's result, for readers who do not see the numbers.
    #[prop_or_default]
    pub outcome: AttrValue,
    /// The step from which a run that lost its device or its worker can continue.
    #[prop_or_default]
    pub lost_at: Option<u32>,
    /// Continues a lost run from `lost_at`.
    #[prop_or_default]
    pub on_resume_lost: Callback<()>,
    /// Content next to the buttons.
    #[prop_or_default]
    pub children: Html,
    /// The slider over earlier states of the run, if there are any. While the run waits, it takes the place of the
    /// progress bar.
    #[prop_or_default]
    pub replay: Html,
}

/// Train, pause, step, stop and reset, each in a fixed place, above the run's progress.
#[component]
pub fn RunControls(props: &RunControlsProps) -> Html {
    let id = use_unique();
    let assignment = use_assignment();
    let reason_id = format!("run-reason-{id}");
    let blocked = props.disabled.is_some();
    let loading = matches!(props.state, RunState::Loading { .. });
    let (action, label, on_main) = match &props.state {
        RunState::Running => ("pause", "Pause", &props.on_pause),
        RunState::Paused => ("resume", "Resume", &props.on_resume),
        RunState::Loading { .. } => ("train", "Loading…", &props.on_train),
        RunState::Done { .. } => ("train", "Train again", &props.on_train),
        RunState::Idle | RunState::Error(_) => ("train", "Train", &props.on_train),
    };
    let button = |action: &'static str, label: &'static str, on: &Callback<()>, off: bool| {
        html! {
            if !assignment.hides(action) {
                <button type="button" data-action={action} disabled={off} onclick={on.reform(|_| ())}>{ label }</button>
            }
        }
    };
    let running = props.state == RunState::Running;
    let replays = props.replay != Html::default() && !running && !loading && !assignment.hides("replay");
    let bar = if replays { props.replay.clone() } else { progress_bar(props) };
    // While loading, the button stays enabled but does nothing: a disabled button would lose the keyboard's
    // focus.
    let onclick = if loading { Callback::noop() } else { on_main.reform(|_| ()) };
    html! {
        <div class="run-controls">
            // On a phone, this part is fixed at the bottom, and the rest scrolls with the page.
            <div class="run-bar">
            <div class="run-buttons" role="group" aria-label="Training">
                // One button for train, pause and resume, which `hide=train` hides.
                if !assignment.hides("train") {
                    <button
                        type="button"
                        class="primary"
                        data-action={action}
                        disabled={blocked && !running}
                        aria-disabled={loading.then_some("true")}
                        aria-describedby={blocked.then(|| reason_id.clone())}
                        {onclick}
                    >
                        // A new element for a new label, since browsers take a centered text that changes for one that moves.
                        <span key={label}>{ label }</span>
                    </button>
                }
                { button("step", "Step", &props.on_step, blocked || running || loading) }
                { button("stop", "Stop", &props.on_stop, !props.state.is_active()) }
                { button("reset", "Reset", &props.on_reset, false) }
            </div>
            <div class="run-progress">{ bar }{ numbers(props) }</div>
            </div>
            <div class="run-beside">{ props.children.clone() }</div>
            if let Some(reason) = &props.disabled {
                <p class="run-reason" id={reason_id}>{ reason.clone() }</p>
            }
            <p class="visually-hidden" role="status">
                { state_words(&props.state) }
                if matches!(props.state, RunState::Done { .. }) && !props.outcome.is_empty() {
                    { ". " }{ props.outcome.clone() }
                }
            </p>
            <div role="alert">
                if let RunState::Error(message) = &props.state {
                    <div class="notice" data-kind="error">
                        <p>{ message.clone() }</p>
                        if let Some(step) = props.lost_at {
                            { resume_button(step, &props.on_resume_lost) }
                        }
                    </div>
                }
            </div>
        </div>
    }
}

/// Tells how much is saved of a run that lost its device or its worker, with a button to continue it.
pub fn resume_button(step: u32, on_resume_lost: &Callback<()>) -> Html {
    let (kept, label) = match step {
        0 => ("Nothing of this run had been saved yet.".to_owned(), "Start again".to_owned()),
        _ => {
            let step = format_number(f64::from(step), 1);
            (format!("What was measured up to step {step} is kept."), format!("Continue from step {step}"))
        }
    };
    html! {
        <>
            <p>{ kept }</p>
            <button type="button" data-action="go-on" onclick={on_resume_lost.reform(|_| ())}>{ label }</button>
        </>
    }
}

/// Returns the state to be shown: before a run, that of the worker's download.
fn shown_state(props: &RunControlsProps) -> RunState {
    match (&props.state, props.download) {
        (RunState::Idle, Some((bytes, total))) => {
            RunState::Loading { what: "the worker".to_owned(), bytes, total }
        }
        (state, _) => state.clone(),
    }
}

fn progress_bar(props: &RunControlsProps) -> Html {
    match &shown_state(props) {
        RunState::Loading { bytes, total: Some(total), .. } => html! {
            <progress
                key="loading"
                aria-label="Loading"
                max={(*total).max(1).to_string()}
                value={(*bytes).min(*total).to_string()}
            ></progress>
        },
        // A progress bar without a value is indeterminate.
        RunState::Loading { .. } => html! { <progress key="waiting" aria-label="Loading"></progress> },
        _ => html! {
            <progress
                key="run"
                aria-label="Training progress"
                max={props.progress.steps.max(1).to_string()}
                value={props.progress.step.min(props.progress.steps.max(1)).to_string()}
            ></progress>
        },
    }
}

fn numbers(props: &RunControlsProps) -> Html {
    let (step, running) = (props.progress.step, props.state == RunState::Running);
    let speed = f64::from(props.steps_per_sec);
    let speed = (speed.is_finite() && speed > 0.0).then_some(speed);
    let is_over = props.progress.step >= props.progress.steps;
    let left = || props.seconds_left.filter(|_| !is_over).map(left_words);
    let words = match &shown_state(props) {
        RunState::Loading { what, bytes, total } => Some(fetching(what, *bytes, *total)),
        RunState::Running => props.waiting.as_ref().map(ToString::to_string).or_else(left),
        RunState::Paused => Some(props.waiting.as_ref().map_or("paused", AttrValue::as_str).to_owned()),
        RunState::Done { stopped: true } => Some("stopped".to_owned()),
        RunState::Done { stopped: false } => Some("done".to_owned()),
        RunState::Idle if step == 0 => Some(match props.seconds {
            Some((low, high)) => format!("takes {}", time_range_words(low, high)),
            None => "before training".to_owned(),
        }),
        RunState::Idle | RunState::Error(_) => None,
    };
    html! {
        <div class="run-numbers">
            <span class="run-step">
                { "Step " }
                <MetricOutput metric="step" value={f64::from(step)}>{ step_words(props.progress) }</MetricOutput>
            </span>
            <span class={classes!("run-words", speed.is_none().then_some("wide"))}
                data-estimate={props.seconds.map(|(seconds, _)| format!("{seconds:.3}"))}
                data-left={props.seconds_left.filter(|_| running).map(|seconds| format!("{seconds:.3}"))}>{ words }</span>
            <span class="run-speed">
                <MetricOutput metric="steps_per_sec" value={speed}>
                    { speed.map(|speed| format!("{} steps/s", format_number(speed, 3))).unwrap_or_default() }
                </MetricOutput>
            </span>
        </div>
    }
}

/// Returns the step, and the steps of the run if they are known: one text, which grows to its end.
fn step_words(Progress { step, steps }: Progress) -> String {
    let number = |n: u32| format_number(f64::from(n), 1);
    if steps > 0 { format!("{} of {}", number(step), number(steps)) } else { number(step) }
}

fn state_words(state: &RunState) -> &'static str {
    match state {
        RunState::Idle => "",
        RunState::Loading { .. } => "Loading",
        RunState::Running => "Training",
        RunState::Paused => "Paused",
        RunState::Done { stopped: true } => "Stopped",
        RunState::Done { stopped: false } => "Training is done",
        // The alert announces errors.
        RunState::Error(_) => "",
    }
}

/// Describes a download and its progress.
pub fn fetching(what: &str, bytes: u32, total: Option<u32>) -> String {
    let megabytes = |bytes: u32| format!("{:.1}", f64::from(bytes) / 1e6);
    match total {
        Some(total) => format!("Fetching {what}: {} of {} MB", megabytes(bytes.min(total)), megabytes(total)),
        None if bytes > 0 => format!("Fetching {what}: {} MB", megabytes(bytes)),
        None => format!("Fetching {what}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::ui::run_controls::*;

    #[test]
    fn downloads_are_described() {
        assert_eq!(
            fetching("Fashion-MNIST", 1_200_000, Some(2_400_000)),
            "Fetching Fashion-MNIST: 1.2 of 2.4 MB"
        );
        assert_eq!(fetching("the lab", 9_000_000, Some(2_400_000)), "Fetching the lab: 2.4 of 2.4 MB");
        assert_eq!(fetching("the lab", 0, None), "Fetching the lab");
    }
}
