//! The card of an open experiment: predict, set up, run, and read the answer.

use crate::assignment::Guess;
use crate::core::curve::RunSeries;
use crate::core::guess::{Grade, Guessed, Verdict, mean_distance};
use crate::core::guided::{Answer, Prediction};
use crate::core::metric::Spread;
use crate::core::sweep::seed;
use crate::coursework::Outcome;
use crate::panel::guided::GuidedView;
use crate::panel::run_panel::attempts::{self, Attempts, thinned};
use crate::panel::run_panel::curve::CurveOutcome;
use crate::panel::run_panel::question::{Form, in_words, verdict_in_words};
use crate::panel::work::{HandIn, Work};
use crate::panel::{PanelAction, now};
use crate::protocol::RunState;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(in crate::panel) struct GuidedCardProps {
    pub(in crate::panel) view: GuidedView,
    pub(in crate::panel) attempts: Attempts,
    /// The answer sheet of the reader.
    pub(in crate::panel) work: Work,
    pub(in crate::panel) state: RunState,
    /// Steps of the run.
    pub(in crate::panel) steps: u32,
    pub(in crate::panel) series: Callback<(), Vec<RunSeries>>,
    pub(in crate::panel) dispatch: Callback<PanelAction>,
    /// Sets up the experiment and starts its run.
    pub(in crate::panel) on_start: Callback<()>,
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
    let GuidedCardProps { view, attempts, state, .. } = props;
    let answer = attempts.guess();
    // The result of a run that started before the prediction is not compared with it.
    let live = Stage::of(view, answer.is_some(), state, attempts.before);
    // An answer of an earlier visit stays, whatever runs now.
    let stage = if attempts.outcome().is_some() { Stage::Answered } else { live };
    use_effect_with((live, attempts.latest.as_ref().map(|attempt| attempt.id.clone())), {
        let props = props.clone();
        move |(live, _)| {
            if let (Stage::Answered, Some(asked)) = (*live, &props.attempts.asked) {
                settle(&props, &asked.id);
            }
        }
    });
    let on_answer = &attempts.on_answer;
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
            if let Some(prediction) = &answer {
                <p class="guess" data-guess="">{ "You predicted: " }<strong>{ in_words(prediction) }</strong></p>
                if let Some(first) = attempts.first.as_ref().filter(|_| attempts.count > 1) {
                    <p class="muted" data-first-guess="">{ format!("Your first prediction was {}; it is the one that counts.", in_words(first)) }</p>
                }
            } else {
                <Form question={view.question()} quantity={view.quantity.clone().map(AttrValue::from)} on_answer={on_answer.clone()} />
            }
            { run(props, stage) }
            <div role="status">
                if let (Stage::Answered, Some(prediction)) = (stage, &answer) {
                    { outcome(props, prediction, live == Stage::Answered) }
                }
            </div>
            if stage == Stage::Answered {
                <div class="experiment-foot">
                    <button type="button" data-action="guess-again" onclick={on_answer.reform(|_: MouseEvent| None)}>{ "Predict again" }</button>
                    if let Some(next) = &view.next {
                        <a class="button" href={next.clone()} data-action="next-experiment">{ "Next experiment" }</a>
                    }
                </div>
                <HandIn work={props.work.clone()} />
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
        Stage::Predicted if train => "Press Train to run the experiment.",
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
///
/// `is_live` is true if the run on the page has measured it. Otherwise the answer sheet has it.
fn outcome(props: &GuidedCardProps, prediction: &Guessed, is_live: bool) -> Html {
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
    let recorded = props.attempts.outcome().filter(|_| !is_live);
    let verdict = match recorded {
        Some(outcome) => outcome.verdict.clone(),
        None => Judge::of(props).verdict(prediction),
    };
    html! {
        <div class="experiment-answer">
            if let Some(outcome) = recorded {
                { for outcome.words.iter().map(|words| html! { <p data-answer={words.clone()}>{ words.clone() }</p> }) }
            } else {
                { for view.answers.iter().map(of_seed) }
            }
            <p class="experiment-verdict">{ match prediction {
                Guessed::Curve(_) if is_live => "Your curve lies over the measured one below.".to_owned(),
                _ => verdict_in_words(&verdict),
            } }</p>
            if let (true, Guessed::Curve(drawn), Guess::Curve { low, high }) = (is_live, prediction, view.question().guess) {
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

/// The measurements that a prediction is compared with.
struct Judge {
    prediction: Prediction,
    answers: Vec<Answer>,
    curve: Option<RunSeries>,
}

impl Judge {
    fn of(props: &GuidedCardProps) -> Self {
        let answers = props.view.answers.iter().filter_map(|(_, answer)| answer.clone());
        Self { prediction: props.view.info.prediction, answers: answers.collect(), curve: measured(props) }
    }

    /// Returns the verdict on a prediction.
    fn verdict(&self, guess: &Guessed) -> Verdict {
        let seeds = self.answers.len();
        let (right, off) = match (guess, self.prediction) {
            (Guessed::Choice(words), Prediction::Choice(options)) => {
                let chosen = options.iter().position(|option| option == words);
                let is_right = |answer: &&Answer| answer.choice.is_some() && answer.choice == chosen;
                (Some(self.answers.iter().filter(is_right).count()), None)
            }
            (Guessed::Number(number), Prediction::Number { metric }) => {
                let values = self.answers.iter().flat_map(|answer| &answer.numbers);
                let values = values.filter(|(name, value)| *name == metric && value.is_finite());
                (None, values.map(|(_, value)| (value - number).abs()).reduce(f64::min))
            }
            (Guessed::Curve(drawn), _) => {
                (None, self.curve.as_ref().and_then(|series| mean_distance(drawn, &series.points)))
            }
            _ => (None, None),
        };
        let grade = match right {
            _ if seeds == 0 => Grade::Open,
            None => Grade::Open,
            Some(0) => Grade::Wrong,
            Some(right) if right == seeds => Grade::Right,
            Some(_) => Grade::Partly,
        };
        let score = right.filter(|_| seeds > 0).map(|right| right as f64 / seeds as f64);
        Verdict { grade, score, off, seeds, right }
    }
}

/// Puts the result on the answer sheet.
fn settle(props: &GuidedCardProps, id: &str) {
    let view = &props.view;
    let judge = Judge::of(props);
    let words = view.answers.iter().filter_map(|(_, answer)| Some(answer.as_ref()?.words.clone()));
    let base = Outcome {
        measured: attempts::numbers(&numbers(view)),
        curve: judge.curve.as_ref().map(|series| thinned(&series.points)),
        words: words.collect(),
        settings: (*view.config).clone(),
        seed: seed(&view.config),
        seeds: view.answers.len() as u32,
        device: view.device.clone(),
        ..Outcome::at(now())
    };
    let id = id.to_owned();
    props.work.change(move |sheet| {
        sheet.settle(&id, |guess| Outcome {
            verdict: guess.map(|guess| judge.verdict(guess)).unwrap_or_default(),
            ..base.clone()
        });
    });
}
