//! The parts of an address that the lab does not understand: sentences about them, and the address without
//! them. Pure.

use crate::assignment::{Assignment, KEYS, PARTS};
use crate::core::chapter::{ALL, chapters};
use crate::core::query::{Changes, Query, shorten};
use crate::core::schema::Values;
use crate::core::suggest::no_such;
use crate::coursework::lesson::{MAX_ITEMS, PAGE as LESSON};
use crate::run::any::{AnyConfig, AnyExperiment};
use std::collections::BTreeSet;

/// The keys of every section's addresses, apart from settings and the keys of the assignment.
const PAGE_KEYS: &[&str] = &[
    "preset",
    "seeds",
    "sweep",
    "sweep2",
    "measure",
    "experiment",
    "device",
    "theme",
    "embed",
    "share",
    "v",
];

/// The keys of pages that are not sections.
const PREFERENCES: &[&str] = &["device", "theme", "embed", "v"];

/// The values of the keys that have few, each with the words for a value that does not exist.
const CHOICES: &[(&str, &str, &[&str])] = &[
    ("device", "device {}", &["auto", "webgpu", "cpu"]),
    ("theme", "theme {}", &["auto", "light", "dark"]),
    ("embed", "value {} of embed", &["0", "1"]),
    ("share", "value {} of share", &["0", "1"]),
];

/// The buttons and menus that `hide` can name, apart from [`PARTS`].
const CONTROLS: &[&str] = &["train", "step", "stop", "reset", "seeds", "defaults", "sweep"];

/// The numbers that panels show and that no experiment declares. A question may ask for them.
const PANEL_METRICS: &[&str] = &[
    "step",
    "steps_per_sec",
    "enqueue_ms",
    "worker_memory",
    "sweep_runs",
    "sweep_runs_done",
    "chars_per_sec",
    "head_entropy",
    "head_distance",
    "row_sum",
    "shown_copying",
    "shown_induction",
    "shown_previous",
];

/// Returns a sentence for each key, value and name in a section's address that does not exist. Values of
/// settings have their own sentences.
pub(super) fn problems(
    experiment: &AnyExperiment,
    config: &AnyConfig,
    assignment: &Assignment,
    query: &Query,
) -> Vec<String> {
    let names = Names::of(experiment);
    let mut problems = unknown_keys(query, &names.keys, "setting {}");
    problems.extend(CHOICES.iter().filter_map(|choice| no_such_choice(query, choice)));
    for (list, known, what) in [
        (&assignment.show, &names.show, "chapter, figure or experiment {} to show"),
        (&assignment.hide, &names.hide, "control, figure or part {} to hide"),
        (&assignment.lock, &names.lock, "setting {} to lock"),
    ] {
        let unknown = list.iter().filter(|name| !known.contains(&name.as_str()));
        problems.extend(unknown.map(|name| no_such(what, name, known)));
    }
    if let Some(name) = query.get("experiment").filter(|name| !names.experiments.contains(name)) {
        problems.push(no_such("experiment {} in this section", name, &names.experiments));
    }
    let asked = assignment.question.iter().flat_map(|question| &question.metrics);
    problems.extend(asked.filter_map(|name| no_such_metric(experiment, config, name)));
    if assignment.question.is_none() {
        let without = KEYS.iter().find(|key| key.starts_with("ask_") && query.get(key).is_some());
        problems.extend(without.map(|key| format!("{key} needs a question in ask; it was ignored.")));
    }
    if query.get("sweep").is_none() {
        let without = ["sweep2", "measure"].into_iter().find(|key| query.get(key).is_some());
        problems.extend(without.map(|key| format!("{key} needs a sweep; it was ignored.")));
    }
    problems
}

/// Returns true for a key of the page that shows a lesson.
fn is_of_lesson(key: &str) -> bool {
    let number = key.strip_prefix("item").and_then(|number| number.parse().ok());
    ["lesson", "lesson_title", "lesson_text", "file"].contains(&key)
        || number.is_some_and(|number| (1..=MAX_ITEMS).contains(&number))
}

/// Returns the query of a page without a section, without the keys of its content.
fn preferences(slug: &str, query: &Query) -> Query {
    query.keep(|key| !(slug == LESSON && is_of_lesson(key)))
}

/// Returns a sentence for each key and value that does not exist in the address of a page without a section.
pub fn page_problems(slug: &str, query: &Query) -> Vec<String> {
    let mut problems = unknown_keys(&preferences(slug, query), PREFERENCES, "setting {} on this page");
    problems.extend(CHOICES.iter().filter_map(|choice| no_such_choice(query, choice)));
    problems
}

/// Returns the query of a page without a section, without the keys and values that do not exist.
pub fn page_tidied(slug: &str, query: &Query) -> Query {
    let is_wrong =
        |key: &str| CHOICES.iter().any(|choice| choice.0 == key && no_such_choice(query, choice).is_some());
    let is_content = |key: &str| slug == LESSON && is_of_lesson(key);
    query.keep(|key| is_content(key) || PREFERENCES.contains(&key) && !is_wrong(key))
}

/// Returns an address's query without the keys, values and names that do not exist. The values of settings
/// become those of `config`.
pub(super) fn tidied(
    experiment: &AnyExperiment,
    (config, base): (&AnyConfig, &Values),
    assignment: &Assignment,
    query: &Query,
) -> Query {
    let names = Names::of(experiment);
    let is_newer = query.get("v").is_some();
    let mut changes: Changes = experiment.schema.address(config.values(), base);
    let mut keep_if = |key: &str, is_known: bool| {
        if !is_known && query.get(key).is_some() {
            changes.push((key.to_owned(), None));
        }
    };
    for choice in CHOICES {
        keep_if(choice.0, no_such_choice(query, choice).is_none());
    }
    let preset = query.get("preset").unwrap_or_default();
    keep_if("preset", experiment.schema.presets.iter().any(|one| one.slug.eq_ignore_ascii_case(preset)));
    keep_if("experiment", names.experiments.contains(&query.get("experiment").unwrap_or_default()));
    for key in ["sweep2", "measure"] {
        keep_if(key, query.get("sweep").is_some());
    }
    let known = |list: &[String], known: &[&str]| -> Vec<String> {
        list.iter().filter(|name| known.contains(&name.as_str())).cloned().collect()
    };
    let assignment = Assignment {
        show: known(&assignment.show, &names.show),
        hide: known(&assignment.hide, &names.hide),
        lock: known(&assignment.lock, &names.lock),
        ..assignment.clone()
    };
    let assignment = assignment.to_query();
    changes.extend(KEYS.iter().map(|key| ((*key).to_owned(), assignment.get(key).map(str::to_owned))));
    query.keep(|key| is_newer || names.keys.contains(&key)).changed(&changes)
}

/// The names that an address of a section may contain.
struct Names {
    keys: Vec<&'static str>,
    show: Vec<&'static str>,
    hide: Vec<&'static str>,
    lock: Vec<&'static str>,
    experiments: Vec<&'static str>,
}

impl Names {
    fn of(experiment: &AnyExperiment) -> Self {
        let settings = || experiment.schema.params.iter().map(|param| param.key);
        let own = || chapters(experiment.chapters);
        let figures = || own().flat_map(|chapter| chapter.figures).map(|(figure, _)| *figure);
        let experiments: Vec<&str> = experiment.guided_infos().iter().map(|info| info.slug).collect();
        let show = own().map(|chapter| chapter.slug).chain(figures()).chain(experiments.iter().copied());
        let parts = PARTS.iter().map(|(name, _)| *name).chain(CONTROLS.iter().copied());
        Self {
            keys: settings().chain(PAGE_KEYS.iter().chain(KEYS).copied()).collect(),
            show: show.chain([ALL]).collect(),
            hide: settings().chain(parts).chain(figures()).collect(),
            lock: settings().chain(["seeds"]).collect(),
            experiments,
        }
    }
}

/// Returns a sentence for each unknown key. The keys of a newer version are not listed, because the page says
/// that the address is from one.
fn unknown_keys(query: &Query, known: &[&str], what: &str) -> Vec<String> {
    if query.get("v").is_some() {
        return Vec::new();
    }
    let keys: BTreeSet<&str> = query.iter().map(|(key, _)| key).collect();
    let unknown = keys.into_iter().filter(|key| !key.trim().is_empty() && !known.contains(key));
    unknown.map(|key| no_such(what, key, known)).collect()
}

fn no_such_choice(query: &Query, (key, what, values): &(&str, &str, &[&str])) -> Option<String> {
    let value = query.get(key).filter(|value| !value.is_empty() && !values.contains(value))?;
    Some(no_such(what, value, values))
}

/// Returns a sentence if a panel never shows a metric of this name. Curves of layers and heads have numbers in
/// their names, and are known only once they are measured.
pub(super) fn no_such_metric(experiment: &AnyExperiment, config: &AnyConfig, name: &str) -> Option<String> {
    let record = experiment.empty();
    let metrics: Vec<String> =
        experiment.metrics(config, &record).into_iter().map(|metric| metric.name.into_owned()).collect();
    let curves: Vec<String> =
        experiment.series(config, &record).into_iter().map(|series| series.metric.to_string()).collect();
    let known: BTreeSet<&str> =
        metrics.iter().chain(&curves).map(String::as_str).chain(PANEL_METRICS.iter().copied()).collect();
    let is_part = name.contains(|c: char| c.is_ascii_digit());
    if is_part || known.contains(name) {
        return None;
    }
    let known: Vec<&str> = known.into_iter().collect();
    Some(no_such("metric {} in this section", &shorten(name), &known))
}
