//! Guided experiments on the page: the open one, the finished ones, and the menu that lists them.

mod card;
mod list;
mod start;

pub(super) use crate::panel::guided::card::GuidedCard;
pub(super) use crate::panel::guided::list::Experiments;
pub(super) use crate::panel::guided::start::use_start;

use crate::assignment::{Guess, Question};
use crate::client::AnyRun;
use crate::core::guided::{Answer, GuidedInfo, Prediction};
use crate::core::schema::Values;
use crate::core::settings::Param;
use crate::core::sweep::seed;
use crate::panel::{AnySettings, is_locked};
use crate::run::any::{AnyConfig, AnyRecord};
use crate::saved_runs::DeviceUsed;
use std::rc::Rc;
use yew::prelude::*;

/// An open experiment, with the relevant state of the panel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GuidedView {
    pub(super) section: &'static str,
    pub(super) info: GuidedInfo,
    /// The position in the list, from 1, and the number of experiments.
    pub(super) place: (usize, usize),
    /// True if the experiment is in a course page, where Train is its run.
    pub(super) embedded: bool,
    /// True if the link shows this experiment and nothing else.
    pub(super) alone: bool,
    /// True if the panel has the settings of the experiment; the seed may differ.
    pub(super) is_set: bool,
    /// The settings of the experiment.
    pub(super) set_up: Rc<Values>,
    /// The settings in words.
    pub(super) set_up_words: String,
    /// The predicted quantity in words, with its unit.
    pub(super) quantity: Option<String>,
    /// True if everything that needs no training is measured.
    pub(super) probed: bool,
    /// The number of runs started so far.
    pub(super) run: u32,
    /// The answer of each seed.
    pub(super) answers: Vec<(u64, Option<Answer>)>,
    pub(super) config: Rc<Values>,
    pub(super) device: Option<DeviceUsed>,
    /// The address of the next experiment.
    pub(super) next: Option<AttrValue>,
}

impl GuidedView {
    /// Returns an experiment with the state of the panel.
    pub(super) fn new(info: GuidedInfo, run: &AnyRun, settings: &AnySettings) -> Self {
        // Without the Train button, the card has a button of its own.
        let embedded = settings.page.query.get("embed") == Some("1") || !settings.assignment.show.is_empty();
        let embedded = embedded && !settings.assignment.hides("train");
        let (experiment, config) = (run.experiment, &settings.run_config);
        let guided_infos = experiment.guided_infos();
        let at = guided_infos.iter().position(|guided| guided.slug == info.slug);
        let of_seed = |(further, record): (u32, &AnyRecord)| {
            let config = experiment.with_seed(config, further);
            (seed(config.values()), at.and_then(|at| experiment.answer(at, &config, record)))
        };
        let target = Rc::new(target(&info, settings));
        // Only the first seed is probed.
        let asked = if info.trains { run.records.len() } else { 1 };
        let next = at.and_then(|at| guided_infos.get(at + 1));
        Self {
            section: experiment.slug,
            info,
            embedded,
            alone: !settings.assignment.show.is_empty(),
            place: (at.map_or(0, |at| at + 1), guided_infos.len()),
            is_set: target == *config.values(),
            quantity: run.shown_records.first().and_then(|record| quantity(&info, run, config, record)),
            set_up_words: in_words(&info, settings.schema.params),
            set_up: target,
            probed: !run.probing && run.probe_error.is_none(),
            run: run.run,
            answers: (0..).zip(&*run.records).take(asked).map(of_seed).collect(),
            config: config.values().clone(),
            device: run.device.as_ref().map(|info| DeviceUsed::new(settings.options.device, info)),
            next: next
                .filter(|_| settings.assignment.show.is_empty())
                .map(|next| list::address_of(experiment.slug, next, &settings.page.query).into()),
        }
    }

    /// Returns the question of the experiment in the form of an assignment's question.
    pub(super) fn question(&self) -> Question {
        let (guess, metric) = match self.info.prediction {
            Prediction::Number { metric } => (Guess::Number, Some(metric)),
            Prediction::Choice(options) => {
                (Guess::Choice(options.iter().map(ToString::to_string).collect()), None)
            }
            Prediction::Curve { metric, low, high } => (Guess::Curve { low, high }, Some(metric)),
        };
        let metrics = metric.into_iter().map(str::to_owned).collect();
        Question { text: self.info.question.to_owned(), guess, metrics, ..Question::default() }
    }
}

/// Returns the settings of an experiment: its own over the defaults, with the reader's seed. Locked settings
/// stay.
fn target(info: &GuidedInfo, settings: &AnySettings) -> Values {
    let schema = settings.schema;
    let (mut target, _) = schema.read(&schema.defaults(), &info.values.iter().copied().collect());
    let stays = settings
        .values
        .iter()
        .filter(|(key, _)| *key == "seed" || is_locked(&settings.assignment, schema.params, key));
    target.extend(stays.map(|(key, value)| (key.clone(), value.clone())));
    target
}

/// Returns the non-default settings of an experiment: `Hidden layers 8 · Activation sigmoid`.
fn in_words(info: &GuidedInfo, params: &[Param]) -> String {
    let phrase = |(key, text): &(&str, &str)| {
        let param = params.iter().find(|param| param.key == *key)?;
        let value = param.read(text).0?;
        Some(format!("{} {}", param.label, crate::saved_runs::format::value(param, &value)))
    };
    let phrases: Vec<String> = info.values.iter().filter_map(phrase).collect();
    if phrases.is_empty() { "the default settings".to_owned() } else { phrases.join(" · ") }
}

/// Returns the predicted quantity with its unit: `Test accuracy, linear`, `Loss, residual (nats)`.
fn quantity(info: &GuidedInfo, run: &AnyRun, config: &AnyConfig, record: &AnyRecord) -> Option<String> {
    let with_unit = |title: &str, unit: &str| match unit {
        "" => title.to_owned(),
        unit => format!("{title} ({unit})"),
    };
    match info.prediction {
        Prediction::Choice(_) => None,
        Prediction::Number { metric } => {
            let metrics = run.experiment.metrics(config, record);
            metrics.iter().find(|one| one.name == metric).map(|one| with_unit(&one.title, one.unit))
        }
        Prediction::Curve { metric, .. } => {
            let series = run.experiment.series(config, record);
            series.iter().find(|one| one.metric == metric).map(|one| with_unit(&one.title, one.unit))
        }
    }
}
