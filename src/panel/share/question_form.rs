//! The form for a question: its text, the prediction, the metrics that answer it, and the right answer.

use crate::core::query::Query;
use crate::panel::PanelState;
use crate::panel::address::no_such_metric;
use crate::panel::share::draft::PanelDraft;
use crate::panel::share::editor::{Editor, field, menu};
use crate::panel::share::question::{Kind, QuestionDraft, Right};
use crate::run::any::{AnyConfig, AnyExperiment};
use std::rc::Rc;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// The maximum number of metrics of a question, as in the assignment.
const MAX_METRICS: usize = 4;

/// The numbers and curves that a section measures, with their names and titles.
#[derive(Debug)]
pub(super) struct Measurable {
    experiment: &'static AnyExperiment,
    config: AnyConfig,
    metrics: Vec<(String, String)>,
    curves: Vec<(String, String)>,
}

impl Measurable {
    /// Returns everything that a section measures with the settings of an address. It needs no run.
    pub(super) fn of(experiment: &'static AnyExperiment, query: &Query) -> Self {
        let config = PanelState::read(experiment, query).config;
        let record = experiment.empty();
        let metrics = experiment.metrics(&config, &record).into_iter();
        let curves = experiment.series(&config, &record).into_iter();
        Self {
            metrics: metrics.map(|one| (one.name.into_owned(), one.title.into_owned())).collect(),
            curves: curves.map(|one| (one.metric.to_string(), one.title.to_string())).collect(),
            experiment,
            config,
        }
    }

    fn list(&self, kind: Kind) -> &[(String, String)] {
        if kind == Kind::Curve { &self.curves } else { &self.metrics }
    }

    /// Returns the first of the section's main metrics that a kind of prediction may be about.
    fn first(&self, kind: Kind) -> Option<&str> {
        let list = self.list(kind);
        let is_listed = |name: &&str| list.iter().any(|(known, _)| known == name);
        let first = self.experiment.main_metrics.split_whitespace().find(is_listed);
        first.or_else(|| list.first().map(|(name, _)| name.as_str()))
    }

    fn warnings(&self, question: &QuestionDraft) -> impl Iterator<Item = String> {
        let named = question.metrics.iter().filter(|name| !name.is_empty());
        named.filter_map(|name| no_such_metric(self.experiment, &self.config, name))
    }
}

/// Returns the form. `has_file` is true if a file keeps the right answer, as for a question of an assignment.
pub(super) fn question_form(editor: &Editor, measurable: &Rc<Measurable>, has_file: bool, id: u32) -> Html {
    let question = &editor.panel.question;
    let mut warnings = question.question().1;
    if question.kind != Kind::None {
        warnings.extend(measurable.warnings(question));
    }
    let kinds =
        Kind::ALL.map(|(kind, slug, words)| (slug.to_owned(), words.to_owned(), kind == question.kind));
    let on_kind = {
        let measurable = measurable.clone();
        on(editor, move |question, value| {
            let kind = Kind::read(&value);
            question.set_kind(kind, measurable.first(kind));
        })
    };
    html! {
        <fieldset class="share-question"><legend>{ "Question" }</legend>
            <label>{ "Question for the student" }
                <textarea rows="2" data-share="ask" value={question.text.clone()} oninput={on::<InputEvent>(editor, |question, value| question.text = value)} />
            </label>
            { menu("Prediction", "guess", kinds.into_iter(), on_kind) }
            { match question.kind {
                Kind::None => Html::default(),
                Kind::Choice => choice(editor, measurable, id),
                Kind::Number | Kind::Curve => number_or_curve(editor, measurable),
            } }
            if question.kind != Kind::None {
                { feedback(editor, has_file) }
            }
            <div role="status">{ for warnings.iter().map(|text| html! { <p class="notice" data-kind="warn">{ text.clone() }</p> }) }</div>
        </fieldset>
    }
}

/// Returns a callback that changes the question by the value of a control.
fn on<E: AsRef<Event> + 'static>(
    editor: &Editor,
    edit: impl Fn(&mut QuestionDraft, String) + Clone + 'static,
) -> Callback<E> {
    editor.on_panel(move |panel: &mut PanelDraft, value| edit(&mut panel.question, value))
}

/// Returns the menu of one metric. A name from an address that is not measured here stays in it.
fn metric(editor: &Editor, measurable: &Measurable, at: usize, label: AttrValue, optional: bool) -> Html {
    let question = &editor.panel.question;
    let list = measurable.list(question.kind);
    let chosen = question.metrics.get(at).map(String::as_str).unwrap_or_default();
    let known = list.iter().map(|(name, title)| (name.as_str(), format!("{title} ({name})")));
    let unknown = (!chosen.is_empty() && !list.iter().any(|(name, _)| name == chosen))
        .then(|| (chosen, chosen.to_owned()));
    let none = (optional || chosen.is_empty()).then(|| ("", "nothing".to_owned()));
    let option = |(name, words): (&str, String)| html! { <option value={name.to_owned()} selected={name == chosen}>{ words }</option> };
    let onchange = {
        let editor = editor.clone();
        Callback::from(move |event: Event| {
            let name = event.target_unchecked_into::<HtmlSelectElement>().value();
            editor.change_panel(move |panel| panel.question.set_metric(at, name.clone()));
        })
    };
    html! {
        <label class="share-row"><span>{ label }</span>
            <select data-share="metric" {onchange}>{ for none.into_iter().chain(known).chain(unknown).map(option) }</select>
        </label>
    }
}

fn number_or_curve(editor: &Editor, measurable: &Measurable) -> Html {
    let question = &editor.panel.question;
    let right = question.right();
    let answers =
        Right::of(question.kind).map(|(one, slug, words)| (slug.to_owned(), words.to_owned(), one == right));
    let text = |label, hook, value: &str, placeholder, edit: fn(&mut QuestionDraft, String)| {
        field(label, hook, value, placeholder, on(editor, edit))
    };
    html! {
        <>
            { metric(editor, measurable, 0, "Answered by".into(), false) }
            if question.kind == Kind::Curve {
                { text("Axis from, to", "range", &question.range, "0, 1", |question, value| question.range = value) }
            }
            { menu("Right answer", "right", answers, on(editor, |question, value| question.right = Right::read(&value))) }
            if right == Right::Value {
                { text("Right value", "value", &question.value, "0.9", |question, value| question.value = value) }
            }
            if right == Right::Range {
                { text("From", "low", &question.low, "0.85", |question, value| question.low = value) }
                { text("To", "high", &question.high, "0.95", |question, value| question.high = value) }
            }
            if question.has_tolerance() {
                { text("Tolerance", "tolerance", &question.tolerance,
                    if question.kind == Kind::Curve { "10% of the axis" } else { "5% of the value" },
                    |question, value| question.tolerance = value) }
            }
        </>
    }
}

fn choice(editor: &Editor, measurable: &Measurable, id: u32) -> Html {
    let question = &editor.panel.question;
    let options = question.option_list();
    let right = question.right();
    let radio = |checked: bool, hook: String, words: String, onchange: Callback<Event>| {
        html! {
            <label class="option" data-right={hook}><input type="radio" name={format!("right-{id}")} {checked} {onchange} />{ format!(" {words}") }</label>
        }
    };
    let option = |(at, words): (usize, &String)| {
        let onchange = editor.on_check(move |panel, _| {
            (panel.question.right, panel.question.option) = (Right::Option, at);
        });
        radio(right == Right::Option && question.option == at, at.to_string(), words.clone(), onchange)
    };
    let other = |(one, slug, words): (Right, &'static str, &'static str)| {
        let onchange = editor.on_check(move |panel, _| panel.question.right = one);
        radio(right == one, slug.to_owned(), words.to_owned(), onchange)
    };
    let is_compared = matches!(right, Right::Largest | Right::Smallest);
    let of_option = |(at, words): (usize, &String)| {
        metric(editor, measurable, at, format!("“{words}” is answered by").into(), false)
    };
    html! {
        <>
            <label>{ "Options, one per line" }
                <textarea rows="3" data-share="options" value={question.options.clone()} oninput={on::<InputEvent>(editor, |question, value| question.options = value)} />
            </label>
            <div class="share-right" role="radiogroup" aria-label="Right answer">
                <span aria-hidden="true">{ "Right answer" }</span>
                { for options.iter().enumerate().map(option) }
                { for Right::of(Kind::Choice).filter(|(one, ..)| *one != Right::Option).map(other) }
            </div>
            if is_compared {
                { for options.iter().enumerate().take(MAX_METRICS).map(of_option) }
            } else {
                { metric(editor, measurable, 0, "Shown with it".into(), true) }
            }
        </>
    }
}

fn feedback(editor: &Editor, has_file: bool) -> Html {
    let question = &editor.panel.question;
    let now = question.feedback();
    let times = [("now", "at once"), ("run", "after the run"), ("none", "not at all")];
    let times = times.into_iter().filter(|(slug, _)| *slug != "now" || question.is_fixed());
    let times = times.map(|(slug, words)| (slug.to_owned(), words.to_owned(), slug == now));
    html! {
        <>
            { menu("Feedback", "feedback", times, on(editor, |question, value| question.feedback = value)) }
            if now == "none" {
                <p class="muted">{ if has_file {
                    "The link and the snippet do not contain the right answer. Only the lesson file does."
                } else {
                    "The link and the snippet do not contain the right answer. To keep it in a file, make this question part of an assignment."
                } }</p>
            }
        </>
    }
}
