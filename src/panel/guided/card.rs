//! The card of an open experiment: predict, set up, run, and read the answer.

use crate::assignment::Answer as Guessed;
use crate::assignment::Guess;
use crate::charts::scale::format_number;
use crate::core::curve::RunSeries;
use crate::core::guided::{Answer, Prediction};
use crate::core::metric::Spread;
use crate::panel::PanelAction;
use crate::panel::guided::GuidedView;
use crate::panel::run_panel::curve::CurveOutcome;
use crate::panel::run_panel::question::{Form, in_words};
use crate::panel::run_panel::report::{Outcome, Verdict, mean_distance};
use crate::protocol::RunState;
use crate::saved_runs::{Finished, SeedAnswer, Timestamp};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(in crate::panel) struct GuidedCardProps {
    pub(in crate::panel) view: GuidedView,
    /// The reader's prediction, if there is one.
    pub(in crate::panel) answer: Option<Guessed>,
    pub(in crate::panel) on_answer: Callback<Option<Guessed>>,
    pub(in crate::panel) state: RunState,
    /// Steps of the run.
    pub(in crate::panel) steps: u32,
    pub(in crate::panel) series: Callback<(), Vec<RunSeries>>,
    pub(in crate::panel) dispatch: Callback<PanelAction>,
    /// True once the experiment has answered the question; Train then trains with any settings.
    pub(in crate::panel) has_outcome: bool,
    /// Sets up the experiment and starts its run.
    pub(in crate::panel) on_start: Callback<()>,
    /// Receives the outcome once the experiment has answered the question.
    pub(in crate::panel) on_outcome: Callback<Outcome>,
}

/// The progress of the student.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Predicted,
    Running,
    Answered,
}

impl Stage {
    /// Returns the name in `data-experiment-state`.
    const fn slug(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Predicted => "predicted",
            Self::Running => "running",
            Self::Answered => "answered",
        }
    }

    /// Returns the stage. `before` is the number of the run at the time of the prediction.
    fn of(view: &GuidedView, has_prediction: bool, state: &RunState, before: u32) -> Self {
        if !has_prediction {
            return Self::Open;
        }
        if !view.is_set {
            return Self::Predicted;
        }
        let measured = !view.answers.is_empty() && view.answers.iter().all(|(_, answer)| answer.is_some());
        if !view.info.trains {
            return if view.probed && measured { Self::Answered } else { Self::Running };
        }
        let is_new = view.run != before;
        match state {
            _ if !is_new => Self::Predicted,
            RunState::Done { stopped: false } if measured => Self::Answered,
            state if state.is_active() => Self::Running,
            _ => Self::Predicted,
        }
    }
}

#[component]
pub(in crate::panel) fn GuidedCard(props: &GuidedCardProps) -> Html {
    let GuidedCardProps { view, answer, state, .. } = props;
    // The result of a run that started before the prediction is not compared with it.
    let before = use_state_eq(|| view.run);
    let stage = Stage::of(view, answer.is_some(), state, *before);
    use_effect_with((stage, view.info.slug), {
        let props = props.clone();
        move |(stage, _)| {
            if let (Stage::Answered, Some(prediction)) = (*stage, &props.answer) {
                props.view.finish.emit(finished(&props.view, prediction));
                props.on_outcome.emit(Outcome {
                    numbers: numbers(&props.view),
                    verdict: verdict_data(&props, prediction),
                });
            }
        }
    });
    let on_answer = {
        let (before, run, on_answer) = (before.setter(), view.run, props.on_answer.clone());
        Callback::from(move |answer: Option<Guessed>| {
            before.set(run);
            on_answer.emit(answer);
        })
    };
    let close = props.dispatch.reform(|_: MouseEvent| {
        PanelAction::Write(vec![("experiment".to_owned(), None), ("show".to_owned(), None)])
    });
    let (place, count) = view.place;
    let closes = view.next.is_some() || place == count;
    html! {
        <section class="question experiment" data-alone={view.alone.then_some("")} data-experiment={view.info.slug} data-experiment-state={stage.slug()} aria-label="Experiment">
            <div class="experiment-head">
                if !view.alone {
                    <p class="muted">{ format!("Experiment {place} of {count}") }</p>
                }
                if closes && !crate::embedding::framed() {
                    <button type="button" class="quiet" data-action="close-experiment" onclick={close}>{ "Close" }</button>
                }
            </div>
            <p class="question-text">{ view.info.question }</p>
            { set_up(props, stage) }
            if let Some(prediction) = answer {
                <p class="guess" data-guess="">{ "You predicted: " }<strong>{ in_words(prediction) }</strong></p>
            } else {
                <Form question={view.question()} quantity={view.quantity.clone().map(AttrValue::from)} on_answer={on_answer.clone()} />
            }
            { run(props, stage) }
            <div role="status">
                if let (Stage::Answered, Some(prediction)) = (stage, answer) {
                    { outcome(props, prediction) }
                }
            </div>
            if stage == Stage::Answered {
                <div class="experiment-foot">
                    <button type="button" data-action="guess-again" onclick={on_answer.reform(|_: MouseEvent| None)}>{ "Predict again" }</button>
                    if let Some(next) = &view.next {
                        <a class="button" href={next.clone()} data-action="next-experiment">{ "Next experiment" }</a>
                    }
                </div>
            }
        </section>
    }
}

fn set_up(props: &GuidedCardProps, stage: Stage) -> Html {
    let view = &props.view;
    let set = {
        let set_up = view.set_up.clone();
        props.dispatch.reform(move |_: MouseEvent| PanelAction::Replace(set_up.clone(), Vec::new()))
    };
    html! {
        <div class="experiment-set-up">
            <span>{ "Set-up: " }{ view.set_up_words.clone() }</span>
            if view.is_set {
                <span class="muted">{ "✓ in place" }</span>
            } else {
                <button type="button" data-action="set-up" onclick={set}>{ "Set it up" }</button>
                if stage != Stage::Open {
                    <span class="muted">{ "The settings are not those of this experiment." }</span>
                }
            }
        </div>
    }
}

fn run(props: &GuidedCardProps, stage: Stage) -> Html {
    let view = &props.view;
    let train = view.embedded && view.info.trains;
    let words = match stage {
        // The note next to the disabled button says it.
        Stage::Open if train => "",
        Stage::Open => "Make a prediction first; then run it.",
        Stage::Running if view.info.trains => "Running. The answer comes when the run has ended.",
        Stage::Running => "Measuring…",
        Stage::Predicted if matches!(props.state, RunState::Done { stopped: true }) => {
            "The run was stopped. The answer needs the whole run."
        }
        Stage::Predicted if train && !props.has_outcome => "Press Train to run the experiment.",
        Stage::Predicted | Stage::Answered => "",
    };
    let button = stage == Stage::Predicted && !view.embedded && (view.info.trains || !view.is_set);
    html! {
        <div class="experiment-run">
            if button {
                <button type="button" class="primary" data-action="run-experiment" onclick={props.on_start.reform(|_: MouseEvent| ())}>{ "Run it" }</button>
            }
            if !words.is_empty() {
                <span class="muted">{ words }</span>
            }
        </div>
    }
}

/// Returns the measurement, the verdict on the prediction, and the explanation.
fn outcome(props: &GuidedCardProps, prediction: &Guessed) -> Html {
    let view = &props.view;
    let several = view.answers.len() > 1;
    let of_seed = |(seed, answer): &(u64, Option<Answer>)| {
        let Some(answer) = answer else { return Html::default() };
        let numbers: BTreeMap<&str, f64> = answer.numbers.iter().copied().collect();
        let numbers = serde_json::to_string(&numbers).unwrap_or_default();
        html! {
            <p data-answer={answer.words.clone()} data-answer-numbers={numbers} data-answer-seed={seed.to_string()}
                data-answer-choice={answer.choice.map(|choice| choice.to_string())}>
                if several {
                    <strong>{ format!("Seed {seed}: ") }</strong>
                }
                { answer.words.clone() }
            </p>
        }
    };
    let (title, address) = view.info.source;
    html! {
        <div class="experiment-answer">
            { for view.answers.iter().map(of_seed) }
            <p class="experiment-verdict">{ match prediction {
                Guessed::Curve(_) => "Your curve lies over the measured one below.".to_owned(),
                Guessed::Number(_) | Guessed::Choice(_) => verdict(&verdict_data(props, prediction)),
            } }</p>
            if let (Guessed::Curve(drawn), Guess::Curve { low, high }) = (prediction, view.question().guess) {
                <CurveOutcome guess={drawn.clone()} range={(low, high)} steps={props.steps} measured={measured(props)} />
            }
            <p>{ view.info.reason }</p>
            <p class="muted">{ "Read more: " }<a href={address} target="_blank" rel="noopener">{ title }</a></p>
        </div>
    }
}

fn measured(props: &GuidedCardProps) -> Option<RunSeries> {
    let Prediction::Curve { metric, .. } = props.view.info.prediction else { return None };
    props.series.emit(()).into_iter().find(|series| series.metric == metric)
}

/// Returns the numbers that answer the question: medians, if there are several seeds.
fn numbers(view: &GuidedView) -> Map<String, Value> {
    let mut all: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (name, value) in
        view.answers.iter().filter_map(|(_, answer)| answer.as_ref()).flat_map(|a| &a.numbers)
    {
        all.entry(name).or_default().push(*value);
    }
    let median =
        |(name, values): (&str, Vec<f64>)| Some((name.to_owned(), Spread::of(values)?.median.into()));
    all.into_iter().filter_map(median).collect()
}

/// Returns the verdict on the prediction as data.
fn verdict_data(props: &GuidedCardProps, prediction: &Guessed) -> Verdict {
    let view = &props.view;
    let answers: Vec<&Answer> = view.answers.iter().filter_map(|(_, answer)| answer.as_ref()).collect();
    let (right, off) = match (prediction, view.info.prediction) {
        (Guessed::Choice(words), Prediction::Choice(options)) => {
            let chosen = options.iter().position(|option| option == words);
            let right = answers.iter().filter(|answer| answer.choice.is_some() && answer.choice == chosen);
            (Some(right.count()), None)
        }
        (Guessed::Number(number), Prediction::Number { metric }) => {
            let values = answers.iter().flat_map(|answer| &answer.numbers);
            let values = values.filter(|(name, value)| *name == metric && value.is_finite());
            (None, values.map(|(_, value)| (value - number).abs()).reduce(f64::min))
        }
        (Guessed::Curve(drawn), _) => {
            (None, measured(props).and_then(|series| mean_distance(drawn, &series.points)))
        }
        _ => (None, None),
    };
    Verdict { seeds: answers.len(), right, off }
}

/// Returns the verdict on the prediction in words.
fn verdict(verdict: &Verdict) -> String {
    match *verdict {
        Verdict { right: Some(right), seeds, .. } if right == seeds => {
            "Your prediction was right.".to_owned()
        }
        Verdict { right: Some(0), .. } => "Your prediction did not come true.".to_owned(),
        Verdict { right: Some(right), seeds, .. } => {
            format!("Your prediction came true with {right} of {seeds} seeds.")
        }
        Verdict { off: Some(0.0), seeds: 1, .. } => "Your prediction was exactly right.".to_owned(),
        Verdict { off: Some(off), seeds: 1, .. } => {
            format!("Your prediction is off by {}.", format_number(off, 3))
        }
        Verdict { off: Some(off), .. } => {
            format!("Your prediction is off by {} from the nearest seed.", format_number(off, 3))
        }
        Verdict { right: None, off: None, .. } => String::new(),
    }
}

/// Returns the record of a finished experiment.
fn finished(view: &GuidedView, prediction: &Guessed) -> Finished {
    let answer = |(seed, answer): &(u64, Option<Answer>)| {
        let answer = answer.as_ref()?;
        let numbers = answer.numbers.iter().filter(|(_, value)| value.is_finite());
        Some(SeedAnswer {
            seed: *seed,
            words: answer.words.clone(),
            numbers: numbers.map(|(name, value)| ((*name).to_owned(), *value as f32)).collect(),
        })
    };
    Finished {
        section: view.section.to_owned(),
        experiment: view.info.slug.to_owned(),
        question: view.info.question.to_owned(),
        prediction: match prediction {
            Guessed::Number(number) => Value::from(*number),
            Guessed::Choice(words) => Value::from(words.clone()),
            Guessed::Curve(points) => {
                points.iter().map(|(x, y)| Value::from(vec![*x as f32, *y as f32])).collect()
            }
        },
        answers: view.answers.iter().filter_map(answer).collect(),
        config: (*view.config).clone(),
        device: view.device.clone(),
        finished: Timestamp(js_sys::Date::now() as i64),
        lab_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
