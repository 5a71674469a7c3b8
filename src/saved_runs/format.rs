//! Runs in words: the differences between their settings, and the results of their checks.

use crate::core::schema::{Schema, Values};
use crate::core::settings::{Kind, Param};
use crate::core::{Check, Verdict};
use crate::saved_runs::run_record::{Outcome, RunRecord, as_text};
use serde_json::Value;

/// Returns a setting's value as the panel shows it.
pub fn value(param: &Param, value: &Value) -> String {
    let text = param.text(value);
    match param.kind {
        Kind::Choice(options) | Kind::List(options) => {
            options.iter().find(|(slug, _)| *slug == text).map_or(text, |(_, words)| (*words).to_owned())
        }
        Kind::Switch => if value == &Value::Bool(true) { "on" } else { "off" }.to_owned(),
        Kind::Int { .. } | Kind::Float { .. } => text,
        Kind::Text(_) if text.is_empty() => "none".to_owned(),
        Kind::Text(_) => text,
        Kind::IntList(_) => {
            if text.is_empty() {
                "none".to_owned()
            } else {
                text.replace(',', ", ")
            }
        }
    }
}

/// Returns the differences between two sets of settings, one phrase per setting: `Hidden layers 3 → 5`.
pub fn differences(params: &[Param], from: &Values, to: &Values) -> Vec<String> {
    let phrase = |param: &Param| {
        let (from, to) = (from.get(param.key)?, to.get(param.key)?);
        // A file may have 3.0 where the page has 3, or a text where the page has a number.
        let same = param.read(&as_text(from)).0 == param.read(&as_text(to)).0;
        (!same).then(|| format!("{} {} → {}", param.label, value(param, from), value(param, to)))
    };
    params.iter().filter_map(phrase).collect()
}

/// Returns the settings that differ from the section's defaults, as an address has them.
pub fn settings(schema: &Schema, config: &Values) -> String {
    let defaults = schema.defaults();
    let value = |map: &Values, key: &str| map.get(key).map(as_text);
    let differs = |param: &&Param| {
        let read = |map| value(map, param.key).and_then(|text| param.read(&text).0);
        read(config) != read(&defaults)
    };
    let written = |param: &Param| Some(format!("{}={}", param.key, value(config, param.key)?));
    let settings: Vec<String> = schema.params.iter().filter(differs).filter_map(written).collect();
    if settings.is_empty() { "default settings".to_owned() } else { settings.join(" ") }
}

/// Returns the results of the checks: `4 confirmed, 1 not confirmed`.
pub fn verdicts(checks: &[Check]) -> String {
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let (holds, fails) = (count(Verdict::Holds), count(Verdict::Fails));
    let (mixed, open) = (count(Verdict::Mixed), count(Verdict::Open));
    let mut parts = Vec::new();
    if holds > 0 {
        parts.push(format!("{holds} confirmed"));
    }
    if fails > 0 {
        parts.push(format!("{fails} not confirmed"));
    }
    if mixed > 0 {
        parts.push(format!("{mixed} confirmed with some seeds"));
    }
    if open > 0 {
        parts.push(format!("{open} not run"));
    }
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Returns the outcome of the run: `600 steps`, or `stopped after 40 of 600 steps`.
pub fn outcome(record: &RunRecord) -> String {
    let (done, planned) = (record.steps.done, record.steps.planned);
    match &record.outcome {
        Outcome::Done => format!("{done} {}", if done == 1 { "step" } else { "steps" }),
        Outcome::Stopped => format!("stopped after {done} of {planned} steps"),
        Outcome::Failed(_) => format!("failed after {done} of {planned} steps"),
    }
}

/// The first version whose initial weights come from the present generator of normal numbers.
const SAME_WEIGHTS_SINCE: (u64, u64) = (0, 2);
/// The maximum length of a version in a sentence. The version is a text from a file.
const MAX_VERSION: usize = 20;

/// Returns a sentence on running this run again with version `now` of the lab, if another version wrote it.
pub fn rerun_note(record: &RunRecord, now: &str) -> Option<String> {
    let wrote: String = record.lab_version.chars().filter(|c| !c.is_control()).take(MAX_VERSION).collect();
    if wrote == now {
        return None;
    }
    let release = |version: &str| {
        let mut numbers = version.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    let is_older = release(&wrote).is_some_and(|wrote: (u64, u64)| wrote < SAME_WEIGHTS_SINCE);
    let is_newer = release(now).is_some_and(|now| now >= SAME_WEIGHTS_SINCE);
    Some(if is_older && is_newer {
        format!(
            "This run was written by version {wrote}. Version {now} draws other initial weights, so the numbers will differ."
        )
    } else {
        format!("This run was written by version {wrote}. This is version {now}, so the numbers may differ.")
    })
}

/// Returns the duration of the run: `0.4 s`, `12 s`, `3 min 5 s`.
pub fn duration(record: &RunRecord) -> String {
    let seconds = record.finished.seconds_since(record.begun).max(0.0);
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 60.0 {
        format!("{seconds:.0} s")
    } else {
        let seconds = seconds.round() as u64;
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}
