//! The record of a run, and its file.
//!
//! The file is one JSON object with one field per line. `schema_version` increases when an older lab could no
//! longer read the file. A number that is not finite (a diverged loss) is `null`.

use crate::core::Check;
use crate::core::curve::RunSeries;
use crate::core::schema::Values;
use crate::protocol::{DeviceChoice, DeviceInfo, DeviceKind};
use crate::saved_runs::timestamp::Timestamp;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The `schema` field that identifies such a file.
pub const SCHEMA: &str = "nn-lab/run";
/// The version of the file format that this lab writes, and the only one that it reads.
pub const SCHEMA_VERSION: u64 = 1;

/// The record of a run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RunRecord {
    /// The version of the lab.
    pub lab_version: String,
    /// The section's slug.
    pub section: String,
    /// All settings at the start, by field name.
    pub config: Values,
    /// Changes of settings during the run.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// The device.
    pub device: DeviceUsed,
    /// The start time.
    pub begun: Timestamp,
    /// The end time.
    pub finished: Timestamp,
    /// The outcome.
    pub outcome: Outcome,
    /// The number of steps.
    pub steps: Steps,
    /// The curves of the first seed.
    pub series: Vec<SavedSeries>,
    /// The curves of the other seeds.
    #[serde(default)]
    pub seeds: Vec<SavedSeed>,
    /// The section's metrics at the end, by name.
    #[serde(default)]
    pub metrics: BTreeMap<String, f32>,
    /// The checks at the end.
    pub checks: Vec<Check>,
}

/// The curves of another seed of the same run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedSeed {
    /// The seed.
    pub seed: u64,
    /// The curves.
    pub series: Vec<SavedSeries>,
}

/// A change of a setting during the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The last step that the page knew of.
    pub step: u32,
    /// The key of the setting.
    pub key: String,
    /// The new value.
    #[serde(serialize_with = "write_exact")]
    pub value: Value,
}

/// The requested device, and the device that computed the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceUsed {
    /// The requested device.
    pub asked: DeviceChoice,
    /// The device that computed the run.
    pub kind: DeviceKind,
    /// The name of the adapter, as the browser reports it.
    pub name: String,
    /// The reason for using another device than the requested one.
    pub fallback: Option<String>,
}

impl DeviceUsed {
    /// Returns the device that the worker reports, with the requested one.
    pub fn new(asked: DeviceChoice, info: &DeviceInfo) -> Self {
        Self { asked, kind: info.kind, name: info.name.clone(), fallback: info.fallback.clone() }
    }
}

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The run reached its last step.
    Done,
    /// The user stopped the run.
    Stopped,
    /// The run failed for this reason.
    Failed(String),
}

/// The number of steps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// The number of steps done.
    pub done: u32,
    /// The number of steps planned.
    pub planned: u32,
}

/// One curve of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedSeries {
    /// The name.
    pub metric: String,
    /// The title on the page.
    pub title: String,
    /// The unit of y, or an empty string.
    pub unit: String,
    /// The original number of points, if some were dropped to save space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinned_from: Option<u32>,
    /// Step and value, in the order of steps. Values are written with the precision of `f32`.
    #[serde(serialize_with = "write_points", deserialize_with = "read_points")]
    pub points: Rc<Vec<(f64, f64)>>,
}

impl From<&RunSeries> for SavedSeries {
    fn from(series: &RunSeries) -> Self {
        Self {
            metric: series.metric.to_string(),
            title: series.title.to_string(),
            unit: series.unit.to_owned(),
            thinned_from: None,
            points: series.points.clone(),
        }
    }
}

impl SavedSeries {
    /// Returns the series with at most `max_points` points, evenly spaced; the first and the last are kept.
    pub fn thinned(&self, max_points: usize) -> Self {
        let count = self.points.len();
        if count <= max_points || max_points < 2 {
            return self.clone();
        }
        let every = (count - 1).div_ceil(max_points - 1);
        let mut points: Vec<_> = self.points.iter().copied().step_by(every).collect();
        if !(count - 1).is_multiple_of(every) {
            points.extend(self.points.last());
        }
        Self {
            thinned_from: self.thinned_from.or(u32::try_from(count).ok()),
            points: Rc::new(points),
            ..self.clone()
        }
    }

    /// Returns the last finite value.
    pub fn last(&self) -> Option<f64> {
        self.points.iter().rev().map(|point| point.1).find(|y| y.is_finite())
    }
}

impl RunRecord {
    /// Returns the record with at most `max_points` points per series.
    pub fn thinned(&self, max_points: usize) -> Self {
        let thinned =
            |series: &[SavedSeries]| series.iter().map(|series| series.thinned(max_points)).collect();
        let of_seed = |of: &SavedSeed| SavedSeed { seed: of.seed, series: thinned(&of.series) };
        Self {
            series: thinned(&self.series),
            seeds: self.seeds.iter().map(of_seed).collect(),
            ..self.clone()
        }
    }

    /// Returns the name of the run's file.
    pub fn file_name(&self, extension: &str) -> String {
        format!("nn-lab-{}-{}.{extension}", self.section, self.finished.in_file_name())
    }

    /// Returns the text of the run's file.
    pub fn to_json(&self) -> String {
        let mut text = String::from("{\n");
        let mut field = |name: &str, value: String| {
            let comma = if text.len() > 2 { ",\n" } else { "" };
            text.push_str(&format!("{comma}  \"{name}\": {value}"));
        };
        field("schema", json(SCHEMA));
        field("schema_version", json(&SCHEMA_VERSION));
        field("lab_version", json(&self.lab_version));
        field("section", json(&self.section));
        let config: Map<_, _> = self.config.iter().map(|(key, value)| (key.clone(), exact(value))).collect();
        field("config", json(&config));
        if let Some(seed) = config.get("seed") {
            field("seed", json(seed));
        }
        field("changes", lines(&self.changes));
        field("device", json(&self.device));
        field("begun", json(&self.begun));
        field("finished", json(&self.finished));
        field("outcome", json(&self.outcome));
        field("steps", json(&self.steps));
        field("series", lines(&self.series));
        if !self.seeds.is_empty() {
            field("seeds", lines(&self.seeds));
        }
        if !self.metrics.is_empty() {
            field("metrics", json(&self.metrics));
        }
        field("checks", lines(&self.checks));
        text.push_str("\n}\n");
        text
    }
}

/// Returns a setting's value as an address has it.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns the value, as a text if the JSON reader would not return the number to the last digit. Such a text
/// is read like the value in an address.
pub(crate) fn exact(value: &Value) -> Value {
    let text = value.to_string();
    match serde_json::from_str::<Value>(&text) {
        Ok(same) if same == *value => same,
        _ => Value::String(text),
    }
}

fn write_exact<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    exact(value).serialize(serializer)
}

pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    // Cannot fail: the keys of all maps are strings.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Returns a JSON list with one line per item.
pub(crate) fn lines<T: Serialize>(items: &[T]) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let items: Vec<String> = items.iter().map(|item| format!("    {}", json(item))).collect();
    format!("[\n{}\n  ]", items.join(",\n"))
}

fn write_points<S: Serializer>(points: &[(f64, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(points.len()))?;
    for &(x, y) in points {
        let y = (y as f32).is_finite().then_some(y as f32);
        // Steps are integers, which are shorter without a decimal point.
        if x.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&x) {
            list.serialize_element(&(x as u32, y))?;
        } else {
            list.serialize_element(&(x, y))?;
        }
    }
    list.end()
}

fn read_points<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rc<Vec<(f64, f64)>>, D::Error> {
    let points = Vec::<(f64, Option<f32>)>::deserialize(deserializer)?;
    Ok(Rc::new(points.into_iter().map(|(x, y)| (x, y.map_or(f64::NAN, f64::from))).collect()))
}
