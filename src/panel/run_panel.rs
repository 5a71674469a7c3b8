//! The run panel: the question that waits for an answer, the run's buttons, and the messages to and from the
//! page around.

pub(in crate::panel) mod attempts;
pub(in crate::panel) mod curve;
mod host;
mod measured;
mod props;
pub(in crate::panel) mod question;
pub(in crate::panel) mod report;

pub(super) use crate::panel::run_panel::props::{Failure, RunPanelProps};

use crate::assignment::{Assignment, Guess};
use crate::client::use_worker_download;
use crate::panel::estimate::{RunEstimate, use_estimate, use_seconds_left};
use crate::panel::guided::{GuidedCard, use_start};
use crate::panel::run_panel::attempts::use_attempts;
use crate::panel::run_panel::host::{HostContext, use_host};
use crate::panel::run_panel::question::QuestionCard;
use crate::panel::run_panel::report::ReportContext;
use crate::panel::run_view::{Forecast, readouts};
use crate::panel::{PanelAction, RunView, SEEDS};
use crate::protocol::RunState;
use crate::ui::run_controls::{RunControls, resume_button};
use crate::ui::visibility::use_assignment;
use yew::prelude::*;

/// The question, the buttons and the failures of a run.
#[component]
pub(super) fn RunPanel(props: &RunPanelProps) -> Html {
    let assignment = use_assignment();
    // The question of an open experiment replaces that of the assignment.
    let question = match &props.guided {
        Some(guided) => Some(guided.question()),
        None => assignment.question.clone(),
    };
    let report =
        ReportContext { config: props.config.clone(), seeds: props.seeds, device: props.device.clone() };
    let attempts = use_attempts(props, &assignment, question.as_ref(), &report);
    let answer = attempts.guess();
    let asks = question.as_ref().is_some_and(|question| question.guess != Guess::None);
    let blocked = asks && answer.is_none();
    let start = use_start(props.guided.as_ref(), &props.dispatch, &props.on_train);
    let has_outcome = attempts.outcome().is_some();
    // Until an embedded experiment has its answer, Train is its run. Then the reader may try other settings.
    let is_experiment = props.guided.as_ref().is_some_and(|guided| guided.embedded) && !has_outcome;
    let on_train = if is_experiment { start.clone() } else { props.on_train.clone() };
    let run_panel = RunPanelProps { on_train: on_train.clone(), ..props.clone() };
    let context =
        HostContext { run_panel, blocked, autoplay: assignment.autoplay, report, attempts: attempts.clone() };
    let paused = use_host(context);
    use_effect_with(answer.is_some(), {
        let predicted = props.background.predicted.setter();
        move |&is_predicted| predicted.set(is_predicted)
    });
    use_effect_with(paused.clone(), {
        let waiting = props.background.waiting.setter();
        move |paused| waiting.set(paused.clone())
    });
    let estimate = use_estimate(&props.plan);
    let seconds_left = use_seconds_left(&props.state, props.progress, estimate);
    let seconds = match estimate {
        RunEstimate::Known { seconds, high } => Some((seconds, high)),
        RunEstimate::None | RunEstimate::Open => None,
    };
    let download = use_worker_download();
    let waiting = paused.or_else(|| props.loading.clone());
    let view = use_context::<RunView>();
    // Empty during the run: screen readers would read a sentence again whenever a frame changes it.
    let is_over = matches!(props.state, RunState::Done { .. });
    let sentence =
        view.as_ref().filter(|_| is_over).map(|view| view.sentence(props.main_metrics)).unwrap_or_default();
    let main_metrics = view.as_ref().map(|view| readouts(view, props.main_metrics, true));
    let forecast = Forecast {
        metric: question.as_ref().and_then(|question| question.metrics.first().cloned()),
        answer: answer.clone(),
    };
    let card = if let Some(guided) = props.guided.clone() {
        html! {
            <GuidedCard key={guided.info.slug} view={guided.clone()} {attempts} work={props.work.clone()} state={props.state.clone()} steps={props.progress.steps}
                series={props.series.clone()} dispatch={props.dispatch.clone()} on_start={start} />
        }
    } else if let Some(question) = question {
        html! {
            <QuestionCard {question} {attempts} work={props.work.clone()} state={props.state.clone()}
                steps={props.progress.steps} slug={props.slug} series={props.series.clone()} />
        }
    } else {
        Html::default()
    };
    html! {
        <>
            if !props.hidden {
                <RunControls state={props.state.clone()} {download} progress={props.progress} steps_per_sec={props.steps_per_sec}
                    {on_train} on_pause={props.on_pause.clone()} on_resume={props.on_resume.clone()}
                    on_step={props.on_step.clone()} on_stop={props.on_stop.clone()} on_reset={props.on_reset.clone()}
                    disabled={blocked.then_some(AttrValue::Static("Answer the question first; then you can train."))}
                    {seconds} {seconds_left} lost_at={props.lost_at} on_resume_lost={props.on_resume_lost.clone()} outcome={sentence} {waiting} replay={props.replay.clone()}>
                    { main_metrics }
                    { seeds(props, &assignment) }
                </RunControls>
            }
            { for props.failures.iter().map(|failure| failed_net(failure, props)) }
            <ContextProvider<Card> context={Card(card)}>
                <ContextProvider<RunEstimate> context={estimate}>
                    <ContextProvider<Forecast> context={forecast}>{ props.children.clone() }</ContextProvider<Forecast>>
                </ContextProvider<RunEstimate>>
            </ContextProvider<Card>>
        </>
    }
}

/// The card of the open question or experiment.
#[derive(Clone, Debug, Default, PartialEq)]
struct Card(Html);

/// The place of the card among the parts of a chapter.
#[component]
pub(super) fn CardSlot() -> Html {
    use_context::<Card>().unwrap_or_default().0
}

/// Returns the notice of a failed network, with a button that trains it again while the others stay.
fn failed_net(failure: &Failure, props: &RunPanelProps) -> Html {
    let index = failure.index;
    html! {
        <div class="notice" data-kind="error" role="alert" data-failed-arm={index.to_string()}>
            <p>{ failure.sentence.clone() }</p>
            if failure.is_lost {
                { resume_button(props.lost_at.unwrap_or_default(), &props.on_resume_lost) }
            } else {
                <button type="button" data-action="retry" onclick={props.on_retry.reform(move |_| index)}>{ "Train this network again" }</button>
            }
        </div>
    }
}

/// Returns the menu of the number of seeds. The result of a single seed may be due to chance.
fn seeds(props: &RunPanelProps, assignment: &Assignment) -> Html {
    if assignment.hides("seeds") {
        return Html::default();
    }
    let onchange = props.dispatch.reform(|event: Event| {
        let value = event.target_unchecked_into::<web_sys::HtmlSelectElement>().value();
        PanelAction::Write(vec![("seeds".to_owned(), Some(value).filter(|value| value != "1"))])
    });
    let option = |n: u32| {
        let words = if n == 1 { "1 seed".to_owned() } else { format!("{n} seeds") };
        html! { <option value={n.to_string()} selected={n == props.seeds}>{ words }</option> }
    };
    html! {
        <label class="seeds" data-param="seeds" title="The number of seeds with which every network is trained; curves show the median, and a band from minimum to maximum">
            <span class="visually-hidden">{ "Train with " }</span>
            <select {onchange} disabled={assignment.locks("seeds")}>{ for SEEDS.map(option) }</select>
        </label>
    }
}
