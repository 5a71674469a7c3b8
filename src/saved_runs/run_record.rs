//! What is written down of a run, and the file that it travels in.
//!
//! The file is one JSON object with a field a line; `schema_version` counts up when an older lab could no longer read
//! it. A number that is none (a diverged loss) is `null`.

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

/// What tells such a file from other JSON.
pub const SCHEMA: &str = "nn-lab/run";
/// The version of the file's form that this lab writes, and the only one that it reads.
pub const SCHEMA_VERSION: u64 = 1;
/// A run, as it was.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RunRecord {
    pub lab_version: String,
    /// The section's slug.
    pub section: String,
    /// All settings at the start, by the names of the fields.
    pub config: Values,
    /// Settings that were changed while it ran.
    #[serde(default)]
    pub changes: Vec<Change>,
    pub device: DeviceUsed,
    pub begun: Timestamp,
    pub finished: Timestamp,
    pub outcome: Outcome,
    pub steps: Steps,
    pub series: Vec<KeptSeries>,
    /// The curves of the other seeds, where there were several.
    #[serde(default)]
    pub seeds: Vec<KeptSeed>,
    /// The section's numbers at the end, by name.
    #[serde(default)]
    pub metrics: BTreeMap<String, f32>,
    pub checks: Vec<Check>,
}

/// The curves of another seed of the same run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptSeed {
    pub seed: u64,
    pub series: Vec<KeptSeries>,
}

/// A setting that was changed while the run went on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The last step that the page had heard of.
    pub step: u32,
    pub key: String,
    #[serde(serialize_with = "write_exact")]
    pub value: Value,
}

/// The device that was asked for, and the one that computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceUsed {
    pub asked: DeviceChoice,
    pub kind: DeviceKind,
    /// The adapter's name, as the browser told it.
    pub name: String,
    /// Why it was not the device that was asked for.
    pub fallback: Option<String>,
}

impl DeviceUsed {
    /// What the worker told of its device.
    pub fn new(asked: DeviceChoice, info: &DeviceInfo) -> Self {
        Self { asked, kind: info.kind, name: info.name.clone(), fallback: info.fallback.clone() }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// At its last step.
    Done,
    /// By the visitor's wish.
    Stopped,
    /// For this reason.
    Failed(String),
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    pub done: u32,
    pub planned: u32,
}

/// One curve of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptSeries {
    pub metric: String,
    pub title: String,
    pub unit: String,
    /// How many points there were, where some were left out to save space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinned_from: Option<u32>,
    /// Step and value, in the order of steps; values have the digits of a 32-bit number.
    #[serde(serialize_with = "write_points", deserialize_with = "read_points")]
    pub points: Rc<Vec<(f64, f64)>>,
}

impl From<&RunSeries> for KeptSeries {
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

impl KeptSeries {
    /// Every so manyth point, so that at most `most` remain; the first and the last always do.
    pub fn thinned(&self, most: usize) -> Self {
        let count = self.points.len();
        if count <= most || most < 2 {
            return self.clone();
        }
        let every = (count - 1).div_ceil(most - 1);
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

    /// The last value that is a number.
    pub fn last(&self) -> Option<f64> {
        self.points.iter().rev().map(|point| point.1).find(|y| y.is_finite())
    }
}

impl RunRecord {
    /// The same with at most so many points in each series.
    pub fn thinned(&self, most: usize) -> Self {
        let thinned = |series: &[KeptSeries]| series.iter().map(|series| series.thinned(most)).collect();
        let of_seed = |of: &KeptSeed| KeptSeed { seed: of.seed, series: thinned(&of.series) };
        Self {
            series: thinned(&self.series),
            seeds: self.seeds.iter().map(of_seed).collect(),
            ..self.clone()
        }
    }

    /// The name that its file gets.
    pub fn file_name(&self, ending: &str) -> String {
        format!("nn-lab-{}-{}.{ending}", self.section, self.finished.in_file_name())
    }

    /// The file's text.
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

/// A setting's value as an address has it.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number that the JSON reader would not give back to the last digit becomes a text, which is read as addresses are.
pub(super) fn exact(value: &Value) -> Value {
    let text = value.to_string();
    match serde_json::from_str::<Value>(&text) {
        Ok(same) if same == *value => same,
        _ => Value::String(text),
    }
}

fn write_exact<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    exact(value).serialize(serializer)
}

pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    // Maps have texts for keys, so there is nothing that JSON could not say.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// A list with an item a line.
pub(super) fn lines<T: Serialize>(items: &[T]) -> String {
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
        // Steps are whole, and shorter without a point and a zero.
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
