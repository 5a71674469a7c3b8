//! The desk of a panel: the question that waits for an answer, the run's buttons, and what is said to and heard from
//! the page around.

mod curve;
mod host;
mod question;

use crate::assignment::{Answer, Guess};
use crate::core::curve::RunSeries;
use crate::core::settings::Param;
use crate::panel::run_panel::host::{HostContext, use_host};
use crate::panel::run_panel::question::QuestionCard;
use crate::protocol::{Progress, RunState};
use crate::ui::part::use_assignment;
use crate::ui::run_controls::RunControls;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties, Debug)]
pub(super) struct RunPanelProps {
    pub(super) slug: &'static str,
    pub(super) params: &'static [Param],
    pub(super) state: RunState,
    pub(super) progress: Progress,
    pub(super) steps_per_sec: f32,
    /// Settings and version, for what is exported.
    pub(super) provenance: AttrValue,
    /// Differs when something new was measured.
    pub(super) mark: usize,
    pub(super) series: Callback<(), Vec<RunSeries>>,
    /// Changes keys of the address.
    pub(super) write: Callback<Vec<(String, Option<String>)>>,
    pub(super) on_train: Callback<()>,
    pub(super) on_pause: Callback<()>,
    pub(super) on_resume: Callback<()>,
    pub(super) on_step: Callback<()>,
    pub(super) on_stop: Callback<()>,
    pub(super) on_reset: Callback<()>,
}

/// What a student does before and during a run.
#[component]
pub(super) fn RunPanel(props: &RunPanelProps) -> Html {
    let assignment = use_assignment();
    let answer = use_state_eq(|| None::<Answer>);
    // Another question, another answer.
    use_effect_with(assignment.question.clone(), {
        let answer = answer.setter();
        move |_| answer.set(None)
    });
    let asks = assignment.question.as_ref().is_some_and(|question| question.guess != Guess::None);
    let blocked = asks && answer.is_none();
    let seat = HostContext { run_panel: props.clone(), blocked, autoplay: assignment.autoplay };
    let waiting = use_host(seat, assignment.question.clone(), (*answer).clone());
    let on_answer = use_callback((), {
        let answer = answer.setter();
        move |guess: Option<Answer>, ()| answer.set(guess)
    });
    html! {
        <>
            if let Some(question) = assignment.question.clone() {
                <QuestionCard {question} answer={(*answer).clone()} {on_answer} state={props.state.clone()}
                    steps={props.progress.steps} slug={props.slug} series={props.series.clone()}
                    provenance={props.provenance.clone()} />
            }
            <RunControls state={props.state.clone()} progress={props.progress} steps_per_sec={props.steps_per_sec}
                on_train={props.on_train.clone()} on_pause={props.on_pause.clone()} on_resume={props.on_resume.clone()}
                on_step={props.on_step.clone()} on_stop={props.on_stop.clone()} on_reset={props.on_reset.clone()}
                disabled={blocked.then_some(AttrValue::Static("Answer the question first; then you can train."))}
                {waiting} />
        </>
    }
}
