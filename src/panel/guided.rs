//! Guided experiments on the page: the one that is open, those that are finished, and their list in the rail.

mod card;
mod list;

pub(super) use crate::panel::guided::card::GuidedCard;
pub(super) use crate::panel::guided::list::Experiments;

use crate::assignment::{Guess, Question};
use crate::core::guided::{Answer, Outline, Prediction};
use crate::core::query::Changes;
use crate::core::settings::{Settings, address, from_query, to_map};
use crate::core::sweep::{seed, with_seed};
use crate::keep::finished::{add, read, to_json};
use crate::keep::{DeviceUsed, Finished};
use crate::lab::RunHandle;
use crate::panel::{PanelSettings, is_locked};
use crate::run::Experiment;
use gloo::utils::window;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// The key of the browser's storage that has all finished experiments.
const KEY: &str = "nn-lab.experiments";

thread_local! {
    /// The finished ones, for as long as the page is there; a browser that stores nothing forgets them after that.
    static FINISHED: RefCell<Option<Rc<Vec<Finished>>>> = const { RefCell::new(None) };
}

/// All finished experiments, and the way to add one.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedList {
    pub all: Rc<Vec<Finished>>,
    pub add: Callback<Finished>,
}

/// The finished experiments of all sections.
#[hook]
pub fn use_finished() -> FinishedList {
    let all = use_state(|| FINISHED.with_borrow_mut(|known| known.get_or_insert_with(stored).clone()));
    let add = use_callback((), {
        let all = all.setter();
        move |finished: Finished, ()| {
            let mut next = FINISHED.with_borrow(|known| known.as_deref().cloned()).unwrap_or_default();
            add(&mut next, finished);
            if let Ok(Some(storage)) = window().local_storage() {
                // Without room they last as long as the page.
                let _ = storage.set_item(KEY, &to_json(&next));
            }
            let next = Rc::new(next);
            FINISHED.set(Some(next.clone()));
            all.set(next);
        }
    });
    FinishedList { all: (*all).clone(), add }
}

fn stored() -> Rc<Vec<Finished>> {
    let storage = window().local_storage().ok().flatten();
    let text = storage.and_then(|storage| storage.get_item(KEY).ok().flatten()).unwrap_or_default();
    Rc::new(read(&text))
}

/// An open experiment: what it asks, and how the panel stands to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GuidedView {
    pub(super) section: &'static str,
    pub(super) outline: Outline,
    /// Its place in the list, from 1, and how many there are.
    pub(super) place: (usize, usize),
    /// Whether its settings are in place; the seed is the reader's.
    pub(super) is_set: bool,
    /// What the address must have for that.
    pub(super) set_up: Changes,
    /// What is set, in words.
    pub(super) set_up_words: String,
    /// What is predicted, in words and with its unit.
    pub(super) quantity: Option<String>,
    /// Whether what needs no training is measured.
    pub(super) probed: bool,
    /// Counts the runs that were begun.
    pub(super) run: u32,
    /// What was measured with each seed.
    pub(super) answers: Vec<(u64, Option<Answer>)>,
    pub(super) config: Rc<Map<String, Value>>,
    pub(super) device: Option<DeviceUsed>,
    pub(super) finish: Callback<Finished>,
    /// The addresses of the next experiment and of the page without one.
    pub(super) next: Option<AttrValue>,
}

impl GuidedView {
    /// How it stands to the panel's settings and run.
    pub(super) fn new<E: Experiment>(
        outline: Outline,
        lab: &RunHandle<E>,
        settings: &PanelSettings<E::Config>,
    ) -> Self {
        let at = E::EXPERIMENTS.iter().position(|guided| guided.slug == outline.slug);
        let config = &settings.config;
        let answer = at.and_then(|at| E::EXPERIMENTS.get(at)).map(|guided| guided.answer);
        let of_seed = |(further, record): (u32, &Rc<E::Record>)| {
            let config = with_seed(config, further);
            (seed(&config), answer.and_then(|answer| answer(&config, record)))
        };
        let target = target(&outline, settings);
        let map = to_map(config);
        let next = at.and_then(|at| E::EXPERIMENTS.get(at + 1)).map(|guided| guided.outline());
        Self {
            section: E::SLUG,
            outline,
            place: (at.map_or(0, |at| at + 1), E::EXPERIMENTS.len()),
            is_set: target == *config,
            quantity: quantity::<E>(&outline, config, &lab.record),
            set_up_words: in_words::<E::Config>(&outline),
            set_up: set_up(&target),
            probed: !lab.probing && lab.probe_error.is_none(),
            run: lab.run,
            answers: (0..).zip(&*lab.records).map(of_seed).collect(),
            config: Rc::new(map),
            device: lab.device.as_ref().map(|info| DeviceUsed::new(settings.page.device, info)),
            finish: settings.finished.add.clone(),
            next: next
                .filter(|_| settings.assignment.show.is_empty())
                .map(|next| list::address_of(E::SLUG, &next, &settings.page.query).into()),
        }
    }

    /// What it asks, as a question of an assignment.
    pub(super) fn question(&self) -> Question {
        let (guess, metric) = match self.outline.prediction {
            Prediction::Number { metric } => (Guess::Number, Some(metric)),
            Prediction::Choice(options) => {
                (Guess::Choice(options.iter().map(ToString::to_string).collect()), None)
            }
            Prediction::Curve { metric, low, high } => (Guess::Curve { low, high }, Some(metric)),
        };
        let metrics = metric.into_iter().map(str::to_owned).collect();
        Question { text: self.outline.question.to_owned(), guess, metrics }
    }
}

/// The settings that an experiment wants: its own over the defaults, with the reader's seed; what a teacher locks stays.
fn target<C: Settings>(outline: &Outline, settings: &PanelSettings<C>) -> C {
    let (config, _) = from_query(&C::default(), &outline.values.iter().copied().collect());
    let (now, mut map) = (to_map(&settings.config), to_map(&config));
    for (key, value) in now {
        if key == "seed" || is_locked(&settings.assignment, C::PARAMS, &key) {
            map.insert(key, value);
        }
    }
    serde_json::from_value(Value::Object(map)).unwrap_or(config)
}

fn set_up<C: Settings>(target: &C) -> Changes {
    let mut changes = address(target, &C::default());
    changes.push(("preset".to_owned(), None));
    changes
}

/// The settings of an experiment that are not the defaults: `Hidden layers 8, Activation sigmoid`.
fn in_words<C: Settings>(outline: &Outline) -> String {
    let phrase = |(key, text): &(&str, &str)| {
        let param = C::PARAMS.iter().find(|param| param.key == *key)?;
        let value = param.read(text).0?;
        Some(format!("{} {}", param.label, crate::keep::format::value(param, &value)))
    };
    let phrases: Vec<String> = outline.values.iter().filter_map(phrase).collect();
    if phrases.is_empty() { "the default settings".to_owned() } else { phrases.join(" · ") }
}

/// The title of what is predicted, with its unit: `Test accuracy, linear`, `Loss, residual (nats)`.
fn quantity<E: Experiment>(outline: &Outline, config: &E::Config, record: &E::Record) -> Option<String> {
    let with_unit = |title: &str, unit: &str| match unit {
        "" => title.to_owned(),
        unit => format!("{title} ({unit})"),
    };
    match outline.prediction {
        Prediction::Choice(_) => None,
        Prediction::Number { metric } => {
            let metrics = E::metrics(config, record);
            metrics.iter().find(|one| one.name == metric).map(|one| with_unit(&one.title, one.unit))
        }
        Prediction::Curve { metric, .. } => {
            let series = E::series(record);
            series.iter().find(|one| one.metric == metric).map(|one| with_unit(&one.title, one.unit))
        }
    }
}
