//! The question of an assignment: a prediction before the run, and its comparison with the measurement after
//! it.

use crate::assignment::{Guess, Question};
use crate::charts::scale::format_number;
use crate::core::curve::RunSeries;
use crate::core::guess::{Feedback, Grade, Guessed, Verdict};
use crate::core::number::Bounds;
use crate::panel::RunView;
use crate::panel::run_panel::attempts::Attempts;
use crate::panel::run_panel::curve::{CurveOutcome, CurvePad};
use crate::panel::work::{HandIn, Work};
use crate::protocol::RunState;
use crate::ui::number_field::{NumberAttributes, NumberOptions, use_number_field};
use crate::ui::readout::metrics_on_page;
use crate::ui::{on_enter, use_unique};
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct QuestionCardProps {
    pub(super) question: Question,
    pub(super) attempts: Attempts,
    /// The answer sheet of the reader.
    pub(super) work: Work,
    pub(super) state: RunState,
    /// Steps of the run.
    pub(super) steps: u32,
    pub(super) slug: &'static str,
    pub(super) series: Callback<(), Vec<RunSeries>>,
}

#[component]
pub(super) fn QuestionCard(props: &QuestionCardProps) -> Html {
    let view = use_context::<RunView>();
    let Attempts { count, first, on_answer, .. } = &props.attempts;
    let answer = props.attempts.guess();
    let again = on_answer.reform(|_: MouseEvent| None);
    let quantity = view.as_ref().and_then(|view| titles(view, &props.question.metrics));
    html! {
        <section class="question" data-question={if answer.is_some() { "answered" } else { "open" }} aria-label="Question">
            <p class="question-text">{ props.question.text.clone() }</p>
            if let Some(answer) = &answer {
                <p class="guess" data-guess="">{ "Your prediction, made before the run: " }<strong>{ in_words(answer) }</strong></p>
                if let Some(first) = first.as_ref().filter(|_| *count > 1) {
                    <p class="muted" data-first-guess="">{ format!("Your first prediction was {}; it is the one that counts.", in_words(first)) }</p>
                }
                <div role="status">{ result(props, view.as_ref(), answer) }</div>
                if !props.state.is_active() {
                    <button type="button" data-action="guess-again" onclick={again}>{ "Predict again" }</button>
                }
                <HandIn work={props.work.clone()} />
            } else if props.question.guess != Guess::None {
                <Form question={props.question.clone()} {quantity} {on_answer} />
            }
        </section>
    }
}

/// Returns the measurement next to the prediction: that of the run on the page, or the one on the answer sheet.
fn result(props: &QuestionCardProps, view: Option<&RunView>, answer: &Guessed) -> Html {
    let Question { feedback, metrics, .. } = &props.question;
    if *feedback == Feedback::None {
        return html! { <p class="muted">{ "Your answer is kept." }</p> };
    }
    let recorded = props.attempts.outcome();
    let verdict = recorded.map(|outcome| &outcome.verdict).filter(|verdict| verdict.grade != Grade::Open);
    let is_over = matches!(props.state, RunState::Done { .. });
    let kept = recorded.filter(|outcome| !is_over && outcome.is_measured());
    let waits = !is_over && kept.is_none() && (!metrics.is_empty() || verdict.is_none());
    html! {
        <>
            if is_over {
                { outcome(props, view, answer) }
            } else if let Some(kept) = kept {
                <p>{ "Measured then:" }</p>
                <ul data-outcome="kept">{ for kept.measured.iter().map(|(name, value)| measured_then(view, name, *value)) }</ul>
            }
            if let Some(verdict) = verdict {
                <p class="experiment-verdict" data-verdict={verdict.grade.slug()}>{ verdict_in_words(verdict) }</p>
            } else if matches!(props.state, RunState::Done { stopped: true }) && recorded.is_none() {
                <p class="muted">{ "The run was stopped. The answer needs the whole run." }</p>
            }
            if waits {
                <p class="muted">{ "You will see it next to the result when the run is done." }</p>
            }
        </>
    }
}

fn measured_then(view: Option<&RunView>, name: &str, value: Option<f64>) -> Html {
    let title = view.and_then(|view| view.title(name)).unwrap_or_else(|| name.to_owned());
    let value = value.map_or_else(|| "not measured".to_owned(), |value| format_number(value, 4));
    html! { <li data-outcome-metric={name.to_owned()}>{ title }{ ": " }<strong>{ value }</strong></li> }
}

/// Returns the verdict on a prediction in words.
pub(in crate::panel) fn verdict_in_words(verdict: &Verdict) -> String {
    match *verdict {
        Verdict { right: Some(right), seeds, .. } if right > 0 && right < seeds => {
            format!("Your prediction came true with {right} of {seeds} seeds.")
        }
        Verdict { grade: Grade::Right | Grade::Partly, .. } => "Your prediction was right.".to_owned(),
        Verdict { grade: Grade::Wrong, off: Some(off), .. } => {
            format!("Your prediction is off by {}, more than the tolerance.", format_number(off, 3))
        }
        Verdict { grade: Grade::Wrong, .. } => "Your prediction did not come true.".to_owned(),
        Verdict { off: Some(0.0), seeds: 0 | 1, .. } => "Your prediction was exactly right.".to_owned(),
        Verdict { off: Some(off), seeds: 0 | 1, .. } => {
            format!("Your prediction is off by {}.", format_number(off, 3))
        }
        Verdict { off: Some(off), .. } => {
            format!("Your prediction is off by {} from the nearest seed.", format_number(off, 3))
        }
        Verdict { off: None, .. } => String::new(),
    }
}

/// Returns the titles of metrics: "Accuracy, RNN; Accuracy, LSTM". `None` if one of them is unknown.
fn titles(view: &RunView, metrics: &[String]) -> Option<AttrValue> {
    let titles: Vec<String> = metrics.iter().map(|name| view.title(name)).collect::<Option<_>>()?;
    (!titles.is_empty()).then(|| titles.join("; ").into())
}

pub(in crate::panel) fn in_words(answer: &Guessed) -> String {
    match answer {
        Guessed::Number(number) => format_number(*number, 4),
        Guessed::Choice(choice) => choice.clone(),
        Guessed::Curve(points) => {
            let at = |point: Option<&(f64, f64)>| point.map_or(0.0, |(_, y)| *y);
            format!(
                "a curve from {} to {}",
                format_number(at(points.first()), 3),
                format_number(at(points.last()), 3)
            )
        }
    }
}

/// Returns the measurement next to the prediction.
fn outcome(props: &QuestionCardProps, view: Option<&RunView>, answer: &Guessed) -> Html {
    let shown = metrics_on_page();
    let row = |name: &String| {
        let latest = view.and_then(|view| view.number(name));
        let value = latest.or_else(|| shown.get(name.as_str()).copied());
        let measured = value.map_or_else(|| "not measured".to_owned(), |value| format_number(value, 4));
        let off = match answer {
            Guessed::Number(guess) => value.map(|value| {
                format!(" (your prediction is off by {})", format_number((guess - value).abs(), 3))
            }),
            Guessed::Choice(_) | Guessed::Curve(_) => None,
        };
        // Without a title, the name is that of a number that the panel does not have.
        let title = view.and_then(|view| view.title(name)).unwrap_or_else(|| name.clone());
        html! { <li data-outcome-metric={name.clone()}>{ title }{ ": " }<strong>{ measured }</strong>{ off }</li> }
    };
    html! {
        <>
            if !props.question.metrics.is_empty() {
                <p>{ "Measured here:" }</p>
                <ul data-outcome="">{ for props.question.metrics.iter().map(row) }</ul>
            }
            if let (Guessed::Curve(guess), Guess::Curve { low, high }) = (answer, &props.question.guess) {
                <CurveOutcome guess={guess.clone()} range={(*low, *high)} steps={props.steps}
                    measured={measured(props)} />
            }
        </>
    }
}

/// Returns the run's curve of the predicted metric.
fn measured(props: &QuestionCardProps) -> Option<RunSeries> {
    let name = props.question.metrics.first()?;
    props.series.emit(()).into_iter().find(|series| series.metric == name.as_str())
}

#[derive(Clone, PartialEq, Properties)]
pub(in crate::panel) struct FormProps {
    pub(in crate::panel) question: Question,
    /// The predicted quantity in words; otherwise the names of the metrics are shown.
    #[prop_or_default]
    pub(in crate::panel) quantity: Option<AttrValue>,
    pub(in crate::panel) on_answer: Callback<Option<Guessed>>,
}

/// The inputs of the prediction, which keep the input until it is submitted.
#[component]
pub(in crate::panel) fn Form(props: &FormProps) -> Html {
    let draft = use_state_eq(|| None::<Guessed>);
    let id = use_unique();
    let guessed = match *draft {
        Some(Guessed::Number(number)) => Some(number),
        _ => None,
    };
    let set_number = {
        let draft = draft.setter();
        Callback::from(move |number: Option<f64>| draft.set(number.map(Guessed::Number)))
    };
    let number = use_number_field(NumberOptions {
        on_input: set_number.clone(),
        ..NumberOptions::new(guessed, Bounds::ANY, set_number.reform(Some))
    });
    let choose = |answer: Guessed| {
        let draft = draft.setter();
        Callback::from(move |_: Event| draft.set(Some(answer.clone())))
    };
    let input = match &props.question.guess {
        Guess::None => Html::default(),
        Guess::Number => {
            let attributes =
                NumberAttributes { data_guess_input: Some("number".into()), ..Default::default() };
            html! {
                <>
                    <label>{ "Your prediction for " }
                        if let Some(quantity) = &props.quantity {
                            { quantity.clone() }
                        } else {
                            <code>{ props.question.metrics.join(", ") }</code>
                        }
                        { " " }
                        { number.input(attributes) }</label>
                    { number.message() }
                </>
            }
        }
        Guess::Choice(options) => {
            let name = format!("guess-{id}");
            let option = |option: &String| {
                let answer = Guessed::Choice(option.clone());
                let checked = draft.as_ref() == Some(&answer);
                html! {
                    <label class="option"><input type="radio" name={name.clone()} value={option.clone()} {checked}
                        data-guess-input="choice" onchange={choose(answer)} />{ " " }{ option.clone() }</label>
                }
            };
            html! { <div role="radiogroup" aria-label="Your prediction">{ for options.iter().map(option) }</div> }
        }
        Guess::Curve { low, high } => {
            let draft = draft.setter();
            let on_draw =
                Callback::from(move |points: Vec<(f64, f64)>| draft.set(Some(Guessed::Curve(points))));
            let metric = || props.question.metrics.first().cloned().unwrap_or_default().into();
            let label = props.quantity.clone().unwrap_or_else(metric);
            html! { <CurvePad range={(*low, *high)} {label} {on_draw} /> }
        }
    };
    let commit = {
        let (draft, on_answer) = (draft.clone(), props.on_answer.clone());
        Callback::from(move |()| {
            if draft.is_some() {
                on_answer.emit((*draft).clone());
            }
        })
    };
    html! {
        <div class="guess-form" onkeydown={on_enter(commit.clone())}>
            { input }
            <button type="button" data-action="guess" disabled={draft.is_none()} onclick={commit.reform(|_: MouseEvent| ())}>{ "Submit prediction" }</button>
        </div>
    }
}
