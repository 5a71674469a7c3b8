//! Tests that run on every section in the registry, including new ones.
#![cfg(feature = "compute")]

use crate::collector::Collector;
use nn_lab::core::chapter::chapters;
use nn_lab::core::guided::Prediction;
use nn_lab::core::measure::Measure;
use nn_lab::core::query::Query;
use nn_lab::core::schema::Schema;
use nn_lab::core::settings::{Kind, Param, Settings, from_map, from_query, to_query, with};
use nn_lab::core::sweep::{Axis, points};
use nn_lab::core::{LabError, Verdict};
use nn_lab::for_each_section;
use nn_lab::run::{Experiment, Probe, Train};
use std::collections::BTreeSet;

/// Values that make a run short, by the names of the settings that determine its duration.
const SMALL: &[(&str, u32)] = &[
    ("batch_size", 4),
    ("context", 16),
    ("d_model", 16),
    ("depth", 8),
    ("layers", 1),
    ("n_seeds", 2),
    ("n_test", 20),
    ("n_train", 40),
    ("sample_length", 2),
    ("seq_len", 12),
    ("steps", 3),
    ("width", 8),
];

/// Returns the defaults with each of these values, if the section has the setting and accepts the value.
fn small<C: Settings>() -> C {
    let has = |key: &str| C::PARAMS.iter().any(|param| param.key == key);
    let values = SMALL.iter().filter(|(key, _)| has(key));
    values.fold(C::default(), |config, (key, value)| with(&config, key, &(*value).into()).unwrap_or(config))
}

fn run<E: Train>(config: E::Config, stop_at: u32) -> (E::Record, Result<(), LabError>) {
    Collector::<E> { stop_at: Some(stop_at), ..Collector::default() }.run(&config)
}

fn probe<E: Probe>(config: E::Config) -> (E::Record, Result<(), LabError>) {
    Collector::<E> { stop_at: Some(2), ..Collector::default() }.probe(&config)
}

/// Returns the limits of a setting, or all values of a choice.
fn ends(param: &Param) -> Vec<String> {
    match param.kind {
        Kind::Int { min, max, .. } => vec![min.to_string(), max.to_string()],
        Kind::Float { min, max, .. } => vec![min.to_string(), max.to_string()],
        Kind::Choice(options) | Kind::List(options) => {
            options.iter().map(|(slug, _)| (*slug).to_owned()).collect()
        }
        Kind::Switch => vec!["0".to_owned(), "1".to_owned()],
        Kind::Text(_) => vec![String::new()],
        // An empty list, one minimal value, one maximal value, and a list of maximal length.
        Kind::IntList(sizes) => vec![
            String::new(),
            sizes.min.to_string(),
            sizes.max.to_string(),
            vec![sizes.min.to_string(); sizes.max_len as usize].join(","),
        ],
    }
}

/// Every section has sweeps, and each can start without changes.
#[track_caller]
fn sweeps_are_valid<E: Experiment>() {
    let (slug, defaults) = (E::SLUG, E::Config::default());
    assert!(!<E::Config as Settings>::SWEEPS.is_empty(), "{slug} has no sweep");
    for preset in <E::Config as Settings>::SWEEPS {
        let values = preset.values.iter().copied().collect();
        let (config, warnings) = from_query(&defaults, &values);
        assert!(warnings.is_empty(), "{slug}, {}: {warnings:?}", preset.title);
        let value = |key: &str| preset.sweep.iter().find(|(k, _)| *k == key).map(|(_, value)| *value);
        let axes = ["sweep", "sweep2"]
            .into_iter()
            .filter_map(value)
            .map(|text| Axis::read(<E::Config as Settings>::PARAMS, text));
        let axes = axes.collect::<Result<Vec<_>, _>>().expect("its values are taken");
        let seeds = value("seeds").map_or(1, |n| n.parse().expect("a number of seeds"));
        let runs =
            points(&Schema::of::<E::Config>(), &config.to_values(), &axes, seeds).expect("not too many runs");
        assert!(runs.len() > 2 && preset.help.ends_with('.'), "{slug}, {}", preset.title);
        let measure =
            Measure::read(value("measure").expect("something is measured")).expect("it is understood").name;
        let is_curve = E::series(&E::Record::default()).iter().any(|series| series.base == measure);
        let is_number = E::metrics(&defaults, &E::Record::default())
            .iter()
            .any(|metric| metric.name == measure || metric.name.starts_with(&format!("{measure}_")));
        assert!(is_curve || is_number, "{slug}, {}: there is no {measure}", preset.title);
    }
}

#[track_caller]
fn settings_are_consistent<E: Experiment>() {
    let slug = E::SLUG;
    let (defaults, schema) = (E::Config::default(), Schema::of::<E::Config>());
    let query: Query = <E::Config as Settings>::PARAMS
        .iter()
        .filter_map(|param| Some((param.key, param.text(defaults.to_values().get(param.key)?))))
        .collect();
    assert_eq!(query.len(), <E::Config as Settings>::PARAMS.len(), "{slug}: every setting is a field");
    assert_eq!(
        from_query(&defaults, &query),
        (defaults.clone(), vec![]),
        "{slug}: defaults are within bounds"
    );
    assert!(to_query(&defaults).is_empty(), "{slug}");
    assert_eq!(from_map::<E::Config>(&defaults.to_values()), defaults, "{slug}");
    let panel =
        std::fs::read_to_string(format!("src/sections/{slug}/panel.rs")).expect("the section has a panel");
    let listed: Vec<&str> = panel.split("keys![").skip(1).filter_map(|rest| rest.split(']').next()).collect();
    let controls: BTreeSet<&str> = listed
        .iter()
        .filter_map(|list| list.split_once(';'))
        .flat_map(|(_, keys)| keys.split(','))
        .map(str::trim)
        .collect();
    for param in <E::Config as Settings>::PARAMS {
        assert!(
            !param.label.is_empty() && param.help.ends_with('.'),
            "{slug}: {} explains itself",
            param.key
        );
        assert!(controls.contains(param.key), "{slug}: {} has no control in its panel", param.key);
        for end in ends(param) {
            let (config, warnings) = from_query(&defaults, &[(param.key, end.clone())].into());
            assert!(warnings.is_empty(), "{slug}: {}={end}: {warnings:?}", param.key);
            // The page works with untyped values, which must equal the serialized typed field.
            let values = schema.read(&schema.defaults(), &[(param.key, end.clone())].into()).0;
            assert_eq!(values, config.to_values(), "{slug}: {}={end}", param.key);
            let back = from_query(&defaults, &to_query(&config));
            assert_eq!(back, (config, vec![]), "{slug}: {}={end}", param.key);
        }
    }
    // Every number of the section is drawn, and every number that is drawn is one of the section's.
    // Networks may have other names under the settings of a preset, and so do their metrics.
    let presets = <E::Config as Settings>::PRESETS.iter().map(|preset| preset.config::<E::Config>());
    let mut names: BTreeSet<String> = BTreeSet::new();
    for config in std::iter::once(defaults.clone()).chain(presets) {
        let metrics = E::metrics(&config, &E::Record::default());
        let of_config: BTreeSet<String> = metrics.iter().map(|metric| metric.name.to_string()).collect();
        assert_eq!(of_config.len(), metrics.len(), "{slug}: two numbers have one name");
        assert!(metrics.iter().all(|metric| !metric.title.is_empty()), "{slug}");
        assert_eq!(E::arms(&config).len(), E::ARMS.len(), "{slug}: as many networks for any settings");
        names.extend(of_config);
    }
    let rows = E::CHAPTERS.iter().flat_map(|chapter| chapter.readouts).chain([&E::MAIN_METRICS]);
    let drawn: BTreeSet<String> = rows.flat_map(|row| row.split(' ')).map(str::to_owned).collect();
    assert_eq!(drawn, names, "{slug}: the metrics that are drawn, and those that there are");
    let mut named = BTreeSet::new();
    for chapter in chapters(E::CHAPTERS) {
        assert!(chapter.title.ends_with('?'), "{slug}: {} asks a question", chapter.slug);
        let figures = chapter.figures.iter().map(|(name, _)| *name);
        for name in figures.chain([chapter.slug]) {
            assert!(named.insert(name), "{slug}: show={name} would mean two things");
        }
    }
    for guided in E::EXPERIMENTS {
        assert!(named.insert(guided.slug), "{slug}: show={} would mean two things", guided.slug);
    }
    assert!(
        (1..=9).contains(&E::CHAPTERS.len()),
        "{slug}: with the three that all sections have, at most twelve"
    );
    // Every curve that a figure draws is one of the section's.
    let bases: BTreeSet<&str> = E::series(&E::Record::default()).iter().map(|series| series.base).collect();
    assert!(!E::ARMS.is_empty() && !bases.is_empty(), "{slug}");
    let mut slugs = BTreeSet::new();
    for preset in <E::Config as Settings>::PRESETS {
        assert!(slugs.insert(preset.slug), "{slug}: two presets are called {}", preset.slug);
        let named = Query::from([("preset", preset.slug)]);
        let (found, values, warning) = schema.base(&named);
        assert_eq!((found.map(|found| found.slug), warning), (Some(preset.slug), None), "{slug}");
        let (config, warnings) = from_query(&defaults, &preset.values.iter().copied().collect());
        assert_eq!((config.to_values(), warnings), (values, vec![]), "{slug}: {}", preset.slug);
    }
}

/// An experiment's settings are valid, it asks about existing metrics, and it has no answer before a
/// measurement.
#[track_caller]
fn guided_experiments_are_valid<E: Experiment>() {
    let (slug, defaults) = (E::SLUG, E::Config::default());
    for guided in E::EXPERIMENTS {
        let name = format!("{slug}, {}", guided.slug);
        assert!(guided.question.contains('?') && guided.reason.ends_with('.'), "{name}");
        assert!(guided.source.1.starts_with("https://") && !guided.source.0.is_empty(), "{name}: a source");
        let chapter = E::CHAPTERS.iter().find(|chapter| chapter.slug == guided.chapter);
        let chapter = chapter.unwrap_or_else(|| panic!("{name}: there is no chapter {}", guided.chapter));
        for figure in guided.figures {
            assert!(chapter.figures.iter().any(|(known, _)| known == figure), "{name}: no figure {figure}");
        }
        let (config, warnings) = from_query(&defaults, &guided.values.iter().copied().collect());
        assert!(warnings.is_empty(), "{name}: {warnings:?}");
        for (key, text) in guided.values {
            assert_ne!(
                config.to_values().get(*key),
                defaults.to_values().get(*key),
                "{name}: {key}={text} is the default"
            );
        }
        assert_eq!(
            (guided.answer)(&config, &E::Record::default()),
            None,
            "{name}: an answer without a measurement"
        );
        let metrics = E::metrics(&config, &E::Record::default());
        let series = E::series(&E::Record::default());
        match guided.prediction {
            Prediction::Choice(options) => assert!((2..=5).contains(&options.len()), "{name}"),
            Prediction::Number { metric } => {
                assert!(metrics.iter().any(|m| m.name == metric), "{name}: {metric}")
            }
            Prediction::Curve { metric, low, high } => {
                assert!(low < high && series.iter().any(|s| s.metric == metric), "{name}: {metric}");
            }
        }
    }
}

#[track_caller]
fn runs_produce_series<E: Train>() {
    let slug = E::SLUG;
    let named = |record: &E::Record| {
        let series = E::series(record);
        let names: BTreeSet<_> = series.iter().map(|series| series.metric.to_string()).collect();
        let titles: BTreeSet<_> = series.iter().map(|series| series.title.to_string()).collect();
        assert_eq!((names.len(), titles.len()), (series.len(), series.len()), "{slug}: two of one name");
        for name in &names {
            let fits = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(fits, "{slug}: {name}");
        }
        (names, series)
    };
    let (before, empty) = named(&E::Record::default());
    assert!(before.iter().any(|name| name.starts_with("loss")), "{slug}: {before:?}");
    assert!(empty.iter().all(|series| series.points.is_empty()), "{slug}: points without a run");

    let (mut record, result) = run::<E>(small(), 3);
    assert_eq!(result, Ok(()), "{slug}");
    let (after, series) = named(&record);
    assert!(before.is_subset(&after), "{slug}: a curve was lost");
    for series in &series {
        let name = &series.metric;
        let steps: Vec<f64> = series.points.iter().map(|point| point.0).collect();
        assert!(!steps.is_empty(), "{slug}: {name} is empty");
        assert!(steps.is_sorted_by(|a, b| a < b), "{slug}: {name} is measured at {steps:?}");
        assert!(series.points.iter().all(|point| point.1.is_finite()), "{slug}: {name} is not finite");
        // Training losses have a value at every step, other measurements only at some steps.
        if name.starts_with("loss") && name != "loss_val" {
            assert_eq!(steps, [1.0, 2.0, 3.0], "{slug}: {name}");
        }
    }
    let (again, _) = run::<E>(small(), 3);
    assert_eq!(E::series(&again), E::series(&record), "{slug}: the same seed gives the same run");
    let (stopped, result) = run::<E>(small(), 1);
    assert_eq!(result, Ok(()), "{slug}");
    for series in E::series(&stopped).iter().filter(|series| series.metric.starts_with("loss_")) {
        assert!(series.points.iter().all(|point| point.0 <= 1.0), "{slug}: a stopped run went on");
    }
    (0..E::ARMS.len()).for_each(|arm| E::clear_arm(&mut record, arm));
    assert!(
        E::series(&record).iter().all(|series| series.points.is_empty()),
        "{slug}: a run was not cleared"
    );
}

#[track_caller]
fn checks_are_open_without_measurements<E: Experiment>() {
    let slug = E::SLUG;
    for check in E::checks(&E::Config::default(), &E::Record::default()) {
        assert_eq!(check.verdict, Verdict::Open, "{slug}: \"{}\" before anything was measured", check.claim);
    }
}

#[track_caller]
fn every_setting_runs_at_its_limits<E: Probe + Train>() {
    let slug = E::SLUG;
    let mut trained = 0;
    for param in <E::Config as Settings>::PARAMS {
        for end in ends(param) {
            let config = from_query(&small::<E::Config>(), &[(param.key, end.clone())].into()).0;
            let outcome = |(record, result): (E::Record, Result<(), LabError>), config: &E::Config| {
                E::checks(config, &record);
                match &result {
                    // The choice requires files that only a visitor can provide.
                    Err(LabError::Data(_) | LabError::NoData(_)) => {
                        assert!(matches!(param.kind, Kind::Choice(_)), "{result:?}")
                    }
                    Ok(()) | Err(LabError::Diverged { .. }) => {}
                    Err(_) => panic!("{slug}: {}={end}: {result:?}", param.key),
                }
                result.is_ok()
            };
            outcome(probe::<E>(config.clone()), &config);
            // Stopped before the score, which takes longer than a step.
            trained += usize::from(outcome(run::<E>(config.clone(), 1), &config));
        }
    }
    assert!(trained > <E::Config as Settings>::PARAMS.len(), "{slug}: only {trained} settings were trained");
}

macro_rules! tests {
    ($section:ty: $($name:ident),+) => {
        $(#[test] fn $name() { super::$name::<$section>(); })+
    };
}

macro_rules! contract {
    ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
        $(mod $module {
            tests! {
                nn_lab::sections::$module::$experiment:
                settings_are_consistent, sweeps_are_valid, guided_experiments_are_valid, runs_produce_series,
                checks_are_open_without_measurements, every_setting_runs_at_its_limits
            }
        })*
    };
}
for_each_section!(contract);
